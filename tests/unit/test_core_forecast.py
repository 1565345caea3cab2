"""A day reckoned ahead: known arithmetic, nothing lost, more room never calls fewer."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.enums import Answerer, LineResult, Result
from worker.core.forecast import GUESSED, Capacity, Day, Group, HourRow, Shares, measured, simulate

SLOTS = 288
ELEVEN_HOURS = sum(1 << slot for slot in range(96, 228))  # 08:00 to 19:00
MINUTE_CALLS = Shares(answered=0.5, persons=0.25, leaving=0.2, leaving_persons=0.2, seconds=60.0)
NEVER_AGAIN = replace(MINUTE_CALLS, leaving=1.0, leaving_persons=0.25)
FOUR_HOURS = 48
ROOM = Capacity(10, 5.0)


def group(
    rank: int = 0, tries: int = 3, ready: int = 96, hours: int = ELEVEN_HOURS, wait: int = FOUR_HOURS
) -> Group:
    return Group(rank, tries, ready, wait, hours)


def day_of(groups: dict[Group, int], room: Capacity = ROOM, shares: Shares = MINUTE_CALLS) -> Day:
    return simulate(groups, room, [shares] * SLOTS)


def test_ten_channels_and_calls_of_a_minute_carry_6600_calls_in_eleven_hours() -> None:
    day = day_of({group(): 100_000})
    assert pytest.approx(10 * 60 * 11) == day.calls
    assert pytest.approx(10.0) == max(slot.channels for slot in day.slots)
    assert pytest.approx(100_000 - day.called) == sum(day.uncalled.values())


def test_calls_per_second_bound_what_many_channels_could_carry() -> None:
    day = day_of({group(): 10**6}, Capacity(1000, 0.5))
    assert pytest.approx(0.5 * 3600 * 11) == day.calls


def test_few_debtors_are_called_at_once_and_again_after_the_gap_while_tries_are_left() -> None:
    day = day_of({group(): 40})
    busy = {slot: figures.calls for slot, figures in enumerate(day.slots) if figures.calls}
    assert [96, 144, 192] == list(busy)  # 08:00, 12:00, 16:00
    assert pytest.approx([40, 32, 25.6]) == list(busy.values())  # one in five leaves for the day
    assert pytest.approx([40, 57.6]) == [day.called, day.again]
    assert {} == day.uncalled


def test_a_third_call_does_not_fit_into_seven_hours_and_one_try_is_one_call() -> None:
    seven = sum(1 << slot for slot in range(96, 180))
    assert pytest.approx(10 * 1.8) == day_of({group(hours=seven): 10}).calls
    assert pytest.approx(10) == day_of({group(tries=1): 10}).calls


def test_a_debtor_reached_twice_is_reached_once() -> None:
    day = day_of({group(): 100}, shares=replace(MINUTE_CALLS, persons=0.5, leaving=0.0, leaving_persons=0.0))
    assert pytest.approx(150) == sum(slot.persons for slot in day.slots)
    assert pytest.approx(100 * (1 - 0.5**3)) == day.reached


def test_who_leaves_without_a_person_is_not_reached_later() -> None:
    day = day_of({group(tries=2): 100}, shares=Shares(0.3, 0.25, 0.5, 0.25, 60.0))
    assert pytest.approx(100 * 0.25 + 100 * 0.5 * 0.25) == day.reached


def test_the_front_of_the_queue_is_called_first_even_a_second_time() -> None:
    first, last = group(rank=0), group(rank=1)
    day = day_of({first: 6600, last: 6600})
    assert pytest.approx(day.called + day.again) == day.calls
    assert last in day.uncalled
    assert first not in {one for one, left in day.uncalled.items() if left > 3300}


def test_nobody_is_called_before_he_is_ready_nor_outside_his_hours() -> None:
    day = day_of({group(ready=150): 5, group(hours=0): 7, group(ready=999): 9}, shares=NEVER_AGAIN)
    assert [150] == [slot for slot, figures in enumerate(day.slots) if figures.calls]
    assert {group(hours=0): 7, group(ready=999): 9} == day.uncalled


def test_no_channel_no_call() -> None:
    day = day_of({group(): 5}, Capacity(0, 5.0))
    assert (0, {group(): 5}) == (day.calls, day.uncalled)


@pytest.mark.parametrize(
    ("capacity", "calls", "slowed"),
    [
        (Capacity(10, 5.0), 50, False),  # ten channels, a minute each, for five minutes
        (Capacity(10, 0.1), 30, True),
        (Capacity(10, 5.0, conversations=2), 20, False),  # half of the calls are answered: four at once
        (Capacity(10, 5.0, conversations=9), 50, False),
    ],
)
def test_a_slot_carries_what_channels_pace_and_conversations_leave(
    capacity: Capacity, calls: float, slowed: bool
) -> None:
    half = Shares(0.5, 0.5, 0.0, 0.0, 60.0)
    assert pytest.approx(calls) == capacity.calls(half)
    assert slowed is capacity.slowed(half)


def test_however_few_answer_no_more_than_five_are_rung_for_one_conversation() -> None:
    assert pytest.approx(25) == Capacity(10, 5.0, conversations=1).calls(Shares(0.01, 0.0, 0.0, 0.0, 60.0))


# --- properties --------------------------------------------------------------------------------------

WINDOWS = [(1 << 40) - (1 << 4), (1 << 20) - (1 << 4), (1 << 30) - (1 << 10), 0xFF | (1 << 40) - (1 << 25)]
GROUPS = st.dictionaries(
    st.builds(
        Group,
        rank=st.integers(0, 4),
        tries=st.integers(1, 3),
        ready=st.integers(0, 30),
        wait=st.integers(1, 12),
        hours=st.sampled_from(WINDOWS),
    ),
    st.integers(1, 400),
    max_size=12,
)
SHARES = st.builds(
    lambda person, extra, leaving, seconds: Shares(
        person, person, min(1.0, leaving * person + extra * (1 - person)), leaving * person, seconds
    ),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(0, 1),
    st.floats(5, 300),
)


@settings(max_examples=150, deadline=None)
@given(GROUPS, SHARES, st.integers(0, 60), st.floats(0.01, 3))
def test_nobody_is_lost_and_no_channel_is_used_twice(
    groups: dict[Group, int], shares: Shares, channels: int, per_second: float
) -> None:
    day = simulate(groups, Capacity(channels, per_second), [shares] * 44)
    debtors = sum(groups.values())
    assert pytest.approx(debtors, abs=1e-3) == day.called + sum(day.uncalled.values())
    assert pytest.approx(day.calls, abs=1e-6) == day.called + day.again
    assert -1e-6 <= day.reached <= day.called + 1e-6
    assert all(slot.channels <= channels + 1e-6 for slot in day.slots)
    assert all(slot.calls <= per_second * 300 + 1e-6 for slot in day.slots)
    assert day.calls <= sum(count * one.tries for one, count in groups.items()) + 1e-6


@settings(max_examples=200, deadline=None)
@given(GROUPS, SHARES, st.integers(0, 40), st.integers(1, 40))
def test_more_channels_never_call_fewer_debtors(
    groups: dict[Group, int], shares: Shares, channels: int, more: int
) -> None:
    few = simulate(groups, Capacity(channels, 50.0), [shares] * 44)
    many = simulate(groups, Capacity(channels + more, 50.0), [shares] * 44)
    assert few.called <= many.called + 1e-6


def test_the_same_day_is_reckoned_alike() -> None:
    groups = {group(rank=rank, ready=96 + rank): 50 + rank for rank in range(30)}
    backwards = dict(reversed(groups.items()))
    assert day_of(groups).slots == day_of(backwards).slots


# --- shares ------------------------------------------------------------------------------------------


def row(hour: int, calls: int, line: LineResult, who: Answerer, result: Result = Result.NONE) -> HourRow:
    return HourRow(hour, line, who, result, calls, calls * 20.0)


def test_fewer_than_200_outcomes_prove_nothing() -> None:
    rows = [row(15, 199, LineResult.ANSWERED, Answerer.HUMAN)]
    assert (GUESSED,) * 24 == measured(rows, timedelta(hours=-3))


def test_shares_are_those_of_the_local_hour_and_elsewhere_of_all() -> None:
    rows = [
        row(15, 60, LineResult.ANSWERED, Answerer.HUMAN, Result.PROMISE),
        row(15, 20, LineResult.ANSWERED, Answerer.MACHINE),
        row(15, 20, LineResult.INVALID_NUMBER, Answerer.NOBODY),
        row(1, 100, LineResult.BUSY, Answerer.NOBODY),
        row(2, 49, LineResult.ANSWERED, Answerer.HUMAN),
    ]
    found = measured(rows, timedelta(hours=-3))
    assert Shares(0.8, 0.6, 0.8, 0.6, 20.0) == found[12]
    assert Shares(0.0, 0.0, 0.0, 0.0, 20.0) == found[22]  # 01:00 UTC
    average = Shares(129 / 249, 109 / 249, 80 / 249, 60 / 249, 20.0)
    assert (average, average) == (found[23], found[9])  # 49 calls of one hour prove nothing either
