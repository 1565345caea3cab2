"""Worker and handler unattended, and what befalls them: stops, a second worker, a PBX crash, no database."""

import re
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acceptance import campaign
from tests.lab.lab import Lab
from tests.lab.numbers import Ending
from tests.lab.people import Person, people, write_csv
from tests.lab.site import Program, Site, wait_until

OPEN = "collector.attempt WHERE open_in IS NOT NULL"
OUTCOMES = "asteriskcdrdb.collector_outcome"
MIX = [Ending.HUMAN_WRONG_PERSON, Ending.BUSY, Ending.INVALID, Ending.NO_ANSWER]


def listed(texts: set[str]) -> str:
    """For SQL's IN."""
    return ", ".join(f"'{text}'" for text in sorted(texts))


@dataclass
class World:
    """One lab for the whole file; each test adds people whom nobody has called, and nothing is ever wiped."""

    lab: Lab
    site: Site
    known: dict[str, list[Person]] = field(default_factory=dict)
    crashed: set[str] = field(default_factory=set)  # attempts that were up when the PBX was killed

    def add(self, endings: list[Ending]) -> set[str]:
        """So many new people on each path; their numbers."""
        added = set()
        for position, name in enumerate(campaign.PATHS.values()):
            known = self.known.setdefault(name, [])
            offset = 1000 * position + len(known)
            crowd = people(endings, 1 + offset, today=datetime.now(UTC).date(), offset=offset)
            known += crowd
            added |= {person.number for person in crowd}
            write_csv(known, self.lab.folder / f"{name}-clients.csv", self.lab.folder / f"{name}-bills.csv")
        return added

    def sync(self) -> None:
        """Again while the service, which syncs by itself, is at it."""

        def done() -> bool:
            ran = self.site.run("sync", check=False)
            assert ran.returncode == 0 or "another sync" in ran.stdout, ran.stdout
            return ran.returncode == 0

        wait_until("a sync", done, 30, 0.5)

    def count(self, what: str) -> int:
        (row,) = campaign.rows(self.lab, f"SELECT COUNT(*) n FROM {what}")
        return int(row["n"])

    def dialled(self, numbers: set[str], where: str = "1 = 1") -> int:
        return self.count(f"collector.attempt WHERE number IN ({listed(numbers)}) AND {where}")

    def ended(self, numbers: set[str], seconds: float = 90) -> None:
        """Wait until each of them has been called and has its outcome."""
        wait_until(
            "an outcome for everybody", lambda: self.dialled(numbers, "state = 'ended'") == len(numbers), seconds
        )

    def twice(self) -> list[dict[str, Any]]:
        return campaign.rows(self.lab, "SELECT number FROM collector.attempt GROUP BY number HAVING COUNT(*) > 1")


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with Lab() as lab:
        campaign.configure(lab, channels=12)
        with Site(lab.config_file, lab.folder) as site:
            site.run("migrate")
            yield World(lab, site)


@pytest.fixture(autouse=True)
def nobody_twice(world: World) -> Iterator[None]:
    """Whatever happened: nobody was called twice, nothing has two outcomes, no program broke."""
    yield
    assert [] == world.twice()
    assert world.count(OUTCOMES) == world.count(f"{OUTCOMES} JOIN collector.attempt USING (attempt_id)")
    broken = [log.name for log in world.lab.folder.glob("*.log") if "Traceback" in log.read_text()]
    assert [] == broken


def log_of(program: Program) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", program.log.read_text())


def said(program: Program, words: str, seconds: float = 20) -> None:
    wait_until(f"{words!r} in the log", lambda: words in log_of(program), seconds)


def stops(program: Program, seconds: float) -> None:
    """SIGTERM ends it by itself with exit code 0."""
    assert 0 == program.stop(seconds), log_of(program)[-2000:]


def synced(world: World) -> None:
    """The history holds what a service does at its first start, and nothing that failed."""
    history = {
        (row["job"], row["instance"])
        for row in campaign.rows(world.lab, "SELECT * FROM collector.job_run WHERE status = 'done'")
    }
    expected = {(job, name) for job in ("clients", "bills", "queue") for name in campaign.PATHS.values()}
    assert expected | {("reconcile", "-")} == history
    assert 0 == world.count("collector.job_run WHERE status NOT IN ('done', 'running')")


def test_a_killed_pbx_calls_nobody_again_after_a_sweep(world: World) -> None:
    """First of this file: the service syncs by itself; what died with the PBX is given up two minutes later."""
    numbers = world.add([Ending.SILENT_ANSWER, Ending.HUMAN_PRESSES_1, Ending.NO_ANSWER])
    handler, service = world.site.start("handler"), world.site.start("service")
    wait_until("all on the line", lambda: world.dialled(numbers, "open_in IS NOT NULL") == len(numbers), 30)
    wait_until("conversations", lambda: world.dialled(numbers, "state = 'answered'") >= 2, 30)
    synced(world)
    files = list((world.lab.pbx.spool / "outgoing").glob("*.call"))
    assert files
    world.lab.pbx.kill9()
    world.crashed = {row["attempt_id"] for row in campaign.rows(world.lab, f"SELECT * FROM {OPEN}")}
    swept = world.site.run("sweep").stdout
    assert swept.startswith(f"{len(files)} call file(s) moved")
    world.lab.pbx.start()
    wait_until("a ready handler", lambda: campaign.ready(world.site), 30, 0.5)
    assert len(numbers) == world.dialled(numbers)
    assert [] == world.lab.pbx.channels()
    stops(service, 10)
    stops(handler, 20)


def test_unattended_it_dials_and_reconciles(world: World) -> None:
    numbers = world.add([Ending.HUMAN_PRESSES_1, *MIX])
    world.sync()
    handler, service = world.site.start("handler"), world.site.start("service")
    world.ended(numbers)
    found = f"{OUTCOMES} WHERE cdr_found = 1 AND number IN ({listed(numbers)})"
    wait_until("every CDR row", lambda: world.count(found) == len(numbers), 40)
    stops(service, 10)
    stops(handler, 10)
    assert 0 == world.count("collector.presence WHERE kind IN ('worker', 'handler')")


def test_of_two_services_one_leads_and_the_other_takes_over(world: World) -> None:
    numbers = world.add([Ending.BUSY, Ending.INVALID] * 3)
    world.sync()
    handler = world.site.start("handler")
    first, second = world.site.start("service"), world.site.start("service")
    world.ended(numbers, 40)
    wait_until(
        "one leader",
        lambda: 1 == sum("another worker is the leader" in log_of(one) for one in (first, second)),
        10,
    )
    waiting, leader = (first, second) if "another worker" in log_of(first) else (second, first)
    assert "dialling" not in log_of(waiting)
    more = world.add([Ending.BUSY] * 2)
    world.sync()
    world.ended(more, 40)
    stops(leader, 10)
    said(waiting, "instances=")
    last = world.add([Ending.BUSY])
    world.sync()
    world.ended(last, 40)
    stops(waiting, 10)
    stops(handler, 10)


def outcomes_of(world: World, numbers: set[str]) -> list[dict[str, Any]]:
    return campaign.rows(world.lab, f"SELECT * FROM {OUTCOMES} WHERE number IN ({listed(numbers)})")


def test_a_stopped_handler_lets_calls_end_and_dialling_stops(world: World) -> None:
    """Those that only rang when it was told to stop are talked to, too."""
    talking, ringing = world.add([Ending.HUMAN_WRONG_PERSON] * 2), world.add([Ending.RINGBACK_THEN_HUMAN])
    world.sync()
    handler, service = world.site.start("handler"), world.site.start("service")
    wait_until("conversations", lambda: world.dialled(talking, "state = 'answered'") == len(talking), 40)
    wait_until("ringing", lambda: world.dialled(ringing) == len(ringing), 10)
    assert 0 == world.dialled(ringing, "state = 'answered'")
    handler.process.send_signal(signal.SIGTERM)
    said(service, "start `collector handler`")
    later = world.add([Ending.BUSY])
    world.sync()
    assert 0 == handler.process.wait(60), log_of(handler)[-2000:]
    world.ended(talking | ringing, 20)
    assert ["wrong_person"] * len(talking) == [row["result"] for row in outcomes_of(world, talking)]
    told = [(row["line_result"], row["heard"], row["source"]) for row in outcomes_of(world, ringing)]
    assert [("answered", "greeting", "handler")] * len(ringing) == told
    assert 0 == world.dialled(later)
    again = world.site.start("handler")
    world.ended(later, 40)
    stops(service, 10)
    stops(again, 10)


def test_a_handler_told_twice_to_stop_stops_at_once(world: World) -> None:
    numbers = world.add([Ending.HUMAN_LISTENS])
    world.sync()
    handler, service = world.site.start("handler"), world.site.start("service")
    wait_until("conversations", lambda: world.dialled(numbers, "state = 'answered'") == len(numbers), 40)
    handler.process.send_signal(signal.SIGTERM)
    said(handler, "stopping when no call is up")
    stops(handler, 10)
    world.ended(numbers)
    stops(service, 10)


def test_a_database_that_is_gone_for_a_while_ends_nothing(world: World) -> None:
    handler, leader = world.site.start("handler"), world.site.start("service")
    said(leader, "instances=")
    waiting = world.site.start("service")
    said(waiting, "another worker is the leader")
    world.lab.mariadb.crash()
    said(leader, "The database does not answer")
    said(waiting, "The database does not answer")
    world.lab.mariadb.revive()
    numbers = world.add([Ending.BUSY, Ending.HUMAN_WRONG_PERSON])
    world.sync()
    world.ended(numbers)
    assert [None, None, None] == [program.process.poll() for program in (handler, leader, waiting)]
    # the restart freed the lock; whoever has it now, the other has noticed
    wait_until("one leader", lambda: world.count("collector.presence WHERE kind = 'worker'") == 1, 20)
    stops(waiting, 10)
    stops(leader, 10)
    stops(handler, 10)


def test_calls_that_died_with_the_pbx_end_with_one_outcome(world: World) -> None:
    """Last of this file."""
    assert world.crashed

    def over() -> bool:
        world.site.run("run", "reconcile")
        return world.count(OPEN) == 0

    wait_until("the end of every attempt", over, 180, 3.0)
    assert len(world.crashed) == world.count(f"{OUTCOMES} WHERE attempt_id IN ({listed(world.crashed)})")
    assert world.count("collector.attempt") == world.count(OUTCOMES)
    assert [] == world.lab.pbx.channels()  # the carrier was never told and keeps its own
