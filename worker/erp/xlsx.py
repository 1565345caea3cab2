"""The first sheet of an XLSX file as lines of text. The file comes from outside: damage and bombs are expected."""

import re
import warnings
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, BinaryIO, Final, TypeVar, cast
from zipfile import BadZipFile, ZipFile

from openpyxl import load_workbook
from openpyxl.worksheet._read_only import ReadOnlyWorksheet
from openpyxl.worksheet.worksheet import Worksheet

from worker.erp.cells import cell_text
from worker.erp.source import BadValue
from worker.erp.tablefile import Lines
from worker.errors import SourceBroken, SourceError, SourceRefused

UNPACKED_LIMIT: Final = 512 * 1024 * 1024  # zipfile reads no more of a part than the file declares
RATIO_LIMIT: Final = 200  # sheets shrink to a tenth or a thirtieth; a bomb to a thousandth
RATIO_FROM: Final = 32 * 1024 * 1024  # what is smaller may be packed as tightly as it likes
LAST_ROW: Final = 1_048_576  # of the format

_ROWS_AT_ONCE: Final = 500
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # how an .xls begins, and an .xlsx with a password
_ROW_OR_FORMULA: Final = re.compile(rb'<(?:\w+:)?(?:row\b[^>]*?\sr="(\d+)"|(f)[\s/>])')
_NOT_CALCULATED: Final = BadValue(
    "holds a formula that was never calculated: save the file in a spreadsheet program"
)

Values = tuple[object, ...]
Part = TypeVar("Part")


def sheet_lines(file: BinaryIO, path: Path) -> Lines:
    """Number and fields of each row, blank ones too; every row is as wide as the first, unless it holds more.

    SourceBroken when the file is damaged or a bomb, SourceRefused when it has a password.
    """
    has_formulas = _survey(file, path)
    rows = _calculated_rows(file, path) if has_formulas else _rows(file, path)
    width = 0
    with closing(rows):
        for number, values in enumerate(rows, 1):
            fields = [cell_text(value) for value in values]
            while fields and fields[-1] == "":
                fields.pop()
            width = width or len(fields)
            yield number, fields + [""] * (width - len(fields))


def _rows(file: BinaryIO, path: Path) -> Generator[Values, None, None]:
    with _sheet(file, path, data_only=True) as sheet:
        yield from _in_parts(sheet.iter_rows(values_only=True), path)


def _calculated_rows(file: BinaryIO, path: Path) -> Generator[Values, None, None]:
    """openpyxl gives either formulas or their values: a formula without value shows only beside the other."""
    with (
        _sheet(file, path, data_only=True) as sheet,
        _sheet(file, path, data_only=False) as formulas,
    ):
        pairs = zip(sheet.iter_rows(), formulas.iter_rows(values_only=True), strict=True)
        for cells, said in _in_parts(pairs, path):
            yield tuple(
                # a formula that came to an empty text has the type "str"
                _NOT_CALCULATED
                if cell.value is None and text is not None and cell.data_type == "n"
                else cell.value
                for cell, text in zip(cells, said, strict=True)
            )


def _in_parts(rows: Iterator[Part], path: Path) -> Iterator[Part]:
    """No foreign code runs while the caller has the row: warnings are silent only in between."""
    while True:
        with _sound(path):
            part = list(islice(rows, _ROWS_AT_ONCE))
        if not part:
            return
        yield from part


@contextmanager
def _sheet(file: BinaryIO, path: Path, *, data_only: bool) -> Iterator[Worksheet]:
    with _sound(path):
        book = load_workbook(file, read_only=True, data_only=data_only, keep_links=False)
    try:
        if not book.worksheets:
            raise SourceBroken(f"{path} has no sheet: put the table into the first one")
        sheet = book.worksheets[0]
        if isinstance(sheet, ReadOnlyWorksheet):
            sheet.reset_dimensions()  # some programs write a wrong size, and cells outside it would be lost
        yield cast("Worksheet", sheet)  # it has the same methods for reading
    finally:
        book.close()


@contextmanager
def _sound(path: Path) -> Iterator[None]:
    """openpyxl warns of what it does not know (styles, extensions) and, over damage, raises whatever it meets."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (SourceError, OSError):
        raise
    except Exception as error:
        raise SourceBroken(
            f"{path} is damaged ({type(error).__name__}): save it anew in a spreadsheet program"
        ) from None


def _survey(file: BinaryIO, path: Path) -> bool:
    """Whether any sheet has formulas. Raises what is wrong with the file as a whole."""
    if file.read(len(_OLE)) == _OLE:
        raise _locked(path)
    try:
        archive = ZipFile(file)
    except BadZipFile:
        raise SourceBroken(
            f"{path} is not a whole .xlsx file: export it again, or name it .csv if it is text"
        ) from None
    with archive:
        parts = archive.infolist()
        if any(part.flag_bits & 1 for part in parts):
            raise _locked(path)
        unpacked = sum(part.file_size for part in parts)
        packed = sum(part.compress_size for part in parts)
        if unpacked > UNPACKED_LIMIT or (unpacked > RATIO_FROM and unpacked > RATIO_LIMIT * packed):
            raise SourceBroken(
                f"{path} unpacks to {unpacked // 2**20} MB, too much for a table: export it as .csv"
            )
        formulas = False
        with _sound(path):
            for part in parts:
                if "worksheets/" in part.filename and part.filename.endswith(".xml"):
                    with archive.open(part) as sheet:
                        formulas = _survey_sheet(sheet, path) or formulas
        return formulas


def _survey_sheet(sheet: IO[bytes], path: Path) -> bool:
    """Whether it has formulas. Rows out of order are damage: openpyxl would leave them out without a word."""
    last, formulas, rest = 0, False, b""
    while chunk := sheet.read(1 << 20):
        whole, mark, tail = (rest + chunk).rpartition(b"<")
        rest = mark + tail
        for row, formula in _ROW_OR_FORMULA.findall(whole):
            formulas = formulas or bool(formula)
            if row:
                number = int(row[:20])
                if not last < number <= LAST_ROW:
                    raise SourceBroken(
                        f"{path} has rows out of order at {number}: save it in a spreadsheet program"
                    )
                last = number
    return formulas


def _locked(path: Path) -> SourceRefused:
    return SourceRefused(f"{path} has a password or is an old .xls: save it as .xlsx without a password")
