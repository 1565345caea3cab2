"""All that IXC was seen to answer instead of a list, on the first, a middle and the last page of a listing."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from tests.lab.invented import World, invent
from tests.lab.ixc_faults import Fault, Kind
from tests.lab.ixc_server import TOKEN, IxcServer
from worker.core.model import Bill
from worker.erp.ixc import Ixc
from worker.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from worker.source_settings import IxcSource

TODAY = date(2026, 11, 20)
SPAN = (TODAY - timedelta(days=365), TODAY)
PAGE = 20
FAULTS: dict[Kind, type[SourceError]] = {
    Kind.SERVER_ERROR: SourceUnavailable,
    Kind.GATEWAY_TIMEOUT: SourceUnavailable,
    Kind.HANG: SourceUnavailable,
    Kind.RESET: SourceUnavailable,
    Kind.HTML_ERROR: SourceBroken,
    Kind.LOGIN_PAGE: SourceRefused,
    Kind.UNAUTHORIZED: SourceRefused,
    Kind.FORBIDDEN: SourceRefused,
    Kind.NOT_FOUND: SourceRefused,
    Kind.REDIRECT: SourceRefused,
    Kind.IP_REFUSAL: SourceRefused,
    Kind.TRUNCATED: SourceBroken,
    Kind.TOTAL_MISMATCH: SourceBroken,
    Kind.DUPLICATES: SourceBroken,
    Kind.REPEATED: SourceBroken,
    Kind.NO_ROWS: SourceBroken,
    Kind.EMPTY: SourceBroken,
    Kind.SHRINK: SourceBroken,
}
# On the first page these are whole answers by all that IXC says; only the alarm on shrinking figures can tell.
PLAUSIBLE_FIRST = (Kind.EMPTY, Kind.SHRINK, Kind.REPEATED)


@pytest.fixture(scope="module")
def world() -> World:
    return invent(60, today=TODAY, seed=11)


@pytest.fixture
def server(world: World) -> Iterator[IxcServer]:
    with IxcServer(world.clients, world.bills) as running:
        yield running


def _source(server: IxcServer, *, retries: int = 1, slept: list[float] | None = None) -> Ixc:
    settings = IxcSource.model_validate(
        {
            "type": "ixc",
            "url": server.url,
            "token": TOKEN,
            "page_size": PAGE,
            "pause_seconds": 0,
            "retries": retries,
            "timeout_seconds": 0.25,
        }
    )
    return Ixc(settings, sleep=(slept if slept is not None else []).append)


def _bills(source: Ixc) -> list[Bill]:
    return [bill for page in source.bills(*SPAN) for bill in page.rows]


def _pages(server: IxcServer) -> int:
    """How many pages the bills take; the listing is asked for once to count them."""
    _bills(_source(server))
    return max(request.page for request in server.requests)


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (kind, place)
        for kind in FAULTS
        for place in ("first", "middle", "last")
        if (place, kind) not in {("first", each) for each in PLAUSIBLE_FIRST}
    ],
)
def test_each_fault_raises_its_own_error_in_one_clean_sentence(server: IxcServer, kind: Kind, place: str) -> None:
    last = _pages(server)
    server.fault = Fault(kind, page={"first": 1, "middle": last // 2, "last": last}[place])
    with pytest.raises(FAULTS[kind]) as caught:
        _bills(_source(server))
    assert FAULTS[kind] is type(caught.value)
    sentence = str(caught.value)
    assert sentence.isprintable()
    assert len(sentence) < 300
    assert not any(part in sentence for part in (*TOKEN.split(":")[1:], "segredo", "senha-em-claro", "<"))
    assert server.fault.fired >= 1


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind not in PLAUSIBLE_FIRST])
def test_clients_and_client_types_fail_alike(server: IxcServer, kind: Kind) -> None:
    server.fault = Fault(kind)
    for question in (lambda: list(_source(server, retries=0).clients()), _source(server, retries=0).client_types):
        with pytest.raises(FAULTS[kind]):
            question()


@pytest.mark.parametrize("kind", [Kind.SERVER_ERROR, Kind.GATEWAY_TIMEOUT, Kind.HANG, Kind.RESET])
def test_what_passes_by_itself_is_tried_again_with_growing_pauses(
    server: IxcServer, world: World, kind: Kind
) -> None:
    slept: list[float] = []
    server.fault = Fault(kind, page=2, times=2)
    assert world.owed(*SPAN) == _bills(_source(server, retries=2, slept=slept))
    assert [1.0, 2.0] == [pause for pause in slept if pause]


@pytest.mark.parametrize("kind", [kind for kind, error in FAULTS.items() if error is not SourceUnavailable])
def test_what_does_not_pass_by_itself_is_asked_once(server: IxcServer, kind: Kind) -> None:
    slept: list[float] = []
    server.fault = Fault(kind, page=2)
    with pytest.raises(FAULTS[kind]):
        _bills(_source(server, retries=5, slept=slept))
    assert [] == [pause for pause in slept if pause]


def test_bills_paid_between_two_pages_make_no_other_bill_vanish(server: IxcServer, world: World) -> None:
    expected = world.owed(*SPAN)
    got: list[Bill] = []
    for page in _source(server).bills(*SPAN):
        if not got:
            for paid in (expected[0], expected[1], expected[-1]):  # two already read, one not yet
                server.pay(paid.bill_id)
        got += page.rows
    assert expected[:-1] == got


def test_a_bill_made_between_two_pages_is_read_as_well(server: IxcServer, world: World) -> None:
    got: list[Bill] = []
    due = TODAY.isoformat()
    for page in _source(server).bills(*SPAN):
        if not got:
            server.edit(
                "fn_areceber",
                999999,
                id_cliente="5",
                status="A",
                liberado="S",
                data_vencimento=due,
                valor="9.90",
                valor_aberto="9.90",
            )
        got += page.rows
    assert [*(bill.bill_id for bill in world.owed(*SPAN)), "999999"] == [bill.bill_id for bill in got]


def test_a_total_that_was_wrong_only_once_is_settled_by_counting_again(server: IxcServer, world: World) -> None:
    server.fault = Fault(Kind.TOTAL_MISMATCH, page=2, times=1)
    assert world.owed(*SPAN) == _bills(_source(server))
    assert "1" == server.requests[-1].question["rp"]


def test_pages_are_paused_between(server: IxcServer) -> None:
    slept: list[float] = []
    settings = IxcSource.model_validate(
        {"type": "ixc", "url": server.url, "token": TOKEN, "page_size": PAGE, "pause_seconds": 0.7}
    )
    pages = list(Ixc(settings, sleep=slept.append).bills(*SPAN))
    assert [0.7] * (len(pages) - 1) == slept


def test_nothing_but_listings_is_ever_sent(server: IxcServer) -> None:
    source = _source(server)
    source.probe()
    source.client_types()
    list(source.clients())
    _bills(source)
    assert 0 == server.inserts
    assert {True} == {request.listing for request in server.requests}


def test_a_wrong_token_is_refused_by_name(server: IxcServer) -> None:
    settings = IxcSource.model_validate({"type": "ixc", "url": server.url, "token": "7:wrong"})
    with pytest.raises(SourceRefused, match=r"refused the token \(HTTP 401\): check source\.token"):
        Ixc(settings).probe()


def test_a_closed_port_is_unavailable_after_all_tries() -> None:
    slept: list[float] = []
    settings = IxcSource.model_validate({"type": "ixc", "url": "http://127.0.0.1:9", "token": TOKEN, "retries": 2})
    with pytest.raises(SourceUnavailable, match="connection to IXC"):
        Ixc(settings, sleep=slept.append).probe()
    assert [1.0, 2.0] == slept
