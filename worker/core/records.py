"""What the database answers to people: rows of reports, job history, the dossier of a number."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from worker.core.billing import Contract
from worker.core.enums import Answerer, Heard, LineResult, Origination, Result
from worker.core.model import Attempt, Block, LedgerRow, Outcome, Phone, Waiting


@dataclass(frozen=True, slots=True)
class CdrRow:
    """The columns of Asterisk's own `cdr` table that reconciliation reads."""

    uniqueid: str
    calldate: datetime
    disposition: str
    userfield: str
    duration: int
    billsec: int


@dataclass(frozen=True, slots=True)
class Change:
    """What storing one complete answer did."""

    before: int
    after: int
    added: int
    updated: int
    removed: int


@dataclass(frozen=True, slots=True)
class Answer:
    """The last complete answer of a source that was stored."""

    complete_at: datetime
    rows: int
    applying: bool  # its storing was begun and has not been finished: the next sync does it anew


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """Figures that could not be believed. Shown until somebody has acknowledged it."""

    alarm_id: int
    instance: str
    kind: str  # clients | bills | contracts
    reason: str
    raised_at: datetime
    last_at: datetime
    times: int
    over_at: datetime | None  # a later answer was believed
    acknowledged_at: datetime | None
    acknowledged_by: str


@dataclass(frozen=True, slots=True)
class BlockedRow:
    """A blocked contract with its client and the oldest overdue bill."""

    contract: Contract
    client_name: str
    client_type: str
    phones: tuple[Phone, ...]
    oldest_bill: str | None
    oldest_due: date | None
    open_total: Decimal


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A number of active clients that somebody should look at."""

    number: str
    client_ids: tuple[str, ...]
    repaired: bool  # the ninth digit was put in


@dataclass(frozen=True, slots=True)
class StandingRow:
    """Open bills of one due day, summed up."""

    due_date: date
    bills: int
    total: Decimal


@dataclass(frozen=True, slots=True)
class TallyRow:
    """So many attempts that ended alike; what reports are made of."""

    instance: str
    origination: Origination
    line_result: LineResult
    answerer: Answerer
    heard: Heard
    result: Result
    count: int
    short_calls: int
    talk_seconds: float
    cdr_found: int  # how many of them have found their CDR row


@dataclass(frozen=True, slots=True)
class OutcomeRow:
    """One outcome as listed to a person."""

    outcome: Outcome
    client_name: str
    origination: Origination
    total: Decimal
    cdr_found: bool | None  # None: not looked for yet


@dataclass(frozen=True, slots=True)
class JobRun:
    """One line of the job history."""

    run_id: int
    job: str
    instance: str
    started_at: datetime
    finished_at: datetime | None
    status: str  # running | done | failed | alarm
    before: int | None
    after: int | None
    changed: int | None
    error: str
    detail: str  # JSON object


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything stored about one number, for `queue --explain`."""

    number: str
    waiting: tuple[Waiting, ...]  # every entry, open or done, of every debtor with this number
    ledger: LedgerRow
    blocks: tuple[Block, ...]
    attempts: tuple[Attempt, ...]  # newest first, at most 20
