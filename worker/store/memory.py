"""The store's twin in memory, for tests and rehearsals: the same contract suite runs over both."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime

from worker.core.debtors import merge
from worker.core.model import Bill, Client, Debtor
from worker.core.records import Change
from worker.store import rows
from worker.store.catalogue import compare
from worker.store.memory_attempts import MemoryAttempts
from worker.store.memory_outcomes import MemoryOutcomes
from worker.store.memory_queue import MemoryQueue
from worker.store.memory_runs import MemoryRuns
from worker.store.memory_tables import Tables
from worker.store_ports import Store


def memory_store(tables: Tables | None = None) -> Store:
    """An empty store, or one over `tables` (whose `cdr` list stands for Asterisk's table)."""
    tables = Tables() if tables is None else tables
    return Store(
        catalogue=MemoryCatalogue(tables),
        queue=MemoryQueue(tables),
        attempts=MemoryAttempts(tables),
        outcomes=MemoryOutcomes(tables),
        runs=MemoryRuns(tables),
        presence=MemoryPresence(tables),
    )


class MemoryCatalogue:
    """`worker.ports.Catalogue`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def replace_clients(self, instance: str, clients: Iterable[Client], now: datetime) -> Change:
        rows.utc(now)
        new = {client.client_id: rows.tidy_client(client) for client in clients}
        with self._tables.mutex:
            old = {key: client for (name, key), client in self._tables.active_clients() if name == instance}
            difference = compare(old, new)
            for key, client in difference.written.items():
                self._tables.clients[instance, key] = client
                self._tables.inactive.discard((instance, key))
            self._tables.inactive.update((instance, key) for key in difference.removed)
            return difference.change

    def replace_bills(self, instance: str, bills: Iterable[Bill], now: datetime) -> Change:
        rows.utc(now)
        new = {bill.bill_id: rows.tidy_bill(bill) for bill in bills}
        with self._tables.mutex:
            difference = compare(self._tables.bills.get(instance, {}), new)
            self._tables.bills[instance] = new
            return difference.change

    def replace_client_types(self, instance: str, types: Iterable[tuple[str, str]], now: datetime) -> Change:
        rows.utc(now)
        new = {type_id: rows.fit(name, 120) for type_id, name in types}
        with self._tables.mutex:
            difference = compare(self._tables.client_types.get(instance, {}), new)
            self._tables.client_types[instance] = new
            return difference.change

    def count_clients(self, instance: str) -> int:
        with self._tables.mutex:
            return sum(name == instance for (name, _), _ in self._tables.active_clients())

    def count_bills(self, instance: str) -> int:
        with self._tables.mutex:
            return len(self._tables.bills.get(instance, {}))

    def debtors(self, instance: str, due_from: date, due_until: date) -> list[Debtor]:
        with self._tables.mutex:
            clients = [client for (name, _), client in self._tables.active_clients() if name == instance]
            bills = list(self._tables.bills.get(instance, {}).values())
        return merge(clients, bills, due_from, due_until)


class MemoryPresence:
    """`worker.ports.Presence`; locks hold within this process."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def beat(self, kind: str, name: str, pid: int, detail: str, now: datetime) -> None:  # noqa: ARG002 - pid is only shown
        rows.utc(now)
        with self._tables.mutex:
            self._tables.presence[kind, name] = (now, rows.fit(detail, 255))

    def leave(self, kind: str, name: str) -> None:
        with self._tables.mutex:
            self._tables.presence.pop((kind, name), None)

    def last_seen(self, kind: str, name: str) -> tuple[datetime, str] | None:
        with self._tables.mutex:
            return self._tables.presence.get((kind, name))

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        with self._tables.mutex:
            got = name not in self._tables.locks
            self._tables.locks.add(name)
        try:
            yield got
        finally:
            if got:
                with self._tables.mutex:
                    self._tables.locks.discard(name)
