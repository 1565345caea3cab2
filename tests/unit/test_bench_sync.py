"""`bench sync`: its feed lists what it says, for the product's own reader; and on a small scale all of it runs."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta

import pytest
import requests
from pydantic import SecretStr
from validate_docbr import CPF

from tests.bench import sync
from tests.bench.feed import PATH, TOKEN, Feed, FeedServer
from tests.bench.feed_rows import Provider
from worker.core.model import Bill, Client
from worker.erp.ixc import Ixc
from worker.source_settings import IxcSource

TODAY = date(2026, 11, 20)
SPAN = (TODAY - timedelta(days=365), TODAY)
FIRST = Provider(clients=1200, bills=3000, today=TODAY)
LATER = Provider(clients=1200, bills=3000, today=TODAY, changed_percent=1.0)


@contextmanager
def feed(provider: Provider) -> Iterator[FeedServer]:
    with FeedServer(provider) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def reader(server: FeedServer) -> Ixc:
    source = IxcSource(
        type="ixc", url=server.url, token=SecretStr(TOKEN), page_size=700, pause_seconds=0, retries=0
    )
    return Ixc(source)


def read(provider: Provider) -> tuple[list[Client], list[Bill]]:
    with feed(provider) as server:
        ixc = reader(server)
        pages = list(ixc.clients())
        billed = list(ixc.bills(*SPAN))
    assert [] == [page.rejected for page in pages if page.rejected]
    assert [] == [page.rejected for page in billed if page.rejected]
    return [row for page in pages for row in page.rows], [row for page in billed for row in page.rows]


@pytest.fixture(scope="module")
def versions() -> tuple[tuple[list[Client], list[Bill]], tuple[list[Client], list[Bill]]]:
    return read(FIRST), read(LATER)


Versions = tuple[tuple[list[Client], list[Bill]], tuple[list[Client], list[Bill]]]


def test_every_row_of_the_feed_is_read_and_none_rejected(versions: Versions) -> None:
    (clients, bills), _ = versions
    assert (1200, 3000) == (len(clients), len(bills))
    assert {client.client_id for client in clients} == {bill.client_id for bill in bills}


def test_the_rows_are_as_varied_as_real_ones(versions: Versions) -> None:
    (clients, bills), _ = versions
    assert all(CPF().validate(client.document or "") for client in clients)
    assert len({client.document for client in clients}) == 1200
    numbers = [phone.number for client in clients for phone in client.phones]
    assert 1080 + 600 == len(set(numbers))  # of ten mobiles one is shared; every other client has a fixed line too
    assert {2, 1} == {len(client.phones) for client in clients}
    assert len({bill.due_date for bill in bills}) == 300
    assert len({bill.amount for bill in bills}) == 3000


def test_the_later_version_differs_in_as_many_rows_as_it_says(versions: Versions) -> None:
    for before, after, size in ((versions[0][0], versions[1][0], 1200), (versions[0][1], versions[1][1], 3000)):
        assert size - LATER.settled_before(size) == len(after)
        assert LATER.count_changed(size) == len(set(after) - set(before))
    assert 12 == LATER.count_changed(1200)
    assert 30 == LATER.count_changed(3000)


def test_bills_asked_for_by_id_come_settled_or_not() -> None:
    with feed(LATER) as server:
        asked = {"TB": "fn_areceber.id", "OP": "IN", "P": "801000,801001,5"}
        answer = ask(server, "fn_areceber", "0", [asked])
    assert [("801000", "R"), ("801001", "A")] == [(row["id"], row["status"]) for row in answer["registros"]]


def test_the_feed_ends_with_whoever_started_it() -> None:
    with Feed(FIRST) as running:
        assert running.process.stdin is not None
        running.process.stdin.close()
        assert running.process.wait(5) == 0


def test_a_question_it_does_not_know_is_refused_and_not_answered_wrongly() -> None:
    with feed(FIRST) as server, pytest.raises(requests.HTTPError, match="500"):
        ask(server, "fn_areceber", "0", [{"TB": "fn_areceber.valor", "OP": ">", "P": "100"}])


def ask(server: FeedServer, table: str, after: str, grid: list[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    question = {"qtype": f"{table}.id", "oper": ">", "query": after, "rp": "10", "page": "1"}
    question |= {"sortname": f"{table}.id", "sortorder": "asc", "grid_param": json.dumps(grid)}
    headers = {"ixcsoft": "listar", "Authorization": server.authorization}
    answer = requests.post(f"{server.url}{PATH}{table}", json=question, headers=headers, timeout=5)
    answer.raise_for_status()
    found: dict[str, list[dict[str, str]]] = answer.json()
    return found


def test_the_benchmark_runs_to_its_end_on_a_small_scale(capsys: pytest.CaptureFixture[str]) -> None:
    sync.main(["--bills", "2000", "--clients", "1000", "--rounds", "1", "--json"])
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"bench", "ratio", "baseline", "ours", "rss_mb", "rounds"} == set(answer)
    assert answer["baseline"]["rows"] == answer["ours"]["rows"] > 4000


@pytest.mark.parametrize(
    ("ratio", "rss", "share", "said"),
    [
        (0.31, 120.0, 0.33, 0),
        (0.29, 120.0, 0.33, 1),  # storing too slow
        (0.31, 250.0, 0.33, 1),  # too large
        (0.31, 120.0, 0.34, 1),  # a second sync as dear as a first
        (0.1, 300.0, 0.9, 3),
    ],
)
def test_each_limit_that_is_missed_is_told(ratio: float, rss: float, share: float, said: int) -> None:
    assert said == len(sync.shortcomings(ratio, rss, share))


def test_a_sync_that_stored_something_else_is_no_measurement() -> None:
    done = {"bills": {"rows": 2999, "added": 2999, "updated": 0, "removed": 0}}
    with pytest.raises(RuntimeError, match="bills: the feed has"):
        sync.check(done, "bills", rows=3000, added=3000, updated=0, removed=0)
