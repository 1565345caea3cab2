"""When dialling is held back: pauses, storms, and the lines that Anatel draws."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core import brakes
from worker.core.brakes import ALL, Brake, BrakeKind, BrakeRules, CallCount, Endings, Sum, Trouble
from worker.core.enums import LineResult

NOW = datetime(2026, 3, 10, 15, 0, tzinfo=UTC)
ZONE = ZoneInfo("America/Sao_Paulo")
TODAY = date(2026, 3, 10)
TOMORROW = datetime(2026, 3, 11, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
RULES = BrakeRules()
HAND = Brake("fibra", BrakeKind.BY_HAND, "the trunk is being repaired", NOW, set_by="ana@pbx")
STORM = Brake("fibra", BrakeKind.CONGESTION, "congested", NOW, NOW + 15 * MINUTE)
OURS, OTHER = "+551133330000", "+551133330001"


def endings(line: LineResult, calls: int, cause: int | None = None, caller_id: str = OURS) -> Endings:
    return Endings(caller_id, line, cause, calls)


GOOD = endings(LineResult.ANSWERED, 8, 16)


@pytest.mark.parametrize(
    ("brake", "instance", "after", "held"),
    [
        (HAND, "fibra", timedelta(days=99), True),  # until a person ends it
        (HAND, "radio", timedelta(), False),  # another instance
        (replace(HAND, instance=ALL), "radio", timedelta(), True),
        (STORM, "fibra", 15 * MINUTE - timedelta(microseconds=1), True),
        (STORM, "fibra", 15 * MINUTE, False),  # its end is not part of it
        (STORM, "fibra", timedelta(hours=-1), True),  # the clock was set back: in doubt nobody is called
    ],
)
def test_a_brake_holds_its_instance_until_it_ends(
    brake: Brake, instance: str, after: timedelta, held: bool
) -> None:
    assert held == bool(brakes.why_braked([brake], instance, NOW + after))


def test_a_persons_pause_is_told_first_with_who_and_why() -> None:
    assert (
        "paused by ana@pbx since 2026-03-10 15:00 UTC: the trunk is being repaired; `collector resume` ends it"
        == brakes.why_braked([STORM, HAND], "fibra", NOW)
    )
    assert (
        "paused by itself since 2026-03-10 15:00 UTC until 2026-03-10 15:15 UTC: congested; "
        "`collector resume` ends it"
    ) == brakes.why_braked([STORM], "fibra", NOW)
    assert brakes.told(replace(HAND, hang_up=True)).startswith("paused, calls hung up, by ana@pbx since")
    everything = [STORM, replace(HAND, instance=ALL), HAND]
    assert [everything[1], HAND, STORM] == brakes.holding(everything, "fibra", NOW)


def test_set_again_a_brake_keeps_its_beginning_unless_it_had_ended() -> None:
    later = replace(STORM, since=NOW + MINUTE, reason="worse", until=NOW + 16 * MINUTE)
    assert later == brakes.renewed(None, later, NOW + MINUTE)
    assert replace(later, since=NOW) == brakes.renewed(STORM, later, NOW + MINUTE)
    assert replace(later, since=NOW, hang_up=True) == brakes.renewed(replace(STORM, hang_up=True), later, NOW)
    late = replace(later, since=NOW + 15 * MINUTE)
    assert late == brakes.renewed(replace(STORM, hang_up=True), late, NOW + 15 * MINUTE)


def test_calls_before_the_end_of_the_last_pause_start_no_new_storm() -> None:
    now = NOW + 20 * MINUTE
    assert now - 10 * MINUTE == brakes.counted_from([], "fibra", RULES, now)
    assert NOW + 15 * MINUTE == brakes.counted_from([STORM], "fibra", RULES, now)
    assert now - 10 * MINUTE == brakes.counted_from([STORM], "radio", RULES, now)
    assert now - 10 * MINUTE == brakes.counted_from([replace(STORM, until=None)], "fibra", RULES, now)
    assert now - 10 * MINUTE == brakes.counted_from([replace(STORM, until=NOW)], "fibra", RULES, now)
    by_hand = replace(HAND, until=NOW + 19 * MINUTE)
    assert now - 10 * MINUTE == brakes.counted_from([by_hand], "fibra", RULES, now)
    still = replace(STORM, until=now + MINUTE)
    assert now - 10 * MINUTE == brakes.counted_from([still], "fibra", RULES, now)


def test_a_storm_of_cause_21_names_the_caller_id_that_is_refused_most() -> None:
    rows = [
        endings(LineResult.REJECTED, 3, 21, OTHER),
        endings(LineResult.REJECTED, 9, 21),
        GOOD,
    ]
    assert Trouble(
        BrakeKind.REJECTION,
        f"the trunk rejects the caller id {OURS}: 12 of 20 calls in 10 minutes were rejected with cause 21; "
        "ask the provider which numbers it accepts and correct caller_id",
        NOW + 15 * MINUTE,
    ) == brakes.storm(rows, RULES, NOW)


def test_a_caller_id_nobody_wrote_down_is_named_unknown() -> None:
    found = brakes.storm([endings(LineResult.REJECTED, 20, 21, "")], RULES, NOW)
    assert found is not None
    assert "the caller id (unknown):" in found.reason


def test_rejections_of_another_cause_accuse_no_caller_id() -> None:
    rows = [endings(LineResult.REJECTED, 10, None), endings(LineResult.REJECTED, 10, 21)]  # half is not most
    found = brakes.storm(rows, RULES, NOW)
    assert found is not None
    assert "20 of 20 calls in 10 minutes were rejected; ask the provider why" == found.reason


def test_a_storm_of_congestion_tells_its_causes() -> None:
    rows = [endings(LineResult.CONGESTION, 7, 42), endings(LineResult.CONGESTION, 5, 34), GOOD]
    found = brakes.storm(rows, replace(RULES, pause=None), NOW)
    advice = "lower dialling.channels or trunk.channels, or ask the provider"
    says = f"12 of 20 calls in 10 minutes met congestion (cause 34, 42); {advice}"
    assert Trouble(BrakeKind.CONGESTION, says, None) == found
    found = brakes.storm([endings(LineResult.CONGESTION, 20)], RULES, NOW)
    assert found is not None
    assert f"20 of 20 calls in 10 minutes met congestion; {advice}" == found.reason


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [endings(LineResult.CONGESTION, 19, 34)],  # too few calls
        [endings(LineResult.CONGESTION, 11, 34), endings(LineResult.BUSY, 9, 17)],  # 55 %
        [endings(LineResult.REJECTED, 11, 21), endings(LineResult.CONGESTION, 9, 34)],  # neither by itself
        [endings(LineResult.FAILED, 40, 38)],  # not what storms are made of
    ],
)
def test_what_is_no_storm(rows: list[Endings]) -> None:
    assert None is brakes.storm(rows, RULES, NOW)


@given(bad=st.integers(0, 400), good=st.integers(0, 400), least=st.integers(5, 100), percent=st.integers(10, 100))
def test_a_storm_is_exactly_enough_calls_and_enough_bad_ones(
    bad: int, good: int, least: int, percent: int
) -> None:
    rows = [endings(LineResult.CONGESTION, bad, 34), endings(LineResult.ANSWERED, good, 16)]
    found = brakes.storm(rows, replace(RULES, storm_calls=least, storm_percent=percent), NOW)
    assert (bad + good >= least and 100 * bad >= percent * (bad + good)) == bool(found)


def day(
    calls: int, short: int, *, instance: str = "fibra", trunk: str = "local/OUT_1", on: date = TODAY
) -> CallCount:
    return CallCount(on, instance, trunk, OURS, calls, short, calls - short)


def near(*month: CallCount, rules: BrakeRules = RULES, now: datetime = NOW) -> list[Trouble]:
    return brakes.near_lines("fibra", month, rules, now, ZONE)


@pytest.mark.parametrize(
    ("calls", "short", "held"),
    [
        (95_000, 76_713, True),  # 0.95 of 100,000 calls, 0.95 of 0.85 of them: 76,712.5
        (94_999, 94_999, False),  # too few calls for the line
        (95_000, 76_712, False),  # too few of them short
        (400_000, 100_000, False),
    ],
)
def test_near_anatels_line_of_short_calls_it_brakes_until_tomorrow(calls: int, short: int, held: bool) -> None:
    found = near(day(calls, short))
    assert held == bool(found)
    if held:
        reason = (
            "instance fibra: 76713 of 95000 calls today were short; from 100000 calls and 85% on Anatel has the "
            "lines blocked for 15 days"
        )
        assert [Trouble(BrakeKind.SHORT_CALLS, reason, TOMORROW)] == found


def test_yesterdays_calls_and_other_providers_are_not_this_days() -> None:
    yesterday = day(100_000, 100_000, on=TODAY - timedelta(days=1))
    assert [] == near(yesterday, day(10, 10))
    assert [] == near(day(10, 10), day(100_000, 100_000, instance="radio", trunk="local/OUT_2"))
    assert [] == near()


def test_whoever_shares_the_provider_is_counted_together_also_on_another_pbx() -> None:
    (found,) = near(day(50_000, 45_000), day(50_000, 45_000, instance="radio", trunk="second/OUT_1"))
    assert found.reason.startswith("provider OUT_1: 90000 of 100000 calls today were short")
    assert [] == near(day(50_000, 45_000, trunk=""), day(50_000, 45_000, instance="radio", trunk=""))


def test_midnight_is_that_of_the_zone() -> None:
    before = datetime(2026, 3, 11, 2, 59, tzinfo=UTC)
    assert 1 == len(near(day(100_000, 100_000), now=before))
    assert [] == near(day(100_000, 100_000), now=TOMORROW)


def test_near_the_large_callers_line_there_is_an_alarm_and_a_brake_only_if_configured() -> None:
    month = [day(237_500, 0, on=TODAY - timedelta(days=9)), day(237_500, 0)]
    reason = (
        "475000 calls this month through the provider OUT_1; above 500000 Anatel asks a caller to authenticate "
        "all calls (Origem Verificada)"
    )
    end = datetime(2026, 4, 1, 3, 0, tzinfo=UTC)
    assert [Trouble(BrakeKind.CALLS_PER_MONTH, reason, end, brake=False)] == near(*month)
    stop = replace(RULES, stop_at_calls_per_month=True)
    assert [Trouble(BrakeKind.CALLS_PER_MONTH, reason, end)] == near(*month, rules=stop)
    assert [] == near(month[0], day(237_499, 0))
    assert [] == near(day(1, 0), day(500_000, 0, instance="radio", trunk="local/OUT_2"))
    (unnamed,) = near(day(500_000, 0, trunk=""))
    assert "provider (unknown)" in unnamed.reason


def test_what_a_person_has_ended_is_not_put_on_again_that_day_or_month() -> None:
    short = Trouble(BrakeKind.SHORT_CALLS, "so", TOMORROW)
    ended = Brake("fibra", BrakeKind.SHORT_CALLS, "so", NOW - MINUTE, until=NOW)
    assert brakes.overruled(short, ended, NOW, ZONE)
    assert not brakes.overruled(short, None, NOW, ZONE)
    assert not brakes.overruled(short, replace(ended, until=TOMORROW), NOW, ZONE)  # it holds still
    assert not brakes.overruled(short, ended, NOW + timedelta(days=1), ZONE)
    month = Trouble(BrakeKind.CALLS_PER_MONTH, "so", None)
    by_month = replace(ended, kind=BrakeKind.CALLS_PER_MONTH)
    assert brakes.overruled(month, by_month, NOW + timedelta(days=20), ZONE)
    assert not brakes.overruled(month, by_month, NOW + timedelta(days=22), ZONE)
    assert not brakes.overruled(month, by_month, NOW + timedelta(days=365), ZONE)
    again = Trouble(BrakeKind.CONGESTION, "so", None)
    assert not brakes.overruled(again, replace(STORM, until=NOW), NOW, ZONE)  # a storm comes anew


def test_sums_by_provider_and_their_ratio() -> None:
    rows = [day(10, 5), day(30, 30, trunk="second/OUT_1"), day(1, 0, trunk="")]
    assert {"": Sum(1, 0, 1), "OUT_1": Sum(40, 35, 5)} == brakes.by_provider(rows)
    assert (0.875, None) == (Sum(40, 35, 5).short_ratio, Sum().short_ratio)
