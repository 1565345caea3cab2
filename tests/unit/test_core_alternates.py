"""Which of a debtor's numbers comes first."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.alternates import in_order
from worker.core.enums import CallEnding, EntryState, LineResult, PhoneKind
from worker.core.model import Phone, QueueEntry, Waiting
from worker.core.retry import USUAL
from worker.core.retry_table import RetryRule, RetryTable, Which

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
ENTRY = QueueEntry(1, "fibra", "7", EntryState.WAITING, Decimal("99.90"), 1, date(2026, 10, 1))
A, B, C, D = "+5511910000001", "+5511910000002", "+5511910000003", "+5511910000004"
L, E = LineResult, CallEnding


def order(
    tried: dict[str, LineResult],
    *,
    last: CallEnding | None = None,
    reached: dict[str, int] | None = None,
    table: RetryTable = USUAL,
) -> str:
    """Numbers A to D as the ERP has them; `tried`: the latest last; `reached`: hours ago."""
    phones = tuple(Phone(number, PhoneKind.MOBILE) for number in (A, B, C, D))
    people = {number: NOW - timedelta(hours=ago) for number, ago in (reached or {}).items()}
    found = in_order(Waiting(ENTRY, "Ana", phones, {}, (), tried, reached=people, last_ending=last), table)
    return "".join("ABCD"[int(phone.number[-1]) - 1] for phone in found)


@pytest.mark.parametrize(
    ("expected", "tried", "reached", "last"),
    [
        ("ABCD", {}, {}, None),  # nothing known: as the ERP has them
        ("BCDA", {A: L.NO_ANSWER}, {}, E.NO_ANSWER),  # nobody there: the others first
        ("CABD", {C: L.BUSY}, {}, E.BUSY),  # busy says nothing against the number: the same again
        ("CBAD", {B: L.ANSWERED, C: L.ANSWERED}, {B: 1, C: 0}, E.HEARD),  # people: the latest first
        ("DABC", {D: L.ANSWERED, C: L.NO_ANSWER}, {D: 50}, E.NO_ANSWER),  # a person was there once
        ("DBCA", {D: L.NO_ANSWER, A: L.NO_ANSWER}, {D: 50}, E.NO_ANSWER),  # still the best chance
        ("DBCA", {B: L.ANSWERED, D: L.ANSWERED, A: L.BUSY}, {B: 5, D: 1}, E.NO_ANSWER),  # people: the latest first
        ("CDBA", {B: L.ANSWERED, A: L.NO_ANSWER}, {}, E.NO_ANSWER),  # a machine there: after those never tried
        ("DCBA", {B: L.UNREACHABLE, C: L.NO_ANSWER, A: L.NO_ANSWER}, {}, E.NO_ANSWER),  # fruitless before the last
        (
            "CDBA",
            {C: L.NO_ANSWER, D: L.NO_ANSWER, B: L.BUSY, A: L.NO_ANSWER},
            {},
            E.NO_ANSWER,
        ),  # longest ago first
        ("BCDA", {A: L.UNREACHABLE}, {}, E.UNREACHABLE),
        ("BCDA", {A: L.INVALID_NUMBER}, {}, E.INVALID_NUMBER),
        ("BCDA", {A: L.ANSWERED}, {}, E.WRONG_PERSON),
        ("BCDA", {A: L.ANSWERED}, {}, E.OPT_OUT),  # nothing comes after it; it is blocked anyway
    ],
)
def test_numbers_come_in_the_order_of_past_success(
    expected: str, tried: dict[str, LineResult], reached: dict[str, int], last: CallEnding | None
) -> None:
    assert expected == order(tried, reached=reached, last=last)


def test_the_table_says_whether_the_number_just_tried_comes_again() -> None:
    table = RetryTable({E.BUSY: RetryRule(number=Which.NEXT), E.NO_ANSWER: RetryRule(number=Which.SAME)})
    assert "ABDC" == order({C: L.BUSY}, last=E.BUSY, table=table)
    assert "CABD" == order({C: L.NO_ANSWER}, last=E.NO_ANSWER, table=table)
    assert "ABDC" == order({C: L.BUSY}, last=E.BUSY, reached={C: 2}, table=table)  # even where a person was


def test_when_nobody_answers_every_number_has_its_turn() -> None:
    tried: dict[str, LineResult] = {}
    called = ""
    for _ in range(8):
        first = order(tried, last=E.NO_ANSWER if tried else None)[0]
        called += first
        number = {"A": A, "B": B, "C": C, "D": D}[first]
        tried.pop(number, None)
        tried[number] = L.NO_ANSWER
    assert "ABCDABCD" == called


NUMBERS = st.lists(st.sampled_from([A, B, C, D]), unique=True)


@settings(deadline=None)  # the machine may be busy
@given(NUMBERS, st.data(), st.none() | st.sampled_from(CallEnding))
def test_no_number_is_lost_or_doubled(tried: list[str], data: st.DataObject, last: CallEnding | None) -> None:
    lines = {number: data.draw(st.sampled_from(L)) for number in tried}
    people = {number: data.draw(st.integers(0, 99)) for number in data.draw(NUMBERS)}
    assert "ABCD" == "".join(sorted(order(lines, last=last, reached=people)))
