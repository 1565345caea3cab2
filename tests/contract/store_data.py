"""Invented debtors and calls for the store's contract suite."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tests.lab.people import PAY_LINE
from worker.core.billing import Contract
from worker.core.enums import Access, Answerer, EntryState, Heard, LineResult, Origination, PhoneKind, Result
from worker.core.model import (
    Attempt,
    Bill,
    Candidate,
    Client,
    Debtor,
    LedgerRules,
    NextStep,
    Open,
    Outcome,
    Phone,
    TalkFacts,
    Waiting,
)
from worker.core.records import CdrRow
from worker.store_ports import Store

NOW = datetime(2026, 3, 10, 13, 0, 0, 123456, tzinfo=UTC)
TODAY = date(2026, 3, 10)
RULES = LedgerRules(per_day=3, gap=timedelta(hours=4))
HOUR = timedelta(hours=1)
LINE = PAY_LINE
ALPHA = "alpha"


@dataclass(frozen=True, slots=True)
class Bed:
    """A store under test, and a way to write as Asterisk does into its call records."""

    name: str
    store: Store
    put_cdr: Callable[[CdrRow], None]


def number_of(n: int) -> str:
    return f"+55119{80000000 + n}"


def phone(n: int) -> Phone:
    return Phone(number_of(n), PhoneKind.MOBILE, source="telefone_celular")


def client(n: int, *numbers: int, name: str = "") -> Client:
    phones = tuple(phone(number) for number in numbers or (n,))
    return Client(f"c{n:04}", name or f"Cliente {n} da Conceição", phones=phones)


def bill(n: int, client_id: str = "c0001", amount: str = "99.90", due: date = date(2026, 2, 1)) -> Bill:
    return Bill(f"b{n:04}", client_id, due, Decimal(amount), Decimal(amount))


def contract(n: int, client_id: str = "", access: Access = Access.ACTIVE, since: date | None = None) -> Contract:
    return Contract(f"k{n:04}", client_id or f"c{n:04}", access, blocked_since=since)


def debtor(n: int, total: str = "99.90", oldest: date = date(2026, 2, 1)) -> Debtor:
    one = client(n)
    return Debtor(one.client_id, one.name, one.phones, Decimal(total), 1, oldest)


def attempt_id(n: int) -> str:
    return f"01JTEST{n:019}"


def seed(store: Store, clients: list[Client], instance: str = ALPHA) -> None:
    """Clients known and in the queue, the lowest client id first."""
    store.catalogue.replace_clients(instance, clients, NOW)
    debtors = [
        Debtor(one.client_id, one.name, one.phones, Decimal("10.00"), 1, date(2026, 1, 1) + timedelta(days=place))
        for place, one in enumerate(clients)
    ]
    store.queue.apply(instance, [Open(one) for one in debtors], NOW)


def candidate(waiting: Waiting, n: int, *, number: str = "", day: date = TODAY) -> Candidate:
    return Candidate(waiting, number or waiting.phones[0].number, attempt_id(n), Origination.ARI, day)


def reserve_one(
    store: Store, n: int, *, now: datetime = NOW, day: date = TODAY, instance: str = ALPHA, channels: int = 100
) -> Attempt | None:
    """Reserve the first waiting debtor of the instance, under attempt id n."""
    waiting = store.queue.waiting(instance, now, 1)
    chosen = [candidate(one, n, day=day) for one in waiting]
    reserved = store.attempts.reserve(chosen, channels=channels, rules=RULES, now=now)
    return reserved[0] if reserved else None


def outcome(attempt: Attempt, *, ended: datetime = NOW, line: LineResult = LineResult.ANSWERED) -> Outcome:
    return Outcome(
        attempt_id=attempt.attempt_id,
        instance=attempt.instance,
        client_id=attempt.client_id,
        number=attempt.number,
        ended_at=ended,
        line_result=line,
        answerer=Answerer.HUMAN,
        talk=TalkFacts(Heard.ALL, 12.34, Result.PROMISE, "13", date(2026, 3, 15)),
        cause=16,
        tech_text="SIP 200 OK",
        amd_status="HUMAN",
        amd_cause="HUMAN-1200-800",
        ring_seconds=8.25,
        talk_seconds=31.5,
        short_call=False,
    )


DONE = NextStep(EntryState.DONE, "promised")


def later(hours: float) -> NextStep:
    return NextStep(EntryState.WAITING, "busy", NOW + hours * HOUR)
