"""Still unpaid? The ERP is asked just before each call: nobody is rung for what he has paid."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.unit.unpaid_bench import Bench, number
from tests.unit.world import NOON, TODAY, bill, sync_of
from worker.core.enums import EntryState, Fate
from worker.errors import SourceUnavailable, StoreUnavailable
from worker.jobs import sync
from worker.jobs.dial import RESTATED, SETTLED
from worker.ports import Can


def test_whoever_still_owes_is_called() -> None:
    bench = Bench()
    assert 3 == bench.step().placed
    assert [number(0), number(1), number(2)] == bench.line.placed
    assert [] == bench.source.fates_asked


def test_whoever_has_paid_since_the_sync_is_not_called_and_leaves_the_queue() -> None:
    bench = Bench()
    bench.pay("b1")
    done = bench.step()
    assert [number(0), number(2)] == bench.line.placed
    assert {SETTLED: 1} == dict(done.refused)
    assert (EntryState.DONE, SETTLED) == (bench.entry("1").state, bench.entry("1").reason)
    assert {"b1": Fate.PAID} == bench.fates
    assert [] == bench.store.overview.open_bills("fibra", "1")
    bench.clock.move(hours=5)
    bench.step()
    assert number(1) not in bench.line.placed


@pytest.mark.parametrize("fate", [Fate.CANCELLED, Fate.RENEGOTIATED, Fate.OUT_OF_SPAN])
def test_a_bill_is_closed_with_what_the_erp_says_became_of_it(fate: Fate) -> None:
    bench = Bench(1)
    bench.pay("b0", fate=fate)
    assert 0 == bench.step().placed
    assert {"b0": fate} == bench.fates


def test_of_several_who_have_paid_the_fates_are_asked_at_once() -> None:
    bench = Bench(5)
    bench.pay("b0", "b3", "b4")
    assert 2 == bench.step().placed
    assert [["b0", "b3", "b4"]] == bench.source.fates_asked


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("gone", {}),  # it says nothing of that bill
        ("breaks", ("fates", 0, SourceUnavailable("not now"))),  # it answers the one question and not the other
        ("can", frozenset({Can.OPEN_NOW})),  # it cannot tell at all
    ],
)
def test_a_bill_whose_fate_the_erp_does_not_tell_has_left_the_source(name: str, value: object) -> None:
    bench = Bench(2)
    bench.pay("b0")
    setattr(bench.source, name, value)
    bench.step()
    assert [number(1)] == bench.line.placed
    assert {"b0": Fate.LEFT_SOURCE} == bench.fates


def test_whoever_has_paid_a_part_is_called_at_the_next_look_with_what_is_left() -> None:
    bench = Bench(2)
    bench.owe("b0", "40.00")
    done = bench.step()
    assert ([number(1)], {RESTATED: 1}) == (bench.line.placed, dict(done.refused))
    assert Decimal("40.00") == bench.entry("0").total
    (stored,) = bench.store.overview.open_bills("fibra", "0")
    assert Decimal("40.00") == stored.open_amount
    assert 1 == bench.step().placed
    assert [number(1), number(0)] == bench.line.placed
    (attempt,) = [one for one in bench.tables.attempts.values() if one.client_id == "0"]
    assert (Decimal("40.00"), 1) == (attempt.total, attempt.bill_count)


def test_who_owes_more_than_was_noted_is_told_the_right_sum_too() -> None:
    bench = Bench(1)
    bench.owe("b0", "120.00")
    assert 0 == bench.step().placed
    assert 1 == bench.step().placed
    assert [Decimal("120.00")] == [one.total for one in bench.tables.attempts.values()]


def test_whoever_has_paid_the_older_of_two_bills_is_called_for_the_other() -> None:
    bench = Bench(1, second_bills=True)
    assert 2 == bench.entry("0").bill_count
    bench.pay("b0")
    assert 0 == bench.step().placed
    assert 1 == bench.step().placed
    (attempt,) = bench.tables.attempts.values()
    assert (Decimal("99.90"), 1, TODAY - timedelta(20)) == (attempt.total, attempt.bill_count, attempt.oldest_due)
    assert {"b0": Fate.PAID} == bench.fates


def test_a_bill_paid_and_nothing_left_of_it_counts_as_paid() -> None:
    bench = Bench(1)
    bench.owe("b0", "0.00")
    assert 0 == bench.step().placed
    assert EntryState.DONE is bench.entry("0").state


def test_a_bill_that_is_not_charged_yet_makes_nobody_owe_and_is_not_closed() -> None:
    bench = Bench(1)
    young = replace(bill(0, overdue=2), bill_id="young")
    bench.source.bill_rows.append(young)
    bench.store.catalogue.replace_bills("fibra", bench.source.bill_rows, NOON)
    bench.pay("b0")
    assert 0 == bench.step().placed
    assert {"b0": Fate.PAID} == bench.fates
    assert EntryState.DONE is bench.entry("0").state


def test_the_next_sync_finds_nothing_to_mend() -> None:
    bench = Bench(8)
    bench.pay("b0")
    bench.owe("b1", "1.00")
    bench.step()
    bench.sync()
    (run,) = bench.store.runs.latest(1, "bills")
    assert (7, 7, 0) == (run.before, run.after, run.changed)


def test_a_worker_that_died_before_it_told_the_queue_leaves_nobody_to_be_called_for_what_is_paid(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(2, second_bills=True)
    bench.pay("b0", "s0", "b1")

    def dies(*_: object) -> int:
        raise StoreUnavailable("gone at the worst moment")

    with monkeypatch.context() as patch:  # no way to make memory fail but this
        patch.setattr(bench.store.queue, "apply", dies)
        with pytest.raises(StoreUnavailable):
            bench.step()
    assert EntryState.WAITING is bench.entry("0").state
    assert 3 == len(bench.fates)
    assert ([], {SETTLED: 1, RESTATED: 1}) == (bench.line.placed, dict(bench.step().refused))
    bench.step()
    assert [number(1)] == bench.line.placed
    assert [Decimal("99.90")] == [one.total for one in bench.tables.attempts.values()]


def test_a_bill_stored_with_nothing_left_to_pay_counts_for_nothing() -> None:
    bench = Bench(1)
    bench.source.bill_rows.append(replace(bill(0, overdue=50), bill_id="nothing", open_amount=Decimal(0)))
    bench.sync()
    assert 1 == bench.step().placed
    assert {} == bench.fates


def test_who_was_refreshed_meanwhile_is_called_at_once() -> None:
    bench = Bench(1, second_bills=True)
    bench.pay("b0")
    bench.unpaid.ask(["0"], bench.clock())
    sync.build_queue(sync_of(bench.source, bench.store, bench.clock))
    assert 1 == bench.step().placed
    assert [Decimal("99.90")] == [one.total for one in bench.tables.attempts.values()]
