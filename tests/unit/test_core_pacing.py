"""Pacing: ramp, over-dial, batches and fair shares, each as a pure decision."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.pacing import Asks, Batches, answered_share, fair_shares, in_flight_wanted, ramped

SAO_PAULO = ZoneInfo("America/Sao_Paulo")


@pytest.mark.parametrize(
    ("seconds", "ramp_up", "expected"),
    [
        (0, 0, 10.0),  # no ramp
        (0, 60, 1.0),  # a tenth
        (-5, 60, 1.0),  # a clock that stood still
        (30, 60, 5.5),
        (60, 60, 10.0),
        (600, 60, 10.0),
    ],
)
def test_the_rate_climbs_in_a_straight_line_from_a_tenth(seconds: float, ramp_up: float, expected: float) -> None:
    assert pytest.approx(expected) == ramped(10.0, seconds, ramp_up)


@given(st.floats(0.1, 500), st.floats(0, 4000), st.floats(0, 4000), st.floats(0, 3600))
def test_the_rate_never_falls_while_it_climbs_nor_passes_what_is_configured(
    rate: float, one: float, other: float, ramp_up: float
) -> None:
    early, late = sorted((one, other))
    assert 0 < ramped(rate, early, ramp_up) <= ramped(rate, late, ramp_up) * (1 + 1e-9)
    assert ramped(rate, late, ramp_up) <= rate


@pytest.mark.parametrize(
    ("answered", "calls", "expected"),
    [
        (0, 0, 1.0),
        (0, 9, 1.0),  # too few to know
        (0, 10, 0.2),  # the floor
        (3, 10, 0.3),
        (10, 10, 1.0),
    ],
)
def test_the_answered_share_is_believed_from_ten_calls_on_and_has_a_floor(
    answered: int, calls: int, expected: float
) -> None:
    assert expected == answered_share(answered, calls)


@pytest.mark.parametrize(
    ("channels", "conversations", "share", "expected"),
    [
        (30, None, 0.2, 30),  # not wanted: the channels
        (30, 4, 1.0, 4),
        (30, 4, 0.8, 5),
        (30, 4, 0.3, 13),
        (30, 4, 0.2, 20),
        (30, 10, 0.2, 30),  # never beyond the channels
        (3, 10, 1.0, 3),
    ],
)
def test_as_many_are_rung_as_the_answer_rate_says_and_no_more_than_there_are_channels(
    channels: int, conversations: int | None, share: float, expected: int
) -> None:
    assert expected == in_flight_wanted(channels, conversations, share)


# --- batches ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "at", "begun", "following"),
    [
        (20, "10:00:00", "10:00", "10:20"),  # the instant itself belongs to the batch
        (20, "10:19:59", "10:00", "10:20"),
        (20, "10:20:00", "10:20", "10:40"),
        (20, "10:59:59", "10:40", "11:00"),
        (7, "10:58:00", "10:56", "11:00"),  # aligned to the hour, whatever is left of it
        (60, "10:30:00", "10:00", "11:00"),
        (90, "10:30:00", "10:30", "12:00"),  # longer than an hour: counted from midnight
        (240, "03:59:00", "00:00", "04:00"),
    ],
)
def test_batches_are_aligned_to_the_hour(minutes: int, at: str, begun: str, following: str) -> None:
    batches = Batches(minutes, SAO_PAULO)
    now = datetime.fromisoformat(f"2026-11-18T{at}").replace(tzinfo=SAO_PAULO).astimezone(UTC)
    shown = [one.astimezone(SAO_PAULO).strftime("%H:%M") for one in (batches.begun(now), batches.next(now))]
    assert [begun, following] == shown


def test_batches_are_aligned_to_the_hour_of_a_zone_that_is_half_an_hour_off() -> None:
    now = datetime(2026, 11, 18, 10, 10, tzinfo=UTC)  # 15:40 in Kolkata
    assert datetime(2026, 11, 18, 9, 30, tzinfo=UTC) == Batches(60, ZoneInfo("Asia/Kolkata")).begun(now)


def test_a_clock_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        Batches(20, SAO_PAULO).begun(datetime(2026, 11, 18, 10, 0))  # noqa: DTZ001  that is the test


@given(
    st.integers(1, 240),
    st.datetimes(datetime(2015, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_now_lies_in_its_batch_and_the_next_is_never_far(minutes: int, now: datetime) -> None:
    batches = Batches(minutes, SAO_PAULO)
    assert batches.begun(now) <= now < batches.next(now) <= now + timedelta(minutes=minutes)


# --- shares ----------------------------------------------------------------------------------------------

ASKS = st.dictionaries(
    st.sampled_from("abcdef"), st.builds(Asks, st.integers(0, 40), st.integers(0, 60)), max_size=6
)


@pytest.mark.parametrize(
    ("free", "asks", "expected"),
    [
        (10, {"a": (0, 20), "b": (0, 20)}, {"a": 5, "b": 5}),
        (10, {"a": (0, 3), "b": (0, 20)}, {"a": 3, "b": 7}),  # what one leaves goes to the other
        (4, {"a": (6, 20), "b": (0, 20)}, {"a": 0, "b": 4}),  # who has more waits
        (1, {"a": (0, 1), "b": (0, 1)}, {"a": 1, "b": 0}),  # of equals the first
        (0, {"a": (0, 1)}, {"a": 0}),
        (-3, {"a": (0, 1)}, {"a": 0}),  # others took more than was left
        (5, {"a": (0, -1)}, {"a": 0}),
    ],
)
def test_channels_are_shared_fairly(free: int, asks: dict[str, tuple[int, int]], expected: dict[str, int]) -> None:
    assert expected == fair_shares(free, {name: Asks(*one) for name, one in asks.items()})


@given(st.integers(-5, 120), ASKS)
def test_no_more_is_shared_than_is_free_and_nothing_wanted_is_left_lying(free: int, asks: dict[str, Asks]) -> None:
    granted = fair_shares(free, asks)
    assert all(0 <= granted[name] <= one.more for name, one in asks.items())
    assert min(max(0, free), sum(one.more for one in asks.values())) == sum(granted.values())


@given(st.integers(0, 120), ASKS)
def test_nobody_can_be_given_more_without_taking_it_from_somebody_no_richer(
    free: int, asks: dict[str, Asks]
) -> None:
    granted = fair_shares(free, asks)
    has = {name: one.in_flight + granted[name] for name, one in asks.items()}
    unsatisfied = [name for name, one in asks.items() if granted[name] < one.more]
    givers = [name for name in asks if granted[name]]
    assert all(has[giver] <= has[name] + 1 for name in unsatisfied for giver in givers)


@pytest.mark.parametrize("free", [1, 2, 3, 4, 5])
def test_nobody_starves_where_the_one_served_longest_ago_is_named_first(free: int) -> None:
    order, served = ["a", "b", "c"], dict.fromkeys("abc", 0)
    for _ in range(9):  # calls end between the rounds
        for name, count in fair_shares(free, {one: Asks(0, 5) for one in order}).items():
            served[name] += count
            if count:
                order.remove(name)
                order.append(name)
    assert min(served.values()) >= 3
