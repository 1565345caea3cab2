"""What the jobs need of the outside world. Adapters implement these; `app.py` joins them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from worker.core.billing import BillKey, Contract
from worker.core.enums import Fate, Origination
from worker.core.model import Bill, Client, Rejected
from worker.core.recording import Recording
from worker.core.script import Line

RowT = TypeVar("RowT", Client, Bill, Contract)


Clock = Callable[[], datetime]  # the present instant, in UTC, zone-aware


# --- the ERP -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """A part of an answer. Only when the iterator of pages ends by itself is the answer complete."""

    rows: tuple[RowT, ...]
    rejected: tuple[Rejected, ...] = ()
    expected: int | None = None  # rows the source says there are in all, if it says


@dataclass(frozen=True, slots=True)
class ClientType:
    type_id: str
    name: str


class Can(StrEnum):
    """What a source may lack; asking for it nevertheless raises SourceLacks."""

    CLIENT_TYPES = "client_types"
    CONTRACTS = "contracts"
    OPEN_NOW = "open_now"
    FATES = "fates"


class BillSource(Protocol):
    """A foreign billing system. Every method raises a SourceError leaf and never returns half an answer."""

    @property
    def can(self) -> frozenset[Can]: ...

    def clients(self) -> Iterator[Page[Client]]:
        """Active clients of the kinds of person asked for, each once."""
        ...

    def bills(self, due_from: date, due_until: date) -> Iterator[Page[Bill]]:
        """Open bills (wholly or partly unpaid) due from the one day to the other, both included, each once."""
        ...

    def contracts(self) -> Iterator[Page[Contract]]:
        """Contracts in force, blocked or not, each once."""
        ...

    def client_types(self) -> tuple[ClientType, ...]: ...

    def open_now(self, client_id: str, due_from: date, due_until: date) -> tuple[Bill, ...]:
        """One client's open bills at this moment, by one cheap request; with interest where it is reckoned."""
        ...

    def fates(self, gone: Sequence[BillKey], due_from: date, due_until: date) -> dict[str, Fate]:
        """What became of bills that a listing of that span no longer holds, by bill id.

        A bill of which the source says nothing is left out. Fate.OPEN: the listing was not whole.
        """
        ...

    def probe(self) -> str:
        """Ask the cheapest question that proves address and credentials; one sentence for `doctor`."""
        ...


class ErpActions(Protocol):
    """What changes something in the ERP, or may. Nothing here is ever tried twice, and no sync holds one."""

    def unlock(self, contract_id: str) -> str:
        """Line on trust for some days. The ERP's answer in its own words. ActionRefused when it will not."""
        ...

    def note(self, client_id: str, contract_id: str | None, text: str, day: date) -> None:
        """A line in the history of the contract, or of the client."""
        ...

    def pix(self, bill_id: str) -> str:
        """The PIX copy-and-paste code; may be made only now. Its checksum has been verified."""
        ...

    def boleto(self, bill_id: str) -> bytes:
        """The bill as PDF, as it stands: interest is not reckoned anew."""
        ...


# --- the PBX -----------------------------------------------------------------------------------------


class Placed(StrEnum):
    ACCEPTED = "accepted"
    REFUSED = "refused"  # the PBX certainly never got it
    UNKNOWN = "unknown"  # it may have: leave it to reconciliation


@dataclass(frozen=True, slots=True)
class DialOrder:
    """One call to put on the line. Everything here is ours or validated; no name, no amount."""

    attempt_id: str
    instance: str  # becomes CHANNEL(accountcode)
    number: str  # E.164
    endpoint: str  # "PJSIP/5511987654321@carrier"
    caller_id: str  # digits
    ring_seconds: int
    max_call_seconds: int
    origination: Origination
    trunk_group: str = ""  # Issabel's GROUP name (OUT_1), empty for none
    recording: Recording | None = None  # None: the call is not recorded
    listen: bool = False  # over ARI: have the PBX say when the callee makes a sound


@dataclass(frozen=True, slots=True)
class Placement:
    attempt_id: str
    placed: Placed
    detail: str = ""


class Dialler(Protocol):
    def place(self, orders: Sequence[DialOrder]) -> list[Placement]:
        """Put all of them on the line, at once; one placement each, in order. Raises nothing."""
        ...

    def ready(self) -> str:
        """Empty when calls can be placed and heard; else one sentence why not."""
        ...


class Pbx(Protocol):
    """What reconciliation asks of the PBX."""

    @property
    def name(self) -> str:
        """As attempts carry it: it knows nothing of those that other PBXs dialled."""
        ...

    def live_attempts(self) -> set[str] | None:
        """Attempt ids with a channel or an unfinished call file now; None when that cannot be known."""
        ...


# --- speech ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sound:
    """Something the PBX can play."""

    name: str  # Asterisk's name, no extension: "collector/3f/3fa94c…"
    seconds: float


@dataclass(frozen=True, slots=True)
class Script:
    """Everything that one call can say, rendered before it is answered."""

    lines: Mapping[Line, Sound]
    days: tuple[tuple[date, Sound], ...] = ()  # offered for a promise, in the order of their keys; each said back
    digits: Mapping[str, Sound] = field(default_factory=dict)  # "0" to "9", for a digitable line


class Voice(Protocol):
    def render(self, text: str) -> Sound:
        """The sound of a text, from the cache or made now. Raises SpeechError."""
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """A step of long work, for a person watching."""

    job: str
    instance: str
    done: int
    expected: int | None = None
    note: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)


Watcher = Callable[[Progress], None]
