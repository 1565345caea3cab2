"""RBX's own habits over real HTTP: slices, hidden limits, spellings of dates, blocks, invented data."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from structlog.testing import capture_logs

from tests.lab.invented import World, invent
from tests.lab.rbx_faults import Fault, Kind
from tests.lab.rbx_server import BLOCKED, CLIENTS, CONTRACTS, OPEN, RbxServer
from tests.lab.rbx_source import asked, facts, rbx
from worker.core.billing import BillKey
from worker.core.enums import Access, Fate
from worker.core.model import Bill
from worker.erp.rbx import Rbx
from worker.erp.rbx_http import base_address
from worker.errors import SourceRefused
from worker.ports import Can

TODAY = date(2026, 11, 20)
YEAR_AGO = TODAY - timedelta(days=365)
SPAN = (YEAR_AGO, TODAY)


@pytest.fixture(scope="module")
def world() -> World:
    return invent(150, today=TODAY, seed=5)


@pytest.fixture
def server(world: World) -> Iterator[RbxServer]:
    with RbxServer(world, today=TODAY) as running:
        yield running


def _bills(source: Rbx) -> list[Bill]:
    return [bill for page in source.bills(*SPAN) for bill in page.rows]


def _client_ids(source: Rbx) -> list[str]:
    return [client.client_id for page in source.clients() for client in page.rows]


@pytest.mark.parametrize("width", [1, 31, 366])
def test_the_width_of_a_slice_changes_nothing(server: RbxServer, world: World, width: int) -> None:
    assert facts(world.owed(*SPAN)) == facts(_bills(rbx(server, slice_days=width)))


def test_the_filter_is_as_the_documentation_writes_it(server: RbxServer) -> None:
    list(rbx(server).bills(TODAY - timedelta(days=40), TODAY))
    assert [
        "Historico = 'Documento a Receber' AND Vencimento >= '2026-10-11' AND Vencimento < '2026-11-11'",
        "Historico = 'Documento a Receber' AND Vencimento >= '2026-11-11' AND Vencimento < '2026-11-21'",
    ] == list(dict.fromkeys(asked(server, OPEN)))


@pytest.mark.parametrize("cap", [50, 100])
def test_a_hidden_limit_loses_neither_bills_nor_clients_nor_contracts(
    server: RbxServer, world: World, cap: int
) -> None:
    server.cap = cap
    source = rbx(server, slice_codes=2000, slice_days=366)
    assert facts(world.owed(*SPAN)) == facts(_bills(source))
    assert sorted(client.client_id for client in world.chargeable()) == sorted(map(int, _client_ids(source)))
    contracts = [contract.contract_id for page in source.contracts() for contract in page.rows]
    assert sorted(server.tables[CONTRACTS]) == sorted(contracts)


def test_codes_beyond_a_wide_gap_are_found(server: RbxServer, world: World) -> None:
    row = server.tables[CLIENTS][str(world.chargeable()[0].client_id)]
    for code in (90_001, 90_002, 700_000):
        server.edit(CLIENTS, code, **{**row, "Codigo": str(code)})
    assert ["90001", "90002", "700000"] == _client_ids(rbx(server, slice_codes=100))[-3:]


def test_dates_with_the_day_in_the_middle_are_read_right(server: RbxServer, world: World) -> None:
    server.day_second = True
    assert facts(world.owed(*SPAN)) == facts(_bills(rbx(server)))


def test_supplier_documents_and_foreseen_income_are_no_bills(server: RbxServer, world: World) -> None:
    assert "F" == server.tables[OPEN]["supplier"]["Tipo"]
    assert Decimal("12345.67") not in {bill.open_amount for bill in _bills(rbx(server))}
    assert any(not bill.released for bill in world.bills)


def test_the_groups_of_the_clients_are_their_types_and_cost_no_second_listing(server: RbxServer) -> None:
    source = rbx(server)
    groups = {client.client_type for page in source.clients() for client in page.rows}
    asked = len(server.requests)
    assert groups == {each.type_id for each in source.client_types()}
    assert asked == len(server.requests)


def test_what_a_cut_listing_left_out_is_known_to_be_open(server: RbxServer, world: World) -> None:
    server.fault = Fault(Kind.SHRINK, nth=3, service=OPEN, times=1)
    got = {bill.bill_id for bill in _bills(rbx(server))}
    gone = [BillKey(bill.bill_id, bill.client_id) for bill in world.owed(*SPAN) if bill.bill_id not in got]
    assert gone
    assert {Fate.OPEN} == set(rbx(server).fates(gone[:5], *SPAN).values())


def test_contracts_are_blocked_by_whom_the_list_of_blocks_says(server: RbxServer) -> None:
    first, second, third = list(server.tables[CONTRACTS])[:3]
    server.edit(
        BLOCKED, first, Contrato_Numero=first, Contrato_Bloqueio="2026-11-01", Contrato_Bloqueio_Usuario="ana"
    )
    server.edit(
        BLOCKED, second, Contrato_Numero=second, Contrato_Bloqueio="2026-11-02", Contrato_Bloqueio_Usuario=""
    )
    server.edit(CONTRACTS, third, Situacao_Codigo="C", Situacao_Descricao="Cancelado")
    found = {each.contract_id: each for page in rbx(server).contracts() for each in page.rows}
    assert set(server.tables[CONTRACTS]) - {third} == set(found)
    assert (Access.BLOCKED_MANUAL, date(2026, 11, 1)) == (found[first].access, found[first].blocked_since)
    assert (Access.BLOCKED_AUTO, date(2026, 11, 2)) == (found[second].access, found[second].blocked_since)
    others = {each.access for number, each in found.items() if number not in (first, second)}
    assert {Access.ACTIVE} == others


def test_requests_of_a_listing_are_paused_between(server: RbxServer) -> None:
    slept: list[float] = []
    list(rbx(server, slept=slept, pause_seconds=0.7).bills(*SPAN))
    assert [0.7] * (len(server.requests) - 1) == slept


def test_probing_warns_of_homologation_every_time_and_tells_signs(server: RbxServer, world: World) -> None:
    assert "check that the key is of production, not homologation" in rbx(server).probe()
    assert "TESTE" not in rbx(server).probe()
    server.edit(CLIENTS, world.clients[0].client_id, Nome="CLIENTE TESTE 1")
    said = rbx(server).probe()
    assert "(1 of " in said
    assert said.isprintable()


def test_a_listing_that_looks_invented_is_logged(server: RbxServer, world: World) -> None:
    with capture_logs() as quiet:
        list(rbx(server).clients())
    server.edit(CLIENTS, world.clients[0].client_id, Nome="Homologação Ltda")
    with capture_logs() as logs:
        list(rbx(server).clients())
    assert ([], ["rbx_looks_like_homologation"]) == (quiet, [each["event"] for each in logs])


def test_an_almost_empty_rbx_looks_invented() -> None:
    world = invent(2, today=TODAY, seed=1)
    with RbxServer(replace(world, bills=()), today=TODAY) as server:
        assert "hardly any clients" in rbx(server).probe()


def test_a_wrong_key_is_refused_by_name(server: RbxServer) -> None:
    with pytest.raises(SourceRefused, match=r"error 97.*check source\.key"):
        rbx(server, key="OUTRA-CHAVE").probe()


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "chavé"])
def test_a_key_that_no_header_may_hold_is_refused_at_once(server: RbxServer, key: str) -> None:
    with pytest.raises(SourceRefused, match=r"source\.key must be"):
        rbx(server, key=key)


@pytest.mark.parametrize(
    "url",
    [
        "https://rbx.example",
        "https://rbx.example/",
        "https://rbx.example/routerbox",
        "https://rbx.example/RouterBox/",
        "https://rbx.example/routerbox/ws/rbx_server_json.php",
        "https://rbx.example/routerbox/ws_json/ws_json.php",
        "https://rbx.example/routerbox/ws",
    ],
)
def test_the_address_may_be_pasted_in_any_usual_form(url: str) -> None:
    assert "https://rbx.example/routerbox" == base_address(url)


def test_nothing_is_lacking() -> None:
    assert frozenset(Can) == Rbx.can
