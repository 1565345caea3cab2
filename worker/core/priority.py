"""Who is called first: a debtor's turn, by what he owes and by the hours in which his numbers were answered.

The store reckons the same in SQL (sql/queries/queue_build.sql: rank_owed); these functions are the reference.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from worker.core.enums import LineResult
from worker.core.instant import aware

HOURS: Final = 24
LEARN_DAYS: Final = 90  # what happened before says little about people's hours now
LEARN_FROM: Final = 20  # calls to numbers like it, before they say anything
RANG: Final = frozenset({LineResult.ANSWERED, LineResult.NO_ANSWER, LineResult.BUSY, LineResult.REJECTED})
MOST: Final = 10**17  # beyond any age times amount; a level of the best hour outweighs it
_BUMPED: Final = -(10**18)  # below any other turn
_SHOWN: Final = 3  # best hours told of a number


class Order(StrEnum):
    OLDEST = "oldest"
    AMOUNT = "amount"
    SCORE = "score"  # age in days x cents x how near the hour is in which a person last answered


@dataclass(frozen=True, slots=True)
class Ranking:
    """How one instance orders its queue. Hours are those of its own clock."""

    order: Order = Order.OLDEST
    best_hour: bool = False
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))

    @property
    def by_hour(self) -> bool:
        """Whether the order changes with the hour."""
        return self.best_hour or self.order is Order.SCORE

    def offset(self, now: datetime) -> timedelta:
        """Of the instance's clock from UTC; Brazil's clocks do not change."""
        return aware(now).astimezone(self.zone).utcoffset() or timedelta(0)

    def hour(self, instant: datetime, now: datetime) -> int:
        """The hour of the instance's clock, as the clocks stand `now`."""
        return (aware(instant) + self.offset(now)).astimezone(UTC).hour


@dataclass(frozen=True, slots=True)
class Rings:
    """Calls that rang, and how many of them a person answered, by hour of the day."""

    calls: Mapping[int, int] = field(default_factory=dict)
    persons: Mapping[int, int] = field(default_factory=dict)

    @property
    def answered_in(self) -> frozenset[int]:
        """Hours in which a person answered."""
        return frozenset(hour for hour, persons in self.persons.items() if persons)


@dataclass(frozen=True, slots=True)
class Reached:
    """What history says of one debtor: how good this hour is, and when a person last answered."""

    level: int = 0  # 2: a person answered one of his numbers in this hour; 1: numbers like one of his do; 0
    last_hour: int | None = None


NEVER_REACHED: Final = Reached()


def turn(
    oldest_due: date, total: Decimal, ranking: Ranking, today: date, hour: int, reached: Reached = NEVER_REACHED
) -> int:
    """The lower is called first; equal ones in the order in which they came into the queue."""
    place = _place(oldest_due, int(total * 100), ranking.order, today, factor(reached.last_hour, hour))
    return place - (reached.level * MOST if ranking.best_hour else 0)


def _place(oldest_due: date, cents: int, order: Order, today: date, nearness: int) -> int:
    if order is Order.OLDEST:
        return oldest_due.toordinal()
    if order is Order.AMOUNT:
        return -cents
    age = max(1, (today - oldest_due).days)
    return -min(age * cents * nearness, MOST - 1)


def factor(last_hour: int | None, hour: int) -> int:
    """Of the score: 4 in the hour in which a person last answered, 2 in the hours beside it, else 1."""
    if last_hour is None:
        return 1
    apart = abs(last_hour - hour)
    return {0: 4, 1: 2}.get(min(apart, HOURS - apart), 1)


def bumped_turn(at: datetime) -> int:
    """Before all others; who was bumped first comes first."""
    return _BUMPED + (aware(at) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def alike(number: str) -> str:
    """What numbers like it share: the area code and, told by the length, the kind. +5511987654321 -> +5511/14"""
    return f"{number[:5]}/{len(number)}"


def good_now(groups: Mapping[str, Rings], hour: int) -> frozenset[str]:
    """Of groups of numbers (`alike`), those in which persons answer now at least as often as on the average."""
    return frozenset(name for name, rings in groups.items() if _good(rings, hour))


def _good(rings: Rings, hour: int) -> bool:
    calls, persons = sum(rings.calls.values()), sum(rings.persons.values())
    now, here = rings.calls.get(hour, 0), rings.persons.get(hour, 0)
    return calls >= LEARN_FROM and here > 0 and here * calls >= persons * now


def level(number: str, answered_in: Collection[int], good: Collection[str], hour: int) -> int:
    """How good this hour is for one number. `answered_in`: the hours in which a person ever answered there."""
    if answered_in:
        return 2 if hour in answered_in else 0
    return 1 if alike(number) in good else 0


def rings(history: Iterable[tuple[int, bool]]) -> Rings:
    """(hour, whether a person answered) of each call that rang -> counts by hour."""
    calls: dict[int, int] = {}
    persons: dict[int, int] = {}
    for hour, person in history:
        calls[hour] = calls.get(hour, 0) + 1
        persons[hour] = persons.get(hour, 0) + person
    return Rings(calls, persons)


# --- explained ---------------------------------------------------------------------------------------

_BY: Final = {Order.OLDEST: "by oldest debt", Order.AMOUNT: "by amount", Order.SCORE: "by score"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a debtor stands in the queue, and what is known of the hours of each of his numbers."""

    ahead: int
    waiting: int
    bumped: bool = False
    own: Mapping[str, Rings] = field(default_factory=dict)  # by number
    like: Mapping[str, Rings] = field(default_factory=dict)  # by `alike`


def explain_turn(place: Place, number: str, ranking: Ranking, hour: int) -> str:
    """One sentence: the place, by which order, and the hours in which this number is answered."""
    by = "put first by hand" if place.bumped else _BY[ranking.order]
    told = f"place in the queue: {place.ahead + 1} of {place.waiting}, {by}"
    if not ranking.by_hour:
        return told
    own, like = place.own.get(number, Rings()), place.like.get(alike(number), Rings())
    whose, hours = ("of this number", own) if own.answered_in else ("of numbers like it", like)
    good = level(number, own.answered_in, good_now({alike(number): like}, hour), hour)
    return (
        f"{told}; best hours {whose}: {_best(hours)}; now, {hour} h, is {'a good one' if good else 'none of them'}"
    )


def _best(rings: Rings) -> str:
    found = [(persons / rings.calls[hour], persons, hour) for hour, persons in rings.persons.items() if persons]
    found.sort(key=lambda one: (-one[0], -one[1], one[2]))
    told = [f"{hour} h ({persons} of {rings.calls[hour]})" for _, persons, hour in found[:_SHOWN]]
    return ", ".join(told) or "none known"
