"""The two CSV files: what a row may say, what is rejected by line, and when a whole file cannot be trusted."""

import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from worker.core.enums import BillStatus
from worker.core.model import Bill, Client, Rejected
from worker.erp.csvfile import CsvFiles
from worker.errors import SourceBroken, SourceRefused, SourceUnavailable
from worker.settings import CsvSource

CLIENTS = "id;name;person;document;type;neighbourhood;phone1;phone2;phone3\n"
BILLS = "id;client_id;due_date;amount;open_amount;status;contract_id\n"
Write = Callable[..., CsvFiles]


@pytest.fixture
def files(tmp_path: Path) -> Write:
    """Writes the two files from their rows, and opens them."""

    def write(clients: str | bytes = "", bills: str | bytes = "", **more: object) -> CsvFiles:
        for name, head, rows in (("c.csv", CLIENTS, clients), ("b.csv", BILLS, bills)):
            (tmp_path / name).write_bytes(rows if isinstance(rows, bytes) else (head + rows).encode())
        settings = {"type": "csv", "clients": tmp_path / "c.csv", "bills": tmp_path / "b.csv", **more}
        return CsvFiles(CsvSource.model_validate(settings), default_ddd="11")

    return write


def _bills(source: CsvFiles) -> tuple[list[Bill], list[Rejected]]:
    pages = list(source.bills(date(2026, 1, 1), date(2026, 12, 31)))
    return [bill for page in pages for bill in page.rows], [each for page in pages for each in page.rejected]


def _clients(source: CsvFiles) -> tuple[list[Client], list[Rejected]]:
    pages = list(source.clients())
    return [client for page in pages for client in page.rows], [each for page in pages for each in page.rejected]


def test_a_bill_is_read_whole(files: Write) -> None:
    expected = Bill(
        "B-1", "5", date(2026, 10, 20), Decimal("1234.56"), Decimal("99.90"), BillStatus.PARTIAL, "7001"
    )
    assert ([expected], []) == _bills(files(bills="B-1;5;20/10/2026;R$ 1.234,56;99.90;Parcial;7001\n"))


@pytest.mark.parametrize("status", ["paid", "Pago", "cancelled", "CANCELADO", "c", "r"])
def test_settled_bills_are_left_out_however_they_look(files: Write, status: str) -> None:
    assert ([], []) == _bills(files(bills=f"1;5;;;;{status};\n"))


def test_a_bill_with_nothing_open_is_left_out(files: Write) -> None:
    assert ([], []) == _bills(files(bills="1;5;2026-10-20;50,00;0,00;open;\n"))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1;5;2026-13-01;1;1;open;", "due_date “2026-13-01” is not a day of the calendar"),
        ("1;5;2026-10-20;1;1.234;open;", "open_amount “1.234” is not an amount"),
        ("1;5;2026-10-20;;1;open;", "amount is empty"),
        ("1;;2026-10-20;1;1;open;", "client_id is empty"),
        (";5;2026-10-20;1;1;open;", "id is empty"),
        ("1;5;2026-10-20;1;1;overdue;", "status “overdue” is not known: write open, partial, paid or cancelled"),
        ("1;5;2026-10-20;1;1", "it has more or fewer fields than the first line names"),
        ("1;5;2026-10-20;1;1;open;;", "it has more or fewer fields than the first line names"),
    ],
)
def test_a_bad_bill_is_rejected_with_its_line(files: Write, row: str, reason: str) -> None:
    good, rejected = _bills(files(bills=f"9;5;2026-10-20;1;1;open;\n\n{row}\n"))
    assert (["9"], [Rejected("bill", "line 4", reason)]) == ([bill.bill_id for bill in good], rejected)


def test_of_two_rows_with_one_id_the_second_is_rejected(files: Write) -> None:
    row = "1;Ana;F;;;;11987654321;;\n"
    good, rejected = _clients(files(clients=row + row))
    assert ["1"] == [client.client_id for client in good]
    assert [Rejected("client", "line 3", "id “1” stands in a line before")] == rejected


def test_clients_are_natural_persons_with_names(files: Write) -> None:
    rows = "1;Ana;pf;;;;;;\n2;Firma;PJ;;;;;;\n3; ;F;;;;;;\n4;Zé;?;;;;;;\n"
    good, rejected = _clients(files(clients=rows))
    assert ["1"] == [client.client_id for client in good]
    assert ["line 4", "line 5"] == [each.source_id for each in rejected]


def test_a_bad_number_is_rejected_and_the_client_stays(files: Write) -> None:
    good, rejected = _clients(files(clients="1;Ana;F;;;;11987654321;abc;\n"))
    assert ["+5511987654321"] == [phone.number for phone in good[0].phones]
    assert [("phone", "line 2")] == [(each.kind, each.source_id) for each in rejected]
    assert rejected[0].reason.startswith("phone2: ")


def test_columns_come_in_any_order_and_unknown_ones_are_ignored(files: Write) -> None:
    clients = "Phone1,colour, NAME ,id,person\n11987654321,red,Ana,1,F\n".encode("utf-8-sig")
    good, _ = _clients(files(clients=clients, delimiter=","))
    assert [("1", "Ana")] == [(client.client_id, client.name) for client in good]


def test_another_encoding_is_read_when_it_is_named(files: Write) -> None:
    good, _ = _clients(files(clients=(CLIENTS + "1;Conceição;F;;;;;;\n").encode("cp1252"), encoding="cp1252"))
    assert ["Conceição"] == [client.name for client in good]


@pytest.mark.parametrize(
    ("bills", "words"),
    [
        (b"", "is empty"),
        (b"\n1;2\n", "is empty"),
        (b"id;client_id;due_date;amount;status\n", "no column open_amount"),
        (BILLS.replace(";", ",").encode(), "source.delimiter"),
        (b"id;id;client_id;due_date;amount;open_amount;status\n", "the column id twice"),
        (BILLS.encode() + b"1;2;\xe7;1;1;open;\n", "is not written in utf-8-sig"),
        (BILLS.encode() + b'1;2;"2026-10-20;1;1;open;\n2;3;2026-10-20;1;1;open;\n', "quotation marks"),
        (BILLS.encode() + b'1;"a"b;2026-10-20;1;1;open;\n', "line 2"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_broken(files: Write, bills: bytes, words: str) -> None:
    with pytest.raises(SourceBroken, match=words):
        _bills(files(bills=bills))


def test_a_file_that_changes_while_it_is_read_is_broken(files: Write, tmp_path: Path) -> None:
    pages = files(bills="1;5;2026-10-20;1;1;open;\n" * 600).bills(date(2026, 1, 1), date(2026, 12, 31))
    next(pages)
    os.utime(tmp_path / "b.csv", (1, 1))
    with pytest.raises(SourceBroken, match="changed while it was read"):
        list(pages)


def test_a_missing_file_is_named(files: Write, tmp_path: Path) -> None:
    source = files(bills=tmp_path.name)
    (tmp_path / "b.csv").unlink()
    for question in (source.probe, lambda: _bills(source)):
        with pytest.raises(SourceUnavailable, match=r"b\.csv is not there"):
            question()


def test_an_unknown_encoding_is_refused_by_name(files: Write) -> None:
    with pytest.raises(SourceRefused, match="klingon"):
        _bills(files(encoding="klingon"))


def test_a_folder_in_place_of_a_file_is_refused(files: Write, tmp_path: Path) -> None:
    source = files()
    (tmp_path / "b.csv").unlink()
    (tmp_path / "b.csv").mkdir()
    with pytest.raises(SourceRefused, match="cannot be read"):
        _bills(source)


def test_client_types_are_the_different_words_of_the_file(files: Write) -> None:
    source = files(clients="1;A;F;;Rural;;;;\n2;B;F;;;;;;\n3;C;F;;Rural;;;;\n4;D;F;;Centro;;;;\n")
    assert ["Centro", "Rural"] == [each.name for each in source.client_types()]
