"""Clients and bills as last seen whole: a complete answer is compared with what is stored, differences written."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar

from worker.core.model import Bill, Client, Debtor, Phone
from worker.core.records import Change
from worker.store import rows
from worker.store.engine import Db, Tx

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


def phones_by_client(found: Iterable[Any]) -> dict[str, tuple[Phone, ...]]:
    """Rows come ordered by position."""
    phones: dict[str, list[Phone]] = defaultdict(list)
    for row in found:
        phones[row.client_id].append(rows.phone(row))
    return {client_id: tuple(numbers) for client_id, numbers in phones.items()}


class SqlCatalogue:
    """`worker.ports.Catalogue` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def replace_clients(self, instance: str, clients: Iterable[Client], now: datetime) -> Change:
        # Read to its end first: an answer that breaks off must not find a transaction open.
        new = {client.client_id: rows.tidy_client(client) for client in clients}
        return self._db.run(lambda tx: _store_clients(tx, instance, new, now))

    def replace_bills(self, instance: str, bills: Iterable[Bill], now: datetime) -> Change:
        new = {bill.bill_id: rows.tidy_bill(bill) for bill in bills}
        return self._db.run(lambda tx: _store_bills(tx, instance, new, now))

    def replace_client_types(self, instance: str, types: Iterable[tuple[str, str]], now: datetime) -> Change:
        new = {type_id: rows.fit(name, 120) for type_id, name in types}
        return self._db.run(lambda tx: _store_types(tx, instance, new, now))

    def count_clients(self, instance: str) -> int:
        return self._db.run(lambda tx: tx.number("count_clients", instance=instance))

    def count_bills(self, instance: str) -> int:
        return self._db.run(lambda tx: tx.number("count_bills", instance=instance))

    def debtors(self, instance: str, due_from: date, due_until: date) -> list[Debtor]:
        def work(tx: Tx) -> list[Debtor]:
            sums = tx.rows("debtor_sums", instance=instance, due_from=due_from, due_until=due_until)
            found = tx.rows("debtor_phones", instance=instance, due_from=due_from, due_until=due_until)
            phones = phones_by_client(found)
            return [rows.debtor(row, phones.get(row.client_id, ())) for row in sums]

        return self._db.run(work)


def _one_sync(tx: Tx, instance: str) -> None:
    """A second sync waits, and then compares with what the first one stored. Dialling is not held up by it."""
    tx.lock(f"sync:{instance}")


def _store_clients(tx: Tx, instance: str, new: Mapping[str, Client], now: datetime) -> Change:
    _one_sync(tx, instance)
    known = tx.rows("clients_known", instance=instance)
    phones = phones_by_client(tx.rows("phones_known", instance=instance))
    old = {row.client_id: rows.client(row, phones.get(row.client_id, ())) for row in known}
    difference = compare(old, new)
    # Phones of a returning client may still be stored, so everyone written loses theirs first.
    renewed = [
        client_id for client_id, client in difference.written.items() if phones.get(client_id, ()) != client.phones
    ]
    tx.bulk("put_client", (_client_values(instance, client, now) for client in difference.written.values()))
    tx.change_in("drop_phones", "client_ids", renewed, instance=instance)
    tx.bulk(
        "put_phone",
        (
            _phone_values(instance, client_id, position, phone)
            for client_id in renewed
            for position, phone in enumerate(new[client_id].phones)
        ),
    )
    tx.change_in("retire_clients", "client_ids", difference.removed, instance=instance)
    tx.change("seen_clients", instance=instance, now=now)
    return difference.change


def _client_values(instance: str, client: Client, now: datetime) -> dict[str, object]:
    return {
        "instance": instance,
        "client_id": client.client_id,
        "name": client.name,
        "person": client.person,
        "document": client.document,
        "client_type": client.client_type,
        "neighbourhood": client.neighbourhood,
        "now": now,
    }


def _phone_values(instance: str, client_id: str, position: int, phone: Phone) -> dict[str, object]:
    return {
        "instance": instance,
        "client_id": client_id,
        "position": position,
        "number": phone.number,
        "kind": phone.kind,
        "repaired": phone.repaired,
        "source": phone.source,
    }


def _store_bills(tx: Tx, instance: str, new: Mapping[str, Bill], now: datetime) -> Change:
    _one_sync(tx, instance)
    old = {row.bill_id: rows.bill(row) for row in tx.rows("bills_known", instance=instance)}
    difference = compare(old, new)
    tx.bulk("put_bill", (_bill_values(instance, bill, now) for bill in difference.written.values()))
    tx.change_in("close_bills", "bill_ids", difference.removed, instance=instance, now=now)
    tx.change("seen_bills", instance=instance, now=now)
    return difference.change


def _bill_values(instance: str, bill: Bill, now: datetime) -> dict[str, object]:
    return {
        "instance": instance,
        "bill_id": bill.bill_id,
        "client_id": bill.client_id,
        "contract_id": bill.contract_id,
        "due_date": bill.due_date,
        "amount": bill.amount,
        "open_amount": bill.open_amount,
        "status": bill.status,
        "now": now,
    }


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
    tx.change("seen_client_types", instance=instance, now=now)
    return difference.change
