"""No instant outside the hours is ever allowed: against plain arithmetic over the YAML, apart from the code."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from worker import rulesfile
from worker.core import law
from worker.core.law import Hours, Place
from worker.core.tables import DDD_TO_UF, UF_ZONE
from worker.core.window import HORIZON_DAYS, CallWindow
from worker.settings import LEGAL_RULES


def made_up() -> dict[str, dict[str, Any]]:
    """A table that leaves most of the deciding to the instance, and in which states that share a code disagree."""
    plain = {"saturday": "00:00-24:00", "sunday": "00:00-24:00", "law": "", "sources": [], "sure": "house_rule"}
    loose = plain | {"weekdays": "00:00-24:00", "holidays": "open"}
    strict = plain | {"weekdays": "10:15-16:45", "sunday": None, "holidays": "closed"}
    return dict.fromkeys(UF_ZONE, loose) | dict.fromkeys(("SC", "DF", "BA"), strict)


WRITTEN: dict[str, dict[str, dict[str, Any]]] = {
    "shipped": yaml.safe_load(LEGAL_RULES.read_text(encoding="utf-8"))["states"],
    "made up": made_up(),
}
LAWS = {name: rulesfile.parse(yaml.safe_dump({"states": states})) for name, states in WRITTEN.items()}
TWO_STATES = {"42": ["PR", "SC"], "61": ["DF", "GO"]}
HOURS_BEHIND = {"AC": 5} | dict.fromkeys(("AM", "MT", "MS", "RO", "RR"), 4)  # UTC; all others: 3
FIXED = {(1, 1), (4, 21), (5, 1), (9, 7), (10, 12), (11, 2), (11, 15), (12, 25)}
FIRST, LAST = date(2010, 1, 1), date(2035, 12, 31)
# days easily got wrong: ends of years, leap days, clocks changed at midnight, holidays that move
EDGES = [
    *(date(year, month, day) for year in range(2016, 2034) for month, day in ((1, 1), (12, 31), (12, 30))),
    *(date(year, 2, 29) for year in range(2012, 2036, 4)),
    *(date(2017, 10, 15) + timedelta(days=ahead) for ahead in (-1, 0)),
    *(date(2018, 2, 17) + timedelta(days=ahead) for ahead in (0, 1)),
    *(date(2018, 11, 4) + timedelta(days=ahead) for ahead in (-1, 0)),
    *(date(2019, 2, 16) + timedelta(days=ahead) for ahead in (0, 1)),
    date(2026, 2, 17), date(2026, 4, 3), date(2026, 6, 4), date(2026, 7, 9), date(2026, 11, 20),
    date(2026, 11, 30),
]  # fmt: skip

Minutes = tuple[int, int] | None  # of the day, the end excluded


@dataclass(frozen=True)
class Case:
    """One instance and one client, in plain values."""

    ddd: str
    zone: str
    days: tuple[Minutes, ...]
    holidays: bool = True
    optional: bool = False
    state: str = ""
    closed: frozenset[date] = frozenset()
    cities: tuple[tuple[str, frozenset[date]], ...] = ()
    city: str = ""
    table: str = "shipped"

    @property
    def states(self) -> list[str]:
        return TWO_STATES.get(self.ddd, [DDD_TO_UF[self.ddd]])

    @property
    def place(self) -> Place:
        return Place(f"+55{self.ddd}987654321", self.city)

    @property
    def hours(self) -> Hours:
        spans = tuple(None if day is None else (clock(day[0]), clock(day[1])) for day in self.days)
        own = (self.state,) if self.state else ()
        window = CallWindow(ZoneInfo(self.zone), spans, self.closed, own if self.holidays else None, self.optional)
        return Hours(window, LAWS[self.table], {name.lower(): days for name, days in self.cities})


def clock(minutes: int) -> time:
    return time.max if minutes == 24 * 60 else time(*divmod(minutes, 60))


def easter(year: int) -> date:
    """The Gregorian rule (Meeus, Jones, Butcher)."""
    century, rest = divmod(year, 100)
    moon = (19 * (year % 19) + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (year % 19 + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)


def national(day: date) -> bool:
    awareness = (day.month, day.day) == (11, 20) and day.year >= 2024
    return (day.month, day.day) in FIXED or awareness or day == easter(day.year) - timedelta(days=2)


def by_custom(day: date) -> bool:
    """Carnaval's Monday and Tuesday, Ash Wednesday, Corpus Christi, 28 October, the two eves of December."""
    moving = (day - easter(day.year)).days in (-48, -47, -46, 60)
    return moving or (day.month, day.day) in {(10, 28), (12, 24), (12, 31)}


@cache
def of_state(state: str, year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("BR", subdiv=state, years=year, expand=False))


def on_holiday(day: date, states: list[str]) -> bool:
    return national(day) or any(day in of_state(state, day.year) for state in states)


def within(day: Minutes, local: datetime) -> bool:
    return day is not None and day[0] <= local.hour * 60 + local.minute < day[1]


def read(text: str | None) -> Minutes:
    if text is None:
        return None
    (start, end) = (60 * int(part[:2]) + int(part[3:]) for part in text.split("-"))
    return start, end


def allowed(case: Case, instant: datetime) -> bool:
    """All of it again, by arithmetic."""
    there = instant.astimezone(ZoneInfo(UF_ZONE[case.states[0]]))
    own_state = [case.state] if case.state else []
    for local, states in ((instant.astimezone(ZoneInfo(case.zone)), []), (there, case.states)):
        if not within(case.days[local.weekday()], local) or local.date() in case.closed:
            return False
        if case.holidays and on_holiday(local.date(), own_state + states):
            return False
        if case.optional and by_custom(local.date()):
            return False
    for state in case.states:
        rule = WRITTEN[case.table][state]
        key = {5: "saturday", 6: "sunday"}.get(there.weekday(), "weekdays")
        if not within(read(rule[key]), there):
            return False
        if rule["holidays"] == "closed" and on_holiday(there.date(), [state]):
            return False
    return not any(there.date() in days for name, days in case.cities if case.city in ("", name))


def said(case: Case, instant: datetime) -> bool:
    return all(verdict.allowed for verdict in law.verdicts(case.hours, case.place, instant))


QUARTERS = st.integers(0, 96).map(lambda quarter: quarter * 15)
SPANS = st.none() | st.tuples(QUARTERS, QUARTERS).filter(lambda pair: pair[0] < pair[1])
ALWAYS = ((0, 24 * 60),) * 7
USUAL = ((8 * 60, 19 * 60),) * 5 + ((8 * 60, 13 * 60), None)
DATES = st.dates(FIRST, LAST) | st.sampled_from(EDGES)
CITIES = st.lists(st.tuples(st.sampled_from(["Campinas", "Niterói", "Acre"]), st.frozensets(DATES)), max_size=2)
CASES = st.builds(
    Case,
    ddd=st.sampled_from(sorted(DDD_TO_UF)),
    zone=st.sampled_from(sorted({*UF_ZONE.values(), "America/Noronha"})),
    days=st.sampled_from([ALWAYS, USUAL]) | st.tuples(*[SPANS] * 7),
    holidays=st.booleans(),
    optional=st.booleans(),
    state=st.sampled_from(["", *sorted(UF_ZONE)]),
    closed=st.frozensets(DATES, max_size=2),
    cities=CITIES.map(tuple).filter(lambda found: len(dict(found)) == len(found)),
    city=st.sampled_from(["", "Campinas", "Manaus"]),
    table=st.sampled_from(sorted(WRITTEN)),
)
NIGHT = ((10, 180),) * 7  # begins in an hour that clocks have skipped
LATE = ((22 * 60, 23 * 60 + 30),) * 7  # ends in an hour that has come twice


@st.composite
def instants(draw: st.DrawFn) -> datetime:
    """Mostly near an edge of the hours, on some zone's clock; both times of an hour that comes twice."""
    edge = draw(st.sampled_from([0, 8, 9, 12, 13, 14, 18, 19, 20, 23])) * 60
    minutes = draw(st.sampled_from([edge]) | st.integers(0, 24 * 60 - 1))
    local = datetime.combine(draw(DATES), time(*divmod(minutes, 60)), ZoneInfo(draw(st.sampled_from(ZONES))))
    local = local.replace(fold=draw(st.sampled_from([0, 1])))
    return local.astimezone(UTC) + draw(st.sampled_from([timedelta(), -timedelta(microseconds=1)]))


ZONES = sorted(set(UF_ZONE.values()))


@settings(max_examples=400, deadline=None)
@given(CASES, instants())
@example(Case("21", "America/Sao_Paulo", ALWAYS, holidays=False), datetime(2026, 11, 18, 11, 59, tzinfo=UTC))
@example(Case("61", "America/Sao_Paulo", ALWAYS, holidays=False), datetime(2026, 10, 24, 15, tzinfo=UTC))  # Goiás
@example(
    Case("61", "America/Sao_Paulo", ALWAYS, holidays=False), datetime(2026, 11, 30, 15, tzinfo=UTC)
)  # Brasília
@example(Case("68", "America/Sao_Paulo", USUAL), datetime(2026, 11, 18, 12, 30, tzinfo=UTC))
def test_what_is_allowed_is_what_the_arithmetic_allows(case: Case, instant: datetime) -> None:
    assert allowed(case, instant) == said(case, instant)


@pytest.mark.parametrize("state", sorted(UF_ZONE))
def test_on_every_day_of_a_leap_year_each_state_opens_and_closes_to_the_microsecond(state: str) -> None:
    case = Case(
        next(ddd for ddd, uf in DDD_TO_UF.items() if uf == state), "America/Sao_Paulo", ALWAYS, holidays=False
    )
    hours, zone, tick = case.hours, ZoneInfo(UF_ZONE[state]), timedelta(microseconds=1)
    for ahead in range(366):
        for hour in (8, 9, 14, 19, 20):
            at = datetime.combine(date(2028, 1, 1) + timedelta(days=ahead), time(hour), zone).astimezone(UTC)
            for instant in (at - tick, at):
                got = all(one.allowed for one in law.verdicts(hours, case.place, instant))
                assert allowed(case, instant) == got, (state, instant)


@pytest.mark.parametrize("ddd", sorted(DDD_TO_UF))
def test_no_holiday_of_a_numbers_state_is_a_day_for_calls(ddd: str) -> None:
    """By the instance's switch where the table of laws does not ask for it, by the table where that is off."""
    by_switch = Case(ddd, "America/Sao_Paulo", ALWAYS, table="made up")
    by_law = Case(ddd, "America/Sao_Paulo", ALWAYS, holidays=False)
    zone = ZoneInfo(UF_ZONE[by_law.states[0]])
    days = [day for state in by_law.states for year in range(2024, 2030) for day in of_state(state, year)]
    assert len(days) > 50
    for day in days:
        noon = datetime.combine(day, time(12), zone)
        assert (False, False) == (said(by_switch, noon), said(by_law, noon)), day
    working = datetime(2026, 11, 18, 12, tzinfo=zone)
    assert (True, True) == (said(by_switch, working), said(by_law, working))


@pytest.mark.parametrize("state", sorted(UF_ZONE))
def test_each_state_has_its_own_clock(state: str) -> None:
    offset = datetime(2026, 6, 1, tzinfo=ZoneInfo(UF_ZONE[state])).utcoffset()
    assert -timedelta(hours=HOURS_BEHIND.get(state, 3)) == offset


@settings(max_examples=150, deadline=None)
@given(CASES, instants())
@example(Case("11", "America/Sao_Paulo", USUAL), datetime(2018, 11, 3, 23, tzinfo=UTC))
@example(Case("11", "America/Sao_Paulo", NIGHT, table="made up"), datetime(2018, 11, 3, 23, tzinfo=UTC))
@example(Case("11", "America/Sao_Paulo", LATE, table="made up"), datetime(2019, 2, 17, 1, 45, tzinfo=UTC))
@example(Case("11", "America/Sao_Paulo", USUAL), datetime(2026, 12, 31, 23, tzinfo=UTC))
def test_the_next_opening_is_the_first_instant_that_the_arithmetic_allows(case: Case, now: datetime) -> None:
    """All edges of hours, days and clocks fall on quarters of an hour: looking at each of them misses nothing."""
    opening = law.opening(case.hours, case.place, now)
    looked, end = now, opening or now + timedelta(days=HORIZON_DAYS)
    while looked < end:  # NIGHT alone begins at no quarter; there the clocks skip its beginning
        assert not allowed(case, looked)
        quarter = looked.replace(minute=looked.minute // 15 * 15, second=0, microsecond=0)
        looked = quarter + timedelta(minutes=15)
    assert opening is None or allowed(case, opening)
