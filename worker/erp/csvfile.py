"""Two files, CSV or XLSX, as a source of clients and bills, for systems that can only export.

clients: id;name;person;phone1[;document;type;neighbourhood;phone2;phone3;city;state;active;collect]
bills:   id;client_id;due_date;amount;open_amount;status[;contract_id;updated_amount;pay_line]
"""

import csv
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from io import TextIOWrapper
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from worker.core.billing import BillKey, Contract
from worker.core.enums import Fate
from worker.core.model import Bill, Client
from worker.erp.csv_rows import BILLS, CLIENTS, Columns
from worker.erp.row_pages import (
    TABLES_CAN,
    Batch,
    OpenBills,
    bill_pages,
    client_pages,
    fates_of,
    no_contracts,
    type_names,
)
from worker.erp.source import USUAL, BadValue, Reading
from worker.erp.tablefile import Lines, Version, batches_of, header_of, opened, version_of
from worker.erp.xlsx import sheet_lines
from worker.errors import SourceBroken, SourceRefused
from worker.ports import Can, ClientType, Page
from worker.source_settings import CsvSource


class CsvFiles:
    """A `worker.ports.BillSource` over two files, which are opened anew at every question.

    Only `open_now` keeps something: the open bills of the last version of the file it has seen.
    """

    def __init__(
        self, source: CsvSource, reading: Reading = USUAL, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """`sleep` is not needed by files; every adapter is opened alike."""
        del sleep
        self._source = source
        self._reading = reading
        self._lock = Lock()
        self._open: tuple[Version, OpenBills] | None = None

    @property
    def can(self) -> frozenset[Can]:
        return TABLES_CAN

    def clients(self) -> Iterator[Page[Client]]:
        """Of two rows with one id the second is rejected."""
        yield from client_pages(self._batches(self._source.clients, CLIENTS), self._reading)

    def bills(self, due_from: date, due_until: date) -> Iterator[Page[Bill]]:
        """Of two rows with one id the second is rejected."""
        yield from bill_pages(self._batches(self._source.bills, BILLS), due_from, due_until)

    def contracts(self) -> Iterator[Page[Contract]]:
        no_contracts(self._source.type)

    def client_types(self) -> tuple[ClientType, ...]:
        """The different words of the column `type`; each is its own id."""
        lines = (line for batch in self._batches(self._source.clients, CLIENTS) for line in batch)
        return type_names(row.get("type", "") for _, row in lines if not isinstance(row, BadValue))

    def open_now(self, client_id: str, due_from: date, due_until: date) -> tuple[Bill, ...]:
        """The file is read again only when it has changed."""
        with self._lock:
            if self._open is None or self._open[0] != version_of(self._source.bills):
                self._open = None  # two versions at once would take twice the memory
                with self._table(self._source.bills, BILLS) as (version, _, batches):
                    bills = OpenBills(batches)
                self._open = version, bills  # after the file is known not to have changed while it was read
            return self._open[1].of(client_id, due_from, due_until)

    def fates(self, gone: Sequence[BillKey], due_from: date, due_until: date) -> dict[str, Fate]:
        wanted = {key.bill_id for key in gone}
        return fates_of(self._batches(self._source.bills, BILLS), wanted, due_from, due_until) if wanted else {}

    def probe(self) -> str:
        for path, columns in ((self._source.clients, CLIENTS), (self._source.bills, BILLS)):
            with self._table(path, columns):
                pass
        return f"{self._source.clients.name} and {self._source.bills.name} can be read and have the columns needed"

    def _batches(self, path: Path, columns: Columns) -> Iterator[Batch]:
        with self._table(path, columns) as (_, _, batches):
            yield from batches

    @contextmanager
    def _table(self, path: Path, columns: Columns) -> Iterator[tuple[Version, list[str], Iterator[Batch]]]:
        """Version and header of the file, and its rows."""
        with opened(path) as (file, version):
            if path.suffix.casefold() == ".xlsx":
                lines, hint = sheet_lines(file, path), " of the first sheet"
            else:
                lines, hint = (
                    self._csv_lines(file, path),
                    f", and check source.delimiter ({self._source.delimiter!r})",
                )
            try:
                header = header_of(lines, path, columns, hint)
                yield version, header, batches_of(lines, header, columns)
            finally:
                lines.close()

    def _csv_lines(self, file: BinaryIO, path: Path) -> Lines:
        """Each row with the number of its last line. Strict: a stray quotation mark must not swallow rows."""
        try:
            text = TextIOWrapper(file, encoding=self._source.encoding, newline="")
        except LookupError:
            raise SourceRefused(f"source.encoding {self._source.encoding!r} is not a known encoding") from None
        reader = csv.reader(text, delimiter=self._source.delimiter, strict=True)
        try:
            for fields in reader:
                yield reader.line_num, list(fields)
        except UnicodeError:
            raise SourceBroken(
                f"{path} is not written in {self._source.encoding}: set source.encoding (often cp1252)"
            ) from None
        except csv.Error as error:
            raise SourceBroken(
                f"{path}, line {reader.line_num}: {error}; check the quotation marks there"
            ) from None
        finally:
            text.detach()  # else it would close the file, which is looked at once more after reading
