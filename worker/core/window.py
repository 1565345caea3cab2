"""The window: at what local times a debtor may be called, and why not now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

import holidays

from worker.core.instant import aware

HORIZON_DAYS: Final = 60  # how far `next_open` looks
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CLOCK: Final = "%H:%M"

Span = tuple[time, time]  # the end excluded


@dataclass(frozen=True)
class CallWindow:
    """Local times of day by weekday, Monday first; None: not that day."""

    zone: ZoneInfo
    days: tuple[Span | None, ...]
    closed: frozenset[date] = frozenset()  # city and company holidays
    holidays_of: str | None = ""  # "": national holidays, "SP": that state's too, None: holidays do not count

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
    if not start <= local.time() < end:
        hours = f"{start.strftime(_CLOCK)} to {end.strftime(_CLOCK)}"
        return f"it is {local.strftime(_CLOCK)} in {window.zone.key}, calls are made from {hours}"
    return ""


def next_open(window: CallWindow, now: datetime) -> datetime | None:
    """The first instant from `now` on at which it is open, in UTC; None when there is none within 60 days."""
    now = aware(now)
    if is_open(window, now):
        return now
    today = now.astimezone(window.zone).date()
    for ahead in range(HORIZON_DAYS + 1):
        day = today + timedelta(days=ahead)
        span = window.days[day.weekday()]
        if span is None:
            continue
        start = datetime.combine(day, span[0], window.zone).astimezone(UTC)
        if start > now and is_open(window, start):  # a holiday, or an hour the clocks skip, is not
            return start
    return None


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
    """The public holiday of that day in Portuguese, empty when it is none or holidays do not count.

    ValueError for a state that does not exist. Carnaval and Corpus Christi are optional by law and do not count,
    except where a state made them public.
    """
    if window.holidays_of is None:
        return ""
    return _holidays(window.holidays_of, day.year).get(day, "")


@lru_cache(maxsize=256)
def _holidays(state: str, year: int) -> dict[date, str]:
    try:
        found = holidays.country_holidays(
            "BR", subdiv=state or None, years=year, expand=False, language="pt_BR", categories="public"
        )
    except NotImplementedError:
        raise ValueError(f"{state!r} is no Brazilian state") from None
    return dict(found)
