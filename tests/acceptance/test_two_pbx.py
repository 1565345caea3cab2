"""Two PBXs on one database, each with its own Asterisk, handler and service: who dials, who is rung."""

import csv
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from tests.acceptance import campaign
from tests.lab.invented import cpf
from tests.lab.lab import Lab
from tests.lab.lab_settings import instance
from tests.lab.numbers import Ending
from tests.lab.people import Person, noon_zone, people, write_csv
from tests.lab.site import Program, Site, wait_until

NORTE, SUL = "norte", "sul"
DIALLED_BY = {"fibra": NORTE, "radio": SUL, "todos": ""}  # instance -> its PBX
PATH = {"fibra": "callfile", "radio": "ari", "todos": "ari"}
SIDE_WORK = "side work is done here"


@dataclass
class Place:
    """One PBX with its programs."""

    lab: Lab
    site: Site
    handler: Program | None = None
    service: Program | None = None

    def start(self) -> None:
        self.handler = self.site.start("handler")
        self.service = self.site.start("service")

    def kill(self) -> None:
        for program in (self.service, self.handler):
            assert program is not None
            program.kill9()

    def said(self, words: str) -> int:
        return sum(log.read_text().count(words) for log in self.lab.folder.glob("service-*.log"))

    def findings(self) -> dict[str, tuple[bool | None, str]]:
        done = self.site.run("doctor", "--json", check=False)
        return {one["what"]: (one["ok"], one["detail"]) for one in json.loads(done.stdout)}


@dataclass
class World:
    norte: Place
    sul: Place
    known: dict[str, list[Person]] = field(default_factory=lambda: {name: [] for name in DIALLED_BY})
    documents: dict[tuple[str, str], str] = field(default_factory=dict)  # (instance, client id) -> CPF

    def rows(self, sql: str) -> list[dict[str, Any]]:
        return campaign.rows(self.norte.lab, sql)

    def count(self, what: str) -> int:
        return int(self.rows(f"SELECT COUNT(*) n FROM {what}")[0]["n"])

    def add(self, name: str, crowd: Sequence[Person], documents: Sequence[str]) -> set[str]:
        """These people owe this instance from now on; their numbers."""
        known = self.known[name]
        known += crowd
        self.documents |= {(name, one.client_id): said for one, said in zip(crowd, documents, strict=True)}
        clients = self.norte.lab.folder / f"{name}-clients.csv"
        write_csv(known, clients, self.norte.lab.folder / f"{name}-bills.csv")
        with clients.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream, delimiter=";"))
        with clients.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.DictWriter(stream, rows[0].keys(), delimiter=";")
            writer.writeheader()
            writer.writerows(row | {"document": self.documents[name, row["id"]]} for row in rows)
        return {one.number for one in crowd}

    def attempts(self, numbers: set[str], where: str = "1 = 1") -> list[dict[str, Any]]:
        listed = ", ".join(f"'{number}'" for number in sorted(numbers))
        return self.rows(
            "SELECT a.*, o.source, o.line_result, o.cdr_found FROM collector.attempt a "
            "LEFT JOIN asteriskcdrdb.collector_outcome o USING (attempt_id) "
            f"WHERE a.number IN ({listed}) AND {where}"
        )

    def all_in(self, state: str, numbers: set[str], seconds: float) -> None:
        wait_until(
            f"{len(numbers)} attempts {state}",
            lambda: len(self.attempts(numbers, f"state = '{state}'")) == len(numbers),
            seconds,
        )


def invented(name: str, endings: list[Ending], offset: int) -> tuple[list[Person], list[str]]:
    """New people, each with a CPF of his own."""
    first = 10_000 * (1 + list(DIALLED_BY).index(name)) + offset
    crowd = people(endings, first, today=datetime.now(UTC).date(), offset=first // 4 % 9000)
    return crowd, [cpf(Random(one.number)) for one in crowd]


def configure(lab: Lab, exports: Lab) -> None:
    """The same instances on both; their files lie with the first."""
    chosen = []
    for name, pbx in DIALLED_BY.items():
        one = instance(
            name,
            exports.folder,
            pbx=pbx,
            zone=noon_zone(datetime.now(UTC)),
            conversation={"key_wait_seconds": 4},
            voice={"words_per_minute": 230},
        )
        one["dialling"] |= {"origination": PATH[name], "max_call_seconds": 60}
        chosen.append(one)
    lab.configure(chosen)
    lab.install_dialplan()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with ExitStack() as stack:
        norte = stack.enter_context(Lab(pbx_keys={"name": NORTE}))
        sul = stack.enter_context(Lab(pbx_keys={"name": SUL}, database=norte.mariadb))
        for lab in (norte, sul):
            configure(lab, norte)
        one, other = (Place(lab, stack.enter_context(Site(lab.config_file, lab.folder))) for lab in (norte, sul))
        one.site.run("migrate")
        yield World(one, other)


def test_a_debtor_of_both_is_rung_once_and_each_pbx_dials_its_own(world: World) -> None:
    own = {
        name: world.add(name, *invented(name, [Ending.BUSY, Ending.INVALID] * 2, offset=0)) for name in DIALLED_BY
    }
    shared, documents = invented("fibra", [Ending.BUSY] * 6, offset=100)
    others, _ = invented("radio", [Ending.BUSY] * 3, offset=100)
    both = world.add("fibra", shared, documents)
    both |= world.add("radio", [*shared[:3], *others], documents)  # three by the same number, three by another
    for place in (world.norte, world.sul):
        place.start()
    for numbers in own.values():
        world.all_in("ended", numbers, 90)
    wait_until("the shared ones", lambda: len(world.attempts(both, "state = 'ended'")) == len(shared), 60)
    wait_until("rest", lambda: world.count("collector.attempt WHERE open_in IS NOT NULL") == 0, 30)

    assert len(shared) == len(world.attempts(both))  # and not twelve
    twice = world.rows("SELECT debtor FROM collector.attempt GROUP BY debtor HAVING COUNT(*) > 1")
    assert [] == twice
    for name, pbx in DIALLED_BY.items():
        dialled_by = {
            row["trunk"].split("/")[0]
            for row in world.rows(f"SELECT * FROM collector.attempt WHERE instance = '{name}'")
        }
        assert dialled_by <= ({pbx} if pbx else {NORTE, SUL})
        assert dialled_by
    found = "asteriskcdrdb.collector_outcome WHERE cdr_found = 1"
    wait_until("every CDR row", lambda: world.count(found) == world.count("collector.attempt"), 40)


def test_one_of_the_two_does_the_side_work(world: World) -> None:
    assert 1 == world.norte.said(SIDE_WORK) + world.sul.said(SIDE_WORK)
    clients = world.rows(
        "SELECT instance, COUNT(*) n FROM collector.job_run WHERE job = 'clients' GROUP BY instance"
    )
    assert dict.fromkeys(DIALLED_BY, 1) == {row["instance"]: row["n"] for row in clients}
    leaders = {row["name"] for row in world.rows("SELECT name FROM collector.presence WHERE kind = 'leader'")}
    assert {"collector:service:norte", "collector:service:sul", "collector:side"} == leaders


def test_doctor_says_whose_is_whose_and_dial_refuses_what_another_dials(world: World) -> None:
    found = world.norte.findings()
    assert (True, "norte (pbx.name); dials fibra, todos") == found["this PBX"]
    assert (True, "dialled from here alone") == found["fibra: PBX"]
    assert (None, "dialled by PBX sul, not from here") == found["radio: PBX"]
    assert (True, "dialled from here, and by every other PBX whose settings hold it") == found["todos: PBX"]
    refused = world.norte.site.run("dial", "--instance", "radio", check=False)
    assert (2, "PBX sul dials radio, and this one is norte") == (
        refused.returncode,
        refused.stderr.strip().rpartition("error: ")[2].partition(":")[0],
    )
    listed = {one["instance"] for one in world.norte.site.json("dial", "--dry-run")}
    assert "radio" not in listed


def test_a_pause_given_on_one_pbx_hangs_up_on_the_other(world: World) -> None:
    numbers = world.add("radio", *invented("radio", [Ending.SILENT_ANSWER], offset=200))
    world.norte.site.run("sync", "--instance", "radio")
    world.all_in("answered", numbers, 40)
    said = world.norte.site.run("pause", "--reason", "repairs", "--instance", "radio", "--hang-up").stdout
    assert "0 calls hung up" in said  # by norte itself
    world.all_in("ended", numbers, 20)
    assert world.sul.said("hung up")
    world.norte.site.run("resume", "--instance", "radio")


def test_who_is_killed_loses_no_call_to_the_other(world: World) -> None:
    """The one with the side work dies in mid-call: the other takes it over and leaves those calls alone."""
    dead, alive = world.norte, world.sul
    if alive.said(SIDE_WORK):
        dead, alive = alive, dead
    name_of = {NORTE: "fibra", SUL: "radio"}
    died, lived = (name_of[place.lab.settings.pbx.name] for place in (dead, alive))
    mid_call = {
        name: world.add(name, *invented(name, [Ending.HUMAN_LISTENS] * 2, offset=300)) for name in (died, lived)
    }
    for name in (died, lived):
        dead.site.run("sync", "--instance", name)
    for numbers in mid_call.values():
        world.all_in("answered", numbers, 40)
    next_ones = {name: world.add(name, *invented(name, [Ending.BUSY], offset=400)) for name in (died, lived)}
    synced = "collector.job_run WHERE job = 'bills' AND status = 'done'"
    before = world.count(synced)
    dead.kill()
    wait_until("side work taken over", lambda: alive.said(SIDE_WORK) == 1, 30)
    wait_until("a sync of all", lambda: world.count(synced) >= before + len(DIALLED_BY), 30)
    alive.site.run("sync")  # clients are fetched once a day
    world.all_in("ended", next_ones[lived], 60)
    world.all_in("ended", mid_call[lived], 90)
    dead.lab.wait_quiet(90)
    runs = "collector.job_run WHERE job = 'reconcile' AND finished_at IS NOT NULL"
    before = world.count(runs)
    wait_until("reconciliations", lambda: world.count(runs) >= before + 4, 60)
    assert 2 == len(world.attempts(mid_call[died], "open_in IS NOT NULL"))  # though their CDR rows are there
    assert [] == world.attempts(next_ones[died])
    dead.start()
    world.all_in("ended", mid_call[died], 60)
    world.all_in("ended", next_ones[died], 60)
    for name, source in ((lived, "handler"), (died, "cdr")):
        told = [(row["source"], row["line_result"]) for row in world.attempts(mid_call[name])]
        assert [(source, "answered")] * 2 == told
    assert 0 == world.count("collector.attempt WHERE state = 'lost'")
    assert world.count("collector.attempt") == world.count("asteriskcdrdb.collector_outcome")


def test_no_program_broke(world: World) -> None:
    logs = [log for place in (world.norte, world.sul) for log in place.lab.folder.glob("*.log")]
    assert [] == [log.name for log in logs if "Traceback" in log.read_text()]
