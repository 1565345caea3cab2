"""The window: hours, weekdays, holidays, zones and changes of clocks."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.instant import day_start, local_day
from worker.core.window import (
    CallWindow,
    Span,
    holiday_name,
    is_open,
    next_open,
    next_open_in_all,
    why_closed,
)

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
ACRE = ZoneInfo("America/Rio_Branco")
WORK, HALF = (time(8), time(19)), (time(8), time(13))
USUAL = CallWindow(SAO_PAULO, (WORK, WORK, WORK, WORK, WORK, HALF, None))


def at(text: str, zone: ZoneInfo = SAO_PAULO) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def spans() -> st.SearchStrategy[Span | None]:
    minutes = st.integers(0, 23 * 60 + 58)
    pairs = st.tuples(minutes, minutes).filter(lambda pair: pair[0] < pair[1])
    return st.none() | pairs.map(lambda pair: (time(*divmod(pair[0], 60)), time(*divmod(pair[1], 60))))


WINDOWS = st.builds(
    CallWindow,
    zone=st.sampled_from(["America/Sao_Paulo", "America/Rio_Branco", "America/Cuiaba"]).map(ZoneInfo),
    days=st.tuples(*[spans() for _ in range(7)]),
    closed=st.frozensets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=5),
    holidays_of=st.sampled_from([None, (), ("SP",), ("DF", "GO")]),
    optional=st.booleans(),
)
SUMMER = st.datetimes(datetime(2018, 10, 1), datetime(2019, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001
NOWADAYS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
INSTANTS = SUMMER | NOWADAYS  # the last summer in which clocks were changed, and without


@pytest.mark.parametrize(
    ("reason", "now"),
    [
        ("", "2026-11-19 08:00:00"),  # the start belongs to the window
        ("", "2026-11-19 18:59:59.999999"),
        ("it is 19:00 in America/Sao_Paulo, calls are made from 08:00 to 19:00", "2026-11-19 19:00:00"),
        ("it is 07:59 in America/Sao_Paulo, calls are made from 08:00 to 19:00", "2026-11-19 07:59:59"),
        ("", "2026-11-21 12:59:00"),  # Saturday
        ("it is 13:00 in America/Sao_Paulo, calls are made from 08:00 to 13:00", "2026-11-21 13:00:00"),
        ("Sunday is no day for calls", "2026-11-22 10:00:00"),
        ("2026-11-20 is a holiday (Dia Nacional de Zumbi e da Consciência Negra)", "2026-11-20 10:00:00"),
        ("2026-12-25 is a holiday (Natal)", "2026-12-25 10:00:00"),
        ("", "2026-02-17 10:00:00"),  # Carnaval is optional by law
        ("", "2026-07-09 10:00:00"),  # a holiday of São Paulo state only
    ],
)
def test_it_is_open_at_the_hours_of_the_day_and_says_why_not(reason: str, now: str) -> None:
    assert reason == why_closed(USUAL, at(now))
    assert (reason == "") == is_open(USUAL, at(now))


@pytest.mark.parametrize(
    ("name", "states", "day"),
    [
        ("Revolução Constitucionalista", ("SP",), date(2026, 7, 9)),
        ("", (), date(2026, 7, 9)),
        ("Natal", ("SP",), date(2026, 12, 25)),
        ("Natal", (), date(2027, 12, 25)),
        ("", None, date(2026, 12, 25)),  # holidays do not count
        ("Carnaval", ("RJ",), date(2026, 2, 17)),  # public there
        ("Pedra fundamental de Goiânia", ("DF", "GO"), date(2026, 10, 24)),
        ("Dia do Evangélico", ("DF", "GO"), date(2026, 11, 30)),
        ("", ("GO",), date(2026, 11, 30)),
    ],
)
def test_holidays_are_national_or_those_of_the_states_too(
    name: str, states: tuple[str, ...] | None, day: date
) -> None:
    assert name == holiday_name(replace(USUAL, holidays_of=states), day)


@pytest.mark.parametrize("public", [(), None])  # whether or not holidays count
@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("Carnaval", date(2026, 2, 16)),
        ("Carnaval", date(2026, 2, 17)),
        ("Quarta-feira de Cinzas", date(2026, 2, 18)),
        ("Corpus Christi", date(2026, 6, 4)),
        ("Dia do Servidor Público", date(2026, 10, 28)),
        ("Véspera de Natal", date(2026, 12, 24)),
        ("Véspera de Ano-Novo", date(2026, 12, 31)),
        ("", date(2026, 2, 19)),
    ],
)
def test_days_off_by_custom_count_by_a_switch_of_their_own(name: str, day: date, public: tuple[()] | None) -> None:
    assert "" == holiday_name(replace(USUAL, holidays_of=public), day)
    assert name == holiday_name(replace(USUAL, holidays_of=public, optional=True), day)


def test_the_end_of_the_day_belongs_to_hours_that_end_at_24() -> None:
    all_day = CallWindow(SAO_PAULO, ((time(0), time.max),) * 7, holidays_of=None)
    assert is_open(all_day, at("2026-11-19 23:59:59.999999"))
    assert "it is 00:30 in America/Sao_Paulo, calls are made from 12:00 to 24:00" == why_closed(
        replace(all_day, days=((time(12), time.max),) * 7), at("2026-11-19 00:30")
    )


def test_a_state_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="'XX' is no Brazilian state"):
        holiday_name(replace(USUAL, holidays_of=("XX",)), date(2026, 1, 1))


def test_a_day_closed_by_configuration_is_closed() -> None:
    window = replace(USUAL, closed=frozenset({date(2026, 12, 24)}))
    assert "2026-12-24 is closed by configuration" == why_closed(window, at("2026-12-24 10:00"))


def test_the_hours_are_those_of_the_windows_own_zone() -> None:
    acre = replace(USUAL, zone=ACRE)
    assert is_open(USUAL, at("2026-11-19 08:00"))
    assert not is_open(acre, at("2026-11-19 08:00"))  # 06:00 there
    assert is_open(acre, at("2026-11-19 08:00", ACRE))


def test_the_weekday_is_that_of_the_windows_own_zone() -> None:
    everyday = CallWindow(ACRE, ((time(0), time(23, 59)),) * 5 + (None, None))
    assert is_open(everyday, at("2026-11-14 01:30"))  # Saturday in São Paulo, still Friday 23:30 in Acre


@pytest.mark.parametrize(
    ("opening", "now"),
    [
        ("2026-11-19 10:00", "2026-11-19 10:00"),  # open already
        ("2026-11-19 08:00", "2026-11-19 03:00"),  # later this day
        ("2026-11-21 08:00", "2026-11-19 19:00"),  # Friday 20 is a holiday
        ("2026-11-23 08:00", "2026-11-21 13:00"),  # over Sunday
    ],
)
def test_the_next_opening_skips_what_is_closed(opening: str, now: str) -> None:
    assert at(opening) == next_open(USUAL, at(now))


def test_there_is_no_opening_when_no_day_has_hours() -> None:
    assert None is next_open(CallWindow(SAO_PAULO, (None,) * 7), at("2026-11-19 10:00"))


def test_the_search_ends_after_sixty_days() -> None:
    now = at("2026-11-19 20:00")
    closed = frozenset(now.date() + timedelta(days=ahead) for ahead in range(61))
    assert None is next_open(replace(USUAL, closed=closed), now)
    assert at("2027-01-18 08:00") == next_open(replace(USUAL, closed=closed - {date(2027, 1, 18)}), now)


@settings(deadline=None)  # the machine may be busy
@given(WINDOWS, INSTANTS)
def test_the_next_opening_is_open_and_nothing_before_it_is(window: CallWindow, now: datetime) -> None:
    opening = next_open(window, now)
    if opening is None:
        assert not is_open(window, now)
        return
    assert UTC is opening.tzinfo
    assert is_open(window, opening)
    before = now
    while before < opening:
        assert not is_open(window, before)
        before += timedelta(hours=3, minutes=17)
    assert opening == now or not is_open(window, opening - timedelta(microseconds=1))


@settings(deadline=None)  # the machine may be busy
@given(WINDOWS, WINDOWS, INSTANTS)
def test_the_common_opening_is_open_in_both(one: CallWindow, other: CallWindow, now: datetime) -> None:
    opening = next_open_in_all([one, other], now)
    if opening is not None:
        assert is_open(one, opening)
        assert is_open(other, opening)
        assert opening >= now


def test_the_common_opening_is_the_later_of_two_clocks() -> None:
    both = [USUAL, replace(USUAL, zone=ACRE)]
    assert at("2026-11-19 10:00") == next_open_in_all(both, at("2026-11-19 03:00"))
    assert at("2026-11-21 10:00") == next_open_in_all(both, at("2026-11-19 19:00"))  # the 20th is a holiday


def test_windows_without_a_common_hour_have_no_common_opening() -> None:
    morning = CallWindow(SAO_PAULO, ((time(8), time(12)),) * 7)
    evening = CallWindow(SAO_PAULO, ((time(12), time(18)),) * 7)
    never = CallWindow(SAO_PAULO, (None,) * 7)
    assert None is next_open_in_all([morning, evening], at("2026-11-19 03:00"))
    assert None is next_open_in_all([morning, never], at("2026-11-19 03:00"))


def test_hours_follow_the_clocks_when_they_change() -> None:
    # Brazil's last summer time: from 4 November 2018 to 16 February 2019, changed at midnight.
    every_day = CallWindow(SAO_PAULO, (WORK,) * 7, holidays_of=None)
    assert datetime(2018, 11, 3, 11, tzinfo=UTC) == next_open(every_day, at("2018-11-03 01:00"))
    assert datetime(2018, 11, 4, 10, tzinfo=UTC) == next_open(every_day, at("2018-11-04 01:00"))
    assert datetime(2019, 2, 17, 11, tzinfo=UTC) == next_open(every_day, at("2019-02-17 01:00"))


def test_an_opening_in_an_hour_that_the_clocks_skip_is_no_opening() -> None:
    early = CallWindow(SAO_PAULO, ((time(0, 10), time(0, 40)),) * 7, holidays_of=None)
    assert at("2018-11-05 00:10") == next_open(early, at("2018-11-03 23:00"))


def test_hours_that_begin_in_an_hour_that_the_clocks_skip_begin_when_it_has_been_skipped() -> None:
    early = CallWindow(SAO_PAULO, ((time(0, 10), time(3)),) * 7, holidays_of=None)
    assert at("2018-11-04 01:00") == next_open(early, at("2018-11-03 23:00"))


@pytest.mark.parametrize(
    ("expected", "now", "hours"),
    [
        (
            datetime(2019, 2, 17, 2, 10, tzinfo=UTC),
            datetime(2019, 2, 17, 1, 55, tzinfo=UTC),
            (time(23, 10), time(23, 50)),
        ),
        (
            datetime(2019, 2, 17, 2, 0, tzinfo=UTC),
            datetime(2019, 2, 17, 1, 45, tzinfo=UTC),
            (time(22), time(23, 30)),
        ),
    ],
)
def test_hours_within_an_hour_that_comes_twice_open_twice(expected: datetime, now: datetime, hours: Span) -> None:
    late = CallWindow(SAO_PAULO, (hours,) * 7, holidays_of=None)
    assert not is_open(late, now)
    assert expected == next_open(late, now)


@pytest.mark.parametrize("function", [is_open, why_closed, next_open])
def test_a_datetime_without_zone_is_refused(function: Callable[[CallWindow, datetime], object]) -> None:
    with pytest.raises(ValueError, match="without time zone"):
        function(USUAL, datetime(2026, 11, 19, 10))  # noqa: DTZ001


def test_a_window_has_seven_days() -> None:
    with pytest.raises(ValueError, match="seven days"):
        CallWindow(SAO_PAULO, (WORK,))


@pytest.mark.parametrize(
    ("start", "day"),
    [
        (datetime(2026, 11, 20, 3, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2018, 11, 4, 3, tzinfo=UTC), date(2018, 11, 4)),  # midnight was skipped: the day began at 01:00
        (datetime(2019, 2, 17, 3, tzinfo=UTC), date(2019, 2, 17)),  # 23:00 to 24:00 of the day before came twice
    ],
)
def test_a_local_day_begins_at_its_first_instant(start: datetime, day: date) -> None:
    assert start == day_start(day, SAO_PAULO)
    assert day == local_day(start, SAO_PAULO)
    assert day - timedelta(days=1) == local_day(start - timedelta(microseconds=1), SAO_PAULO)
