"""Strict reading of dates, amounts, ids and names: what passes, and in which words the rest is rejected."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.invented import brazilian
from worker.erp.source import BadValue, clean_text, read_date, read_document, read_id, read_money


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2026-10-20", date(2026, 10, 20)),
        (" 20/10/2026 ", date(2026, 10, 20)),
        ("2026-10-20 08:15:00", date(2026, 10, 20)),  # timestamps of IXC
        ("03/04/2026", date(2026, 4, 3)),  # day first, never month first
        ("2024-02-29", date(2024, 2, 29)),
    ],
)
def test_days_are_read_in_both_orders(raw: str, expected: date) -> None:
    assert expected == read_date(raw, "due")


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("", "due is empty"),
        ("0000-00-00", "due is empty"),
        ("00/00/0000 00:00:00", "due is empty"),
        ("2026-02-30", "due “2026-02-30” is not a day of the calendar"),
        ("31/12/26", "due “31/12/26” is not a date"),
        ("20261020", "due “20261020” is not a date"),
        ("2026-1-2", "due “2026-1-2” is not a date"),
        ("2026-10-20\nX", "due “2026-10-20 X” is not a date"),
        ("٢٠٢٦-١٠-٢٠", "due “٢٠٢٦-١٠-٢٠” is not a date"),  # digits, but not ours
    ],
)
def test_what_is_no_day_is_refused_with_its_reason(raw: str, reason: str) -> None:
    with pytest.raises(BadValue) as caught:
        read_date(raw, "due")
    assert reason == str(caught.value)


@pytest.mark.parametrize(
    ("raw", "comma", "expected"),
    [
        ("26.00", False, "26.00"),
        ("0.00", False, "0.00"),  # zero stays zero
        ("99.9", False, "99.90"),
        ("1234.56", True, "1234.56"),
        ("1.234,56", True, "1234.56"),
        ("1234,5", True, "1234.50"),
        ("12.345.678,90", True, "12345678.90"),
    ],
)
def test_amounts_are_read_exactly(raw: str, comma: bool, expected: str) -> None:
    assert Decimal(expected) == read_money(raw, "amount", comma=comma)


@pytest.mark.parametrize(
    ("raw", "comma"),
    [
        ("", False),
        ("99,90", False),  # IXC writes a dot
        ("-10.00", False),
        ("1e3", False),
        ("NaN", False),
        ("1.234", True),  # a thousand, or one and a bit?
        ("1,234.56", True),  # not Brazilian
        ("1.23.456,00", True),
        ("12345678901.00", True),  # more than the database holds
        ("1.999", False),
        ("١٢", True),
    ],
)
def test_what_is_no_certain_amount_is_refused(raw: str, comma: bool) -> None:
    with pytest.raises(BadValue, match="amount"):
        read_money(raw, "amount", comma=comma)


@given(st.decimals(min_value=0, max_value=Decimal("9999999999.99"), places=2))
def test_every_amount_survives_both_spellings(amount: Decimal) -> None:
    assert amount == read_money(f"{amount:.2f}", "amount", comma=False)
    assert amount == read_money(brazilian(amount), "amount", comma=True)


@given(st.text(), st.integers(min_value=0, max_value=50))
def test_clean_text_is_always_one_short_printable_line(raw: str, limit: int) -> None:
    text = clean_text(raw, limit)
    assert text.isprintable()
    assert len(text) <= limit
    assert text == text.strip()
    assert text == clean_text(text, limit)
    text.encode()  # no half characters


def test_line_breaks_become_spaces_and_what_hides_is_dropped() -> None:
    assert "Ana Action: x" == clean_text("Ana\r\nAction:\u2028 \u202e\u200bx\x00", 200)


@pytest.mark.parametrize("raw", ["", "0", "000", " ", "\u200b", "x" * 41])
def test_an_id_that_refers_to_nothing_is_refused(raw: str) -> None:
    with pytest.raises(BadValue, match="client_id"):
        read_id(raw, "client_id")


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("123.456.789-09", "12345678909"),
        ("12.ABC.345/01DE-35", "12ABC34501DE35"),  # CNPJs hold letters since July 2026
        ("12abc34501de35", "12ABC34501DE35"),
        ("", None),
        ("1234", None),
        ("MG-12.345.678", None),  # an identity card
    ],
)
def test_documents_lose_their_mask_but_not_their_letters(raw: str, expected: str | None) -> None:
    assert expected == read_document(raw)
