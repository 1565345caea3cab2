"""Where bills stand on a day: stages at their edges, sums, one client's oldest debt."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.enums import BillStatus, Stage
from worker.core.model import Bill
from worker.core.records import StandingRow
from worker.core.standing import (
    ClientStanding,
    StageSum,
    days_overdue,
    stage,
    standing,
    summarise,
)

TODAY = date(2026, 11, 21)
MINIMUM, SOON = 7, 5
DAYS = st.integers(-400, 4000)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def bill(name: str, days: int, owed: str, status: BillStatus = BillStatus.OPEN) -> Bill:
    return Bill(name, "7", ago(days), Decimal(100), Decimal(owed), status)


@pytest.mark.parametrize(
    ("expected", "days"),
    [
        (Stage.NOT_DUE, -365),
        (Stage.NOT_DUE, -6),
        (Stage.DUE_SOON, -5),
        (Stage.DUE_SOON, -1),
        (Stage.DUE_SOON, 0),  # may still be paid today
        (Stage.PRE_FORCE, 1),
        (Stage.PRE_FORCE, 7),  # the minimum itself
        (Stage.FORCE, 8),
        (Stage.FORCE, 3650),
    ],
)
def test_a_bill_passes_its_stages_day_by_day(expected: Stage, days: int) -> None:
    assert expected == stage(ago(days), TODAY, MINIMUM, SOON)


@pytest.mark.parametrize(
    ("expected", "days"), [(Stage.NOT_DUE, -1), (Stage.DUE_SOON, 0), (Stage.FORCE, 1), (Stage.FORCE, 2)]
)
def test_without_minimum_and_without_warning_there_is_neither_stage_before(expected: Stage, days: int) -> None:
    assert expected == stage(ago(days), TODAY, 0, 0)


def test_a_bill_not_yet_overdue_is_never_forced() -> None:
    assert Stage.DUE_SOON == stage(TODAY, TODAY, -3, SOON)


@pytest.mark.parametrize(("expected", "days"), [(0, -9), (0, 0), (1, 1), (365, 365)])
def test_days_overdue_are_counted_from_the_day_after(expected: int, days: int) -> None:
    assert expected == days_overdue(ago(days), TODAY)


def test_a_day_overdue_is_a_day_of_the_calendar_also_in_a_leap_year() -> None:
    assert 2 == days_overdue(date(2028, 2, 28), date(2028, 3, 1))


def test_sums_are_told_of_every_stage_in_order() -> None:
    rows = [
        StandingRow(ago(8), 2, Decimal("99.90")),
        StandingRow(ago(400), 1, Decimal("0.01")),
        StandingRow(ago(7), 3, Decimal("10.00")),
        StandingRow(ago(0), 4, Decimal("20.00")),
    ]
    expected = {
        Stage.NOT_DUE: StageSum(),
        Stage.DUE_SOON: StageSum(4, Decimal("20.00")),
        Stage.PRE_FORCE: StageSum(3, Decimal("10.00")),
        Stage.FORCE: StageSum(3, Decimal("99.91")),
    }
    sums = summarise(iter(rows), TODAY, MINIMUM, SOON)
    assert expected == sums
    assert list(Stage) == list(sums)


@given(st.lists(st.tuples(DAYS, st.integers(1, 9), st.decimals("0.01", "99999", places=2))), DAYS, DAYS)
def test_no_bill_and_no_cent_is_lost_between_the_stages(
    figures: list[tuple[int, int, Decimal]], minimum: int, soon: int
) -> None:
    sums = summarise(
        [StandingRow(ago(days), bills, total) for days, bills, total in figures], TODAY, minimum, soon
    )
    assert sum(bills for _, bills, _ in figures) == sum(one.bills for one in sums.values())
    assert sum(total for *_, total in figures) == sum(one.total for one in sums.values())


@given(DAYS, st.integers(0, 3650), st.integers(0, 60))
def test_a_bill_never_goes_back_a_stage(days: int, minimum: int, soon: int) -> None:
    order = list(Stage)
    today, tomorrow = (order.index(stage(ago(at), TODAY, minimum, soon)) for at in (days, days + 1))
    assert today <= tomorrow


def test_a_client_stands_where_the_oldest_bill_stands() -> None:
    bills = [bill("1", 3, "10.50"), bill("2", 30, "9.90", BillStatus.PARTIAL), bill("3", -20, "100.00")]
    expected = ClientStanding(ago(30), Decimal("120.40"), 3, Stage.FORCE, 30)
    assert expected == standing(iter(bills), TODAY, MINIMUM, SOON)


def test_a_bill_of_which_nothing_is_owed_does_not_count() -> None:
    expected = ClientStanding(ago(-2), Decimal("5.00"), 1, Stage.DUE_SOON, 0)
    assert expected == standing([bill("1", 90, "0.00"), bill("2", -2, "5.00")], TODAY, MINIMUM, SOON)


@pytest.mark.parametrize("bills", [[], [bill("1", 90, "0.00")]])
def test_who_owes_nothing_stands_nowhere(bills: list[Bill]) -> None:
    assert standing(bills, TODAY, MINIMUM, SOON) is None
