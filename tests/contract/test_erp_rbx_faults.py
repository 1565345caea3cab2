"""All that may come instead of rows, at the first, a middle and the last request of a listing."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest

from tests.lab.invented import World, invent
from tests.lab.rbx_faults import Fault, Kind
from tests.lab.rbx_server import CLIENTS, KEY, OPEN, RbxServer
from worker.core.billing import BillKey
from worker.core.model import Bill
from worker.erp.rbx import Rbx
from worker.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from worker.source_settings import RbxSource

TODAY = date(2026, 11, 20)
SPAN = (TODAY - timedelta(days=365), TODAY)
FAULTS: dict[Kind, type[SourceError]] = {
    Kind.SERVER_ERROR: SourceUnavailable,
    Kind.GATEWAY_TIMEOUT: SourceUnavailable,
    Kind.HANG: SourceUnavailable,
    Kind.RESET: SourceUnavailable,
    Kind.HTML_ERROR: SourceBroken,
    Kind.LOGIN_PAGE: SourceRefused,
    Kind.FORBIDDEN: SourceRefused,
    Kind.NOT_FOUND: SourceRefused,
    Kind.REDIRECT: SourceRefused,
    Kind.BAD_KEY: SourceRefused,
    Kind.BAD_COLUMN: SourceBroken,
    Kind.OTHER_ERROR: SourceBroken,
    Kind.NO_STATUS: SourceBroken,
    Kind.ODD_RESULT: SourceBroken,
    Kind.TRUNCATED: SourceBroken,
    Kind.DUPLICATES: SourceBroken,
    Kind.REPEATED: SourceBroken,
}
PASSING = [kind for kind, error in FAULTS.items() if error is SourceUnavailable]


@pytest.fixture(scope="module")
def world() -> World:
    return invent(60, today=TODAY, seed=11)


@pytest.fixture
def server(world: World) -> Iterator[RbxServer]:
    with RbxServer(world, today=TODAY) as running:
        yield running


def _source(server: RbxServer, *, retries: int = 1, slept: list[float] | None = None) -> Rbx:
    settings = RbxSource.model_validate(
        {
            "type": "rbx",
            "url": server.url,
            "key": KEY,
            "slice_codes": 40,
            "slice_days": 31,
            "pause_seconds": 0,
            "retries": retries,
            "timeout_seconds": 0.25,
        }
    )
    return Rbx(settings, sleep=(slept if slept is not None else []).append, today=lambda: TODAY)


def _bills(source: Rbx) -> list[Bill]:
    return [bill for page in source.bills(*SPAN) for bill in page.rows]


def _requests(server: RbxServer, ask: Callable[[Rbx], object]) -> int:
    """How many requests a listing takes; it is asked for once to count them."""
    ask(_source(server))
    count = len(server.requests)
    server.requests.clear()
    server.before.clear()
    return count


def _nth(place: str, last: int) -> int:
    return {"first": 1, "middle": last // 2, "last": last}[place]


@pytest.mark.parametrize(
    ("kind", "place"),
    [
        (kind, place)
        for kind in FAULTS
        for place in ("first", "middle", "last")
        if (kind, place) != (Kind.REPEATED, "first")  # no answer came before the first one
    ],
)
def test_each_fault_raises_its_own_error_in_one_clean_sentence(server: RbxServer, kind: Kind, place: str) -> None:
    last = _requests(server, _bills)
    server.fault = Fault(kind, nth=_nth(place, last), service=OPEN)
    with pytest.raises(FAULTS[kind]) as caught:
        _bills(_source(server))
    assert FAULTS[kind] is type(caught.value)
    sentence = str(caught.value)
    assert sentence.isprintable()
    assert len(sentence) < 300
    assert not any(part in sentence for part in (KEY, "segredo", "senha-em-claro", "<"))
    assert server.fault.fired >= 1


@pytest.mark.parametrize("place", ["first", "middle"])  # the last question asks for nothing more and gets nothing
@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind is not Kind.REPEATED])
def test_clients_fail_alike(server: RbxServer, kind: Kind, place: str) -> None:
    last = _requests(server, lambda source: list(source.clients()))
    server.fault = Fault(kind, nth=_nth(place, last), service=CLIENTS)
    with pytest.raises(FAULTS[kind]):
        list(_source(server, retries=0).clients())
    assert server.fault.fired >= 1


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind not in (Kind.REPEATED, Kind.DUPLICATES)])
def test_every_other_question_fails_alike(server: RbxServer, kind: Kind) -> None:
    source = _source(server, retries=0)
    questions: list[Callable[[], object]] = [
        source.probe,
        source.client_types,
        lambda: list(source.contracts()),
        lambda: source.open_now("2", *SPAN),
        lambda: source.fates([BillKey("1", "2")], *SPAN),
    ]
    server.fault = Fault(kind)
    for question in questions:
        with pytest.raises(FAULTS[kind]):
            question()


@pytest.mark.parametrize("place", ["first", "middle", "last"])
def test_an_empty_answer_that_does_not_last_is_an_error(server: RbxServer, place: str) -> None:
    last = _requests(server, _bills)
    server.fault = Fault(Kind.EMPTY, nth=_nth(place, last), service=OPEN, times=1)
    with pytest.raises(SourceBroken, match="found nothing due"):
        _bills(_source(server))


@pytest.mark.parametrize("nth", [1, 3])
def test_an_empty_answer_about_clients_that_does_not_last_is_an_error(server: RbxServer, nth: int) -> None:
    server.fault = Fault(Kind.EMPTY, nth=nth, service=CLIENTS, times=1)
    with pytest.raises(SourceBroken, match="found no Codigo"):
        list(_source(server).clients())


@pytest.mark.parametrize("kind", PASSING)
def test_what_passes_by_itself_is_tried_again_with_growing_pauses(
    server: RbxServer, world: World, kind: Kind
) -> None:
    slept: list[float] = []
    server.fault = Fault(kind, nth=2, service=OPEN, times=2)
    got = {bill.bill_id for bill in _bills(_source(server, retries=2, slept=slept))}
    assert {bill.bill_id for bill in world.owed(*SPAN)} == got
    assert [1.0, 2.0] == [pause for pause in slept if pause]


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind not in (*PASSING, Kind.REPEATED)])
def test_what_does_not_pass_by_itself_is_asked_once(server: RbxServer, kind: Kind) -> None:
    slept: list[float] = []
    server.fault = Fault(kind, nth=2, service=OPEN)
    with pytest.raises(FAULTS[kind]):
        _bills(_source(server, retries=5, slept=slept))
    assert [] == [pause for pause in slept if pause]
    assert 1 == server.fault.fired


def test_bills_paid_between_two_slices_make_no_other_bill_vanish(server: RbxServer, world: World) -> None:
    expected = sorted(world.owed(*SPAN), key=lambda bill: bill.due_date)
    got: list[str] = []
    for page in _source(server).bills(*SPAN):
        if not got:
            for paid in (expected[0], expected[-1]):  # one already read, one not yet
                server.pay(paid.bill_id)
        got += [bill.bill_id for bill in page.rows]
    assert {bill.bill_id for bill in expected[:-1]} == set(got)


def test_a_closed_port_is_unavailable_after_all_tries() -> None:
    slept: list[float] = []
    settings = RbxSource.model_validate({"type": "rbx", "url": "http://127.0.0.1:9", "key": KEY, "retries": 2})
    with pytest.raises(SourceUnavailable, match="connection to RBX"):
        Rbx(settings, sleep=slept.append).probe()
    assert [1.0, 2.0] == slept
