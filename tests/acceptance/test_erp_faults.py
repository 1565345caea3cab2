"""A faulty ERP as the administrator sees it: one sentence, exit code 1, nothing closed, other instances synced."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acceptance import campaign
from tests.lab.invented import invent
from tests.lab.ixc_faults import Fault, Kind
from tests.lab.ixc_server import TOKEN, IxcServer
from tests.lab.lab import Lab
from tests.lab.lab_settings import instance
from tests.lab.site import Site

CLIENTS = 60
JOBS = ("clients", "contracts", "bills", "queue")
PAGE = 10
# what goes wrong -> words that must stand in the one sentence
FAULTS: dict[str, tuple[Fault, str]] = {
    "an HTML error": (Fault(Kind.HTML_ERROR), "IXC answered an error page"),
    "a login page": (Fault(Kind.LOGIN_PAGE), "IXC answered a login page instead of data"),
    "a page cut in the middle": (Fault(Kind.TRUNCATED, page=3), "breaks off in the middle"),
    "a connection reset in the middle": (Fault(Kind.RESET, page=2), "failed or broke off"),
    "rows promised and never sent": (Fault(Kind.TOTAL_MISMATCH, page=2), "IXC"),
    "a server error": (Fault(Kind.SERVER_ERROR, page=2), "IXC failed (HTTP 500)"),
    "bills cut in the middle": (Fault(Kind.TRUNCATED, page=2, table="fn_areceber"), "breaks off in the middle"),
    "contracts cut in the middle": (
        Fault(Kind.TRUNCATED, page=2, table="cliente_contrato"),
        "breaks off in the middle",
    ),
}


@dataclass(frozen=True, slots=True)
class World:
    """`norte` reads from `server`, `sul` from a sound one; both were synced once."""

    lab: Lab
    site: Site
    server: IxcServer
    sound: IxcServer

    def configure(self, *, url: str = "", token: str = TOKEN) -> None:
        chosen = []
        for name, address, secret in (
            ("norte", url or self.server.url, token),
            ("sul", self.sound.url, TOKEN),
        ):
            one = instance(name, self.lab.folder)
            one["source"] = {
                "type": "ixc",
                "url": address,
                "token": self.lab.secret(f"token-{name}", secret),
                "page_size": PAGE,
                "retries": 0,
                "pause_seconds": 0,
            }
            chosen.append(one)
        self.lab.configure(chosen)

    def counts(self) -> dict[str, Any]:
        """What no fault may change."""
        (row,) = campaign.rows(
            self.lab,
            "SELECT (SELECT COUNT(*) FROM collector.client WHERE instance = 'norte' AND active) clients,"
            " (SELECT COUNT(*) FROM collector.client_phone WHERE instance = 'norte') phones,"
            " (SELECT COUNT(*) FROM collector.contract WHERE instance = 'norte') contracts,"
            " (SELECT COUNT(*) FROM collector.bill WHERE instance = 'norte' AND closed_at IS NULL) open_bills,"
            " (SELECT COUNT(*) FROM collector.bill WHERE instance = 'norte') bills,"
            " (SELECT COUNT(*) FROM collector.queue_entry WHERE instance = 'norte' AND state <> 'done') waiting,"
            " (SELECT MAX(changed_at) FROM collector.queue_entry WHERE instance = 'norte') changed",
        )
        return row

    def history(self, since: int) -> list[tuple[str, str, str, str]]:
        """(instance, job, status, error) of the runs after that one."""
        found = campaign.rows(self.lab, f"SELECT * FROM collector.job_run WHERE run_id > {since} ORDER BY run_id")
        return [(row["instance"], row["job"], row["status"], row["error"]) for row in found]

    def last_run(self) -> int:
        (row,) = campaign.rows(self.lab, "SELECT COALESCE(MAX(run_id), 0) n FROM collector.job_run")
        return int(row["n"])


@pytest.fixture(scope="module")
def world(lab: Lab) -> Iterator[World]:
    today = datetime.now(UTC).date()
    north, south = invent(CLIENTS, today=today, seed=7), invent(CLIENTS, today=today, seed=8)
    with (
        IxcServer(north.clients, north.bills, north.contracts, north.cities) as server,
        IxcServer(south.clients, south.bills, south.contracts, south.cities) as sound,
        Site(lab.config_file, lab.folder) as site,
    ):
        made = World(lab, site, server, sound)
        made.configure()
        site.run("migrate")
        site.run("sync")
        yield made


@pytest.fixture(autouse=True)
def mended(world: World) -> Iterator[None]:
    """Each test leaves a sound ERP and the right address behind."""
    yield
    world.server.fault = None
    world.configure()


def check_failure(world: World, words: str) -> None:
    """Run `collector sync` and see that the one failed and the other did not."""
    before, last = world.counts(), world.last_run()
    assert before["open_bills"] > PAGE * 3
    done = world.site.run("sync", check=False)
    assert 1 == done.returncode
    assert "Traceback" not in done.stdout + done.stderr
    history = world.history(last)
    failed = [row for row in history if row[0] == "norte" and row[2] == "failed"]
    assert 1 == len(failed), history
    sentence = failed[0][3]
    assert words in sentence
    assert "\n" not in sentence
    assert len(sentence) < 300
    shown = campaign.last_cells(done.stdout)
    assert 1 == shown.count(sentence), shown
    assert [("sul", job, "done", "") for job in JOBS] == [row for row in history if row[0] == "sul"]
    assert before == world.counts()


@pytest.mark.parametrize("name", FAULTS)
def test_a_faulty_answer_is_one_sentence_and_changes_nothing(world: World, name: str) -> None:
    fault, words = FAULTS[name]
    world.server.fault = fault
    check_failure(world, words)
    assert fault.fired


def test_an_erp_that_is_down_is_one_sentence_and_changes_nothing(world: World) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers, nobody else takes it
        world.configure(url=f"http://127.0.0.1:{closed.getsockname()[1]}")
        check_failure(world, "the connection to IXC at 127.0.0.1")


def test_a_wrong_token_is_one_sentence_without_the_token(world: World) -> None:
    world.configure(token="7:ffffffffffffffffffffffffffffffff")
    check_failure(world, "IXC refused the token (HTTP 401)")
    done = world.site.run("sync", "--instance", "norte", check=False)
    assert "ffffffff" not in done.stdout + done.stderr


def test_the_output_for_programs_is_json_in_failure_too(world: World) -> None:
    world.server.fault = Fault(Kind.LOGIN_PAGE)
    done = world.site.run("sync", "--json", check=False)
    assert 1 == done.returncode
    parsed = json.loads(done.stdout)
    assert [("norte", "clients", "failed")] == [
        (row["instance"], row["job"], row["status"]) for row in parsed if row["status"] != "done"
    ]
    assert 1 + len(JOBS) == len(parsed)


def test_an_unknown_instance_is_a_wrong_call(world: World) -> None:
    done = world.site.run("sync", "--instance", "leste", check=False)
    assert (2, "") == (done.returncode, done.stdout)
    assert "there is no instance leste; there are: norte, sul" in done.stderr


def test_a_dry_run_changes_nothing(world: World) -> None:
    before = world.counts()
    paid = next(iter(world.server.tables.rows["fn_areceber"]))
    kept = dict(world.server.tables.rows["fn_areceber"][paid])
    world.server.pay(paid)
    reports = world.site.json("sync", "--dry-run")
    assert {"dry_run"} == {row["status"] for row in reports}
    assert before == world.counts()
    world.server.edit("fn_areceber", paid, **kept)


def test_a_much_smaller_answer_is_an_alarm_until_it_is_accepted(world: World) -> None:
    before = world.counts()
    for bill in list(world.server.tables.rows["fn_areceber"])[::2]:
        world.server.remove("fn_areceber", bill)
    done = world.site.run("sync", "--instance", "norte", check=False)
    assert 1 == done.returncode
    (alarm,) = [row for row in campaign.last_cells(done.stdout) if "nothing was changed" in row]
    assert alarm.startswith(f"bills went from {before['open_bills']} to ")
    assert before == world.counts()
    world.site.run("sync", "--instance", "norte", "--accept-shrink")
    after = world.counts()
    assert before["clients"] == after["clients"]
    assert before["bills"] == after["bills"]  # closed, not deleted
    assert before["open_bills"] > after["open_bills"] > 0
    assert before["waiting"] > after["waiting"] > 0


def test_an_empty_answer_is_an_alarm(world: World) -> None:
    world.server.fault = Fault(Kind.EMPTY, table="fn_areceber")
    before = world.counts()
    done = world.site.run("sync", "bills", "--instance", "norte", check=False)
    assert 1 == done.returncode
    assert "the source has no bills any more" in " ".join(campaign.last_cells(done.stdout))
    assert before == world.counts()
