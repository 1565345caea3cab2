"""A file that holds a table with a header line: opened, watched while it is read, its columns found."""

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from worker.erp.cells import Field
from worker.erp.csv_rows import Columns, Row
from worker.erp.row_pages import ROWS_PER_PAGE, Batch
from worker.erp.source import BadValue
from worker.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable

Lines = Generator[tuple[int, list[Field]], None, None]  # number of the line, its fields


@dataclass(frozen=True, slots=True)
class Version:
    """Tells one content of a file from the next."""

    inode: int
    size: int
    changed_ns: int


def version_of(path: Path) -> Version:
    try:
        return _version(path.stat())
    except OSError as error:
        raise _cannot(path, error) from None


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, Version]]:
    """The open file. A file that changes while it is read is not a whole answer."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise _cannot(path, error) from None
    with file:
        before = _version(os.fstat(file.fileno()))
        try:
            yield file, before
        except OSError as error:
            raise SourceUnavailable(
                f"{path} could not be read to its end ({error.strerror}): check the disk or share it lies on"
            ) from None
        after = _version(os.fstat(file.fileno()))
    if before != after:
        raise SourceBroken(f"{path} was changed while it was read: write it aside and rename it into place")


def header_of(lines: Lines, path: Path, columns: Columns, hint: str) -> list[str]:
    """Names of the columns, in order. SourceBroken naming the first one that is missing or there twice.

    `hint` ends the sentence on a missing column.
    """
    _, first = next(lines, (0, []))
    header = ["" if isinstance(name, BadValue) else name.strip().casefold() for name in first]
    if not any(header):
        raise SourceBroken(f"{path} is empty: its first line must name the columns")
    for name in columns.required:
        if name not in header:
            raise SourceBroken(f"{path} has no column {name}: name it in the first line{hint}")
    for name in columns.all:
        if header.count(name) > 1:
            raise SourceBroken(f"{path} has the column {name} twice: leave one of them")
    return header


def batches_of(lines: Lines, header: list[str], columns: Columns) -> Iterator[Batch]:
    """The rows after the header; blank lines are passed over. The last batch may be empty."""
    places = [(header.index(name), name) for name in columns.all if name in header]
    batch: Batch = []
    for number, fields in lines:
        if any(isinstance(field, BadValue) or field.strip() for field in fields):
            batch.append((f"line {number}", _row(fields, len(header), places)))
        if len(batch) == ROWS_PER_PAGE:
            yield batch
            batch = []
    yield batch


def _id_of(fields: list[Field], places: list[tuple[int, str]]) -> str:
    found = (fields[place] for place, name in places if name == "id")
    return next((field.strip() for field in found if isinstance(field, str)), "")


def _row(fields: list[Field], width: int, places: list[tuple[int, str]]) -> Row | BadValue:
    if len(fields) != width:
        return BadValue("it has more or fewer fields than the first line names")
    row: Row = {}
    for place, name in places:
        field = fields[place]
        if isinstance(field, BadValue):
            return BadValue(f"{name} {field}", _id_of(fields, places))
        row[name] = field
    return row


def _version(status: os.stat_result) -> Version:
    return Version(status.st_ino, status.st_size, status.st_mtime_ns)


def _cannot(path: Path, error: OSError) -> SourceError:
    if isinstance(error, FileNotFoundError):
        return SourceUnavailable(f"{path} is not there: check source.clients and source.bills")
    return SourceRefused(f"{path} cannot be read ({error.strerror}): check its rights")
