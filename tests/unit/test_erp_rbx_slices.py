"""No row is lost to a hidden limit, a gap between codes, or an ERP that answers a part and calls it all."""

from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.erp.rbx_answer import Row
from worker.erp.rbx_filter import Column
from worker.erp.rbx_slices import Listing, Slice, day_slices, is_round
from worker.errors import SourceBroken

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)


@dataclass(slots=True)
class Table:
    """Rows in memory with a limit nobody speaks of, in an order of no use."""

    rows: list[Row]
    cap: int | None = None
    asked: list[Slice] = field(default_factory=list)

    def ask(self, part: Slice) -> tuple[Row, ...]:
        self.asked.append(part)
        found = [row for row in self.rows if self._matches(part, row)]
        return tuple(sorted(found, key=lambda row: row["id"][::-1])[: self.cap])

    def _matches(self, part: Slice, row: Row) -> bool:
        if part.days and not part.from_day <= date.fromisoformat(row["Vencimento"]) < part.below_day:
            return False
        return part.holds(int(row[part.codes.value]))

    def listing(self) -> Listing:
        return Listing(self.ask, lambda row: row["id"])


def _clients(codes: set[int], cap: int | None = None) -> Table:
    return Table([{"id": str(code), "Codigo": str(code)} for code in codes], cap)


def _bills(days: list[int], customers: int, cap: int | None = None) -> Table:
    return Table(
        [
            {
                "id": str(key),
                "CliFor": str(key % customers + 1),
                "Vencimento": f"{FIRST + timedelta(day):%Y-%m-%d}",
            }
            for key, day in enumerate(days)
        ],
        cap,
    )


def _by_codes(table: Table, width: int) -> list[int]:
    return [int(row["id"]) for _, rows in table.listing().by_codes(Column.CLIENT_CODE, width) for row in rows]


def _by_days(table: Table, width: int = 31) -> list[str]:
    parts = day_slices(Column.CUSTOMER, Column.DUE, FIRST, LAST, width)
    return [row["id"] for _, rows in table.listing().by_days(parts) for row in rows]


@given(st.sets(st.integers(1, 5000), max_size=60), st.integers(10, 400))
def test_every_code_is_read_once_however_wide_the_gaps(codes: set[int], width: int) -> None:
    assert sorted(codes) == sorted(_by_codes(_clients(codes), width))


@given(
    st.sets(st.integers(1, 3000), min_size=120, max_size=400), st.integers(400, 3000), st.sampled_from([50, 100])
)
def test_a_round_limit_loses_no_code(codes: set[int], width: int, cap: int) -> None:
    assert sorted(codes) == sorted(_by_codes(_clients(codes, cap), width))


@given(st.lists(st.integers(0, 364), max_size=400), st.integers(1, 60), st.sampled_from([None, 50, 100]))
def test_a_round_limit_loses_no_bill(days: list[int], customers: int, cap: int | None) -> None:
    table = _bills(days, max(customers, len(days) // 40 + 1), cap)
    assert sorted(row["id"] for row in table.rows) == sorted(_by_days(table))


def test_many_bills_of_one_due_day_are_split_by_customer() -> None:
    table = _bills([9] * 730, 600, cap=100)
    assert 730 == len(set(_by_days(table)))


def test_a_limit_that_is_not_round_betrays_itself_by_coming_twice() -> None:
    table = _bills([day for day in range(365) for _ in range(4)], 300, cap=73)
    assert len(table.rows) == len(set(_by_days(table)))


def test_a_limit_shown_to_one_customers_bills_of_one_day_is_an_error() -> None:
    with pytest.raises(SourceBroken, match="50 rows for a single CliFor"):
        _by_days(_bills([9] * 60, 1, cap=50))


def test_a_gap_is_crossed_even_when_the_open_question_is_cut_short() -> None:
    codes = {1, 2, 3} | set(range(90_000, 90_400))
    table = _clients(codes, cap=7)
    table.rows.sort(key=lambda row: -int(row["id"]))
    start = table.listing()._next_code(Column.CLIENT_CODE, 1001)
    assert 90_000 == start


def test_full_slices_are_believed_however_round_their_size() -> None:
    table = _clients(set(range(1, 201)))
    assert list(range(1, 201)) == sorted(_by_codes(table, 100))
    assert 4 == len(table.asked)  # two full ones, an empty one and the question for what is left


def test_a_slice_that_is_empty_only_the_first_time_is_an_error() -> None:
    table = _clients(set(range(1, 300)))

    def ask(part: Slice) -> tuple[Row, ...]:
        rows = table.ask(part)
        return () if 2 == len(table.asked) else rows

    with pytest.raises(SourceBroken, match="found no Codigo from 101 to 200 and then 101"):
        list(Listing(ask, lambda row: row["id"]).by_codes(Column.CLIENT_CODE, 100))


def test_a_span_of_days_that_is_empty_only_the_first_time_is_an_error() -> None:
    table = _bills(list(range(365)), 9)

    def ask(part: Slice) -> tuple[Row, ...]:
        rows = table.ask(part)
        return () if 3 == len(table.asked) else rows

    parts = day_slices(Column.CUSTOMER, Column.DUE, FIRST, LAST, 30)
    with pytest.raises(SourceBroken, match="nothing due from 2026-03-02"):
        list(Listing(ask, lambda row: row["id"]).by_days(parts))


def test_rows_of_codes_that_were_not_asked_for_are_an_error() -> None:
    with pytest.raises(SourceBroken, match="another Codigo than asked for"):
        Listing(lambda _: ({"id": "7", "Codigo": "7"},), lambda row: row["id"]).take(
            Slice(Column.CLIENT_CODE, 1, 5)
        )


def test_a_row_that_comes_twice_is_an_error_within_an_answer_and_across() -> None:
    table = _bills([1, 2, 3], 9)
    part = Slice(Column.CUSTOMER, days=Column.DUE, from_day=FIRST, below_day=LAST)
    with pytest.raises(SourceBroken, match="twice"):
        Listing(lambda asked: table.ask(asked) * 2, lambda row: row["id"]).take(part)
    listing = table.listing()
    listing.take(part)
    with pytest.raises(SourceBroken, match="twice"):
        listing.take(part)


def test_halves_that_lack_what_the_whole_had_are_an_error() -> None:
    table = _bills([1] * 25 + [200] * 25, 50)

    def ask(part: Slice) -> tuple[Row, ...]:
        rows = table.ask(part)
        return rows if part.below_day == LAST and part.from_day == FIRST else rows[1:]

    with pytest.raises(SourceBroken, match="does not send for its halves"):
        Listing(ask, lambda row: row["id"]).take(
            Slice(Column.CUSTOMER, days=Column.DUE, from_day=FIRST, below_day=LAST)
        )


def test_a_bill_settled_between_the_whole_and_its_halves_is_no_error() -> None:
    table = _bills([1] * 25 + [200] * 25, 50)

    def ask(part: Slice) -> tuple[Row, ...]:
        rows = table.ask(part)
        table.rows = [row for row in table.rows if row["id"] != "7"]
        return rows

    part = Slice(Column.CUSTOMER, days=Column.DUE, from_day=FIRST, below_day=LAST)
    pieces = Listing(ask, lambda row: row["id"]).take(part)
    assert 49 == sum(len(rows) for _, rows in pieces)


@pytest.mark.parametrize(("count", "expected"), [(0, False), (49, False), (50, True), (1000, True), (1001, False)])
def test_round_sizes_look_like_a_limit(count: int, expected: bool) -> None:
    assert expected is is_round(count)


def test_day_slices_cover_the_span_once_and_no_more() -> None:
    parts = list(day_slices(Column.CUSTOMER, Column.DUE, FIRST, FIRST + timedelta(days=10), 4))
    ends = [(part.from_day.day, part.below_day.day) for part in parts]
    assert [(1, 5), (5, 9), (9, 12)] == ends
    assert [] == list(day_slices(Column.CUSTOMER, Column.DUE, LAST, FIRST, 4))
