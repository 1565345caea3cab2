"""A billing system with something to lose, a store that has seen it whole once, and the sync between the two."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final

from pymysql.cursors import Cursor

from tests.lab.invented import World, invent
from tests.unit.world import NOON, TODAY, Clock, sync_plan
from worker.core.records import JobRun
from worker.jobs import sync
from worker.ports import BillSource, Progress
from worker.store.mariadb import OpenStore
from worker.store.memory import memory_store
from worker.store.memory_tables import Tables
from worker.store_ports import Store

SPAN: Final = (TODAY - timedelta(days=365), TODAY)
BILLS, CLIENTS = "bills", "clients"
PATIENCE: Final = 10.0  # seconds a question may take
WORLD: Final = invent(60, today=TODAY, seed=11)

Rows = dict[str, object]  # by id: the amount owed of a bill; name and numbers of a client


@dataclass(frozen=True, slots=True)
class Seen:
    """A store, and what it holds of an instance, read past its ports, for they sum up."""

    store: Store
    bills: Callable[[str], Rows]
    clients: Callable[[str], Rows]

    def rows(self, job: str, instance: str) -> Rows:
        return self.bills(instance) if job == BILLS else self.clients(instance)


def seen_in_memory() -> Seen:
    tables = Tables()

    def clients(instance: str) -> Rows:
        own = (one for (name, _), one in tables.active_clients() if name == instance)
        return {one.client_id: (one.name, frozenset(phone.number for phone in one.phones)) for one in own}

    return Seen(
        memory_store(tables),
        lambda instance: {key: bill.open_amount for key, bill in tables.bills.get(instance, {}).items()},
        clients,
    )


def seen_in_mariadb(opened: OpenStore, cursor: Cursor) -> Seen:
    """`cursor`: as root, every statement by itself."""

    def bills(instance: str) -> Rows:
        cursor.execute(
            "SELECT bill_id, open_amount FROM collector.bill WHERE instance = %s AND closed_at IS NULL",
            (instance,),
        )
        return dict(cursor.fetchall())

    def clients(instance: str) -> Rows:
        cursor.execute(
            "SELECT client_id, name, GROUP_CONCAT(number) FROM collector.client "
            "LEFT JOIN collector.client_phone USING (instance, client_id) "
            "WHERE instance = %s AND active = 1 GROUP BY client_id, name",
            (instance,),
        )
        found = cursor.fetchall()
        return {key: (name, frozenset(numbers.split(",") if numbers else ())) for key, name, numbers in found}

    return Seen(opened.store, bills, clients)


_KNOWLEDGE: Final = ("client", "client_phone", "bill", "queue_entry", "answer")


def copy_knowledge(cursor: Cursor, instance: str, new: str) -> None:
    """Another instance that knows the same: quicker than to sync it as well."""
    cursor.execute(
        "SELECT table_name, GROUP_CONCAT(column_name) FROM information_schema.columns "
        "WHERE table_schema = 'collector' AND column_name <> 'instance' AND extra = '' GROUP BY table_name"
    )
    columns = dict(cursor.fetchall())
    for table in _KNOWLEDGE:
        names = columns[table]
        cursor.execute(
            f"INSERT INTO collector.{table} (instance, {names}) "
            f"SELECT %s, {names} FROM collector.{table} WHERE instance = %s",
            (new, instance),
        )


def forget(cursor: Cursor, instance: str) -> None:
    for table in (*_KNOWLEDGE, "alarm"):
        cursor.execute(f"DELETE FROM collector.{table} WHERE instance = %s", (instance,))


@dataclass
class Land(ABC):
    """One billing system over HTTP: what it holds by rights, and hands to change and to break it.

    Columns go by our words: due, amount, name, phone, id. Rows go by (job, id).
    """

    world: World = WORLD
    truth: dict[str, Rows] = field(default_factory=dict)  # by job: what the system holds now, in listing order
    kept: Rows = field(default_factory=dict)  # rows that rightly stay as they were known, until the next sync
    bad: str = ""  # id of a row that cannot be read
    between: dict[int, Callable[[], None]] = field(default_factory=dict)  # what happens after the n-th full page
    undo: list[Callable[[], object]] = field(default_factory=list)

    secrets: tuple[str, ...] = ()

    def renew(self) -> None:
        """As it was in the beginning, and no fault."""
        owed = sorted(self.world.owed(*SPAN), key=lambda bill: self.place(bill.due_date.toordinal(), bill.bill_id))
        people = self.world.chargeable()
        self.truth = {
            BILLS: {bill.bill_id: bill.open_amount for bill in owed},
            CLIENTS: {str(one.client_id): (one.name, frozenset(one.numbers)) for one in people},
        }
        self.kept, self.bad, self.between = {}, "", {}
        self.undo.clear()
        self.restore()

    def heal(self) -> None:
        """The system is well again; what people did in it stays."""
        for each in self.undo:
            each()
        self.undo.clear()
        self.between.clear()
        self.stop()

    def drift(self, job: str) -> None:
        """What a day brings: one row altered, one gone, one new."""
        altered, gone, model = list(self.truth[job])[1:4]
        new = str(max(map(int, self.ids(job))) + 1)
        rows = self.truth[job]
        self.copy(job, model, new)
        rows[new] = rows[model]
        del rows[gone]
        if job == BILLS:
            self.edit(job, altered, amount="1.23")
            rows[altered] = Decimal("1.23")
            self.pay(gone)
        else:
            self.edit(job, altered, name="Nome de Casada")
            _, numbers = self.person(altered)
            rows[altered] = ("Nome de Casada", numbers)
            self.leave(gone)

    def person(self, key: str) -> tuple[str, frozenset[str]]:
        one = next(one for one in self.world.clients if str(one.client_id) == key)
        return one.name, frozenset(one.numbers)

    def spoil(self, job: str, key: str, **columns: str) -> None:
        """One row cannot be read until the system is well again."""
        before = self.edit(job, key, **columns)
        self.bad = key
        self.undo.append(lambda: self.edit(job, key, **before))

    @abstractmethod
    def source(self, patience: float) -> BillSource:
        """The adapter; `patience` in seconds a request. It does not try twice."""

    @abstractmethod
    def send(self, kind: str, job: str, where: str, times: int | None = None) -> None:
        """Break the answers to that job's listing from its first, middle or last request with rows on."""

    @abstractmethod
    def place(self, due: int, key: str) -> tuple[int, int]:
        """What bills are listed by."""

    @abstractmethod
    def ids(self, job: str) -> list[str]: ...

    @abstractmethod
    def edit(self, job: str, key: str, **columns: str) -> dict[str, str]:
        """The columns as they were before."""

    @abstractmethod
    def copy(self, job: str, key: str, new: str) -> None: ...

    @abstractmethod
    def pay(self, key: str) -> None: ...

    @abstractmethod
    def leave(self, key: str) -> None:
        """That client is none any more."""

    @abstractmethod
    def restore(self) -> None: ...

    @abstractmethod
    def learn(self) -> None:
        """The requests so far were a good sync's: by them `send` knows where the pages are."""

    @abstractmethod
    def stop(self) -> None:
        """No fault any more."""


@dataclass
class SyncBed:
    """One land, one store, and the job history between them."""

    land: Land
    seen: Seen
    instance: str
    clock: Clock = field(default_factory=lambda: Clock(NOON))
    pages: dict[str, int] = field(default_factory=dict)  # by job: those with rows, of the latest run

    def rows(self, job: str) -> Rows:
        return self.seen.rows(job, self.instance)

    def queued(self) -> list[tuple[str, Decimal]]:
        entries = self.seen.store.queue.open_entries(self.instance)
        return sorted((entry.client_id, entry.total) for entry in entries)

    def alarms(self) -> list[tuple[str, str]]:
        """Those not over."""
        found = self.seen.store.alarms.listing()
        return [(one.kind, one.reason) for one in found if one.instance == self.instance and not one.over_at]

    def first(self) -> None:
        """A good first sync of everything."""
        assert {"done"} == {report.status for report in sync.sync_all(self._sync(PATIENCE))}

    def again(self, job: str, patience: float = PATIENCE) -> JobRun:
        """An hour later. The job's own line of the history."""
        self.clock.move(hours=1)
        part = sync.sync_bills if job == BILLS else sync.sync_clients
        part(self._sync(patience))
        return self.seen.store.runs.latest(1, job, self.instance)[0]

    def _sync(self, patience: float) -> sync.Sync:
        plan = sync_plan(instance=self.instance, read_contracts=False)
        done: dict[str, int] = {}

        def watch(step: Progress) -> None:
            if not step.note and step.done > done.get(step.job, 0):
                self.pages[step.job] = self.pages[step.job] + 1 if step.job in done else 1
                done[step.job] = step.done
                self.land.between.pop(self.pages[step.job], lambda: None)()

        return sync.Sync(plan, self.land.source(patience), self.seen.store, self.clock, watch)
