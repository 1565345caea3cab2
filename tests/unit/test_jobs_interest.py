"""Fine and interest: told when the ERP reckons them for every bill charged, with the figures of this moment."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.test_jobs_payments import LINE
from tests.unit.unpaid_bench import Bench
from tests.unit.world import NOON, bill
from worker.core.debtors import with_interest
from worker.core.model import Bill, Waiting
from worker.ports import Can


def dear(index: int, updated: str | None, overdue: int = 30, amount: str = "99.90") -> Bill:
    more = None if updated is None else Decimal(updated)
    return replace(bill(index, overdue, amount), bill_id=f"b{overdue}", updated_amount=more)


@pytest.mark.parametrize(
    ("bills", "expected"),
    [
        ([dear(0, "102.23")], "102.23"),
        ([dear(0, "102.23"), dear(0, "100.00", 20)], "202.23"),
        ([dear(0, "102.23"), dear(0, "99.90", 20)], "202.13"),  # one bears none yet
        ([dear(0, "102.23"), dear(0, None, 20)], None),  # of one it is not known
        ([dear(0, "302.23"), dear(0, None, 20)], None),  # however much the other has grown
        ([dear(0, "99.90")], None),  # no more than without
        ([dear(0, "90.00")], None),
        ([], None),
    ],
)
def test_what_bills_come_to_with_interest(bills: list[Bill], expected: str | None) -> None:
    assert (Decimal(expected) if expected else None) == with_interest(bills)


def reckoned(*updated: str | None) -> Bench:
    """One debtor with as many bills of 99.90, synced with the sums told."""
    bench = Bench(1)
    bench.source.bill_rows = [dear(0, each, 100 - place) for place, each in enumerate(updated)]
    bench.sync()
    return bench


def told(bench: Bench) -> list[Decimal | None]:
    assert 1 == bench.step().placed
    return [one.updated_total for one in bench.tables.attempts.values()]


def test_the_attempt_carries_the_sum_with_interest() -> None:
    assert [Decimal("204.00")] == told(reckoned("103.00", "101.00"))
    assert [None] == told(reckoned("103.00", None))
    assert [None] == told(reckoned(None))


def test_what_will_be_said_is_rendered_with_the_same_sum() -> None:
    bench, seen = reckoned("103.00"), list[Decimal | None]()

    def prepare(waiting: Waiting, _: str) -> None:
        seen.append(waiting.updated_total)

    bench.plan = replace(bench.plan, prepare=prepare)
    assert seen == []
    assert told(bench) == seen == [Decimal("103.00")]


def test_the_interest_of_this_moment_counts_and_costs_no_write() -> None:
    bench = reckoned("103.00")
    before = bench.tables.bills["fibra"]["b100"]
    bench.source.bill_rows = [dear(0, "103.50", 100)]
    assert [Decimal("103.50")] == told(bench)
    assert before is bench.tables.bills["fibra"]["b100"]


def test_an_erp_that_reckons_none_any_more_is_believed() -> None:
    bench = reckoned("103.00")
    bench.source.bill_rows = [dear(0, None, 100)]
    assert [None] == told(bench)


def test_where_the_erp_cannot_be_asked_now_the_stored_sum_is_told() -> None:
    bench = reckoned("103.00")
    bench.source.can = frozenset(Can) - {Can.OPEN_NOW}
    assert [Decimal("103.00")] == told(bench)


def test_who_has_paid_a_part_is_told_the_new_sum_with_its_own_interest() -> None:
    bench = reckoned("103.00")
    bench.source.bill_rows = [replace(dear(0, "42.10", 100), open_amount=Decimal("40.00"))]
    assert 0 == bench.step().placed  # restated: he is called at the next look
    assert [Decimal("42.10")] == told(bench)
    (stored,) = bench.store.overview.open_bills("fibra", "0")
    assert (Decimal("40.00"), None) == (stored.open_amount, stored.updated_amount)


def test_the_line_of_a_bill_survives_what_the_erp_says_of_its_sum() -> None:
    bench = Bench(1)
    bench.source.bill_rows = [replace(bill(0, 100), pay_line=LINE)]
    bench.sync()
    bench.owe("b0", "40.00")
    bench.step()
    assert LINE == bench.store.payments.line("fibra", "0")
    assert NOON == bench.clock()
