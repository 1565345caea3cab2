"""May this debtor be called now, and on which number? Every rule gives its verdict with its data."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from worker.core import alternates, law, ledger
from worker.core.do_not_call import counts_until
from worker.core.enums import EntryState
from worker.core.instant import aware, day_start, local_day
from worker.core.law import Hours, Place
from worker.core.model import Block, LedgerRow, LedgerRules, NotNow, Phone, QueueEntry, Waiting
from worker.core.queueing import PARKED
from worker.core.retry_table import RetryTable
from worker.core.tables import zone_of
from worker.core.verdict import Verdict
from worker.core.window import HORIZON_DAYS

# Why a debtor is not called, without figures, so that debtors with the same reason can be counted.
_IN_SHORT: Final = {
    "entry_state": "the entry is not waiting",
    "next_attempt": "the entry waits for its time",
    "after_sync": "the bills must be read anew first",
    "window": "outside the window",
    "number_window": "outside the window where the number lives",
    "state_law": "the law of the number's state forbids it now",
    "city_holiday": "a holiday in the client's city",
    "do_not_call": "on the do-not-call list",
    "block": "the number is blocked",
    "daily_cap": "no try to the number is left today",
    "weekly_cap": "no try to the number is left in seven days",
    "gap": "the number was tried too recently",
    "debtor_daily_cap": "no try to the debtor is left today",
    "debtor_weekly_cap": "no try to the debtor is left in seven days",
    "debtor_gap": "the debtor was tried too recently",
    "quiet": "spoken with, and left alone for some days",
}


@dataclass(frozen=True)
class CallRules:
    """All that one instance's decisions are made by."""

    hours: Hours
    ledger: LedgerRules = field(default_factory=LedgerRules)
    test_numbers: frozenset[str] = frozenset()  # for debugging: to these, and only to these, at any hour
    retry: RetryTable = field(default_factory=RetryTable)  # which number comes next


def judge(waiting: Waiting, phone: Phone, *, rules: CallRules, now: datetime) -> list[Verdict]:
    """Every rule, in order, whether or not one before it has refused. ValueError: `now` without zone."""
    zone = zone_of(phone.number)
    today = local_day(now, zone)
    number = waiting.ledger.get(phone.number, LedgerRow(phone.number))
    debtor = waiting.ledger.get(waiting.debtor, LedgerRow(waiting.debtor))
    limits, person = rules.ledger, rules.ledger.of_debtor
    return [
        _entry_state(waiting.entry),
        _next_attempt(waiting.entry, now),
        _after_sync(waiting, now),
        *_hours(rules, Place(phone.number, waiting.city), now),
        _do_not_call(waiting, phone, today),
        _block(waiting, phone),
        _counted("daily_cap", ledger.cap(number, limits, today, zone), _day(number, limits, today)),
        _counted("weekly_cap", ledger.week(number, limits, today, zone), _week(number, limits, today)),
        _counted("gap", _with(ledger.gap(number, limits, now), _last(number)), _last(number)),
        _counted("debtor_daily_cap", ledger.cap(debtor, person, today, zone), _day(debtor, person, today)),
        _counted("debtor_weekly_cap", ledger.week(debtor, person, today, zone), _week(debtor, person, today)),
        _counted("debtor_gap", _with(ledger.gap(debtor, person, now), _last(debtor)), _last(debtor)),
        _counted("quiet", ledger.quiet(debtor, now), "no conversation to rest from"),
    ]


def choose(waiting: Waiting, *, rules: CallRules, now: datetime) -> tuple[Phone, date] | NotNow:
    """The first number that every rule allows, with today's date where it lives; else why not now.

    Numbers that were of use come first (`alternates`). `until` is the earliest instant at which a number may be
    allowed, inside the window; None when every number is refused for ever, or there is none.
    """
    refused: list[NotNow] = []
    for phone in alternates.in_order(waiting, rules.retry):
        verdicts = judge(waiting, phone, rules=rules, now=now)
        against = [verdict for verdict in verdicts if not verdict.allowed]
        if not against:
            return phone, local_day(now, zone_of(phone.number))
        until = _until(against, now, rules, Place(phone.number, waiting.city))
        refused.append(NotNow(_in_short(against[0], waiting.entry), until))
    if not refused:
        return NotNow("there is no telephone number", None)
    in_sight = [(one.until, one) for one in refused if one.until]
    return min(in_sight, key=lambda pair: pair[0])[1] if in_sight else refused[0]


def _in_short(against: Verdict, entry: QueueEntry) -> str:
    """Of an entry that waits, with what it waits for; of one that is parked, that alone."""
    said = _IN_SHORT[against.rule]
    if against.rule != "next_attempt" or not entry.reason:
        return said
    return entry.reason if against.until is None else f"{said} ({entry.reason})"


def _entry_state(entry: QueueEntry) -> Verdict:
    detail = f"the entry is {entry.state}" + (f" ({entry.reason})" if entry.reason else "")
    return Verdict("entry_state", entry.state is EntryState.WAITING, detail, None)


def _next_attempt(entry: QueueEntry, now: datetime) -> Verdict:
    when = entry.next_attempt_at
    if when is None:
        return Verdict("next_attempt", True, "as soon as allowed", None)
    allowed = aware(when) <= aware(now)
    if allowed:
        return Verdict("next_attempt", True, f"not before {_utc(when)}", None)
    why = f": {entry.reason}" if entry.reason else ""
    if aware(when) >= PARKED:
        return Verdict("next_attempt", False, f"not before his bills, telephones or lists change{why}", None)
    return Verdict("next_attempt", False, f"not before {_utc(when)}{why}", aware(when))


SYNC_AGAIN: Final = timedelta(minutes=15)  # when to look whether the bills have been read


def _after_sync(waiting: Waiting, now: datetime) -> Verdict:
    """Who says it is paid is not called again before the bills were read once more."""
    since, synced = waiting.entry.after_sync, waiting.synced_at
    if since is None:
        return Verdict("after_sync", True, "waits for no sync", None)
    read = f"the bills were last read at {_utc(synced)}" if synced else "the bills have never been read"
    if synced is not None and aware(since) < aware(synced) <= aware(now):
        return Verdict("after_sync", True, read, None)
    return Verdict(
        "after_sync", False, f"waits for bills read after {_utc(since)}; {read}", aware(now) + SYNC_AGAIN
    )


def _hours(rules: CallRules, place: Place, now: datetime) -> list[Verdict]:
    found = law.verdicts(rules.hours, place, now)
    if place.number not in rules.test_numbers:
        return found
    return [Verdict(one.rule, True, f"{one.detail}; a test number, called at any hour", None) for one in found]


def _do_not_call(waiting: Waiting, phone: Phone, today: date) -> Verdict:
    against = [line for line in waiting.do_not_call if line.concerns(phone.number, today)]
    if not against:
        return Verdict("do_not_call", True, "on no list", None)
    told = "; ".join(
        f"the {'number' if line.number else 'client'} is on the list of {line.source}: {line.reason or 'no word'}"
        for line in against
    )
    end = counts_until(against)
    return Verdict("do_not_call", False, told, None if end is None else day_start(end, zone_of(phone.number)))


def _block(waiting: Waiting, phone: Phone) -> Verdict:
    for block in waiting.blocks:
        if block.number == phone.number and _concerns(block, waiting.entry):
            whom = f"client {block.client_id}" if block.client_id else "anybody"
            return Verdict("block", False, f"blocked for {whom}: {block.reason}", None)
    return Verdict("block", True, "not blocked", None)


def _concerns(block: Block, entry: QueueEntry) -> bool:
    """Whoever asked never to be called again is called for nobody; half a block is taken for a whole one."""
    if not block.client_id or block.reason == "opt_out":
        return True
    return block.client_id == entry.client_id and block.instance in (None, "", entry.instance)


def _counted(rule: str, refusal: NotNow | None, data: str) -> Verdict:
    if refusal is None:
        return Verdict(rule, True, data, None)
    return Verdict(rule, False, refusal.reason, refusal.until)


def _with(refusal: NotNow | None, data: str) -> NotNow | None:
    return refusal and NotNow(f"{refusal.reason}: {data}", refusal.until)


def _day(row: LedgerRow, limits: LedgerRules, today: date) -> str:
    tries = row.tries if row.day == today else 0
    return f"{tries} of {limits.per_day} tries used on {today}"


def _week(row: LedgerRow, limits: LedgerRules, today: date) -> str:
    tries = ledger.tries_in_week(row, today)
    return f"{tries} of {limits.per_week or 'any number of'} tries used in seven days"


def _last(row: LedgerRow) -> str:
    return f"last tried at {_utc(row.last_try_at)}" if row.last_try_at else "never tried"


def _utc(instant: datetime) -> str:
    return f"{aware(instant):%Y-%m-%d %H:%M} UTC"


def _until(against: list[Verdict], now: datetime, rules: CallRules, place: Place) -> datetime | None:
    """When all that refuse may allow, moved into all windows; None: no time in sight.

    A window without any opening is a matter of configuration, which may be mended: look again when it has run out.
    """
    others = [verdict.until for verdict in against if verdict.rule not in law.WINDOW_RULES]
    start = aware(now)
    for until in others:
        if until is None:
            return None
        start = max(start, until)
    if place.number in rules.test_numbers:
        return start
    return law.opening(rules.hours, place, start) or start + timedelta(days=HORIZON_DAYS)
