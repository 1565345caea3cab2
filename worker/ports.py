"""What the jobs need of the outside world. Adapters implement these; `app.py` joins them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Generic, Protocol, TypeVar

from worker.core.enums import Origination
from worker.core.model import Bill, Client, Rejected

RowT = TypeVar("RowT", Client, Bill)


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


class BillSource(Protocol):
    """A foreign billing system. Every method raises a SourceError leaf and never returns half an answer."""

    def clients(self) -> Iterator[Page[Client]]:
        """Active clients that may be charged by telephone."""
        ...

    def bills(self, due_from: date, due_until: date) -> Iterator[Page[Bill]]:
        """Open bills (wholly or partly unpaid) due from the one day to the other, both included."""
        ...

    def client_types(self) -> tuple[ClientType, ...]: ...

    def probe(self) -> str:
        """Ask the cheapest question that proves address and credentials; one sentence for `doctor`."""
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

    def live_attempts(self) -> set[str] | None:
        """Attempt ids with a channel or an unfinished call file now; None when that cannot be known."""
        ...


# --- speech ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sound:
    """Something the PBX can play."""

    name: str  # Asterisk's name, no extension: "collector/3f/3fa94c…"
    seconds: float


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
