"""Which of several `collector side` on one database keeps the times: else each would send every job."""

from datetime import datetime, timedelta

from worker.ports import Clock
from worker.running_ports import Presence

KIND, NAME = "side", "collector:side"
TTL = timedelta(seconds=30)  # renewed every few seconds; who has died is replaced after so long


class Lease:
    """Written down, not held as a lock: a restart of the database neither frees nor doubles it."""

    def __init__(self, presence: Presence, me: str, pid: int, clock: Clock) -> None:
        self._presence, self._me, self._pid, self._clock = presence, me, pid, clock

    def mine(self) -> bool:
        """Take or renew it. While another is just looking nobody takes it, and who has it keeps it."""
        with self._presence.lock(NAME) as alone:
            now = self._clock()
            holder = self._holder(now)
            if alone and holder in (None, self._me):
                self._presence.beat(KIND, NAME, self._pid, self._me, now)
                return True
            return holder == self._me

    def leave(self) -> None:
        """Give it up, so that another need not wait."""
        if self._holder(self._clock()) in (None, self._me):
            self._presence.leave(KIND, NAME)

    def _holder(self, now: datetime) -> str | None:
        seen = self._presence.last_seen(KIND, NAME)
        return seen[1] if seen is not None and now - seen[0] < TTL else None
