"""What runs, and what ran: the history of jobs, and who is alive."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Protocol

from worker.core.model import Rejected
from worker.core.records import Change, JobRun


class Runs(Protocol):
    """Job history."""

    def start(self, job: str, instance: str, now: datetime) -> int: ...

    def finish(
        self,
        run_id: int,
        now: datetime,
        status: str,
        *,
        change: Change | None = None,
        error: str = "",
        detail: Mapping[str, object] | None = None,
    ) -> None: ...

    def give_up(self, jobs: Sequence[str], instance: str, now: datetime) -> int:
        """Runs of these jobs that are still `running` have died: the caller holds the lock they would need."""
        ...

    def add_rejected(self, run_id: int, rejected: Sequence[Rejected]) -> None: ...

    def rejected(self, run_id: int, limit: int = 100) -> list[Rejected]: ...

    def latest(self, limit: int = 20, job: str | None = None, instance: str | None = None) -> list[JobRun]: ...


class Presence(Protocol):
    """Which processes live; the worker dials only while a handler does."""

    def beat(self, kind: str, name: str, pid: int, detail: str, now: datetime) -> None: ...

    def leave(self, kind: str, name: str) -> None: ...

    def last_seen(self, kind: str, name: str) -> tuple[datetime, str] | None:
        """(instant, detail)"""
        ...

    def lock(self, name: str) -> AbstractContextManager[bool]:
        """Hold a server-wide lock (GET_LOCK) without waiting; yields whether we got it."""
        ...
