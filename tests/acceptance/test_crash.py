"""kill -9 in the middle of 50 calls, and a disk that is full: no number twice, one outcome an attempt."""

import resource
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from tests.acceptance import campaign
from tests.lab.lab import Lab
from tests.lab.numbers import Ending
from tests.lab.people import people, write_csv
from tests.lab.site import ROOT, Program, Site, wait_until
from worker.app import App

CALLS = 50
MIX = [
    Ending.HUMAN_LISTENS,
    Ending.NO_ANSWER,
    Ending.HUMAN_PRESSES_1,
    Ending.MACHINE_WITH_BEEP,
    Ending.BUSY,
]
_offset = iter(range(100, 9000, 100))  # each test rings other telephones


@pytest.fixture
def site(lab: Lab) -> Iterator[Site]:
    """A migrated, empty installation with 50 debtors on the two paths together."""
    campaign.configure(lab, channels=25)
    with Site(lab.config_file, lab.folder) as running:
        running.run("migrate")
        for table in ("attempt", "queue_entry", "client", "client_phone", "bill", "ledger"):
            campaign.rows(lab, f"DELETE FROM collector.{table}")
        campaign.rows(lab, "DELETE FROM asteriskcdrdb.collector_outcome")
        for position, name in enumerate(campaign.PATHS.values()):
            crowd = people(
                MIX * (CALLS // 2 // len(MIX)), 1 + 1000 * position, today=_today(), offset=next(_offset)
            )
            write_csv(crowd, lab.folder / f"{name}-clients.csv", lab.folder / f"{name}-bills.csv")
        running.run("sync", "--accept-shrink")
        yield running
        lab.wait_quiet(40)


def _today() -> date:
    return datetime.now(UTC).date()


def count(lab: Lab, what: str) -> int:
    (row,) = campaign.rows(lab, f"SELECT COUNT(*) n FROM {what}")
    return int(row["n"])


def settle(lab: Lab, site: Site) -> None:
    """Reconcile until no attempt is open."""

    def over() -> bool:
        site.run("run", "reconcile")
        return count(lab, "collector.attempt WHERE open_in IS NOT NULL") == 0

    wait_until("the end of every attempt", over, 200, 3.0)


def check(lab: Lab) -> None:
    """The invariants that no crash may break."""
    assert CALLS == count(lab, "(SELECT DISTINCT number FROM collector.attempt) numbers")
    twice = campaign.rows(lab, "SELECT number FROM collector.attempt GROUP BY number HAVING COUNT(*) > 1")
    assert [] == twice  # one more call would be inside its gap
    assert CALLS == count(lab, "asteriskcdrdb.collector_outcome")
    assert CALLS == count(lab, "asteriskcdrdb.collector_outcome JOIN collector.attempt USING (attempt_id)")
    over = campaign.rows(lab, "SELECT who FROM collector.ledger WHERE recent & 15 > 3")
    assert [] == over


def start_dialling(lab: Lab, site: Site, dialled: int) -> tuple[Program, Program]:
    handler = site.start("handler")
    wait_until("a ready handler", lambda: campaign.ready(site), 20, 0.3)
    worker = site.start("dial")
    wait_until("calls in flight", lambda: count(lab, "collector.attempt") >= dialled, 60)
    return handler, worker


def test_a_worker_killed_in_the_middle_dials_nobody_twice(lab: Lab, site: Site) -> None:
    _, worker = start_dialling(lab, site, 15)
    worker.kill9()
    assert CALLS > count(lab, "collector.attempt")
    site.run("dial", seconds=150)
    settle(lab, site)
    check(lab)


def test_a_handler_killed_in_the_middle_loses_no_outcome(lab: Lab, site: Site) -> None:
    handler, worker = start_dialling(lab, site, 15)
    wait_until("conversations", lambda: count(lab, "collector.attempt WHERE state = 'answered'") >= 5, 30)
    handler.kill9()
    wait_until("no more dialling", lambda: "nobody now" in site.run("dial", "--dry-run").stdout, 20)
    site.start("handler")
    wait_until("the worker's end", lambda: worker.process.poll() is not None, 150)
    if count(lab, "collector.attempt") < CALLS:
        site.run("dial", seconds=150)
    settle(lab, site)
    check(lab)
    assert 0 < count(lab, "asteriskcdrdb.collector_outcome WHERE source = 'cdr'")


FULL = (200, resource.RLIM_INFINITY)  # bytes a file: the kernel refuses the rest of a call file, as on a full disk
ROOM = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


def test_a_full_disk_under_the_spool_counts_no_try_and_rings_nobody(lab: Lab, site: Site) -> None:
    site.start("handler")
    wait_until("a ready handler", lambda: campaign.ready(site), 20, 0.3)
    with App(lab.settings) as running:  # what is said is there already: only call files are still to be written
        (radio,) = running.instances("radio")
        for waiting in running.store.queue.waiting("radio", datetime.now(UTC), CALLS):
            running.prepare(radio, waiting, waiting.phones[0].number)
    worker = subprocess.Popen(
        [sys.executable, "-m", "worker", "--config", str(lab.config_file), "dial", "--instance", "radio"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, FULL),  # noqa: PLW1509 - no threads yet
    )
    try:
        refused = "collector.attempt WHERE state = 'withdrawn' AND reason LIKE '%File too large%'"
        wait_until("refused call files", lambda: count(lab, refused) >= 20, 40)
        wait_until("tries given back", lambda: count(lab, "collector.ledger WHERE recent > 0") == 0, 10)
        assert [] == [*(lab.pbx.spool / "outgoing").iterdir()]
        aside = lab.pbx.spool / "collector"  # the worker goes on trying: a file may stand here while it is refused
        wait_until("no refused call file", lambda: not [*aside.iterdir()], 10, 0.02)
        assert 0 == count(lab, "asteriskcdrdb.collector_outcome")
        resource.prlimit(worker.pid, resource.RLIMIT_FSIZE, ROOM)
        assert 0 == worker.wait(120)
    finally:
        worker.kill()
        worker.communicate()
    settle(lab, site)
    called = campaign.rows(lab, "SELECT number FROM collector.attempt WHERE state <> 'withdrawn'")
    assert CALLS // 2 == len(called) == len({row["number"] for row in called})
    assert CALLS // 2 == count(lab, "asteriskcdrdb.collector_outcome")
