"""Text from outside that wants to be a command: clients' names and ids, and what carriers say, over both paths."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance import campaign, hostile
from tests.acceptance.hostile import SIPP, SOURCES, Debtor
from tests.lab.ixc_server import TOKEN, IxcServer
from tests.lab.lab import Lab
from tests.lab.numbers import Ending, national, number
from tests.lab.people import people, write_csv
from tests.lab.sipp import SippCallee, refuses
from tests.lab.site import Program, Site, wait_until

# SIP status, reason phrase ({marker}: a file to touch), line result that must come out
REFUSALS = [
    (486, 'Busy "Here"|n=+5511999999999|u=1|q=16|h=all~9~confirmed~1~', "busy"),
    (486, "a,b;c\\d ${{SHELL(touch {marker})}} $(1+1) ${{EXTEN}}", "busy"),
    (404, "OK answered, " + "x" * 400, "invalid_number"),
    (603, "' OR 1=1; <script>alert(1)</script> `touch {marker}` $(touch {marker})", "rejected"),
    (503, "EXEC System touch\tAção \u202e %0d%0aSetvar: A=1 %s", "congestion"),
]
OUR_APPLICATIONS = {
    "AGI",
    "AMD",
    "ChanSpy",
    "ExecIf",
    "GotoIf",
    "Hangup",
    "Log",
    "Return",
    "Set",
    "Stasis",
    "StasisEnd",
    "UserEvent",
}
PIECES = (
    "touch",
    "SHELL",
    "System",
    "alert",
    "DROP",
    "Originate",
    "Command",
    "onerror",
    "cmd|",
    "UNION",
    "${",
    "`",
    "'",
    ";",
)


@dataclass(frozen=True, slots=True)
class World:
    """A campaign with hostile people that is over."""

    lab: Lab
    site: Site
    marker: Path
    debtors: list[Debtor]
    outcomes: dict[str, dict[str, Any]]  # rows of collector_outcome by number
    cdr: dict[str, dict[str, Any]]
    said: str  # all that our programs printed and logged


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    today = datetime.now(UTC).date()
    with Lab(verbose=3) as lab:
        marker = lab.folder / "executed"
        debtors = hostile.crowd(marker)
        of = {name: [one for one in debtors if one.instance == name] for name in SOURCES}
        with (
            IxcServer(*hostile.ixc_tables(of["ixcari"], today)) as first,
            IxcServer(*hostile.ixc_tables(of["ixcfile"], today)) as second,
            Site(lab.config_file, lab.folder) as site,
        ):
            for name in ("csvari", "csvfile"):
                hostile.csv_files(lab.folder, name, of[name], today)
            hostile.configure(lab, {"ixcari": first.url, "ixcfile": second.url}, TOKEN)
            _refused_people(lab)
            said = _held(lab, site, marker)
            ended = campaign.rows(lab, "SELECT * FROM asteriskcdrdb.collector_outcome")
            outcomes = {row["number"]: row for row in ended}
            logs = "".join(log.read_text() for log in lab.folder.glob("*.log"))
            yield World(lab, site, marker, debtors, outcomes, campaign.cdr_rows(lab), said + logs)


def _refused_people(lab: Lab) -> None:
    for name, offset in zip(SIPP, (0, 100), strict=True):
        refused = people([Ending.BUSY] * len(REFUSALS), today=datetime.now(UTC).date(), offset=offset)
        write_csv(refused, lab.folder / f"{name}-clients.csv", lab.folder / f"{name}-bills.csv")


def _held(lab: Lab, site: Site, marker: Path) -> str:
    """Sync all, call the people, then let SIPp refuse one call of each path for each phrase."""
    said = site.run("migrate").stdout
    site.start("handler")
    done = site.run("sync")
    said += done.stdout + done.stderr
    wait_until("a ready handler", lambda: campaign.ready(site), 20, 0.3)
    calls = [site.start("dial", "--instance", name) for name in SOURCES]
    for status, phrase, _ in REFUSALS:
        with SippCallee(lab.ports.sipp_sip, refuses(status, phrase.format(marker=marker))):
            steps = [site.start("dial", "--limit", "1", "--instance", name) for name in SIPP]
            _ended(steps, 60)
    _ended(calls, 120)
    wait_until("every CDR row", lambda: campaign.matched(site), 60, 2.0)
    return said


def _ended(programs: list[Program], seconds: float) -> None:
    wait_until("the end of dialling", lambda: all(one.process.poll() is not None for one in programs), seconds)
    assert [0] * len(programs) == [one.process.poll() for one in programs]


def test_everybody_was_talked_to_whatever_the_name(world: World) -> None:
    told = {one.number: world.outcomes.get(one.number) for one in world.debtors}
    assert [] == [number for number, row in told.items() if row is None]
    facts = {
        number: (row["line_result"], row["heard"], row["result"], row["keys_pressed"], row["source"])
        for number, row in told.items()
        if row is not None
    }
    assert dict.fromkeys(told, ("answered", "all", "confirmed", "1", "handler")) == facts


def test_a_name_is_stored_as_one_printable_line(world: World) -> None:
    stored = campaign.rows(world.lab, "SELECT instance, client_id, name FROM collector.client")
    assert len(world.debtors) + len(SIPP) * len(REFUSALS) == len(stored)
    assert [] == [row for row in stored if not row["name"].isprintable() or not 0 < len(row["name"]) <= 200]
    kept = {row["client_id"] for row in stored}
    assert [] == [one.client_id for one in world.debtors if one.client_id not in kept]  # as the ERP wrote them


def test_what_a_carrier_says_changes_no_outcome(world: World) -> None:
    got = {
        name: [world.outcomes[number(Ending.BUSY, offset + index)] for index in range(len(REFUSALS))]
        for name, offset in zip(SIPP, (0, 100), strict=True)
    }
    expected = sorted((status, line) for status, _, line in REFUSALS)
    for rows in got.values():
        assert expected == sorted((int(row["tech_text"].split()[1]), row["line_result"]) for row in rows)
        assert {("nobody", "nothing", "none", "")} == {
            (row["answerer"], row["heard"], row["result"], row["keys_pressed"]) for row in rows
        }


def test_a_call_record_holds_only_our_alphabet(world: World) -> None:
    assert len(world.debtors) + len(SIPP) * len(REFUSALS) == len(world.cdr)
    for attempt, row in world.cdr.items():
        userfield = row["userfield"]
        assert re.fullmatch(r"[0-9A-Z]{26}(\|[a-z]=[-+A-Za-z0-9 ./:_*#~]*){5,9}", userfield), userfield
        assert len(userfield) <= 255
        others = {name: value for name, value in row.items() if isinstance(value, str) and name != "userfield"}
        assert {} == {name: value for name, value in others.items() if not _harmless(value)}, attempt


def _harmless(value: str) -> bool:
    return value.isprintable() and value.isascii() and not any(piece in value for piece in PIECES)


def test_nothing_was_executed(world: World) -> None:
    assert not world.marker.exists()
    ran = hostile.applications(world.lab)
    assert {"Set", "AGI", "AMD"} <= ran  # the log does show what is executed
    assert set() == ran - OUR_APPLICATIONS


def test_no_piece_of_a_name_reached_the_pbx(world: World) -> None:
    log = world.lab.pbx.logfile.read_text(errors="replace")
    for piece in ("DROP TABLE", "alert(1)", "onerror", "UNION SELECT", "calc", "O'Brien", "[red]", hostile.CPF):
        assert piece not in log, piece
    sounds = [file.name for file in (world.lab.pbx.data / "sounds" / "collector").rglob("*") if file.is_file()]
    assert sounds
    assert [] == [name for name in sounds if not re.fullmatch(r"[0-9a-f]{16,64}\.\w+", name)]


def test_a_report_as_a_page_runs_nothing(world: World) -> None:
    page = world.lab.folder / "report.html"
    world.site.run("report", "--format", "html", "--output", str(page))
    seen = _Page()
    seen.feed(page.read_text(encoding="utf-8"))
    assert not {"script", "img", "iframe", "link", "object", "b", "form"} & seen.tags
    assert 1 >= seen.styles
    assert [] == [name for name in seen.attributes if name.startswith("on")]
    shown = seen.text.casefold()  # names are written with capitals
    assert "<script>alert(1)</script>" in shown
    assert "onerror=alert(1)" in shown


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.styles = 0
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.styles += tag == "style"
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_report_as_a_spreadsheet_computes_nothing(world: World) -> None:
    text = world.site.run("report", "--format", "csv").stdout.removeprefix("\ufeff").rstrip("\n")
    table = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert len(world.outcomes) + 1 == len(table)
    assert {len(table[0])} == {len(row) for row in table}
    cells = [cell for row in table for cell in row]
    assert [] == [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert any(cell.startswith("'=cmd|") for cell in cells)


@pytest.mark.parametrize("form", ["table", "md", "json"])
def test_other_reports_are_whole_and_printable(world: World, form: str) -> None:
    text = world.site.run("report", "--format", form).stdout.replace("R$\xa0", "R$ ")  # a wide table shows sums
    assert [] == [line for line in text.split("\n") if not line.isprintable()]


def test_markup_in_a_name_or_id_is_shown_as_it_is(world: World) -> None:
    listed = world.site.json("outcomes", "--limit", "1000")
    shown = {row["name"] for row in listed}
    assert any(name.startswith("[red]Vermelha[/red] [/]") for name in shown)
    entries = world.site.run("queue", "--at", "2040-01-02 12:00", "--limit", "1000").stdout
    assert "[red]" in entries


def test_our_logs_hold_no_whole_number_and_no_cpf(world: World) -> None:
    digits = re.sub(r"[^0-9\n]", "", world.said)
    numbers = [one.number for one in world.debtors] + list(world.outcomes)
    assert [] == [one for one in numbers if one in world.said or national(one) in digits]
    assert hostile.CPF not in world.said
    assert "Traceback" not in world.said


def test_ids_of_the_erp_stay_text_or_stop_the_sync(world: World) -> None:
    mine = [one for one in world.debtors if one.instance == "ixcari"]
    before = _counts(world.lab)
    with IxcServer(*hostile.ixc_tables(mine, datetime.now(UTC).date())) as server:
        hostile.configure(world.lab, {"ixcari": server.url, "ixcfile": server.url}, TOKEN)
        bill = 9000 + int(mine[0].client_id)
        server.edit("fn_areceber", bill, id_cliente="1' OR '1'='1")
        world.site.run("sync", "--instance", "ixcari")
        moved = campaign.rows(
            world.lab, f"SELECT client_id FROM collector.bill WHERE instance = 'ixcari' AND bill_id = '{bill}'"
        )
        assert [{"client_id": "1' OR '1'='1"}] == moved
        assert before == _counts(world.lab)
        server.edit("cliente", int(mine[1].client_id), id='5"; DROP TABLE client; --')
        done = world.site.run("sync", "--instance", "ixcari", check=False)
    assert 1 == done.returncode
    assert "Traceback" not in done.stdout + done.stderr
    assert before == _counts(world.lab)


def _counts(lab: Lab) -> list[dict[str, Any]]:
    return campaign.rows(
        lab,
        "SELECT (SELECT COUNT(*) FROM collector.client WHERE active) clients,"
        " (SELECT COUNT(*) FROM collector.bill WHERE closed_at IS NULL) bills,"
        " (SELECT COUNT(*) FROM collector.number_block) blocks",
    )
