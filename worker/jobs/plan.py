"""The day's calls reckoned ahead: who can be called, how many the channels carry, who is left over and why."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from worker.core.brakes import ALL
from worker.core.forecast import ENOUGH, Capacity, Day, Shares, measured, simulate
from worker.core.instant import day_start
from worker.core.lineup import LineUp
from worker.core.policy import CallRules
from worker.errors import UsageError
from worker.store_ports import Store

LOOK_BACK: Final = timedelta(days=14)  # the outcomes that are measured
SECOND_CALLS: Final = "queue order: calls went to others a second time"
TOO_FEW: Final = "channels not enough"
TOO_SLOW: Final = "calls per second not enough"


@dataclass(frozen=True, slots=True)
class PlanFor:
    """One instance, as far as planning needs it."""

    instance: str
    zone: ZoneInfo
    rules: CallRules
    capacity: Capacity


@dataclass(frozen=True, slots=True)
class HourFigures:
    hour: str  # "09:00", on the instance's clock
    calls: int
    answered: int
    persons: int
    channels: float  # busy, on average


@dataclass(frozen=True, slots=True)
class Plan:
    instance: str
    day: date
    measured: int  # outcomes the shares come from; 0: guessed, there are too few
    capacity: Capacity
    debtors: int  # in the queue
    called: int  # at least once
    reached: int  # of whom a person picked up
    calls: int
    hours: tuple[HourFigures, ...]
    not_called: Counter[str]  # reason -> debtors; together with `called` all of them
    brakes: tuple[str, ...] = ()  # held now; the plan reckons as if they were released


def make(store: Store, what: PlanFor, day: date, now: datetime) -> Plan:
    """Changes nothing. UsageError for a day that is over."""
    if day < now.astimezone(what.zone).date():
        raise UsageError(f"{day} is over; `collector report --day {day}` says what was called then")
    start = max(day_start(day, what.zone), now)
    lineup = LineUp(what.rules, day, what.zone, start)
    for part in store.history.everybody(what.instance):
        for waiting in part:
            lineup.add(waiting)
    rows = store.history.endings(what.instance, now - LOOK_BACK, now)
    offset = start.astimezone(what.zone).utcoffset() or timedelta(0)
    by_hour = measured(rows, offset)
    local = [lineup.instant(slot).astimezone(what.zone) for slot in range(lineup.slots)]
    shares = [by_hour[one.hour] for one in local]
    done = simulate(lineup.groups, what.capacity, shares)
    calls, count = sum(row.calls for row in rows), sum(lineup.groups.values())
    called = min(count, int(done.called + 1e-6))
    return Plan(
        instance=what.instance,
        day=day,
        measured=calls if calls >= ENOUGH else 0,
        capacity=what.capacity,
        debtors=lineup.seen,
        called=called,
        reached=min(called, round(done.reached)),
        calls=round(done.calls),
        hours=_hours(done, [one.strftime("%H:00") for one in local]),
        not_called=lineup.refused + left_over(count - called, done.again, _bound(done, what.capacity, shares)),
        brakes=_held(store, what.instance, now),
    )


def left_over(debtors: int, again: float, bound: str) -> Counter[str]:
    """Of those who could have been called: so many gave way to second calls, for the others there was no room."""
    gave_way = min(debtors, int(again))
    return Counter({SECOND_CALLS: gave_way, bound: debtors - gave_way}) + Counter()


def _bound(done: Day, capacity: Capacity, shares: Sequence[Shares]) -> str:
    """What kept more calls from being made, in most of the slots in which any were."""
    called = [share for slot, share in zip(done.slots, shares, strict=True) if slot.calls]
    slowed = sum(capacity.slowed(share) for share in called)
    return TOO_SLOW if slowed * 2 > len(called) else TOO_FEW


def _held(store: Store, instance: str, now: datetime) -> tuple[str, ...]:
    brakes = (one for one in store.brakes.listing() if one.instance in (ALL, instance) and one.holds(now))
    return tuple(f"{one.kind}: {one.reason}" for one in brakes)


def _hours(done: Day, names: list[str]) -> tuple[HourFigures, ...]:
    """Only those in which somebody is called."""
    figures = []
    for name in dict.fromkeys(names):
        slots = [slot for slot, other in zip(done.slots, names, strict=True) if other == name]
        if calls := sum(slot.calls for slot in slots):
            figures.append(
                HourFigures(
                    name,
                    round(calls),
                    round(sum(slot.answered for slot in slots)),
                    round(sum(slot.persons for slot in slots)),
                    round(sum(slot.channels for slot in slots) / len(slots), 1),
                )
            )
    return tuple(figures)
