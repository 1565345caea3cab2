"""`Filtro` is raw SQL: whatever comes from outside, only our own columns, whole numbers and days get into it."""

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.erp.rbx_filter import HIGHEST_CODE, Column, Condition, Fixed, Sign, filter_text

_COLUMNS = "|".join(re.escape(column.value) for column in Column)
_ONE = rf"(?:{_COLUMNS}) (?:=|>=|<) (?:[0-9]{{1,16}}|'[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}')"
_FIXED = "|".join(re.escape(fixed.value) for fixed in Fixed)
GRAMMAR = re.compile(rf"(?:(?:{_ONE}|{_FIXED})(?: AND (?:{_ONE}|{_FIXED}))*)?")

SOUND = st.one_of(
    st.sampled_from(Fixed),
    st.builds(
        Condition,
        st.sampled_from(Column),
        st.sampled_from(Sign),
        st.one_of(st.integers(0, HIGHEST_CODE), st.dates()),
    ),
)
FOREIGN = st.one_of(
    st.text(),
    st.just("1 OR 1=1"),
    st.just("2026-01-01' OR ''='"),
    st.floats(),
    st.booleans(),
    st.none(),
    st.binary(),
    st.decimals(),
    st.datetimes(),
    st.integers(max_value=-1),
    st.integers(min_value=HIGHEST_CODE + 1),
    st.lists(st.integers()),
)


class _Loud(int):
    """Says something else than it is."""

    def __str__(self) -> str:
        return "1 OR 1=1"


@given(st.lists(SOUND, max_size=6))
def test_what_is_built_is_always_of_the_one_small_grammar(conditions: list[Condition | Fixed]) -> None:
    assert GRAMMAR.fullmatch(filter_text(*conditions))


@given(st.sampled_from(Column), st.sampled_from(Sign), FOREIGN)
def test_no_foreign_value_gets_in(column: Column, sign: Sign, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        filter_text(Condition(column, sign, cast("int", value)))


@given(st.text(), st.text(), st.integers(0, 9))
def test_no_foreign_column_or_sign_gets_in(column: str, sign: str, value: int) -> None:
    with pytest.raises(TypeError):
        filter_text(Condition(cast("Column", column), Sign.EQUAL, value))
    with pytest.raises(TypeError):
        filter_text(Condition(Column.CUSTOMER, cast("Sign", sign), value))


@given(st.text())
def test_no_ready_made_text_is_a_condition(text: str) -> None:
    with pytest.raises(TypeError):
        filter_text(cast("Fixed", text))


@pytest.mark.parametrize("value", [_Loud(5), True, datetime(2026, 1, 1, tzinfo=UTC), Decimal(5), "5"])
def test_types_are_taken_exactly(value: object) -> None:
    with pytest.raises(TypeError):
        filter_text(Condition(Column.CUSTOMER, Sign.EQUAL, cast("int", value)))


def test_the_filters_are_those_of_the_documentation() -> None:
    codes = (Condition(Column.CLIENT_CODE, Sign.FROM, 1), Condition(Column.CLIENT_CODE, Sign.BELOW, 1001))
    assert "Codigo >= 1 AND Codigo < 1001" == filter_text(*codes)
    due = Condition(Column.DUE, Sign.BELOW, date(2026, 10, 20))
    assert "Historico = 'Documento a Receber' AND Vencimento < '2026-10-20'" == filter_text(Fixed.RECEIVABLE, due)
    assert not filter_text()
