"""Two syncs of one instance: one runs and the other says so; one that lost its turn stops at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from threading import Barrier, Event

import pytest

from tests.lab.mariadb import PrivateMariaDb
from tests.unit.world import NOON, Clock, Source, bill, client, sync_plan
from worker.core.model import Bill
from worker.errors import SyncOvertaken
from worker.jobs import sync
from worker.jobs.history import Report
from worker.ports import Page, Progress
from worker.store import intake
from worker.store.mariadb import OpenStore, open_store
from worker.store_ports import Store

FIBRA = "fibra"
SOON = 20.0  # seconds in which another thread does what is waited for
OLD = [bill(n) for n in range(10)]
ALTERED = [bill(n, amount="55.00") for n in range(1, 11)]  # of the old, one gone, one new, all with other figures
NEWEST = [bill(n, amount="77.00") for n in range(2, 12)]


@pytest.fixture(autouse=True)
def small_transactions(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if ten bills were fifty thousand: their storing takes several transactions, with room between them."""
    monkeypatch.setattr(intake, "CHUNK", 2)


@pytest.fixture
def stores(opened: OpenStore, server: PrivateMariaDb) -> Iterator[tuple[Store, Store]]:
    """Two processes' worth of connections; the bills and clients of old are known."""
    opened.store.catalogue.replace_clients(FIBRA, [client(n) for n in range(12)], NOON)
    opened.store.catalogue.replace_bills(FIBRA, OLD, NOON)
    with ExitStack() as stack:
        one, other = (stack.enter_context(open_store(server.database())) for _ in range(2))
        yield one.store, other.store


@dataclass
class Held(Source):
    """A source that gives nothing out until it is let go."""

    until: Event = field(default_factory=Event)
    asked: int = 0

    def bills(self, due_from: date, due_until: date) -> Iterator[Page[Bill]]:
        self.asked += 1
        assert self.until.wait(SOON)
        yield from super().bills(due_from, due_until)


def known(store: Store) -> list[Bill]:
    return sorted(
        (one for n in range(12) for one in store.overview.open_bills(FIBRA, str(n))),
        key=lambda one: int(one.client_id),
    )


def bills_of(
    store: Store, source: Source, stored: Event | None = None, go_on: Event | None = None
) -> list[Report]:
    """A sync of the bills. After its first transaction it says `stored` and waits for `go_on`."""

    def watch(step: Progress) -> None:
        if stored and go_on and step.note == "storing" and not stored.is_set():
            stored.set()
            assert go_on.wait(SOON)

    plan = sync_plan(instance=FIBRA, read_contracts=False)
    return sync.sync_bills(sync.Sync(plan, source, store, Clock(NOON + timedelta(minutes=1)), watch))


def test_of_two_syncs_that_start_together_one_runs_and_the_other_says_so(stores: tuple[Store, Store]) -> None:
    barrier, refused = Barrier(2), Event()
    sources = [Held([], ALTERED, until=refused) for _ in stores]

    def one(store: Store, source: Held) -> list[Report]:
        store.runs.latest(1)  # connect before the start
        barrier.wait(SOON)
        reports = bills_of(store, source)
        refused.set()  # whoever runs cannot come here before the other has
        return reports

    with ThreadPoolExecutor(2) as threads:
        told = list(threads.map(one, stores, sources))
    loser, winner = sorted(told, key=len)
    assert [("sync", "failed", "another sync of this instance is running")] == [
        (report.job, report.status, report.error) for report in loser
    ]
    assert [("bills", "done"), ("queue", "done")] == [(report.job, report.status) for report in winner]
    assert [0, 1] == sorted(source.asked for source in sources)
    assert ALTERED == known(stores[0])
    assert 1 == len(stores[0].runs.latest(9, "bills"))


def test_an_older_answer_that_is_still_being_stored_is_fenced_off_by_a_later_one(
    stores: tuple[Store, Store],
) -> None:
    stored, taken = Event(), Event()
    older, later = stores

    def store_slowly() -> None:
        def wait(_: int) -> None:
            stored.set()
            assert taken.wait(SOON)

        with older.catalogue.bills_in(FIBRA) as slow:
            slow.add(ALTERED)
            slow.apply({}, NOON, wait)

    def store_at_once() -> None:
        assert stored.wait(SOON)
        with later.catalogue.bills_in(FIBRA) as quick:
            taken.set()  # from here on both write as fast as they can
            quick.add(NEWEST)
            quick.apply({}, NOON + timedelta(hours=1), lambda _: None)

    with ThreadPoolExecutor(2) as threads:
        slow, quick = threads.submit(store_slowly), threads.submit(store_at_once)
        assert quick.result(SOON) is None
        with pytest.raises(SyncOvertaken, match="another sync of fibra took over while bills were stored"):
            slow.result(SOON)
    assert NEWEST == known(later)
    answer = later.overview.answer(FIBRA, "bills")
    assert answer
    assert (len(NEWEST), False) == (answer.rows, answer.applying)


def test_a_sync_whose_lock_is_lost_stops_as_soon_as_another_has_begun(
    stores: tuple[Store, Store], server: PrivateMariaDb
) -> None:
    stored, other_runs = Event(), Event()
    older, later = stores
    with ThreadPoolExecutor(1) as threads:
        slow = threads.submit(bills_of, older, Source([], ALTERED), stored, other_runs)
        assert stored.wait(SOON)
        hang_up_on_lock(server)
        before, source = token(server), Held([], NEWEST, until=Event())
        with ThreadPoolExecutor(1) as more:
            quick = more.submit(bills_of, later, source)
            wait_for_another(server, before)
            other_runs.set()
            (told,) = slow.result(SOON)
            source.until.set()
            assert ["done", "done"] == [report.status for report in quick.result(SOON)]
    assert ("bills", "failed") == (told.job, told.status)
    assert "another sync of fibra took over" in told.error
    assert NEWEST == known(later)
    assert ["done", "failed"] == [run.status for run in later.runs.latest(9, "bills")]


def hang_up_on_lock(server: PrivateMariaDb) -> None:
    """The connection that holds the sync's lock dies, as in a network that drops what is idle."""
    with server.root() as cursor:
        cursor.execute("SELECT IS_USED_LOCK('collector.collector:sync:fibra')")
        ((holder,),) = cursor.fetchall()
        cursor.execute(f"KILL {holder:d}")


def token(server: PrivateMariaDb) -> str:
    """Whose turn it is to store bills."""
    with server.root() as cursor:
        cursor.execute("SELECT token FROM collector.answer WHERE instance = 'fibra' AND kind = 'bills'")
        ((found,),) = cursor.fetchall()
    return str(found)


def wait_for_another(server: PrivateMariaDb, before: str) -> None:
    """Until a later intake has been opened."""
    pause = Event()
    for _ in range(1000):
        if token(server) != before:
            return
        pause.wait(0.02)
    raise AssertionError("the second sync never opened its intake")
