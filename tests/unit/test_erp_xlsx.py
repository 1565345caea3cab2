"""XLSX files: what Excel makes of ids, numbers and days, and files that are damaged, locked or bombs."""

import os
import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import pytest
from openpyxl import Workbook

from tests.contract.made_xlsx import SHEET, rewrite_part, sheet_file
from worker.core.enums import BillStatus
from worker.core.model import Bill, Client, Rejected
from worker.erp import xlsx
from worker.erp.cells import cell_text
from worker.erp.csvfile import CsvFiles
from worker.erp.source import BadValue, Reading
from worker.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from worker.source_settings import CsvSource

CLIENTS = ("id", "name", "person", "phone1", "active")
BILLS = ("id", "client_id", "due_date", "amount", "open_amount", "status")
DUE = date(2026, 10, 20)
SPAN = (date(2026, 1, 1), date(2026, 12, 31))


def _source(folder: Path) -> CsvFiles:
    files = {"clients": folder / "c.xlsx", "bills": folder / "b.XLSX"}
    return CsvFiles(CsvSource.model_validate({"type": "csv", **files}), Reading("11"))


@pytest.fixture
def source(tmp_path: Path) -> CsvFiles:
    """One client and one bill."""
    sheet_file(tmp_path / "c.xlsx", CLIENTS, (5, "Ana", "F", 11987654321, True))
    sheet_file(tmp_path / "b.XLSX", BILLS, (1, 5, DUE, 10, 10, "open"))
    return _source(tmp_path)


def _bills(source: CsvFiles) -> tuple[list[Bill], list[Rejected]]:
    pages = list(source.bills(*SPAN))
    return [bill for page in pages for bill in page.rows], [each for page in pages for each in page.rejected]


def _clients(source: CsvFiles) -> list[Client]:
    return [client for page in source.clients() for client in page.rows]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, ""),
        ("  as it is ", "  as it is "),
        (12, "12"),
        (12.0, "12"),  # an id that became a float
        (11987654321.0, "11987654321"),  # a telephone number, never 1.1987654321e10
        (1e3, "1000"),
        (99.9, "99.9"),
        (0.1 + 0.2, "0.3"),  # noise of a sum
        (1234567.89, "1234567.89"),
        (0.0000001, "0.0000001"),
        (9007199254740991.0, "9007199254740991"),
        (True, "true"),
        (False, "false"),
        (DUE, "2026-10-20"),
        (datetime(2026, 10, 20), "2026-10-20"),  # noqa: DTZ001  # a sheet knows no zones
        (datetime(2026, 10, 20, 13, 5), "2026-10-20 13:05:00"),  # noqa: DTZ001
    ],
)
def test_a_cell_is_told_as_a_csv_file_would_have_it(value: object, expected: str) -> None:
    assert expected == cell_text(value)


@pytest.mark.parametrize("value", ["#REF!", "#DIV/0!", float("inf"), float("nan"), timedelta(1), b"x"])
def test_what_is_no_value_is_told_with_its_reason(value: object) -> None:
    assert isinstance(cell_text(value), BadValue)


def test_a_sheet_is_read_whatever_excel_made_of_its_cells(tmp_path: Path) -> None:
    rows = ((1.0, 5.0, DUE, 1234.5, 99.90000000000001, "Parcial"), ("B-2", "5", "20/10/2026", "1.234,50", 7, "A"))
    sheet_file(tmp_path / "b.XLSX", BILLS, *rows)
    expected = [
        Bill("1", "5", DUE, Decimal("1234.50"), Decimal("99.90"), BillStatus.PARTIAL),
        Bill("B-2", "5", DUE, Decimal("1234.50"), Decimal("7.00")),
    ]
    assert (expected, []) == _bills(_source(tmp_path))


def test_clients_are_read_from_numbers_and_yes_and_no(tmp_path: Path) -> None:
    rows = ((5.0, "Ana", "F", 1.1987654321e10, True), (6, "Zé", "F", 11912345678, False), (None,) * 5)
    sheet_file(tmp_path / "c.xlsx", CLIENTS, *rows)
    found = [
        (client.client_id, [phone.number for phone in client.phones]) for client in _clients(_source(tmp_path))
    ]
    assert [("5", ["+5511987654321"])] == found


def test_an_error_in_a_cell_rejects_its_row_with_line_and_column(tmp_path: Path) -> None:
    header = ("note", *BILLS)
    rows = (("#N/A", 1, 5, DUE, 1, 1, "open"), (None, 2, 5, DUE, 1, "#REF!", "open"))
    sheet_file(tmp_path / "b.XLSX", header, *rows)
    good, rejected = _bills(_source(tmp_path))
    assert ["1"] == [bill.bill_id for bill in good]  # a column that is not ours may hold what it likes
    assert [Rejected("bill", "line 3", "open_amount holds the error “#REF!”", "2")] == rejected


def test_a_formula_counts_by_its_value_and_is_rejected_without_one(tmp_path: Path) -> None:
    formula = "=1+1"
    rows = [(number, 5, DUE, 2, formula, "open", formula) for number in (1, 2, 3)]
    sheet_file(tmp_path / "b.XLSX", (*BILLS, "contract_id"), *rows)

    def calculate(xml: bytes) -> bytes:
        xml = re.sub(rb'(<c r="E[23]"[^>]*><f>[^<]*</f>)<v ?/>', rb"\1<v>1.5</v>", xml)
        # a formula that came to an empty text
        return re.sub(rb'<c r="G([23])"([^>]*)>(<f>[^<]*</f>)<v ?/>', rb'<c r="G\1" t="str"\2>\3<v></v>', xml)

    rewrite_part(tmp_path / "b.XLSX", calculate)
    good, rejected = _bills(_source(tmp_path))
    expected = [("1", Decimal("1.50"), None), ("2", Decimal("1.50"), None)]
    assert expected == [(bill.bill_id, bill.open_amount, bill.contract_id) for bill in good]
    assert ["line 4"] == [each.source_id for each in rejected]
    assert "open_amount holds a formula that was never calculated" in rejected[0].reason


def test_blank_lines_short_rows_and_wrong_sizes_lose_nothing(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.append((*BILLS, "contract_id"))
    sheet.cell(900, 1, "x")  # far below: what lies between is blank
    for row in (3, 700):
        for column, value in enumerate((row, 5, DUE, 1, 1, "open"), 1):
            sheet.cell(row, column, value)
    book.create_sheet("another").append(("id",))
    book.save(tmp_path / "b.XLSX")
    book.close()
    rewrite_part(
        tmp_path / "b.XLSX", lambda xml: re.sub(rb'<dimension ref="[^"]*"', b'<dimension ref="A1:B2"', xml)
    )
    good, rejected = _bills(_source(tmp_path))
    assert (["3", "700"], ["line 900"]) == ([bill.bill_id for bill in good], [each.source_id for each in rejected])


def test_a_row_beyond_the_header_is_rejected(tmp_path: Path) -> None:
    sheet_file(tmp_path / "b.XLSX", BILLS, (1, 5, DUE, 1, 1, "open", None, "stray"))
    assert ["it has more or fewer fields than the first line names"] == [
        each.reason for each in _bills(_source(tmp_path))[1]
    ]


def test_warnings_of_the_library_stop_nothing(source: CsvFiles, tmp_path: Path) -> None:
    extension = b'<extLst><ext uri="{78C0D931-6437-407d-A8EE-F0AAD7539E65}"/></extLst></worksheet>'
    rewrite_part(tmp_path / "b.XLSX", lambda xml: xml.replace(b"</worksheet>", extension))
    assert 1 == len(_bills(source)[0])


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-300])


def _garble(path: Path) -> None:
    with ZipFile(path) as archive:
        start = archive.getinfo(SHEET).header_offset + 30 + len(SHEET)  # where what is packed begins
    content = bytearray(path.read_bytes())
    content[start + 40 : start + 140] = bytes(100)
    path.write_bytes(content)


def _cut_the_sheet(path: Path) -> None:
    rewrite_part(path, lambda xml: xml[: len(xml) - 60])


def _unsorted(path: Path) -> None:
    rewrite_part(path, lambda xml: xml.replace(b'<row r="2"', b'<row r="1"'))


def _no_sheet(path: Path) -> None:
    rewrite_part(path, lambda xml: re.sub(rb"<sheet [^>]*/>", b"", xml), "xl/workbook.xml")


def _no_workbook(path: Path) -> None:
    with ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "nothing")


def _bomb(path: Path) -> None:
    with ZipFile(path, "a", ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("xl/media/image1.png", bytes(xlsx.RATIO_FROM + 1))


def _entities(path: Path) -> None:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 9))
    doctype = f'<!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><worksheet '.encode()
    rewrite_part(path, lambda xml: xml.replace(b"<worksheet ", doctype).replace(b">open<", b">&l8;<"))


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (lambda path: path.write_text("id;name\n"), SourceBroken, "not a whole .xlsx file"),
        (lambda path: path.write_bytes(b""), SourceBroken, "not a whole .xlsx file"),
        (_truncate, SourceBroken, "not a whole .xlsx file"),
        (_garble, SourceBroken, "is damaged"),
        (_cut_the_sheet, SourceBroken, "is damaged"),
        (_unsorted, SourceBroken, "rows out of order at 1"),
        (_no_sheet, SourceBroken, "has no sheet|is damaged"),
        (_no_workbook, SourceBroken, "is damaged"),
        (_bomb, SourceBroken, "unpacks to 32 MB"),
        (_entities, SourceBroken, "is damaged"),
        (
            lambda path: path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)),
            SourceRefused,
            "password",
        ),
        (Path.unlink, SourceUnavailable, "is not there"),
        (lambda path: sheet_file(path, ("id", "status")), SourceBroken, "no column client_id"),
        (sheet_file, SourceBroken, "is empty"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_one_sentence(
    source: CsvFiles, tmp_path: Path, spoil: Callable[[Path], object], error: type[SourceError], words: str
) -> None:
    spoil(tmp_path / "b.XLSX")
    for question in (lambda: _bills(source), lambda: source.open_now("5", *SPAN)):
        with pytest.raises(error, match=words) as caught:
            question()
        assert "\n" not in str(caught.value)
        assert str(tmp_path / "b.XLSX") in str(caught.value)


def test_a_file_that_declares_too_much_is_not_unpacked(
    source: CsvFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(xlsx, "UNPACKED_LIMIT", 1_000_000)
    with ZipFile(tmp_path / "b.XLSX", "a", ZIP_STORED) as archive:
        archive.writestr("xl/media/image1.png", os.urandom(1_000_000))
    with pytest.raises(SourceBroken, match=r"too much for a table: export it as \.csv"):
        _bills(source)


def test_a_file_that_changes_while_it_is_read_is_broken(tmp_path: Path) -> None:
    sheet_file(tmp_path / "b.XLSX", BILLS, *((number, 5, DUE, 1, 1, "open") for number in range(1, 1200)))
    pages = _source(tmp_path).bills(*SPAN)
    assert 500 == len(next(pages).rows)
    os.utime(tmp_path / "b.XLSX", (1, 1))
    with pytest.raises(SourceBroken, match="changed while it was read"):
        list(pages)


def test_a_listing_given_up_midway_leaves_no_file_open(tmp_path: Path) -> None:
    sheet_file(tmp_path / "b.XLSX", BILLS, *((number, 5, DUE, 1, 1, "open") for number in range(1, 1200)))
    pages = _source(tmp_path).bills(*SPAN)
    next(pages)
    del pages  # ResourceWarning would fail the test


def test_open_now_knows_a_new_version_of_the_sheet(source: CsvFiles, tmp_path: Path) -> None:
    assert ["1"] == [bill.bill_id for bill in source.open_now("5", *SPAN)]
    sheet_file(tmp_path / "b.XLSX", BILLS, (2, 5, DUE, 10, 10, "open"))
    assert ["2"] == [bill.bill_id for bill in source.open_now("5", *SPAN)]


def test_the_sheet_read_is_the_one_that_openpyxl_writes_first(tmp_path: Path) -> None:
    with ZipFile(sheet_file(tmp_path / "b.XLSX", BILLS)) as archive:
        assert SHEET in archive.namelist()
