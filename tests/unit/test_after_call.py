"""The table of calling again as the handler and reconciliation use it, over the store's twin in memory."""

from dataclasses import replace
from datetime import timedelta

import pytest

from agi.plan import ConversationPlan
from agi.switchboard import InstanceLine, Switchboard
from tests.unit.house import ID, NOW, NUMBER, OTHER, RULES, House
from tests.unit.scripted import ScriptedCall
from tests.unit.test_jobs_dial import filled
from tests.unit.world import RULES as FIBRA
from tests.unit.world import Clock, Line, Switch, dial_plan
from worker.core.enums import CallEnding, EntryState
from worker.core.model import QueueEntry
from worker.core.retry_table import RetryRule, RetryTable
from worker.jobs import dial, reconcile

TABLE = RetryTable(
    {
        CallEnding.BUSY: RetryRule(timedelta(hours=30), in_a_row=1, rest=timedelta(days=2)),
        CallEnding.FAILED: RetryRule(timedelta(hours=50)),
    }
)


def entry(house: House) -> QueueEntry:
    (found,) = house.store.queue.open_entries("demo")
    return found


def test_the_handler_goes_by_the_instance_s_table() -> None:
    house = House()
    line = InstanceLine("demo", ConversationPlan(), house.script, RULES, TABLE)
    house.board = Switchboard(house.store, {"demo": line}, lambda: NOW, patience=0.2)
    assert house.ends(answered=False, cause=17)
    assert (NOW + timedelta(days=2), "last try: busy, 1 in a row: left alone for 2 days") == (
        entry(house).next_attempt_at,
        entry(house).reason,
    )


def test_the_handler_goes_by_what_came_before() -> None:
    house, ids = House(), [ID[:-1] + last for last in "12"]
    twice = RetryTable({CallEnding.BUSY: RetryRule(in_a_row=2, rest=timedelta(days=2))})
    line = InstanceLine("demo", ConversationPlan(), house.script, RULES, twice)
    house.board = Switchboard(house.store, {"demo": line}, lambda: NOW, patience=0.2)
    assert house.ends(answered=False, cause=17)
    assert NOW + RULES.gap == entry(house).next_attempt_at
    later = NOW + timedelta(days=1)
    (waiting,) = house.store.queue.waiting("demo", later, 9)
    assert (CallEnding.BUSY, NUMBER) == (waiting.last_ending, next(iter(waiting.last_outcome)))
    plan = replace(dial_plan(), instance="demo", new_id=lambda _: ids[0])
    assert 1 == dial.step(plan, house.store, Line(), Clock(later), 1).placed
    board = Switchboard(house.store, {"demo": line}, lambda: later, patience=0.2)
    house.board = board
    assert house.ends(attempt_id=ids[0], answered=False, cause=17)
    assert later + timedelta(days=2) == entry(house).next_attempt_at


@pytest.mark.parametrize(("key", "state"), [("2", EntryState.WAITING), ("9", EntryState.DONE)])
def test_the_erp_is_to_be_told_once_the_call_is_over(key: str, state: EntryState) -> None:
    house = House(NUMBER, OTHER)
    house.board.talk(ScriptedCall([key]), ID)
    assert [] == house.store.notes.unsent()
    house.ends()
    (note,) = house.store.notes.unsent()
    assert ("7", "demo", NOW.date()) == (note.client_id, note.instance, note.day)
    assert ("+5511*******21" in note.text, "Ana" in note.text) == (True, key == "2")
    assert (state is EntryState.WAITING) == bool(house.store.queue.open_entries("demo"))


def test_a_conversation_with_the_right_person_makes_him_quiet() -> None:
    house = House()
    house.board.talk(ScriptedCall(["1"]), ID)
    house.ends()
    until = NOW + timedelta(days=7)
    (waiting,) = house.store.queue.waiting("demo", until, 9)
    assert (until, until) == (waiting.ledger[waiting.debtor].quiet_until, waiting.entry.next_attempt_at)
    assert {NUMBER: NOW} == waiting.reached


def test_reconciliation_goes_by_the_instance_s_table() -> None:
    for tables, hours in (({"fibra": TABLE}, 50), ({"radio": TABLE}, 4), ({}, 4)):
        clock = Clock()
        store = filled(clock, 1)
        dial.step(dial_plan(), store, Line(), clock, 1)
        clock.move(minutes=3)
        reconcile.reconcile(store, Switch(set()), clock, {"fibra": FIBRA}, timedelta(seconds=270), tables)
        (found,) = store.queue.open_entries("fibra")
        assert clock() + timedelta(hours=hours) == found.next_attempt_at
