"""The two CSV files: what a row may say, what is rejected by line, and when a whole file cannot be trusted."""

import os
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from worker.core.billing import BillKey
from worker.core.enums import BillStatus, Fate, PersonType
from worker.core.model import Bill, Client, Rejected
from worker.erp.csvfile import CsvFiles
from worker.erp.source import Reading
from worker.errors import SourceBroken, SourceLacks, SourceRefused, SourceUnavailable
from worker.ports import Can
from worker.source_settings import CsvSource

CLIENTS = "id;name;person;document;type;neighbourhood;phone1;phone2;phone3\n"
BILLS = "id;client_id;due_date;amount;open_amount;status;contract_id\n"
EXTRA = "id;name;person;phone1;document;city;state;active;collect\n"
INTEREST = "id;client_id;due_date;amount;open_amount;status;updated_amount\n"
SPAN = (date(2026, 1, 1), date(2026, 12, 31))
Write = Callable[..., CsvFiles]


@pytest.fixture
def files(tmp_path: Path) -> Write:
    """Writes the two files from their rows, and opens them."""

    def write(clients: str | bytes = "", bills: str | bytes = "", **more: object) -> CsvFiles:
        for name, head, rows in (("c.csv", CLIENTS, clients), ("b.csv", BILLS, bills)):
            (tmp_path / name).write_bytes(rows if isinstance(rows, bytes) else (head + rows).encode())
        settings = {"type": "csv", "clients": tmp_path / "c.csv", "bills": tmp_path / "b.csv", **more}
        return CsvFiles(CsvSource.model_validate(settings), Reading("11"))

    return write


def _extra(rows: str) -> bytes:
    return (EXTRA + rows).encode()


def _bills(source: CsvFiles) -> tuple[list[Bill], list[Rejected]]:
    pages = list(source.bills(*SPAN))
    return [bill for page in pages for bill in page.rows], [each for page in pages for each in page.rejected]


def _clients(source: CsvFiles) -> tuple[list[Client], list[Rejected]]:
    pages = list(source.clients())
    return [client for page in pages for client in page.rows], [each for page in pages for each in page.rejected]


def test_a_bill_is_read_whole(files: Write) -> None:
    expected = Bill(
        "B-1", "5", date(2026, 10, 20), Decimal("1234.56"), Decimal("99.90"), BillStatus.PARTIAL, "7001"
    )
    assert ([expected], []) == _bills(files(bills="B-1;5;20/10/2026;R$ 1.234,56;99.90;Parcial;7001\n"))


@pytest.mark.parametrize("status", ["paid", "Pago", "cancelled", "CANCELADO", "c", "r", "renegociado"])
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
        (
            "1;5;2026-10-20;1;1;overdue;",
            "status “overdue” is not known: write open, partial, paid, cancelled or renegotiated",
        ),
        ("1;5;2026-10-20;1;1", "it has more or fewer fields than the first line names"),
        ("1;5;2026-10-20;1;1;open;;", "it has more or fewer fields than the first line names"),
    ],
)
def test_a_bad_bill_is_rejected_with_its_line(files: Write, row: str, reason: str) -> None:
    good, rejected = _bills(files(bills=f"9;5;2026-10-20;1;1;open;\n\n{row}\n"))
    row_id = "1" if row.startswith("1;") and "fields" not in reason else ""  # what can be read of it
    assert (["9"], [Rejected("bill", "line 4", reason, row_id)]) == ([bill.bill_id for bill in good], rejected)


def test_of_two_rows_with_one_id_the_second_is_rejected(files: Write) -> None:
    row = "1;Ana;F;;;;11987654321;;\n"
    good, rejected = _clients(files(clients=row + row))
    assert ["1"] == [client.client_id for client in good]
    assert [Rejected("client", "line 3", "id “1” stands in a line before", "1")] == rejected


def test_clients_are_natural_persons_with_names(files: Write) -> None:
    rows = "1;Ana;pf;;;;;;\n2;Firma;PJ;;;;;;\n3; ;F;;;;;;\n4;Zé;?;;;;;;\n"
    good, rejected = _clients(files(clients=rows))
    assert ["1"] == [client.client_id for client in good]
    assert ["line 4", "line 5"] == [each.source_id for each in rejected]


def test_the_kinds_of_person_are_those_asked_for(files: Write, tmp_path: Path) -> None:
    files(clients="1;Ana;pf;;;;;;\n2;Firma;PJ;;;;;;\n3;Joe;foreign;;;;;;\n")
    settings = CsvSource(type="csv", clients=tmp_path / "c.csv", bills=tmp_path / "b.csv")
    good, _ = _clients(CsvFiles(settings, Reading("11", frozenset((PersonType.LEGAL, PersonType.FOREIGN)))))
    expected = [("2", PersonType.LEGAL), ("3", PersonType.FOREIGN)]
    assert expected == [(client.client_id, client.person) for client in good]


def test_city_state_and_the_wish_not_to_be_collected_from_are_read(files: Write) -> None:
    rows = "1;Ana;F;;;Belo  Horizonte;mg;;não\n2;Zé;F;;;;;sim;\n"
    good, rejected = _clients(files(clients=_extra(rows)))
    assert [("Belo Horizonte", "MG", False), ("", "", True)] == [(c.city, c.state, c.collectable) for c in good]
    assert [] == rejected


@pytest.mark.parametrize("word", ["no", "Não", "nao", "N", "0", "inativo", "FALSE"])
def test_inactive_clients_are_left_out(files: Write, word: str) -> None:
    good, rejected = _clients(files(clients=_extra(f"1;Ana;F;;;;;{word};\n2;Zé;F;;;;;;\n")))
    assert (["2"], []) == ([client.client_id for client in good], rejected)


def test_neither_yes_nor_no_rejects_the_row(files: Write) -> None:
    good, rejected = _clients(files(clients=_extra("1;Ana;F;;;;;talvez;\n2;Zé;F;;;;;;?\n")))
    assert [] == good
    expected = ["active “talvez” is not known: write yes or no", "collect “?” is not known: write yes or no"]
    assert expected == [each.reason for each in rejected]


def test_a_wrong_document_or_state_is_told_and_the_client_stays(files: Write) -> None:
    rows = "1;Ana;F;;529.982.247-26;;Goiás;;\n2;Zé;F;;529.982.247-25;;GO;;\n"
    good, rejected = _clients(files(clients=_extra(rows)))
    assert [(None, ""), ("52998224725", "GO")] == [(client.document, client.state) for client in good]
    assert [("document", "line 2"), ("client", "line 2")] == [(each.kind, each.source_id) for each in rejected]
    assert "529" not in rejected[0].reason


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("10,37", Decimal("10.37")),  # with interest
        ("10.00", Decimal("10.00")),
        ("9,99", None),  # less than what is open is no interest
        ("", None),
    ],
)
def test_the_amount_with_interest_counts_when_it_is_no_less(
    files: Write, written: str, expected: Decimal | None
) -> None:
    source = files(bills=(INTEREST + f"1;5;2026-10-20;10,00;10,00;open;{written}\n").encode())
    assert [expected] == [bill.updated_amount for bill in _bills(source)[0]]


def test_an_amount_with_interest_that_is_none_rejects_the_row(files: Write) -> None:
    source = files(bills=(INTEREST + "1;5;2026-10-20;10,00;10,00;open;dez\n").encode())
    assert ["updated_amount “dez” is not an amount"] == [each.reason for each in _bills(source)[1]]


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
    pages = files(bills="1;5;2026-10-20;1;1;open;\n" * 600).bills(*SPAN)
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


def test_the_file_says_what_became_of_a_bill(files: Write) -> None:
    rows = {
        "1;5;;;;pago;": Fate.PAID,
        "2;5;;;;cancelado;": Fate.CANCELLED,
        "3;5;;;;Renegociado;": Fate.RENEGOTIATED,
        "4;5;2026-10-20;5;5;aberto;": Fate.OPEN,
        "5;5;2026-10-20;5;2,50;parcial;": Fate.OPEN,
        "6;5;2025-10-20;5;5;aberto;": Fate.OUT_OF_SPAN,
        "7;5;2026-10-20;5;0;aberto;": Fate.OUT_OF_SPAN,
        "8;5;2026-10-20;5;?;aberto;": None,  # it does not say
        "9;5;2026-10-20;5;5;perdido;": None,
        "1;5;2026-10-20;5;5;aberto; ": None,  # the first row with an id counts
    }
    gone = [BillKey(str(number), "5") for number in range(1, 20)]
    expected = {row[0]: fate for row, fate in rows.items() if fate}
    source = files(bills="".join(f"{row}\n" for row in rows) + "99;5;;;;pago;\n")
    assert expected == source.fates(gone, *SPAN)
    assert {} == source.fates([], *SPAN)


def test_open_now_is_what_the_listing_would_say_of_one_client(files: Write) -> None:
    rows = "1;5;2026-10-20;9;9;open;\n2;6;2026-10-20;9;9;open;\n3;5;2026-10-21;9;4;partial;77\n"
    rows += "4;5;2026-10-20;9;0;paid;\n5;5;2020-10-20;9;9;open;\n1;5;2026-10-22;1;1;open;\n6;5;x;9;9;open;\n"
    source = files(bills=rows)
    expected = tuple(bill for bill in _bills(source)[0] if bill.client_id == "5")
    assert (("1", "3"), expected) == (tuple(bill.bill_id for bill in expected), source.open_now("5", *SPAN))
    assert () == source.open_now("404", *SPAN)


def test_open_now_reads_the_file_once_a_version(files: Write, tmp_path: Path) -> None:
    source = files(bills="1;5;2026-10-20;9;9;open;\n")
    assert 1 == len(source.open_now("5", *SPAN))
    path = tmp_path / "b.csv"
    before = path.stat()
    with path.open("r+b") as file:  # the same size, inode and time: nothing tells that it is another content
        file.write(path.read_bytes().replace(b";5;", b";6;"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (1, 0) == (len(source.open_now("5", *SPAN)), len(source.open_now("6", *SPAN)))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    assert (0, 1) == (len(source.open_now("5", *SPAN)), len(source.open_now("6", *SPAN)))


def test_open_now_never_answers_from_a_broken_or_vanished_file(files: Write, tmp_path: Path) -> None:
    source = files(bills="1;5;2026-10-20;9;9;open;\n")
    assert 1 == len(source.open_now("5", *SPAN))
    with (tmp_path / "b.csv").open("ab") as file:
        file.write(b'2;5;"')
    for _ in range(2):
        with pytest.raises(SourceBroken, match="quotation marks"):
            source.open_now("5", *SPAN)
    (tmp_path / "b.csv").unlink()
    with pytest.raises(SourceUnavailable, match="is not there"):
        source.open_now("5", *SPAN)


def test_contracts_are_lacking_and_it_says_so(files: Write) -> None:
    source = files()
    assert {Can.CLIENT_TYPES, Can.OPEN_NOW, Can.FATES} == source.can
    with pytest.raises(SourceLacks, match="type csv has no contracts: use"):
        source.contracts()


def test_a_listing_given_up_midway_leaves_no_file_open(files: Write) -> None:
    pages = files(bills="1;5;2026-10-20;1;1;open;\n" * 600).bills(*SPAN)
    next(pages)
    del pages  # ResourceWarning would fail the test
