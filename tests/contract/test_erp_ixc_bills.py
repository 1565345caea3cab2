"""Single questions about bills to IXC: one client's at this moment, and what became of those that are gone."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from structlog.testing import capture_logs

from tests.lab.invented import World, invent
from tests.lab.ixc_faults import Fault, Kind
from tests.lab.ixc_server import TOKEN, IxcServer
from worker.core.billing import BillKey
from worker.core.enums import Fate
from worker.core.model import Bill
from worker.erp.ixc import Ixc
from worker.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from worker.source_settings import IxcSource

TODAY = date(2026, 11, 20)
SPAN = (TODAY - timedelta(days=365), TODAY)


@pytest.fixture(scope="module")
def world() -> World:
    return invent(120, today=TODAY, seed=31)


@pytest.fixture
def server(world: World) -> Iterator[IxcServer]:
    with IxcServer(world.clients, world.bills, world.contracts) as running:
        yield running


def _source(server: IxcServer, slept: list[float] | None = None) -> Ixc:
    settings = IxcSource.model_validate(
        {"type": "ixc", "url": server.url, "token": TOKEN, "page_size": 3, "pause_seconds": 0.7, "retries": 0}
    )
    return Ixc(settings, sleep=(slept if slept is not None else []).append)


def _debtor(world: World) -> tuple[str, tuple[Bill, ...]]:
    """A client with several open bills, and those."""
    owed = world.owed(*SPAN)
    client_id = next(bill.client_id for bill in owed if sum(bill.client_id == each.client_id for each in owed) > 3)
    return client_id, tuple(bill for bill in owed if bill.client_id == client_id)


def _keys(world: World, count: int) -> list[BillKey]:
    return [BillKey(bill.bill_id, bill.client_id) for bill in world.owed(*SPAN)[:count]]


def test_one_client_s_open_bills_come_by_one_request(server: IxcServer, world: World) -> None:
    client_id, bills = _debtor(world)
    assert bills == _source(server).open_now(client_id, *SPAN)
    assert 1 == len(server.requests)


def test_a_bill_just_paid_is_no_longer_open(server: IxcServer, world: World) -> None:
    client_id, bills = _debtor(world)
    server.pay(bills[0].bill_id)
    assert bills[1:] == _source(server).open_now(client_id, *SPAN)
    for bill in bills[1:]:
        server.pay(bill.bill_id)
    assert () == _source(server).open_now(client_id, *SPAN)


def test_interest_comes_along_where_ixc_reckons_it(server: IxcServer, world: World) -> None:
    client_id, bills = _debtor(world)
    dearer = bills[0].open_amount + 5
    server.edit("fn_areceber", bills[0].bill_id, valor_total_com_juros=str(dearer))
    expected = [dearer] + [None] * (len(bills) - 1)
    assert expected == [bill.updated_amount for bill in _source(server).open_now(client_id, *SPAN)]
    listed = [bill for page in _source(server).bills(*SPAN) for bill in page.rows]
    assert [dearer] == [bill.updated_amount for bill in listed if bill.updated_amount]


def test_a_client_of_very_many_bills_is_read_to_the_end(server: IxcServer, world: World) -> None:
    client_id, bills = _debtor(world)
    due = TODAY.isoformat()
    with server.tables.lock:
        for key in range(500000, 501100):
            row = {"id": str(key), "id_cliente": client_id, "status": "A", "liberado": "S", "data_vencimento": due}
            server.tables.rows["fn_areceber"][key] = {**row, "valor": "1.00", "valor_aberto": "1.00"}
        server.tables.changed()
    assert len(bills) + 1100 == len(_source(server).open_now(client_id, *SPAN))
    assert 2 == len(server.requests)


@pytest.mark.parametrize("client_id", ["", "0", "x", "5 OR 1=1", "5,6", "-5", "05", "5.0", "1" * 19, "٥"])
def test_only_a_number_of_ixc_s_is_put_into_a_question(server: IxcServer, client_id: str) -> None:
    with pytest.raises(SourceBroken, match="no client number of IXC"):
        _source(server).open_now(client_id, *SPAN)
    assert [] == server.requests


def test_another_client_s_bills_are_never_taken(server: IxcServer, world: World) -> None:
    client_id, _ = _debtor(world)
    real = server.tables.find

    def heedless(table: str, question: dict[str, str], *, thinned: bool = False) -> object:
        return real(table, {**question, "grid_param": "[]"}, thinned=thinned)

    server.tables.find = heedless  # type: ignore[assignment,method-assign]  # an IXC that heeds no condition
    with pytest.raises(SourceBroken, match="another's too"):
        _source(server).open_now(client_id, *SPAN)


def test_a_row_that_cannot_be_used_is_left_out_and_logged_without_its_content(
    server: IxcServer, world: World
) -> None:
    client_id, bills = _debtor(world)
    server.edit("fn_areceber", bills[0].bill_id, valor_aberto="12345678909")
    with capture_logs() as logs:
        assert bills[1:] == _source(server).open_now(client_id, *SPAN)
    assert [("ixc_bills_left_out", [bills[0].bill_id])] == [(line["event"], line["bills"]) for line in logs]
    assert "12345678909" not in str(logs)


SINGLE: dict[Kind, type[SourceError]] = {
    Kind.SERVER_ERROR: SourceUnavailable,
    Kind.GATEWAY_TIMEOUT: SourceUnavailable,
    Kind.RESET: SourceUnavailable,
    Kind.HTML_ERROR: SourceBroken,
    Kind.LOGIN_PAGE: SourceRefused,
    Kind.IP_REFUSAL: SourceRefused,
    Kind.TRUNCATED: SourceBroken,
    Kind.TOTAL_MISMATCH: SourceBroken,
    Kind.DUPLICATES: SourceBroken,
    Kind.NO_ROWS: SourceBroken,
}


@pytest.mark.parametrize("kind", SINGLE)
def test_a_faulty_answer_is_never_taken_for_no_debt_nor_for_a_fate(
    server: IxcServer, world: World, kind: Kind
) -> None:
    server.fault = Fault(kind)
    with pytest.raises(SINGLE[kind]):
        _source(server).open_now(_debtor(world)[0], *SPAN)
    server.fault = Fault(kind)
    with pytest.raises(SINGLE[kind]):
        _source(server).fates(_keys(world, 5), *SPAN)


def test_each_bill_that_is_gone_has_its_fate(server: IxcServer, world: World) -> None:
    keys = _keys(world, 9)
    ids = [key.bill_id for key in keys]
    server.pay(ids[0])
    server.edit("fn_areceber", ids[1], status="C")
    server.edit("fn_areceber", ids[2], status="C", titulo_renegociado="S")
    server.edit("fn_areceber", ids[3], liberado="N")
    server.edit("fn_areceber", ids[4], data_vencimento="2027-01-01")
    server.edit("fn_areceber", ids[5], status="P", valor_aberto="1.00")
    server.remove("fn_areceber", ids[6])
    server.edit("fn_areceber", ids[7], status="N")
    expected = {
        ids[0]: Fate.PAID,
        ids[1]: Fate.CANCELLED,
        ids[2]: Fate.RENEGOTIATED,
        ids[3]: Fate.OUT_OF_SPAN,
        ids[4]: Fate.OUT_OF_SPAN,
        ids[5]: Fate.OPEN,
        ids[8]: Fate.OPEN,
    }
    assert expected == _source(server).fates(keys, *SPAN)


def test_fates_are_asked_for_by_the_hundred_and_whatever_the_status(server: IxcServer, world: World) -> None:
    keys = [BillKey(str(bill.bill_id), str(bill.client_id)) for bill in world.bills[:250]]
    slept: list[float] = []
    assert 250 == len(_source(server, slept).fates([*keys, *keys[:10]], *SPAN))
    sent = [request.question for request in server.requests]
    assert (["100", "100", "50"], [0.7, 0.7]) == ([question["rp"] for question in sent], slept)
    assert not any("status" in question["grid_param"] for question in sent)


def test_no_bills_gone_is_no_request(server: IxcServer) -> None:
    assert {} == _source(server).fates([], *SPAN)
    assert [] == server.requests


def test_ids_that_ixc_cannot_have_written_are_left_out(server: IxcServer, world: World) -> None:
    (sound,) = _keys(world, 1)
    odd = [BillKey(text, "5") for text in ("A-1", "1,2", "0", "", "1) OR (1=1", "007")]
    assert {sound.bill_id: Fate.OPEN} == _source(server).fates([*odd, sound], *SPAN)
    assert f'"P": "{sound.bill_id}"' in server.requests[0].question["grid_param"]


def test_bills_not_asked_for_are_an_error(server: IxcServer, world: World) -> None:
    real = server.tables.find

    def heedless(table: str, question: dict[str, str], *, thinned: bool = False) -> object:
        return real(table, {**question, "grid_param": "[]"}, thinned=thinned)

    server.tables.find = heedless  # type: ignore[assignment,method-assign]  # an IXC that does not know IN
    with pytest.raises(SourceBroken, match="sent others, or not all"):
        _source(server).fates(_keys(world, 5), *SPAN)


def test_a_listing_that_is_short_by_two_fifths_looks_whole_from_here(server: IxcServer, world: World) -> None:
    server.fault = Fault(Kind.FEWER, table="fn_areceber")
    got = [bill for page in _source(server).bills(*SPAN) for bill in page.rows]
    server.fault = None
    whole = world.owed(*SPAN)
    assert abs(len(got) - len(whole) * 3 / 5) < 2  # only the shrinking figures can tell ...
    missing = [BillKey(bill.bill_id, bill.client_id) for bill in whole if bill not in got]
    assert {Fate.OPEN} == set(_source(server).fates(missing, *SPAN).values())  # ... or their fates
