"""The judge of the chaos run finds what it is there to find: each fault planted once."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from tests.chaos import crowd, tally
from tests.chaos.carrier_log import Ring, most_at_once, read

AT = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
ANA, BIA, CAIO = "+5511961010001", "+5511961010002", "+5511961010003"
FIBRA = "+551133330000"
LOG = """\
[2026-03-02 15:00:00.000] NOTICE[7][C-1]: Ext. 11961010001:1 @ from-pbx: RINGS 11961010001 for 551133330000
[2026-03-02 15:00:01.500] NOTICE[8][C-2]: Ext. 11961010002:1 @ from-pbx: RINGS 11961010002 for +551133330000
[2026-03-02 15:00:02.000] WARNING[9]: res_pjsip.c: GONE astray
[2026-03-02 15:00:03.000] NOTICE[7][C-1]: Ext. s:1 @ gone: GONE 11961010001 for 551133330000
"""


def ring(number: str, minutes: float, caller: str = FIBRA) -> Ring:
    at = AT + timedelta(minutes=minutes)
    return Ring(number, caller, at, at + timedelta(minutes=1))


def attempt(number: str, debtor: str, state: str = "ended") -> dict[str, str]:
    return {"number": number, "debtor": debtor, "state": state}


SOUND = ([ring(ANA, 0), ring(BIA, 0.5)], [attempt(ANA, "d:1"), attempt(BIA, "d:2")])
FOUR = [0, 300, 600, 900]

# what was rung, the attempts, and the one thing (or the things) wrong with it
CASES = [
    (
        [ring(ANA, 0), ring(ANA, 239)],
        [attempt(ANA, "d:1")] * 2,
        {"numbers inside the gap", "debtors inside the gap"},
    ),
    ([ring(ANA, 0), ring(BIA, 239)], [attempt(ANA, "d:1"), attempt(BIA, "d:1")], {"debtors inside the gap"}),
    ([ring(ANA, 0), ring(ANA, 240)], [attempt(ANA, "d:1")] * 2, set()),
    (
        [ring(ANA, minute) for minute in FOUR],
        [attempt(ANA, "d:1")] * 4,
        {"numbers over the cap", "debtors over the cap"},
    ),
    (
        [ring((ANA, BIA)[index % 2], minute) for index, minute in enumerate(FOUR)],
        [attempt(ANA, "d:1"), attempt(BIA, "d:1")] * 2,
        {"debtors over the cap"},
    ),
    ([ring(ANA, 0)], [], {"INVITEs without an attempt"}),
    ([ring(ANA, 0)], [attempt(ANA, "d:1", "withdrawn")], {"INVITEs without an attempt"}),
    ([ring(CAIO, 0)], [attempt(CAIO, "d:3")], {"numbers rung that nobody may call"}),
    (
        [ring(ANA, 0), ring(BIA, 0.1), ring("+5511961010004", 0.2)],
        [attempt(ANA, "d:1"), attempt(BIA, "d:2"), attempt("+5511961010004", "d:4")],
        {"callers with more calls at once than channels"},
    ),
]


def wrong(rings: Sequence[Ring], attempts: Sequence[dict[str, str]]) -> set[str]:
    return {name for name, found in tally.rung(rings, attempts, {CAIO}, {FIBRA: 2}).items() if found}


def test_a_sound_run_has_no_fault() -> None:
    assert set() == wrong(*SOUND)


@pytest.mark.parametrize(("rings", "attempts", "expected"), CASES)
def test_each_fault_on_the_line_is_found(
    rings: list[Ring], attempts: list[dict[str, str]], expected: set[str]
) -> None:
    assert expected == wrong(rings, attempts)


def test_the_log_of_the_carrier_is_read_with_the_ends_of_its_calls() -> None:
    second = timedelta(seconds=1)
    expected = [Ring(ANA, FIBRA, AT, AT + 3 * second), Ring(BIA, FIBRA, AT + 1.5 * second, None)]
    assert expected == read(LOG)


def test_calls_of_which_one_ends_as_the_other_begins_are_not_up_together() -> None:
    minute = timedelta(minutes=1)
    rings = [Ring(ANA, FIBRA, AT, AT + minute), Ring(BIA, FIBRA, AT + minute, None)]
    assert 1 == most_at_once(rings, timedelta(0))
    assert 2 == most_at_once([rings[0], Ring(BIA, FIBRA, AT + minute / 2, None)], timedelta(0))
    assert 1 == most_at_once([rings[0], Ring(BIA, FIBRA, AT + minute / 2, None)], minute)


def test_every_question_to_the_tables_counts_as_a_fault_when_it_finds_something() -> None:
    def ask(sql: str) -> list[dict[str, Any]]:
        if sql in tally.SQL.values():
            return [{"who": ANA}]
        return [{"n": 0}] if "COUNT(*) n" in sql else []

    found = tally.judge(ask, [], (), {})
    assert dict.fromkeys(tally.SQL, 1) == {name: times for name, times in found.faults.items() if times}
    assert not found.sound
    assert any(ANA in line for line in found.lines())


def test_the_crowd_shares_telephones_and_debtors_between_providers() -> None:
    who = crowd.invent(200, Random(1), AT.date())
    owners: dict[str, set[str]] = {}
    for one in who.debtors:
        for number in one.numbers:
            owners.setdefault(number, set()).add(one.document)
    assert any(len(people) > 1 for people in owners.values())  # a family's telephone
    known = [(one.document, one.instance) for one in who.debtors]
    assert len(known) > len({document for document, _ in known})  # one person, two providers
    assert who == crowd.invent(200, Random(1), AT.date())
    assert who.listed <= set(owners)
