"""Two views in a provider's own MySQL or MariaDB as a source of clients and bills; columns as of the CSV files."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Final

from worker.core.billing import BillKey, Contract
from worker.core.enums import Fate
from worker.core.model import Bill, Client
from worker.erp.cells import Field
from worker.erp.csv_rows import BILLS, CLIENTS, Columns
from worker.erp.mysql_read import MySqlServer, Snapshot
from worker.erp.row_pages import (
    TABLES_CAN,
    Batch,
    Line,
    bill_pages,
    client_pages,
    fates_of,
    no_contracts,
    type_names,
)
from worker.erp.source import ID_LIMIT, USUAL, BadValue, Reading, clean_text
from worker.ports import Can, ClientType, Page
from worker.source_settings import SqlSource

IDS_AT_ONCE: Final = 500


class SqlViews:
    """A `worker.ports.BillSource`. Each question is one connection and one read-only snapshot; nothing is kept.

    The views should also hold settled bills: without them the fate of a bill that was paid is not known.
    """

    def __init__(
        self, source: SqlSource, reading: Reading = USUAL, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """`sleep` is not needed: nothing is asked twice. SourceRefused when the line would be open to others."""
        del sleep
        self._source = source
        self._reading = reading
        self._server = MySqlServer(source)

    @property
    def can(self) -> frozenset[Can]:
        return TABLES_CAN

    def clients(self) -> Iterator[Page[Client]]:
        """Of two rows with one id the second is rejected."""
        with self._server.snapshot() as snapshot:
            batches = _batches(snapshot, self._source.clients_view, CLIENTS)
            yield from client_pages(batches, self._reading)

    def bills(self, due_from: date, due_until: date) -> Iterator[Page[Bill]]:
        """All rows are read, whatever their day: the column may be text, which the server cannot compare."""
        with self._server.snapshot() as snapshot:
            yield from bill_pages(_batches(snapshot, self._source.bills_view, BILLS), due_from, due_until)

    def contracts(self) -> Iterator[Page[Contract]]:
        no_contracts(self._source.type)

    def client_types(self) -> tuple[ClientType, ...]:
        """The different words of the column `type`, none when there is no such column; each is its own id."""
        view = self._source.clients_view
        with self._server.snapshot() as snapshot:
            if "type" not in snapshot.columns(view, CLIENTS):
                return ()
            words = (row[0] for rows in snapshot.rows(view, ("type",)) for row in rows)
            return type_names(word for word in words if not isinstance(word, BadValue))

    def open_now(self, client_id: str, due_from: date, due_until: date) -> tuple[Bill, ...]:
        with self._server.snapshot() as snapshot:
            batches = _batches(snapshot, self._source.bills_view, BILLS, "client_id", (client_id,))
            bills = [bill for page in bill_pages(batches, due_from, due_until) for bill in page.rows]
        # The server may hold ids for one that differ in case or accents.
        return tuple(bill for bill in bills if bill.client_id == client_id)

    def fates(self, gone: Sequence[BillKey], due_from: date, due_until: date) -> dict[str, Fate]:
        wanted = sorted({key.bill_id for key in gone})
        fates: dict[str, Fate] = {}
        if not wanted:
            return fates
        with self._server.snapshot() as snapshot:
            for start in range(0, len(wanted), IDS_AT_ONCE):
                part = wanted[start : start + IDS_AT_ONCE]
                batches = _batches(snapshot, self._source.bills_view, BILLS, "id", part)
                fates |= fates_of(batches, set(part), due_from, due_until)
        return fates

    def probe(self) -> str:
        clients, bills = self._source.clients_view, self._source.bills_view
        with self._server.snapshot() as snapshot:
            snapshot.columns(clients, CLIENTS)
            snapshot.columns(bills, BILLS)
        return f"{self._server.name} answers, and its views {clients} and {bills} have the columns needed"


def _batches(
    snapshot: Snapshot, view: str, columns: Columns, key: str = "", values: Sequence[str] = ()
) -> Iterator[Batch]:
    names = snapshot.columns(view, columns)
    number = 0
    for rows in snapshot.rows(view, names, key, values):
        yield [_line(number + place, names, row) for place, row in enumerate(rows, 1)]
        number += len(rows)


def _line(number: int, names: Sequence[str], fields: Sequence[Field]) -> Line:
    """A row is told by its id where it has one, else by its place in the answer."""
    key = fields[names.index("id")]
    where = clean_text(key, ID_LIMIT) if isinstance(key, str) else ""
    row: dict[str, str] = {}
    for name, field in zip(names, fields, strict=True):
        if isinstance(field, BadValue):
            return where or f"row {number}", BadValue(f"{name} {field}", where)
        row[name] = field
    return where or f"row {number}", row
