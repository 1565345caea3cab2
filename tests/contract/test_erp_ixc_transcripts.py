"""Answers of IXC as the documents and measurements have them, served word for word and read by the adapter."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from worker.core.billing import Contract
from worker.core.enums import Access, BillStatus, PersonType, PhoneKind, TrustUnlock
from worker.core.model import Bill, Client, Phone
from worker.erp.ixc import Ixc
from worker.erp.ixc_actions import IxcActions
from worker.errors import ActionRefused, SourceBroken, SourceError, SourceRefused, SourceUnavailable
from worker.source_settings import IxcSource

FOLDER = Path(__file__).parent / "transcripts" / "ixc"
TODAY = date(2026, 11, 20)
SPAN = (date(2026, 1, 1), TODAY)

Ask = Callable[[IxcSource], object]


def _source(settings: IxcSource) -> Ixc:
    return Ixc(settings, sleep=lambda _: None, today=lambda: TODAY)


def _bills(settings: IxcSource) -> object:
    return [bill for page in _source(settings).bills(*SPAN) for bill in page.rows]


def _clients(settings: IxcSource) -> object:
    return [client for page in _source(settings).clients() for client in page.rows]


def _contracts(settings: IxcSource) -> object:
    return [contract for page in _source(settings).contracts() for contract in page.rows]


def _unlock(settings: IxcSource) -> object:
    return IxcActions(settings).unlock("7001")


def _pix(settings: IxcSource) -> object:
    return IxcActions(settings).pix("90001")[:6]


def _boleto(settings: IxcSource) -> object:
    return IxcActions(settings).boleto("90001")[:5]


def _note(settings: IxcSource) -> object:
    IxcActions(settings).note("501", None, "x", TODAY)
    return "noted"


OWED = Decimal("99.90")
BILL = Bill("90001", "501", date(2026, 10, 10), OWED, OWED, BillStatus.OPEN, "7001")
PART = Bill(
    "90002", "501", BILL.due_date, OWED, Decimal("40.00"), BillStatus.PARTIAL, "7001", Decimal("42.17")
)  # fmt: skip
CLIENT = Client(
    client_id="501",
    name="Conceição Araújo",
    person=PersonType.NATURAL,
    document="52998224725",
    client_type="3",
    neighbourhood="Centro",
    phones=(Phone("+5511987654321", PhoneKind.MOBILE, source="telefone_celular"),),
    city="São Miguel das Redes",
    state="SP",
    collectable=False,
)
CONTRACT = Contract(
    "7001", "501", Access.BLOCKED_AUTO, "CA", TrustUnlock.OFFERED, "Fibra 300 Mega", "", date(2026, 10, 25)
)
READ: dict[str, tuple[Ask, object]] = {
    "list_bills": (_bills, [BILL, PART]),
    "list_bills_total_number": (_bills, [BILL]),
    "list_bills_text_html": (_bills, [BILL]),
    "list_empty": (_bills, []),
    "list_empty_text": (_bills, []),
    "list_clients": (_clients, [CLIENT]),
    "list_clients_mixed_encoding": (_clients, [CLIENT]),
    "list_contracts": (_contracts, [CONTRACT]),
    "unlock_success": (_unlock, "Desbloqueio realizado."),
    "unlock_sucesso": (_unlock, "Desbloqueio realizado."),
    "pix_active": (_pix, "000201"),
    "boleto_text": (_boleto, b"%PDF-"),
    "boleto_wrapped": (_boleto, b"%PDF-"),
    "note_inserted": (_note, "noted"),
}
REFUSED: dict[str, tuple[Ask, type[SourceError], str]] = {
    "list_total_without_rows": (_bills, SourceBroken, "7 rows are left but sent none"),
    "error_no_such_resource": (_bills, SourceRefused, "“Recurso x não está disponível!”"),
    "error_address_not_allowed": (_bills, SourceRefused, "Redes Permitidas"),
    "error_page_200": (_bills, SourceBroken, "“Ocorreu um erro ao processar."),
    "error_page_500": (_pix, SourceUnavailable, "HTTP 500"),
    "error_504": (_bills, SourceUnavailable, "HTTP 504"),
    "error_401": (_bills, SourceRefused, "check source.token"),
    "error_403": (_bills, SourceRefused, "create the token again"),
    "error_400": (_bills, SourceRefused, "id:hash pair"),
    "error_404": (_bills, SourceRefused, "check source.url"),
    "error_login_page": (_clients, SourceRefused, "login page"),
    "unlock_error": (_unlock, ActionRefused, "“Limite de desbloqueios atingido.”"),
    "unlock_erro": (_unlock, ActionRefused, "“Limite de desbloqueios atingido.”"),
    "pix_paid": (_pix, SourceBroken, "“CONCLUIDA”, not ATIVA"),
    "pix_bad_checksum": (_pix, SourceBroken, "checksum"),
    "boleto_unknown": (_boleto, ActionRefused, "no boleto for bill 90001"),
    "boleto_no_pdf": (_boleto, SourceBroken, "no PDF"),
}


def _transcript(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


@contextmanager
def _serving(transcript: dict[str, Any]) -> Iterator[IxcSource]:
    """An IXC that has this one answer to everything."""
    body = transcript["body"].encode(transcript.get("encoding", "utf-8"))

    class Answering(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(transcript["status"])
            for header, value in transcript["headers"].items():
                self.send_header(header, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
            """Silence."""

    with HTTPServer(("127.0.0.1", 0), Answering) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        address = f"http://127.0.0.1:{http.server_port}"
        try:
            yield IxcSource.model_validate({"type": "ixc", "url": address, "token": "7:0123456789", "retries": 0})
        finally:
            http.shutdown()
            thread.join()


@pytest.mark.parametrize("name", READ)
def test_an_answer_as_recorded_is_read(name: str) -> None:
    ask, expected = READ[name]
    with _serving(_transcript(name)) as settings:
        assert expected == ask(settings)


@pytest.mark.parametrize("name", REFUSED)
def test_an_answer_as_recorded_is_an_error_in_one_sentence(name: str) -> None:
    ask, error, words = REFUSED[name]
    with _serving(_transcript(name)) as settings:
        try:
            got = ask(settings)
        except SourceError as caught:
            got = caught
    assert error is type(got)
    assert words in str(got)
    assert str(got).isprintable()


def test_every_recording_is_used_and_says_where_it_comes_from() -> None:
    names = {file.stem for file in FOLDER.glob("*.json")}
    assert {*READ, *REFUSED} == names
    assert [] == [name for name in names if not _transcript(name)["fact"].startswith("facts/erp.md 1.")]
