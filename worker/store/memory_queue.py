"""The queue's twin in memory."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from worker.core.enums import EntryState, LineResult
from worker.core.ledger import debtor_key
from worker.core.model import Action, Close, Debtor, LedgerRow, Open, QueueEntry, Refresh, Waiting
from worker.core.records import Dossier
from worker.store import rows
from worker.store.memory_tables import Tables, told_shared
from worker.store.queue import block_applies


class MemoryQueue:
    """`worker.ports.Queue`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def open_entries(self, instance: str) -> list[QueueEntry]:
        with self._tables.mutex:
            return _in_order(
                entry
                for entry in self._tables.entries.values()
                if entry.instance == instance and entry.state is not EntryState.DONE
            )

    def apply(self, instance: str, actions: Sequence[Action], now: datetime) -> int:
        rows.utc(now)
        # In the order of the other store: what is closed can be opened again in the same breath.
        with self._tables.mutex:
            closed = sum(self._close(instance, action) for action in actions if isinstance(action, Close))
            refreshed = sum(self._refresh(instance, action) for action in actions if isinstance(action, Refresh))
            opened = sum(self._open(instance, action.debtor) for action in actions if isinstance(action, Open))
            return closed + refreshed + opened

    def waiting(self, instance: str, now: datetime, limit: int) -> list[Waiting]:
        with self._tables.mutex:
            due = _in_order(
                entry
                for entry in self._tables.entries.values()
                if entry.instance == instance
                and entry.state is EntryState.WAITING
                and rows.next_attempt(entry.next_attempt_at) <= now
            )
            owners = self._tables.owners(instance)
            return [self._with_facts(entry, owners) for entry in due[:limit]]

    def postpone(self, entry_id: int, until: datetime | None, reason: str) -> bool:
        with self._tables.mutex:
            entry = self._tables.entries.get(entry_id)
            if entry is None or entry.state is not EntryState.WAITING:
                return False
            parked = rows.PARKED if until is None else until
            self._tables.entries[entry_id] = replace(entry, next_attempt_at=parked, reason=rows.fit(reason, 255))
            return True

    def dossier(self, number: str) -> Dossier:
        with self._tables.mutex:
            owners = {
                key for key, client in self._tables.clients.items() if number in [p.number for p in client.phones]
            }
            entries = [e for e in self._tables.entries.values() if (e.instance, e.client_id) in owners]
            having = {name: self._tables.owners(name) for name in {e.instance for e in entries}}
            attempts = [a for a in self._tables.attempts.values() if a.number == number]
            attempts.sort(key=lambda one: (one.reserved_at, one.attempt_id), reverse=True)
            return Dossier(
                number=number,
                waiting=tuple(
                    self._with_facts(entry, having[entry.instance])
                    for entry in sorted(entries, key=lambda e: e.entry_id)
                ),
                ledger=self._tables.ledger.get(number, LedgerRow(number)),
                blocks=tuple(self._tables.blocks[key] for key in sorted(self._tables.blocks) if key[0] == number),
                attempts=tuple(attempts[:20]),
            )

    def _close(self, instance: str, action: Close) -> bool:
        entry = self._tables.entries.get(action.entry_id)
        if entry is None or entry.instance != instance or entry.state is not EntryState.WAITING:
            return False
        reason = rows.fit(action.reason, 255)
        self._tables.entries[entry.entry_id] = replace(entry, state=EntryState.DONE, reason=reason)
        return True

    def _refresh(self, instance: str, action: Refresh) -> bool:
        entry = self._tables.entries.get(action.entry_id)
        if entry is None or entry.instance != instance or entry.state is EntryState.DONE:
            return False
        if entry.next_attempt_at is not None and entry.next_attempt_at >= rows.PARKED:
            entry = replace(entry, next_attempt_at=None, reason="")
        self._tables.entries[entry.entry_id] = replace(
            entry,
            total=rows.cents(action.debtor.total),
            bill_count=action.debtor.bill_count,
            oldest_due=action.debtor.oldest_due,
            turn=rows.turn(action.debtor),
        )
        return True

    def _open(self, instance: str, debtor: Debtor) -> bool:
        for entry in self._tables.entries.values():
            same = (entry.instance, entry.client_id) == (instance, debtor.client_id)
            if same and entry.state is not EntryState.DONE:
                return False
        number = max(self._tables.entries, default=0) + 1
        self._tables.entries[number] = QueueEntry(
            entry_id=number,
            instance=instance,
            client_id=debtor.client_id,
            state=EntryState.WAITING,
            total=rows.cents(debtor.total),
            bill_count=debtor.bill_count,
            oldest_due=debtor.oldest_due,
            turn=rows.turn(debtor),
        )
        return True

    def _with_facts(self, entry: QueueEntry, owners: dict[str, set[str]]) -> Waiting:
        client = self._tables.clients.get((entry.instance, entry.client_id))
        phones = told_shared(client, owners).phones if client else ()
        mine = sorted({phone.number for phone in phones})
        document = client.document if client else None
        debtor = debtor_key(entry.instance, entry.client_id, document)
        blocks = [self._tables.blocks[key] for key in sorted(self._tables.blocks) if key[0] in mine]
        return Waiting(
            entry=entry,
            client_name=client.name if client else "",
            phones=phones,
            ledger={who: self._tables.ledger[who] for who in (*mine, debtor) if who in self._tables.ledger},
            blocks=tuple(b for b in blocks if block_applies(b, entry.instance, entry.client_id)),
            last_outcome=self._last_outcomes(entry, mine),
            debtor=debtor,
        )

    def _last_outcomes(self, entry: QueueEntry, numbers: list[str]) -> dict[str, LineResult]:
        mine = [
            recorded.outcome
            for recorded in self._tables.outcomes.values()
            if (recorded.outcome.instance, recorded.outcome.client_id) == (entry.instance, entry.client_id)
            and recorded.outcome.number in numbers
        ]
        mine.sort(key=lambda one: (one.ended_at, one.attempt_id))
        return {one.number: one.line_result for one in mine}


def _in_order(entries: Iterable[QueueEntry]) -> list[QueueEntry]:
    return sorted(entries, key=lambda entry: (entry.turn, entry.entry_id))
