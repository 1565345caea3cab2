"""The nouns of collecting by telephone: frozen values that every other module passes around.

Money is Decimal (BRL), telephone numbers are E.164 text (``+5511987654321``), instants are zone-aware.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from worker.core.do_not_call import DoNotCall
from worker.core.enums import (
    Answerer,
    AttemptState,
    BillStatus,
    CallEnding,
    EntryState,
    Heard,
    LineResult,
    Origination,
    OutcomeSource,
    PersonType,
    PhoneKind,
    Result,
)


@dataclass(frozen=True, slots=True)
class Phone:
    number: str
    kind: PhoneKind
    repaired: bool = False  # a ninth digit was put in
    source: str = ""  # the ERP's field it came from
    shared: bool = False  # several clients have it; the store knows, no source says


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row, or a part of one, that could not be used: counted and shown, never dropped in silence."""

    kind: str  # client | bill | contract | phone | document | pay_line
    source_id: str  # the ERP's id, or the line of a file
    reason: str  # one sentence
    row_id: str | None = None  # the ERP's id where source_id is something else; empty: the row has none to read

    @property
    def key(self) -> str:
        """The ERP's id of the row, or empty."""
        return self.source_id if self.row_id is None else self.row_id


@dataclass(frozen=True, slots=True)
class Client:
    client_id: str
    name: str
    person: PersonType = PersonType.NATURAL
    document: str | None = None  # CPF or CNPJ, letters and digits only
    client_type: str = ""
    neighbourhood: str = ""
    phones: tuple[Phone, ...] = ()  # in the order in which they are to be tried
    city: str = ""
    state: str = ""  # UF
    collectable: bool = True  # False: the ERP says not to collect from this client


@dataclass(frozen=True, slots=True)
class Bill:
    bill_id: str
    client_id: str
    due_date: date
    amount: Decimal  # face value
    open_amount: Decimal  # what is still owed; this is what is charged
    status: BillStatus = BillStatus.OPEN
    contract_id: str | None = None
    updated_amount: Decimal | None = None  # with fine and interest, where the source reckons them
    pay_line: str | None = None  # the digitable line, 47 or 48 digits that have been checked


@dataclass(frozen=True, slots=True)
class Debtor:
    """A client with bills overdue by at least the minimum, summed up for one call."""

    client_id: str
    name: str
    phones: tuple[Phone, ...]
    total: Decimal
    bill_count: int
    oldest_due: date
    turn: int | None = None  # the lower is called first; None: by the oldest debt


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One debtor waiting to be called. At most one open (not DONE) entry per instance and client."""

    entry_id: int
    instance: str
    client_id: str
    state: EntryState
    total: Decimal
    bill_count: int
    oldest_due: date
    next_attempt_at: datetime | None = None  # None: as soon as allowed
    reason: str = ""  # why DONE, or why it waits
    turn: int = 0  # the lower is called first (core/priority)
    bumped_at: datetime | None = None  # put first by hand
    after_sync: datetime | None = None  # not before the bills have been read anew since then


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """Who was tried when; one row a number and one a debtor, shared by all instances."""

    who: str  # a number, or a debtor's key (core/ledger.debtor_key)
    day: date | None = None  # the local day that `tries` counts
    tries: int = 0
    last_try_at: datetime | None = None
    earlier: tuple[int, ...] = (0,) * 6  # tries on the six days before `day`, the nearest first
    quiet_until: datetime | None = None  # of a debtor: spoken with, and left alone until then


@dataclass(frozen=True, slots=True)
class LedgerRules:
    """Of a number; and of a debtor, all his numbers together."""

    per_day: int = 3
    gap: timedelta = timedelta(hours=4)
    per_week: int | None = None  # in any seven days; None: no such cap
    debtor: "LedgerRules | None" = None  # None: as for a number
    quiet: timedelta = timedelta(days=7)  # after a conversation with the right person

    @property
    def of_debtor(self) -> "LedgerRules":
        return self.debtor or self


@dataclass(frozen=True, slots=True)
class Streak:
    """How the calls to a debtor ended lately: so many in a row in the same way."""

    ending: CallEnding | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to reach one number, with the figures as they stood when it was reserved."""

    attempt_id: str  # ULID, 26 characters
    instance: str
    entry_id: int
    client_id: str
    client_name: str
    number: str
    origination: Origination
    state: AttemptState
    total: Decimal
    bill_count: int
    oldest_due: date
    reserved_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    debtor: str = ""  # the ledger's key
    trunk: str = ""  # "pbx/trunk"
    caller_id: str = ""
    updated_total: Decimal | None = None  # with fine and interest, where the ERP reckons them for all his bills
    streak: Streak = Streak()  # of the debtor's calls before this one; known while it is open


@dataclass(frozen=True, slots=True)
class TalkFacts:
    """What was said and pressed, as the conversation knows it."""

    heard: Heard = Heard.NOTHING
    heard_seconds: float = 0.0
    result: Result = Result.NONE
    keys: str = ""  # every key, in order
    promise_day: date | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one attempt ended: four separate facts (line, answerer, heard, result), none derived from another."""

    attempt_id: str
    instance: str
    client_id: str
    number: str
    ended_at: datetime
    line_result: LineResult
    answerer: Answerer
    talk: TalkFacts
    cause: int | None = None
    tech_text: str = ""
    amd_status: str = ""
    amd_cause: str = ""
    ring_seconds: float = 0.0
    talk_seconds: float = 0.0
    short_call: bool = True  # Anatel: not completed, or voicemail, or 6 s and less
    source: OutcomeSource = OutcomeSource.HANDLER
    uniqueid: str = ""  # of the CDR row; empty when unknown


@dataclass(frozen=True, slots=True)
class Block:
    """A number that must not be called: by anyone (client_id None) or for one client of one instance."""

    number: str
    reason: str  # opt_out | wrong_person | invalid_number
    instance: str | None = None
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """All that is needed to decide whether, and on which number, a waiting debtor may be called."""

    entry: QueueEntry
    client_name: str
    phones: tuple[Phone, ...]
    ledger: dict[str, LedgerRow]  # by number, and by the debtor's key; who is missing was never tried
    blocks: tuple[Block, ...]
    last_outcome: dict[str, LineResult]  # by number: how this debtor's last try to it ended; the latest tried last
    debtor: str = ""  # the ledger's key
    document: str | None = None
    city: str = ""
    do_not_call: tuple[DoNotCall, ...] = ()  # the lines of the list that name the debtor or one of the numbers
    reached: dict[str, datetime] = field(default_factory=dict)  # by number: when a person last picked up there
    synced_at: datetime | None = None  # when the bills were last read whole
    last_ending: CallEnding | None = None  # of the latest call, to the last number of `last_outcome`
    updated_total: Decimal | None = None  # as of Attempt; known once the ERP has been asked what is still owed


@dataclass(frozen=True, slots=True)
class Candidate:
    """A waiting debtor with the number chosen and an identity for the attempt: ready to be reserved."""

    waiting: Waiting
    number: str
    attempt_id: str
    origination: Origination
    local_day: date  # of the number's own zone: what the daily cap counts


@dataclass(frozen=True, slots=True)
class NotNow:
    """Why a debtor is not called now, and when it is worth looking again (None: no time in sight)."""

    reason: str
    until: datetime | None


@dataclass(frozen=True, slots=True)
class NextStep:
    """What an outcome means for its queue entry and for the number."""

    state: EntryState  # WAITING or DONE
    reason: str
    not_before: datetime | None = None
    block: Block | None = None
    quiet_until: datetime | None = None  # for the debtor, on all numbers and for all instances
    never: bool = False  # the debtor himself asked: on none of his numbers
    after_sync: bool = False  # not before the bills have been read anew
    note: str = ""  # what the ERP is to be told
    ending: CallEnding | None = None  # counted, so that the same ending many times in a row is seen


@dataclass(frozen=True, slots=True)
class Open:
    """Queue action: a debtor who was not in the queue."""

    debtor: Debtor


@dataclass(frozen=True, slots=True)
class Refresh:
    """Queue action: the same debtor, other figures."""

    entry_id: int
    debtor: Debtor


@dataclass(frozen=True, slots=True)
class Close:
    """Queue action: no longer to be called."""

    entry_id: int
    client_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """Queue or sync action: the figures cannot be trusted; close nothing and tell somebody."""

    reason: str


Action = Open | Refresh | Close | Alarm
