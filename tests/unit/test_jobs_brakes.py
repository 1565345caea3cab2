"""Brakes at work: the board, the watch with its alarms, counting."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.store_data import DONE, seed
from tests.unit.world import NOON, ZONE, Clock, Line, client, dial_plan
from worker.core.brakes import ALL, Brake, BrakeKind, BrakeRules, CallCount
from worker.core.enums import Answerer, LineResult
from worker.core.model import Outcome, TalkFacts
from worker.errors import StoreReadOnly, StoreUnavailable
from worker.jobs import brakes, dial
from worker.jobs.brakes import Board, Watch, Watched
from worker.store import faults
from worker.store.memory import memory_store
from worker.store.memory_tables import Tables
from worker.store_ports import Store

HAND = Brake("fibra", BrakeKind.BY_HAND, "repairs", NOON, set_by="ana@pbx")


@dataclass
class Bed:
    """A service's watch over one instance, in memory."""

    tables: Tables = field(default_factory=Tables)
    clock: Clock = field(default_factory=Clock)
    rules: BrakeRules = field(default_factory=BrakeRules)
    no_handler: str = ""
    no_pbx: str = ""
    asked: int = 0

    def __post_init__(self) -> None:
        self.store: Store = memory_store(self.tables)
        self.start()

    def start(self) -> None:
        """A watch that remembers nothing, as after a restart."""
        one = Watched("fibra", self.rules, lambda _: self.no_handler, self.ready)
        self.watch = Watch(self.store, [one, replace(one, instance="radio")], self.clock, ZONE)

    def ready(self) -> str:
        self.asked += 1
        return self.no_pbx

    def look(self, **later: float) -> None:
        self.clock.move(**later)
        self.watch.look()

    def end(self, calls: int, line: LineResult, cause: int | None = None, *, instance: str = "fibra") -> None:
        """So many calls that end now."""
        for _ in range(calls):
            serial = len(self.tables.outcomes)
            talk = TalkFacts()
            one = Outcome(
                f"01JB{serial:022d}", instance, "1", "+5511961010001", self.clock.now, line, Answerer.NOBODY, talk
            )
            self.store.outcomes.record(replace(one, cause=cause), DONE)
        self.clock.move(seconds=1)

    @property
    def held(self) -> str:
        return Board(self.store.brakes, lambda: 0.0).why_not("fibra", self.clock.now)

    @property
    def alarms(self) -> dict[tuple[str, str], str]:
        """Those not over, and what they say."""
        rows = self.store.alarms.listing(everything=True)
        return {(one.instance, one.kind): one.reason for one in rows if one.over_at is None}


def counted(calls: int, short: int, day: datetime = NOON) -> CallCount:
    return CallCount(day.astimezone(ZONE).date(), "fibra", "local/OUT_1", "+551133330000", calls, short, 0)


def test_the_board_is_read_once_a_second_for_all_who_ask() -> None:
    ticks, store = [100.0], memory_store()
    board = Board(store.brakes, lambda: ticks[0])
    assert "" == board.why_not("fibra", NOON)
    store.brakes.put(HAND, NOON)
    ticks[0] += 0.99
    assert "" == board.why_not("fibra", NOON)
    ticks[0] += 0.01
    assert "by ana@pbx" in board.why_not("fibra", NOON)
    assert "" == board.why_not("radio", NOON)


def test_brakes_that_cannot_be_read_let_nobody_be_dialled() -> None:
    class Broken:
        def listing(self) -> list[Brake]:
            raise StoreUnavailable("gone")

    board = Board(Broken(), lambda: 0.0)  # type: ignore[arg-type]  # only what is asked of it
    for _ in range(2):  # what failed is not remembered as "nothing holds"
        with pytest.raises(StoreUnavailable):
            board.why_not("fibra", NOON)


def test_a_paused_instance_claims_nobody_and_goes_on_after_resume() -> None:
    store, clock, line = memory_store(), Clock(), Line()
    seed(store, [client(1)], "fibra")
    ticks = iter(range(99))
    plan = replace(dial_plan(), brakes=lambda now: Board(store.brakes, lambda: next(ticks)).why_not("fibra", now))
    store.brakes.put(replace(HAND, instance=ALL), NOON)
    assert "paused by ana@pbx" in dial.step(plan, store, line, clock, 9).why_not
    assert [] == line.placed
    store.brakes.end(None, clock())
    assert 1 == dial.step(plan, store, line, clock, 9).placed


def test_a_storm_stops_dialling_says_why_and_lets_go_by_itself() -> None:
    bed = Bed()
    bed.end(8, LineResult.ANSWERED)
    bed.end(12, LineResult.REJECTED, 21)
    bed.look()
    assert "the trunk rejects the caller id (unknown): 12 of 20 calls" in bed.held
    assert {("fibra", "rejection")} == set(bed.alarms)
    bed.look(minutes=14)
    assert bed.held
    bed.look(minutes=1)
    assert ("", {}) == (bed.held, bed.alarms)


def test_what_came_before_the_pause_starts_no_new_storm_and_what_comes_after_does() -> None:
    bed = Bed(rules=BrakeRules(pause=timedelta(minutes=2)))
    bed.end(20, LineResult.CONGESTION, 34)
    bed.look()
    bed.look(minutes=2)
    assert "" == bed.held  # they are younger than ten minutes, and before the pause's end
    bed.end(19, LineResult.CONGESTION, 34)
    bed.look()
    assert "" == bed.held
    bed.end(1, LineResult.CONGESTION, 34)
    bed.look()
    assert "20 of 20 calls in 10 minutes met congestion" in bed.held
    alarms = [(one.kind, one.times) for one in bed.store.alarms.listing()]
    assert [("congestion", 1), ("congestion", 1)] == alarms


def test_without_pause_minutes_a_storm_holds_until_a_person_resumes() -> None:
    bed = Bed(rules=BrakeRules(pause=None))
    bed.end(20, LineResult.CONGESTION, 34)
    bed.look()
    bed.look(days=3)
    assert bed.held
    bed.store.brakes.end("fibra", bed.clock.now)
    bed.look(seconds=15)
    assert ("", {}) == (bed.held, bed.alarms)


def test_another_instances_storm_is_its_own() -> None:
    bed = Bed()
    bed.end(20, LineResult.CONGESTION, 34, instance="radio")
    bed.look()
    assert ("", {("radio", "congestion")}) == (bed.held, set(bed.alarms))


def test_near_the_line_of_short_calls_it_stops_for_the_day() -> None:
    bed = Bed()
    bed.tables.call_counts = [counted(95_000, 90_000)]
    bed.look()
    assert "90000 of 95000 calls today were short" in bed.held
    assert {("fibra", "short_calls")} == set(bed.alarms)
    bed.look(hours=11)  # 23:00
    assert bed.held
    bed.look(hours=1)
    assert ("", {}) == (bed.held, bed.alarms)


def test_who_resumes_over_the_line_is_obeyed_for_the_day_and_the_alarm_stays() -> None:
    bed = Bed()
    bed.tables.call_counts = [counted(95_000, 90_000)]
    bed.look()
    bed.store.brakes.end(None, bed.clock.now)
    bed.look(seconds=15)
    assert ("", {("fibra", "short_calls")}) == (bed.held, set(bed.alarms))
    bed.tables.call_counts = [counted(95_000, 90_000, NOON + timedelta(days=1))]
    bed.look(days=1)
    assert bed.held


def test_the_large_callers_line_is_an_alarm_and_stops_only_if_configured() -> None:
    for stop in (False, True):
        bed = Bed(rules=BrakeRules(stop_at_calls_per_month=stop))
        bed.tables.call_counts = [counted(480_000, 0, NOON - timedelta(days=5))]
        bed.look()
        assert (stop, {("fibra", "calls_per_month")}) == (bool(bed.held), set(bed.alarms))
        bed.look(days=20)  # the next month
        assert ("", {}) == (bed.held, bed.alarms)


def test_an_obstacle_is_an_alarm_when_it_lasts_and_over_when_it_ends() -> None:
    bed = Bed(no_handler="no handler has been seen yet")
    bed.look()
    bed.look(seconds=59)
    assert {} == bed.alarms
    bed.look(seconds=1)
    says = "nobody is dialled: no handler has been seen yet"
    assert {("fibra", "handler"): says, ("radio", "handler"): says} == bed.alarms
    bed.no_handler = ""
    bed.look(seconds=15)
    assert {} == bed.alarms
    bed.no_handler = "again"
    bed.look(seconds=59)  # counted anew
    bed.look(seconds=59)
    assert {} == bed.alarms


def test_a_pbx_that_does_not_answer_is_waited_for_once_and_told_for_each_instance() -> None:
    bed = Bed(no_pbx="the PBX does not answer")
    bed.look()
    assert 1 == bed.asked
    bed.look(seconds=60)
    assert {("fibra", "pbx"), ("radio", "pbx")} == set(bed.alarms)


def test_an_alarm_is_raised_once_and_a_new_process_takes_back_what_is_over() -> None:
    bed = Bed(no_pbx="gone")
    for _ in range(5):
        bed.look(seconds=60)
    assert {1} == {one.times for one in bed.store.alarms.listing()}
    bed.no_pbx = ""
    bed.start()
    bed.look()
    assert {} == bed.alarms


def test_a_pause_by_hand_is_no_alarm() -> None:
    bed = Bed()
    bed.store.brakes.put(HAND, NOON)
    bed.look()
    assert (True, {}) == (bool(bed.held), bed.alarms)


def test_a_database_that_was_read_only_is_told_when_it_can_be_written_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bed = Bed()

    def refuse(*_: object) -> None:
        raise StoreReadOnly("The database is read-only now (error 1290); nothing was written.")

    with monkeypatch.context() as broken:
        broken.setattr(bed.store.presence, "beat", refuse)
        bed.look()
        bed.look(seconds=15)
        assert [] == bed.store.alarms.listing()
    bed.look(seconds=15)
    rows = bed.store.alarms.listing()
    says = "the database was read-only from 2026-11-18 15:00:00 UTC; nobody was dialled"
    assert {("fibra", "read_only", says), ("radio", "read_only", says)} == {
        (one.instance, one.kind, one.reason) for one in rows
    }
    assert all(one.over_at for one in rows)
    bed.look(seconds=15)
    assert 2 == len(bed.store.alarms.listing())


def test_yesterday_and_today_are_counted_and_no_day_before() -> None:
    bed = Bed(clock=Clock(datetime(2026, 11, 18, 2, 59, 59, tzinfo=UTC)))  # 23:59:59 of the 17th
    for hours in (-48, -24, 0):
        bed.clock.now = datetime(2026, 11, 18, 2, 59, 58, tzinfo=UTC) + timedelta(hours=hours)
        bed.end(2, LineResult.BUSY)
    bed.clock.move(seconds=1)  # midnight
    bed.end(1, LineResult.BUSY)
    assert 1 == brakes.count(bed.store, bed.clock.now, ZONE)
    day = bed.clock.now.astimezone(ZONE).date()
    rows = bed.store.counts.between(day - timedelta(days=9), day)
    assert [(day - timedelta(days=1), 2), (day, 1)] == [(row.day, row.calls) for row in rows]


@pytest.mark.parametrize(
    ("code", "kind"), [(1290, StoreReadOnly), (1792, StoreReadOnly), (2013, StoreUnavailable)]
)
def test_only_a_server_that_writes_nothing_is_called_read_only(code: int, kind: type[StoreUnavailable]) -> None:
    assert kind is type(faults.explain(code))
