"""The plan of a day: everybody is called or has a reason, and the figures add up."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from tests.unit.world import NOON, RULES, WINDOW, ZONE, Clock, Line, Source, bill, client, dial_plan, sync_of
from worker.core.brakes import Brake, BrakeKind
from worker.core.enums import Answerer, EntryState, LineResult
from worker.core.forecast import Capacity
from worker.core.law import Hours
from worker.core.model import NextStep, Outcome, TalkFacts
from worker.core.policy import CallRules
from worker.errors import UsageError
from worker.jobs import dial, plan, sync
from worker.jobs.plan import SECOND_CALLS, TOO_FEW, TOO_SLOW, Plan, PlanFor, left_over
from worker.store.memory import memory_store
from worker.store_ports import Store

TODAY, TOMORROW = date(2026, 11, 18), date(2026, 11, 19)
RULES_OF = CallRules(Hours(WINDOW), RULES)


def filled(debtors: int, clock: Clock) -> Store:
    store = memory_store()
    source = Source([client(n) for n in range(debtors)], [bill(n, overdue=100) for n in range(debtors)])
    source.client_rows.append(replace(client(9999), phones=()))
    source.bill_rows.append(bill(9999))
    sync.sync_all(sync_of(source, store, clock))
    return store


def made(store: Store, day: date = TOMORROW, channels: int = 10, per_second: float = 5.0) -> Plan:
    return plan.make(store, PlanFor("fibra", ZONE, RULES_OF, Capacity(channels, per_second)), day, NOON)


def test_the_plan_of_a_calm_day_calls_everybody_who_has_a_number() -> None:
    found = made(filled(40, Clock()))
    assert (41, 40, {"no telephone number": 1}) == (found.debtors, found.called, dict(found.not_called))
    assert ["08:00", "12:00", "16:00"] == [one.hour for one in found.hours]
    assert 40 == found.hours[0].calls
    assert 0 == found.measured  # nothing has been measured yet


def test_too_few_channels_leave_debtors_over_and_every_debtor_is_accounted_for() -> None:
    store = filled(300, Clock())
    found = made(store, channels=1, per_second=0.005)  # 198 calls in eleven hours
    assert 198 == found.calls
    assert found.debtors == found.called + sum(found.not_called.values())
    assert {"no telephone number", SECOND_CALLS, TOO_SLOW} >= set(found.not_called)
    assert found.called < 198


def test_what_bounds_the_day_is_named() -> None:
    store = filled(900, Clock())
    assert TOO_FEW in made(store, channels=1, per_second=50.0, day=TODAY).not_called
    assert TOO_SLOW in made(store, channels=60, per_second=0.001, day=TODAY).not_called


def test_brakes_that_hold_now_are_told_and_not_reckoned_with() -> None:
    store = filled(2, Clock())
    store.brakes.put(Brake("", BrakeKind.BY_HAND, "the line is being mended", NOON), NOON)
    store.brakes.put(Brake("norte", BrakeKind.BY_HAND, "another's", NOON), NOON)
    store.brakes.put(Brake("fibra", BrakeKind.CONGESTION, "over", NOON - timedelta(hours=2), until=NOON), NOON)
    found = made(store)
    assert (("by_hand: the line is being mended",), 2) == (found.brakes, found.called)


def test_a_holiday_calls_nobody_and_says_so() -> None:
    found = made(filled(3, Clock()), date(2026, 11, 20))
    assert (0, ()) == (found.called, found.hours)
    (reason,) = [one for one in found.not_called if "holiday" in one]
    assert 3 == found.not_called[reason]


def test_a_day_that_is_over_has_a_report_and_no_plan() -> None:
    with pytest.raises(UsageError, match="2026-11-17 is over; `collector report --day 2026-11-17`"):
        made(memory_store(), date(2026, 11, 17))


def test_today_is_planned_from_now_on_with_what_has_been_called() -> None:
    clock = Clock()
    store = filled(2, clock)
    assert 2 == dial.step(dial_plan(), store, Line(), clock, 9).placed
    found = made(store, TODAY)  # at noon; the gap ends at 16:00
    assert (["16:00"], 2) == ([one.hour for one in found.hours], found.called)


def test_hours_of_today_that_are_over_are_not_planned() -> None:
    found = made(filled(2, Clock()), TODAY)
    assert ["12:00", "16:00"] == [one.hour for one in found.hours]


def test_enough_outcomes_are_measured_and_old_ones_are_not() -> None:
    store = filled(1, Clock())
    for days, calls in ((3, 200), (15, 50)):
        for serial in range(calls):
            ended = NOON - timedelta(days=days)
            outcome = Outcome(
                f"{days}-{serial}",
                "fibra",
                "0",
                "+5511961000000",
                ended,
                LineResult.ANSWERED,
                Answerer.HUMAN,
                TalkFacts(),
                talk_seconds=60.0,
            )
            store.outcomes.record(outcome, NextStep(EntryState.WAITING, ""))
    found = made(store)
    assert 200 == found.measured
    assert [(one.calls, one.persons) for one in found.hours] == [(1, 1)] * 3


@pytest.mark.parametrize(
    ("debtors", "again", "expected"),
    [(0, 50.0, {}), (10, 3.9, {SECOND_CALLS: 3, TOO_FEW: 7}), (2, 9.0, {SECOND_CALLS: 2}), (2, 0.0, {TOO_FEW: 2})],
)
def test_those_left_over_gave_way_to_second_calls_or_found_no_channel(
    debtors: int, again: float, expected: dict[str, int]
) -> None:
    assert Counter(expected) == left_over(debtors, again, TOO_FEW)
