"""May this debtor be called now, and on which number? Every rule gives its verdict with its data."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from worker.core import ledger
from worker.core.enums import EntryState, LineResult
from worker.core.instant import aware, local_day
from worker.core.model import Block, LedgerRow, LedgerRules, NotNow, Phone, QueueEntry, Waiting
from worker.core.tables import zone_of
from worker.core.window import HORIZON_DAYS, CallWindow, next_open, next_open_in_all, why_closed

# Why a debtor is not called, without figures, so that debtors with the same reason can be counted.
_IN_SHORT: Final = {
    "entry_state": "the entry is not waiting",
    "next_attempt": "the entry waits for its time",
    "window": "outside the window",
    "number_window": "outside the window where the number lives",
    "block": "the number is blocked",
    "daily_cap": "no try to the number is left today",
    "gap": "the number was tried too recently",
}
_WINDOW_RULES: Final = ("window", "number_window")
_FRUITLESS: Final = (LineResult.INVALID_NUMBER, LineResult.UNREACHABLE)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one rule says. `until`: when it may say otherwise; None with a refusal: no time in sight."""

    rule: str
    allowed: bool
    detail: str
    until: datetime | None


def judge(
    waiting: Waiting, phone: Phone, *, window: CallWindow, rules: LedgerRules, now: datetime
) -> list[Verdict]:
    """Every rule, in order, whether or not one before it has refused. ValueError: `now` without zone.

    The window holds twice: on the instance's clock and on the clock where the number lives.
    """
    zone = zone_of(phone.number)
    row = waiting.ledger.get(phone.number, LedgerRow(phone.number))
    today = local_day(now, zone)
    return [
        _entry_state(waiting.entry),
        _next_attempt(waiting.entry, now),
        _window("window", window, now),
        _window("number_window", replace(window, zone=zone), now),
        _block(waiting, phone),
        _daily_cap(row, rules, today),
        _gap(row, rules, now),
    ]


def choose(
    waiting: Waiting, *, window: CallWindow, rules: LedgerRules, now: datetime
) -> tuple[Phone, date] | NotNow:
    """The first number that every rule allows, with today's date where it lives; else why not now.

    Numbers whose last try found nobody to reach come last. `until` is the earliest instant at which a number may
    be allowed, inside the window; None when every number is refused for ever, or there is none.
    """
    refused: list[NotNow] = []
    for phone in sorted(waiting.phones, key=lambda one: waiting.last_outcome.get(one.number) in _FRUITLESS):
        verdicts = judge(waiting, phone, window=window, rules=rules, now=now)
        against = [verdict for verdict in verdicts if not verdict.allowed]
        if not against:
            return phone, local_day(now, zone_of(phone.number))
        windows = [window, replace(window, zone=zone_of(phone.number))]
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


def _daily_cap(row: LedgerRow, rules: LedgerRules, today: date) -> Verdict:
    if refusal := ledger.cap(row, rules, today):
        return Verdict("daily_cap", False, refusal.reason, refusal.until)
    tries = row.tries if row.day == today else 0
    return Verdict("daily_cap", True, f"{tries} of {rules.per_day} tries used on {today}", None)


def _gap(row: LedgerRow, rules: LedgerRules, now: datetime) -> Verdict:
    detail = f"last tried at {_utc(row.last_try_at)}" if row.last_try_at else "never tried"
    if refusal := ledger.gap(row, rules, now):
        return Verdict("gap", False, f"{refusal.reason}: {detail}", refusal.until)
    return Verdict("gap", True, detail, None)


def _utc(instant: datetime) -> str:
    return f"{aware(instant):%Y-%m-%d %H:%M} UTC"


def _until(against: list[Verdict], now: datetime, windows: list[CallWindow]) -> datetime | None:
    """When all that refuse may allow, moved into both windows; None: no time in sight.

    A window without any opening is a matter of configuration, which may be mended: look again when it has run out.
    """
    others = [verdict.until for verdict in against if verdict.rule not in _WINDOW_RULES]
    start = aware(now)
    for until in others:
        if until is None:
            return None
        start = max(start, until)
    return next_open_in_all(windows, start) or start + timedelta(days=HORIZON_DAYS)
