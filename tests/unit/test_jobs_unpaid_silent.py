"""Still unpaid? While the ERP is silent, what is remembered of its answers, and many asked at once."""

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.unit.unpaid_bench import DOWN, Bench, number
from tests.unit.world import NOON, TODAY, bill
from worker.core.enums import Fate
from worker.errors import SourceBroken, SourceError, SourceUnavailable
from worker.jobs.dial import NO_ANSWER
from worker.jobs.unpaid import AT_ONCE, WAIT
from worker.ports import Can

# --- no answer -------------------------------------------------------------------------------------------


def test_while_the_erp_is_silent_nobody_is_called_for_ten_minutes() -> None:
    bench = Bench()
    bench.source.breaks = DOWN
    done = bench.step()
    assert ([], {NO_ANSWER: 3}) == (bench.line.placed, dict(done.refused))
    assert (NO_ANSWER, NOON + WAIT) == (bench.entry("0").reason, bench.entry("0").next_attempt_at)
    assert {} == bench.fates
    bench.source.breaks = None
    bench.clock.move(minutes=9, seconds=59)
    assert 0 == bench.step().placed
    bench.clock.move(seconds=1)
    assert 3 == bench.step().placed


@pytest.mark.parametrize(
    ("trust", "later", "called"),
    [
        (0, 0, False),  # never, not even at the instant of the sync
        (30, 0, True),
        (30, 30, True),  # the last minute counts
        (30, 31, False),
        (30, -1, False),  # the clock was put back: a sync of the future is of no known age
    ],
)
def test_a_young_sync_may_stand_in_for_a_silent_erp(trust: int, later: int, called: bool) -> None:
    bench = Bench(trust=timedelta(minutes=trust))
    bench.source.breaks = DOWN
    bench.clock.move(minutes=later)
    assert (3 if called else 0) == bench.step().placed


def test_without_any_sync_there_is_nothing_to_trust() -> None:
    bench = Bench(trust=timedelta(minutes=30))
    bench.source.breaks = DOWN
    del bench.tables.answers["fibra", "bills"]
    assert 0 == bench.step().placed


def test_a_source_that_cannot_be_asked_has_its_debtors_called() -> None:
    bench = Bench()
    bench.source.can = frozenset(Can) - {Can.OPEN_NOW}
    assert 3 == bench.step().placed
    assert [] == bench.source.asked


def test_who_is_not_to_be_asked_at_all_is_called() -> None:
    bench = Bench()
    bench.plan = replace(bench.plan, still_unpaid=None)
    bench.pay("b0")
    assert 3 == bench.step().placed


def test_nobody_waits_and_nobody_is_asked() -> None:
    bench = Bench(0)
    assert bench.step().empty
    assert [] == bench.source.asked


def test_of_two_debtors_the_one_nothing_is_known_of_waits() -> None:
    bench = Bench(2)

    def before(client_id: str) -> None:
        if client_id == "0":
            raise SourceBroken("half an answer")

    bench.source.before = before
    done = bench.step()
    assert ([number(1)], {NO_ANSWER: 1}) == (bench.line.placed, dict(done.refused))
    assert {} == bench.fates


def test_an_erp_that_contradicts_itself_closes_nothing_and_is_asked_anew() -> None:
    bench = Bench(2)
    kept = bench.source.bill_rows[0]
    bench.pay("b0", fate=Fate.OPEN)
    done = bench.step()
    assert ([number(1)], {NO_ANSWER: 1}) == (bench.line.placed, dict(done.refused))
    assert {} == bench.fates
    bench.source.bill_rows.append(kept)
    assert ["b0"] == bench.owed("0")
    bench.clock.move(minutes=10)
    bench.step()
    assert [number(1), number(0)] == bench.line.placed


# --- remembered for minutes -------------------------------------------------------------------------------


def asked_after(bench: Bench, **by: float) -> int:
    """How many questions the ERP was put when asked about client 0 now, and again after that time."""
    bench.owed("0")
    bench.clock.move(**by)
    bench.owed("0")
    return len(bench.source.asked)


@pytest.mark.parametrize(
    ("seconds", "questions"),
    [
        (0, 1),
        (299, 1),
        (300, 2),  # remembered for five minutes, the last instant not included
        (-5, 1),  # another thread asked a moment later than this one looked at its clock
        (-6, 2),  # the clock was put back: what was said in the future is not believed
    ],
)
def test_the_erp_is_asked_again_only_after_some_minutes(seconds: int, questions: int) -> None:
    assert questions == asked_after(Bench(), seconds=seconds)


def test_what_was_remembered_is_still_true_for_the_rest_of_the_minutes() -> None:
    bench = Bench()
    bench.pay("b0")
    assert ([], ["b1"]) == (bench.owed("0"), bench.owed("1"))
    assert ([], ["b1"]) == (bench.owed("0"), bench.owed("1"))
    assert ["0", "1"] == bench.source.asked


def test_no_answer_is_not_remembered() -> None:
    bench = Bench()
    bench.source.breaks = DOWN
    assert bench.owed("0") is None
    bench.source.breaks = None
    assert ["b0"] == bench.owed("0")


def test_an_answer_older_than_the_bills_stored_is_not_held_against_them() -> None:
    bench = Bench(1)
    bench.owed("0")
    bench.clock.move(minutes=1)
    bench.source.bill_rows.append(replace(bill(0, overdue=50), bill_id="late"))  # released only now
    bench.sync()
    assert ["b0", "late"] == bench.owed("0")
    assert {} == bench.fates
    assert 2 == len(bench.source.asked)


def test_an_answer_of_yesterday_is_not_held_against_bills_charged_from_today() -> None:
    bench = Bench(1)
    young = replace(bill(0, overdue=6), bill_id="young")
    bench.source.bill_rows.append(young)
    bench.clock.now = datetime.combine(TODAY, NOON.time(), NOON.tzinfo) + timedelta(hours=11, minutes=58)
    bench.sync()
    bench.owed("0")
    bench.clock.move(minutes=3)  # past midnight in São Paulo
    assert ["b0", "young"] == bench.owed("0")
    assert ({}, 2) == (bench.fates, len(bench.source.asked))


# --- many at once -----------------------------------------------------------------------------------------


def test_many_are_asked_side_by_side_and_no_more_than_a_few_at_a_time() -> None:
    bench = Bench(3 * AT_ONCE)
    mutex, now, most = threading.Lock(), [0], [0]
    together = threading.Barrier(AT_ONCE)  # passed only when so many are asked at one time

    def before(_: str) -> None:
        with mutex:
            now[0] += 1
            most[0] = max(most[0], now[0])
        together.wait(10)
        with mutex:
            now[0] -= 1

    bench.source.before = before
    assert 3 * AT_ONCE == bench.step().placed
    assert AT_ONCE == most[0]


def test_one_that_fails_slowly_does_not_lose_the_others() -> None:
    bench = Bench(2 * AT_ONCE)
    others, count = threading.Event(), iter(range(2 * AT_ONCE - 1))

    def before(client_id: str) -> None:
        if client_id == "3":
            assert others.wait(10)  # until all the others of the first few have been asked
            raise SourceUnavailable("timed out")
        if next(count) == AT_ONCE - 2:
            others.set()

    bench.source.before = before
    done = bench.step()
    assert (2 * AT_ONCE - 1, {NO_ANSWER: 1}) == (done.placed, dict(done.refused))
    assert number(3) not in bench.line.placed


def test_when_the_first_few_get_no_answer_the_others_are_not_asked_but_wait_as_well() -> None:
    bench = Bench(5 * AT_ONCE)
    bench.source.breaks = DOWN
    assert {NO_ANSWER: 5 * AT_ONCE} == dict(bench.step().refused)
    assert AT_ONCE == len(bench.source.asked)


def test_a_defect_of_ours_is_not_taken_for_a_silent_erp() -> None:
    bench = Bench(1)

    def before(_: str) -> None:
        raise TypeError("a defect")

    bench.source.before = before
    with pytest.raises(TypeError):
        bench.step()


@pytest.mark.parametrize("kind", [SourceUnavailable, SourceBroken])
def test_every_error_of_the_source_means_no_answer(kind: type[SourceError]) -> None:
    bench = Bench(1)
    bench.source.breaks = ("open_now", 0, kind("no"))
    assert bench.owed("0") is None
