"""Documents of RBX become bills: dates in two spellings, suppliers left out, interest only where it is certain."""

from datetime import date
from decimal import Decimal

import pytest

from worker.core.enums import BillStatus
from worker.core.model import Bill, Rejected
from worker.erp.rbx_answer import Row
from worker.erp.rbx_bills import Days, due_readings, read_bills, with_interest

SPAN = Days(date(2026, 1, 1), date(2026, 11, 20))
OCTOBER = Days(date(2026, 10, 1), date(2026, 10, 31))
AMOUNT = Decimal("99.90")
ROW: Row = {
    "Documento": "22001",
    "Sequencia": "810001",
    "CliFor": "501",
    "Tipo": "C",
    "Historico": "Documento a Receber",
    "Vencimento": "2026-10-10",
    "Valor": "99.90",
    "ContratosVinculados": "12001",
}
BILL = Bill("22001", "501", date(2026, 10, 10), AMOUNT, AMOUNT, BillStatus.OPEN, "12001")
UNPAID: Row = {
    "id": "810001",
    "document_number": "22001",
    "due_date": "2026-10-10",
    "value_init": "99.9",
    "value_up": "102.23",
}


def _read(*rows: Row, asked: Days = OCTOBER) -> tuple[tuple[Bill, ...], tuple[Rejected, ...]]:
    return read_bills(rows, asked, SPAN)


def test_a_bill_is_read_whole() -> None:
    assert ((BILL,), ()) == _read(ROW)


@pytest.mark.parametrize(
    "changes",
    [
        {"Tipo": "F"},  # a supplier's
        {"Tipo": ""},
        {"Historico": "Previsao de Receita"},
        {"Valor": "0.00"},
    ],
)
def test_what_no_client_owes_is_left_out(changes: Row) -> None:
    assert ((), ()) == _read(ROW | changes)


@pytest.mark.parametrize(
    ("changes", "source_id", "reason"),
    [
        ({"Valor": ""}, "22001", "Valor (the amount) is empty"),
        ({"Valor": "1.234"}, "22001", "Valor (the amount) “1.234” is not an amount"),
        ({"Valor": "-1.00"}, "22001", "Valor (the amount) “-1.00” is not an amount"),
        ({"CliFor": "0"}, "22001", "CliFor is empty"),
        ({"CliFor": "x"}, "22001", "CliFor “x” is not a code"),
        ({"Documento": ""}, "", "Documento is empty"),
        ({"Vencimento": ""}, "22001", "Vencimento is empty"),
        ({"Vencimento": "2026-13-32"}, "22001", "Vencimento “2026-13-32” is not a day of the calendar"),
        ({"Vencimento": "2027-01-15"}, "22001", "Vencimento “2027-01-15” is not among the days asked for"),
        ({"Vencimento": "2026-03-04"}, "22001", "Vencimento “2026-03-04” is not among the days asked for"),
    ],
)
def test_a_bad_bill_is_rejected_with_its_reason(changes: Row, source_id: str, reason: str) -> None:
    assert ((), (Rejected("bill", source_id, reason),)) == _read(ROW | changes)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-10-10", [date(2026, 10, 10)]),
        ("2024-15-01", [date(2024, 1, 15)]),  # the official sample
        ("2026-01-15 00:00:00", [date(2026, 1, 15)]),
        ("2026-03-04", [date(2026, 3, 4), date(2026, 4, 3)]),
        ("10/11/2026", [date(2026, 11, 10)]),
    ],
)
def test_a_date_has_all_the_readings_it_may_have(written: str, expected: list[date]) -> None:
    assert expected == list(due_readings(written))


@pytest.mark.parametrize(
    ("written", "asked", "expected"),
    [
        ("2026-10-03", OCTOBER, date(2026, 10, 3)),
        ("2026-03-10", OCTOBER, date(2026, 10, 3)),  # asked for October: not the 10th of March
        ("2026-25-10", OCTOBER, date(2026, 10, 25)),
        ("2026-09-25", OCTOBER, date(2026, 9, 25)),  # beside the slice, beyond doubt and in the span
        ("2026-03-04", SPAN, date(2026, 3, 4)),  # both would do: as RBX writes nearly everywhere
    ],
)
def test_the_days_asked_for_tell_which_reading_is_right(written: str, asked: Days, expected: date) -> None:
    bills, rejected = _read(ROW | {"Vencimento": written}, asked=asked)
    assert ([expected], ()) == ([bill.due_date for bill in bills], rejected)


def test_an_answer_that_writes_the_day_second_is_read_so_throughout() -> None:
    bills, _ = _read(ROW | {"Vencimento": "2026-25-10"}, ROW | {"Vencimento": "2026-03-04"}, asked=SPAN)
    assert [date(2026, 10, 25), date(2026, 4, 3)] == [bill.due_date for bill in bills]


@pytest.mark.parametrize(
    ("written", "expected"),
    [("12001", "12001"), ("12001,12002", "12001"), ("", None), ("0", None), ("[0012003]", "12003")],
)
def test_the_contract_is_the_first_of_those_linked(written: str, expected: str | None) -> None:
    bills, _ = _read(ROW | {"ContratosVinculados": written})
    assert [expected] == [bill.contract_id for bill in bills]


@pytest.mark.parametrize("amount", ["1.234,50", "1234,50", "1234.50", "1234.5"])
def test_an_amount_may_be_written_either_way(amount: str) -> None:
    bills, _ = _read(ROW | {"Valor": amount})
    assert [Decimal("1234.50")] == [bill.open_amount for bill in bills]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "102.23"),
        ({"id": "1"}, "102.23"),  # the document number is enough
        ({"document_number": "7"}, "102.23"),  # so is Sequencia = id
        ({"document_number": "7", "id": "7"}, "102.23"),  # so is the amount, when no other bill is like it
        ({"document_number": "7", "id": "7", "value_init": "99.91"}, None),
        ({"due_date": "2026-10-11"}, None),  # the numbers agree, the bill cannot be the same
        ({"due_date": "?"}, None),
        ({"value_up": ""}, None),
        ({"value_up": "102.2345"}, None),
    ],
)
def test_interest_is_of_the_same_bill_for_certain_or_not_at_all(changes: Row, expected: str | None) -> None:
    bill = with_interest([BILL], [ROW], [UNPAID | changes])[0]
    assert (Decimal(expected) if expected else None) == bill.updated_amount


def test_two_bills_alike_get_no_interest_by_amount() -> None:
    other = Bill("22002", "501", BILL.due_date, AMOUNT, AMOUNT)
    unpaid = [UNPAID | {"id": "7", "document_number": "7"}]
    assert [None, None] == [bill.updated_amount for bill in with_interest([BILL, other], [ROW], unpaid)]


def test_two_documents_alike_give_no_interest() -> None:
    assert with_interest([BILL], [ROW], [UNPAID, UNPAID])[0].updated_amount is None
