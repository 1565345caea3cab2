"""What the jobs need of the lists of people who must not be called. `worker.store` implements it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from worker.core.do_not_call import DoNotCall, Search


class DoNotCallList(Protocol):
    """Our own list; with the opt-outs pressed in calls, and Issabel's own list, which is only read."""

    def put(
        self, lines: Callable[[], Iterable[DoNotCall]], now: datetime, *, replaces: tuple[str, str] | None = None
    ) -> int:
        """Add the lines, or renew those that are there, in one transaction: all or none. How many were taken out.

        `replaces` (source, instance): lines of it that are not among these are taken out. `lines` is asked again
        when the transaction has to be run again.
        """
        ...

    def remove(self, search: Search, *, opt_outs: bool) -> list[DoNotCall]:
        """Take out what `listing` finds; of opt-outs only if told so. What was taken out."""
        ...

    def listing(self, search: Search, limit: int) -> list[DoNotCall]:
        """Ours by number, document, instance and source; then opt-outs; of a number also Issabel's."""
        ...

    def count(self, source: str, instance: str) -> int:
        """Lines of that source and exactly that instance."""
        ...

    def known(self, lines: Sequence[DoNotCall]) -> int:
        """How many of these are listed already. They are of one source and one instance, none twice."""
        ...

    def why_unreadable(self) -> str:
        """Empty, or why Issabel's list is there and cannot be read: nobody may be dialled then."""
        ...

    def issabel(self) -> tuple[int, int] | None:
        """Lines of Issabel's list that count, and how many of them are no number; None: it is not there."""
        ...
