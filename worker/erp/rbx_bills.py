"""Documents of RBX as bills: which of their numbers is the id, which day they are due, what interest they bear.

`Documento` is the bill's id for its whole life: v1 writes it in the list of open documents and in that of settled
ones alike, and v2 seems to know it as `document_number`. `Sequencia` looks like v2's `id`, but nobody confirms it,
and v2's `id` is not `Documento`; so both only help to find a bill among v2's, where its due day must agree too.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Final

from worker.core.model import Bill, Rejected
from worker.erp.rbx_answer import Row, Service
from worker.erp.rbx_map import bare, read_code
from worker.erp.source import ID_LIMIT, BadValue, clean_text, quoted, read_date, read_id, read_money

OPEN: Final = Service(
    "ConsultaDocumentosAbertos",
    frozenset(
        (
            "Documento",
            "Sequencia",
            "CliFor",
            "Tipo",
            "Historico",
            "Vencimento",
            "Valor",
            "ContratosVinculados",
        )
    ),
)
_RECEIVABLE: Final = "documento a receber"
_YEAR_FIRST: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T][0-9:.]+)?")


@dataclass(frozen=True, slots=True)
class Days:
    """From the first day to the last, both included."""

    first: date
    last: date

    def __contains__(self, day: date) -> bool:
        return self.first <= day <= self.last


def bill_key(row: Row) -> str:
    """`Documento` without leading zeros if it is a number; empty when there is none."""
    text = clean_text(row.get("Documento", ""), ID_LIMIT + 1)
    return text.lstrip("0") if text.isdigit() else text


def listing_key(row: Row) -> str:
    """What may stand but once in a listing: suppliers' documents have numbers of their own."""
    number = bill_key(row)
    return f"{row.get('Tipo', '')} {number}" if number else ""


def read_bills(rows: Sequence[Row], asked: Days, span: Days) -> tuple[tuple[Bill, ...], tuple[Rejected, ...]]:
    """The bills of one answer to a question for the days `asked`, which lie in the whole `span`."""
    day_second = _writes_day_second(rows)
    read = [_read_bill(row, asked, span, day_second) for row in rows]
    return (
        tuple(each for each in read if isinstance(each, Bill)),
        tuple(each for each in read if isinstance(each, Rejected)),
    )


def _read_bill(row: Row, asked: Days, span: Days, day_second: bool) -> Bill | Rejected | None:
    """None: a supplier's document, no receivable, or nothing open. v1 knows only what is open."""
    if row.get("Tipo", "").strip().upper() != "C":
        return None
    if "Historico" in row and bare(row["Historico"]) != _RECEIVABLE:
        return None
    bill_id = bill_key(row)
    try:
        owed = read_money(row.get("Valor", ""), "Valor (the amount)", comma=True)
        if not owed:
            return None
        return Bill(
            bill_id=read_id(bill_id, "Documento"),
            client_id=read_code(row.get("CliFor", ""), "CliFor"),
            due_date=_due(row.get("Vencimento", ""), asked, span, day_second),
            amount=owed,
            open_amount=owed,
            contract_id=_first_contract(row.get("ContratosVinculados", "")),
        )
    except BadValue as reason:
        return Rejected("bill", bill_id[:ID_LIMIT], str(reason))


def due_readings(raw: str) -> tuple[date, ...]:
    """The days that a `Vencimento` may mean, the likeliest first. BadValue when there is none.

    RBX writes YYYY-MM-DD, but its official sample shows `2024-15-01`, which can only be the 15th of January.
    """
    match = _YEAR_FIRST.fullmatch(raw.strip())
    if not match:
        return (read_date(raw, "Vencimento"),)
    year, second, third = (int(part) for part in match.groups())
    days = [day for month, of_month in ((second, third), (third, second)) if (day := _day(year, month, of_month))]
    return tuple(dict.fromkeys(days)) or (read_date(raw, "Vencimento"),)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _writes_day_second(rows: Iterable[Row]) -> bool:
    """Whether an answer writes YYYY-DD-MM: some second number is no month, and every third may be one."""
    matches = [match for row in rows if (match := _YEAR_FIRST.fullmatch(row.get("Vencimento", "").strip()))]
    seconds = max((int(match[2]) for match in matches), default=0)
    thirds = max((int(match[3]) for match in matches), default=0)
    return seconds > 12 >= thirds  # months


def _due(raw: str, asked: Days, span: Days, day_second: bool) -> date:
    """The reading among the days asked for; one beside them only when it is the only one and in the span."""
    readings = due_readings(raw)
    for day in reversed(readings) if day_second else readings:
        if day in asked:
            return day
    if len(readings) == 1 and readings[0] in span:
        return readings[0]
    raise BadValue(f"Vencimento {quoted(raw)} is not among the days asked for")


def _first_contract(raw: str) -> str | None:
    """`ContratosVinculados` may name several; the first is as good as any."""
    match = re.search(r"[0-9]{1,15}", raw)
    return str(int(match[0])) if match and int(match[0]) else None


def with_interest(bills: Sequence[Bill], rows: Sequence[Row], unpaid: Sequence[Row]) -> tuple[Bill, ...]:
    """The bills with v2's `value_up` where exactly one of its documents is certainly the same one.

    By document number, else by Sequencia = id, else by amount; the due day must agree in any case, for neither
    number is confirmed. A bill that finds no partner keeps no interest.
    """
    sequences = {bill_key(row): row.get("Sequencia", "") for row in rows}
    return tuple(
        replace(bill, updated_amount=_value_up(bill, sequences.get(bill.bill_id, ""), bills, unpaid))
        for bill in bills
    )


def _value_up(bill: Bill, sequence: str, bills: Sequence[Bill], unpaid: Sequence[Row]) -> Decimal | None:
    due = [row for row in unpaid if bill.due_date in _days_of(row)]
    alike = [other for other in bills if (other.due_date, other.amount) == (bill.due_date, bill.amount)]
    found = (
        [row for row in due if bill_key({"Documento": row.get("document_number", "")}) == bill.bill_id]
        or [row for row in due if sequence and row.get("id", "") == sequence]
        or [row for row in due if _money(row.get("value_init", "")) == bill.amount and len(alike) == 1]
    )
    return _money(found[0].get("value_up", "")) if len(found) == 1 else None


def _days_of(row: Row) -> tuple[date, ...]:
    try:
        return due_readings(row.get("due_date", ""))[:1]
    except BadValue:
        return ()


def _money(raw: str) -> Decimal | None:
    try:
        return read_money(raw, "value", comma=False)
    except BadValue:
        return None
