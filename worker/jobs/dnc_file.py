"""A list of somebody's as a CSV file: looked at whole before a row is handed out, and read as often as needed."""

import codecs
import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from worker.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable

LINE_LIMIT: Final = 65_536  # bytes; a line of such a list has a hundred
_WIDE_BOMS: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_Version = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class ListFile:
    """A file that is text throughout. Made by `look_at`."""

    path: Path
    encoding: str
    delimiter: str
    version: _Version  # changes when the file does

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Number of the last line, and the fields; blank rows are passed over. SourceBroken where it is no CSV."""
        with _opened(self.path) as file:
            self._same(file)
            reader = csv.reader(_lines(file, self.path, self.encoding), delimiter=self.delimiter, strict=True)
            done = 0
            try:
                for fields in reader:
                    done = reader.line_num
                    if any(field.strip() for field in fields):
                        yield done, fields
            except csv.Error:
                raise SourceBroken(
                    f"{self.path}, line {done + 1}: a quotation mark is out of place or never closed, "
                    "or the line ends in a bare carriage return; mend it there"
                ) from None
            self._same(file)

    def _same(self, file: BinaryIO) -> None:
        if _version(file) != self.version:
            raise SourceBroken(
                f"{self.path} was changed while it was read: write it aside and rename it into place"
            )


def look_at(path: Path) -> ListFile:
    """Read to the end once. A SourceError when it is not there, empty, or no text in lines."""
    with _opened(path) as file:
        version = _version(file)
        first, encoding = b"", "utf-8"
        for number, line in _raw_lines(file, path):
            _refuse_nul(line, number, path)
            first = first or line.strip()
            if encoding == "utf-8":
                try:
                    line.decode()
                except UnicodeDecodeError:
                    encoding = "cp1252"
    if not first.removeprefix(codecs.BOM_UTF8):
        raise SourceBroken(f"{path} is empty: nothing was changed")
    delimiter = next((mark for mark in ";\t," if mark.encode() in first), ";")
    return ListFile(path, encoding, delimiter, version)


def _raw_lines(file: BinaryIO, path: Path) -> Iterator[tuple[int, bytes]]:
    if file.read(4).startswith(_WIDE_BOMS):
        raise SourceBroken(f"{path} is written in UTF-16 or UTF-32: save it as CSV in UTF-8")
    file.seek(0)
    number = 0
    try:
        while line := file.readline(LINE_LIMIT + 1):
            number += 1
            if len(line) > LINE_LIMIT:
                raise SourceBroken(
                    f"{path}, line {number}: longer than {LINE_LIMIT} bytes, so this is no list; look there"
                )
            yield number, line
    except OSError as error:
        raise SourceUnavailable(
            f"{path} could not be read to its end ({error.strerror}): check the disk"
        ) from None


def _refuse_nul(line: bytes, number: int, path: Path) -> None:
    if b"\0" in line:
        raise SourceBroken(
            f"{path}, line {number}: holds a zero byte, so it is no text: save the list as CSV in UTF-8"
        )


def _lines(file: BinaryIO, path: Path, encoding: str) -> Iterator[str]:
    for number, line in _raw_lines(file, path):
        bare = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
        try:
            yield bare.decode(encoding)
        except UnicodeDecodeError:
            raise SourceBroken(
                f"{path}, line {number}: neither UTF-8 nor Windows-1252: save the list as CSV in UTF-8"
            ) from None


def _opened(path: Path) -> BinaryIO:
    try:
        if not path.is_file() and path.exists():
            raise SourceRefused(f"{path} is not a file: name the CSV file itself")
        return path.open("rb")
    except OSError as error:
        raise _cannot(path, error) from None


def _cannot(path: Path, error: OSError) -> SourceError:
    if isinstance(error, FileNotFoundError):
        return SourceUnavailable(f"{path} is not there: correct the file's name")
    return SourceRefused(f"{path} cannot be read ({error.strerror}): check its rights")


def _version(file: BinaryIO) -> _Version:
    status = os.fstat(file.fileno())
    return status.st_ino, status.st_size, status.st_mtime_ns
