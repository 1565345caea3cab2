"""The ledger's rule: never more often than the cap, never sooner than the gap, whatever the clock does."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.instant import local_day
from worker.core.ledger import give_back, may_try, take
from worker.core.model import LedgerRow, LedgerRules, NotNow
from worker.core.tables import zone_of

NUMBER = "+5511987654321"
ACRE = "+5568987654321"
RULES = LedgerRules()
TODAY = date(2026, 11, 19)
NOW = datetime(2026, 11, 19, 15, 0, tzinfo=UTC)  # noon in São Paulo
MIDNIGHT = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)


def row(day: date | None = None, tries: int = 0, last: datetime | None = None, number: str = NUMBER) -> LedgerRow:
    return LedgerRow(number, day, tries, last)


def asked(before: LedgerRow, rules: LedgerRules, now: datetime, today: date) -> NotNow | None:
    return may_try(before, rules, now, today, zone_of(before.who))


def hours_ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


@pytest.mark.parametrize(
    "before",
    [
        row(),  # never tried
        row(TODAY, 0),  # given back
        row(TODAY, 2, hours_ago(4)),  # exactly the gap ago
        row(TODAY - timedelta(days=1), 3, hours_ago(16)),  # yesterday does not count
        row(date(2020, 1, 1), 99, hours_ago(9999)),
    ],
)
def test_a_number_may_be_tried_below_cap_and_beyond_gap(before: LedgerRow) -> None:
    assert None is asked(before, RULES, NOW, TODAY)


@pytest.mark.parametrize(
    ("reason", "until", "before"),
    [
        ("3 of 3 tries used on 2026-11-19", MIDNIGHT, row(TODAY, 3, hours_ago(5))),
        ("4 of 3 tries used on 2026-11-19", MIDNIGHT, row(TODAY, 4, hours_ago(5))),  # the cap was lowered
        ("tried less than 4 h ago", hours_ago(-0.5), row(TODAY, 1, hours_ago(3.5))),
        # the gap holds over midnight too
        ("tried less than 4 h ago", hours_ago(-0.5), row(date(2026, 11, 18), 1, hours_ago(3.5))),
        # a clock was set back: the last try lies ahead
        ("tried less than 4 h ago", hours_ago(-6), row(TODAY, 1, hours_ago(-2))),
        # the day counted lies ahead, with tries left, and with none
        (
            "the last try counts for 2026-11-20, later than today (2026-11-19)",
            MIDNIGHT,
            row(date(2026, 11, 20), 1),
        ),
        (
            "the last try counts for 2026-11-20, later than today (2026-11-19)",
            MIDNIGHT + timedelta(days=1),
            row(date(2026, 11, 20), 3),
        ),
        # cap and gap: the cap's reason, the later of both instants
        ("3 of 3 tries used on 2026-11-19", MIDNIGHT, row(TODAY, 3, hours_ago(1))),
        ("3 of 3 tries used on 2026-11-19", hours_ago(-14), row(TODAY, 3, hours_ago(-10))),
    ],
)
def test_a_refusal_says_why_and_until_when(reason: str, until: datetime, before: LedgerRow) -> None:
    assert NotNow(reason, until) == asked(before, RULES, NOW, TODAY)
    assert None is take(before, RULES, NOW, TODAY)


def test_midnight_is_that_of_the_numbers_own_zone() -> None:
    refused = asked(row(TODAY, 3, number=ACRE), RULES, NOW, TODAY)
    assert refused == NotNow("3 of 3 tries used on 2026-11-19", datetime(2026, 11, 20, 5, 0, tzinfo=UTC))


def test_a_try_is_counted_and_a_new_day_counts_anew() -> None:
    assert row(TODAY, 1, NOW) == take(row(), RULES, NOW, TODAY)
    assert row(TODAY, 3, NOW) == take(row(TODAY, 2, hours_ago(4)), RULES, NOW, TODAY)
    expected = replace(row(TODAY, 1, NOW), earlier=(3, 0, 0, 0, 0, 0))
    assert expected == take(row(date(2026, 11, 18), 3, hours_ago(20)), RULES, NOW, TODAY)


def test_a_datetime_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without time zone"):
        asked(row(TODAY, 1, NOW), RULES, NOW.replace(tzinfo=None), TODAY)


def test_a_try_given_back_leaves_the_row_as_it_was_unless_it_was_taken_again() -> None:
    before = row(TODAY, 1, hours_ago(8))
    once = take(before, RULES, hours_ago(4), TODAY)
    assert once is not None
    twice = take(once, RULES, NOW, TODAY)
    assert twice is not None
    assert before == give_back(once, before)
    assert twice == give_back(twice, before)


def test_a_try_of_another_number_cannot_be_given_back() -> None:
    with pytest.raises(ValueError, match="two numbers"):
        give_back(row(TODAY, 1, NOW), row(number=ACRE))


NUMBERS = st.sampled_from([NUMBER, ACRE])
ALL_RULES = st.builds(
    LedgerRules,
    per_day=st.integers(1, 10),
    gap=st.integers(0, 30 * 60).map(lambda minutes: timedelta(minutes=minutes)),
)
DAYS = st.dates(date(2026, 11, 16), date(2026, 11, 22))
INSTANTS = st.datetimes(datetime(2026, 11, 17), datetime(2026, 11, 21), timezones=st.just(UTC))  # noqa: DTZ001
ROWS = st.builds(LedgerRow, NUMBERS, st.none() | DAYS, st.integers(0, 11), st.none() | INSTANTS).map(
    lambda one: one if one.day else replace(one, tries=0)
)


@settings(deadline=None)  # the machine may be busy
@given(ROWS, ALL_RULES, INSTANTS)
def test_the_rule_is_that_of_the_guarded_update(before: LedgerRow, rules: LedgerRules, now: datetime) -> None:
    today = local_day(now, zone_of(before.who))
    by_day = before.day is None or before.day < today or (before.day == today and before.tries < rules.per_day)
    by_gap = before.last_try_at is None or before.last_try_at <= now - rules.gap
    after = take(before, rules, now, today)
    assert (by_day and by_gap) == (after is not None)
    if after:
        assert before == give_back(after, before)
        assert (before.who, today, now) == (after.who, after.day, after.last_try_at)
        assert after.tries == (before.tries if before.day == today else 0) + 1


@settings(deadline=None)  # the machine may be busy
@given(ROWS, ALL_RULES, INSTANTS)
def test_until_is_the_first_instant_at_which_it_is_allowed(
    before: LedgerRow, rules: LedgerRules, now: datetime
) -> None:
    zone = zone_of(before.who)
    refused = asked(before, rules, now, local_day(now, zone))
    if refused is None:
        return
    assert refused.until is not None
    assert refused.until > now
    just_before = refused.until - timedelta(microseconds=1)
    assert None is asked(before, rules, refused.until, local_day(refused.until, zone))
    assert None is not asked(before, rules, just_before, local_day(just_before, zone))


@settings(deadline=None)  # the machine may be busy
@given(
    NUMBERS,
    ALL_RULES,
    st.lists(st.integers(-300, 900).map(lambda minutes: timedelta(minutes=minutes)), max_size=60),
)
def test_no_history_breaks_cap_or_gap_even_when_the_clock_jumps_back(
    number: str, rules: LedgerRules, steps: list[timedelta]
) -> None:
    zone, now, ledger = zone_of(number), NOW, LedgerRow(number)
    tried: list[datetime] = []
    for step in steps:
        now += step
        after = take(ledger, rules, now, local_day(now, zone))
        if after:
            ledger = after
            tried.append(now)
    days = [local_day(instant, zone) for instant in tried]
    assert all(days.count(day) <= rules.per_day for day in days)
    assert all(later - earlier >= rules.gap for earlier, later in pairwise(tried))


@given(
    st.lists(st.integers(0, 3), min_size=7, max_size=7),
    st.integers(-400, 400),
    st.integers(1, 7),
    st.integers(1, 12),
)
def test_a_week_that_is_full_is_free_again_some_day_whatever_the_clock_did(
    tries: list[int], days: int, per_week: int, per_day: int
) -> None:
    """A row of a day to come: the clock was set back since."""
    before = LedgerRow(NUMBER, TODAY + timedelta(days=days), tries[0], None, tuple(tries[1:]))
    rules = LedgerRules(per_day=per_day, per_week=per_week)
    refusal = asked(before, rules, NOW, TODAY)
    if refusal is not None:
        assert refusal.until is not None
        assert refusal.until > NOW
        assert asked(before, rules, refusal.until, local_day(refusal.until, zone_of(NUMBER))) is None
