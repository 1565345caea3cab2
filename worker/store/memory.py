"""The store's twin in memory, for tests and rehearsals: the same contract suite runs over both."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime

from worker.core.billing import Contract
from worker.core.enums import Fate
from worker.core.model import Bill, Client
from worker.core.records import Answer, Change
from worker.store import rows
from worker.store.catalogue import compare
from worker.store.memory_agent_results import MemoryAgentResults
from worker.store.memory_attempts import MemoryAttempts
from worker.store.memory_brakes import MemoryBrakes, MemoryCounts
from worker.store.memory_do_not_call import MemoryDoNotCall
from worker.store.memory_heard import MemoryHeard
from worker.store.memory_history import MemoryHistory
from worker.store.memory_intake import MemoryIntake, Place
from worker.store.memory_notes import MemoryNotes
from worker.store.memory_outcomes import MemoryOutcomes
from worker.store.memory_overview import MemoryAlarms, MemoryOverview
from worker.store.memory_payments import MemoryPayments
from worker.store.memory_queue import MemoryQueue
from worker.store.memory_runs import MemoryRuns
from worker.store.memory_tables import Tables
from worker.store.shelves import RowT
from worker.store_ports import Store


def memory_store(tables: Tables | None = None) -> Store:
    """An empty store, or one over `tables` (whose `cdr` list stands for Asterisk's table)."""
    tables = Tables() if tables is None else tables
    return Store(
        catalogue=MemoryCatalogue(tables),
        overview=MemoryOverview(tables),
        alarms=MemoryAlarms(tables),
        queue=MemoryQueue(tables),
        attempts=MemoryAttempts(tables),
        outcomes=MemoryOutcomes(tables),
        runs=MemoryRuns(tables),
        presence=MemoryPresence(tables),
        do_not_call=MemoryDoNotCall(tables),
        brakes=MemoryBrakes(tables),
        counts=MemoryCounts(tables),
        notes=MemoryNotes(tables),
        agent_results=MemoryAgentResults(tables),
        history=MemoryHistory(tables),
        payments=MemoryPayments(tables),
        heard=MemoryHeard(tables),
    )


class MemoryCatalogue:
    """`worker.catalogue_ports.Catalogue`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._owner: dict[tuple[str, str], object] = {}

    @contextmanager
    def clients_in(self, instance: str) -> Iterator[MemoryIntake[Client]]:
        tables = self._tables

        def put(key: str, client: Client) -> None:
            tables.clients[instance, key] = client
            tables.inactive.discard((instance, key))
            tables.wake({(instance, key)})

        yield MemoryIntake(
            Place(
                "clients",
                instance,
                lambda client: client.client_id,
                rows.tidy_client,
                lambda: {key: one for (name, key), one in tables.active_clients() if name == instance},
                put,
                lambda key, _: tables.inactive.add((instance, key)),
                *self._marks(instance, "clients"),
            ),
            self._owner,
        )

    @contextmanager
    def bills_in(self, instance: str) -> Iterator[MemoryIntake[Bill]]:
        tables = self._tables

        def remove(key: str, fate: Fate) -> None:
            tables.closed_bills[instance, key] = (tables.bills[instance].pop(key), fate)

        def put(key: str, bill: Bill) -> None:
            tables.bills.setdefault(instance, {})[key] = bill
            tables.closed_bills.pop((instance, key), None)

        yield MemoryIntake(
            Place(
                "bills",
                instance,
                lambda bill: bill.bill_id,
                rows.tidy_bill,
                lambda: dict(tables.bills.get(instance, {})),
                put,
                remove,
                *self._marks(instance, "bills"),
            ),
            self._owner,
        )

    @contextmanager
    def contracts_in(self, instance: str) -> Iterator[MemoryIntake[Contract]]:
        tables = self._tables

        def put(key: str, contract: Contract) -> None:
            tables.contracts[instance, key] = contract

        def remove(key: str, _: Fate) -> None:
            del tables.contracts[instance, key]

        yield MemoryIntake(
            Place(
                "contracts",
                instance,
                lambda contract: contract.contract_id,
                rows.tidy_contract,
                lambda: {key: one for (name, key), one in tables.contracts.items() if name == instance},
                put,
                remove,
                *self._marks(instance, "contracts"),
            ),
            self._owner,
        )

    def _marks(self, instance: str, kind: str) -> tuple[Callable[[], None], Callable[[datetime, int], None]]:
        """What to do when storing begins, and when it has ended."""
        answers = self._tables.answers

        def begin() -> None:
            if (last := answers.get((instance, kind))) is not None:
                answers[instance, kind] = replace(last, applying=True)

        def end(now: datetime, count: int) -> None:
            answers[instance, kind] = Answer(now, count, applying=False)

        return begin, end

    def replace_clients(self, instance: str, clients: Iterable[Client], now: datetime) -> Change:
        with self._tables.mutex, self.clients_in(instance) as intake:
            return _whole(intake, clients, now)

    def replace_bills(self, instance: str, bills: Iterable[Bill], now: datetime) -> Change:
        with self._tables.mutex, self.bills_in(instance) as intake:
            return _whole(intake, bills, now)

    def replace_contracts(self, instance: str, contracts: Iterable[Contract], now: datetime) -> Change:
        with self._tables.mutex, self.contracts_in(instance) as intake:
            return _whole(intake, contracts, now)

    def replace_client_types(self, instance: str, types: Iterable[tuple[str, str]], now: datetime) -> Change:
        rows.utc(now)
        new = {type_id: rows.fit(name, 120) for type_id, name in types}
        with self._tables.mutex:
            difference = compare(self._tables.client_types.get(instance, {}), new)
            self._tables.client_types[instance] = new
            return difference.change


def _whole(intake: MemoryIntake[RowT], answer: Iterable[RowT], now: datetime) -> Change:
    intake.add(list(answer))
    return intake.apply({}, now, lambda _: None)


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
