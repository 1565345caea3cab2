"""Who leads: one worker a PBX dials, one a database does the side work. A lock decides, a row says who has it."""

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from typing import Final

import structlog

from worker.errors import CollectorError
from worker.ports import Clock
from worker.running_ports import Presence

log = structlog.get_logger(__name__)

LEADER: Final = "leader"  # kind of the rows that say who has which office
SIDE: Final = "collector:side"  # syncs, notes to the ERP, the order of the queue: once a database


def leader_of(pbx: str) -> str:
    """The lock of who dials on that PBX."""
    return f"collector:service:{pbx}"


@dataclass(frozen=True, slots=True)
class Office:
    """What at most one worker has at a time."""

    presence: Presence
    name: str  # of the lock and of the row
    me: str  # host:pid
    pid: int

    def lock(self) -> AbstractContextManager[bool]:
        """Raises StoreError."""
        return self.presence.lock(self.name)

    def beat(self, clock: Clock) -> None:
        """That it is we who have it. Raises StoreError."""
        self.presence.beat(LEADER, self.name, self.pid, self.me, clock())

    def holder(self) -> str:
        """Who has it, or had it when he died; empty: nobody. Raises StoreError."""
        seen = self.presence.last_seen(LEADER, self.name)
        return seen[1] if seen else ""

    def lost(self) -> bool:
        """A restart of the database frees our lock without our noticing: another may have taken it since."""
        try:
            return self.holder() != self.me
        except CollectorError:
            return False  # nobody else can take it either; the beat says so

    def leave(self) -> None:
        """Take our row away. One that stays behind stands in nobody's way: the lock decides."""
        with suppress(CollectorError):
            if not self.lost():
                self.presence.leave(LEADER, self.name)


class SideWork:
    """Starts it when its office is ours, and stops it when it no longer is. Asked at every beat of the leader."""

    def __init__(self, office: Office, clock: Clock, start: Callable[[], Callable[[bool], None]]) -> None:
        """`start` begins the work and returns what ends it: waiting for what is under way, or not."""
        self._office, self._clock, self._start = office, clock, start
        self._held = ExitStack()
        self._end: Callable[[bool], None] | None = None  # None: the office is not ours

    def turn(self) -> None:
        """Raises StoreError."""
        if self._end is None:
            self._take()
        elif self._office.lost():
            log.warning("another worker does the side work now; this one only dials")
            self.drop(wait=False)  # who waits here does not see that he leads no more
        else:
            self._office.beat(self._clock)

    def _take(self) -> None:
        with ExitStack() as stack:
            if stack.enter_context(self._office.lock()):
                self._office.beat(self._clock)
                stack.callback(self._office.leave)
                self._end = self._start()
                self._held = stack.pop_all()
                log.info("side work is done here", by=self._office.me)

    def drop(self, *, wait: bool = True) -> None:
        """End the work, then let another have it."""
        end, self._end = self._end, None
        if end is not None:
            with self._held:
                end(wait)
