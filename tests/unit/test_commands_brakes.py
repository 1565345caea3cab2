"""`collector pause`, `resume` and `counts`, over the store in memory: what they change, print and exit with."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from typer.testing import CliRunner, Result

from tests.unit.standing_in import StandIn
from tests.unit.world import NOON, ZONE
from worker import configfile, convert
from worker.commands import brakes as commands
from worker.commands.base import app
from worker.core.brakes import ALL, Brake, BrakeKind, BrakeRules, CallCount
from worker.errors import UsageError
from worker.store.memory import memory_store
from worker.store.memory_tables import Tables

CONFIG = """
database: {user: collector, password: {env: DB}}
pbx: {}
instances:
  - &fibra
    id: fibra
    company: Fibra
    caller_id: "+551133330000"
    source: {type: csv, clients: /c.csv, bills: /b.csv}
    trunk: {endpoint: "PJSIP/{number}@t"}
    dialling: {origination: callfile}
  - {<<: *fibra, id: radio, brakes: {pause_minutes: 0, short_call_calls: 500, calls_per_month: 1000}}
"""
TODAY = NOON.astimezone(ZONE).date()
MONTH_AGO = TODAY.replace(month=TODAY.month - 1)


@dataclass
class Running(StandIn):
    """With calls that can be cut."""

    tables: Tables = field(default_factory=Tables)
    cut: list[Sequence[Brake]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.store = memory_store(self.tables)

    def hang_up(self, held: Sequence[Brake]) -> set[str]:
        self.cut.append(held)
        return {"a", "b"} if len(self.cut) == 1 else {"b", "c"}


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Running:
    one = Running(configfile.parse(CONFIG, {"DB": "secret"}))
    monkeypatch.setattr(commands, "settings_of", lambda _: one.settings)
    monkeypatch.setattr(commands, "App", lambda _: one)
    monkeypatch.setattr(commands, "utc_now", lambda: NOON)
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(commands, "_who", lambda: "ana@pbx")
    return one


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_pause_holds_all_instances_and_says_who_and_why(running: Running) -> None:
    done = run("pause", "--reason", "  the trunk\n is down ")
    assert (0, "all instances: paused; `collector resume` ends it\n") == (done.exit_code, done.output)
    assert [Brake(ALL, BrakeKind.BY_HAND, "the trunk is down", NOON, set_by="ana@pbx")] == (
        running.store.brakes.listing()
    )
    assert [] == running.cut
    assert "all instances: was paused already" in run("pause", "--reason", "again").output


def test_pause_of_one_instance_holds_no_other(running: Running) -> None:
    assert "instance fibra: paused" in run("pause", "-i", "fibra", "--reason", "x").output
    assert ["fibra"] == [one.instance for one in running.store.brakes.listing()]


def test_hanging_up_is_asked_three_times_and_counts_each_call_once(running: Running) -> None:
    done = run("pause", "--reason", "x", "--hang-up")
    assert "3 calls hung up; 0 attempts still without outcome" in done.output
    assert 3 == len(running.cut)
    assert running.store.brakes.listing()[0].hang_up


def test_a_pause_needs_a_reason_and_an_instance_there_is(running: Running) -> None:
    for arguments in (("--reason", "  "), ("--reason", "x", "-i", "fibre")):
        assert isinstance(run("pause", *arguments).exception, UsageError)
    assert run("pause").exit_code == 2
    assert [] == running.store.brakes.listing()


def test_resume_ends_everything_and_says_what_it_was(running: Running) -> None:
    run("pause", "--reason", "x")
    running.store.brakes.put(Brake("radio", BrakeKind.CONGESTION, "congested", NOON), NOON)
    done = run("resume")
    assert (0, "all instances: ended by_hand: x\ninstance radio: ended congestion: congested\n") == (
        done.exit_code,
        done.output,
    )
    assert (0, "all instances: nothing was paused\n") == (run("resume").exit_code, run("resume").output)


def test_to_resume_one_instance_while_all_are_paused_is_not_enough(running: Running) -> None:
    assert [] == running.cut
    run("pause", "--reason", "x")
    run("pause", "-i", "fibra", "--reason", "y")
    done = run("resume", "-i", "fibra")
    assert 1 == done.exit_code
    assert "instance fibra: ended by_hand: y" in done.output
    assert "all instances are still paused by ana@pbx" in done.output


def test_counts_tell_day_and_month_against_the_nearest_line(running: Running) -> None:
    ours, yesterday = "+551133330000", TODAY - timedelta(days=4)  # older than what is counted anew
    running.tables.call_counts = [
        CallCount(yesterday, "fibra", "local/OUT_1", ours, 200, 108, 92),
        CallCount(yesterday, "radio", "local/OUT_1", ours, 100, 50, 50),
        CallCount(MONTH_AGO, "radio", "local/OUT_1", ours, 700, 50, 50),
    ]
    text = run("counts").output
    for wanted in (
        f"day {TODAY}",
        "no calls",
        "500 calls and 85% short",
        f"month {TODAY:%Y-%m}",
        "average is 54%",
    ):
        assert wanted in text
    (provider,) = [line for line in text.splitlines() if "provider OUT_1" in line]
    cells = [cell.strip() for cell in provider.strip("│").split("│")]
    assert ["provider OUT_1", "300", "30.0%", "142", "158", "52.7%", "1000 calls"] == cells
    assert "700" in run("counts", "--month", f"{MONTH_AGO:%Y-%m}").output


def test_counts_for_programs_hold_every_row(running: Running) -> None:
    row = CallCount(MONTH_AGO, "fibra", "local/OUT_1", "+551133330000", 8, 2, 6)
    running.tables.call_counts = [row]
    told = json.loads(run("counts", "--json", "--month", f"{MONTH_AGO:%Y-%m}").output)
    total = {"calls": 8, "short_calls": 2, "answered": 6}
    assert {"OUT_1": total | {"short_ratio": 0.25}} == told["providers"]
    place = {"day": str(MONTH_AGO), "instance": "fibra", "trunk": "local/OUT_1", "caller_id": "+551133330000"}
    assert [place | total] == told["rows"]
    assert (None, {}, 500) == (told["day"], told["today"], told["lines"]["radio"]["short_call_calls"])


@pytest.mark.parametrize("text", ["2026-13", "2026-3", "março", "2026-03-01"])
def test_a_month_that_is_none_is_refused(running: Running, text: str) -> None:
    assert running
    assert isinstance(run("counts", "--month", text).exception, UsageError)


def test_the_settings_defaults_are_the_rules_defaults_and_no_pause_means_until_resumed(running: Running) -> None:
    fibra, radio = running.settings.instances
    assert BrakeRules() == convert.brake_rules(fibra)
    assert (None, 500, 1000) == (
        convert.brake_rules(radio).pause,
        convert.brake_rules(radio).short_call_calls,
        convert.brake_rules(radio).calls_per_month,
    )
