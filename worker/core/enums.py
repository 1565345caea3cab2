"""The closed vocabularies: one word for one thing, stored in the database as written here."""

from enum import StrEnum


class PhoneKind(StrEnum):
    MOBILE = "mobile"
    FIXED = "fixed"


class PersonType(StrEnum):
    NATURAL = "natural"
    LEGAL = "legal"
    FOREIGN = "foreign"


class BillStatus(StrEnum):
    OPEN = "open"
    PARTIAL = "partial"  # partly paid: still owed, for the rest


class Fate(StrEnum):
    """What has become of a bill that is no longer among those owed; stored as bill.close_reason."""

    PAID = "paid"
    CANCELLED = "cancelled"
    RENEGOTIATED = "renegotiated"
    OUT_OF_SPAN = "out_of_span"  # owed, but too old, put off or hidden: not ours to charge
    LEFT_SOURCE = "left_source"  # the source does not say
    OPEN = "open"  # still owed and due in the span: whoever left it out did not answer whole


class Stage(StrEnum):
    """Where a bill stands on a day; the last two are the names the teams know."""

    NOT_DUE = "not_due"
    DUE_SOON = "due_soon"
    PRE_FORCE = "pre_force_debt_collection"  # overdue, by no more than rules.minimum_days_to_charge
    FORCE = "force_debt_collection"  # overdue by more


class Access(StrEnum):
    """Whether a contract's line works, and if not, why."""

    ACTIVE = "active"
    BLOCKED_MANUAL = "blocked_manual"
    BLOCKED_AUTO = "blocked_auto"
    BLOCKED_OVERDUE = "blocked_overdue"
    REDUCED = "reduced"  # works, slower
    SUSPENDED = "suspended"  # at the client's own wish: not a block
    DISABLED = "disabled"
    WAITING = "waiting"  # for a signature
    UNKNOWN = "unknown"  # a code nobody documented; it is kept as it is

    @property
    def is_blocked(self) -> bool:
        return self in (Access.BLOCKED_MANUAL, Access.BLOCKED_AUTO, Access.BLOCKED_OVERDUE)


class TrustUnlock(StrEnum):
    """Whether the client may ask for a few days of line on trust."""

    OFFERED = "offered"
    IN_USE = "in_use"
    DENIED = "denied"
    UNKNOWN = "unknown"


class Verb(StrEnum):
    """What storing an answer does to one row."""

    OPEN = "open"
    REFRESH = "refresh"
    CLOSE = "close"


class Origination(StrEnum):
    """How a call is put on the line."""

    ARI = "ari"
    CALLFILE = "callfile"


class EntryState(StrEnum):
    """reserved for nobody -> being tried -> no longer to be called."""

    WAITING = "waiting"
    CLAIMED = "claimed"
    DONE = "done"


class AttemptState(StrEnum):
    """reserved -> dialing -> answered -> ended, or reserved -> withdrawn, or any open one -> lost."""

    RESERVED = "reserved"  # ledger taken, the PBX not yet told
    DIALING = "dialing"  # the PBX accepted it
    ANSWERED = "answered"  # somebody, or something, picked up
    ENDED = "ended"  # an outcome stands
    WITHDRAWN = "withdrawn"  # the PBX certainly never got it; the ledger got the try back
    LOST = "lost"  # no trace after the deadline; the outcome says unknown

    @property
    def is_open(self) -> bool:
        return self in (AttemptState.RESERVED, AttemptState.DIALING, AttemptState.ANSWERED)


class LineResult(StrEnum):
    """What the telephone network answered."""

    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    INVALID_NUMBER = "invalid_number"
    REJECTED = "rejected"
    CONGESTION = "congestion"
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Answerer(StrEnum):
    """Who or what picked up."""

    HUMAN = "human"
    MACHINE = "machine"
    NOT_SURE = "not_sure"
    NOBODY = "nobody"


class Heard(StrEnum):
    """How far our words got. GREETING: nothing beyond who calls and for whom."""

    NOTHING = "nothing"
    GREETING = "greeting"
    PART = "part"  # some of the debt message
    ALL = "all"  # the debt message to its end, at least once


class Result(StrEnum):
    """What the callee told us."""

    NONE = "none"
    CONFIRMED = "confirmed"
    PROMISE = "promise"
    SAYS_PAID = "says_paid"
    WANTS_AGENT = "wants_agent"
    TRANSFERRED = "transferred"
    WRONG_PERSON = "wrong_person"
    OPT_OUT = "opt_out"


class CallEnding(StrEnum):
    """How a call ended, in one word: by it is decided when, and on which number, its debtor is called again."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CONGESTION = "congestion"
    UNREACHABLE = "unreachable"
    REJECTED = "rejected"
    FAILED = "failed"  # or unknown
    MACHINE = "machine"
    NOT_SURE = "not_sure"
    HUNG_UP_EARLY = "hung_up_early"  # a person answered, and it did not come to a whole conversation
    HEARD = "heard"  # confirmed, and heard all
    PROMISE = "promise"
    SAYS_PAID = "says_paid"
    WANTS_AGENT = "wants_agent"
    TRANSFERRED = "transferred"
    INVALID_NUMBER = "invalid_number"
    WRONG_PERSON = "wrong_person"
    OPT_OUT = "opt_out"


class OutcomeSource(StrEnum):
    """Who wrote the outcome: the handler at hang-up, or the worker afterwards."""

    HANDLER = "handler"
    CDR = "cdr"  # rebuilt from CDR(userfield): the handler was down
    DEADLINE = "deadline"  # no trace anywhere: line result unknown
