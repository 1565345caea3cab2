"""The facts as they stood at an instant that is over, from what the database still keeps of its past.

Some things leave no trace: rows deleted since, what a debtor owed then, how often an entry was postponed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Final

from worker.core.enums import Answerer, AttemptState, CallEnding, EntryState, LineResult
from worker.core.instant import aware, local_day
from worker.core.ledger import WEEK
from worker.core.model import Block, LedgerRow, NextStep, Outcome, QueueEntry, Streak, Waiting
from worker.core.retry_table import ending_of
from worker.core.tables import zone_of

REACH: Final = timedelta(days=92)  # how far back tries are read: longer than any quiet period that can be set
NOT_KNOWN: Final = (
    "not known of that time: rows deleted since, what was owed then, telephones and rules as they were, "
    "postponements, brakes set anew since, handler and PBX"
)

BlockKey = tuple[str, str, str]  # number, instance, client id; empty where the block has none
StepOf = Callable[
    [Outcome, bool, Streak], NextStep
]  # an outcome, whether there are other numbers, what came before


@dataclass(frozen=True, slots=True)
class Try:
    """An attempt as history keeps it, with its outcome when it has one."""

    attempt_id: str
    entry_id: int
    number: str
    debtor: str  # the ledger's key
    state: AttemptState
    reserved_at: datetime
    ended_at: datetime | None = None
    outcome: Outcome | None = None

    def counted(self, at: datetime) -> bool:
        """Whether the ledger held it just before that instant; what was withdrawn was given back."""
        return self.state is not AttemptState.WITHDRAWN and self.reserved_at < at

    def in_flight(self, at: datetime) -> bool:
        ended = self.ended_at or (self.outcome.ended_at if self.outcome else None)
        return self.counted(at) and (self.state.is_open or (ended is not None and ended >= at))


@dataclass(frozen=True, slots=True)
class Past:
    """What the store still knows of the time of one entry. None: not known."""

    tries: tuple[Try, ...] = ()  # of all the numbers, and of the debtor on any number
    opened_at: datetime | None = None
    changed_at: datetime | None = None
    blocked_at: Mapping[BlockKey, datetime] = field(default_factory=dict)
    synced_at: datetime | None = None  # the last whole reading of the bills before the instant


def ledger_row(who: str, tries: Iterable[Try], at: datetime) -> LedgerRow:
    """The row of a number or debtor just before `at`: tries by the local day of the number tried."""
    mine = [one for one in tries if who in (one.number, one.debtor) and one.counted(at)]
    if not mine:
        return LedgerRow(who)
    days = Counter(local_day(one.reserved_at, zone_of(one.number)) for one in mine)
    newest = max(days)
    recent = [days[newest - timedelta(days=ahead)] for ahead in range(WEEK)]
    return LedgerRow(who, newest, recent[0], max(one.reserved_at for one in mine), tuple(recent[1:]))


def rebuilt(waiting: Waiting, past: Past, at: datetime, step_of: StepOf) -> Waiting:
    """The same debtor as he stood just before `at`. ValueError: `at` without zone.

    What cannot be dated (a block, a line of a list) is taken to have been there: in doubt nobody was to be called.
    """
    at = aware(at)
    ended = _ended(past.tries, at)
    own = [one for one in ended if _of_client(one, waiting.entry)]
    numbers = [phone.number for phone in waiting.phones]
    tried = [one for one in own if one.number in numbers]
    rows = {who: ledger_row(who, past.tries, at) for who in numbers}
    debtor = ledger_row(waiting.debtor, past.tries, at)
    debtor = replace(debtor, quiet_until=_quiet(ended, waiting, step_of))
    return replace(
        waiting,
        entry=_entry(waiting, past, own, at, step_of),
        ledger={who: row for who, row in (rows | {waiting.debtor: debtor}).items() if row != LedgerRow(who)},
        blocks=tuple(one for one in waiting.blocks if _before(past.blocked_at.get(_key(one)), at)),
        do_not_call=tuple(one for one in waiting.do_not_call if _before(one.added_at, at)),
        last_outcome=_last_outcomes(tried),
        last_ending=_ending(tried[-1]) if tried else None,
        reached={one.number: one.ended_at for one in tried if one.answerer is Answerer.HUMAN},
        synced_at=past.synced_at,
    )


def _ended(tries: Sequence[Try], at: datetime) -> list[Outcome]:
    """Oldest first."""
    found = [one.outcome for one in tries if one.outcome and one.outcome.ended_at < at]
    return sorted(found, key=lambda one: (one.ended_at, one.attempt_id))


def _of_client(outcome: Outcome, entry: QueueEntry) -> bool:
    return (outcome.instance, outcome.client_id) == (entry.instance, entry.client_id)


def _others_left(outcome: Outcome, waiting: Waiting) -> bool:
    return any(phone.number != outcome.number for phone in waiting.phones)


def _quiet(ended: Sequence[Outcome], waiting: Waiting, step_of: StepOf) -> datetime | None:
    """The longest that any conversation of his asked for."""
    steps = (step_of(one, _others_left(one, waiting), Streak()) for one in ended)
    return max((step.quiet_until for step in steps if step.quiet_until), default=None)


def _entry(waiting: Waiting, past: Past, own: Sequence[Outcome], at: datetime, step_of: StepOf) -> QueueEntry:
    entry, bare = waiting.entry, replace(waiting.entry, next_attempt_at=None, after_sync=None, reason="")
    if past.opened_at is not None and past.opened_at >= at:
        said = f"it came into the queue only at {past.opened_at:%Y-%m-%d %H:%M} UTC"
        return replace(bare, state=EntryState.DONE, reason=said)
    if entry.state is EntryState.DONE and past.changed_at is not None and past.changed_at < at:
        return entry
    mine = [one for one in past.tries if one.entry_id == entry.entry_id]
    if any(one.in_flight(at) for one in mine):
        return replace(bare, state=EntryState.CLAIMED)
    ids = {one.attempt_id for one in mine}
    calls = [one for one in own if one.attempt_id in ids]
    if not calls:
        return replace(bare, state=EntryState.WAITING)
    step = step_of(calls[-1], _others_left(calls[-1], waiting), streak(calls[:-1]))
    # an entry that is done stays so: one that was done later, or never, still waited, whatever today's rules say
    still_waited = entry.state is not EntryState.DONE or past.changed_at is not None
    return replace(
        bare,
        state=EntryState.WAITING if still_waited else step.state,
        reason=step.reason,
        next_attempt_at=step.not_before,
        after_sync=calls[-1].ended_at if step.after_sync else None,
    )


def streak(calls: Sequence[Outcome]) -> Streak:
    """How the last of these calls ended, and how many before it, one upon the other, ended so too."""
    endings = [_ending(one) for one in calls]
    alike = takewhile(lambda one: one is endings[-1], reversed(endings))
    return Streak(endings[-1], sum(1 for _ in alike)) if endings else Streak()


def _ending(outcome: Outcome) -> CallEnding:
    return ending_of(outcome.line_result, outcome.answerer, outcome.talk.heard, outcome.talk.result)


def _last_outcomes(tried: Sequence[Outcome]) -> dict[str, LineResult]:
    """The number tried last stands last."""
    found: dict[str, LineResult] = {}
    for one in tried:
        found.pop(one.number, None)
        found[one.number] = one.line_result
    return found


def _key(block: Block) -> BlockKey:
    return block.number, block.instance or "", block.client_id or ""


def _before(instant: datetime | None, at: datetime) -> bool:
    return instant is None or instant < at
