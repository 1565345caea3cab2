"""What a step may claim: reasons against dialling, the trunk, over-dial, turns; and when a slot is free again."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.unit.test_jobs_dial import filled
from tests.unit.world import NOON, RULES, Clock, Line, Switch, dial_plan
from worker.core.route import Route
from worker.jobs import dial, reconcile
from worker.jobs.dial import DialPlan
from worker.jobs.pace import Shares

LONGEST = timedelta(seconds=270)
NIGHT = NOON + timedelta(hours=12)


def all_against() -> DialPlan:
    """Everything stands against dialling."""
    return replace(
        dial_plan(),
        brakes=lambda _: "brakes",
        handler_alive=lambda _: "handler",
        lists=lambda _: "lists",
        trunk_unread=lambda: "trunk",
    )


def test_the_first_reason_against_dialling_is_told_in_a_fixed_order() -> None:
    plan, line = all_against(), Line(why_not="PBX")
    order = ["brakes", "it is 00:00 in America/Sao_Paulo, calls are made from 08:00 to 19:00"]
    assert order[0] == dial.why_not(plan, line, NIGHT)
    plan = replace(plan, brakes=lambda _: "")
    assert order[1] == dial.why_not(plan, line, NIGHT)
    assert "handler" == dial.why_not(plan, line, NOON)
    plan = replace(plan, handler_alive=lambda _: "")
    assert "PBX" == dial.why_not(plan, line, NOON)
    line.why_not = ""
    assert "lists" == dial.why_not(plan, line, NOON)
    plan = replace(plan, lists=lambda _: "")
    assert "trunk" == dial.why_not(plan, line, NOON)
    assert "" == dial.why_not(replace(plan, trunk_unread=lambda: ""), line, NOON)


@pytest.mark.parametrize("against", ["brakes", "lists"])
def test_each_reason_is_asked_with_the_present_instant_and_calls_nobody(against: str) -> None:
    clock, line, asked = Clock(), Line(), list[datetime]()

    def reason(now: datetime) -> str:
        asked.append(now)
        return "stopped"

    change: dict[str, Callable[[datetime], str]] = {against: reason}
    done = dial.step(replace(dial_plan(), **change), filled(clock), line, clock, 10)  # type: ignore[arg-type]
    assert ("stopped", [], [NOON]) == (done.why_not, line.placed, asked)


def test_a_trunk_that_others_fill_leaves_us_fewer_channels() -> None:
    clock, line = Clock(), Line()
    store, carries = filled(clock, 8), [3]
    plan = replace(dial_plan(), route=lambda: Route("local/T", "+551133330000", carries[0]))
    dial.step(plan, store, line, clock, 10)
    assert 3 == len(line.placed)
    carries[0] = 2  # others took one of those we have already: nobody is hung up, and nobody is called
    assert 0 == dial.step(plan, store, line, clock, 10).placed
    carries[0] = 5
    assert 2 == dial.step(plan, store, line, clock, 10).placed


def test_over_dial_decides_how_many_and_never_more_than_the_channels() -> None:
    clock, line, wanted = Clock(), Line(), [0]
    plan, store = replace(dial_plan(channels=4), wanted=lambda _: wanted[0]), filled(clock, 8)
    for wanted[0], expected in ((0, 0), (2, 2), (1, 2), (3, 3), (99, 4)):
        dial.step(plan, store, line, clock, 10)
        assert expected == len(line.placed)


def test_who_shares_a_trunk_takes_no_more_than_his_turn() -> None:
    clock, line, shares = Clock(), Line(), Shares(lambda: 0.0)
    plan = replace(dial_plan(), route=lambda: Route("local/T", channels=6), shares=shares)
    shares.turn("radio", 0, 10, 6)
    store = filled(clock, 8)
    assert 3 == dial.step(plan, store, line, clock, 10).placed
    assert 3 == shares.turn("radio", 0, 10, 6)  # the other half is still there
    shares.took("radio", 0, 1, 0)  # one was all it had
    assert 2 == dial.step(plan, store, line, clock, 10).placed


def test_who_has_nobody_to_call_or_may_not_call_leaves_the_trunk_to_the_others() -> None:
    clock, shares = Clock(), Shares(lambda: 0.0)
    route = Route("local/T", channels=6)
    plan = replace(dial_plan(), route=lambda: route, shares=shares)
    dial.step(plan, filled(clock, 0), Line(), clock, 10)
    assert 6 == shares.turn("radio", 0, 10, 6)
    shares.turn("fibra", 0, 10, 6)
    dial.step(replace(plan, brakes=lambda _: "stopped"), filled(clock), Line(), clock, 10)
    assert 6 == shares.turn("radio", 0, 10, 6)


def test_only_those_due_at_the_instant_told_are_claimed() -> None:
    clock, line = Clock(), Line()
    store = filled(clock, 2)
    first, _ = store.queue.waiting("fibra", NOON, 2)
    store.queue.postpone(first.entry.entry_id, NOON + timedelta(minutes=5), "later")
    clock.move(minutes=10)
    _, attempts = dial.claim(dial_plan(), store, line, clock, 10, NOON)
    assert ["1"] == [one.client_id for one in attempts]
    _, attempts = dial.claim(dial_plan(), store, line, clock, 10)
    assert ["0"] == [one.client_id for one in attempts]


def test_a_slot_is_free_only_when_the_channel_is_really_gone() -> None:
    clock, line = Clock(), Line()
    store, plan = filled(clock, 2), dial_plan(channels=1)
    dial.step(plan, store, line, clock, 10)
    (attempt,) = store.attempts.open_since(NOON + timedelta(seconds=1))
    pbx = Switch({attempt.attempt_id})

    def again() -> int:
        reconcile.reconcile(store, pbx, clock, {"fibra": RULES}, LONGEST)
        return dial.step(plan, store, line, clock, 10).placed

    clock.move(seconds=20)
    assert 0 == again()  # it rings
    store.attempts.answered(attempt.attempt_id, clock())
    clock.move(minutes=2)
    assert 0 == again()  # they talk
    pbx.live = None
    clock.move(minutes=1)
    assert 0 == again()  # the PBX cannot be asked: the channel may live
    pbx.live = set()
    clock.move(minutes=5)
    assert 1 == again()  # gone
