"""May this debtor be called now, and on which number? Every rule gives its verdict with its data."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Final

from worker.core import ledger
from worker.core.enums import EntryState, LineResult
from worker.core.instant import aware, local_day
from worker.core.model import Block, LedgerRow, LedgerRules, NotNow, Phone, QueueEntry, Waiting
from worker.core.tables import zone_of
from worker.core.verdict import Verdict
from worker.core.window import HORIZON_DAYS, CallWindow, next_open, next_open_in_all, why_closed

# Why a debtor is not called, without figures, so that debtors with the same reason can be counted.
_IN_SHORT: Final = {
    "entry_state": "the entry is not waiting",
    "next_attempt": "the entry waits for its time",
    "window": "outside the window",
    "number_window": "outside the window where the number lives",
    "block": "the number is blocked",
    "daily_cap": "no try to the number is left today",
    "weekly_cap": "no try to the number is left in seven days",
    "gap": "the number was tried too recently",
    "debtor_daily_cap": "no try to the debtor is left today",
    "debtor_weekly_cap": "no try to the debtor is left in seven days",
    "debtor_gap": "the debtor was tried too recently",
}


_WINDOW_RULES: Final = ("window", "number_window")
_FRUITLESS: Final = (LineResult.INVALID_NUMBER, LineResult.UNREACHABLE)


@dataclass(frozen=True)
class CallRules:
    """All that one instance's decisions are made by."""

    window: CallWindow
    ledger: LedgerRules = field(default_factory=LedgerRules)


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
        _window("window", rules.window, now),
        _window("number_window", replace(rules.window, zone=zone), now),
        _block(waiting, phone),
        _counted("daily_cap", ledger.cap(number, limits, today, zone), _day(number, limits, today)),
        _counted("weekly_cap", ledger.week(number, limits, today, zone), _week(number, limits, today)),
        _counted("gap", _with(ledger.gap(number, limits, now), _last(number)), _last(number)),
        _counted("debtor_daily_cap", ledger.cap(debtor, person, today, zone), _day(debtor, person, today)),
        _counted("debtor_weekly_cap", ledger.week(debtor, person, today, zone), _week(debtor, person, today)),
        _counted("debtor_gap", _with(ledger.gap(debtor, person, now), _last(debtor)), _last(debtor)),
    ]


def choose(waiting: Waiting, *, rules: CallRules, now: datetime) -> tuple[Phone, date] | NotNow:
    """The first number that every rule allows, with today's date where it lives; else why not now.

    Numbers whose last try found nobody to reach come last. `until` is the earliest instant at which a number may
    be allowed, inside the window; None when every number is refused for ever, or there is none.
    """
    refused: list[NotNow] = []
    for phone in sorted(waiting.phones, key=lambda one: waiting.last_outcome.get(one.number) in _FRUITLESS):
        verdicts = judge(waiting, phone, rules=rules, now=now)
        against = [verdict for verdict in verdicts if not verdict.allowed]
        if not against:
            return phone, local_day(now, zone_of(phone.number))
        windows = [rules.window, replace(rules.window, zone=zone_of(phone.number))]
        refused.append(NotNow(_IN_SHORT[against[0].rule], _until(against, now, windows)))
    if not refused:
        return NotNow("there is no telephone number", None)
    in_sight = [(one.until, one) for one in refused if one.until]
    return min(in_sight, key=lambda pair: pair[0])[1] if in_sight else refused[0]


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
    return Verdict("next_attempt", False, f"not before {_utc(when)}{why}", aware(when))


def _window(rule: str, window: CallWindow, now: datetime) -> Verdict:
    if reason := why_closed(window, now):
        return Verdict(rule, False, reason, next_open(window, now))
    local = now.astimezone(window.zone)
    return Verdict(rule, True, f"open, it is {local:%Y-%m-%d %H:%M} in {window.zone.key}", None)


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


def _until(against: list[Verdict], now: datetime, windows: list[CallWindow]) -> datetime | None:
    """When all that refuse may allow, moved into all windows; None: no time in sight.

    A window without any opening is a matter of configuration, which may be mended: look again when it has run out.
    """
    others = [verdict.until for verdict in against if verdict.rule not in _WINDOW_RULES]
    start = aware(now)
    for until in others:
        if until is None:
            return None
        start = max(start, until)
    return next_open_in_all(windows, start) or start + timedelta(days=HORIZON_DAYS)
