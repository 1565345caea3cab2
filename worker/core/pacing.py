"""How many calls, how fast, and when: ramp-up, over-dial, batches, and the shares of those who share a trunk."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from worker.core.instant import aware

RAMP_FROM: Final = 0.1  # of the calls a second, at the start
PAUSE_SECONDS: Final = 60.0  # without any call: afterwards the pace ramps up again
KNOWN_FROM: Final = 10  # calls; of fewer the answered share says nothing
SHARE_FLOOR: Final = 0.2  # no more than five rung for one conversation, however few answer
_HOUR: Final = timedelta(hours=1)


def ramped(rate: float, seconds: float, ramp_up: float) -> float:
    """Calls a second so long after the start: from a tenth of `rate`, in a straight line, to all of it."""
    if seconds >= ramp_up:
        return rate
    return rate * (RAMP_FROM + (1 - RAMP_FROM) * max(0.0, seconds) / ramp_up)


def answered_share(answered: int, calls: int) -> float:
    """Of the calls that ended lately; 1 while too few have: then nobody is rung beyond who can be talked to."""
    if calls < KNOWN_FROM:
        return 1.0
    return min(1.0, max(SHARE_FLOOR, answered / calls))


def in_flight_wanted(channels: int, conversations: int | None, share: float) -> int:
    """Calls at once, so that about `conversations` people are on the line; never more than `channels`."""
    if conversations is None:
        return channels
    return min(channels, int(conversations / share + 1e-9))  # 4 / 0.8 is 5 and not 4.999...


@dataclass(frozen=True, slots=True)
class Asks:
    """What one of those who share a trunk has, and wants more."""

    in_flight: int
    more: int


def fair_shares(free: int, asks: Mapping[str, Asks]) -> dict[str, int]:
    """Of `free` channels, how many each may take: max-min fair over what each would then have in flight.

    Nobody gets more than he asks for; what one leaves goes to the others. Of equals the first goes first.
    """
    granted = dict.fromkeys(asks, 0)
    hungry = [name for name, one in asks.items() if one.more > 0]
    for _ in range(max(0, free)):
        if not hungry:
            break
        poorest = min(hungry, key=lambda name: asks[name].in_flight + granted[name])  # of equals the first
        granted[poorest] += 1
        if granted[poorest] == asks[poorest].more:
            hungry.remove(poorest)
    return granted


@dataclass(frozen=True, slots=True)
class Batches:
    """Dialling every so many minutes, counted from the full hour of a zone; beyond an hour from midnight."""

    minutes: int
    zone: ZoneInfo

    def begun(self, now: datetime) -> datetime:
        """The instant of the batch that `now` belongs to. ValueError for a datetime without zone."""
        return self._around(now)[0]

    def next(self, now: datetime) -> datetime:
        """When the one after it begins."""
        return self._around(now)[1]

    def _around(self, now: datetime) -> tuple[datetime, datetime]:
        """By the clock on the wall, so that it is right also on a day when the clocks change."""
        local = aware(now).astimezone(self.zone)
        into_hour = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
        within = timedelta(minutes=self.minutes) <= _HOUR
        gone, period = (into_hour, _HOUR) if within else (into_hour + local.hour * _HOUR, 24 * _HOUR)
        length = timedelta(minutes=self.minutes)
        start = gone // length * length
        return now - (gone - start), now + (min(start + length, period) - gone)
