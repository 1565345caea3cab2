"""Questions about clients, bills and contracts as they are stored: who owes what, which lines are blocked."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from worker.core.enums import Access, Fate
from worker.core.model import Bill, Debtor, Phone
from worker.core.records import Answer, BlockedRow, NumberRow, StandingRow
from worker.store import rows
from worker.store.engine import Db, Tx

BLOCKED: Final = tuple(access for access in Access if access.is_blocked)


class SqlOverview:
    """`worker.catalogue_ports.Overview` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def client_types(self, instance: str) -> dict[str, str]:
        return self._db.run(
            lambda tx: {row.type_id: row.name for row in tx.rows("client_types_known", instance=instance)}
        )

    def answer(self, instance: str, kind: str) -> Answer | None:
        row = self._db.run(lambda tx: tx.one("last_answer", instance=instance, kind=kind))
        return None if row is None else Answer(rows.aware(row.complete_at), row.row_count, bool(row.applying))

    def count_clients(self, instance: str) -> int:
        return self._db.run(lambda tx: tx.number("count_clients", instance=instance))

    def count_bills(self, instance: str) -> int:
        return self._db.run(lambda tx: tx.number("count_bills", instance=instance))

    def debtors(self, instance: str, due_from: date, due_until: date, today: date) -> list[Debtor]:
        span: dict[str, object] = {"instance": instance, "due_from": due_from, "due_until": due_until}

        def work(tx: Tx) -> list[Debtor]:
            sums = tx.rows("debtor_sums", today=today, **span)
            phones = rows.phones_by_client(tx.rows("debtor_phones", **span))
            return [rows.debtor(row, phones.get(row.client_id, ())) for row in sums]

        return self._db.run(work)

    def open_bills(self, instance: str, client_id: str) -> list[Bill]:
        return self.open_bills_of(instance, [client_id])[client_id]

    def open_bills_of(self, instance: str, client_ids: Sequence[str]) -> dict[str, list[Bill]]:
        found: dict[str, list[Bill]] = {client_id: [] for client_id in client_ids}
        for row in self._db.run(lambda tx: tx.rows_in("open_bills_of", "client_ids", found, instance=instance)):
            found[row.client_id].append(rows.bill(row))
        return found

    def settle(self, instance: str, fates: Mapping[str, Fate], now: datetime) -> int:
        """A bill whose fate is OPEN is still owed and left alone."""
        closed = closed_by_fate(fates)

        def work(tx: Tx) -> int:
            return sum(
                tx.change_in("settle_bills", "bill_ids", bill_ids, instance=instance, fate=fate, now=now)
                for fate, bill_ids in closed.items()
            )

        return self._db.run(work)

    def restate(self, instance: str, owed: Mapping[str, Decimal], now: datetime) -> int:
        """The digest goes, so that the next answer is written over it whatever it says."""

        def work(tx: Tx) -> int:
            return sum(
                tx.change("restate_bill", instance=instance, bill_id=key, open_amount=rows.cents(amount), now=now)
                for key, amount in sorted(owed.items())
            )

        return self._db.run(work)

    def numbers(self, instance: str, *, shared: bool, repaired: bool, limit: int) -> list[NumberRow]:
        both = not shared and not repaired

        def work(tx: Tx) -> list[NumberRow]:
            found = tx.rows(
                "odd_numbers", instance=instance, shared=shared or both, repaired=repaired or both, limit=limit
            )
            owners: dict[str, list[str]] = defaultdict(list)
            for row in tx.rows_in("owners_of", "numbers", [row.number for row in found], instance=instance):
                owners[row.number].append(row.client_id)
            return [NumberRow(row.number, tuple(owners[row.number]), bool(row.repaired)) for row in found]

        return self._db.run(work)

    def standings(self, instance: str) -> list[StandingRow]:
        return self._db.run(
            lambda tx: [
                StandingRow(row.due_date, int(row.bills), row.total)
                for row in tx.rows("standings", instance=instance)
            ]
        )

    def blocked(self, instance: str, today: date) -> list[BlockedRow]:
        def work(tx: Tx) -> list[BlockedRow]:
            found = tx.rows("blocked_contracts", instance=instance, today=today, blocked=BLOCKED)
            owners = list(dict.fromkeys(row.client_id for row in found))
            phones = rows.phones_by_client(tx.rows_in("phones_of", "client_ids", owners, instance=instance))
            return [_blocked(row, phones.get(row.client_id, ())) for row in found]

        return self._db.run(work)


def closed_by_fate(fates: Mapping[str, Fate]) -> dict[Fate, list[str]]:
    """Ids of the bills to close, by their fate; sorted, so that two who close lock the rows in the same order."""
    closed: dict[Fate, list[str]] = defaultdict(list)
    for bill_id in sorted(fates):
        if fates[bill_id] is not Fate.OPEN:
            closed[fates[bill_id]].append(bill_id)
    return closed


def _blocked(row: Any, phones: tuple[Phone, ...]) -> BlockedRow:
    return BlockedRow(
        contract=rows.contract(row),
        client_name=row.client_name,
        client_type=row.client_type,
        phones=phones,
        oldest_bill=row.oldest_bill,
        oldest_due=row.oldest_due,
        open_total=row.open_total,
    )
