"""The queue's twin in memory."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from worker.core.enums import EntryState
from worker.core.ledger import debtor_key
from worker.core.model import Action, Close, Debtor, LedgerRow, Open, QueueEntry, Refresh, Waiting
from worker.core.priority import Place, Ranking, bumped_turn
from worker.core.queueing import PARKED, Built, Charge
from worker.core.records import Dossier
from worker.store import memory_build, rows
from worker.store.last_calls import Call, LastCalls, last_calls
from worker.store.memory_do_not_call import with_lists
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

    def build(self, instance: str, charge: Charge, now: datetime, on_rows: Callable[[int], None]) -> Built:
        tables = self._tables
        with tables.mutex:
            before = memory_build.open_entries(tables, instance)
            claimed = {entry.entry_id for entry in before if entry.state is EntryState.CLAIMED}
            actions, turns = memory_build.decide(tables, instance, charge, now)
            closing = [action.entry_id for action in actions if isinstance(action, Close)]
            on_rows(self.apply(instance, actions, now))
            memory_build.put_turns(tables, turns)
            return Built(
                len(before),
                len(memory_build.open_entries(tables, instance)),
                opened=sum(isinstance(action, Open) for action in actions),
                refreshed=sum(isinstance(action, Refresh) for action in actions),
                closed=sum(entry_id not in claimed for entry_id in closing),
                left=sum(entry_id in claimed for entry_id in closing),
                reordered=len(turns),
            )

    def reorder(self, instance: str, ranking: Ranking, today: date, now: datetime) -> int:
        with self._tables.mutex:
            turns = memory_build.order_again(self._tables, instance, ranking, today, now)
            memory_build.put_turns(self._tables, turns)
            return len(turns)

    def bump(self, instance: str, client_id: str, now: datetime) -> bool:
        first = bumped_turn(now)
        with self._tables.mutex:
            entry = self._open_entry(instance, client_id)
            if entry is None or entry.state is not EntryState.WAITING or entry.bumped_at is not None:
                return False
            self._tables.entries[entry.entry_id] = replace(entry, bumped_at=now, turn=first)
            return True

    def unbump(self, entry_id: int, turn: int) -> bool:
        with self._tables.mutex:
            entry = self._tables.entries.get(entry_id)
            if entry is None or entry.state is EntryState.DONE or entry.bumped_at is None:
                return False
            self._tables.entries[entry_id] = replace(entry, bumped_at=None, turn=turn)
            return True

    def open_entry(self, instance: str, client_id: str) -> Waiting | None:
        with self._tables.mutex:
            entry = self._open_entry(instance, client_id)
            return None if entry is None else self._with_facts(entry, self._tables.owners(instance))

    def place(self, entry: QueueEntry, numbers: Sequence[str], ranking: Ranking, now: datetime) -> Place:
        with self._tables.mutex:
            return memory_build.place(self._tables, entry, numbers, ranking, now)

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
            parked = PARKED if until is None else until
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
        if entry.next_attempt_at is not None and entry.next_attempt_at >= PARKED:
            entry = replace(entry, next_attempt_at=None, reason="")
        self._tables.entries[entry.entry_id] = replace(
            entry,
            total=rows.cents(action.debtor.total),
            bill_count=action.debtor.bill_count,
            oldest_due=action.debtor.oldest_due,
            turn=rows.turn(action.debtor) if entry.bumped_at is None else entry.turn,
        )
        return True

    def _open_entry(self, instance: str, client_id: str) -> QueueEntry | None:
        mine = memory_build.open_entries(self._tables, instance)
        return next((entry for entry in mine if entry.client_id == client_id), None)

    def _open(self, instance: str, debtor: Debtor) -> bool:
        if self._open_entry(instance, debtor.client_id) is not None:
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
        answer = self._tables.answers.get((entry.instance, "bills"))
        blocks = [self._tables.blocks[key] for key in sorted(self._tables.blocks) if key[0] in mine]
        last = self._last_calls(entry, mine)
        found = Waiting(
            entry=entry,
            client_name=client.name if client else "",
            phones=phones,
            ledger={who: self._tables.ledger[who] for who in (*mine, debtor) if who in self._tables.ledger},
            blocks=tuple(b for b in blocks if block_applies(b, entry.instance, entry.client_id)),
            last_outcome=last.last_outcome,
            reached=last.reached,
            last_ending=last.last_ending,
            debtor=debtor,
            document=document,
            city=client.city if client else "",
            synced_at=answer.complete_at if answer else None,
        )
        return with_lists(self._tables, entry.instance, found)

    def _last_calls(self, entry: QueueEntry, numbers: list[str]) -> LastCalls:
        mine = [
            recorded.outcome
            for recorded in self._tables.outcomes.values()
            if (recorded.outcome.instance, recorded.outcome.client_id) == (entry.instance, entry.client_id)
        ]
        mine.sort(key=lambda one: (one.ended_at, one.attempt_id))
        calls = (
            Call(one.number, one.ended_at, one.line_result, one.answerer, one.talk.heard, one.talk.result)
            for one in mine
        )
        return last_calls(calls, numbers)


def _in_order(entries: Iterable[QueueEntry]) -> list[QueueEntry]:
    return sorted(entries, key=lambda entry: (entry.turn, entry.entry_id))
