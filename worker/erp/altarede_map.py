"""Turns a row of AltaRede's answer into a bill, by the configured names: used, rejected, or left out."""

from datetime import date

from worker.core.enums import BillStatus
from worker.core.model import Bill
from worker.erp.altarede_answer import Row
from worker.erp.pay_lines import good_line
from worker.erp.source import ID_LIMIT, BadValue, clean_text, quoted, read_date, read_id, read_money
from worker.errors import SourceBroken, SourceRefused
from worker.source_settings import AltaRedeFields


class BillReading:
    """How this installation's rows are read."""

    def __init__(self, fields: AltaRedeFields, *, brazilian: bool) -> None:
        """`brazilian`: days are written 20/10/2026. SourceRefused when the two on statuses do not go together."""
        if bool(fields.status) != bool(fields.open_statuses):
            raise SourceRefused(
                "source.fields.status and source.fields.open_statuses need each other: set both or neither"
            )
        self._fields = fields
        self._brazilian = brazilian
        self._open = {word.strip().casefold() for word in fields.open_statuses}

    def bill_id(self, row: Row) -> str:
        """BadValue: it is no id. SourceBroken: the rows have no such field, so none of them can be told apart."""
        if self._fields.bill_id not in row:
            raise SourceBroken(
                f"a row of AltaRede's answer has no {self._fields.bill_id!r}: check source.fields.bill_id"
            )
        return read_id(row[self._fields.bill_id], self._fields.bill_id)

    def bill(self, row: Row, client_id: str) -> Bill | None:
        """None: its status is none of those owed, or nothing is open. BadValue: the row is no good.

        Nothing says that a bill is partly paid but that less than its face value is open.
        """
        fields = self._fields
        if fields.status and self._text(row, fields.status).casefold() not in self._open:
            return None
        due = self._date(self._text(row, fields.due_date))
        owed = read_money(self._text(row, fields.open_amount), fields.open_amount, comma=True)
        if not owed:
            return None
        face = read_money(self._text(row, fields.amount), fields.amount, comma=True) if fields.amount else owed
        return Bill(
            bill_id=self.bill_id(row),
            client_id=client_id,
            due_date=due,
            amount=face,
            open_amount=owed,
            status=BillStatus.PARTIAL if owed < face else BillStatus.OPEN,
            contract_id=self._contract(row),
            pay_line=good_line(self.line(row)),
        )

    def line(self, row: Row) -> str:
        """The digitable line as it came; empty where the installation has none."""
        return row.get(self._fields.pay_line, "") if self._fields.pay_line else ""

    def _text(self, row: Row, name: str) -> str:
        text = row.get(name, "").strip()
        if not text:
            raise BadValue(f"{name} is missing or empty")
        return text

    def _date(self, raw: str) -> date:
        name = self._fields.due_date
        day = read_date(raw, name)
        if ("/" in raw) != self._brazilian:
            raise BadValue(f"{name} {quoted(raw)} is not written as source.date_format says")
        return day

    def _contract(self, row: Row) -> str | None:
        if not self._fields.contract_id:
            return None
        text = clean_text(row.get(self._fields.contract_id, ""), ID_LIMIT)
        return text if text.strip("0") else None
