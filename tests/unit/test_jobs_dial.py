"""The dialler: who is put on the line, what is given back, and why nobody is."""

import itertools
import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.world import NOON, RULES, WINDOW, Clock, Line, Source, bill, client, dial_plan, sync_of
from worker.core.enums import AttemptState
from worker.core.law import Hours
from worker.core.model import Waiting
from worker.core.policy import CallRules
from worker.errors import SpeechError, StoreUnavailable
from worker.jobs import dial, dial_loop, explain, sync
from worker.jobs.pace import Pace
from worker.ports import DialOrder, Placed, Placement
from worker.store.memory import memory_store
from worker.store_ports import Store


def filled(clock: Clock, debtors: int = 5, empty: Store | None = None) -> Store:
    store = empty or memory_store()
    source = Source(
        [client(index) for index in range(debtors)], [bill(index, overdue=100 - index) for index in range(debtors)]
    )
    sync.sync_all(sync_of(source, store, clock))
    return store


def test_the_oldest_debts_are_dialled_first_up_to_the_free_channels() -> None:
    clock, line = Clock(), Line()
    store = filled(clock)
    assert 2 == dial.step(dial_plan(channels=2), store, line, clock, 10).placed
    assert ["+5511961000000", "+5511961000001"] == line.placed
    assert 0 == dial.step(dial_plan(channels=2), store, line, clock, 10).placed
    assert 2 == store.attempts.count_open("fibra")


def test_the_allowance_bounds_a_step() -> None:
    clock, line = Clock(), Line()
    assert 3 == dial.step(dial_plan(), filled(clock), line, clock, 3).placed


def test_nobody_is_dialled_outside_the_window() -> None:
    clock, line = Clock(NOON + timedelta(hours=9)), Line()
    done = dial.step(dial_plan(), filled(clock), line, clock, 10)
    assert (0, []) == (done.placed, line.placed)
    assert done.why_not


def test_nobody_is_dialled_while_no_handler_lives_or_the_pbx_is_not_ready() -> None:
    clock, line = Clock(), Line()
    store = filled(clock)
    deaf = replace(dial_plan(), handler_alive=lambda _: "no handler")
    assert "no handler" == dial.step(deaf, store, line, clock, 10).why_not
    line.why_not = "the PBX is away"
    assert "the PBX is away" == dial.step(dial_plan(), store, line, clock, 10).why_not
    assert [] == line.placed


def test_what_the_pbx_certainly_never_got_is_given_back() -> None:
    clock, line = Clock(), Line(Placed.REFUSED)
    store = filled(clock, 1)
    assert 0 == dial.step(dial_plan(), store, line, clock, 10).placed
    assert 0 == store.attempts.count_open("fibra")
    line.answer = Placed.ACCEPTED
    assert 1 == dial.step(dial_plan(), store, line, clock, 10).placed  # the ledger has the try back


def test_a_placement_in_doubt_stays_open_for_reconciliation() -> None:
    clock, line = Clock(), Line(Placed.UNKNOWN)
    store = filled(clock, 1)
    dial.step(dial_plan(), store, line, clock, 10)
    (attempt,) = store.attempts.open_since(clock() + timedelta(seconds=1))
    assert AttemptState.RESERVED is attempt.state


def test_a_debtor_whose_message_cannot_be_rendered_is_postponed_not_dialled() -> None:
    clock, line = Clock(), Line()
    store = filled(clock, 2)

    def prepare(waiting: Waiting, _: str) -> None:
        if waiting.entry.client_id == "0":
            raise SpeechError("no voice")

    done = dial.step(replace(dial_plan(), prepare=prepare), store, line, clock, 10)
    assert ["+5511961000001"] == line.placed
    assert {"the message could not be rendered": 1} == dict(done.refused)
    assert [] == store.queue.waiting("fibra", clock(), 10)
    clock.move(minutes=11)
    assert 1 == len(store.queue.waiting("fibra", clock(), 10))


def test_two_debtors_with_one_number_are_not_dialled_together() -> None:
    clock, line, store = Clock(), Line(), memory_store()
    shared = "+5511961009999"
    source = Source([client(1, shared), client(2, shared)], [bill(1), bill(2)])
    sync.sync_all(sync_of(source, store, clock))
    dial.step(dial_plan(), store, line, clock, 10)
    dial.step(dial_plan(), store, line, clock, 10)
    assert [shared] == line.placed


def test_a_debtor_without_a_number_does_not_block_those_behind_him() -> None:
    clock, line, store = Clock(), Line(), memory_store()
    nobody = replace(client(1), phones=())
    sync.sync_all(sync_of(Source([nobody, client(2)], [bill(1, 300), bill(2)]), store, clock))
    for _ in range(2):
        dial.step(dial_plan(channels=1), store, line, clock, 1)
    assert 1 == len(line.placed)


def test_the_loop_goes_on_after_an_error_of_the_outside_world(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, line, stop = Clock(), Line(), threading.Event()
    store = filled(clock, 2)
    steps: list[dial.Step] = []
    real = store.attempts.count_open

    def once(_: str) -> int:
        monkeypatch.setattr(store.attempts, "count_open", real)
        raise StoreUnavailable("gone for a moment")

    monkeypatch.setattr(store.attempts, "count_open", once)  # no way to make memory fail but this

    def on_step(done: dial.Step) -> None:
        steps.append(done)
        if done.empty or len(steps) > 20:
            stop.set()

    pace = Pace(1000, lambda: 0.0, limit=None)
    dial_loop.run(
        dial_plan(),
        store,
        line,
        clock,
        pace,
        stop,
        idle_seconds=0,
        busy_seconds=0,
        refused_seconds=0,
        on_step=on_step,
    )
    assert "gone for a moment" == steps[0].why_not
    assert 1 == len(line.placed)  # the pace's clock stands still: one call saved up


def run_to_the_end(store: Store, line: Line, pace: Pace, channels: int = 100) -> list[dial.Step]:
    """The loop until a step says that nothing more can be placed."""
    stop, steps = threading.Event(), list[dial.Step]()

    def on_step(done: dial.Step) -> None:
        steps.append(done)
        if pace.exhausted or (done.empty and not done.placed) or len(steps) > 50:
            stop.set()

    plan = dial_plan(channels=channels)
    dial_loop.run(
        plan, store, line, Clock(), pace, stop, idle_seconds=0, busy_seconds=0, refused_seconds=0, on_step=on_step
    )
    return steps


def test_a_step_claims_no_more_than_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.jobs.dial.BATCH", 2)
    line = Line()
    assert 2 == dial.step(dial_plan(), filled(Clock(), 5), line, Clock(), 10).placed


def test_claiming_ahead_never_passes_the_channels_nor_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.jobs.dial.BATCH", 2)
    for channels, limit, expected in ((3, None, 3), (100, 5, 5), (100, None, 7)):
        line, pace = Line(), Pace(1000, itertools.count().__next__, limit)
        steps = run_to_the_end(filled(Clock(), 7), line, pace, channels)
        assert (expected, expected) == (len(line.placed), pace.spent)
        assert expected == sum(step.placed for step in steps)


def test_a_call_that_was_not_placed_does_not_count_against_the_limit() -> None:
    class Fussy(Line):
        def place(self, orders: Sequence[DialOrder]) -> list[Placement]:
            self.answer = Placed.ACCEPTED if self.placed else Placed.REFUSED
            return super().place(orders)

    line, pace = Fussy(), Pace(1000, itertools.count().__next__, limit=1)
    steps = run_to_the_end(filled(Clock(), 3), line, pace)
    assert (2, 1, 1) == (len(line.placed), pace.spent, sum(step.placed for step in steps))


def test_when_the_loop_ends_whatever_was_claimed_has_been_placed() -> None:
    line, store, stop = Line(), filled(Clock(), 5), threading.Event()
    pace = Pace(1000, itertools.count(1).__next__)
    dial_loop.run(dial_plan(), store, line, Clock(), pace, stop, on_step=lambda _: stop.set())
    assert 5 == len(line.placed) == store.attempts.count_open("fibra")
    reserved = [
        one for one in store.attempts.open_since(NOON + timedelta(1)) if one.state is AttemptState.RESERVED
    ]
    assert [] == reserved


def test_pace_allows_a_second_saved_up_and_no_more_than_the_limit() -> None:
    now = [0.0]
    pace = Pace(5, lambda: now[0], limit=7)
    assert 1 == pace.allowance()
    now[0] = 10
    assert 5 == pace.allowance()
    pace.spend(5)
    assert 0 == pace.allowance()
    now[0] = 11
    assert (2, False) == (pace.allowance(), pace.exhausted)
    pace.spend(2)
    now[0] = 20
    assert (0, True) == (pace.allowance(), pace.exhausted)


def test_explain_names_the_rule_that_stands_against_a_call() -> None:
    clock, line = Clock(), Line()
    store = filled(clock, 1)
    rules = {"fibra": CallRules(Hours(WINDOW), RULES)}
    (case,) = explain.explain(store, "(11) 96100-0000", rules, clock()).cases
    assert case.allowed
    dial.step(dial_plan(), store, line, clock, 1)
    found = explain.explain(store, "11961000000", rules, clock())
    assert not found.cases[0].allowed
    assert 1 == len(found.attempts)


class Stop(threading.Event):
    """Notes how long the loop would have waited, and ends it after a few rounds; no time passes."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self.delays: list[float] = []
        self._rounds = rounds

    def wait(self, timeout: float | None = None) -> bool:
        self.delays.append(timeout or 0.0)
        return len(self.delays) > self._rounds


def test_a_pbx_that_takes_nothing_is_not_asked_again_at_once() -> None:
    clock, stop = Clock(), Stop(4)
    pace = Pace(1000, lambda: 0.0)
    dial_loop.run(dial_plan(), filled(clock, 1), Line(Placed.REFUSED), clock, pace, stop, refused_seconds=5)
    assert 5 in stop.delays
