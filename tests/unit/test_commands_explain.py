"""What explain, plan and the dry run print, and what they make of the settings."""

import json
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from tests.unit.test_configfile import ENV, GOOD
from tests.unit.test_jobs_explain import DEAF, ask, known, one_debtor
from tests.unit.world import NOON, ZONE, Clock, Line, Source, bill, client, dial_plan
from worker import configfile
from worker.commands import dry_run, plan, show_explain
from worker.commands.dry_run import HELD, NO_ROOM, SAME_NUMBER, Told, WouldDial
from worker.commands.explain import when_of
from worker.commands.room import Room, room, shares
from worker.core.forecast import Capacity
from worker.core.model import NotNow
from worker.core.replay import NOT_KNOWN
from worker.core.route import Route
from worker.core.verdict import Verdict
from worker.jobs import dial
from worker.jobs.explain import When
from worker.jobs.plan import HourFigures, Plan
from worker.settings import Settings

NUMBER = "+5511961000001"
SHORTLY = timedelta(seconds=30)


@pytest.mark.parametrize(
    ("away", "expected"),
    [
        (timedelta(0), When.NOW),
        (SHORTLY, When.NOW),
        (-SHORTLY, When.NOW),
        (-timedelta(minutes=2), When.PAST),
        (timedelta(minutes=2), When.FUTURE),
    ],
)
def test_a_time_within_a_minute_is_now(away: timedelta, expected: When) -> None:
    assert expected is when_of(NOON + away, NOON)


# --- explain -----------------------------------------------------------------------------------------


def test_the_text_ends_each_debtor_with_the_answer_and_shows_no_whole_number() -> None:
    text = show_explain.explained(ask(one_debtor(Clock()), NUMBER), ZONE, json_wanted=False)
    assert "+5511*******01 at 18/11 12:00:00\n" in text
    assert "fibra, client 1: may be called" in text
    assert "=> would be called now, on +5511*******01" in text
    assert NUMBER[3:] not in text
    assert NOT_KNOWN not in text


def test_a_replay_says_what_is_not_known_of_that_time() -> None:
    found = ask(one_debtor(Clock()), "1", NOON - timedelta(days=1), When.PAST)
    text = show_explain.explained(found, ZONE, json_wanted=False)
    assert text.startswith("client 1 at 17/11 12:00:00, as it was then")
    assert text.endswith(NOT_KNOWN)
    assert NOT_KNOWN == json.loads(show_explain.explained(found, ZONE, json_wanted=True))["not_known"]


def test_the_document_holds_rules_debtors_and_who_is_absent() -> None:
    source = Source([client(1), client(2)], [bill(1), bill(2, overdue=3)])
    store = known(source, Clock())
    document: dict[str, Any] = json.loads(
        show_explain.explained(ask(store, "1", NOON, When.NOW, DEAF), ZONE, json_wanted=True)
    )
    (case,), (debtor,) = document["cases"], document["debtors"]
    assert (NUMBER, True) == (case["number"], case["allowed"])
    assert ["brake", "handler"] == [rule["rule"] for rule in debtor["obstacles"]]
    assert debtor["answer"].startswith("not called now because of handler")
    absent = json.loads(show_explain.explained(ask(store, "2"), ZONE, json_wanted=True))
    assert ["2"] == [one["client"] for one in absent["absent"]]
    text = show_explain.explained(ask(store, "2"), ZONE, json_wanted=False)
    assert "fibra, client 2 is not in the queue: no overdue bill in the span" in text


# --- the dry run -------------------------------------------------------------------------------------


def choices(*clients: tuple[int, str]) -> list[tuple[Any, dry_run.Choice]]:
    """Of a client and his number; without a number he may not be called."""
    people = [client(index, number or NUMBER) for index, number in clients]
    store = known(Source(people, [bill(index, overdue=100 - index) for index, _ in clients]), Clock())
    waiting = {one.entry.client_id: one for one in store.queue.waiting("fibra", NOON, 99)}
    no = NotNow("outside the window", NOON)
    chosen = {
        str(index): (waiting[str(index)].phones[0], NOON.date()) if number else no for index, number in clients
    }
    return [(waiting[key], choice) for key, choice in chosen.items()]


def said(found: tuple[Told, ...]) -> list[str]:
    return [one.dial for one in found]


def test_each_debtor_is_told_apart() -> None:
    found = dry_run.told(
        choices(
            (1, "+5511961000011"), (2, ""), (3, "+5511961000011"), (4, "+5511961000014"), (5, "+5511961000015")
        ),
        2,
        set(),
        held=False,
    )
    assert ["yes", "no: outside the window", SAME_NUMBER, "yes", NO_ROOM] == said(found)
    assert ("", NOON) == (found[1].number, found[1].until)


def test_when_nobody_may_be_dialled_all_wait() -> None:
    assert [HELD] == said(dry_run.told(choices((1, NUMBER)), 9, set(), held=True))


def test_room_is_what_the_instance_and_the_trunk_leave() -> None:
    clock = Clock()
    store = known(Source([client(n) for n in range(5)], [bill(n) for n in range(5)]), clock)
    on_trunk = replace(dial_plan(), route=lambda: Route("local/t", channels=4))
    assert 3 == dial.step(on_trunk, store, Line(), clock, 3).placed
    later = NOON + SHORTLY
    left = room(on_trunk, store, later)
    assert (1, 7) == (left.free, left.left)
    assert "3 of 10 channels in use; trunk local/t may carry 4 calls of ours now, 3 are up" == str(left)
    alone = room(replace(dial_plan(channels=3), route=lambda: Route("local/other")), store, later)
    assert (0, "3 of 3 channels in use; trunk local/other has no limit") == (alone.free, str(alone))
    neighbour = replace(on_trunk, instance="norte")
    assert (1, 10) == (room(neighbour, store, later).free, room(neighbour, store, later).left)
    full = room(replace(neighbour, route=lambda: Route("local/t", channels=2)), store, later)
    assert 0 == full.free
    few = room(replace(on_trunk, wanted=lambda _: 5), store, later)
    assert (2, 1) == (few.left, few.free)
    assert "3 of 10 channels in use, 5 are wanted for the conversations aimed at; " in str(few)


TRUNK = Route("local/t", channels=8)


@pytest.mark.parametrize(
    ("rooms", "more", "expected"),
    [
        # who has fewer calls up comes first, until both have as many
        ({"a": Room(10, 10, 4, TRUNK, 4), "b": Room(10, 10, 0, TRUNK, 4)}, (9, 9), (0, 4)),
        ({"a": Room(10, 10, 0, TRUNK, 0), "b": Room(10, 10, 0, TRUNK, 0)}, (9, 9), (4, 4)),
        # what one does not want goes to the other, up to its own channels
        ({"a": Room(10, 10, 0, TRUNK, 0), "b": Room(6, 6, 0, TRUNK, 0)}, (1, 9), (1, 6)),
        # another trunk, or none with a limit, is nobody's business
        ({"a": Room(10, 10, 4, TRUNK, 4), "b": Room(10, 10, 4, Route("local/u"), 9)}, (9, 5), (4, 5)),
        # more are up than it carries now: others have taken it
        ({"a": Room(10, 10, 0, TRUNK, 9), "b": Room(10, 10, 9, TRUNK, 9)}, (9, 9), (0, 0)),
    ],
)
def test_a_trunk_that_is_shared_is_divided_as_the_dialler_does(
    rooms: dict[str, Room], more: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert dict(zip("ab", expected, strict=True)) == shares(rooms, dict(zip("ab", more, strict=True)))


def test_a_number_of_two_instances_is_rung_by_the_first() -> None:
    numbers: set[str] = set()
    both = [said(dry_run.told(choices((1, NUMBER)), 9, numbers, held=False)) for _ in range(2)]
    assert [["yes"], [SAME_NUMBER]] == both


def test_the_dry_run_shows_all_obstacles_and_that_the_erp_is_not_asked() -> None:
    against = (DEAF, Verdict("brake", True, "no brake holds", None), Verdict("window", False, "Sunday", None))
    one = WouldDial("fibra", ZONE, against, "0 of 3 channels in use", True, (Told("1", NUMBER, HELD),))
    text = dry_run.shown([one], json_wanted=False)
    assert "nobody now: handler: no handler has been seen yet\nnobody now: window: Sunday\n" in text
    assert "the dialler asks the ERP before each call, a dry run does not" in text
    assert NUMBER[3:] not in text
    rows = json.loads(dry_run.shown([one], json_wanted=True))
    assert ["", "", "1"] == [row["client"] for row in rows]
    assert [NUMBER] == [row["number"] for row in rows if row["number"]]


# --- the plan ----------------------------------------------------------------------------------------

PLAN = Plan(
    "fibra",
    date(2026, 11, 19),
    0,
    Capacity(10, 5.0),
    debtors=41,
    called=40,
    reached=9,
    calls=97,
    hours=(HourFigures("08:00", 40, 12, 8, 0.4),),
    not_called=Counter({"no telephone number": 1}),
)


def test_the_plan_says_where_its_shares_come_from_and_who_is_left_over() -> None:
    text = plan.shown([PLAN], json_wanted=False)
    assert "fibra, 2026-11-19: 41 debtors in the queue, 10 channels, 5 calls/s" in text
    assert "guessed: fewer than 200 outcomes" in text
    assert "97 calls; 40 debtors called at least once, a person reached of about 9; 1 not called" in text
    held = plan.shown([replace(PLAN, brakes=("by_hand: lunch",))], json_wanted=False)
    assert "\nheld now (by_hand: lunch): reckoned as if it were released\n" in held
    assert "measured from 300 outcomes" in plan.shown([replace(PLAN, measured=300)], json_wanted=False)
    (document,) = json.loads(plan.shown([PLAN], json_wanted=True))
    assert {"no telephone number": 1} == document["not_called"]
    assert [{"hour": "08:00", "calls": 40, "answered": 12, "persons": 8, "busy_channels": 0.4}] == document[
        "hours"
    ]


def settings(*channels: int | None, keep_free: int = 0) -> Settings:
    """Instances on one trunk, each with what it says of the trunk's channels; each dials on ten."""
    example = configfile.parse(GOOD, ENV)
    first = example.instances[0]
    found = []
    for serial, most in enumerate(channels):
        trunk = first.trunk.model_copy(update={"channels": most, "keep_free": keep_free, "name": "main"})
        dialling = first.dialling.model_copy(update={"channels": 10})
        found.append(first.model_copy(update={"id": f"i{serial}", "trunk": trunk, "dialling": dialling}))
    return example.model_copy(update={"instances": tuple(found)})


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (settings(None), 10),
        (settings(8), 8),
        (settings(30), 10),
        (settings(12, 12), 6),
        (settings(12, 12, keep_free=3), 4),
    ],
)
def test_a_trunk_is_planned_with_an_equal_part_for_each(given: Settings, expected: int) -> None:
    assert expected == plan.channels_of(given, given.instances[0])


def test_an_instance_switched_off_takes_no_part_of_the_trunk() -> None:
    both = settings(12, 12)
    off = both.instances[1].model_copy(update={"enabled": False})
    alone = both.model_copy(update={"instances": (both.instances[0], off)})
    assert 10 == plan.channels_of(alone, alone.instances[0])
    assert 6 == plan.channels_of(alone, off)  # planned though switched off: as if it were on
