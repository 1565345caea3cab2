"""Side work on Celery over a real Redis: what is due runs there, whatever is killed; the service dials."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from tests.acceptance import providers
from tests.acceptance.providers import PRAIA, SERRA, Providers
from tests.lab import lab_settings
from tests.lab.hook_server import HookServer
from tests.lab.ixc_faults import Fault, Kind
from tests.lab.lab import Lab
from tests.lab.redis import PASSWORD, PrivateRedis
from tests.lab.site import Program, wait_until
from worker import side
from worker.app import App
from worker.side_lease import KIND, NAME

LONGEST = 10  # seconds of a job; Redis delivers again after 12, and looks every ten
REDELIVERED = 45
CLIENTS = {"table": "cliente"}
ASKED, PHONE = "01JTEST0000000000000000001", "+5511987654321"


@dataclass(frozen=True, slots=True)
class World:
    erps: Providers
    broker: PrivateRedis

    def configure(self, serra: dict[str, Any] | None = None, **schedule: Any) -> None:
        """Side work on Celery. `serra`: keys of that instance."""
        self.erps.configure(serra)
        lab = self.erps.lab
        content = yaml.safe_load(lab.config_file.read_text(encoding="utf-8"))
        content["schedule"] |= {"runner": "celery", "longest_job_seconds": LONGEST, "parallel_syncs": 2}
        content["schedule"] |= {"broker": lab.secret("broker", self.broker.url)} | schedule
        lab_settings.write(lab.config_file, content)

    def start(self, command: str) -> Program:
        return self.erps.site.start(command)

    def last_run(self) -> int:
        return self.erps.last_run()

    def runs(self, since: int, job: str, instance: str = SERRA, status: str = "done") -> int:
        return self.erps.count(
            f"collector.job_run WHERE run_id > {since} AND job = '{job}' AND instance = '{instance}' "
            f"AND status = '{status}'"
        )

    def send(self, job: str, instance: str = SERRA) -> None:
        """As beat would, when it is due."""
        app = side.make(self.broker.url, [], "UTC", LONGEST, lambda *_: [])
        with app.connection_for_write() as connection:
            app.tasks[side.TASK].apply_async((job, instance), connection=connection, expires=3600)

    def unfinished(self) -> int:
        """Jobs that Redis has given out, or still has."""
        given = self.broker.ask("HLEN", "collector:unacked")
        waiting = self.broker.ask("LLEN", "collector:collector")
        return int(given[1:]) + int(waiting[1:])


@pytest.fixture(scope="module")
def made(lab: Lab) -> Iterator[World]:
    with PrivateRedis() as broker, providers.opened(lab) as erps:
        yield World(erps, broker)


@pytest.fixture
def world(made: World) -> Iterator[World]:
    """With an empty broker; afterwards nothing runs and no program broke."""
    made.broker.ask("FLUSHALL")
    made.configure()
    yield made
    made.erps.serra.server.fault = None
    made.erps.site.stop_all()
    logs = {log.name: log.read_text() for log in made.erps.lab.folder.glob("*.log")}
    assert [] == [name for name, text in logs.items() if "Traceback" in text]
    assert [] == [name for name, text in logs.items() if PASSWORD in text]


def log_of(program: Program) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", program.log.read_text())


def said(program: Program, words: str, seconds: float = 20) -> None:
    wait_until(f"{words!r} in the log of {program.name}", lambda: words in log_of(program), seconds)


def facts(world: World) -> list[dict[str, Any]]:
    """All that a sync stores, but for when it was seen."""
    return [
        row
        for sql in (
            "SELECT instance, client_id, name, active FROM collector.client ORDER BY 1, 2",
            "SELECT instance, bill_id, client_id, open_amount, closed_at FROM collector.bill ORDER BY 1, 2",
            "SELECT instance, client_id, total, bill_count, state FROM collector.queue_entry ORDER BY 1, 2",
        )
        for row in world.erps.rows(sql)
    ]


def test_the_service_leads_and_dials_and_syncs_run_on_celery(world: World) -> None:
    since = world.last_run()
    handler, service = world.start("handler"), world.start("service")
    said(service, "instances=")
    dialled = "collector.attempt WHERE state = 'ended'"
    wait_until("calls", lambda: world.erps.count(dialled) >= 3, 60)
    wait_until("reconciliation", lambda: world.runs(since, "reconcile", "-") > 1, 20)
    assert 0 == sum(world.runs(since, job, one) for job in ("bills", "queue") for one in (SERRA, PRAIA))
    worker = world.start("side")
    for job in ("bills", "queue"):
        for one in (SERRA, PRAIA):
            wait_until(f"{job} of {one}", lambda job=job, one=one: world.runs(since, job, one) == 1, 30)  # type: ignore[misc]
    assert [("side", NAME)] == [
        (row["kind"], row["name"])
        for row in world.erps.rows(f"SELECT * FROM collector.presence WHERE kind = '{KIND}'")
    ]
    (finding,) = [one for one in world.erps.site.json("doctor", check=False) if one["what"] == "side work"]
    assert finding["ok"] is True
    assert finding["detail"].endswith("keeps the times")
    assert 0 == world.erps.count("collector.job_run WHERE status NOT IN ('done', 'running')")
    wait_until("acknowledgement", lambda: world.unfinished() == 0, 10)
    assert [0, 0, 0] == [program.stop() for program in (worker, service, handler)]
    assert 0 == world.erps.count(f"collector.presence WHERE kind = '{KIND}'")


def test_a_job_killed_half_way_is_delivered_again_and_nothing_is_doubled(world: World) -> None:
    since = world.last_run()
    worker = world.start("side")
    for one in (SERRA, PRAIA):
        wait_until(f"the first bills of {one}", lambda one=one: world.runs(since, "queue", one) == 1, 30)  # type: ignore[misc]
    before = facts(world)
    world.erps.serra.server.fault = Fault(Kind.HANG, seconds=60, times=1, **CLIENTS)  # type: ignore[arg-type]
    world.send("clients")
    wait_until("clients", lambda: world.runs(since, "clients", status="running") == 1, 20)
    worker.kill9()
    assert 1 == world.unfinished()
    again = world.start("side")
    wait_until("clients once more", lambda: world.runs(since, "clients") == 1, REDELIVERED)
    wait_until("acknowledgement", lambda: world.unfinished() == 0, 10)
    assert before == facts(world)
    assert (1, 0) == tuple(world.runs(since, "clients", status=word) for word in ("failed", "running"))
    assert 0 == again.stop()


def test_a_sync_that_meets_another_waits_and_is_left_out_in_the_end(world: World) -> None:
    since = world.last_run()
    worker = world.start("side")
    wait_until("the first bills", lambda: world.runs(since, "queue") == 1, 30)
    with world.erps.lab.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT GET_LOCK('collector.collector:sync:{SERRA}', 0)")
        world.send("clients")
        said(worker, "side work waits")
    wait_until("clients", lambda: world.runs(since, "clients") == 1, 20)
    with world.erps.lab.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(f"SELECT GET_LOCK('collector.collector:sync:{SERRA}', 0)")
        world.send("clients")
        said(worker, "side work left out", 40)
    wait_until("nothing left", lambda: world.unfinished() == 0, 10)
    assert 1 == world.runs(since, "clients")
    assert 0 == worker.stop()


def test_a_job_that_takes_too_long_is_ended_and_says_so(world: World) -> None:
    since = world.last_run()
    worker = world.start("side")
    wait_until("the first bills", lambda: world.runs(since, "queue") == 1, 30)
    world.erps.serra.server.fault = Fault(Kind.HANG, seconds=60, times=1, **CLIENTS)  # type: ignore[arg-type]
    world.send("clients")
    wait_until("the end", lambda: world.runs(since, "clients", status="failed") == 1, 20)
    (row,) = world.erps.rows(f"SELECT error FROM collector.job_run WHERE run_id > {since} AND status = 'failed'")
    assert row["error"].startswith("it took longer than schedule.longest_job_seconds allows")
    wait_until("acknowledgement", lambda: world.unfinished() == 0, 10)
    assert 0 == worker.stop()


def test_what_a_callee_asked_for_is_sent_from_there(world: World) -> None:
    first, last = providers.charged_span()
    (owed,) = world.erps.rows(
        f"SELECT client_id, pay_line FROM collector.bill WHERE instance = '{SERRA}' AND pay_line <> '' "
        f"AND closed_at IS NULL AND due_date BETWEEN '{first}' AND '{last}' ORDER BY due_date LIMIT 1"
    )
    with HookServer() as hook, App(world.erps.lab.settings) as running:
        world.configure({"payment_hook": {"url": hook.url, "send": ["line"]}})
        running.store.payments.request(ASKED, SERRA, owed["client_id"], PHONE, datetime.now(UTC))
        worker = world.start("side")
        wait_until("what is posted", lambda: bool(hook.posted), 40)
        listed = running.store.payments.listing
        wait_until("its state", lambda: ["sent"] == [one.state for one in listed(SERRA, 9)], 10)
        (posted,) = hook.posted
        assert ASKED == posted.headers["Idempotency-Key"]
        assert owed["pay_line"] in {bill["line"] for bill in json.loads(posted.body)["bills"]}
        assert 0 == worker.stop()
        assert PHONE not in log_of(worker)


def test_no_message_makes_anybody_dial(world: World) -> None:
    worker = world.start("side")
    before = world.erps.count("collector.attempt")
    for job in ("dial", "dialer", "hang_up", "reconcile"):
        world.send(job)
        said(worker, f"{job} is no side work")
    world.send("bills", "nobody")
    said(worker, "there is no instance nobody any more")
    wait_until("nothing left", lambda: world.unfinished() == 0, 20)
    assert before == world.erps.count("collector.attempt")
    assert 0 == worker.stop()


def test_while_the_broker_is_away_the_service_works_and_one_line_is_said(world: World) -> None:
    since = world.last_run()
    world.broker.stop()
    try:
        service, worker = world.start("service"), world.start("side")
        said(worker, "the broker does not answer")
        said(service, "instances=")
        wait_until("reconciliation", lambda: world.runs(since, "reconcile", "-") > 2, 30)
    finally:
        world.broker.start()
    wait_until("bills", lambda: world.runs(since, "queue") == 1, 60)
    world.broker.stop()
    wait_until("two lines", lambda: log_of(worker).count("the broker does not answer") == 2, 20)
    world.broker.start()
    wait_until("connected again", lambda: log_of(worker).count("side work goes on") == 2, 60)
    world.send("clients")
    wait_until("clients", lambda: world.runs(since, "clients") == 1, 30)
    assert 2 == log_of(worker).count("[error")
    assert [0, 0] == [worker.stop(), service.stop()]


def test_jobs_that_end_when_the_broker_has_just_gone_do_not_stop_the_worker(world: World) -> None:
    since = world.last_run()
    world.configure(parallel_syncs=1)  # so that its one place is taken, and nothing else tells it of the broker
    worker = world.start("side")
    wait_until("the first bills", lambda: world.runs(since, "queue") + world.runs(since, "queue", PRAIA) == 2, 30)
    wait_until("acknowledgement", lambda: world.unfinished() == 0, 10)
    world.erps.serra.server.fault = Fault(Kind.HANG, seconds=3, times=1, **CLIENTS)  # type: ignore[arg-type]
    world.send("clients")
    wait_until("clients", lambda: world.runs(since, "clients", status="running") == 1, 20)
    world.broker.stop()
    wait_until("their end", lambda: world.runs(since, "clients", status="failed") == 1, 20)
    said(worker, "the broker does not answer")
    world.broker.start()
    wait_until("connected again", lambda: log_of(worker).count("side work goes on") == 2, 60)
    world.send("clients")
    wait_until("clients", lambda: world.runs(since, "clients") == 1, 30)
    assert 1 == log_of(worker).count("the broker does not answer")
    assert 0 == worker.stop()


def test_of_two_side_workers_one_keeps_the_times_and_both_work(world: World) -> None:
    since = world.last_run()
    first = world.start("side")
    wait_until("the first bills", lambda: world.runs(since, "queue") == 1, 30)

    def keeper() -> str:
        found = world.erps.rows(f"SELECT detail FROM collector.presence WHERE kind = '{KIND}'")
        return str(found[0]["detail"]) if found else ""

    leader = keeper()
    second = world.start("side")
    said(second, "connected")
    with pytest.raises(TimeoutError):
        wait_until(
            "another keeper, or bills sent twice", lambda: keeper() != leader or world.runs(since, "queue") > 1, 8
        )
    assert 0 == first.stop()
    wait_until("another keeper", lambda: keeper() not in ("", leader), 20)
    world.send("clients")
    wait_until("clients", lambda: world.runs(since, "clients") == 1, 20)
    assert 0 == second.stop()


def test_over_a_unix_socket_it_works_as_well(world: World) -> None:
    since = world.last_run()
    world.configure(broker=world.erps.lab.secret("broker-socket", world.broker.socket_url))
    worker = world.start("side")
    wait_until("bills", lambda: world.runs(since, "queue") == 1, 30)
    assert 0 == worker.stop()
