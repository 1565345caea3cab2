"""A small town for the state machines: two providers that share people, numbers and a trunk; their ERPs, one PBX.

It also keeps the history by which `machine_oracle` judges, its own and not the store's: what happened, and in
which order. `tick` numbers every event; what began after an event had ended must know of it.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from zoneinfo import ZoneInfo

from tests.unit.world import Source
from worker.core.enums import Fate, PhoneKind
from worker.core.law import Hours
from worker.core.model import Bill, Client, LedgerRules, NextStep, Outcome, Phone
from worker.core.window import CallWindow
from worker.errors import SourceUnavailable
from worker.ports import DialOrder, Placed, Placement

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
ZONES = {
    "11": SAO_PAULO,
    "68": ZoneInfo("America/Rio_Branco"),
    "81": ZoneInfo("America/Recife"),
    "92": ZoneInfo("America/Manaus"),
}
START = datetime(2026, 12, 29, 11, 30, tzinfo=UTC)  # a Tuesday, 8:30 in São Paulo; the year ends in three days
OPEN_DAYS = (*[(time(8), time(20))] * 5, (time(8), time(14)), None)
CLOSED_DAYS = frozenset({date(2026, 12, 31), date(2027, 1, 1)})
HOURS = Hours(CallWindow(SAO_PAULO, OPEN_DAYS, CLOSED_DAYS, holidays_of=None))
TRUNK, TRUNK_CHANNELS = "pbx/OUT_1", 4
CHANNELS = {"alpha": 3, "beta": 2}
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
LONGEST_CALL = 4 * MINUTE
LEDGER = {
    "alpha": LedgerRules(2, 60 * MINUTE, 3, LedgerRules(3, 40 * MINUTE, 4, quiet=2 * DAY)),
    "beta": LedgerRules(2, 90 * MINUTE, None, LedgerRules(3, 70 * MINUTE, None, quiet=DAY)),
}
ANA, BRUNO, CAIO = "52998224725", "11144477735", "39053344705"
NUMBERS = [f"+55{ddd}98000000{n}" for n, ddd in enumerate(("11", "92", "68", "81", "11", "92"))]
PEOPLE: dict[tuple[str, str], tuple[str | None, tuple[int, ...]]] = {  # who: document and numbers
    ("alpha", "1"): (ANA, (0, 1)),
    ("alpha", "2"): (BRUNO, (1, 2)),
    ("alpha", "3"): (None, (3, 2)),
    ("alpha", "4"): (None, (4,)),
    ("alpha", "5"): (CAIO, (5, 0, 3)),
    ("beta", "1"): (ANA, (0, 4)),
    ("beta", "2"): (BRUNO, (3,)),
    ("beta", "3"): (None, (5, 1)),
    ("beta", "4"): (None, (2,)),  # somebody else than alpha's client 4
}


def zone_of(number: str) -> ZoneInfo:
    return ZONES[number[3:5]]


def day_of(number: str, instant: datetime) -> date:
    return instant.astimezone(zone_of(number)).date()


def person(instance: str, client_id: str) -> str:
    """Who it is: the same for two providers when the document is."""
    return PEOPLE[instance, client_id][0] or f"{instance}/{client_id}"


def numbers_of(instance: str, client_id: str) -> list[str]:
    return [NUMBERS[n] for n in PEOPLE[instance, client_id][1]]


class Died(BaseException):
    """The process ended here; nothing of it runs on."""


@dataclass(slots=True)
class Claim:
    """When a worker began to look, as what it looked, and when it had its answer (None: it died)."""

    begin: int
    reckless: bool = False  # asked the store alone, not the policy
    end: int | None = None


@dataclass(slots=True)
class Ban:
    """From the event `since` on nobody may be called whom it names; what is None names all."""

    what: str
    since: int
    number: str | None = None
    person: str | None = None
    instance: str | None = None
    client_id: str | None = None
    until_event: int | None = None  # taken back by hand
    until: datetime | None = None  # over at that instant
    expires_on: date | None = None  # the first day on which it no longer counts, where the number lives


@dataclass(slots=True)
class Written:
    """An outcome of which the store said that it was written now."""

    event: int
    outcome: Outcome
    step: NextStep


@dataclass(slots=True)
class Debt:
    """A bill as the ERP knows it."""

    bill: Bill
    paid: int | None = None  # the event


class Town:
    """One example: its clock, ERPs, PBX and history. Several threads may live in it."""

    def __init__(self) -> None:
        self._events = count(1)
        self._serials = count(1)
        self._mutex = threading.Lock()
        self.brakes = threading.Lock()  # one brake is set or ended at a time
        self._now = START
        self.claims: dict[str, Claim] = {}
        self.bans: list[Ban] = []
        self.written: list[Written] = []
        self.withdrawn: dict[str, int] = {}
        self.debts: dict[tuple[str, str], Debt] = {}
        self.pbx = Exchange()
        self.lists = 0
        self.learned: set[str] = set()  # attempts whose outcome has been looked at
        self.judged: set[str] = set()  # attempts that were found to be allowed
        for instance, client_id in PEOPLE:
            self.owe(instance, client_id)

    def tick(self) -> int:
        return next(self._events)

    def now(self) -> datetime:
        return self._now

    def step_clock(self, by: timedelta) -> None:
        """Forward or back, for everybody; never so far that all bills fall out of the span of a sync."""
        with self._mutex:
            if abs(self._now + by - START) < 100 * DAY:
                self._now += by

    def new_id(self, claim: Claim) -> str:
        attempt_id = f"01JM{next(self._serials):022d}"
        self.claims[attempt_id] = claim
        return attempt_id

    def owe(self, instance: str, client_id: str) -> None:
        with self._mutex:
            number = len(self.debts)
            amount = Decimal(10 + number) + Decimal(number % 100) / 100
            due = START.date() - timedelta(days=150 + number % 7)
            bill = Bill(f"b{number}", client_id, due, amount, amount)
            self.debts[instance, bill.bill_id] = Debt(bill)

    def pay(self, instance: str, bill_id: str) -> None:
        self.debts[instance, bill_id].paid = self.tick()

    def unpaid(self, instance: str) -> list[Bill]:
        debts = list(self.debts.items())
        return [debt.bill for (name, _), debt in debts if name == instance and debt.paid is None]

    def clients(self, instance: str) -> list[Client]:
        return [
            Client(
                client_id,
                f"Cliente {client_id}",
                document=document,
                phones=tuple(Phone(NUMBERS[n], PhoneKind.MOBILE) for n in places),
            )
            for (name, client_id), (document, places) in PEOPLE.items()
            if name == instance
        ]

    def source(self, instance: str, fault: str, rng: Random) -> Source:
        """The ERP at this moment, answering as told: whole | raises | empty | half | one_missing | twice."""
        bills, clients = self.unpaid(instance), self.clients(instance)
        source = Erp(clients, list(bills))
        source.town, source.instance = self, instance
        if fault == "raises":
            source.breaks = (
                rng.choice(["clients", "bills", "fates"]),
                rng.randint(0, 2),
                SourceUnavailable("gone"),
            )
        elif fault == "empty":
            source.bill_rows, source.client_rows = [], []
        elif fault == "half":
            source.bill_rows, source.client_rows = bills[::2], clients[::2]
        elif fault == "one_missing" and bills:
            source.bill_rows.remove(rng.choice(bills))
        elif fault == "twice" and bills:
            source.bill_rows.append(rng.choice(bills))
        return source


@dataclass
class Erp(Source):
    """Knows what became of each bill, whatever its listing left out."""

    town: "Town | None" = None
    instance: str = ""

    def open_now(self, client_id: str, due_from: date, due_until: date) -> tuple[Bill, ...]:
        del due_from, due_until  # all are in the span
        assert self.town
        return tuple(one for one in self.town.unpaid(self.instance) if one.client_id == client_id)

    def fates(self, gone: Sequence[object], due_from: date, due_until: date) -> dict[str, Fate]:
        del due_from, due_until
        self._break("fates", 0)
        assert self.town
        ids = [one.bill_id for one in gone]  # type: ignore[attr-defined]  # a BillKey, as the base class says
        debts = {one: self.town.debts[self.instance, one] for one in ids}
        return {one: Fate.OPEN if debt.paid is None else Fate.PAID for one, debt in debts.items()}


@dataclass
class Exchange:
    """The PBX: what it ever got, and what is on the line now."""

    got: dict[str, DialOrder] = field(default_factory=dict)
    live: dict[str, DialOrder] = field(default_factory=dict)
    hides: bool = False  # does not say what is on the line
    name: str = "local"

    def take(self, order: DialOrder) -> None:
        assert order.attempt_id not in self.got, "the PBX was given one attempt twice"
        self.got[order.attempt_id] = order
        self.live[order.attempt_id] = order

    def live_attempts(self) -> set[str] | None:
        return None if self.hides else set(self.live)


@dataclass
class Line:
    """A worker's way to the PBX, for one batch. `dies_after`: so many calls, then the process ends."""

    pbx: Exchange
    fates: Iterator[str]  # accepted | refused | unknown, got | unknown, lost
    dies_after: int | None = None
    refused: list[str] = field(default_factory=list)

    def place(self, orders: Sequence[DialOrder]) -> list[Placement]:
        said = []
        for place, order in enumerate(orders):
            if place == self.dies_after:
                raise Died
            fate = next(self.fates)
            if fate in ("accepted", "unknown, got"):
                self.pbx.take(order)
            if fate == "refused":
                self.refused.append(order.attempt_id)
            kind = {"accepted": Placed.ACCEPTED, "refused": Placed.REFUSED}.get(fate, Placed.UNKNOWN)
            said.append(Placement(order.attempt_id, kind, fate))
        if self.dies_after is not None:
            raise Died
        return said

    def ready(self) -> str:
        return ""
