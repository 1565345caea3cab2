"""Who is called first: by oldest debt, amount or score, by the hour in which people answer, by hand."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.priority import (
    MOST,
    Order,
    Place,
    Ranking,
    Reached,
    Rings,
    alike,
    bumped_turn,
    explain_turn,
    factor,
    good_now,
    level,
    rings,
    turn,
)

TODAY = date(2026, 11, 21)
OLDEST, AMOUNT, SCORE = Ranking(), Ranking(Order.AMOUNT), Ranking(Order.SCORE)
BEST = Ranking(best_hour=True)
ANA = "+5511987654321"
DAYS = st.dates(date(2015, 1, 1), TODAY)
TOTALS = st.decimals(Decimal("0.01"), Decimal("9999999999.99"), places=2)
HOURS = st.integers(0, 23)
REACHED = st.builds(Reached, st.integers(0, 2), st.none() | HOURS)


def placed(ranking: Ranking, days: int, total: str, hour: int = 10, reached: Reached = Reached()) -> int:  # noqa: B008 - frozen
    return turn(TODAY - timedelta(days=days), Decimal(total), ranking, TODAY, hour, reached)


@pytest.mark.parametrize(
    ("ranking", "first", "second"),
    [
        (OLDEST, (31, "1.00"), (30, "900.00")),  # the older, whatever it comes to
        (AMOUNT, (8, "100.01"), (300, "100.00")),  # one centavo more
        (SCORE, (20, "100.00"), (30, "66.00")),  # 2000 against 1980
        (SCORE, (30, "67.00"), (20, "100.00")),
        (SCORE, (0, "101.00"), (1, "100.00")),  # due today counts as one day
    ],
)
def test_who_comes_first_by_age_by_amount_and_by_both(
    ranking: Ranking, first: tuple[int, str], second: tuple[int, str]
) -> None:
    assert placed(ranking, *first) < placed(ranking, *second)


def test_the_default_turn_is_the_day_of_the_oldest_debt() -> None:
    assert date(2026, 10, 1).toordinal() == turn(date(2026, 10, 1), Decimal(5), OLDEST, TODAY, 3)


@pytest.mark.parametrize(
    ("times", "last", "hour"),
    [(4, 18, 18), (2, 18, 17), (2, 18, 19), (1, 18, 16), (2, 23, 0), (2, 0, 23), (1, None, 18)],
)
def test_the_score_counts_more_near_the_hour_in_which_a_person_last_answered(
    times: int, last: int | None, hour: int
) -> None:
    assert times == factor(last, hour)
    assert placed(SCORE, 10, "10.00", hour, Reached(0, last)) == times * placed(SCORE, 10, "10.00", hour)


@given(DAYS, TOTALS, REACHED, DAYS, TOTALS, st.sampled_from(Order), HOURS)
def test_a_better_hour_outweighs_any_debt_and_a_bump_outweighs_both(
    due: date, total: Decimal, reached: Reached, other_due: date, other_total: Decimal, order: Order, hour: int
) -> None:
    ranking = Ranking(order, best_hour=True)
    better = Reached(min(2, reached.level + 1), reached.last_hour)
    mine = turn(due, total, ranking, TODAY, hour, better)
    his = turn(other_due, other_total, ranking, TODAY, hour, Reached(better.level - 1))
    assert mine < his
    assert bumped_turn(datetime(2100, 1, 1, tzinfo=UTC)) < mine
    assert abs(mine) < 2**63


def test_without_best_hour_the_level_counts_nothing() -> None:
    assert placed(AMOUNT, 9, "5.00") == placed(AMOUNT, 9, "5.00", reached=Reached(2, 10))
    assert placed(OLDEST, 9, "5.00") - MOST == placed(BEST, 9, "5.00", reached=Reached(1))


def test_who_was_bumped_first_comes_first_and_an_instant_needs_a_zone() -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert bumped_turn(now) < bumped_turn(now + timedelta(microseconds=1)) < placed(BEST, 3650, "1.00")
    with pytest.raises(ValueError, match="time zone"):
        bumped_turn(datetime(2026, 11, 21))  # noqa: DTZ001 - the point of it


def test_hours_are_those_of_the_instances_clock() -> None:
    acre = Ranking(zone=ZoneInfo("America/Rio_Branco"))
    now = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
    assert 21 == acre.hour(now, now)
    assert timedelta(hours=-5) == acre.offset(now)


@pytest.mark.parametrize(
    ("expected", "answered_in", "hour"),
    [
        (2, {10}, 10),  # this number, in this hour
        (0, {10}, 11),  # answered, but in another: numbers like it no longer matter
        (1, set(), 11),  # never answered: numbers like it do now
    ],
)
def test_a_number_is_judged_by_itself_else_by_numbers_like_it(
    expected: int, answered_in: set[int], hour: int
) -> None:
    assert expected == level(ANA, answered_in, {alike(ANA)}, hour)
    assert 0 == level(ANA, set(), {"+5511/13"}, hour)


def test_numbers_are_alike_by_area_code_and_kind() -> None:
    assert alike(ANA) == alike("+5511999999999")
    assert alike(ANA) not in (alike("+5521987654321"), alike("+551133334444"))


@pytest.mark.parametrize(
    ("good", "at_ten", "at_eleven"),
    [
        (True, (10, 5), (10, 2)),  # more than on the average
        (True, (10, 3), (10, 3)),  # exactly as on the average
        (False, (10, 2), (10, 5)),
        (False, (10, 0), (10, 0)),  # nobody ever
        (False, (10, 5), (9, 2)),  # too few calls to say anything
    ],
)
def test_an_hour_is_good_when_persons_answer_as_often_as_on_the_average(
    good: bool, at_ten: tuple[int, int], at_eleven: tuple[int, int]
) -> None:
    seen = Rings({10: at_ten[0], 11: at_eleven[0]}, {10: at_ten[1], 11: at_eleven[1]})
    assert good == ("x" in good_now({"x": seen}, 10))


@given(st.lists(st.tuples(HOURS, st.booleans())))
def test_counting_by_hour_loses_no_call(history: list[tuple[int, bool]]) -> None:
    seen = rings(history)
    assert len(history) == sum(seen.calls.values())
    assert sum(person for _, person in history) == sum(seen.persons.values())
    assert {hour for hour, person in history if person} == seen.answered_in


OWN = Rings({18: 5, 9: 4, 10: 2}, {18: 4, 9: 1})
LIKE = Rings({18: 100, 11: 50}, {18: 9, 11: 20})


NOW_GOOD, NOW_NOT = "now, 18 h, is a good one", "now, 18 h, is none of them"


@pytest.mark.parametrize(
    ("told", "place", "ranking"),
    [
        (["place in the queue: 17 of 3012, by oldest debt"], Place(16, 3012, own={ANA: OWN}), OLDEST),
        (["place in the queue: 1 of 3012, put first by hand"], Place(0, 3012, bumped=True), AMOUNT),
        (
            [
                "place in the queue: 2 of 9, by oldest debt",
                "best hours of this number: 18 h (4 of 5), 9 h (1 of 4)",
                NOW_GOOD,
            ],
            Place(1, 9, own={ANA: OWN}, like={alike(ANA): LIKE}),
            BEST,
        ),
        (
            [
                "place in the queue: 2 of 9, by score",
                "best hours of numbers like it: 11 h (20 of 50), 18 h (9 of 100)",
                NOW_NOT,
            ],
            Place(1, 9, like={alike(ANA): LIKE}),
            SCORE,
        ),
        (
            ["place in the queue: 2 of 9, by oldest debt", "best hours of numbers like it: none known", NOW_NOT],
            Place(1, 9),
            BEST,
        ),
    ],
)
def test_the_place_is_explained_in_one_sentence(told: list[str], place: Place, ranking: Ranking) -> None:
    assert "; ".join(told) == explain_turn(place, ANA, ranking, 18)
