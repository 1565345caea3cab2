"""Instants: refuse those without a zone, and find the edges of a zone's local days."""

from datetime import UTC, date, datetime, time, tzinfo


def aware(instant: datetime) -> datetime:
    """The same instant in UTC. ValueError for a datetime without zone."""
    if instant.tzinfo is None or instant.utcoffset() is None:
        raise ValueError("a datetime without time zone is no instant")
    return instant.astimezone(UTC)


def local_day(instant: datetime, zone: tzinfo) -> date:
    """The calendar day there. ValueError for a datetime without zone."""
    return aware(instant).astimezone(zone).date()


def day_start(day: date, zone: tzinfo) -> datetime:
    """The first instant of that day there, in UTC; also where a change of clocks skips midnight."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)
