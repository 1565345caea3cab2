"""Contracts, and what is said of bills and rows while an answer of the ERP is stored."""

from dataclasses import dataclass
from datetime import date

from worker.core.enums import Access, Fate, TrustUnlock, Verb


@dataclass(frozen=True, slots=True)
class Contract:
    """A client's line: what is known of its access, and until when the client wants no notices."""

    contract_id: str
    client_id: str
    access: Access
    access_code: str = ""  # as the ERP writes it
    trust_unlock: TrustUnlock = TrustUnlock.UNKNOWN
    plan: str = ""
    neighbourhood: str = ""
    blocked_since: date | None = None
    no_notice_until: date | None = None  # the client is not to be called up to and including this day


@dataclass(frozen=True, slots=True)
class BillKey:
    bill_id: str
    client_id: str


@dataclass(frozen=True, slots=True)
class Step:
    """One row's part in storing an answer; what `sync --dry-run` prints."""

    verb: Verb
    key: str  # the ERP's id
    fate: Fate | None = None  # of a bill that is closed
