"""Every way a call can end, over ARI and over call files: one outcome each, four right facts, its CDR row."""

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

import pytest

from tests.acceptance import campaign
from tests.acceptance.campaign import Campaign
from tests.lab.lab import Lab
from tests.lab.numbers import Ending
from tests.lab.site import Site
from worker.core.tables import zone_of

# ending: line result, answerers it may be taken for, heard, result
EXPECTED: dict[Ending, tuple[str, set[str], set[str], str]] = {
    Ending.HUMAN_LISTENS: ("answered", {"human", "not_sure"}, {"greeting"}, "none"),
    Ending.HUMAN_PRESSES_1: ("answered", {"human"}, {"all"}, "confirmed"),
    Ending.HUMAN_REPEATS: ("answered", {"human"}, {"all"}, "confirmed"),
    Ending.HUMAN_WRONG_PERSON: ("answered", {"human"}, {"greeting"}, "wrong_person"),
    Ending.HUMAN_OPTS_OUT: ("answered", {"human"}, {"greeting"}, "opt_out"),
    Ending.HUMAN_CONFIRMS_THEN_OPTS_OUT: ("answered", {"human"}, {"part", "all"}, "opt_out"),
    # hung up before AMD had decided or while we spoke
    Ending.HUMAN_HANGS_UP_MID_WORD: ("answered", {"human", "not_sure"}, {"greeting"}, "none"),
    Ending.HUMAN_HANGS_UP_AT_ONCE: ("answered", {"human", "not_sure"}, {"nothing", "greeting"}, "none"),
    Ending.MACHINE_WITH_BEEP: ("answered", {"machine"}, {"greeting"}, "none"),
    Ending.SILENT_ANSWER: ("answered", {"not_sure"}, {"greeting"}, "none"),  # INITIALSILENCE proves nothing
    Ending.HUMAN_PRESSES_WRONG_KEY: ("answered", {"human"}, {"all"}, "confirmed"),
    Ending.HUMAN_ASKS_HOW_TO_PAY: ("answered", {"human"}, {"all"}, "confirmed"),
    Ending.HUMAN_PROMISES: ("answered", {"human"}, {"all"}, "promise"),
    Ending.HUMAN_PROMISES_ANOTHER_DAY: ("answered", {"human"}, {"all"}, "promise"),
    Ending.HUMAN_SAYS_PAID: ("answered", {"human"}, {"all"}, "says_paid"),
    Ending.HUMAN_WANTS_AGENT: (
        "answered",
        {"human"},
        {"all"},
        "wants_agent",
    ),  # nobody picks up: in the menu again
    Ending.HUMAN_SPEAKS_TO_AGENT: ("answered", {"human"}, {"all"}, "transferred"),
    Ending.HUMAN_GIVES_UP_WAITING: ("answered", {"human"}, {"all"}, "wants_agent"),
    Ending.HUMAN_HANGS_UP_IN_DEBT: ("answered", {"human"}, {"part", "all"}, "confirmed"),
    Ending.BUSY: ("busy", {"nobody"}, {"nothing"}, "none"),
    Ending.NO_ANSWER: ("no_answer", {"nobody"}, {"nothing"}, "none"),
    Ending.INVALID: ("invalid_number", {"nobody"}, {"nothing"}, "none"),
    Ending.REJECTED: ("rejected", {"nobody"}, {"nothing"}, "none"),
    Ending.CONGESTION: ("congestion", {"nobody"}, {"nothing"}, "none"),
    Ending.UNREACHABLE: ("unreachable", {"nobody"}, {"nothing"}, "none"),
    Ending.ANNOUNCEMENT_THEN_404: ("invalid_number", {"nobody"}, {"nothing"}, "none"),
}
# what Asterisk's own disposition says: why it cannot be used
DISPOSITION = {
    Ending.BUSY: "BUSY",
    Ending.NO_ANSWER: "FAILED",
    Ending.INVALID: "NO ANSWER",
    Ending.REJECTED: "NO ANSWER",
    Ending.HUMAN_PRESSES_1: "ANSWERED",
}
CASES = [(path, ending) for path in campaign.PATHS for ending in EXPECTED]


@pytest.fixture(scope="module")
def held(lab: Lab) -> Iterator[Campaign]:
    campaign.configure(lab)
    with Site(lab.config_file, lab.folder) as site:
        site.run("migrate")
        site.start("handler")
        yield campaign.hold(lab, site, list(EXPECTED))


@pytest.mark.parametrize(("path", "ending"), CASES)
def test_an_ending_becomes_its_outcome(held: Campaign, path: str, ending: Ending) -> None:
    line, answerers, heard, result = EXPECTED[ending]
    row = held.outcomes[path, ending]
    assert line == row["line_result"]
    assert row["answerer"] in answerers
    assert row["heard"] in heard
    assert result == row["result"]
    assert "handler" == row["source"]


@pytest.mark.parametrize(("path", "ending"), CASES)
def test_an_outcome_finds_the_cdr_row_of_the_very_same_call(held: Campaign, path: str, ending: Ending) -> None:
    row = held.outcomes[path, ending]
    cdr = held.cdr[row["attempt_id"]]
    assert 1 == row["cdr_found"]
    assert row["uniqueid"] == cdr["uniqueid"]
    assert campaign.PATHS[path] == cdr["accountcode"]
    assert held.people[path, ending].number in cdr["userfield"]


@pytest.mark.parametrize(("path", "ending"), [(path, ending) for path in campaign.PATHS for ending in DISPOSITION])
def test_the_cdr_disposition_alone_would_have_lied(held: Campaign, path: str, ending: Ending) -> None:
    assert DISPOSITION[ending] == held.cdr[held.outcomes[path, ending]["attempt_id"]]["disposition"]


@pytest.mark.usefixtures("held")
def test_every_attempt_has_exactly_one_outcome(lab: Lab) -> None:
    (row,) = campaign.rows(
        lab,
        "SELECT COUNT(*) attempts, COUNT(o.attempt_id) outcomes, SUM(a.state = 'ended') ended "
        "FROM collector.attempt a LEFT JOIN asteriskcdrdb.collector_outcome o USING (attempt_id)",
    )
    assert (len(CASES), len(CASES), len(CASES)) == (row["attempts"], row["outcomes"], row["ended"])


@pytest.mark.parametrize("path", campaign.PATHS)
def test_keys_are_recorded_and_act(held: Campaign, lab: Lab, path: str) -> None:
    assert "1" == held.outcomes[path, Ending.HUMAN_PRESSES_1]["keys_pressed"]
    assert "19" == held.outcomes[path, Ending.HUMAN_CONFIRMS_THEN_OPTS_OUT]["keys_pressed"]
    numbers = {row["number"]: row["reason"] for row in campaign.rows(lab, "SELECT * FROM collector.number_block")}
    assert "opt_out" == numbers[held.people[path, Ending.HUMAN_OPTS_OUT].number]
    assert "wrong_person" == numbers[held.people[path, Ending.HUMAN_WRONG_PERSON].number]
    assert "invalid_number" == numbers[held.people[path, Ending.INVALID].number]


@pytest.mark.parametrize(("ending", "days"), [(Ending.HUMAN_PROMISES, 1), (Ending.HUMAN_PROMISES_ANOTHER_DAY, 3)])
@pytest.mark.parametrize("path", campaign.PATHS)
def test_a_promised_day_is_stored_and_its_debtor_left_alone_until_it_is_over(
    held: Campaign, lab: Lab, path: str, ending: Ending, days: int
) -> None:
    row, person = held.outcomes[path, ending], held.people[path, ending]
    day = row["ended_at"].replace(tzinfo=UTC).astimezone(zone_of(person.number)).date() + timedelta(days=days)
    assert day == row["promise_day"]
    (entry,) = campaign.rows(
        lab, f"SELECT * FROM collector.queue_entry WHERE client_id = {person.client_id} AND state = 'waiting'"
    )
    until = datetime.combine(day + timedelta(days=1), time(), zone_of(person.number))
    assert until.astimezone(UTC).replace(tzinfo=None) <= entry["next_attempt_at"]


@pytest.mark.parametrize("path", campaign.PATHS)
def test_the_agent_sees_who_it_is_and_what_he_owes(held: Campaign, lab: Lab, path: str) -> None:
    person = held.people[path, Ending.HUMAN_SPEAKS_TO_AGENT]
    total = sum(amount for _, amount in person.bills)
    seen = [line for line in lab.pbx.logfile.read_text(errors="replace").splitlines() if "AGENT sees" in line]
    name = unicodedata.normalize("NFKD", person.name).encode("ascii", "ignore").decode()
    (line,) = [one for one in seen if person.number in one]
    told = f"{name} {person.client_id} {person.number} and {person.number} {person.client_id} {total} {name}"
    assert line.endswith(f"AGENT sees {told}")


@pytest.mark.parametrize("path", campaign.PATHS)
def test_a_callee_whom_no_agent_took_talked_for_as_long_as_he_did(held: Campaign, path: str) -> None:
    row = held.outcomes[path, Ending.HUMAN_WANTS_AGENT]
    assert "10" == row["keys_pressed"]
    assert row["talk_seconds"] >= float(row["heard_seconds"]) + 5  # greeting and debt, the ringing, the menu again
    assert 0 < row["ring_seconds"] < 10


@pytest.mark.usefixtures("held")
def test_nothing_stays_on_the_line(lab: Lab) -> None:
    lab.wait_quiet()
