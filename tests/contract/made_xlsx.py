"""The same source over two .xlsx files, cells as Excel makes them: days, and numbers of what looks like one."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from tests.contract.erp_world import Erp
from tests.contract.made_csv import BAD_CLIENT, Table, bad_bill, read_table
from tests.lab.invented import World, write_csv
from worker.erp.csvfile import CsvFiles
from worker.erp.source import Reading, read_date, read_money
from worker.source_settings import CsvSource

SHEET = "xl/worksheets/sheet1.xml"


def write_sheet(path: Path) -> Callable[[Table], None]:
    def write(table: Table) -> None:
        book = Workbook(write_only=True)
        sheet = book.create_sheet("Tabela")
        sheet.append(table.header)
        for row in table.rows:
            sheet.append([_cell(sheet, name, text) for name, text in zip(table.header, row, strict=True)])
        aside = path.with_suffix(".new")
        book.save(aside)
        aside.rename(path)

    return write


def _cell(sheet: object, name: str, text: str) -> object:
    """Excel makes numbers of what looks like one; a text that begins with = stays a text here."""
    if name == "due_date":
        return read_date(text, name)
    if name in ("amount", "open_amount") and re.search("[0-9]", text):
        return float(read_money(text, name, comma=True))
    if name == "id" or (name.startswith("phone") and text.isdigit()):
        return float(text) if len(text) % 2 else int(text)
    cell = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", text))  # type: ignore[arg-type]  # any sheet will do
    cell.data_type = "s"
    return cell


def rewrite_part(path: Path, change: Callable[[bytes], bytes], name: str = SHEET) -> None:
    """The same file with one part of it changed."""
    with ZipFile(path) as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for part, content in parts.items():
            archive.writestr(part, change(content) if part == name else content)


def made(world: World, folder: Path) -> Iterator[Erp]:
    files = {path.stem: path for path in write_csv(world, folder)}
    tables = {}
    for name, path in files.items():
        tables[name] = read_table(path, write_sheet(path.with_suffix(".xlsx")))
        tables[name].write(tables[name])
    bills_file = folder / "bills.xlsx"
    settings = CsvSource.model_validate({"type": "csv", "clients": folder / "clients.xlsx", "bills": bills_file})
    bills = tables["bills"]

    yield Erp(
        source=CsvFiles(settings, Reading("11"), sleep=lambda _: None),
        add_bad_bill=lambda: bills.add(**bad_bill(world)),
        add_bad_client=lambda: tables["clients"].add(**BAD_CLIENT),
        break_bills=lambda: rewrite_part(bills_file, lambda xml: xml[: len(xml) * 9 // 10]),
        pay=lambda key: bills.settle(key, "Pago"),
        cancel=lambda key: bills.settle(key, "cancelado"),
    )


def sheet_file(path: Path, *rows: tuple[str | float | bool | date | None, ...]) -> Path:
    """A small file, its cells as they come."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path
