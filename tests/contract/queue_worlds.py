"""Providers for the building of the queue, made by hand or at random, put into any store."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tests.contract.store_data import ALPHA, DONE, NOW, TODAY, bill, candidate, client, later, outcome
from worker.core.billing import Contract
from worker.core.do_not_call import DoNotCall
from worker.core.enums import Access, Answerer, EntryState, LineResult, PhoneKind
from worker.core.model import Bill, Client, LedgerRules, Phone, QueueEntry
from worker.core.priority import Order, Ranking
from worker.core.queueing import Built, Charge
from worker.store_ports import Store

CHARGE = Charge(date(2025, 3, 10), date(2026, 3, 3), TODAY)


def quiet(_: int) -> None:
    """Nobody watches."""


def build(store: Store, charge: Charge = CHARGE) -> Built:
    return store.queue.build(ALPHA, charge, NOW, quiet)


def queue_of(store: Store) -> dict[str, QueueEntry]:
    return {entry.client_id: entry for entry in store.queue.open_entries(ALPHA)}


def known(store: Store, *owing: str, clients: list[Client] | None = None) -> None:
    """Clients 1, 2, 3 ... each with one bill of that amount; "": with none."""
    store.catalogue.replace_clients(ALPHA, clients or [client(n + 1) for n in range(len(owing))], NOW)
    bills = [bill(n + 1, f"c{n + 1:04}", amount) for n, amount in enumerate(owing) if amount]
    store.catalogue.replace_bills(ALPHA, bills, NOW)


# --- at random ---------------------------------------------------------------------------------------

CLIENTS = 6
START = date(2020, 1, 1)
APART = timedelta(days=200)  # worlds are so far apart that none learns from another's calls
FREE = LedgerRules(per_day=10, gap=timedelta(0))
IDS = st.integers(0, CLIENTS - 1)


@dataclass(frozen=True, slots=True)
class Day:
    """What one build finds; small numbers, made into days and amounts by `World`."""

    clients: list[tuple[int, bool]]  # who is listed, and collectable
    bills: list[tuple[int, int, int]]  # client (some unknown), days overdue, centavos
    contracts: list[tuple[int, int | None]]  # client, days until he may be told again
    lists: list[tuple[int, int | None, bool]]  # client, days until it no longer counts, for this instance only
    numbers: list[tuple[int, int, int | None]]  # client, which of his numbers is listed, days until it is not
    touched: list[tuple[int, str]]  # before the build: claim | park | postpone | bump | call
    order: Order
    best_hour: bool


DAYS = st.builds(
    Day,
    clients=st.lists(st.tuples(IDS, st.sampled_from([True, True, True, False])), unique_by=lambda one: one[0]),
    bills=st.lists(st.tuples(st.integers(0, CLIENTS), st.integers(0, 30), st.integers(-1, 300)), max_size=12),
    contracts=st.lists(st.tuples(IDS, st.none() | st.integers(-2, 2)), max_size=3),
    lists=st.lists(st.tuples(IDS, st.none() | st.integers(-1, 2), st.booleans()), max_size=2),
    numbers=st.lists(st.tuples(IDS, st.integers(0, 1), st.none() | st.integers(-1, 2)), max_size=3),
    touched=st.lists(st.tuples(IDS, st.sampled_from(["claim", "park", "postpone", "bump", "call"])), max_size=5),
    order=st.sampled_from(Order),
    best_hour=st.booleans(),
)


class World:
    """One example: its own instance, numbers, documents and years."""

    def __init__(self, serial: int, store: Store) -> None:
        self.instance = f"w{serial}"
        self._serial = serial
        self._store = store
        self._calls = 0
        self.now = datetime(2030, 1, 1, 15, tzinfo=UTC) + serial * APART

    def live(self, day: Day, build: Callable[[Charge], Built]) -> tuple[Any, ...]:
        """A day later: what was touched, the new answer, the build. What it did, and how the queue stands then."""
        self.now += timedelta(hours=25)
        for place, what in day.touched:
            self._touch(f"c{place}", what)
        catalogue, today = self._store.catalogue, self.now.date()
        catalogue.replace_clients(self.instance, [self._client(*one) for one in day.clients], self.now)
        bills = [self._bill(number, today, *one) for number, one in enumerate(day.bills)]
        catalogue.replace_bills(self.instance, bills, self.now)
        contracts = [
            Contract(f"k{number}", f"c{place}", Access.ACTIVE, no_notice_until=_day(today, days))
            for number, (place, days) in enumerate(day.contracts)
        ]
        catalogue.replace_contracts(self.instance, contracts, self.now)
        lines = [
            DoNotCall("", self._document(place), self.instance if mine else "", "asked", f"list {number}",
                      self.now, _day(today, days))
            for number, (place, days, mine) in enumerate(day.lists)
        ]  # fmt: skip
        lines += [
            DoNotCall(self._number(place, which), source=f"numbers {number}", expires_on=_day(today, days))
            for number, (place, which, days) in enumerate(day.numbers)
        ]
        self._store.do_not_call.put(lambda: lines, self.now)
        ranking = Ranking(day.order, day.best_hour)
        span = today - timedelta(days=25), today - timedelta(days=2)
        return build(Charge(*span, today, ranking)), self.standing()

    def standing(self) -> list[Any]:
        """Entries without their ids: each store counts its own."""
        entries = [replace(one, entry_id=0) for one in self._store.queue.open_entries(self.instance)]
        return sorted(entries, key=lambda one: one.client_id)

    def _touch(self, client_id: str, what: str) -> None:
        waiting = self._store.queue.open_entry(self.instance, client_id)
        if waiting is None:
            return
        entry_id = waiting.entry.entry_id
        if what == "bump":
            self._store.queue.bump(self.instance, client_id, self.now)
        elif what in ("park", "postpone"):
            until = None if what == "park" else self.now + timedelta(days=3)
            self._store.queue.postpone(entry_id, until, what)
        elif waiting.phones and waiting.entry.state is EntryState.WAITING:
            self._call(waiting, ends=what == "call")

    def _call(self, waiting: Any, *, ends: bool) -> None:
        self._calls += 1
        chosen = candidate(waiting, self._serial * 1000 + self._calls, day=self.now.date())
        reserved = self._store.attempts.reserve([chosen], channels=100, rules=FREE, now=self.now)
        for attempt in reserved if ends else ():
            at = self.now + timedelta(hours=self._calls % 3)
            person = self._calls % 2 == 0
            ended = outcome(attempt, ended=at, line=LineResult.ANSWERED if person else LineResult.NO_ANSWER)
            answerer = Answerer.HUMAN if person else Answerer.NOBODY
            step = DONE if self._calls % 5 == 0 else replace(later(0), not_before=at)
            self._store.outcomes.record(replace(ended, answerer=answerer), step)

    def _client(self, place: int, collectable: bool) -> Client:
        phones = tuple(Phone(self._number(place, number), PhoneKind.MOBILE) for number in range(place % 3))
        return Client(
            f"c{place}", f"Cliente {place}", phones=phones, document=self._document(place), collectable=collectable
        )

    def _number(self, place: int, number: int) -> str:
        return f"+55{11 + place % 2}9{self._serial % 10000:04}{place:03}{number}"

    def _document(self, place: int) -> str:
        return f"{self._serial:08}{place:03}"

    def _bill(self, number: int, today: date, place: int, overdue: int, owed: int) -> Bill:
        amount = Decimal(owed) / 100
        return Bill(f"b{number}", f"c{place}", today - timedelta(days=overdue), Decimal("9.99"), amount)


def _day(today: date, days: int | None) -> date | None:
    return None if days is None else today + timedelta(days=days)
