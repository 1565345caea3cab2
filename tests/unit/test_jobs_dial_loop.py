"""The dialling loop: batches, clocks that are put back, defects, and who is asked about ahead of his turn."""

import itertools
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from tests.unit.test_jobs_dial import filled
from tests.unit.unpaid_bench import DOWN, Bench
from tests.unit.world import NOON, ZONE, Clock, Line, dial_plan
from worker.core.pacing import Batches
from worker.errors import StoreUnavailable
from worker.jobs import dial_loop
from worker.jobs.ahead import Ahead
from worker.jobs.dial import DialPlan, Step
from worker.jobs.pace import Pace
from worker.store.memory import memory_store
from worker.store_ports import Store


class Steps:
    """Runs the loop step by step: before each, the test's script is asked what to do; it ends the loop."""

    def __init__(self, plan: DialPlan, store: Store, line: Line, clock: Clock) -> None:
        self.plan, self.store, self.line, self.clock = plan, store, line, clock
        self.seen: list[Step] = []

    def run(self, *script: Callable[[], object]) -> list[Step]:
        """One step, then the first of the script, and so on; the last step ends it."""
        stop, rest = threading.Event(), list(script)

        def on_step(done: Step) -> None:
            self.seen.append(done)
            if rest:
                rest.pop(0)()
            else:
                stop.set()

        pace = Pace(1000, itertools.count().__next__)
        dial_loop.run(
            self.plan,
            self.store,
            self.line,
            self.clock,
            pace,
            stop,
            idle_seconds=0,
            busy_seconds=0,
            refused_seconds=0,
            on_step=on_step,
        )
        return self.seen


def nothing() -> None:
    """Between two steps nothing happens."""


def in_batches(minutes: int = 20) -> DialPlan:
    return replace(dial_plan(channels=100), batches=Batches(minutes, ZONE))


def test_a_batch_is_dialled_and_then_the_next_is_waited_for() -> None:
    clock, line = Clock(), Line()
    clock.move(minutes=3)
    steps = Steps(in_batches(), filled(clock, 3), line, clock).run(nothing, nothing)
    assert (3, "next batch at 12:20") == (len(line.placed), steps[-1].why_not)


def test_who_falls_due_after_a_batch_has_begun_waits_for_the_next() -> None:
    clock, line = Clock(), Line()
    store = filled(clock, 2)
    first, _ = store.queue.waiting("fibra", NOON, 2)
    store.queue.postpone(first.entry.entry_id, NOON + timedelta(minutes=5), "later")
    steps = Steps(in_batches(), store, line, clock)
    steps.run(lambda: clock.move(minutes=6), nothing, lambda: clock.move(minutes=13))
    assert 1 == len(line.placed)
    assert "next batch at 12:20" == steps.seen[-1].why_not  # at 12:19
    clock.move(minutes=1)
    steps.run(nothing, nothing)
    assert 2 == len(line.placed)


def test_between_batches_the_other_reasons_against_dialling_are_told_first() -> None:
    clock, line = Clock(), Line()
    plan = replace(in_batches(), brakes=lambda now: "paused" if now > NOON else "")
    steps = Steps(plan, filled(clock, 0), line, clock).run(nothing, lambda: clock.move(minutes=1))
    assert ["", "next batch at 12:20", "paused"] == [one.why_not for one in steps]


def test_when_the_clock_is_put_back_the_batches_of_that_time_are_dialled() -> None:
    clock, line, store = Clock(NOON + timedelta(hours=3)), Line(), memory_store()
    steps = Steps(in_batches(), store, line, clock)

    def put_back() -> None:
        clock.move(hours=-2)
        filled(clock, 3, store)

    steps.run(nothing, put_back, nothing, nothing, nothing)
    assert "next batch at 15:20" == steps.seen[1].why_not
    assert (3, "next batch at 13:20") == (len(line.placed), steps.seen[-1].why_not)


@pytest.mark.parametrize("hours", [-2, 2, 24 * 30])
def test_a_clock_that_jumps_while_dialling_calls_nobody_twice_within_the_gap(hours: int) -> None:
    clock, line = Clock(), Line()
    store = filled(clock, 4)
    plan = replace(dial_plan(channels=100), handler_alive=lambda _: "")
    Steps(plan, store, line, clock).run(lambda: clock.move(hours=hours), nothing, nothing)
    assert sorted(set(line.placed)) == sorted(line.placed)


# --- defects ---------------------------------------------------------------------------------------------


class Nap(threading.Event):
    """Notes how long it would have waited; no time passes."""

    def __init__(self) -> None:
        super().__init__()
        self.naps: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.naps.append(timeout)
        return self.is_set()


@pytest.mark.parametrize("error", [TypeError("a defect"), StoreUnavailable("no database to begin with")])
def test_a_dialling_thread_that_dies_begins_again_after_half_a_minute(
    error: Exception,
) -> None:
    stop, runs = Nap(), list[int]()

    def work() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise error

    with capture_logs() as told:
        dial_loop.keep_running(work, "fibra", stop)
    assert (3, [30.0, 30.0]) == (len(runs), stop.naps)
    assert [isinstance(error, TypeError)] * 2 == ["exc_info" in line for line in told]
    assert [str(error) if isinstance(error, StoreUnavailable) else None] * 2 == [
        line.get("error") for line in told
    ]


def test_a_thread_told_to_stop_is_not_begun_again() -> None:
    stop = Nap()

    def work() -> None:
        stop.set()
        raise TypeError("a defect on the way out")

    dial_loop.keep_running(work, "fibra", stop)
    assert 1 == len(stop.naps)


def test_a_defect_leaves_no_thread_behind() -> None:
    clock, before = Clock(), set(threading.enumerate())

    def broken(_: datetime) -> str:
        raise TypeError("a defect")

    plan = replace(dial_plan(), brakes=broken)
    with pytest.raises(TypeError):
        Steps(plan, filled(clock), Line(), clock).run()
    assert set() == set(threading.enumerate()) - before


# --- asked about ahead of their turn -----------------------------------------------------------------------


def ahead_of(bench: Bench, ahead: int = 60) -> Ahead:
    plan = replace(bench.plan, ask_early=bench.unpaid.ask_early, ahead=ahead)
    return Ahead(plan, bench.store, bench.clock)


def test_the_next_debtors_are_asked_about_before_their_turn_and_then_not_again() -> None:
    bench = Bench(5)
    assert 0 == ahead_of(bench, 3).ask()
    assert ["0", "1", "2"] == sorted(bench.source.asked)
    bench.source.breaks = DOWN
    done = bench.step()
    assert (3, 2) == (done.placed, sum(done.refused.values()))  # of the others nothing is known


def test_who_has_paid_is_seen_ahead_and_at_his_turn_the_erp_is_not_asked_at_all() -> None:
    bench = Bench(3)
    bench.pay("b1")
    ahead_of(bench).ask()
    assert [["b1"]] == bench.source.fates_asked
    asked = len(bench.source.asked)
    assert 2 == bench.step().placed
    assert (asked, 1) == (len(bench.source.asked), len(bench.source.fates_asked))


def test_nobody_is_asked_about_who_may_not_be_called_now() -> None:
    bench = Bench(2)
    bench.step()
    bench.clock.move(minutes=10)
    bench.source.asked.clear()
    for entry_id, entry in bench.tables.entries.items():  # waiting again, inside the gap of the ledger
        bench.tables.entries[entry_id] = replace(entry, state=type(entry.state).WAITING)
    assert 0.5 == ahead_of(bench).ask()
    assert [] == bench.source.asked


def test_what_will_soon_be_old_is_asked_anew_and_the_old_answer_serves_until_then() -> None:
    bench = Bench(1)
    ahead = ahead_of(bench)
    ahead.ask()
    bench.clock.move(minutes=3, seconds=44)
    assert 0.5 == ahead.ask()
    assert 1 == len(bench.source.asked)
    bench.clock.move(seconds=1)  # three quarters of five minutes
    bench.source.breaks = DOWN
    assert 0 == ahead.ask()
    assert 2 == len(bench.source.asked)
    assert ["b0"] == bench.owed("0")


def test_a_silent_erp_is_left_alone_for_a_while() -> None:
    bench = Bench(40)
    bench.source.breaks = DOWN
    assert 10 == ahead_of(bench).ask()
    assert 8 == len(bench.source.asked)


def test_the_loop_asks_ahead_while_it_dials_and_leaves_no_thread_behind() -> None:
    bench, before = Bench(30), set(threading.enumerate())
    plan = replace(bench.plan, channels=1, ask_early=bench.unpaid.ask_early, ahead=60)
    asked_ahead = threading.Event()
    bench.source.before = lambda client_id: asked_ahead.set() if client_id == "29" else None
    steps = Steps(plan, bench.store, bench.line, bench.clock)
    steps.run(lambda: asked_ahead.wait(10), nothing)
    assert asked_ahead.is_set()
    assert 1 == len(bench.line.placed)
    assert set() == set(threading.enumerate()) - before


def test_outside_the_window_nobody_is_asked_about() -> None:
    bench = Bench(3)
    plan = replace(bench.plan, ask_early=bench.unpaid.ask_early, ahead=60, brakes=lambda _: "paused")
    Steps(plan, bench.store, bench.line, bench.clock).run(nothing, nothing)
    assert [] == bench.source.asked


def test_one_who_is_being_asked_about_is_not_asked_about_twice_but_waited_for() -> None:
    bench = Bench(1)
    asked, answer = threading.Event(), threading.Event()

    def before(_: str) -> None:
        asked.set()
        assert answer.wait(10)

    bench.source.before = before
    early = threading.Thread(target=ahead_of(bench).ask)
    early.start()
    assert asked.wait(10)
    found: list[list[str] | None] = []
    late = threading.Thread(target=lambda: found.append(bench.owed("0")))
    late.start()
    late.join(0.05)
    assert [] == found
    answer.set()
    early.join()
    late.join()
    assert ([["b0"]], ["0"]) == (found, bench.source.asked)


def test_a_defect_of_the_look_ahead_does_not_stop_the_dialling() -> None:
    bench = Bench(2)

    def broken(*_: object) -> dict[str, None]:
        raise TypeError("a defect")

    plan = replace(bench.plan, ask_early=broken, ahead=60)
    Steps(plan, bench.store, bench.line, bench.clock).run(nothing, nothing)
    assert 2 == len(bench.line.placed)
