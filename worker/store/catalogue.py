"""Clients, bills and contracts as last seen whole: the way in is an intake; see intake.py."""

from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from worker.core.billing import Contract
from worker.core.model import Bill, Client
from worker.core.records import Change
from worker.store import rows
from worker.store.engine import Db, Tx
from worker.store.intake import SqlIntake
from worker.store.shelves import BILLS, CLIENTS, CONTRACTS, RowT

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Difference(Generic[T]):
    """What must be written so that the old becomes the new."""

    written: dict[str, T]  # added or altered
    removed: list[str]
    change: Change


def compare(old: Mapping[str, T], new: Mapping[str, T]) -> Difference[T]:
    written = {key: value for key, value in new.items() if old.get(key) != value}
    removed = [key for key in old if key not in new]
    added = sum(key not in old for key in written)
    return Difference(written, removed, Change(len(old), len(new), added, len(written) - added, len(removed)))


class SqlCatalogue:
    """`worker.catalogue_ports.Catalogue` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def clients_in(self, instance: str) -> AbstractContextManager[SqlIntake[Client]]:
        return closing(SqlIntake(self._db, CLIENTS, instance))

    def bills_in(self, instance: str) -> AbstractContextManager[SqlIntake[Bill]]:
        return closing(SqlIntake(self._db, BILLS, instance))

    def contracts_in(self, instance: str) -> AbstractContextManager[SqlIntake[Contract]]:
        return closing(SqlIntake(self._db, CONTRACTS, instance))

    def replace_clients(self, instance: str, clients: Iterable[Client], now: datetime) -> Change:
        with self.clients_in(instance) as intake:
            return _whole(intake, clients, now)

    def replace_bills(self, instance: str, bills: Iterable[Bill], now: datetime) -> Change:
        with self.bills_in(instance) as intake:
            return _whole(intake, bills, now)

    def replace_contracts(self, instance: str, contracts: Iterable[Contract], now: datetime) -> Change:
        with self.contracts_in(instance) as intake:
            return _whole(intake, contracts, now)

    def replace_client_types(self, instance: str, types: Iterable[tuple[str, str]], now: datetime) -> Change:
        new = {type_id: rows.fit(name, 120) for type_id, name in types}
        return self._db.run(lambda tx: _store_types(tx, instance, new, now))


def _whole(intake: SqlIntake[RowT], answer: Iterable[RowT], now: datetime) -> Change:
    intake.add(list(answer))
    return intake.apply({}, now, lambda _: None)


def _one_sync(tx: Tx, instance: str) -> None:
    """A second one waits, and then compares with what the first one stored. Dialling is not held up by it."""
    tx.lock(f"sync:{instance}")


def _store_types(tx: Tx, instance: str, new: Mapping[str, str], now: datetime) -> Change:
    _one_sync(tx, instance)
    old = {row.type_id: row.name for row in tx.rows("client_types_known", instance=instance)}
    difference = compare(old, new)
    tx.bulk(
        "put_client_type",
        (
            {"instance": instance, "type_id": key, "name": name, "now": now}
            for key, name in difference.written.items()
        ),
    )
    tx.change_in("drop_client_types", "type_ids", difference.removed, instance=instance)
    return difference.change
