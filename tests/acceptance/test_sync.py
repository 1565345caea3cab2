"""What is synced, and whom it has called: paid meanwhile, an ERP that is down or hangs, a sync that is killed."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.acceptance import campaign, providers
from tests.acceptance.providers import PRAIA, SERRA, Providers
from tests.lab.ixc_faults import Fault, Kind
from tests.lab.lab import Lab
from tests.lab.site import wait_until
from worker.jobs.dial import NO_ANSWER, RESTATED, SETTLED
from worker.store.presence import lock_name

OUTCOMES = "asteriskcdrdb.collector_outcome"
JOBS = ["clients", "contracts", "bills", "queue"]
PATIENCE = 2  # seconds that the hanging ERP is waited for
NEW_BILL = 999_001


@pytest.fixture(scope="module")
def world(lab: Lab) -> Iterator[Providers]:
    with providers.opened(lab) as made:
        made.site.start("handler")
        wait_until("a ready handler", lambda: campaign.ready(made.site), 20, 0.3)
        yield made


@pytest.fixture(autouse=True)
def mended(world: Providers) -> Iterator[None]:
    """Each test leaves sound ERPs, the plain configuration and a quiet line behind."""
    yield
    world.serra.server.fault = None
    world.configure()
    world.lab.wait_quiet()


def dial(world: Providers) -> dict[str, Any]:
    """One step of `serra`, which has three channels; returns when its calls are over."""
    (step,) = world.site.json("dial", "--once", "--instance", SERRA)
    wait_until("the end of the calls", lambda: 0 == world.count("collector.attempt WHERE open_in IS NOT NULL"), 30)
    return dict(step)


def first(world: Providers) -> tuple[str, str]:
    """Client and number of who is called next."""
    row = world.site.json("queue", "--instance", SERRA, "--limit", "1")[0]
    return row["client"], row["numbers"][0]


@contextmanager
def nobody_there() -> Iterator[str]:
    """An address where nobody answers, and that nobody else takes."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{closed.getsockname()[1]}"


# --- asked just before the call ------------------------------------------------------------------------


def test_who_has_paid_after_the_sync_is_not_rung(world: Providers) -> None:
    client_id, number = first(world)
    bills = world.serra.owed_by(client_id)
    assert bills
    world.serra.pay_all(client_id)
    step = dial(world)
    assert (2, {SETTLED: 1}) == (step["placed"], step["refused"])
    for table in ("collector.attempt", OUTCOMES):
        assert 0 == world.count(f"{table} WHERE number = '{number}'")
    assert 2 == world.count(f"{OUTCOMES} WHERE instance = '{SERRA}'")
    assert client_id not in world.queued(SERRA)
    closed = world.rows(
        f"SELECT bill_id FROM collector.bill WHERE instance = '{SERRA}' AND client_id = '{client_id}' "
        "AND close_reason = 'paid' ORDER BY bill_id"
    )
    assert sorted(bills) == [row["bill_id"] for row in closed]


def test_who_has_paid_a_part_after_the_sync_is_told_the_rest(world: Providers) -> None:
    client_id, number = first(world)
    paid, *others = world.serra.owed_by(client_id)
    for other in others:
        world.serra.server.pay(other)
    world.serra.server.edit("fn_areceber", paid, status="P", valor_aberto="7.77")
    assert {RESTATED: 1} == dial(world)["refused"]
    assert 0 == world.count(f"collector.attempt WHERE number = '{number}'")
    dial(world)
    told = world.rows(f"SELECT total, bill_count FROM collector.attempt WHERE number = '{number}'")
    assert [("7.77", 1)] == [(str(row["total"]), row["bill_count"]) for row in told]


def test_while_the_erp_is_down_nobody_is_rung_unless_the_sync_is_trusted(world: Providers) -> None:
    before = world.count("collector.attempt")
    client_id, number = first(world)
    with nobody_there() as url:
        world.configure(serra={"source": {"url": url}})
        done = world.site.run("dial", "--once", "--instance", SERRA)
        assert f"3 {NO_ANSWER}" in campaign.last_cells(done.stdout)
        assert "the connection to IXC" in done.stderr
        assert number not in done.stdout + done.stderr
        assert before == world.count("collector.attempt")
        postponed = world.rows(
            "SELECT reason, next_attempt_at > UTC_TIMESTAMP() later FROM collector.queue_entry "
            f"WHERE instance = '{SERRA}' AND client_id = '{client_id}'"
        )
        assert [(NO_ANSWER, 1)] == [(row["reason"], row["later"]) for row in postponed]
        assert client_id not in world.queued(SERRA)
        world.configure(serra={"source": {"url": url}, "rules": {"still_unpaid": {"trust_sync_minutes": 60}}})
        trusting = dial(world)
        assert (3, {}) == (trusting["placed"], trusting["refused"])
    assert before + 3 == world.count("collector.attempt")


# --- side by side --------------------------------------------------------------------------------------


def test_an_erp_that_hangs_delays_no_other(world: Providers) -> None:
    world.serra.server.fault = Fault(Kind.HANG, seconds=PATIENCE + 1)
    world.configure(serra={"source": {"timeout_seconds": PATIENCE}})
    last, began = world.last_run(), time.monotonic()
    done = world.site.run("sync", "--json", check=False)
    assert 1 == done.returncode
    assert time.monotonic() - began < PATIENCE + 6
    runs = world.rows(f"SELECT * FROM collector.job_run WHERE run_id > {last} ORDER BY run_id")
    (hung,) = [run for run in runs if run["instance"] == SERRA]
    assert ("clients", "failed") == (hung["job"], hung["status"])
    assert "did not answer in time" in hung["error"] or "timeout" in hung["error"].casefold()
    assert hung["finished_at"] - hung["started_at"] >= timedelta(seconds=PATIENCE)
    others = [run for run in runs if run["instance"] == PRAIA]
    assert [(job, "done") for job in JOBS] == [(run["job"], run["status"]) for run in others]
    assert max(run["finished_at"] for run in others) < hung["finished_at"]
    told = {(row["instance"], row["job"], row["status"]) for row in json.loads(done.stdout)}
    assert {(SERRA, "clients", "failed"), *((PRAIA, job, "done") for job in JOBS)} == told


# --- killed while storing ------------------------------------------------------------------------------


def test_a_sync_killed_while_it_stores_leaves_what_was_known_and_the_next_one_mends_it(world: Providers) -> None:
    world.site.run("sync", "--instance", SERRA)
    before, open_before = world.queued(SERRA), open_bills(world)
    paid = world.serra.owed_by(before[-1]) + world.serra.owed_by(before[-2])
    for bill_id in paid:
        world.serra.server.pay(bill_id)
    add_bill(world, before[0])
    kill_while_storing(world, held=paid[0])
    assert [{"status": "running", "finished_at": None}] == world.rows(
        "SELECT status, finished_at FROM collector.job_run WHERE job = 'bills' ORDER BY run_id DESC LIMIT 1"
    )
    assert open_before | {str(NEW_BILL)} == open_bills(world)  # nothing was closed, and what is new is true
    assert before == world.queued(SERRA)
    doctor = world.site.run("doctor", check=False)
    assert 1 == doctor.returncode
    assert "died while storing a newer answer; run `collector sync`" in " ".join(
        campaign.last_cells(doctor.stdout)
    )
    world.site.run("sync", "--instance", SERRA)
    assert (open_before | {str(NEW_BILL)}) - set(paid) == open_bills(world)
    assert [one for one in before if one not in before[-2:]] == world.queued(SERRA)
    assert 0 == world.count("collector.answer WHERE applying")
    done, died = world.rows(
        "SELECT status, error FROM collector.job_run WHERE job = 'bills' ORDER BY run_id DESC LIMIT 2"
    )
    assert ("done", "failed") == (done["status"], died["status"])
    assert "died half way" in died["error"]


def open_bills(world: Providers) -> set[str]:
    found = world.rows(f"SELECT bill_id FROM collector.bill WHERE instance = '{SERRA}' AND closed_at IS NULL")
    return {row["bill_id"] for row in found}


def add_bill(world: Providers, client_id: str) -> None:
    """A bill nobody has seen yet, overdue by a month."""
    due = datetime.now(UTC).date() - timedelta(days=30)
    columns = {"id_cliente": client_id, "status": "A", "liberado": "S", "data_vencimento": due.isoformat()}
    world.serra.server.edit("fn_areceber", NEW_BILL, valor="50.00", valor_aberto="50.00", **columns)


def kill_while_storing(world: Providers, *, held: str) -> None:
    """SIGKILL after the new rows are written and before a row is closed: somebody holds the lock of that bill."""
    with world.lab.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("START TRANSACTION")
        cursor.execute(
            f"SELECT * FROM collector.bill WHERE instance = '{SERRA}' AND bill_id = '{held}' FOR UPDATE"
        )
        syncing = world.site.start("sync", "--instance", SERRA)
        wait_until("new rows", lambda: str(NEW_BILL) in open_bills(world), 20, 0.02)
        syncing.kill9()
        cursor.execute("ROLLBACK")
    free = f"SELECT IS_FREE_LOCK('{lock_name('collector', f'collector:sync:{SERRA}')}') free"
    wait_until("the server to notice", lambda: 1 == world.rows(free)[0]["free"], 15)


def test_a_source_that_cannot_even_be_opened_has_nobody_rung_and_says_why(world: Providers) -> None:
    """Last: everybody in the queue waits ten minutes afterwards."""
    before, waiting = world.count("collector.attempt"), len(world.queued(SERRA))
    assert waiting > 3
    world.configure(serra={"source": {"token": world.lab.secret("no-pair", "hash-alone")}})
    done = world.site.run("dial", "--instance", SERRA, check=False)
    assert 1 == done.returncode
    assert f"{SERRA}: 0 dialled; nobody was called: {NO_ANSWER}" in done.stdout
    assert f"{waiting} postponed: {NO_ANSWER}" in done.stdout
    assert "source.token must be the id:hash pair" in done.stderr
    assert before == world.count("collector.attempt")
