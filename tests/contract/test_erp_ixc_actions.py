"""What changes something in IXC: sent once, unmarked, refused in IXC's words; and never by who only reads."""

from binascii import crc_hqx
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
import requests

from tests.lab import ixc_actions
from tests.lab.invented import World, invent
from tests.lab.ixc_actions import BOLETO, NOTE, PDF, PIX, UNLOCK, pix_code
from tests.lab.ixc_faults import Fault, Kind
from tests.lab.ixc_server import TOKEN, IxcServer
from worker.core.enums import Access, TrustUnlock
from worker.erp.ixc_actions import IxcActions, pix_closes
from worker.erp.ixc_http import IxcReader
from worker.erp.ixc_login import Login
from worker.erp.ixc_map import CLIENTS
from worker.erp.web import Web
from worker.errors import ActionRefused, SourceBroken, SourceError, SourceRefused, SourceUnavailable
from worker.ports import ErpActions
from worker.source_settings import IxcSource

TODAY = date(2026, 11, 20)


@pytest.fixture(scope="module")
def world() -> World:
    return invent(80, today=TODAY, seed=41)


@pytest.fixture
def server(world: World) -> Iterator[IxcServer]:
    with IxcServer(world.clients, world.bills, world.contracts) as running:
        yield running


def _settings(server: IxcServer, **more: Any) -> IxcSource:
    return IxcSource.model_validate(
        {"type": "ixc", "url": server.url, "token": TOKEN, "retries": 3, "timeout_seconds": 0.4, **more}
    )


@pytest.fixture
def actions(server: IxcServer) -> ErpActions:
    return IxcActions(_settings(server))


def _contract(world: World, access: Access, trust: TrustUnlock = TrustUnlock.OFFERED) -> str:
    return next(
        contract.contract_id
        for contract in world.in_force()
        if contract.access is access and contract.trust_unlock is trust
    )


def _bill(world: World) -> str:
    return str(world.bills[0].bill_id)


@pytest.mark.parametrize("portuguese", [False, True])
def test_a_blocked_line_is_unlocked_on_trust_once(
    server: IxcServer, actions: ErpActions, world: World, portuguese: bool
) -> None:
    server.actions.portuguese = portuguese
    contract_id = _contract(world, Access.BLOCKED_AUTO)
    assert "Contrato desbloqueado por 3 dias." == actions.unlock(contract_id)
    assert [(UNLOCK, {"id": contract_id})] == server.actions.called
    assert "S" == server.tables.rows["cliente_contrato"][int(contract_id)]["desbloqueio_confianca_ativo"]
    with pytest.raises(ActionRefused, match=r"refused the unlock on trust of contract \d+: “O contrato não está"):
        actions.unlock(contract_id)


@pytest.mark.parametrize("portuguese", [False, True])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"status_internet": "A"}, "“O contrato não está bloqueado!”"),
        ({"desbloqueio_confianca_ativo": "S"}, "“Desbloqueio de confiança já utilizado neste mês !”"),
        ({"desbloqueio_confianca": "N"}, "“O contrato não permite desbloqueio de confiança!”"),
        ({"restricao_auto_desbloqueio": "S"}, "“O contrato não permite desbloqueio de confiança!”"),
    ],
)
def test_a_refusal_is_told_in_ixc_s_own_words(
    server: IxcServer, actions: ErpActions, world: World, portuguese: bool, changes: dict[str, str], words: str
) -> None:
    server.actions.portuguese = portuguese
    contract_id = _contract(world, Access.BLOCKED_AUTO)
    server.edit("cliente_contrato", contract_id, **changes)
    with pytest.raises(ActionRefused) as caught:
        actions.unlock(contract_id)
    assert words in str(caught.value)
    assert 1 == server.actions.count(UNLOCK)


def test_an_unknown_contract_is_refused(actions: ErpActions) -> None:
    with pytest.raises(ActionRefused, match="Contrato não encontrado"):
        actions.unlock("424242")


def test_a_note_is_written_with_the_day_as_ixc_writes_it(
    server: IxcServer, actions: ErpActions, world: World
) -> None:
    client_id = str(world.clients[0].client_id)
    actions.note(client_id, "7001", "Atendeu e\nprometeu pagar", date(2026, 10, 2))
    actions.note(client_id, None, "x" * 2000, TODAY)
    expected = {
        "tipo": "Cobrança",
        "data": "02/10/2026",
        "historico": "Atendeu e prometeu pagar",
        "id_cliente": client_id,
    }
    assert [{**expected, "id_contrato": "7001"}, {**expected, "data": "20/11/2026", "historico": "x" * 1000}] == (
        server.actions.notes
    )


def test_a_note_on_nobody_is_refused(actions: ErpActions) -> None:
    with pytest.raises(ActionRefused, match="a note on client 424242: “Cliente não encontrado!”"):
        actions.note("424242", None, "x", TODAY)


def test_a_pix_code_arrives_with_its_checksum_right(server: IxcServer, actions: ErpActions, world: World) -> None:
    code = actions.pix(_bill(world))
    assert code.startswith("000201")
    assert f"{crc_hqx(code[:-4].encode(), 0xFFFF):04X}" == code[-4:]
    assert code == actions.pix(_bill(world))
    assert {_bill(world): 1} == server.actions.charges  # the second asking made no second charge


def test_a_pix_code_of_an_unknown_bill_is_asked_for_once(server: IxcServer, actions: ErpActions) -> None:
    with pytest.raises(SourceUnavailable, match="HTTP 500"):
        actions.pix("424242")
    assert 1 == server.actions.count(PIX)


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_boleto_is_a_pdf_and_is_never_reckoned_anew(
    server: IxcServer, actions: ErpActions, world: World, wrapped: bool
) -> None:
    server.actions.wrapped = wrapped
    assert PDF == actions.boleto(_bill(world))
    ((_, sent),) = server.actions.called
    assert {"juro": "N", "multa": "N", "atualiza_boleto": "N", "tipo_boleto": "arquivo", "base64": "S"} == {
        name: sent[name] for name in ("juro", "multa", "atualiza_boleto", "tipo_boleto", "base64")
    }
    assert _bill(world) == sent["boletos"]
    assert not server.actions.rewritten


def test_a_boleto_of_an_unknown_bill_is_refused(actions: ErpActions) -> None:
    with pytest.raises(ActionRefused, match="no boleto for bill 424242"):
        actions.boleto("424242")


@pytest.mark.parametrize("text", ["", "0", "x", "7001,7002", "1' OR '1'='1", "../7001", "-1", "٧"])
def test_only_a_number_of_ixc_s_is_acted_upon(server: IxcServer, actions: ErpActions, text: str) -> None:
    for doing in (
        lambda: actions.unlock(text),
        lambda: actions.note(text, None, "x", TODAY),
        lambda: actions.note("5", text, "x", TODAY),
        lambda: actions.pix(text),
        lambda: actions.boleto(text),
    ):
        with pytest.raises(SourceBroken, match="number of IXC"):
            doing()
    assert [] == server.requests


FAULTS: dict[Kind, type[SourceError]] = {
    Kind.SERVER_ERROR: SourceUnavailable,
    Kind.GATEWAY_TIMEOUT: SourceUnavailable,
    Kind.HANG: SourceUnavailable,
    Kind.RESET: SourceUnavailable,
    Kind.UNAUTHORIZED: SourceRefused,
    Kind.REDIRECT: SourceRefused,
    Kind.IP_REFUSAL: SourceRefused,
    Kind.LOGIN_PAGE: SourceRefused,
    Kind.HTML_ERROR: SourceBroken,
    Kind.TRUNCATED: SourceBroken,
}


@pytest.mark.parametrize("kind", FAULTS)
@pytest.mark.parametrize("name", [UNLOCK, NOTE, PIX, BOLETO])
def test_nothing_is_ever_tried_twice(
    server: IxcServer, actions: ErpActions, world: World, kind: Kind, name: str
) -> None:
    server.fault = Fault(kind, table=name, seconds=0.6)
    server.actions.wrapped = True
    doing: dict[str, Callable[[], object]] = {
        UNLOCK: lambda: actions.unlock(_contract(world, Access.BLOCKED_AUTO)),
        NOTE: lambda: actions.note(str(world.clients[0].client_id), None, "x", TODAY),
        PIX: lambda: actions.pix(_bill(world)),
        BOLETO: lambda: actions.boleto(_bill(world)),
    }
    with pytest.raises(FAULTS[kind]) as caught:
        doing[name]()
    assert FAULTS[kind] is type(caught.value)
    assert str(caught.value).isprintable()
    assert TOKEN.split(":")[1] not in str(caught.value)
    assert (1, 1) == (server.fault.fired, len(server.requests))


def test_what_acts_never_marks_a_request_as_a_listing(
    server: IxcServer, actions: ErpActions, world: World
) -> None:
    actions.unlock(_contract(world, Access.BLOCKED_AUTO))
    actions.note(str(world.clients[0].client_id), None, "x", TODAY)
    actions.pix(_bill(world))
    actions.boleto(_bill(world))
    assert [False] * 4 == [request.listing for request in server.requests]
    login = Login(_settings(server))
    web = Web(_settings(server), login.for_actions(), login.quote)
    with web.session() as session:
        session.headers["ixcsoft"] = "listar"
        web.ask(session, "POST", f"{login.base}/{NOTE}", body="{}")
    assert not server.requests[-1].listing


def test_what_reads_cannot_send_anything_unmarked(server: IxcServer) -> None:
    reader = IxcReader(_settings(server, retries=0))
    with reader.session() as session:
        session.headers.pop("ixcsoft", None)
        reader.rows(session, CLIENTS, (), after=0, count=1)
        session.headers["ixcsoft"] = "inserir"
        reader.rows(session, CLIENTS, (), after=0, count=1)
        session.auth = None
        with pytest.raises(SourceRefused, match="refused the token"):  # the mark and the token go together
            reader.rows(session, CLIENTS, (), after=0, count=1)
    with requests.Session() as stranger, pytest.raises(SourceRefused):
        reader.rows(stranger, CLIENTS, (), after=0, count=1)
    assert ([True, True], 0) == ([request.listing for request in server.requests], server.inserts)


def test_a_token_that_cannot_be_right_is_refused_before_anything_is_done(server: IxcServer) -> None:
    with pytest.raises(SourceRefused, match="id:hash"):
        IxcActions(_settings(server, token="onlyhash"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (pix_code("T1", "99.90"), True),
        (pix_code("T1", "99.90")[:-4] + "0000", False),
        (pix_code("T1", "99.90").replace("99.90", "09.90"), False),  # another amount
        (pix_code("T1", "99.90")[:-1], False),
        ("", False),
        ("0" * 5000, False),
    ],
)
def test_a_pix_code_is_believed_only_when_its_checksum_closes(code: str, expected: bool) -> None:
    assert expected is pix_closes(code)


def test_the_checksum_is_the_one_of_the_manual() -> None:
    assert 0x29B1 == crc_hqx(b"123456789", 0xFFFF)  # facts/erp.md 6.3


def test_the_stand_in_knows_every_action_that_is_used() -> None:
    assert {UNLOCK, NOTE, PIX, BOLETO} == ixc_actions.NAMES
