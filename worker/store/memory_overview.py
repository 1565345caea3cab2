"""What is asked about clients, bills and contracts, and the alarms: the twins in memory."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

from worker.core.billing import Contract
from worker.core.debtors import merge
from worker.core.enums import Fate
from worker.core.model import Bill, Client, Debtor
from worker.core.records import AlarmRow, Answer, BlockedRow, NumberRow, StandingRow
from worker.store import rows
from worker.store.alarms import BY, LISTED, REASON
from worker.store.memory_tables import Tables, told_shared
from worker.store.overview import BLOCKED, closed_by_fate


class MemoryOverview:
    """`worker.catalogue_ports.Overview`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def client_types(self, instance: str) -> dict[str, str]:
        with self._tables.mutex:
            return dict(self._tables.client_types.get(instance, {}))

    def answer(self, instance: str, kind: str) -> Answer | None:
        with self._tables.mutex:
            return self._tables.answers.get((instance, kind))

    def count_clients(self, instance: str) -> int:
        with self._tables.mutex:
            return sum(name == instance for (name, _), _ in self._tables.active_clients())

    def count_bills(self, instance: str) -> int:
        with self._tables.mutex:
            return len(self._tables.bills.get(instance, {}))

    def debtors(self, instance: str, due_from: date, due_until: date, today: date) -> list[Debtor]:
        with self._tables.mutex:
            clients = self._clients(instance)
            bills = self._bills(instance)
            contracts = self._contracts(instance)
        return merge(clients.values(), bills, contracts, due_from, due_until, today)

    def open_bills(self, instance: str, client_id: str) -> list[Bill]:
        return self.open_bills_of(instance, [client_id])[client_id]

    def open_bills_of(self, instance: str, client_ids: Sequence[str]) -> dict[str, list[Bill]]:
        found: dict[str, list[Bill]] = {client_id: [] for client_id in client_ids}
        with self._tables.mutex:
            for bill in self._bills(instance):
                if bill.client_id in found:
                    found[bill.client_id].append(bill)
        return {client_id: _oldest_first(bills) for client_id, bills in found.items()}

    def settle(self, instance: str, fates: Mapping[str, Fate], now: datetime) -> int:
        """A bill whose fate is OPEN is still owed and left alone."""
        rows.utc(now)
        with self._tables.mutex:
            stored = self._tables.bills.get(instance, {})
            gone = [
                (bill_id, fate)
                for fate, bill_ids in closed_by_fate(fates).items()
                for bill_id in bill_ids
                if bill_id in stored
            ]
            for bill_id, fate in gone:
                self._tables.closed_bills[instance, bill_id] = (stored.pop(bill_id), fate)
            return len(gone)

    def restate(self, instance: str, owed: Mapping[str, Decimal], now: datetime) -> int:
        rows.utc(now)
        with self._tables.mutex:
            stored = self._tables.bills.get(instance, {})
            found = [bill_id for bill_id in owed if bill_id in stored]
            for bill_id in found:
                stored[bill_id] = replace(
                    stored[bill_id], open_amount=rows.cents(owed[bill_id]), updated_amount=None
                )
            return len(found)

    def numbers(self, instance: str, *, shared: bool, repaired: bool, limit: int) -> list[NumberRow]:
        both = not shared and not repaired
        owners: dict[str, set[str]] = defaultdict(set)
        mended: set[str] = set()
        with self._tables.mutex:
            for (name, key), client in self._tables.active_clients():
                for phone in client.phones if name == instance else ():
                    owners[phone.number].add(key)
                    mended.update([phone.number] if phone.repaired else [])
        found = [
            NumberRow(number, tuple(sorted(keys)), number in mended) for number, keys in sorted(owners.items())
        ]
        return [
            row
            for row in found
            if ((shared or both) and len(row.client_ids) > 1) or ((repaired or both) and row.repaired)
        ][:limit]

    def standings(self, instance: str) -> list[StandingRow]:
        owed: defaultdict[date, list[Decimal]] = defaultdict(list)
        with self._tables.mutex:
            clients = self._clients(instance)
            for bill in self._bills(instance):
                if bill.open_amount > 0 and bill.client_id in clients:
                    owed[bill.due_date].append(bill.open_amount)
        return [StandingRow(due, len(owed[due]), sum(owed[due], Decimal(0))) for due in sorted(owed)]

    def blocked(self, instance: str, today: date) -> list[BlockedRow]:
        owed: defaultdict[str, list[Bill]] = defaultdict(list)
        with self._tables.mutex:
            owners = self._tables.owners(instance)
            clients = {key: told_shared(one, owners) for key, one in self._clients(instance).items()}
            for bill in self._bills(instance):
                owed[bill.client_id].append(bill)
            found = [
                one for one in self._contracts(instance) if one.access in BLOCKED and one.client_id in clients
            ]
        found.sort(key=lambda one: (one.blocked_since or date.max, one.contract_id))
        return [_blocked(one, clients[one.client_id], owed[one.client_id], today) for one in found]

    def _clients(self, instance: str) -> dict[str, Client]:
        """Active ones, by id."""
        return {key: one for (name, key), one in self._tables.active_clients() if name == instance}

    def _bills(self, instance: str) -> list[Bill]:
        return list(self._tables.bills.get(instance, {}).values())

    def _contracts(self, instance: str) -> list[Contract]:
        return [contract for (name, _), contract in self._tables.contracts.items() if name == instance]


def _oldest_first(bills: list[Bill]) -> list[Bill]:
    return sorted(bills, key=lambda bill: (bill.due_date, bill.bill_id))


def _blocked(contract: Contract, client: Client, bills: list[Bill], today: date) -> BlockedRow:
    overdue = _oldest_first([bill for bill in bills if bill.open_amount > 0 and bill.due_date < today])
    return BlockedRow(
        contract=contract,
        client_name=client.name,
        client_type=client.client_type,
        phones=client.phones,
        oldest_bill=overdue[0].bill_id if overdue else None,
        oldest_due=overdue[0].due_date if overdue else None,
        open_total=sum((bill.open_amount for bill in bills), Decimal(0)),
    )


class MemoryAlarms:
    """`worker.catalogue_ports.Alarms`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def raise_alarm(self, instance: str, kind: str, reason: str, now: datetime) -> int:
        rows.utc(now)
        told = rows.fit(reason, REASON)
        with self._tables.mutex:
            alarm = self._not_over(instance, kind)
            if alarm is not None:
                self._put(replace(alarm, last_at=now, times=alarm.times + 1, reason=told))
                return alarm.alarm_id
            alarm_id = len(self._tables.alarms) + 1
            self._tables.alarms.append(
                AlarmRow(alarm_id, instance, kind, told, now, now, 1, None, None, acknowledged_by="")
            )
            return alarm_id

    def over(self, instance: str, kind: str, now: datetime) -> None:
        rows.utc(now)
        with self._tables.mutex:
            alarm = self._not_over(instance, kind)
            if alarm is not None:
                self._put(replace(alarm, over_at=now))

    def listing(self, *, everything: bool = False) -> list[AlarmRow]:
        with self._tables.mutex:
            newest = self._tables.alarms[::-1]
        return newest[:LISTED] if everything else [one for one in newest if one.acknowledged_at is None]

    def acknowledge(self, alarm_id: int, by: str, now: datetime) -> bool:
        rows.utc(now)
        with self._tables.mutex:
            for alarm in self._tables.alarms:
                if alarm.alarm_id == alarm_id and alarm.acknowledged_at is None:
                    self._put(replace(alarm, acknowledged_at=now, acknowledged_by=rows.fit(by, BY)))
                    return True
            return False

    def _not_over(self, instance: str, kind: str) -> AlarmRow | None:
        found = (
            one
            for one in self._tables.alarms
            if (one.instance, one.kind) == (instance, kind) and one.over_at is None
        )
        return next(found, None)

    def _put(self, alarm: AlarmRow) -> None:
        self._tables.alarms[alarm.alarm_id - 1] = alarm
