"""The ledger's rule: how often and how soon a number, and a debtor on all his numbers, may be tried again.

The store takes both by guarded UPDATEs (sql/queries: take_ledger); this is the same rule as a function.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from worker.core.instant import aware, day_start
from worker.core.model import LedgerRow, LedgerRules, NotNow

WEEK: Final = 7  # days of the rolling cap: today and the six before it


def debtor_key(instance: str, client_id: str, document: str | None) -> str:
    """Who it is, whatever the number: by CPF or CNPJ, so that two instances know the same person as one."""
    return f"d:{document}" if document else f"c:{instance}:{client_id}"


def may_try(row: LedgerRow, rules: LedgerRules, now: datetime, local_day: date, zone: ZoneInfo) -> NotNow | None:
    """None when it may be tried now; else why not, and the earliest instant at which it may be.

    `local_day` is today in `zone`, where the number lives. ValueError: no zone in `now`.
    """
    asked = (
        cap(row, rules, local_day, zone),
        week(row, rules, local_day, zone),
        gap(row, rules, now),
        quiet(row, now),
    )
    refusals = [refusal for refusal in asked if refusal]
    if not refusals:
        return None
    return NotNow(refusals[0].reason, max(refusal.until for refusal in refusals if refusal.until))


def cap(row: LedgerRow, rules: LedgerRules, local_day: date, zone: ZoneInfo) -> NotNow | None:
    """The daily cap alone. A day later than today (a clock was set back) does not start the count anew."""
    if row.day is None or row.day < local_day:
        return None
    full = row.tries >= rules.per_day
    if row.day == local_day and not full:
        return None
    free_again = row.day + timedelta(days=1) if full else row.day
    until = day_start(free_again, zone)
    if row.day > local_day:
        return NotNow(f"the last try counts for {row.day}, later than today ({local_day})", until)
    return NotNow(f"{row.tries} of {rules.per_day} tries used on {row.day}", until)


def week(row: LedgerRow, rules: LedgerRules, local_day: date, zone: ZoneInfo) -> NotNow | None:
    """The cap of any seven days in a row, today the last of them; none when `per_week` is None."""
    most = rules.per_week
    if most is None or tries_in_week(row, local_day) < most:
        return None
    last = max(local_day, row.day or local_day)  # a later day: the clock was set back
    coming = (last + timedelta(days=days) for days in range(1, WEEK + 1))
    until = day_start(next(day for day in coming if tries_in_week(row, day) < most), zone)
    return NotNow(f"{tries_in_week(row, local_day)} of {most} tries used in seven days", until)


def gap(row: LedgerRow, rules: LedgerRules, now: datetime) -> NotNow | None:
    """The time between two tries alone. A last try in the future (a clock was set back) refuses too."""
    if row.last_try_at is None:
        return None
    until = aware(row.last_try_at) + rules.gap
    if until <= aware(now):
        return None
    hours = rules.gap / timedelta(hours=1)
    return NotNow(f"tried less than {hours:g} h ago", until)


def quiet(row: LedgerRow, now: datetime) -> NotNow | None:
    """Left alone after a conversation with the right person."""
    if row.quiet_until is None or aware(row.quiet_until) <= aware(now):
        return None
    return NotNow("spoken with, and left alone for some days", aware(row.quiet_until))


def tries_in_week(row: LedgerRow, local_day: date) -> int:
    """In the seven days that end with `local_day`. Tries of a later day count as today's."""
    return sum(_shifted(row, local_day))


def take(row: LedgerRow, rules: LedgerRules, now: datetime, local_day: date) -> LedgerRow | None:
    """The row after one more try, or None when it is refused."""
    anywhere = ZoneInfo("UTC")  # of the instants of refusals, which nobody reads here
    if may_try(row, rules, now, local_day, anywhere):
        return None
    tries, *earlier = _shifted(row, local_day)
    return replace(row, day=local_day, tries=tries + 1, earlier=tuple(earlier), last_try_at=aware(now))


def _shifted(row: LedgerRow, local_day: date) -> list[int]:
    """Tries of `local_day` and of the six days before it."""
    if row.day is None:
        return [0] * WEEK
    known, passed = [row.tries, *row.earlier], (local_day - row.day).days
    return ([0] * min(max(passed, 0), WEEK) + known)[:WEEK]


def give_back(row: LedgerRow, previous: LedgerRow) -> LedgerRow:
    """Undo one try that the PBX certainly never got: `previous`, unless it was taken again since.

    What a conversation in between asked for stays. ValueError when the rows are of two.
    """
    if row.who != previous.who:
        raise ValueError("these ledger rows belong to two numbers or debtors")
    tries_after = previous.tries + 1 if row.day == previous.day else 1
    return replace(previous, quiet_until=row.quiet_until) if row.tries == tries_after else row
