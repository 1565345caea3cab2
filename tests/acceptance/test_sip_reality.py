"""What SIP is like outside: keys in three ways, calls moved, held, crossed and forked, no sound, robots and faxes.

Whatever happens, each call has one outcome with the right facts, no channel stays, and the handler goes on.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.acceptance import campaign, listening
from tests.lab import callees
from tests.lab.heard import Hearing
from tests.lab.lab import Lab
from tests.lab.lab_settings import instance
from tests.lab.numbers import Ending, number
from tests.lab.people import noon_zone, people, write_csv
from tests.lab.sipp import SippCallee, answers, refuses
from tests.lab.site import Site, wait_until

RING_SECONDS = 5
UNHEARD = "nothing"
GREETED = "greeting"
TOLD = "part all"


@dataclass(frozen=True, slots=True)
class Case:
    """`scenario`: a SIPp of its own; else `ending` at the carrier, over `trunk`. Several words: any of them."""

    line: str
    result: str
    heard: str
    scenario: str = ""
    ending: Ending = Ending.HUMAN_PRESSES_1
    trunk: str = "carrier"
    calls: int = 1
    answerer: str = "human machine not_sure nobody"


CASES = {
    # Keys: RFC 4733 is what the endpoints of a PBX expect unless told otherwise
    "keys-rfc4733": Case("answered", "confirmed", TOLD, trunk="carrier"),
    "keys-info": Case("answered", "confirmed", TOLD, trunk="carrier-info-rfc4733"),  # always understood
    "keys-tones": Case("answered", "none", GREETED, trunk="carrier-tones-rfc4733"),  # not understood by default
    "keys-tones-auto": Case("answered", "confirmed", TOLD, trunk="carrier-tones-auto"),
    "keys-tones-inband": Case("answered", "confirmed", TOLD, trunk="carrier-tones-inband"),
    "keys-info-bare": Case("answered", "confirmed", TOLD, callees.keys_by_info()),
    # What happens to a dialog
    "moves-media": Case("answered", "confirmed", TOLD, callees.moves_media()),
    "holds": Case("answered", "confirmed", TOLD, callees.holds_and_comes_back()),
    # over AGI nobody knows how much of a sound was played when the line goes in the middle of it
    "holds-and-goes": Case("answered", "none", f"{UNHEARD} {GREETED}", callees.holds_and_hangs_up()),
    "progress-bare": Case("answered", "confirmed", TOLD, callees.progress_without_media()),
    "crosses-cancel": Case("no_answer", "none", UNHEARD, callees.answers_when_given_up()),
    "last-moment": Case(
        "answered no_answer",
        "none",
        f"{UNHEARD} {GREETED}",
        callees.answers_at_the_last_moment(RING_SECONDS * 1000),
        calls=4,
    ),
    "forks": Case("answered", "confirmed", TOLD, callees.forks()),
    "gone-at-once": Case("answered", "none", f"{UNHEARD} {GREETED}", answers(hang_up_after_ms=0)),
    # Codecs
    "codec-488": Case("failed", "none", UNHEARD, refuses(488, "Not Acceptable Here"), answerer="nobody"),
    "codec-ulaw": Case("answered", "confirmed", TOLD, callees.speaks_ulaw()),
    "codec-g729": Case("failed", "none", UNHEARD, callees.speaks_what_we_do_not(), answerer="nobody"),
    # Sound, or none
    "one-way": Case("answered", "none", GREETED, ending=Ending.NEVER_HEARD, answerer="not_sure machine"),
    "late-media": Case("answered", "confirmed", TOLD, ending=Ending.HEARD_LATE),
    "screening": Case("answered", "confirmed", TOLD, ending=Ending.CALL_SCREENING),
    # AMD() takes a fax for a person, who hears who calls; over ARI one that answers is known
    "fax-2100": Case("answered", "none", GREETED, ending=Ending.FAX_ANSWERS),
    "fax-1100": Case("answered", "none", GREETED, ending=Ending.FAX_CALLS),
}
FAX_KNOWN = ("ari", "fax-2100")
PATHS = {"ari": "a", "callfile": "c"}
AT_SIPP = [name for name, case in CASES.items() if case.scenario]
ALL = [(path, name) for path in PATHS for name in CASES]
AT_CARRIER = [(path, name) for path, name in ALL if not CASES[name].scenario]


@dataclass(frozen=True, slots=True)
class Met:
    """Outcomes of all calls by (path, case), and what was heard of those the carrier records."""

    outcomes: Mapping[tuple[str, str], list[dict[str, Any]]]
    hearings: Mapping[str, Hearing]
    callees: Mapping[str, dict[str, int]]  # SIPp's figures by case


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with Lab() as running:
        yield running


@pytest.fixture(scope="module")
def met(lab: Lab) -> Iterator[Met]:
    with ExitStack() as stack:
        lab.configure(instances(lab))
        lab.install_dialplan()
        running = {}
        for index, case in enumerate(AT_SIPP):
            port, media = lab.ports.line(index)
            running[case] = stack.enter_context(SippCallee(port, CASES[case].scenario, media_port=media))
        site = stack.enter_context(Site(lab.config_file, lab.folder))
        site.run("migrate")
        handler = site.start("handler")
        outcomes, hearings = hold(lab, site)
        time.sleep(1.1)  # SIPp writes its figures once a second
        yield Met(outcomes, hearings, {case: callee.figures() for case, callee in running.items()})
        assert handler.process.poll() is None, "the handler died"
        assert "Traceback" not in handler.log.read_text(encoding="utf-8")


def instances(lab: Lab) -> list[dict[str, Any]]:
    """One for each case and path, as each has a trunk of its own."""
    made = []
    for path, name in ALL:
        case = CASES[name]
        trunk = f"sipp{AT_SIPP.index(name)}" if case.scenario else case.trunk
        one = instance(f"{name}-{PATHS[path]}", lab.folder, zone=noon_zone(datetime.now(UTC)))
        one["trunk"] = {"endpoint": f"PJSIP/{{number}}@{trunk}"}
        one["voice"] = {"words_per_minute": 230}
        one["conversation"] = {"key_wait_seconds": 4}
        one["company"] = "Fibra Internet"
        one["dialling"] = {
            "origination": path,
            "channels": 10,
            "calls_per_second": 20,
            "ring_seconds": RING_SECONDS,
        }
        made.append(one)
    return made


def hold(lab: Lab, site: Site) -> tuple[dict[tuple[str, str], list[dict[str, Any]]], dict[str, Hearing]]:
    """Everybody is called once: outcomes, and what the carrier's callees heard."""
    called: dict[tuple[str, str], list[str]] = {}
    for position, (path, name) in enumerate(ALL):
        case, file = CASES[name], f"{name}-{PATHS[path]}"
        crowd = [
            replace(person, number=number(case.ending, 9000 + 10 * position + index), bills=person.bills[:1])
            for index, person in enumerate(people([case.ending] * case.calls, today=datetime.now(UTC).date()))
        ]
        write_csv(crowd, lab.folder / f"{file}-clients.csv", lab.folder / f"{file}-bills.csv")
        called[path, name] = [person.number for person in crowd]
    site.run("sync")
    wait_until("a ready handler", lambda: campaign.ready(site), 20, 0.3)
    site.run("dial", "--limit", "10", seconds=200)
    lab.wait_quiet()
    rows = campaign.rows(lab, "SELECT * FROM asteriskcdrdb.collector_outcome")
    outcomes = {key: [row for row in rows if row["number"] in numbers] for key, numbers in called.items()}
    recorded = {
        row["attempt_id"]: row["instance"]
        for key in AT_CARRIER
        for row in outcomes[key]
        if row["line_result"] == "answered"
    }
    return outcomes, listening.heard_by(lab, recorded)


@pytest.mark.parametrize(("path", "name"), ALL)
def test_a_call_has_one_outcome_with_the_right_facts(met: Met, path: str, name: str) -> None:
    case, found = CASES[name], met.outcomes[path, name]
    assert case.calls == len(found)
    for row in found:
        assert row["line_result"] in case.line.split(), row
        assert row["result"] in case.result.split(), row
        assert row["heard"] in case.heard.split(), row
        assert row["answerer"] in case.answerer.split(), row
        assert "handler" == row["source"]
        at_once = case.scenario == answers(hang_up_after_ms=0) or UNHEARD in case.heard
        if row["line_result"] == "answered" and not at_once:
            assert UNHEARD != row["heard"], "somebody answered and was left in silence"


@pytest.mark.parametrize("name", [name for name in AT_SIPP if CASES[name].calls == 1])
def test_the_callee_saw_the_dialog_that_he_played_to_its_end(met: Met, name: str) -> None:
    """For one whose answer crossed our CANCEL: he was confirmed and hung up, not left with a dead line."""
    assert {"calls": len(PATHS), "ok": len(PATHS), "failed": 0, "live": 0} == met.callees[name]


@pytest.mark.parametrize(("path", "name"), AT_CARRIER)
def test_what_is_heard_is_whole_and_no_debt_without_a_key(met: Met, path: str, name: str) -> None:
    for row in met.outcomes[path, name]:
        hearing = met.hearings[row["attempt_id"]]
        if (path, name) == FAX_KNOWN:
            assert (["greeting~"], "machine") == (hearing.story, row["answerer"]), hearing
            continue
        assert hearing.story[:2] == ["greeting", "who"], hearing
        assert all(prompt.whole for prompt in hearing.prompts), hearing
        assert () == hearing.foreign
        assert ("debt" in hearing.story) == row["keys_pressed"].startswith("1")


@pytest.mark.usefixtures("met")
def test_nothing_stays_on_the_line_and_every_attempt_has_ended(lab: Lab) -> None:
    assert [] == lab.live_channels()
    (row,) = campaign.rows(
        lab,
        "SELECT COUNT(*) attempts, COUNT(o.attempt_id) outcomes, SUM(a.state = 'ended') ended "
        "FROM collector.attempt a LEFT JOIN asteriskcdrdb.collector_outcome o USING (attempt_id)",
    )
    calls = sum(CASES[name].calls for _, name in ALL)
    assert (calls, calls, calls) == (row["attempts"], row["outcomes"], row["ended"])
