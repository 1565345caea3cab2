"""What the law of a number's state, the holidays of its place and the instance's own hours leave open."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from worker.core import window
from worker.core.instant import aware
from worker.core.naming import fold
from worker.core.tables import STATES, UF_ZONE, state_of, zone_of
from worker.core.verdict import Verdict
from worker.core.window import CallWindow, Span, next_open, why_closed

Sure = Literal["confirmed", "single_source", "house_rule"]


@dataclass(frozen=True, slots=True)
class StateRule:
    """The hours of one state, on the clock of its numbers. Monday first; None: not that day."""

    state: str  # UF
    days: tuple[Span | None, ...]
    law: str  # "Lei 7.868/2018"; empty: none was found, which does not mean that there is none
    sources: tuple[str, ...]  # where that is written
    sure: Sure
    holidays: bool = True  # closed on national and state holidays
    note: str = ""

    @property
    def basis(self) -> str:
        """RJ: Lei 7.868/2018"""
        return f"{self.state}: {self.law or 'house rule, no law was found'}"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call goes, as far as rules care."""

    number: str
    city: str = ""  # the client's, as the ERP has it; empty: not known


@dataclass(frozen=True, eq=False)
class Law:
    """Rules by state (UF). A state without one is closed: nothing is known of it."""

    states: Mapping[str, StateRule] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Hours:
    """When one instance may call whom: its own window, the law, and the holidays of cities.

    Compared by identity, so that what follows from it can be remembered; nothing in it may be changed.
    """

    window: CallWindow
    law: Law | None = None  # None: the law is not asked (tests)
    cities: Mapping[str, frozenset[date]] = field(default_factory=dict)  # `city_key` of a city -> closed days


@dataclass(frozen=True, slots=True)
class _Asked:
    """One window that must be open, the rule it stands for, and where that comes from."""

    rule: str
    window: CallWindow
    basis: str = ""


WINDOW_RULES: Final = ("window", "number_window", "state_law", "city_holiday")
# Area codes of two states: Porto União (SC) shares 42 with Paraná, the towns of Goiás around Brasília share 61
# with the Distrito Federal (exceptions of Anatel's, says institutotelecom.com.br). Their clocks are the same.
_ALSO_SERVED: Final = {"42": ("SC",), "61": ("GO",)}
_ANY_TIME: Final = ((time.min, time.max),) * 7
_REMEMBERED: Final = 8192  # area codes and cities of some instances; and what was said of them at this instant


def states_of(number: str) -> tuple[str, ...]:
    """All states in which an E.164 number may live, its own first. ValueError when it is not Brazilian."""
    return (state_of(number), *_ALSO_SERVED.get(number[3:5], ()))


def city_key(name: str) -> str:
    """What names of cities are compared by: no case nor accents, and no state behind: Campinas/SP is campinas."""
    words = fold(name).split()
    if len(words) > 1 and words[-1].upper() in STATES:
        words.pop()
    return " ".join(words)


def windows(hours: Hours, place: Place) -> dict[str, CallWindow]:
    """All windows that must be open together, by the rule they stand for. ValueError as `states_of`."""
    return {one.rule: one.window for one in _asked(hours, _area(place), place.city)}


def verdicts(hours: Hours, place: Place, now: datetime) -> list[Verdict]:
    """One for each window. ValueError: `now` without zone, or as `states_of`."""
    return list(_verdicts(hours, _area(place), place.city, aware(now)))


def opening(hours: Hours, place: Place, start: datetime) -> datetime | None:
    """The first instant from `start` on at which all windows are open; None when there is none in sight."""
    return _opening(hours, _area(place), place.city, aware(start))


def state_window(law: Law, states: Iterable[str], zone: ZoneInfo) -> CallWindow:
    """What the rules of all these states leave open together; nothing, when one of them has no rule."""
    rules = [law.states.get(state) for state in states]
    known = [rule for rule in rules if rule]
    if not known or len(known) < len(rules):
        return CallWindow(zone, (None,) * 7)
    days = tuple(_common(spans) for spans in zip(*(rule.days for rule in known), strict=True))
    strict = tuple(rule.state for rule in known if rule.holidays)
    return CallWindow(zone, days, holidays_of=strict or None)


def today(law: Law, state: str, now: datetime) -> str:
    """What the rule of a state says now of calls to its numbers, in one sentence."""
    rule = law.states.get(state)
    if rule is None:
        return f"calls to {state} may not be made: there is no rule for it"
    zone = ZoneInfo(UF_ZONE[state])
    there = state_window(law, (state,), zone)
    if reason := why_closed(there, now):
        return f"calls to {state} may not be made now: {reason} ({rule.basis})"
    span = there.days[aware(now).astimezone(zone).weekday()]
    hours = window.span_text(span) if span else ""  # there is one: it is open
    return f"calls to {state} may be made {hours} today ({rule.basis})"


def _area(place: Place) -> str:
    """+5511: all that hours depend on."""
    return place.number[:5]


def _common(spans: Iterable[Span | None]) -> Span | None:
    start, end = time.min, time.max
    for span in spans:
        if span is None:
            return None
        start, end = max(start, span[0]), min(end, span[1])
    return (start, end) if start < end else None


@lru_cache(_REMEMBERED)
def _asked(hours: Hours, area: str, city: str) -> tuple[_Asked, ...]:
    zone, states = zone_of(area), states_of(area)
    own = hours.window
    there = None if own.holidays_of is None else (*own.holidays_of, *states)
    asked = [_Asked("window", own), _Asked("number_window", replace(own, zone=zone, holidays_of=there))]
    if hours.law is not None:
        known = hours.law.states
        basis = "; ".join(known[one].basis if one in known else f"no rule of {one} is known" for one in states)
        asked.append(_Asked("state_law", state_window(hours.law, states, zone), basis))
    if hours.cities:
        asked.append(_in_city(hours.cities, zone, city))
    return tuple(asked)


def _in_city(cities: Mapping[str, frozenset[date]], zone: ZoneInfo, city: str) -> _Asked:
    """A client whose city is not known is taken to live in all that have holidays."""
    key = city_key(city)
    closed = cities.get(key, frozenset()) if key else frozenset().union(*cities.values())
    basis = city if key else "the client's city is not known: the days of every city count"
    return _Asked("city_holiday", CallWindow(zone, _ANY_TIME, closed, holidays_of=None), basis)


@lru_cache(_REMEMBERED)
def _verdicts(hours: Hours, area: str, city: str, now: datetime) -> tuple[Verdict, ...]:
    """`now` in UTC: two instants of an hour that comes twice are equal in their own zone."""
    return tuple(_verdict(one, now) for one in _asked(hours, area, city))


def _verdict(asked: _Asked, now: datetime) -> Verdict:
    basis = f" ({asked.basis})" if asked.basis else ""
    if reason := why_closed(asked.window, now):
        return Verdict(asked.rule, False, reason + basis, next_open(asked.window, now))
    local = now.astimezone(asked.window.zone)
    detail = f"open, it is {local:%Y-%m-%d %H:%M} in {asked.window.zone.key}{basis}"
    return Verdict(asked.rule, True, detail, None)


@lru_cache(_REMEMBERED)
def _opening(hours: Hours, area: str, city: str, start: datetime) -> datetime | None:
    return window.next_open_in_all([one.window for one in _asked(hours, area, city)], start)
