"""Clients and contracts of IXC over the stand-in: kinds of person, names of places, lines, who is left alone."""

from collections.abc import Iterator
from datetime import date

import pytest
from structlog.testing import capture_logs

from tests.lab.invented import InventedClient, World, invent
from tests.lab.ixc_faults import Fault, Kind
from tests.lab.ixc_lines import CITIES
from tests.lab.ixc_server import TOKEN, IxcServer
from worker.core.billing import Contract
from worker.core.enums import PersonType
from worker.core.model import Client, Rejected
from worker.erp.ixc import Ixc
from worker.erp.source import USUAL, Reading
from worker.errors import SourceUnavailable
from worker.ports import Can
from worker.source_settings import IxcSource

TODAY = date(2026, 11, 20)
CITY = {city.city_id: (city.name, city.state) for city in CITIES}


@pytest.fixture(scope="module")
def world() -> World:
    return invent(150, today=TODAY, seed=21)


@pytest.fixture
def server(world: World) -> Iterator[IxcServer]:
    with IxcServer(world.clients, world.bills, world.contracts) as running:
        yield running


def _source(server: IxcServer, reading: Reading = USUAL, **more: object) -> Ixc:
    usual = {"type": "ixc", "url": server.url, "token": TOKEN, "page_size": 25, "pause_seconds": 0, "retries": 0}
    settings = IxcSource.model_validate(usual | more)
    return Ixc(settings, reading, sleep=lambda _: None, today=lambda: TODAY)


def _clients(source: Ixc) -> tuple[list[Client], list[Rejected]]:
    pages = list(source.clients())
    return [row for page in pages for row in page.rows], [bad for page in pages for bad in page.rejected]


def _contracts(source: Ixc) -> tuple[list[Contract], list[Rejected]]:
    pages = list(source.contracts())
    return [row for page in pages for row in page.rows], [bad for page in pages for bad in page.rejected]


def _asked(server: IxcServer, table: str) -> int:
    return sum(request.table == table for request in server.requests)


def test_ixc_can_do_all_that_a_source_may(server: IxcServer) -> None:
    assert frozenset(Can) == _source(server).can


@pytest.mark.parametrize(
    ("persons", "letters", "condition"),
    [
        ({PersonType.NATURAL}, "F", '"P": "F"'),
        ({PersonType.LEGAL}, "J", '"P": "J"'),
        ({PersonType.FOREIGN}, "E", None),  # E, 1, 2 and 3: no one condition says that
        ({PersonType.NATURAL, PersonType.LEGAL}, "FJ", None),
        (set(PersonType), "FJE", None),
    ],
)
def test_exactly_the_kinds_of_person_asked_for_arrive(
    server: IxcServer, world: World, persons: set[PersonType], letters: str, condition: str | None
) -> None:
    expected = [c for c in world.clients if c.active and not c.prospect and c.person in letters]
    clients, _ = _clients(_source(server, Reading("11", frozenset(persons))))
    assert expected
    assert [str(c.client_id) for c in expected] == [client.client_id for client in clients]
    sent = server.requests[0].question["grid_param"]
    assert (condition is not None) == ("tipo_pessoa" in sent)
    assert condition is None or condition in sent


def test_clients_arrive_with_the_names_of_their_city_and_state(server: IxcServer, world: World) -> None:
    with capture_logs() as logs:
        clients, _ = _clients(_source(server))
    assert [CITY[c.city_id] for c in world.chargeable()] == [(client.city, client.state) for client in clients]
    assert len({client.city for client in clients}) > 1
    assert [] == logs


def test_the_tables_of_names_are_read_once_a_listing(server: IxcServer) -> None:
    source = _source(server)
    _clients(source)
    assert (1, 1) == (_asked(server, "cidade"), _asked(server, "uf"))
    _clients(source)
    assert (2, 2) == (_asked(server, "cidade"), _asked(server, "uf"))


def test_the_tables_of_names_are_not_read_when_no_client_needs_them(server: IxcServer, world: World) -> None:
    for client in world.clients:
        server.edit("cliente", client.client_id, cidade_descricao="Vila Nova", uf="rs")
    clients, _ = _clients(_source(server))
    assert {("Vila Nova", "RS")} == {(client.city, client.state) for client in clients}
    assert (0, 0) == (_asked(server, "cidade"), _asked(server, "uf"))


def test_a_long_table_of_cities_is_read_to_its_end(server: IxcServer, world: World) -> None:
    for key in range(5000, 5060):
        server.edit("cidade", key, nome=f"Cidade {key}")
    server.edit("cliente", world.chargeable()[0].client_id, cidade="5059")
    assert "Cidade 5059" == _clients(_source(server))[0][0].city


@pytest.mark.parametrize("column", ["nome", "cidade", "descricao"])
def test_whatever_ixc_calls_the_column_the_city_is_found(column: str) -> None:
    client = InventedClient(2, "Ana", "", ())
    with IxcServer([client]) as server:
        server.remove("cidade", client.city_id)
        server.edit("cidade", client.city_id, **{column: "Vila Nova"})
        assert "Vila Nova" == _clients(_source(server))[0][0].city


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"sigla": "SP"}, "SP"),
        ({"uf": "sp"}, "SP"),
        ({"nome": "SP"}, "SP"),
        ({"nome": "São Paulo"}, ""),  # no code
        ({"sigla": "XX"}, ""),
    ],
)
def test_only_one_of_the_27_codes_is_a_state(row: dict[str, str], expected: str) -> None:
    with IxcServer([InventedClient(2, "Ana", "", ())]) as server:
        server.remove("uf", CITIES[0].state_id)
        server.edit("uf", CITIES[0].state_id, **row)
        assert expected == _clients(_source(server))[0][0].state


def test_clients_without_place_ask_for_none(server: IxcServer, world: World) -> None:
    for client in world.clients:
        server.edit("cliente", client.client_id, cidade="0", uf="")
    with capture_logs() as logs:
        clients, _ = _clients(_source(server))
    assert {("", "")} == {(client.city, client.state) for client in clients}
    assert (0, []) == (_asked(server, "cidade"), logs)


def test_a_table_that_ixc_refuses_costs_the_names_and_one_warning(server: IxcServer, world: World) -> None:
    with capture_logs() as logs:
        clients, _ = _clients(_source(server, city_table="municipio", state_table="estado"))
    assert len(world.chargeable()) == len(clients)
    assert {("", "")} == {(client.city, client.state) for client in clients}
    assert [("ixc_places_unnamed", "warning")] == [(line["event"], line["log_level"]) for line in logs]
    assert "municipio" in logs[0]["city_table"]
    assert (1, 1) == (_asked(server, "municipio"), _asked(server, "estado"))  # not once a client


UNREADABLE = (Kind.HTML_ERROR, Kind.TRUNCATED, Kind.IP_REFUSAL, Kind.NO_ROWS, Kind.SERVER_ERROR)


@pytest.mark.parametrize("kind", UNREADABLE)
def test_names_that_cannot_be_read_do_not_fail_the_clients(server: IxcServer, world: World, kind: Kind) -> None:
    server.fault = Fault(kind, table="cidade")
    with capture_logs() as logs:
        clients, _ = _clients(_source(server))
    assert ([""] * len(world.chargeable()), 1) == ([client.city for client in clients], len(logs))
    assert {"SP", "MG", "BA"} == {client.state for client in clients}


def test_one_city_without_a_name_is_warned_of_once(server: IxcServer, world: World) -> None:
    for client in world.chargeable()[:5]:
        server.edit("cliente", client.client_id, cidade="999")
    with capture_logs() as logs:
        clients, _ = _clients(_source(server))
    assert [""] * 5 == [client.city for client in clients[:5]]
    assert all(client.city for client in clients[5:])
    assert ["ixc_places_unnamed"] == [line["event"] for line in logs]


def test_clients_taken_out_of_collection_and_bad_documents_are_told_apart(server: IxcServer, world: World) -> None:
    spared, undocumented = world.chargeable()[:2]
    server.edit("cliente", spared.client_id, participa_cobranca="N")
    server.edit("cliente", undocumented.client_id, cnpj_cpf="111.111.111-11")
    clients, rejected = _clients(_source(server))
    assert [str(spared.client_id)] == [client.client_id for client in clients if not client.collectable]
    assert [str(undocumented.client_id)] == [client.client_id for client in clients if client.document is None]
    assert [str(undocumented.client_id)] == [bad.source_id for bad in rejected if bad.kind == "document"]


def test_contracts_in_force_arrive_once_with_their_lines(server: IxcServer, world: World) -> None:
    contracts, rejected = _contracts(_source(server))
    assert len(world.in_force()) > 25 * 2
    assert (world.in_force(), []) == (contracts, rejected)


def test_the_day_until_which_a_client_wants_no_notices_arrives(server: IxcServer, world: World) -> None:
    quiet, odd = world.in_force()[:2]
    server.edit("cliente_contrato", quiet.contract_id, nao_avisar_ate="2026-12-24")
    server.edit("cliente_contrato", odd.contract_id, nao_avisar_ate="sempre")
    contracts, rejected = _contracts(_source(server))
    until = {contract.contract_id: contract.no_notice_until for contract in contracts if contract.no_notice_until}
    assert {quiet.contract_id: date(2026, 12, 24), odd.contract_id: date.max} == until
    assert [("contract", odd.contract_id)] == [(bad.kind, bad.source_id) for bad in rejected]


def test_contracts_end_with_an_error_when_the_listing_is_not_whole(server: IxcServer) -> None:
    server.fault = Fault(Kind.GATEWAY_TIMEOUT, page=2, table="cliente_contrato")
    with pytest.raises(SourceUnavailable):
        _contracts(_source(server))
