"""Hand-made parts for tests of the jobs: a source, a dialler and a PBX that do as they are told, and a clock."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from zoneinfo import ZoneInfo

from worker.core.billing import BillKey, Contract
from worker.core.enums import Fate, Origination, PhoneKind
from worker.core.law import Hours
from worker.core.model import Attempt, Bill, Client, LedgerRules, Phone, Rejected, Waiting
from worker.core.policy import CallRules
from worker.core.route import Route
from worker.core.window import CallWindow
from worker.errors import SourceError
from worker.jobs.dial import DialPlan
from worker.jobs.sync import Sync, SyncPlan
from worker.ports import BillSource, Can, ClientType, DialOrder, Page, Placed, Placement, Progress
from worker.store_ports import Store

NOON = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)  # a Wednesday, 12:00 in São Paulo
ZONE = ZoneInfo("America/Sao_Paulo")
TODAY = NOON.astimezone(ZONE).date()
RULES = LedgerRules(3, timedelta(hours=4))
WINDOW = CallWindow(ZONE, tuple([(time(8), time(19))] * 5 + [(time(8), time(13)), None]), frozenset(), ())


class Clock:
    """Stands still until moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> None:
        self.now += timedelta(**by)


def client(index: int, *numbers: str) -> Client:
    chosen = numbers or (f"+55119610{index:05d}",)
    return Client(str(index), f"Cliente {index}", phones=tuple(Phone(one, PhoneKind.MOBILE) for one in chosen))


def bill(index: int, overdue: int = 30, amount: str = "99.90") -> Bill:
    """One bill of the client of the same number."""
    return Bill(f"b{index}", str(index), TODAY - timedelta(days=overdue), Decimal(amount), Decimal(amount))


@dataclass
class Source:
    """A `BillSource` that answers in pages of two, or breaks on the page told."""

    client_rows: list[Client]
    bill_rows: list[Bill]
    breaks: tuple[str, int, SourceError] | None = None  # what, page, error
    contract_rows: list[Contract] = field(default_factory=list)
    gone: dict[str, Fate] = field(default_factory=dict)  # what it says of bills no longer listed
    rejected: tuple[Rejected, ...] = ()  # on the last page of bills
    can: frozenset[Can] = frozenset(Can)

    def clients(self) -> Iterator[Page[Client]]:
        for page in range(0, len(self.client_rows), 2):
            self._break("clients", page // 2)
            yield Page(tuple(self.client_rows[page : page + 2]), (), len(self.client_rows))

    def bills(self, due_from: date, due_until: date) -> Iterator[Page[Bill]]:
        rows = [one for one in self.bill_rows if due_from <= one.due_date <= due_until]
        for page in range(0, len(rows), 2):
            self._break("bills", page // 2)
            yield Page(tuple(rows[page : page + 2]), (), len(rows))
        yield Page((), self.rejected, len(rows))

    def contracts(self) -> Iterator[Page[Contract]]:
        self._break("contracts", 0)
        yield Page(tuple(self.contract_rows))

    def open_now(self, client_id: str, due_from: date, due_until: date) -> tuple[Bill, ...]:
        self._break("open_now", 0)
        mine = [one for one in self.bill_rows if one.client_id == client_id]
        return tuple(one for one in mine if due_from <= one.due_date <= due_until)

    def fates(self, gone: Sequence[BillKey], due_from: date, due_until: date) -> dict[str, Fate]:
        del due_from, due_until  # they judge what is open; here that is told
        self._break("fates", 0)
        return {one.bill_id: self.gone[one.bill_id] for one in gone if one.bill_id in self.gone}

    def client_types(self) -> tuple[ClientType, ...]:
        return (ClientType("1", "Residencial"),)

    def probe(self) -> str:
        return "answers"

    def _break(self, what: str, page: int) -> None:
        if self.breaks and self.breaks[:2] == (what, page):
            raise self.breaks[2]


@dataclass
class Line:
    """A `Dialler` that notes what it was asked for."""

    answer: Placed = Placed.ACCEPTED
    why_not: str = ""
    placed: list[str] = field(default_factory=list)  # numbers

    def place(self, orders: Sequence[DialOrder]) -> list[Placement]:
        self.placed += [order.number for order in orders]
        return [Placement(order.attempt_id, self.answer, "as told") for order in orders]

    def ready(self) -> str:
        return self.why_not


@dataclass
class Switch:
    """A `Pbx` that knows what it is told."""

    live: set[str] | None = field(default_factory=set)
    name: str = "local"

    def live_attempts(self) -> set[str] | None:
        return self.live


def watch(_: Progress) -> None:
    """Nobody looks."""


def sync_plan(**changes: object) -> SyncPlan:
    values: dict[str, object] = {
        "instance": "fibra",
        "zone": ZONE,
        "minimum_days": 7,
        "maximum_days": 365,
        "shrink_percent": 30,
    }
    return SyncPlan(**(values | changes))  # type: ignore[arg-type]  # a table of changes has no one type


def sync_of(source: BillSource, store: Store, clock: Clock, **changes: object) -> Sync:
    """A sync of `fibra`; `changes` are of its plan."""
    return Sync(sync_plan(**changes), source, store, clock, watch)


def dial_plan(channels: int = 10) -> DialPlan:
    serial = count(1)

    def order(attempt: Attempt) -> DialOrder:
        return DialOrder(
            attempt.attempt_id, "fibra", attempt.number, "PJSIP/1@t", "1133330000", 30, 240, Origination.ARI
        )

    def prepare(waiting: Waiting, number: str) -> None:
        assert waiting.client_name
        assert number

    return DialPlan(
        instance="fibra",
        origination=Origination.ARI,
        channels=channels,
        rules=CallRules(Hours(WINDOW), RULES),
        route=Route,
        order=order,
        prepare=prepare,
        new_id=lambda _: f"01JD{next(serial):022d}",
        handler_alive=lambda _: "",
    )
