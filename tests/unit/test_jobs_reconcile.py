"""Reconciliation over the in-memory store; the real CDR is in the acceptance tests."""

from datetime import timedelta

import pytest

from tests.unit.test_jobs_dial import filled
from tests.unit.world import RULES, Clock, Line, Switch, dial_plan
from worker.core.enums import AttemptState, LineResult, OutcomeSource
from worker.core.records import CdrRow
from worker.jobs import dial, reconcile
from worker.store.memory import memory_store
from worker.store.memory_tables import Tables

LONGEST = timedelta(seconds=270)


def test_a_call_that_may_still_live_is_left_alone() -> None:
    clock, line = Clock(), Line()
    store = filled(clock, 1)
    dial.step(dial_plan(), store, line, clock, 1)
    (attempt,) = store.attempts.open_since(clock() + timedelta(seconds=1))
    clock.move(seconds=60)
    for live in ({attempt.attempt_id}, None):  # the PBX says so, or cannot be asked and the deadline is far
        reconcile.reconcile(store, Switch(live), clock, {"fibra": RULES}, LONGEST)
        assert 1 == store.attempts.count_open("fibra")


def test_an_attempt_without_any_trace_is_lost_once_and_its_try_still_counts() -> None:
    clock, line = Clock(), Line()
    store = filled(clock, 1)
    dial.step(dial_plan(), store, line, clock, 1)
    (attempt,) = store.attempts.open_since(clock() + timedelta(seconds=1))
    clock.move(minutes=3)
    for _ in range(2):
        reconcile.reconcile(store, Switch(set()), clock, {"fibra": RULES}, LONGEST)
    after = store.attempts.get(attempt.attempt_id)
    assert after is not None
    assert AttemptState.LOST is after.state
    (row,) = store.outcomes.listing(clock() - timedelta(hours=1), clock() + timedelta(hours=1))
    assert LineResult.UNKNOWN is row.outcome.line_result
    assert OutcomeSource.DEADLINE is row.outcome.source
    assert 0 == dial.step(dial_plan(), store, line, clock, 1).placed  # inside the gap


def test_a_clock_that_was_put_back_holds_no_channel_until_it_has_caught_up() -> None:
    clock, line = Clock(), Line()
    store = filled(clock, 1)
    clock.move(hours=1)
    dial.step(dial_plan(), store, line, clock, 1)
    clock.move(hours=-1)
    for minutes, still_open in ((0, 1), (1, 1), (2, 0)):  # it may be moments old: given up two minutes from now
        clock.move(minutes=minutes)
        reconcile.reconcile(store, Switch(set()), clock, {"fibra": RULES}, LONGEST)
        assert still_open == store.attempts.count_open("fibra")


def test_nothing_to_do_is_done() -> None:
    report = reconcile.reconcile(memory_store(), Switch(), Clock(), {}, LONGEST)
    assert "done" == report.status


def test_a_call_that_has_just_ended_is_left_to_the_handler() -> None:
    tables, clock, line = Tables(), Clock(), Line()
    store = filled(clock, 1, memory_store(tables))
    dial.step(dial_plan(), store, line, clock, 1)
    (attempt,) = store.attempts.open_since(clock() + timedelta(seconds=1))
    tables.cdr.append(CdrRow(attempt.attempt_id, clock(), "ANSWERED", f"{attempt.attempt_id}|u=1", 30, 25))
    for later, still_open in ((35, 1), (10, 0)):  # five seconds after its end, then fifteen
        clock.move(seconds=later)
        reconcile.reconcile(store, Switch(set()), clock, {"fibra": RULES}, LONGEST)
        assert still_open == store.attempts.count_open("fibra")


@pytest.mark.parametrize(
    ("told", "expected"), [("|u=1|h=all~9.0~~~", (5.0, 25.0)), ("|u=1|r=4.5|d=25.4|h=all~9.0~~~", (4.5, 25.4))]
)
def test_how_long_a_call_took_is_told_by_its_cdr_row_where_the_dialplan_did_not(
    told: str, expected: tuple[float, float]
) -> None:
    tables, clock, line = Tables(), Clock(), Line()
    store = filled(clock, 1, memory_store(tables))
    dial.step(dial_plan(), store, line, clock, 1)
    (attempt,) = store.attempts.open_since(clock() + timedelta(seconds=1))
    tables.cdr.append(CdrRow(attempt.attempt_id, clock(), "ANSWERED", f"{attempt.attempt_id}{told}", 30, 25))
    clock.move(seconds=60)
    reconcile.reconcile(store, Switch(set()), clock, {"fibra": RULES}, LONGEST)
    (row,) = store.outcomes.listing(clock() - timedelta(hours=1), clock() + timedelta(hours=1))
    assert expected == (row.outcome.ring_seconds, row.outcome.talk_seconds)
