"""The table of the states' hours: what is shipped, and that one mistake anywhere in it stops all of it."""

import json
import re
from datetime import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from worker import rulesfile
from worker.commands.rules import table
from worker.core.law import StateRule
from worker.core.tables import STATES
from worker.errors import ConfigError
from worker.settings import LEGAL_RULES

SHIPPED = LEGAL_RULES.read_text(encoding="utf-8")
LAW = rulesfile.load(LEGAL_RULES)
SURE, BACKWARD = "confirmed, single_source, house_rule", "the start must be before the end"
LONG, SHORT, MORNING = (time(8), time(20)), (time(8), time(19)), (time(8), time(14))


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        rulesfile.parse(text, name="r.yaml")
    return caught.value.problems


def changed(**changes: Any) -> str:
    """What is shipped, with keys of São Paulo replaced."""
    data = yaml.safe_load(SHIPPED)
    data["states"]["SP"] = data["states"]["SP"] | changes
    return yaml.safe_dump(data, allow_unicode=True)


@pytest.mark.parametrize(
    ("state", "weekday", "saturday", "law", "sure"),
    [
        ("SP", LONG, MORNING, "Lei 15.426/2014", "confirmed"),
        ("RJ", (time(9), time(19)), None, "Lei 7.868/2018", "confirmed"),
        ("ES", SHORT, None, "Lei 10.626/2017", "single_source"),
        ("AM", SHORT, None, "Lei 306/2016", "single_source"),
        ("AL", LONG, MORNING, "Lei 7.782/2016", "confirmed"),
    ],
)
def test_the_known_laws_are_shipped(state: str, weekday: object, saturday: object, law: str, sure: str) -> None:
    rule = LAW.states[state]
    assert ((weekday,) * 5 + (saturday, None), law, sure, True) == (rule.days, rule.law, rule.sure, rule.holidays)
    assert rule.sources


def test_every_other_state_has_a_house_rule_that_says_that_no_law_was_found() -> None:
    others = [LAW.states[state] for state in STATES - {"SP", "RJ", "ES", "AM", "AL"}]
    assert 22 == len(others)
    for rule in others:
        assert ((LONG,) * 5 + (MORNING, None), True) == (rule.days, rule.holidays)
        assert ("", (), "house_rule") == (rule.law, rule.sources, rule.sure)
        assert "which does not mean that there is none" in rule.note


def test_no_state_may_be_called_on_a_sunday_or_a_holiday() -> None:
    assert {(None, True)} == {(rule.days[6], rule.holidays) for rule in LAW.states.values()}


@pytest.mark.parametrize(
    ("told", "text"),
    [
        ("SP: weekdays: 20:00-08:00 is no span: the start must be before", changed(weekdays="20:00-08:00")),
        ("SP: saturday: 08:00-08:00 is no span: the start must be before", changed(saturday="08:00-08:00")),
        ("SP: weekdays: write a span like 08:00-19:00", changed(weekdays="8-20")),
        ("SP: weekdays: 08:00-29:00 is no span: ", changed(weekdays="08:00-29:00")),
        ("SP: sunday: write a span like 08:00-19:00, or null for no calls", changed(sunday=False)),
        ("SP: sunday: write a span like 08:00-19:00, or null for no calls", changed(sunday={"start": "08:00"})),
        ("SP: holidays: write closed or open, not True", changed(holidays=True)),
        ("SP: law: write a text", changed(law=15426)),
        ("SP: note: write a text", changed(note=["x"])),
        ("SP: sources: write a list of web addresses", changed(sources="https://x.org")),
        ("SP: sources: write a list of web addresses", changed(sources=["a book"])),
        ("SP: sure: write one of confirmed, single_source, house_rule, not perhaps", changed(sure="perhaps")),
        ("single_source, house_rule, not ['confirmed']", changed(sure=["confirmed"])),
        ("SP: sure: confirmed needs a law and where it is written", changed(sources=[])),
        ("SP: sure: confirmed needs a law and where it is written", changed(law="")),
        ("SP: sure: where a law is named it is confirmed or single_source", changed(sure="house_rule")),
        ("SP: weekday is not a known key; remove it", changed(weekday="08:00-20:00")),
        ("TO is missing; add it", SHIPPED.replace("  TO: *no_law_found\n", "")),
        ("SP: write a section with weekdays,", re.sub(r"  SP:\n(    .*\n)+", "  SP: free\n", SHIPPED)),
        ("XX is no state of Brazil", SHIPPED + "  XX: *no_law_found\n"),
        ("country is not a known key; remove it", SHIPPED + "country: BR\n"),
        ("states.TO stands here twice; keep one", SHIPPED + "  TO: *no_law_found\n"),
        ("states.RJ.saturday stands here twice", SHIPPED.replace("  RJ:\n", "  RJ:\n    saturday: 08:00-20:00\n")),
        ("r.yaml is not YAML: ", "states: ["),
        ("r.yaml is not YAML: ", "states: *nothing"),
        ("r.yaml is not YAML: ", "day: 2026-13-40"),
        ("r.yaml must hold the key states", ""),
        ("r.yaml must hold the key states", "states:"),
        ("r.yaml must hold the key states", "- SP"),
        ("SP: sure is missing; add it", "states: &all {SP: *all}"),  # endless
    ],
)  # fmt: skip
def test_a_mistake_anywhere_is_told_in_a_sentence_and_nothing_is_believed(told: str, text: str) -> None:
    assert told in "\n".join(problems(text))


@pytest.mark.parametrize("key", ["weekdays", "saturday", "sunday", "holidays", "law", "sources", "sure"])
def test_no_key_of_a_state_may_be_left_out(key: str) -> None:
    data = yaml.safe_load(SHIPPED)
    data["states"]["SP"] = {name: value for name, value in data["states"]["SP"].items() if name != key}
    assert f"SP: {key} is missing; add it" in "\n".join(problems(yaml.safe_dump(data)))


def test_all_mistakes_are_told_at_once_with_their_lines() -> None:
    text = (
        SHIPPED.replace("weekdays: 09:00-19:00", "weekdays: 19:00-09:00")
        .replace("    sure: single_source\n    note", "    sure: maybe\n    note")
        .replace("  TO: *no_law_found\n", "  TU: *no_law_found\n")
    )
    lines = text.splitlines()

    def line(found: str) -> int:
        return next(at for at, one in enumerate(lines, 1) if found in one)

    assert [
        f"r.yaml, line {line('  TU:')}: TU is no state of Brazil",
        f"r.yaml, line {line('states:')}: TO is missing; add it",
        f"r.yaml, line {line('sure: maybe')}: AM: sure: write one of {SURE}, not maybe",
        f"r.yaml, line {line('19:00-09:00')}: RJ: weekdays: 19:00-09:00 is no span: {BACKWARD}",
    ] == problems(text)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_is_missing_or_no_text_says_that_nobody_is_called(
    tmp_path: Path, content: bytes | None
) -> None:
    file = tmp_path / "rules.yaml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(
        ConfigError, match=r"rules\.yaml, legal_rules, cannot be read: .*; without it nobody is called"
    ):
        rulesfile.load(file)


def test_a_state_may_be_closed_altogether_and_may_ignore_holidays() -> None:
    found = rulesfile.parse(changed(weekdays=None, saturday=None, holidays="open")).states["SP"]
    assert ((None,) * 7, False) == (found.days, found.holidays)


def test_the_table_shows_each_state_with_its_hours_law_source_and_how_sure_it_is() -> None:
    shown = table([LAW.states["RJ"], LAW.states["AC"]], as_json=False)
    for word in ("09:00-19:00", "no calls", "closed", "Lei 7.868/2018", "confirmed", "https://efic.com.br/?p=368"):
        assert word in shown
    assert "none found" in shown
    address = LAW.states["RJ"].sources[1]  # longer than its column
    told = "".join(line.split("│")[-2].strip() for line in shown.splitlines() if "│" in line)
    assert address in told


def test_the_table_for_programs_holds_all_of_a_rule() -> None:
    rule = StateRule("RJ", ((time(9), time(19)),) * 5 + (None, None), "Lei 1", ("https://a",), "single_source")
    assert [
        {
            "state": "RJ",
            "weekdays": "09:00-19:00",
            "saturday": None,
            "sunday": None,
            "holidays": "closed",
            "law": "Lei 1",
            "sources": ["https://a"],
            "sure": "single_source",
            "note": "",
        }
    ] == json.loads(table([rule], as_json=True))
