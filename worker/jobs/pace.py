"""Calls per second, and how many in all: a token bucket over a monotonic clock."""

from collections.abc import Callable


class Pace:
    """`rate` calls a second, at most one second's worth saved up; never more than `limit` in all."""

    def __init__(self, rate: float, monotonic: Callable[[], float], limit: int | None = None) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._limit = limit
        self._saved = min(1.0, rate)
        self._at = monotonic()
        self.spent = 0

    @property
    def exhausted(self) -> bool:
        """The limit is reached: nothing will be allowed any more."""
        return self._limit is not None and self.spent >= self._limit

    def allowance(self) -> int:
        """How many calls may be placed now."""
        now = self._monotonic()
        self._saved = min(max(1.0, self._rate), self._saved + (now - self._at) * self._rate)
        self._at = now
        left = self._limit - self.spent if self._limit is not None else self._saved
        return max(0, int(min(self._saved, left)))

    def spend(self, calls: int) -> None:
        self._saved -= calls
        self.spent += calls
