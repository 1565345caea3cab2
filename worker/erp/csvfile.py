"""Two CSV files as a source of clients and bills, for systems that can only export.

clients: id;name;person;document;type;neighbourhood;phone1;phone2;phone3
bills:   id;client_id;due_date;amount;open_amount;status;contract_id
"""

import csv
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Final, TextIO

from worker.core.model import Bill, Client, Rejected
from worker.erp.csv_rows import BILLS, CLIENTS, Columns, Row, read_bill, read_client
from worker.erp.source import ID_LIMIT, BadValue, clean_text
from worker.errors import SourceBroken, SourceRefused, SourceUnavailable
from worker.ports import ClientType, Page
from worker.settings import CsvSource

ROWS_PER_PAGE: Final = 500

Line = tuple[int, Row | None]  # line number, and the row unless it has the wrong number of fields


class CsvFiles:
    """A `worker.ports.BillSource` over two files, which are opened anew at every question."""

    def __init__(
        self, source: CsvSource, *, default_ddd: str = "", sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """`sleep` is not needed by files; every adapter is opened alike."""
        del sleep
        self._source = source
        self._default_ddd = default_ddd

    def clients(self) -> Iterator[Page[Client]]:
        """Natural persons; the others are left out. Of two rows with one id the second is rejected."""
        known: set[str] = set()
        for lines in self._pages(self._source.clients, CLIENTS):
            good: list[Client] = []
            rejected: list[Rejected] = []
            for number, row in lines:
                try:
                    client, bad = read_client(_whole(row), known, default_ddd=self._default_ddd)
                except BadValue as reason:
                    rejected.append(_rejected("client", number, reason))
                    continue
                good += [client] if client else []
                rejected += [_rejected("phone", number, reason) for reason in bad]
            yield Page(tuple(good), tuple(rejected))

    def bills(self, due_from: date, due_until: date) -> Iterator[Page[Bill]]:
        """Paid and cancelled bills are left out. Of two rows with one id the second is rejected."""
        known: set[str] = set()
        for lines in self._pages(self._source.bills, BILLS):
            good: list[Bill] = []
            rejected: list[Rejected] = []
            for number, row in lines:
                try:
                    bill = read_bill(_whole(row), known)
                except BadValue as reason:
                    rejected.append(_rejected("bill", number, reason))
                    continue
                good += [bill] if bill and due_from <= bill.due_date <= due_until else []
            yield Page(tuple(good), tuple(rejected))

    def client_types(self) -> tuple[ClientType, ...]:
        """The different words of the column `type`; each is its own id."""
        lines = (line for page in self._pages(self._source.clients, CLIENTS) for line in page)
        names = {clean_text(row.get("type", ""), ID_LIMIT) for _, row in lines if row}
        return tuple(ClientType(name, name) for name in sorted(names - {""}))

    def probe(self) -> str:
        for path, columns in ((self._source.clients, CLIENTS), (self._source.bills, BILLS)):
            with self._reading(path) as file:
                self._header(self._lines(file, path), path, columns)
        return f"{self._source.clients.name} and {self._source.bills.name} can be read and have the columns needed"

    def _pages(self, path: Path, columns: Columns) -> Iterator[list[Line]]:
        with self._reading(path) as file:
            lines = self._lines(file, path)
            header = self._header(lines, path, columns)
            page: list[Line] = []
            for number, fields in lines:
                if any(field.strip() for field in fields):
                    row = dict(zip(header, fields, strict=True)) if len(fields) == len(header) else None
                    page.append((number, row))
                if len(page) == ROWS_PER_PAGE:
                    yield page
                    page = []
            yield page

    def _lines(self, file: TextIO, path: Path) -> Iterator[tuple[int, list[str]]]:
        """Each row with the number of its last line. Strict: a stray quotation mark must not swallow rows."""
        reader = csv.reader(file, delimiter=self._source.delimiter, strict=True)
        try:
            for fields in reader:
                yield reader.line_num, fields
        except UnicodeError:
            raise SourceBroken(
                f"{path} is not written in {self._source.encoding}: set source.encoding (often cp1252)"
            ) from None
        except csv.Error as error:
            raise SourceBroken(
                f"{path}, line {reader.line_num}: {error}; check the quotation marks there"
            ) from None

    @contextmanager
    def _reading(self, path: Path) -> Iterator[TextIO]:
        """The open file. A file that changes while it is read is not a whole answer."""
        try:
            file = path.open(encoding=self._source.encoding, newline="")
        except FileNotFoundError:
            raise SourceUnavailable(f"{path} is not there: check source.clients and source.bills") from None
        except LookupError:
            raise SourceRefused(f"source.encoding {self._source.encoding!r} is not a known encoding") from None
        except OSError as error:
            raise SourceRefused(f"{path} cannot be read ({error.strerror}): check its rights") from None
        with file:
            before = os.fstat(file.fileno())
            yield file
            after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise SourceBroken(f"{path} was changed while it was read: write it aside and rename it into place")

    def _header(self, lines: Iterator[tuple[int, list[str]]], path: Path, columns: Columns) -> list[str]:
        """Names of the columns, in order. SourceBroken naming the first one that is missing or there twice."""
        header = [name.strip().casefold() for name in next(lines, (0, []))[1]]
        if not any(header):
            raise SourceBroken(f"{path} is empty: its first line must name the columns")
        for name in columns.required:
            if name not in header:
                raise SourceBroken(
                    f"{path} has no column {name}: name it in the first line, and check source.delimiter "
                    f"({self._source.delimiter!r})"
                )
        for name in (*columns.required, *columns.optional):
            if header.count(name) > 1:
                raise SourceBroken(f"{path} has the column {name} twice: leave one of them")
        return header


def _whole(row: Row | None) -> Row:
    if row is None:
        raise BadValue("it has more or fewer fields than the first line names")
    return row


def _rejected(kind: str, number: int, reason: BadValue | str) -> Rejected:
    return Rejected(kind, f"line {number}", str(reason))
