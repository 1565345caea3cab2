"""What is kept of the sound of calls, as the handler and `collector amd` need it. `worker.store` implements it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from worker.core.heard_call import HeardCall, Label


class HeardCalls(Protocol):
    """One row an answered call of which something was heard."""

    def add(self, calls: Sequence[HeardCall]) -> None:
        """Without label, number and keys. One that is there already stays as it is."""
        ...

    def label(self, labels: Mapping[str, Label], now: datetime) -> list[str]:
        """By attempt id; the last word counts. Those of which nothing is kept, which changes nothing."""
        ...

    def listing(self, instance: str | None, since: datetime, limit: int) -> list[HeardCall]:
        """The newest first, with number and keys of the outcome."""
        ...

    def forget(self, instance: str, before: datetime, limit: int = 1000) -> int:
        """Take out at most so many older ones; how many there were."""
        ...
