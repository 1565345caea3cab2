"""Pace, over-dial and turns on a shared trunk, as the dialling loop meets them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.world import NOON
from worker.core.enums import Answerer, Heard, LineResult, Origination, Result
from worker.core.records import TallyRow
from worker.jobs.pace import Overdial, Pace, Shares
from worker.store_ports import Outcomes, Store

# --- calls a second --------------------------------------------------------------------------------------


def placed_in(pace: Pace, now: list[float], seconds: int) -> int:
    """Calls placed in so many seconds by somebody who takes whatever is allowed, ten times a second."""
    before = pace.spent
    for _ in range(seconds * 10):
        now[0] += 0.1
        pace.spend(pace.allowance())
    return pace.spent - before


def test_without_a_ramp_the_pace_is_the_same_from_the_first_second() -> None:
    now = [50.0]
    pace = Pace(10, lambda: now[0])
    assert [pytest.approx(10, abs=1)] * 3 == [placed_in(pace, now, 1) for _ in range(3)]


def test_with_a_ramp_it_climbs_from_a_tenth() -> None:
    now = [50.0]
    pace = Pace(20, lambda: now[0], ramp_up=60)
    first, *_, last = [placed_in(pace, now, 10) for _ in range(7)]
    assert 20 <= first <= 50  # two to five a second
    assert pytest.approx(200, abs=3) == last


def test_a_pause_of_more_than_a_minute_begins_the_ramp_anew() -> None:
    now = [50.0]
    pace = Pace(20, lambda: now[0], ramp_up=60)
    placed_in(pace, now, 70)
    now[0] += 59.5
    assert pytest.approx(200, abs=25) == placed_in(pace, now, 10)  # not quite a minute is no pause
    now[0] += 60.5
    assert placed_in(pace, now, 10) <= 50


def test_the_ramp_begins_with_the_first_call_and_not_with_the_program() -> None:
    now = [50.0]
    pace = Pace(20, lambda: now[0], ramp_up=60)
    for _ in range(3600):  # nobody waits yet: the loop looks once a second
        now[0] += 1
        pace.allowance()
    assert placed_in(pace, now, 10) <= 50


@given(st.lists(st.tuples(st.floats(0, 5), st.integers(0, 9)), max_size=50), st.integers(0, 120))
def test_no_more_is_allowed_than_the_rate_whatever_the_ramp(steps: list[tuple[float, int]], ramp_up: int) -> None:
    now = [0.0]
    pace = Pace(4, lambda: now[0], ramp_up=ramp_up)
    for wait, taken in steps:
        now[0] += wait
        pace.spend(min(taken, pace.allowance()))
    assert pace.spent <= 4 * now[0] + 4


# --- over-dial -------------------------------------------------------------------------------------------


@dataclass
class Tally:
    """Outcomes of which only the counts are asked."""

    answered: int = 0
    busy: int = 0
    asked: list[tuple[datetime, datetime, str | None]] = field(default_factory=list)

    def tally(self, start: datetime, end: datetime, instance: str | None = None) -> list[TallyRow]:
        self.asked.append((start, end, instance))
        counts = {LineResult.ANSWERED: self.answered, LineResult.BUSY: self.busy}
        return [
            TallyRow(
                "fibra",
                Origination.ARI,
                line,
                Answerer.NOBODY,
                Heard.NOTHING,
                Result.NONE,
                n,
                0,
                float(Decimal(0)),
                0,
            )
            for line, n in counts.items()
        ]


def overdial(tally: Tally, channels: int = 30, conversations: int | None = 6) -> Overdial:
    class OnlyOutcomes:
        outcomes = cast("Outcomes", tally)

    return Overdial(cast("Store", OnlyOutcomes()), "fibra", channels, conversations)


def test_who_does_not_over_dial_measures_nothing() -> None:
    tally = Tally()
    assert (30, []) == (overdial(tally, conversations=None).wanted(NOON), tally.asked)


@pytest.mark.parametrize(
    ("answered", "busy", "expected"),
    [
        (0, 9, 6),  # too few calls to know
        (5, 5, 12),
        (20, 0, 6),
        (1, 99, 30),  # the floor
        (3, 7, 20),
    ],
)
def test_more_are_rung_the_fewer_answer(answered: int, busy: int, expected: int) -> None:
    assert expected == overdial(Tally(answered, busy)).wanted(NOON)


def test_never_more_than_the_channels() -> None:
    assert 8 == overdial(Tally(1, 99), channels=8).wanted(NOON)


def test_the_last_half_hour_of_this_instance_is_measured_every_ten_seconds() -> None:
    tally = Tally(5, 5)
    over = overdial(tally)
    for seconds in (0, 1, 9.9, 10, 19):
        over.wanted(NOON + timedelta(seconds=seconds))
    second = NOON + timedelta(seconds=10)
    half = timedelta(minutes=30)
    assert [(NOON - half, NOON, "fibra"), (second - half, second, "fibra")] == tally.asked


def test_after_the_clock_was_put_back_it_is_measured_at_once() -> None:
    tally = Tally(5, 5)
    over = overdial(tally)
    over.wanted(NOON)
    over.wanted(NOON - timedelta(hours=1))
    assert 2 == len(tally.asked)


# --- turns on a shared trunk -------------------------------------------------------------------------------


def test_two_who_want_all_of_a_trunk_get_half_each() -> None:
    shares = Shares(lambda: 0.0)
    assert 10 == shares.turn("a", 0, 10, 10)  # nobody else has asked yet
    assert 5 == shares.turn("b", 0, 10, 10)
    shares.took("b", 0, 5, 5)
    assert 5 == shares.turn("a", 0, 10, 10)
    shares.took("a", 0, 5, 5)
    assert (0, 0) == (shares.turn("a", 5, 5, 10), shares.turn("b", 5, 5, 10))


def test_what_one_does_not_want_the_other_gets() -> None:
    shares = Shares(lambda: 0.0)
    shares.turn("a", 0, 10, 10)
    shares.took("a", 0, 2, 0)  # two debtors were all it had
    assert 8 == shares.turn("b", 0, 10, 10)


def test_one_channel_goes_round() -> None:
    shares, served = Shares(lambda: 0.0), list[str]()
    for name in "abc":
        shares.turn(name, 0, 1, 0)
    for _ in range(9):
        for name in "abc":
            if shares.turn(name, 0, 1, 1):
                served.append(name)
                shares.took(name, 0, 1, 1)  # its call ends before anybody asks again
                shares.turn(name, 0, 1, 0)
    assert {"a": 9, "b": 9, "c": 9} == {name: served.count(name) for name in "abc"}


def test_who_leaves_or_is_not_heard_of_for_ten_seconds_keeps_nothing() -> None:
    now = [0.0]
    shares = Shares(lambda: now[0])
    shares.turn("a", 0, 10, 10)
    shares.turn("b", 0, 10, 10)
    shares.leave("a")
    assert 10 == shares.turn("b", 0, 10, 10)
    shares.turn("a", 0, 10, 10)
    now[0] = 10.0
    assert 5 == shares.turn("b", 0, 10, 10)
    now[0] = 10.1
    assert 10 == shares.turn("b", 0, 10, 10)


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=80),
    st.integers(1, 12),
)
def test_however_they_take_turns_the_trunk_is_never_passed(
    turns: list[tuple[str, int, int]], carries: int
) -> None:
    shares, flying = Shares(lambda: 0.0), dict.fromkeys("abc", 0)
    for name, more, ended in turns:
        flying[name] = max(0, flying[name] - ended)
        granted = shares.turn(name, flying[name], more, carries)
        shares.took(name, flying[name], granted, more - granted)
        flying[name] += granted
        assert sum(flying.values()) <= carries
