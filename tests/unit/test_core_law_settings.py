"""From the settings to the hours: cities, test numbers, and a table of laws that cannot be read."""

from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.unit.test_configfile import ENV, GOOD
from tests.unit.test_core_law import CARIOCA, LAW, PAULISTA, USUAL, at
from tests.unit.test_core_policy import waiting
from tests.unit.world import Line, dial_plan
from worker import cli, configfile, convert, doctor
from worker.app import App
from worker.commands.base import app
from worker.core import law, policy
from worker.core.enums import PhoneKind
from worker.core.law import Hours, Law, Place
from worker.core.model import LedgerRow, LedgerRules, NotNow, Phone
from worker.core.policy import CallRules
from worker.errors import ConfigError
from worker.jobs import dial
from worker.settings import Instance, Settings

SUNDAY = at("2026-11-22 10:00")
TEST, OTHER = Phone(PAULISTA, PhoneKind.MOBILE), Phone(CARIOCA, PhoneKind.MOBILE)
RULES = CallRules(
    Hours(USUAL, LAW, {"campinas": frozenset({SUNDAY.date()})}), LedgerRules(), frozenset({PAULISTA})
)


def settings(more: str = "", legal: str = "") -> Settings:
    """The smallest file; `more` goes into its instance."""
    text = GOOD.replace("company: Fibra Serra", f"company: Fibra Serra\n    {more}") + legal
    return configfile.parse(text, ENV)


def instance(more: str = "") -> Instance:
    return settings(more).instances[0]


@pytest.mark.parametrize(
    ("holidays_of", "optional", "more"),
    [
        ((), False, ""),
        (("SP",), False, "rules: {window: {state: SP}}"),
        (None, False, "rules: {window: {state: SP, holidays: false}}"),
        ((), True, "rules: {window: {optional_days: true}}"),
        (None, True, "rules: {window: {optional_days: true, holidays: false}}"),
    ],
)
def test_holidays_are_those_that_the_settings_name(
    holidays_of: tuple[str, ...] | None, optional: bool, more: str
) -> None:
    window = convert.call_window(instance(more))
    assert (holidays_of, optional) == (window.holidays_of, window.optional)


def test_an_instance_cannot_undo_a_law_that_forbids_holidays() -> None:
    rules = convert.call_rules(instance("rules: {window: {weekdays: 00:00-24:00, holidays: false}}"), LAW)
    found = law.verdicts(rules.hours, Place(PAULISTA), at("2026-12-25 10:00"))
    assert {"state_law"} == {one.rule for one in found if not one.allowed}


def test_spellings_of_one_city_have_their_days_together() -> None:
    cities = "{Niterói: [2026-11-22], NITEROI/RJ: [2026-06-24], Campinas: [2026-12-08]}"
    rules = convert.call_rules(instance(f"rules: {{window: {{cities: {cities}}}}}"), LAW)
    days = frozenset({date(2026, 11, 22), date(2026, 6, 24)})
    assert {"niteroi": days, "campinas": frozenset({date(2026, 12, 8)})} == rules.hours.cities


def test_a_city_without_a_name_is_refused() -> None:
    with pytest.raises(ConfigError, match="write the name of a city"):
        instance('rules: {window: {cities: {"-": [2026-12-08]}}}')


@pytest.mark.parametrize("debug", [True, False])
def test_test_numbers_count_only_when_debugging(debug: bool) -> None:
    one = instance('dialling: {test_numbers: ["+5511987654321"]}')
    expected = frozenset({"+5511987654321"}) if debug else frozenset()
    assert expected == convert.call_rules(one, LAW, debug=debug).test_numbers
    with App(settings('dialling: {test_numbers: ["+5511987654321"]}'), debug=debug) as running:
        assert expected == running.call_rules(running.settings.instances[0]).test_numbers


def test_outside_the_window_only_a_test_number_may_be_called() -> None:
    assert (TEST, SUNDAY.date()) == policy.choose(waiting(OTHER, TEST), rules=RULES, now=SUNDAY)
    refused = policy.choose(waiting(OTHER), rules=RULES, now=SUNDAY)
    assert NotNow("outside the window", at("2026-11-23 09:00")) == refused
    without = replace(RULES, test_numbers=frozenset())
    assert isinstance(policy.choose(waiting(TEST), rules=without, now=SUNDAY), NotNow)


def test_every_other_rule_holds_for_a_test_number_and_its_time_is_not_moved_into_the_window() -> None:
    tried = LedgerRow(PAULISTA, SUNDAY.date(), 1, at("2026-11-22 09:00"))
    refused = policy.choose(waiting(TEST, ledger={PAULISTA: tried}), rules=RULES, now=SUNDAY)
    assert NotNow("the number was tried too recently", at("2026-11-22 13:00")) == refused


def test_a_test_number_is_told_what_it_passes_over() -> None:
    verdicts = {one.rule: one for one in policy.judge(waiting(TEST), TEST, rules=RULES, now=SUNDAY)}
    for rule in law.WINDOW_RULES:
        assert verdicts[rule].allowed
        assert verdicts[rule].detail.endswith("; a test number, called at any hour")


def test_a_closed_window_stops_the_step_unless_there_are_test_numbers() -> None:
    plan = replace(dial_plan(), rules=replace(RULES, test_numbers=frozenset()))
    assert "Sunday is no day for calls" == dial.why_not(plan, Line(), SUNDAY)
    assert "" == dial.why_not(replace(plan, rules=RULES), Line(), SUNDAY)


@pytest.mark.parametrize(
    ("state", "more"),
    [
        ("SP", ""),  # of the caller id
        ("RJ", 'default_ddd: "21"'),
        ("BA", 'default_ddd: "21"\n    rules: {window: {state: BA}}'),
    ],
)
def test_the_state_of_an_instance_is_what_its_settings_tell_first(state: str, more: str) -> None:
    assert state == convert.own_state(instance(more))


def test_an_instance_that_calls_from_a_number_without_area_has_no_state() -> None:
    assert "" == convert.own_state(instance().model_copy(update={"caller_id": "+558001234567"}))


@pytest.mark.parametrize(
    ("expected", "state", "now"),
    [
        ("calls to RJ may be made 09:00-19:00 today (RJ: Lei 7.868/2018)", "RJ", "2026-11-19 10:00"),
        (
            "calls to RJ may not be made now: Saturday is no day for calls (RJ: Lei 7.868/2018)",
            "RJ",
            "2026-11-21 10:00",
        ),
        (
            "calls to AC may be made 08:00-14:00 today (AC: house rule, no law was found)",
            "AC",
            "2026-11-21 15:00",  # 13:00 there
        ),
    ],
)
def test_what_the_law_of_a_state_says_now_is_one_sentence(expected: str, state: str, now: str) -> None:
    assert expected == law.today(LAW, state, at(now))


def test_of_a_state_without_a_rule_the_sentence_says_so() -> None:
    assert "calls to SP may not be made: there is no rule for it" == law.today(Law(), "SP", SUNDAY)


def of_doctor(now: datetime, legal: str = "", more: str = "") -> doctor.Finding:
    with App(settings(more, legal)) as running:
        return doctor._window(running, running.settings.instances[0], now)


def test_doctor_says_until_when_the_law_lets_the_instances_own_state_be_called() -> None:
    found = of_doctor(at("2026-11-19 10:00"))
    assert (True, "open now; calls to SP may be made 08:00-20:00 today (SP: Lei 15.426/2014)") == (
        found.ok,
        found.detail,
    )
    closed = of_doctor(at("2026-11-19 19:30"))
    assert None is closed.ok
    assert "calls are made from 08:00 to 19:00; calls to SP may be made 08:00-20:00 today" in closed.detail
    rio = of_doctor(at("2026-11-21 10:00"), more='default_ddd: "21"')
    assert rio.detail.startswith("open now; calls to RJ may not be made now: Saturday is no day for calls")


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration that names a table of laws with one mistake."""
    legal = tmp_path / "rules.yaml"
    legal.write_text("states: {}\n", encoding="utf-8")
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    file = tmp_path / "collector.yaml"
    file.write_text(f"{GOOD}legal_rules: {legal}\n", encoding="utf-8")
    return file


def test_doctor_says_that_nobody_is_called_when_the_table_of_laws_cannot_be_read(broken: Path) -> None:
    found = of_doctor(at("2026-11-19 10:00"), f"legal_rules: {broken.parent / 'rules.yaml'}\n")
    assert False is found.ok
    assert found.detail.startswith("nobody is called: ")
    assert "AC is missing; add it" in found.detail


@pytest.mark.parametrize(
    "command",
    [
        ["check-config"],
        ["rules"],
        ["dial"],
        ["dial", "--once"],
        ["dial", "--dry-run"],
        ["run", "dialer"],
        ["service"],
        ["queue", "--explain", "+5511987654321"],
    ],
)
def test_with_a_mistake_in_the_table_of_laws_nothing_that_dials_or_judges_begins(
    broken: Path, command: list[str]
) -> None:
    """Told before anything is connected to: no database or PBX is there."""
    assert cli.COMMANDS
    result = CliRunner().invoke(app, ["--config", str(broken), *command])
    assert isinstance(result.exception, ConfigError)
    assert 27 == len(result.exception.problems)
    assert result.exception.problems[0].endswith("rules.yaml, line 1: AC is missing; add it")


def test_rules_prints_one_state_or_all(broken: Path) -> None:
    broken.write_text(GOOD, encoding="utf-8")
    one = CliRunner().invoke(app, ["--config", str(broken), "rules", "--state", "rj"])
    assert "Lei 7.868/2018" in one.output
    assert "Lei 15.426/2014" not in one.output
    every = CliRunner().invoke(app, ["--config", str(broken), "rules", "--json"])
    assert 27 == every.output.count('"state": ')
    wrong = CliRunner().invoke(app, ["--config", str(broken), "rules", "--state", "XX"])
    assert str(wrong.exception).startswith("XX is no state; there are: AC, AL, AM,")


def test_debugging_without_test_numbers_is_refused(broken: Path) -> None:
    broken.write_text(GOOD, encoding="utf-8")
    result = CliRunner().invoke(app, ["--config", str(broken), "dial", "--debug"])
    assert str(result.exception).startswith("--debug calls dialling.test_numbers, which is empty")
