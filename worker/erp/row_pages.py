"""Rows of the two tables become what a `BillSource` hands out: pages, fates, types, a client's open bills."""

import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final, Never

from worker.core.enums import Fate
from worker.core.model import Bill, Client, Rejected
from worker.erp.csv_rows import BILLS, Row, read_bill, read_client, read_fate
from worker.erp.pay_lines import bad_lines
from worker.erp.seen_ids import SeenIds
from worker.erp.source import ID_LIMIT, BadValue, Reading, clean_text, read_id
from worker.errors import SourceLacks
from worker.ports import Can, ClientType, Page

ROWS_PER_PAGE: Final = 500
TABLES_CAN: Final = frozenset((Can.CLIENT_TYPES, Can.OPEN_NOW, Can.FATES))

Line = tuple[str, Row | BadValue]  # where it stands, for Rejected.source_id; the row, or why it is none
Batch = list[Line]


def client_pages(batches: Iterable[Batch], reading: Reading) -> Iterator[Page[Client]]:
    """One page a batch. Of two rows with one id the second is rejected."""
    seen = SeenIds()
    for lines in batches:
        good: list[Client] = []
        rejected: list[Rejected] = []
        for where, row in lines:
            try:
                read = read_client(_good(row), seen, reading)
            except BadValue as reason:
                rejected.append(Rejected("client", where, str(reason), _id_of(row)))
                continue
            if read.client:
                good.append(read.client)
            rejected += [Rejected(kind, where, reason) for kind, reason in read.bad]
        yield Page(tuple(good), tuple(rejected))


def bill_pages(batches: Iterable[Batch], due_from: date, due_until: date) -> Iterator[Page[Bill]]:
    """One page a batch; settled bills are left out. Of two rows with one id the second is rejected."""
    seen = SeenIds()
    for lines in batches:
        good: list[Bill] = []
        rejected: list[Rejected] = []
        for where, row in lines:
            try:
                bill = read_bill(_good(row), seen)
            except BadValue as reason:
                rejected.append(Rejected("bill", where, str(reason), _id_of(row)))
                continue
            if bill and due_from <= bill.due_date <= due_until:
                good.append(bill)
                rejected += bad_lines([(bill, _good(row).get("pay_line", ""))], "pay_line")
        yield Page(tuple(good), tuple(rejected))


def fates_of(batches: Iterable[Batch], wanted: set[str], due_from: date, due_until: date) -> dict[str, Fate]:
    """By bill id. Of two rows with one id the first counts; a row that cannot be read says nothing."""
    met: set[str] = set()
    fates: dict[str, Fate] = {}
    for lines in batches:
        for _, row in lines:
            try:
                bill_id = read_id(_good(row)["id"], "id")
                if bill_id in wanted and bill_id not in met:
                    met.add(bill_id)
                    fates[bill_id] = read_fate(_good(row), due_from, due_until)
            except BadValue:
                continue
    return fates


def type_names(words: Iterable[str]) -> tuple[ClientType, ...]:
    """The different words of the column `type`; each is its own id."""
    names = {clean_text(word, ID_LIMIT) for word in words}
    return tuple(ClientType(name, name) for name in sorted(names - {""}))


def no_contracts(kind: str) -> Never:
    raise SourceLacks(
        f"a source of type {kind} has no contracts: use one of type ixc or rbx where they are needed"
    )


class OpenBills:
    """Every open bill of one whole listing by client, kept as text: a hundred thousand take about 20 MB."""

    def __init__(self, batches: Iterable[Batch]) -> None:
        self._rows: dict[str, str] = {}
        seen = SeenIds()
        for lines in batches:
            for _, row in lines:
                self._add(row, seen)

    def _add(self, row: Row | BadValue, seen: SeenIds) -> None:
        try:
            bill = read_bill(_good(row), seen)
        except BadValue:
            return
        if bill:
            text = json.dumps([_good(row).get(column, "") for column in BILLS.all])
            before = self._rows.get(bill.client_id)
            self._rows[bill.client_id] = text if before is None else f"{before}\n{text}"

    def of(self, client_id: str, due_from: date, due_until: date) -> tuple[Bill, ...]:
        rows = [json.loads(text) for text in self._rows.get(client_id, "").splitlines()]
        batch: Batch = [("", dict(zip(BILLS.all, row, strict=True))) for row in rows]
        return tuple(bill for page in bill_pages([batch], due_from, due_until) for bill in page.rows)


def _good(row: Row | BadValue) -> Row:
    if isinstance(row, BadValue):
        raise row
    return row


def _id_of(row: Row | BadValue) -> str:
    """The id of a row that is no good otherwise; empty when that cannot be read either."""
    try:
        return read_id(row.row_id if isinstance(row, BadValue) else row.get("id", ""), "id")
    except BadValue:
        return ""
