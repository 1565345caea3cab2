"""The window: at what local times a debtor may be called, and why not now."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from worker.core.instant import aware, day_start

HORIZON_DAYS: Final = 60  # how far `next_open` looks
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CLOCK: Final = "%H:%M"
_TICK: Final = timedelta(seconds=1)

Span = tuple[time, time]  # the end excluded; time.max is 24:00


@dataclass(frozen=True)
class CallWindow:
    """Local times of day by weekday, Monday first; None: not that day."""

    zone: ZoneInfo
    days: tuple[Span | None, ...]
    closed: frozenset[date] = frozenset()  # city and company holidays
    holidays_of: tuple[str, ...] | None = ()  # national ones, and those of these states; None: they do not count
    optional: bool = False  # closed as well on days off by custom: Carnaval, Corpus Christi and their like

    def __post_init__(self) -> None:
        if len(self.days) != len(_DAYS):
            raise ValueError("a window has seven days, Monday first")


def is_open(window: CallWindow, now: datetime) -> bool:
    """ValueError for a datetime without zone."""
    return not why_closed(window, now)


def why_closed(window: CallWindow, now: datetime) -> str:
    """Empty when open, else one sentence. ValueError for a datetime without zone."""
    local = aware(now).astimezone(window.zone)
    span = window.days[local.weekday()]
    if span is None:
        return f"{_DAYS[local.weekday()]} is no day for calls"
    if local.date() in window.closed:
        return f"{local.date()} is closed by configuration"
    if holiday := holiday_name(window, local.date()):
        return f"{local.date()} is a holiday ({holiday})"
    start, end = span
    if not (start <= local.time() and (local.time() < end or end == time.max)):
        return (
            f"it is {local.strftime(_CLOCK)} in {window.zone.key}, calls are made from {span_text(span, ' to ')}"
        )
    return ""


def span_text(span: Span, between: str = "-") -> str:
    """08:00-19:00. The end of the day is 24:00."""
    start, end = span
    return f"{start.strftime(_CLOCK)}{between}{'24:00' if end == time.max else end.strftime(_CLOCK)}"


def next_open(window: CallWindow, now: datetime) -> datetime | None:
    """The first instant from `now` on at which it is open, in UTC; None when there is none within 60 days."""
    now = aware(now)
    if is_open(window, now):
        return now
    today = now.astimezone(window.zone).date()
    for ahead in range(HORIZON_DAYS + 1):
        day = today + timedelta(days=ahead)
        if span := window.days[day.weekday()]:
            for start in _beginnings(day, span[0], window.zone):
                if start > now and is_open(window, start):  # a holiday, or an hour the clocks skip, is not
                    return start
    return None


def _beginnings(day: date, start: time, zone: ZoneInfo) -> Iterator[datetime]:
    """In order, the instants of that day at which hours that begin at `start` can begin.

    One, but where clocks are changed: hours that begin in a skipped hour begin when it has been skipped, and hours
    may begin twice, or go on, in an hour that comes twice.
    """
    first = datetime.combine(day, start, zone)
    again = first.replace(fold=1)
    begin, end = day_start(day, zone), day_start(day + timedelta(days=1), zone)
    if _offset(begin - _TICK, zone) == _offset(end, zone):
        yield first.astimezone(UTC)
        return
    yield from sorted({first.astimezone(UTC), again.astimezone(UTC), _change(begin - _TICK, end, zone)})


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first instant with the offset of `after`, to the second."""
    late = _offset(after, zone)
    while after - before > _TICK:
        middle = before + ((after - before) // 2 // _TICK or 1) * _TICK
        if _offset(middle, zone) == late:
            after = middle
        else:
            before = middle
    return after


def _offset(instant: datetime, zone: ZoneInfo) -> timedelta | None:
    return instant.astimezone(zone).utcoffset()


def next_open_in_all(windows: Sequence[CallWindow], now: datetime) -> datetime | None:
    """As `next_open`, for the hours that several windows have in common."""
    start = at = aware(now)
    while at - start <= timedelta(days=HORIZON_DAYS):
        before = at
        for window in windows:
            opening = next_open(window, at)
            if opening is None:
                return None
            at = opening
        if at == before:
            return at
    return None


def holiday_name(window: CallWindow, day: date) -> str:
    """The holiday of that day in Portuguese, empty when it is none or holidays do not count.

    ValueError for a state that does not exist. Carnaval and Corpus Christi are optional by law: they count where a
    state made them public, else only by `CallWindow.optional`.
    """
    name = ""
    if window.holidays_of is not None:
        name = _public(window.holidays_of, day.year).get(day, "")
    if not name and window.optional:
        name = _named("", day.year, "optional").get(day, "")
    return name


@lru_cache(maxsize=256)
def _public(states: tuple[str, ...], year: int) -> dict[date, str]:
    """National holidays, and those of all these states."""
    found: dict[date, str] = {}
    for state in states:
        found |= _named(state, year, "public")
    return found | _named("", year, "public")


@lru_cache(maxsize=256)
def _named(state: str, year: int, category: str) -> dict[date, str]:
    try:
        found = holidays.country_holidays(
            "BR", subdiv=state or None, years=year, expand=False, language="pt_BR", categories=category
        )
    except NotImplementedError:
        raise ValueError(f"{state!r} is no Brazilian state") from None
    return dict(found)
