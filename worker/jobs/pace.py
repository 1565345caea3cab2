"""Calls per second and how many in all; how many to ring for one conversation; whose turn on a shared trunk."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf
from typing import Final

from worker.core.enums import LineResult
from worker.core.pacing import PAUSE_SECONDS, Asks, answered_share, fair_shares, in_flight_wanted, ramped
from worker.store_ports import Store

MEASURED: Final = timedelta(minutes=30)  # the outcomes that say how many answer
MEASURE_EVERY: Final = timedelta(seconds=10)
FORGOTTEN_SECONDS: Final = 10.0  # who has not asked for a channel for so long wants none


class Pace:
    """`rate` calls a second, at most one second's worth saved up; never more than `limit` in all.

    `ramp_up` seconds pass from a tenth of the rate to all of it, at the start and after each pause of a minute.
    """

    def __init__(
        self, rate: float, monotonic: Callable[[], float], limit: int | None = None, ramp_up: float = 0.0
    ) -> None:
        self._full = rate
        self._monotonic = monotonic
        self._limit = limit
        self._ramp_up = ramp_up
        self._at = self._ramp_from = monotonic()
        self._called_at = -inf
        self._saved = min(1.0, rate)
        self.spent = 0

    @property
    def exhausted(self) -> bool:
        """The limit is reached: nothing will be allowed any more."""
        return self._limit is not None and self.spent >= self._limit

    def allowance(self) -> int:
        """How many calls may be placed now."""
        now = self._monotonic()
        if now - self._called_at > PAUSE_SECONDS:
            self._ramp_from = now  # and again until a call is placed: the climb begins with it
        rate = ramped(self._full, now - self._ramp_from, self._ramp_up)
        self._saved = min(max(1.0, rate), self._saved + (now - self._at) * rate)
        self._at = now
        left = self._limit - self.spent if self._limit is not None else self._saved
        return max(0, int(min(self._saved, left)))

    def spend(self, calls: int) -> None:
        self._saved -= calls
        self.spent += calls
        if calls:
            self._called_at = self._monotonic()


class Overdial:
    """How many calls at once for so many conversations, by the share answered in the last half hour."""

    def __init__(self, store: Store, instance: str, channels: int, conversations: int | None) -> None:
        self._store, self._instance = store, instance
        self._channels, self._conversations = channels, conversations
        self._share = 1.0
        self._measured_at: datetime | None = None

    def wanted(self, now: datetime) -> int:
        """Raises StoreError. Without `conversations` nothing is measured."""
        if self._conversations is None:
            return self._channels
        return in_flight_wanted(self._channels, self._conversations, self._measured(now))

    def _measured(self, now: datetime) -> float:
        at = self._measured_at
        if at is None or not at <= now < at + MEASURE_EVERY:  # also when the clock was put back
            rows = self._store.outcomes.tally(now - MEASURED, now, self._instance)
            answered = sum(row.count for row in rows if row.line_result is LineResult.ANSWERED)
            self._share = answered_share(answered, sum(row.count for row in rows))
            self._measured_at = now
        return self._share


@dataclass(slots=True)
class _Seat:
    """What one instance said last."""

    asks: Asks
    at: float  # monotonic


class Shares:
    """One trunk, shared by the dialling threads of this process: who may take how many of its channels.

    It divides; that the trunk carries no more than it can is seen to by `Attempts.reserve`, under its lock.
    """

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._mutex = threading.Lock()
        self._seats: dict[str, _Seat] = {}  # by instance, the one served longest ago first

    def turn(self, instance: str, in_flight: int, more: int, carries: int) -> int:
        """`instance` has calls on a trunk that carries so many of ours, and wants more: how many it may make."""
        now = self._monotonic()
        with self._mutex:
            self._sit(instance, Asks(in_flight, more), now)
            asks = {
                name: seat.asks
                for name, seat in self._seats.items()
                if name == instance or now - seat.at <= FORGOTTEN_SECONDS
            }
            free = carries - sum(one.in_flight for one in asks.values())
            return fair_shares(free, asks)[instance]

    def took(self, instance: str, in_flight: int, taken: int, more: int) -> None:
        """What came of the turn: so many calls more, and so many it would still like to make."""
        with self._mutex:
            self._sit(instance, Asks(in_flight + taken, more), self._monotonic())
            if taken:
                self._seats[instance] = self._seats.pop(instance)  # to the end of the line

    def leave(self, instance: str) -> None:
        """It may not dial now, and wants no channel."""
        with self._mutex:
            self._seats.pop(instance, None)

    def _sit(self, instance: str, asks: Asks, now: float) -> None:
        self._seats[instance] = _Seat(asks, now)  # who sits already keeps his place
