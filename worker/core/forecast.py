"""A day of calls reckoned ahead: groups of debtors against channels, hours and the shares of endings measured.

Expected values, not single calls: nothing is drawn by lot, so the same day and the same facts give the same plan.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from worker.core.enums import Answerer, LineResult, Result
from worker.core.pacing import SHARE_FLOOR, in_flight_wanted

SLOT: Final = timedelta(minutes=5)  # all that happens within one happens at once
ENOUGH: Final = 200  # outcomes below which nothing is concluded from them
ENOUGH_OF_AN_HOUR: Final = 50
_SPECK: Final = 1e-9  # of a debtor: what rounding leaves over


@dataclass(frozen=True, slots=True)
class HourRow:
    """So many calls that ended alike in one hour of the day (UTC), of several days."""

    hour: int
    line_result: LineResult
    answerer: Answerer
    result: Result
    calls: int
    seconds: float  # ringing and talking, of all of them


@dataclass(frozen=True, slots=True)
class Shares:
    """What becomes of one call, on average. Shares are of all calls."""

    answered: float
    persons: float
    leaving: float  # after which the debtor is not called again that day
    leaving_persons: float  # of them, those a person answered
    seconds: float  # a channel is taken


# Until there is history. 20 to 40 % of first calls connect (a vendor's claim, not measured); the rest is guessed.
GUESSED: Final = Shares(answered=0.30, persons=0.20, leaving=0.15, leaving_persons=0.12, seconds=35.0)


@dataclass(frozen=True, slots=True, order=True)
class Group:
    """Debtors for whom the day looks alike."""

    rank: int  # place in the queue, in steps
    tries: int  # left that day
    ready: int  # the first slot in which one may be called
    wait: int  # slots between two tries
    hours: int  # bit n: the n-th slot lies in every window


@dataclass(frozen=True, slots=True)
class Capacity:
    channels: int
    per_second: float
    conversations: int | None = None  # people on the line at once to aim at

    def calls(self, share: Shares) -> float:
        """Calls that can be begun in one slot."""
        return min(self._carried(share), self.per_second) * SLOT.total_seconds()

    def slowed(self, share: Shares) -> bool:
        """Whether calls a second bound it, and not the channels."""
        return self.per_second < self._carried(share)

    def _carried(self, share: Shares) -> float:
        """Calls a second that keep the channels busy."""
        answered = max(SHARE_FLOOR, share.answered)
        return in_flight_wanted(self.channels, self.conversations, answered) / max(share.seconds, 1.0)


@dataclass(slots=True)
class Slot:
    """What one slot brings."""

    calls: float = 0.0
    answered: float = 0.0
    persons: float = 0.0
    channels: float = 0.0  # busy, on average


@dataclass(slots=True)
class Day:
    slots: list[Slot]
    called: float = 0.0  # debtors, at least once
    reached: float = 0.0  # debtors of whom a person picked up at least once
    again: float = 0.0  # calls that were not a debtor's first
    uncalled: dict[Group, float] = field(default_factory=dict)

    @property
    def calls(self) -> float:
        return sum(slot.calls for slot in self.slots)


def measured(rows: Iterable[HourRow], offset: timedelta) -> tuple[Shares, ...]:
    """By hour of the local clock, which is `offset` ahead of UTC; an hour with little history is the average's.

    Below ENOUGH outcomes in all: GUESSED.
    """
    by_hour: dict[int, list[HourRow]] = defaultdict(list)
    ahead = round(offset / timedelta(hours=1))
    for row in rows:
        by_hour[(row.hour + ahead) % 24].append(row)
    every = [row for found in by_hour.values() for row in found]
    average = _shares(every) if _calls(every) >= ENOUGH else GUESSED
    enough = ENOUGH_OF_AN_HOUR if average is not GUESSED else float("inf")
    return tuple(_shares(by_hour[hour]) if _calls(by_hour[hour]) >= enough else average for hour in range(24))


def simulate(groups: Mapping[Group, int], capacity: Capacity, shares: Sequence[Shares]) -> Day:
    """The day slot by slot, `shares` one for each: in the order of the queue, first calls before second ones."""
    day = Day([Slot() for _ in shares])
    crowd = _Crowd(groups, len(shares))
    for number, share in enumerate(shares):
        crowd.arrive(number)
        free = capacity.calls(share)
        for key in crowd.open_at(number):
            if free <= _SPECK:
                break
            free -= _call(day, crowd, key, number, share, free)
    day.uncalled = crowd.never_called()
    return day


def _call(day: Day, crowd: "_Crowd", key: "_Key", number: int, share: Shares, free: float) -> float:
    """Call as many of these as there is room for."""
    people = crowd.present[key]
    part = min(1.0, free / people.count)
    calls, strangers = people.count * part, people.unreached * part
    slot = day.slots[number]
    slot.calls += calls
    slot.answered += calls * share.answered
    slot.persons += calls * share.persons
    slot.channels += calls * share.seconds / SLOT.total_seconds()
    day.reached += strangers * share.persons
    if key.first:
        day.called += calls
    else:
        day.again += calls
    crowd.leave(key, calls, strangers)
    if key.tries > 1:
        unreached = strangers * max(0.0, 1.0 - share.persons - (share.leaving - share.leaving_persons))
        back = _People(calls * max(0.0, 1.0 - share.leaving), unreached)
        crowd.come_back(number + key.group.wait, _Key(key.rank, key.tries - 1, first=False, group=key.group), back)
    return calls


@dataclass(slots=True)
class _People:
    count: float
    unreached: float  # of them, those of whom nobody has picked up yet


@dataclass(frozen=True, slots=True)
class _Key:
    rank: int
    tries: int
    first: bool
    group: Group

    @property
    def order(self) -> tuple[int, bool, int, Group]:
        return self.rank, not self.first, -self.tries, self.group


class _Crowd:
    """Who is present, in order, and who comes back when."""

    def __init__(self, groups: Mapping[Group, int], slots: int) -> None:
        self.present: dict[_Key, _People] = {}
        self._order: list[_Key] = []
        self._coming: list[dict[_Key, _People]] = [{} for _ in range(slots)]
        self._late: dict[Group, float] = {}
        for group, count in groups.items():
            key, people = _Key(group.rank, group.tries, first=True, group=group), _People(count, count)
            if not self.come_back(group.ready, key, people):
                self._late[group] = count

    def come_back(self, slot: int, key: _Key, people: _People) -> bool:
        if slot >= len(self._coming) or people.count <= _SPECK:
            return False
        self._add(self._coming[slot], key, people)
        return True

    def arrive(self, slot: int) -> None:
        for key, people in self._coming[slot].items():
            if self._add(self.present, key, people):
                insort(self._order, key, key=lambda one: one.order)
        self._coming[slot] = {}

    def open_at(self, slot: int) -> list[_Key]:
        return [key for key in self._order if key.group.hours >> slot & 1]

    def leave(self, key: _Key, count: float, unreached: float) -> None:
        people = self.present[key]
        people.count -= count
        people.unreached -= unreached
        if people.count <= _SPECK:
            del self.present[key]
            self._order.remove(key)

    def never_called(self) -> dict[Group, float]:
        left = {key.group: people.count for key, people in self.present.items() if key.first}
        return self._late | left

    @staticmethod
    def _add(where: dict[_Key, _People], key: _Key, people: _People) -> bool:
        """Whether the key is new there."""
        if (known := where.get(key)) is None:
            where[key] = _People(people.count, people.unreached)
            return True
        known.count += people.count
        known.unreached += people.unreached
        return False


def _calls(rows: Iterable[HourRow]) -> int:
    return sum(row.calls for row in rows)


def _shares(rows: Sequence[HourRow]) -> Shares:
    calls = max(1, _calls(rows))
    return Shares(
        answered=_calls(row for row in rows if row.line_result is LineResult.ANSWERED) / calls,
        persons=_calls(row for row in rows if row.answerer is Answerer.HUMAN) / calls,
        leaving=_calls(row for row in rows if _leaves(row)) / calls,
        leaving_persons=_calls(row for row in rows if _leaves(row) and row.answerer is Answerer.HUMAN) / calls,
        seconds=sum(row.seconds for row in rows) / calls,
    )


def _leaves(row: HourRow) -> bool:
    """Whoever said anything is left alone for a day or more; a number that does not exist is not called again."""
    return row.result is not Result.NONE or row.line_result is LineResult.INVALID_NUMBER
