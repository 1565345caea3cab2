"""Contract of `Brakes` and `Counts`: what holds dialling back, and how many calls there were."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.contract.store_data import (
    ALPHA,
    DONE,
    HOUR,
    NOW,
    RULES,
    Bed,
    attempt_id,
    candidate,
    client,
    outcome,
    seed,
)
from worker.core.brakes import ALL, Brake, BrakeKind, CallCount, Endings
from worker.core.enums import Answerer, LineResult
from worker.core.model import Attempt
from worker.core.route import Route
from worker.store_ports import Store

BETA = "beta"
NAIVE = datetime(2026, 3, 10, 13, 0)  # noqa: DTZ001 - what must be refused
HAND = Brake(ALPHA, BrakeKind.BY_HAND, "the trunk is being repaired", NOW, set_by="ana@pbx")
DAY = date(2026, 3, 10)
START, END = datetime(2026, 3, 10, 3, tzinfo=UTC), datetime(2026, 3, 11, 3, tzinfo=UTC)


def test_a_brake_is_read_back_as_it_was_set(store: Store) -> None:
    assert [] == store.brakes.listing()
    storm = Brake(BETA, BrakeKind.CONGESTION, "ção", NOW, NOW + HOUR, hang_up=True)
    assert store.brakes.put(HAND, NOW)
    assert store.brakes.put(storm, NOW)
    assert [HAND, storm] == store.brakes.listing()


def test_set_again_it_keeps_its_beginning_and_goes_on_hanging_up(store: Store) -> None:
    assert store.brakes.put(replace(HAND, hang_up=True), NOW)
    assert not store.brakes.put(replace(HAND, since=NOW + HOUR, reason="still"), NOW + HOUR)
    assert [replace(HAND, hang_up=True, reason="still")] == store.brakes.listing()


def test_after_it_has_ended_it_begins_anew(store: Store) -> None:
    store.brakes.put(replace(HAND, hang_up=True, until=NOW + HOUR), NOW)
    again = replace(HAND, since=NOW + HOUR)
    assert store.brakes.put(again, NOW + HOUR)
    assert [again] == store.brakes.listing()


def test_resuming_one_instance_ends_its_own_brakes_and_keeps_them(store: Store) -> None:
    storm = replace(HAND, kind=BrakeKind.REJECTION, set_by="", until=NOW + 9 * HOUR)
    everybody, other = replace(HAND, instance=ALL), replace(HAND, instance=BETA)
    for one in (HAND, storm, everybody, other):
        store.brakes.put(one, NOW)
    assert [HAND, storm] == store.brakes.end(ALPHA, NOW + HOUR)
    assert [] == store.brakes.end(ALPHA, NOW + HOUR)
    ended = [replace(one, until=NOW + HOUR) for one in (HAND, storm)]
    assert [everybody, *ended, other] == store.brakes.listing()


def test_resuming_all_ends_every_brake_that_holds(store: Store) -> None:
    over = replace(HAND, kind=BrakeKind.CONGESTION, until=NOW)
    for one in (HAND, replace(HAND, instance=ALL), over):
        store.brakes.put(one, NOW)
    assert [replace(HAND, instance=ALL), HAND] == store.brakes.end(None, NOW + HOUR)
    assert [NOW + HOUR, NOW + HOUR, NOW] == [one.until for one in store.brakes.listing()]


def test_a_text_too_long_is_cut_and_an_instant_without_zone_is_refused(store: Store) -> None:
    store.brakes.put(replace(HAND, reason="ã" * 300, set_by="b" * 99), NOW)
    (one,) = store.brakes.listing()
    assert ("ã" * 255, "b" * 64) == (one.reason, one.set_by)
    with pytest.raises(ValueError, match="time zone"):
        store.brakes.put(replace(HAND, since=NAIVE), NOW)
    with pytest.raises(ValueError, match="time zone"):
        store.brakes.put(replace(HAND, until=NAIVE), NOW)
    with pytest.raises(ValueError, match="time zone"):
        store.brakes.end(None, NAIVE)


def test_of_many_who_pause_at_once_one_is_the_first(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:
        first = list(pool.map(lambda _: store.brakes.put(HAND, NOW), range(12)))
    assert 1 == sum(first)


def called(store: Store, amount: int, route: Route, *, first: int = 0, instance: str = ALPHA) -> list[Attempt]:
    """So many attempts of that instance on that trunk, reserved and not ended."""
    seed(store, [client(n) for n in range(first, first + amount)], instance)
    waiting = store.queue.waiting(instance, NOW, amount)
    chosen = [candidate(one, first + n) for n, one in enumerate(waiting)]
    got = store.attempts.reserve(chosen, channels=500, rules=RULES, now=NOW, route=route)
    assert amount == len(got)
    return got


def end(store: Store, attempt: Attempt, when: datetime, **changes: object) -> None:
    store.outcomes.record(replace(outcome(attempt, ended=when), **changes), DONE)  # type: ignore[arg-type]


ONE, TWO = Route("local/OUT_1", "+551133330000", None), Route("local/OUT_2", "+551133330001", None)


def test_calls_are_counted_by_the_day_their_way_and_their_ending(store: Store) -> None:
    a, b, c = called(store, 3, ONE)
    (other,) = called(store, 1, TWO, first=10, instance=BETA)
    end(store, a, START)
    end(store, b, END - timedelta(microseconds=1), line_result=LineResult.BUSY, short_call=True)
    end(store, c, END)  # tomorrow's
    end(store, other, NOW, answerer=Answerer.MACHINE, short_call=True)
    assert 3 == store.counts.recount(DAY, START, END)
    rows = [
        CallCount(DAY, ALPHA, "local/OUT_1", "+551133330000", 2, 1, 1),
        CallCount(DAY, BETA, "local/OUT_2", "+551133330001", 1, 1, 1),
    ]
    assert rows == store.counts.between(DAY, DAY)
    assert [] == store.counts.between(DAY + timedelta(1), DAY + timedelta(9))


def test_counting_again_counts_nothing_twice_and_forgets_no_other_day(store: Store) -> None:
    a, b = called(store, 2, ONE)
    end(store, a, NOW)
    yesterday = DAY - timedelta(1)
    assert [1, 1, 1] == [store.counts.recount(day, START, END) for day in (yesterday, DAY, DAY)]
    end(store, b, NOW + HOUR)
    assert 2 == store.counts.recount(DAY, START, END)
    assert [(yesterday, 1), (DAY, 2)] == [(row.day, row.calls) for row in store.counts.between(yesterday, DAY)]


def test_an_outcome_without_its_attempt_is_counted_all_the_same(store: Store) -> None:
    (attempt,) = called(store, 1, ONE)
    end(store, replace(attempt, attempt_id=attempt_id(77)), NOW)
    assert 1 == store.counts.recount(DAY, START, END)
    assert [CallCount(DAY, ALPHA, "", "", 1, 0, 1)] == store.counts.between(DAY, DAY)


def test_counting_at_once_by_several_counts_once(store: Store) -> None:
    (attempt,) = called(store, 1, ONE)
    end(store, attempt, NOW)
    with ThreadPoolExecutor(4) as pool:
        assert [1] * 12 == list(pool.map(lambda _: store.counts.recount(DAY, START, END), range(12)))
    assert [1] == [row.calls for row in store.counts.between(DAY, DAY)]


def test_how_calls_ended_lately_is_told_by_caller_id_and_cause_the_most_first(bed: Bed) -> None:
    store = bed.store
    attempts = called(store, 5, ONE)
    (elsewhere,) = called(store, 1, TWO, first=10, instance=BETA)
    for attempt in attempts[:3]:
        end(store, attempt, NOW, line_result=LineResult.REJECTED, cause=21)
    end(store, attempts[3], NOW + timedelta(seconds=1), line_result=LineResult.CONGESTION, cause=None)
    end(store, attempts[4], NOW + HOUR)  # the end is excluded
    end(store, elsewhere, NOW)
    assert [
        Endings("+551133330000", LineResult.REJECTED, 21, 3),
        Endings("+551133330000", LineResult.CONGESTION, None, 1),
    ] == store.counts.endings(ALPHA, NOW, NOW + HOUR)
    assert [] == store.counts.endings(ALPHA, NOW - HOUR, NOW)
