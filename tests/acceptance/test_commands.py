"""Each command as an administrator types it: exit codes, sentences with remedies, dry runs that do nothing."""

import csv
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from subprocess import CompletedProcess
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance import campaign
from tests.acceptance.campaign import Campaign
from tests.lab.lab import Lab
from tests.lab.lab_settings import ALL_DAY
from tests.lab.numbers import Ending
from tests.lab.people import Person, people, write_csv
from tests.lab.site import Program, Site

# ending: line result, result, disposition of the CDR row
CALLED = {
    Ending.HUMAN_PRESSES_1: ("answered", "confirmed", "ANSWERED"),
    Ending.HUMAN_OPTS_OUT: ("answered", "opt_out", "ANSWERED"),
    Ending.BUSY: ("busy", "none", "BUSY"),
    Ending.INVALID: ("invalid_number", "none", "NO ANSWER"),
    Ending.NO_ANSWER: ("no_answer", "none", "FAILED"),
}
WINDOW = dict.fromkeys(("weekdays", "saturday", "sunday"), ALL_DAY) | {"holidays": False}
CLOSED = "2040-01-02"
NEEDS_SCHEMA = (
    *(["queue"], ["sync"], ["alarms"], ["bills"], ["blocked"], ["rejected"], ["numbers"], ["metrics"]),
    *(["dial", "--once"], ["dial", "--dry-run"], ["run", "reconcile"], ["outcomes"], ["report"], ["service"]),
    *(["handler"], ["payments"]),
)
WRONG = (  # called wrongly, and what the answer must say
    (["bogus"], "No such command"),
    (["sync", "--instance", "leste"], "there is no instance leste; there are: fibra, radio"),
    (["alarms", "--acknowledge", "7"], "there is no alarm 7 left to acknowledge"),
    (["alarms", "--acknowledge", "x"], "Invalid value"),
    (["bills", "--instance", "leste"], "there is no instance leste"),
    (["blocked", "--instance", "leste"], "there is no instance leste"),
    (["rejected", "--limit", "0"], "Invalid value"),
    (["numbers", "--limit", "0"], "Invalid value"),
    (["sync", "everything"], "not one of"),
    (["queue", "--explain", "abc"], "abc: "),
    (["queue", "--at", "noon"], "Invalid value"),
    (["dial", "--limit", "0"], "Invalid value"),
    (["dial", "--instance", "leste"], "there is no instance leste; there are: fibra, radio"),
    (["run", "lunch"], "not one of"),
    (["outcomes", "--day", "31/12/2026"], "does not match"),
    (["report", "--format", "pdf"], "not one of"),
    (["report", "--instance", "leste"], "there is no instance leste"),
)
Done = CompletedProcess[str]


@dataclass(frozen=True, slots=True)
class Installed:
    """A migrated lab after one small campaign, with one more person waiting on each path."""

    lab: Lab
    site: Site
    handler: Program
    held: Campaign
    waiting: list[Person]


@pytest.fixture(scope="module")
def own_lab() -> Iterator[Lab]:
    """Its call records are written by cdr_adaptive_odbc: every other lab of ours has them from cdr_mysql."""
    with Lab(cdr="odbc") as running:
        campaign.configure(running, rules={"window": {**WINDOW, "closed_days": [CLOSED]}})
        yield running


@pytest.fixture(scope="module")
def unmigrated(own_lab: Lab) -> dict[str, Done]:
    """What commands say while there is no schema."""
    with Site(own_lab.config_file, own_lab.folder) as site:
        return run_all(site, [*NEEDS_SCHEMA, ["doctor"]])


@pytest.fixture(scope="module")
def installed(own_lab: Lab, unmigrated: dict[str, Done]) -> Iterator[Installed]:
    assert unmigrated
    with Site(own_lab.config_file, own_lab.folder) as site:
        site.run("migrate")
        handler = site.start("handler")
        held = campaign.hold(own_lab, site, list(CALLED))
        more = []
        for position, name in enumerate(campaign.PATHS.values()):
            path = next(key for key, value in campaign.PATHS.items() if value == name)
            new = people(
                [Ending.BUSY], 500 + 1000 * position, today=datetime.now(UTC).date(), offset=50 + position
            )
            more += new
            known = [person for (one, _), person in held.people.items() if one == path]
            write_csv([*known, *new], own_lab.folder / f"{name}-clients.csv", own_lab.folder / f"{name}-bills.csv")
        site.run("sync")
        yield Installed(own_lab, site, handler, held, more)


def run_all(site: Site, commands: list[list[str]]) -> dict[str, Done]:
    with ThreadPoolExecutor(3) as pool:
        results = pool.map(lambda arguments: site.run(*arguments, check=False, seconds=60), commands)
        return {" ".join(arguments): done for arguments, done in zip(commands, results, strict=True)}


def plain(table: str) -> str:
    """Without frames and line breaks."""
    return " ".join(table.replace("│", " ").split())


@pytest.mark.parametrize("command", [" ".join(arguments) for arguments in NEEDS_SCHEMA])
def test_without_a_schema_each_command_fails_and_says_migrate(unmigrated: dict[str, Done], command: str) -> None:
    done = unmigrated[command]
    said = done.stdout + done.stderr
    assert 1 == done.returncode
    assert "migrate`" in plain(said)
    assert "Traceback" not in said


def test_doctor_names_what_a_new_machine_lacks(unmigrated: dict[str, Done]) -> None:
    done = unmigrated["doctor"]
    said = plain(done.stdout)
    assert 1 == done.returncode
    for remedy in ("run `collector migrate`", "start `collector handler`"):
        assert remedy in said
    assert "to mend" in said


@pytest.mark.parametrize(("arguments", "words"), WRONG, ids=str)
def test_a_wrong_call_is_exit_code_2(installed: Installed, arguments: list[str], words: str) -> None:
    done = installed.site.run(*arguments, check=False)
    assert (2, "") == (done.returncode, done.stdout)
    assert words in plain(done.stderr)
    assert "Traceback" not in done.stderr


def test_what_works_is_exit_code_0(installed: Installed) -> None:
    commands = [
        *(["check-config"], ["migrate"], ["dialplan"], ["sweep"], ["sync", "client-types"], ["alarms"], ["bills"]),
        *(["sync", "bills", "--dry-run"], ["alarms", "--all"], ["blocked"], ["rejected"], ["metrics"], ["queue"]),
        *(["numbers", "--shared"], ["numbers", "--repaired"], ["run", "reconcile"], ["run", "reports"]),
        *(["run", "bills"], ["run", "payments"], ["payments"], ["--help"]),
    ]
    done = run_all(installed.site, commands)
    assert dict.fromkeys(done, 0) == {command: one.returncode for command, one in done.items()}
    assert "nothing to do: the schema is up to date\n" == done["migrate"].stdout
    assert all("Traceback" not in one.stderr for one in done.values())


@pytest.mark.parametrize("arguments", [["sync", "contracts"], ["run", "blocked_contracts"]], ids=" ".join)
def test_work_that_an_erp_cannot_give_is_exit_code_1_with_its_sentence(
    installed: Installed, arguments: list[str]
) -> None:
    done = installed.site.run(*arguments, "--json", check=False)
    assert 1 == done.returncode
    failed = {row["instance"]: row["error"] for row in json.loads(done.stdout) if row["status"] == "failed"}
    assert set(campaign.PATHS.values()) == set(failed)
    assert all("contracts" in error and "\n" not in error for error in failed.values())
    assert "Traceback" not in done.stderr


def test_rows_that_could_not_be_used_are_listed_also_after_a_sync_that_failed(installed: Installed) -> None:
    file = installed.lab.folder / "radio-bills.csv"
    full = file.read_text(encoding="utf-8")
    for text, code in ((full + "odd;1;31/02/2026;9,90;9,90;open\n", 0), ("nothing of use\n", 1)):
        file.write_text(text, encoding="utf-8")
        assert code == installed.site.run("sync", "bills", "--instance", "radio", check=False).returncode
        (row,) = installed.site.json("rejected", "--instance", "radio")
        assert ("bills", "bill") == (row["job"], row["kind"])
    file.write_text(full, encoding="utf-8")
    installed.site.run("sync", "bills", "--instance", "radio")
    assert [] == installed.site.json("rejected")


def test_metrics_say_what_the_other_commands_say(installed: Installed) -> None:
    samples = [
        sample
        for family in text_string_to_metric_families(installed.site.run("metrics").stdout)
        for sample in family.samples
    ]
    found = {(one.name, *sorted(one.labels.items())): one.value for one in samples}
    assert len(samples) == len(found)
    for row in installed.site.json("bills"):
        labels = (("instance", row["instance"]), ("stage", row["stage"]))
        assert row["bills"] == found["collector_bills", *labels]
        assert float(row["total"]) == found["collector_bills_total_reais", *labels]
    for name in campaign.PATHS.values():
        assert 0 == found["collector_job_failed", ("instance", name), ("job", "bills")]
        assert 0 == found["collector_alarms_open", ("instance", name), ("kind", "bills")]
        assert 0 <= found["collector_answer_age_seconds", ("instance", name), ("kind", "bills")] < 600
        assert len(CALLED) + 1 == found["collector_answer_rows", ("instance", name), ("kind", "clients")]
    listed = installed.site.json("metrics")
    assert set(found) == {(one["name"], *sorted(one["labels"].items())) for one in listed}


@pytest.mark.parametrize(("path", "ending"), [(path, ending) for path in campaign.PATHS for ending in CALLED])
def test_an_outcome_finds_its_record_written_over_odbc(installed: Installed, path: str, ending: Ending) -> None:
    assert "Adaptive ODBC" in installed.lab.pbx.rx("cdr show status").split("Registered Backends")[1]
    line, result, disposition = CALLED[ending]
    row = installed.held.outcomes[path, ending]
    cdr = installed.held.cdr[row["attempt_id"]]
    assert (line, result, "handler", 1) == (row["line_result"], row["result"], row["source"], row["cdr_found"])
    assert (row["uniqueid"], campaign.PATHS[path]) == (cdr["uniqueid"], cdr["accountcode"])
    assert disposition == cdr["disposition"]
    assert f"|n={installed.held.people[path, ending].number}|" in cdr["userfield"]


def explained(installed: Installed, number: str, *more: str) -> list[dict[str, Any]]:
    cases: list[dict[str, Any]] = installed.site.json("queue", "--explain", number, *more)["cases"]
    return cases


def refusing(cases: list[dict[str, Any]]) -> set[str]:
    return {rule["rule"] for case in cases for rule in case["rules"] if not rule["allowed"]}


def test_explain_says_every_rule(installed: Installed) -> None:
    free, other = (person.number for person in installed.waiting)
    (case,) = explained(installed, free)
    assert case["allowed"]
    assert {"window", "number_window", "block", "daily_cap", "gap"} <= {rule["rule"] for rule in case["rules"]}
    for path in campaign.PATHS:
        tried = explained(installed, installed.held.people[path, Ending.BUSY].number)
        assert {"gap", "debtor_gap", "next_attempt"} == refusing(tried)
        stopped = explained(installed, installed.held.people[path, Ending.HUMAN_OPTS_OUT].number)
        assert {"block", "gap"} <= refusing(stopped)
    assert [] == explained(installed, "11987654321")
    assert "window" in refusing(explained(installed, other, "--at", f"{CLOSED} 12:00"))
    assert set() == refusing(explained(installed, other, "--at", "2040-01-05 12:00"))
    table = installed.site.run("queue", "--explain", free).stdout
    assert "may be called" in table
    assert free not in table


def test_a_dry_run_of_dialling_changes_nothing(installed: Installed) -> None:
    tables = "collector.queue_entry, collector.attempt, collector.ledger, asteriskcdrdb.collector_outcome"
    before = campaign.rows(installed.lab, f"CHECKSUM TABLE {tables}")
    planned = installed.site.json("dial", "--dry-run")
    assert {person.number for person in installed.waiting} == {
        row["number"] for row in planned if row["dial"] == "yes"
    }
    shown = installed.site.run("dial", "--dry-run").stdout
    assert all(person.number not in shown for person in installed.waiting)
    assert [] == installed.lab.live_channels()
    assert before == campaign.rows(installed.lab, f"CHECKSUM TABLE {tables}")


def test_outcomes_and_report_come_in_every_format(installed: Installed) -> None:
    calls = len(CALLED) * len(campaign.PATHS)
    forms = ("table", "csv", "json", "md", "html")
    done = run_all(installed.site, [["report", "--format", form] for form in forms] + [["outcomes"]])
    assert {0} == {one.returncode for one in done.values()}
    text = {form: done[f"report --format {form}"].stdout for form in forms}
    assert calls + 1 == len(list(csv.reader(io.StringIO(text["csv"].rstrip("\n")), delimiter=";")))
    assert isinstance(json.loads(text["json"]), dict)
    assert text["html"].lstrip().startswith("<!doctype html>") or "<html" in text["html"][:200]
    assert "Resultado na linha" in text["md"]
    assert "Relatório de cobrança por telefone" in text["table"]
    numbers = [person.number for person in installed.held.people.values()]
    assert [] == [one for one in numbers if any(one in shown.stdout for shown in done.values())]
    assert calls == len(installed.site.json("outcomes"))
    assert [] == installed.site.json("outcomes", "--day", "2020-01-01")
    whole = installed.site.json("outcomes", "--full-numbers")
    assert set(numbers) == {row["number"] for row in whole}


BROKEN = {
    "not YAML": ("instances: [", "is not YAML"),
    "empty": ("", "must hold keys"),
    "two mistakes": ("databse: {}\ninstances: []\n", "is not a known key"),
    "a secret in it": ("database: {user: x, password: hunter2}\n", "secrets do not stand in this file"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_wrong_configuration_is_exit_code_2_and_sentences(own_lab: Lab, name: str) -> None:
    text, words = BROKEN[name]
    file = own_lab.folder / "wrong.yaml"
    file.write_text(text)
    with Site(file, own_lab.folder) as site:
        for arguments in (["check-config"], ["dial"]):
            done = site.run(*arguments, check=False)
            assert (2, "") == (done.returncode, done.stdout)
            assert words in done.stderr
            assert "Traceback" not in done.stderr
            assert "hunter2" not in done.stderr


def test_a_missing_configuration_is_exit_code_2(own_lab: Lab) -> None:
    with Site(own_lab.folder / "none.yaml", own_lab.folder) as site:
        done = site.run("check-config", check=False)
    assert (2, "") == (done.returncode, done.stdout)
    assert "does not exist; copy config/collector.example.yaml there" in done.stderr
