"""The AltaRede adapter follows what is configured, raises on all that is no whole answer, and guesses nothing."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.contract.altarede_bed import (
    CPFS,
    HEADER,
    bill_row,
    bills_of,
    client_line,
    rejected_of,
    serving,
    source_of,
    write_clients,
)
from tests.contract.erp_world import TODAY, YEAR_AGO
from tests.contract.made_altarede import SHAPE, rows_by_document, settings
from tests.lab.altarede_server import APPKEY, TOKEN, AltaRedeServer, Shape
from tests.lab.invented import World, invent, write_csv
from worker.core.billing import BillKey
from worker.core.enums import BillStatus, Fate
from worker.core.model import Rejected
from worker.erp.altarede import AltaRede
from worker.erp.source import Reading
from worker.errors import SourceLacks, SourceRefused
from worker.ports import Can
from worker.source_settings import AltaRedeSource


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write_clients(tmp_path)


@pytest.fixture
def server() -> Iterator[AltaRedeServer]:
    with serving() as running:
        yield running


# --- whole answers


@pytest.fixture(scope="module")
def world() -> World:
    return invent(250, today=TODAY, seed=5)


def test_exactly_the_owed_bills_of_the_files_clients_arrive(world: World, tmp_path: Path) -> None:
    clients, _ = write_csv(world, tmp_path)
    known = {str(client.client_id) for client in world.chargeable()}
    expected = [bill for bill in world.owed(YEAR_AGO, TODAY) if bill.client_id in known]
    with AltaRedeServer(SHAPE, rows_by_document(world)) as server:
        source = AltaRede(settings(server.url, clients), Reading("11"), sleep=lambda _: None)
        pages = list(source.bills(YEAR_AGO, TODAY))
        assert expected == [bill for page in pages for bill in page.rows]
        assert {BillStatus.OPEN, BillStatus.PARTIAL} == {bill.status for bill in expected}
        assert len(known) == len(server.asked) == len(set(server.asked))
    assert len(known) // 100 + 1 == len(pages)
    assert {"pay_line"} == {each.kind for page in pages for each in page.rejected}


def test_another_wire_format_is_only_another_configuration(file: Path) -> None:
    shape = Shape(
        path="/outro/boletos", method="POST", token_field="chave", appkey_field="app", document_field="cpf_cnpj"
    )
    fields = {"bill_id": "id", "due_date": "due", "open_amount": "owed"}
    with AltaRedeServer(shape, {CPFS[0]: [{"id": "a-1", "due": "2026-11-05", "owed": 1234.5}]}) as server:
        source = source_of(
            server,
            file,
            bills_path="outro/boletos",
            method="POST",
            document_field="cpf_cnpj",
            token_field="chave",
            appkey_field="app",
            token_header=None,
            appkey_header=None,
            date_format="iso",
            fields=fields,
        )
        assert ["a-1 9 1234.50 1234.50 2026-11-05"] == [
            f"{each.bill_id} {each.client_id} {each.amount} {each.open_amount} {each.due_date}"
            for each in bills_of(source)
        ]
        assert list(CPFS) == server.asked


def test_credentials_and_document_go_into_the_query_when_told_so(file: Path) -> None:
    shape = Shape(path="/q", token_field="t", appkey_field="a", document_field="doc", way=("dados", "titulos"))
    with AltaRedeServer(shape, {CPFS[2]: [bill_row(7)]}) as server:
        placed: dict[str, object] = {
            "token_field": "t",
            "appkey_field": "a",
            "document_field": "doc",
            "bills_path": "/q?formato=json",
        }
        assert ["7"] == [bill.bill_id for bill in bills_of(source_of(server, file, None, **placed))]
        assert list(CPFS) == server.asked


def test_requests_are_paused_between(server: AltaRedeServer, file: Path) -> None:
    slept: list[float] = []
    bills_of(source_of(server, file, slept, pause_seconds=0.7))
    assert [0.7, 0.7] == slept


def test_clients_who_cannot_be_asked_for_are_rejected_and_never_asked(server: AltaRedeServer, file: Path) -> None:
    with file.open("a", encoding="utf-8") as more:
        more.write(client_line(3, "") + client_line(4, "529.982.247-25"))
    source = source_of(server, file)
    first, second = rejected_of(source)
    assert Rejected("client", "3", "no CPF or CNPJ: AltaRede can only be asked by document") == first
    assert ("client", "4") == (second.kind, second.source_id)
    assert "same CPF" in second.reason
    assert list(CPFS) == server.asked
    for client_id in ("3", "4"):
        with pytest.raises(SourceRefused, match=f"client {client_id} cannot be asked for"):
            source.open_now(client_id, YEAR_AGO, TODAY)
    assert list(CPFS) == server.asked


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"saldo": "x"}, "saldo “x” is not an amount"),
        ({"saldo": "1.234"}, "saldo “1.234” is not an amount"),  # a thousand, or one and a bit
        ({"saldo": None}, "saldo is missing or empty"),
        ({"valor": "-5"}, "valor “-5” is not an amount"),
        ({"vencimento": "2026-11-05"}, "vencimento “2026-11-05” is not written as source.date_format says"),
        ({"vencimento": "31/02/2026"}, "vencimento “31/02/2026” is not a day of the calendar"),
        ({"situacao": ""}, "situacao is missing or empty"),
    ],
)
def test_a_row_that_cannot_be_used_is_rejected_by_its_id(
    server: AltaRedeServer, file: Path, change: dict[str, object], reason: str
) -> None:
    server.rows[CPFS[1]] = [bill_row(500, **change)]
    source = source_of(server, file)
    assert [Rejected("bill", "500", reason)] == rejected_of(source)
    assert ["100", "102"] == [bill.bill_id for bill in bills_of(source)]


def test_a_row_without_a_usable_id_is_rejected_by_its_client(server: AltaRedeServer, file: Path) -> None:
    server.rows[CPFS[1]] = [bill_row("0")]
    assert [Rejected("bill", "client 1", "codigo is empty", row_id="")] == rejected_of(source_of(server, file))


@pytest.mark.parametrize("change", [{"situacao": "PAGO"}, {"saldo": "0,00"}, {"vencimento": "21/11/2026"}])
def test_what_is_not_owed_or_not_due_in_the_span_is_left_out(
    server: AltaRedeServer, file: Path, change: dict[str, object]
) -> None:
    server.rows[CPFS[0]] = [bill_row(100, **change)]
    assert ["102"] == [bill.bill_id for bill in bills_of(source_of(server, file))]


# --- one client, and what became of bills


def test_one_client_is_asked_by_one_request(server: AltaRedeServer, file: Path) -> None:
    source = source_of(server, file)
    assert ["100"] == [bill.bill_id for bill in source.open_now("9", YEAR_AGO, TODAY)]
    assert ["100", "101"] == [bill.bill_id for bill in source.open_now("9", date(2020, 1, 1), TODAY)]
    assert [CPFS[0], CPFS[0]] == server.asked


def test_a_document_that_is_written_into_the_file_is_used_at_once(server: AltaRedeServer, file: Path) -> None:
    source = source_of(server, file)
    assert () == source.open_now("1", YEAR_AGO, TODAY)
    assert () == source.open_now("5", YEAR_AGO, TODAY)
    assert [CPFS[1]] == server.asked
    with file.open("a", encoding="utf-8") as more:
        more.write(client_line(5, "12345678909"))
    server.rows["12345678909"] = [bill_row(900)]
    assert ["900"] == [bill.bill_id for bill in source.open_now("5", YEAR_AGO, TODAY)]


def test_fates_tell_only_what_is_still_listed_and_ask_each_client_once(server: AltaRedeServer, file: Path) -> None:
    server.rows[CPFS[2]] = [bill_row(102, situacao="PAGO")]
    gone = [BillKey("100", "9"), BillKey("101", "9"), BillKey("102", "2"), BillKey("1", "1"), BillKey("5", "77")]
    fates = source_of(server, file).fates(gone, YEAR_AGO, TODAY)
    assert {"100": Fate.OPEN, "101": Fate.OUT_OF_SPAN} == fates
    assert [CPFS[0], CPFS[2], CPFS[1]] == server.asked


# --- what is not configured


def _bare(file: Path, **others: object) -> AltaRede:
    known = {"type": "altarede", "url": "http://127.0.0.1:9", "token": TOKEN, "appkey": APPKEY, "clients": file}
    return AltaRede(AltaRedeSource.model_validate({**known, **others}))


def test_without_a_manual_it_says_what_is_missing_and_whom_to_ask(file: Path) -> None:
    source = _bare(file)
    questions: tuple[Callable[[], object], ...] = (
        lambda: source.bills(YEAR_AGO, TODAY),
        lambda: source.open_now("9", YEAR_AGO, TODAY),
        lambda: source.fates([], YEAR_AGO, TODAY),
        source.probe,
    )
    for question in questions:
        with pytest.raises(SourceLacks) as caught:
            question()
        assert str(caught.value).startswith("source.bills_path and source.fields must be set")
        assert all(word in str(caught.value) for word in ("no public manual", "support", "`type: csv`"))
    with pytest.raises(SourceLacks, match=r"^source\.fields must be set"):
        _bare(file, bills_path="/x/{document}").probe()
    assert frozenset((Can.CLIENT_TYPES,)) == source.can
    assert ["9", "1", "2"] == [client.client_id for page in source.clients() for client in page.rows]
    assert ["Casa"] == [each.name for each in source.client_types()]


def test_contracts_are_lacking_however_it_is_configured(server: AltaRedeServer, file: Path) -> None:
    source = source_of(server, file)
    assert frozenset((Can.CLIENT_TYPES, Can.OPEN_NOW, Can.FATES)) == source.can
    with pytest.raises(SourceLacks, match="contracts"):
        source.contracts()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"token_header": None}, r"source\.token goes nowhere: set source\.token_header or source\.token_field"),
        ({"appkey_header": None}, r"source\.appkey goes nowhere"),
        ({"token_header": "X Token:"}, r"source\.token_header is no name of a header"),
        ({"token": "two\nlines"}, r"source\.token must be one line"),
        ({"appkey": "  "}, r"source\.appkey must be one line"),
        ({"bills_path": "/titulos"}, r"the document goes nowhere"),
        (
            {"fields": {"bill_id": "a", "due_date": "b", "open_amount": "c", "status": "d"}},
            r"source\.fields\.open_statuses need each other",
        ),
    ],
)
def test_what_cannot_be_right_is_refused_before_anything_is_asked(
    file: Path, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(SourceRefused, match=sentence):
        AltaRede(settings("http://127.0.0.1:9", file, **change))


def test_a_file_without_any_document_leaves_nobody_to_ask_for(server: AltaRedeServer, file: Path) -> None:
    file.write_text(HEADER + client_line(1, ""), encoding="utf-8")
    with pytest.raises(SourceRefused, match="no client with a CPF or CNPJ"):
        source_of(server, file).probe()
