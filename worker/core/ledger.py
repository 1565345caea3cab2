"""The ledger's rule: how often and how soon a number may be tried again.

The store takes a row by one guarded UPDATE (sql/queries: take_ledger); this is the same rule as a function.
"""

from dataclasses import replace
from datetime import date, datetime, timedelta

from worker.core.instant import aware, day_start
from worker.core.model import LedgerRow, LedgerRules, NotNow
from worker.core.tables import zone_of


def may_try(row: LedgerRow, rules: LedgerRules, now: datetime, local_day: date) -> NotNow | None:
    """None when the number may be tried now; else why not, and the earliest instant at which it may be.

    `local_day` is today in the number's own zone. ValueError: no zone in `now`, no Brazilian number.
    """
    refusals = [refusal for refusal in (cap(row, rules, local_day), gap(row, rules, now)) if refusal]
    if not refusals:
        return None
    return NotNow(refusals[0].reason, max(refusal.until for refusal in refusals if refusal.until))


def cap(row: LedgerRow, rules: LedgerRules, local_day: date) -> NotNow | None:
    """The daily cap alone. A day later than today (a clock was set back) does not start the count anew."""
    if row.day is None or row.day < local_day:
        return None
    full = row.tries >= rules.per_day
    if row.day == local_day and not full:
        return None
    free_again = row.day + timedelta(days=1) if full else row.day
    until = day_start(free_again, zone_of(row.number))
    if row.day > local_day:
        return NotNow(f"the last try counts for {row.day}, later than today ({local_day})", until)
    return NotNow(f"{row.tries} of {rules.per_day} tries used on {row.day}", until)


def gap(row: LedgerRow, rules: LedgerRules, now: datetime) -> NotNow | None:
    """The time between two tries alone. A last try in the future (a clock was set back) refuses too."""
    if row.last_try_at is None:
        return None
    until = aware(row.last_try_at) + rules.gap
    if until <= aware(now):
        return None
    hours = rules.gap / timedelta(hours=1)
    return NotNow(f"tried less than {hours:g} h ago", until)


def take(row: LedgerRow, rules: LedgerRules, now: datetime, local_day: date) -> LedgerRow | None:
    """The row after one more try, or None when it is refused."""
    if may_try(row, rules, now, local_day):
        return None
    tries = row.tries if row.day == local_day else 0
    return replace(row, day=local_day, tries=tries + 1, last_try_at=aware(now))


def give_back(row: LedgerRow, previous: LedgerRow) -> LedgerRow:
    """Undo one try that the PBX certainly never got: `previous`, unless the number was taken again since.

    ValueError when the rows are of two numbers.
    """
    if row.number != previous.number:
        raise ValueError("these ledger rows belong to two numbers")
    tries_after = previous.tries + 1 if row.day == previous.day else 1
    return previous if row.tries == tries_after else row
