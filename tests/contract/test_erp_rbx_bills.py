"""One client's bills at this moment, with interest; and what became of bills that are gone: RBX over real HTTP."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest
from structlog.testing import capture_logs

from tests.lab.invented import World, invent
from tests.lab.rbx_faults import Fault, Kind
from tests.lab.rbx_server import OPEN, SETTLED, RbxServer
from tests.lab.rbx_source import asked, facts, rbx
from worker.core.billing import BillKey
from worker.core.enums import Fate
from worker.errors import SourceBroken, SourceRefused

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


def test_one_clients_bills_take_one_request(server: RbxServer, world: World) -> None:
    bill = world.owed(*SPAN)[0]
    expected = [each for each in world.owed(*SPAN) if each.client_id == bill.client_id]
    assert facts(expected) == facts(list(rbx(server).open_now(bill.client_id, *SPAN)))
    assert 1 == len(server.requests)
    assert f" AND CliFor = {bill.client_id} AND Vencimento >= " in server.requests[0].filtro


def test_interest_comes_from_v2_when_accounts_are_told(server: RbxServer, world: World) -> None:
    bill = world.owed(*SPAN)[0]
    bills = rbx(server, accounts=[3]).open_now(bill.client_id, *SPAN)
    assert [each.open_amount + Decimal("2.33") for each in bills] == [each.updated_amount for each in bills]
    assert ("account_list", "customer_id") == server.requests[-1].fields  # the key goes into the header alone


@pytest.mark.parametrize("kind", [Kind.SERVER_ERROR, Kind.BAD_KEY, Kind.HTML_ERROR, Kind.TRUNCATED, Kind.EMPTY])
def test_without_v2_there_are_bills_without_interest(server: RbxServer, world: World, kind: Kind) -> None:
    bill = world.owed(*SPAN)[0]
    server.fault = Fault(kind, service="get_unpaid_document")
    with capture_logs() as logs:
        bills = rbx(server, accounts=[3], retries=3).open_now(bill.client_id, *SPAN)
    assert bill.bill_id in {each.bill_id for each in bills}
    assert {None} == {each.updated_amount for each in bills}
    assert 1 == server.fault.fired
    assert (kind is not Kind.EMPTY) == ("rbx_no_interest" in [each["event"] for each in logs])


def test_an_unreachable_v1_is_an_error_at_the_telephone_too(server: RbxServer) -> None:
    server.fault = Fault(Kind.TRUNCATED, service=OPEN)
    with pytest.raises(SourceBroken):
        rbx(server, accounts=[3]).open_now("2", *SPAN)


def test_another_clients_bills_are_never_taken_for_ones_own(server: RbxServer, world: World) -> None:
    first, second = list(dict.fromkeys(bill.client_id for bill in world.owed(*SPAN)))[:2]
    source = rbx(server)
    assert source.open_now(first, *SPAN)
    server.fault = Fault(Kind.REPEATED, service=OPEN)
    assert () == source.open_now(second, *SPAN)


def test_a_bill_that_comes_twice_for_one_client_is_an_error(server: RbxServer, world: World) -> None:
    server.fault = Fault(Kind.DUPLICATES, service=OPEN)
    with pytest.raises(SourceBroken, match="same bill twice"):
        rbx(server).open_now(world.owed(*SPAN)[0].client_id, *SPAN)


def test_an_id_that_is_no_code_never_becomes_a_question(server: RbxServer) -> None:
    with pytest.raises(SourceRefused, match="no code of RBX"):
        rbx(server).open_now("1 OR 1=1", *SPAN)
    assert [] == server.requests


def test_the_settlements_say_what_became_of_bills(server: RbxServer, world: World) -> None:
    paid, cancelled, traded, odd, owed, late = world.owed(*SPAN)[:6]
    server.pay(paid.bill_id)
    server.cancel(cancelled.bill_id)
    server.settle(traded.bill_id, "RENEGOCIACAO")
    server.settle(odd.bill_id, "BAIXA")
    server.edit(OPEN, late.bill_id, Vencimento="2027-03-01")
    gone = [BillKey(bill.bill_id, bill.client_id) for bill in (paid, cancelled, traded, odd, owed, late)]
    assert {
        paid.bill_id: Fate.PAID,
        cancelled.bill_id: Fate.CANCELLED,
        traded.bill_id: Fate.RENEGOTIATED,
        owed.bill_id: Fate.OPEN,
        late.bill_id: Fate.OUT_OF_SPAN,
    } == rbx(server).fates([*gone, BillKey("4040404", "2")], *SPAN)


def test_settlements_are_asked_for_by_the_documented_columns_newest_first(server: RbxServer, world: World) -> None:
    bill = world.owed(*SPAN)[0]
    server.pay(bill.bill_id)
    rbx(server).fates([BillKey(bill.bill_id, bill.client_id)], *SPAN)
    assert [
        "Movimento.Tipo = 'C' AND Movimento.Data >= '2026-11-21' AND Movimento.Data < '2026-11-28'",
        "Movimento.Tipo = 'C' AND Movimento.Data >= '2026-11-14' AND Movimento.Data < '2026-11-21'",
    ] == [request.filtro for request in server.requests]


def test_settlements_are_looked_for_forty_five_days_back(server: RbxServer) -> None:
    rbx(server).fates([BillKey("4040404", "2")], *SPAN)
    assert "Movimento.Data >= '2026-10-06'" in asked(server, SETTLED)[-1]
    assert 8 == len(asked(server, SETTLED))


@pytest.mark.parametrize(
    ("earlier", "later", "fate"), [("CANC", "PAGTO", Fate.PAID), ("PAGTO", "CANC", Fate.CANCELLED)]
)
def test_the_latest_settlement_of_a_bill_counts(
    server: RbxServer, world: World, earlier: str, later: str, fate: Fate
) -> None:
    bill = world.owed(*SPAN)[0]
    row = dict(server.tables[OPEN][bill.bill_id])
    for days, motive in ((2, earlier), (1, later)):
        server.tables[OPEN][bill.bill_id] = row
        server.today = TODAY - timedelta(days=days)
        server.settle(bill.bill_id, motive)
    assert {bill.bill_id: fate} == rbx(server).fates([BillKey(bill.bill_id, bill.client_id)], *SPAN)


def test_old_settlements_of_another_person_or_time_say_nothing(server: RbxServer, world: World) -> None:
    bill = world.owed(*SPAN)[0]
    server.pay(bill.bill_id)
    row = list(server.tables[SETTLED].values())[-1]
    row["CodigoPessoa"] = "999999"
    key = [BillKey(bill.bill_id, bill.client_id)]
    assert {} == rbx(server).fates(key, *SPAN)
    row |= {"CodigoPessoa": bill.client_id, "DataBaixa": "2026-09-30"}
    assert {} == rbx(server).fates(key, *SPAN)


def test_a_hidden_limit_hides_no_recent_settlement(server: RbxServer, world: World) -> None:
    owed = world.owed(*SPAN)[:120]
    for days, bill in enumerate(owed):
        server.today = TODAY - timedelta(days=days % 5)
        server.pay(bill.bill_id)
    server.cap = 50
    fates = rbx(server).fates([BillKey(bill.bill_id, bill.client_id) for bill in owed], *SPAN)
    assert dict.fromkeys((bill.bill_id for bill in owed), Fate.PAID) == fates


def test_at_most_two_hundred_clients_are_asked_about(server: RbxServer) -> None:
    gone = [BillKey(f"7{number:06}", str(number)) for number in range(1, 300)]
    with capture_logs() as logs:
        assert {} == rbx(server).fates(gone, *SPAN)
    assert 200 == len(asked(server, OPEN))
    assert [99] == [each["clients"] for each in logs if each["event"] == "rbx_fates_not_asked"]
