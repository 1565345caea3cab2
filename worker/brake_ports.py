"""What the jobs need of database and PBX to hold dialling back: brakes, counts of calls, a way to end calls."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Protocol

from worker.core.brakes import Brake, CallCount, Endings
from worker.core.model import Attempt


class Brakes(Protocol):
    """At most one an instance and kind. They are kept when they have ended."""

    def listing(self) -> list[Brake]:
        """All, those that have ended too; one cheap query."""
        ...

    def put(self, brake: Brake, now: datetime) -> bool:
        """True: none of its kind held. One that holds already takes the new reason (core/brakes.renewed)."""
        ...

    def end(self, instance: str | None, now: datetime) -> list[Brake]:
        """End what holds this instance alone, or (None) every brake there is. Those ended, as they were."""
        ...


class Counts(Protocol):
    """Calls by day, instance, trunk and caller id."""

    def recount(self, day: date, start: datetime, end: datetime) -> int:
        """Write that day anew from the outcomes between its two edges (end excluded). Calls counted."""
        ...

    def between(self, first: date, last: date) -> list[CallCount]:
        """Both days included; by day, instance, trunk, caller id."""
        ...

    def endings(self, instance: str, since: datetime, until: datetime) -> list[Endings]:
        """How calls ended between the two (end excluded); most first."""
        ...


class Cutter(Protocol):
    """Ends calls on this machine's PBX."""

    def cut(self, attempts: Sequence[Attempt]) -> set[str]:
        """Hang up their channels, and take call files not dialled yet from the spool; ids of those ended so.

        The outcome is written by who always writes it. Raises nothing; what could not be ended may be asked again.
        """
        ...
