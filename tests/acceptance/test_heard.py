"""What callees hear, recorded at the carrier: the right sounds in order, whole, and no debt before "it is me".

One row for each way through the conversation and each place to leave it, over ARI and over call files.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acceptance import campaign, listening
from tests.lab.heard import Hearing
from tests.lab.lab import Lab
from tests.lab.numbers import Ending, number
from tests.lab.people import PAY_LINE, people, write_csv
from tests.lab.site import Site, wait_until

EARLIEST = {
    "ari": 1.0,
    "callfile": 3.0,
}  # seconds, median to the first word: a loaded machine passes, dead air not
PATIENCE = 6  # seconds for a key: callees press after 1.8 s of silence, and the machine may be loaded
PAD = 0.13  # seconds of silence around each of our sounds, which are played and not heard
FACTS_MISS = 1.5  # seconds by which what we believe to have said may differ from what was heard


@dataclass(frozen=True, slots=True)
class Case:
    """`tenths`: when those who leave or interrupt do so. `story`: what is heard; "~": not whole."""

    ending: Ending
    story: str
    result: str = "none"
    heard: str = "greeting"
    tenths: int = 0
    rings: bool = False  # an agent is rung: a ringing tone is heard, which is no sound of ours


# Most rows: hear everything, press after each question. A cut sound only where somebody leaves or interrupts.
CASES = {
    "says nothing": Case(Ending.HUMAN_LISTENS, "greeting who who goodbye_no_key"),
    "silent": Case(Ending.SILENT_ANSWER, "greeting who who goodbye_no_key"),
    "it is me": Case(Ending.HUMAN_PRESSES_1, "greeting who debt menu goodbye", "confirmed", "all"),
    "again": Case(Ending.HUMAN_REPEATS, "greeting who debt menu debt menu goodbye", "confirmed", "all"),
    "not me": Case(Ending.HUMAN_WRONG_PERSON, "greeting who goodbye_wrong_person", "wrong_person"),
    "never again": Case(Ending.HUMAN_OPTS_OUT, "greeting who goodbye_opt_out", "opt_out"),
    "me, never again": Case(
        Ending.HUMAN_CONFIRMS_THEN_OPTS_OUT, "greeting who debt menu goodbye_opt_out", "opt_out", "all"
    ),
    "wrong key": Case(
        Ending.HUMAN_PRESSES_WRONG_KEY, "greeting who invalid who debt menu goodbye", "confirmed", "all"
    ),
    "how to pay": Case(
        Ending.HUMAN_ASKS_HOW_TO_PAY,
        f"greeting who debt menu pay_line {' '.join(PAY_LINE)} pay_again menu goodbye",
        "confirmed",
        "all",
    ),
    "promises": Case(Ending.HUMAN_PROMISES, "greeting who debt menu promise promised_1 goodbye", "promise", "all"),
    "promises another day": Case(
        Ending.HUMAN_PROMISES_ANOTHER_DAY,
        "greeting who debt menu promise promised_1 promise promised_2 goodbye",
        "promise",
        "all",
    ),
    "has paid": Case(Ending.HUMAN_SAYS_PAID, "greeting who debt menu paid goodbye", "says_paid", "all"),
    "nobody takes it": Case(
        Ending.HUMAN_WANTS_AGENT,
        "greeting who debt menu agent agent_busy menu goodbye",
        "wants_agent",
        "all",
        rings=True,
    ),
    "interrupts who calls": Case(
        Ending.INTERRUPTS_QUESTION, "greeting who~ debt menu goodbye", "confirmed", "all", tenths=12
    ),
    "interrupts the debt": Case(
        Ending.INTERRUPTS_DEBT, "greeting who debt~ goodbye_opt_out", "opt_out", "part", tenths=15
    ),
    "leaves at the greeting": Case(Ending.LEAVES_AT_GREETING, "greeting~", tenths=2),
    "leaves while asked": Case(Ending.LEAVES_AT_QUESTION, "greeting who~", tenths=10),
    "leaves when asked": Case(Ending.LEAVES_UNDECIDED, "greeting who", tenths=1),
    "leaves while asked again": Case(Ending.LEAVES_UNDECIDED, "greeting who who~", tenths=62),
    "leaves at the debt": Case(Ending.LEAVES_AT_DEBT, "greeting who debt~", "confirmed", "part", tenths=15),
    "leaves at the menu": Case(Ending.LEAVES_AT_DEBT, "greeting who debt menu~", "confirmed", "all", tenths=-1),
    "leaves after the menu": Case(
        Ending.LEAVES_AFTER_DEBT, "greeting who debt menu", "confirmed", "all", tenths=1
    ),
    "leaves at the repeat": Case(
        Ending.LEAVES_AT_REPEAT, "greeting who debt menu debt~", "confirmed", "all", tenths=15
    ),
    "leaves as a stranger": Case(
        Ending.LEAVES_AS_STRANGER, "greeting who goodbye_wrong_person~", "wrong_person", tenths=10
    ),
    "leaves opted out": Case(Ending.LEAVES_OPTED_OUT, "greeting who goodbye_opt_out~", "opt_out", tenths=10),
}
ALL = [(path, name) for path in campaign.PATHS for name in CASES]


@dataclass(frozen=True, slots=True)
class Told:
    """What our outcome says, and what was heard."""

    outcome: dict[str, Any]
    hearing: Hearing


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture(scope="module")
def told(lab: Lab) -> Iterator[dict[tuple[str, str], Told]]:
    campaign.configure(lab, conversation={"key_wait_seconds": PATIENCE, "pay": {"say_line": True}})
    with Site(lab.config_file, lab.folder) as site:
        site.run("migrate")
        handler = site.start("handler")
        yield hold(lab, site)
        assert handler.process.poll() is None, "the handler died"
        assert "Traceback" not in handler.log.read_text(encoding="utf-8")


def hold(lab: Lab, site: Site) -> dict[tuple[str, str], Told]:
    """Everybody is called once, on both paths."""
    called: dict[tuple[str, str], str] = {}
    for position, (path, name) in enumerate(campaign.PATHS.items()):
        crowd = people(
            [case.ending for case in CASES.values()], 1 + 1000 * position, today=datetime.now(UTC).date()
        )
        crowd = [
            replace(person, number=telephone(case, position), bills=person.bills[:1])
            for person, case in zip(crowd, CASES.values(), strict=True)
        ]
        write_csv(crowd, lab.folder / f"{name}-clients.csv", lab.folder / f"{name}-bills.csv")
        called |= {(path, case): person.number for case, person in zip(CASES, crowd, strict=True)}
    assert len(called) == len(set(called.values())), "two callees with one number"
    site.run("sync")
    wait_until("a ready handler", lambda: campaign.ready(site), 20, 0.3)
    site.run("dial", "--limit", str(len(CASES)), seconds=150)
    lab.wait_quiet()
    outcomes = {row["number"]: row for row in campaign.rows(lab, "SELECT * FROM asteriskcdrdb.collector_outcome")}
    hearings = listening.heard_by(
        lab,
        {row["attempt_id"]: campaign.PATHS[path] for (path, _), at in called.items() for row in [outcomes[at]]},
    )
    return {key: Told(outcomes[at], hearings[outcomes[at]["attempt_id"]]) for key, at in called.items()}


def telephone(case: Case, position: int) -> str:
    """When he leaves stands in the number; so the paths differ by two tenths."""
    tenths = AT_MENU if case.tenths < 0 else case.tenths
    return number(case.ending, 9000 + tenths + 2 * position)


AT_MENU = 100  # the debt, at this speed, takes seven to nine seconds, and the menu six


@pytest.mark.parametrize(("path", "name"), ALL)
def test_the_right_sounds_are_heard_in_order_and_none_is_cut_but_by_a_key_or_a_hang_up(
    told: dict[tuple[str, str], Told], path: str, name: str
) -> None:
    hearing = told[path, name].hearing
    assert CASES[name].story.split() == hearing.story, hearing
    assert CASES[name].rings == bool(hearing.foreign)


@pytest.mark.parametrize(("path", "name"), ALL)
def test_the_outcome_says_what_was_really_heard(told: dict[tuple[str, str], Told], path: str, name: str) -> None:
    case, (outcome, hearing) = CASES[name], (told[path, name].outcome, told[path, name].hearing)
    assert ("answered", case.result, case.heard) == (
        outcome["line_result"],
        outcome["result"],
        outcome["heard"],
    )
    seconds = sum(prompt.end - prompt.start for prompt in hearing.prompts)
    assert pytest.approx(seconds, abs=FACTS_MISS + PAD * len(hearing.prompts)) == float(outcome["heard_seconds"])


@pytest.mark.parametrize("path", campaign.PATHS)
def test_no_word_of_a_debt_reaches_anybody_before_he_pressed_1(
    told: dict[tuple[str, str], Told], path: str
) -> None:
    for name in CASES:
        outcome, hearing = told[path, name].outcome, told[path, name].hearing
        assert "1" in outcome["keys_pressed"] or "debt" not in "".join(hearing.story), name


@pytest.mark.usefixtures("told")
def test_each_call_has_one_outcome_and_nothing_stays_on_the_line(lab: Lab) -> None:
    (row,) = campaign.rows(
        lab,
        "SELECT COUNT(*) attempts, COUNT(o.attempt_id) outcomes, SUM(o.source = 'handler') told "
        "FROM collector.attempt a LEFT JOIN asteriskcdrdb.collector_outcome o USING (attempt_id)",
    )
    assert (len(ALL), len(ALL), len(ALL)) == (row["attempts"], row["outcomes"], row["told"])
    assert [] == lab.live_channels()
