"""The queue of debtors: open, refreshed, closed, waiting, postponed; and all that is known of one number."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from worker.core.enums import Answerer, EntryState, Heard, LineResult, Result
from worker.core.ledger import debtor_key
from worker.core.model import Action, Block, Close, LedgerRow, Open, Refresh, Waiting
from worker.core.model import QueueEntry as Entry
from worker.core.priority import Place, Ranking, alike, bumped_turn
from worker.core.queueing import PARKED, Built, Charge
from worker.core.records import Dossier
from worker.store import rows
from worker.store.do_not_call import lines_naming
from worker.store.engine import Db, Tx
from worker.store.issabel_dnc import IssabelDnc
from worker.store.last_calls import Call, last_calls
from worker.store.ledger import ledger_of
from worker.store.queue_build import CHUNK, OnRows, QueueBuild, counted, times


class SqlQueue:
    """`worker.ports.Queue` over MariaDB."""

    def __init__(self, db: Db, issabel: IssabelDnc) -> None:
        self._db, self._issabel = db, issabel

    def open_entries(self, instance: str) -> list[Entry]:
        return self._db.run(lambda tx: [rows.entry(row) for row in tx.rows("open_entries", instance=instance)])

    def apply(self, instance: str, actions: Sequence[Action], now: datetime) -> int:
        opened = [_open_values(instance, action, now) for action in actions if isinstance(action, Open)]
        refreshed = [_refresh_values(instance, action, now) for action in actions if isinstance(action, Refresh)]
        closed = closed_by_reason(actions)

        def work(tx: Tx) -> int:
            changed = sum(
                tx.change_in("close_entries", "entry_ids", ids, instance=instance, reason=reason, now=now)
                for reason, ids in closed.items()
            )
            return changed + tx.bulk("refresh_entry", refreshed) + tx.bulk("open_entry", opened)

        return self._db.run(work)

    def build(self, instance: str, charge: Charge, now: datetime, on_rows: OnRows, chunk: int = CHUNK) -> Built:
        return QueueBuild(self._db, instance, now, on_rows, chunk).build(charge)

    def reorder(self, instance: str, ranking: Ranking, today: date, now: datetime) -> int:
        return QueueBuild(self._db, instance, now, lambda _: None).reorder(ranking, today)

    def bump(self, instance: str, client_id: str, now: datetime) -> bool:
        first = {"turn": bumped_turn(now), "now": now}
        return self._db.run(
            lambda tx: tx.change("bump_entry", instance=instance, client_id=client_id, **first) == 1
        )

    def unbump(self, entry_id: int, turn: int) -> bool:
        return self._db.run(lambda tx: tx.change("unbump_entry", entry_id=entry_id, turn=turn) == 1)

    def open_entry(self, instance: str, client_id: str) -> Waiting | None:
        def work(tx: Tx) -> Waiting | None:
            row = tx.one("open_entry_of", instance=instance, client_id=client_id)
            return None if row is None else _with_facts(tx, instance, [row])[0]

        found = self._db.run(work)
        return None if found is None else self._issabel.marked([found])[0]

    def place(self, entry: Entry, numbers: Sequence[str], ranking: Ranking, now: datetime) -> Place:
        def work(tx: Tx) -> Place:
            where = {"instance": entry.instance, "turn": entry.turn, "entry_id": entry.entry_id}
            counts = tx.number("count_ahead", **where), tx.number("count_waiting", instance=entry.instance)
            if not ranking.by_hour:
                return Place(*counts, entry.bumped_at is not None)
            when = times(ranking, now)
            own = counted(
                (row.number, row.hour, row.calls, row.persons)
                for row in tx.rows_in("hours_of", "numbers", numbers, **when)
            )
            groups = {alike(number) for number in numbers}
            like = counted(
                (row.alike, row.hour, row.calls, row.persons)
                for row in tx.rows("hours_alike", **when)
                if row.alike in groups
            )
            return Place(*counts, entry.bumped_at is not None, own, like)

        return self._db.run(work)

    def waiting(self, instance: str, now: datetime, limit: int) -> list[Waiting]:
        found = self._db.run(
            lambda tx: _with_facts(
                tx, instance, tx.rows("waiting_entries", instance=instance, now=now, limit=limit)
            )
        )
        return self._issabel.marked(found)

    def postpone(self, entry_id: int, until: datetime | None, reason: str) -> bool:
        parked = PARKED if until is None else until
        return self._db.run(
            lambda tx: (
                tx.change("postpone_entry", entry_id=entry_id, until=parked, reason=rows.fit(reason, 255)) == 1
            )
        )

    def dossier(self, number: str) -> Dossier:
        def work(tx: Tx) -> Dossier:
            by_instance: dict[str, list[Any]] = defaultdict(list)
            for row in tx.rows("entries_with_number", number=number):
                by_instance[row.instance].append(row)
            waiting = [one for name, found in by_instance.items() for one in _with_facts(tx, name, found)]
            return Dossier(
                number=number,
                waiting=tuple(sorted(waiting, key=lambda one: one.entry.entry_id)),
                ledger=ledger_of(tx, [number]).get(number, LedgerRow(number)),
                blocks=tuple(rows.block(row) for row in tx.rows("blocks_of", numbers=[number])),
                attempts=tuple(rows.attempt(row) for row in tx.rows("attempts_to", number=number)),
            )

        found = self._db.run(work)
        return replace(found, waiting=tuple(self._issabel.marked(found.waiting)))


def closed_by_reason(actions: Iterable[Action]) -> dict[str, list[int]]:
    """Entry ids to close, by the reason to store."""
    closed: dict[str, list[int]] = defaultdict(list)
    for action in actions:
        if isinstance(action, Close):
            closed[rows.fit(action.reason, 255)].append(action.entry_id)
    return closed


def block_applies(block: Block, instance: str, client_id: str) -> bool:
    return block.instance in (None, instance) and block.client_id in (None, client_id)


def _open_values(instance: str, action: Open, now: datetime) -> dict[str, object]:
    return {
        "instance": instance,
        "client_id": action.debtor.client_id,
        "state": EntryState.WAITING,
        "total": rows.cents(action.debtor.total),
        "bill_count": action.debtor.bill_count,
        "oldest_due": action.debtor.oldest_due,
        "turn": rows.turn(action.debtor),
        "at_once": rows.AT_ONCE,
        "now": now,
    }


def _refresh_values(instance: str, action: Refresh, now: datetime) -> dict[str, object]:
    return {
        "instance": instance,
        "entry_id": action.entry_id,
        "total": rows.cents(action.debtor.total),
        "bill_count": action.debtor.bill_count,
        "oldest_due": action.debtor.oldest_due,
        "turn": rows.turn(action.debtor),
        "at_once": rows.AT_ONCE,
        "parked": PARKED,
        "now": now,
    }


def _call(row: Any) -> Call:
    return Call(
        number=row.number,
        ended_at=rows.aware(row.ended_at),
        line_result=LineResult(row.line_result),
        answerer=Answerer(row.answerer),
        heard=Heard(row.heard),
        result=Result(row.result),
    )


def _with_facts(tx: Tx, instance: str, entries: Sequence[Any]) -> list[Waiting]:
    """Phones, ledger, blocks, lists and last outcomes of all entries, each in one query for all of them."""
    clients = list(dict.fromkeys(row.client_id for row in entries))
    phones = rows.phones_by_client(tx.rows_in("phones_of", "client_ids", clients, instance=instance))
    numbers = sorted({phone.number for found in phones.values() for phone in found})
    debtors = {row.client_id: debtor_key(instance, row.client_id, row.document) for row in entries}
    ledger = ledger_of(tx, sorted({*numbers, *debtors.values()}))
    blocks: dict[str, list[Block]] = defaultdict(list)
    for row in tx.rows_in("blocks_of", "numbers", numbers):
        blocks[row.number].append(rows.block(row))
    calls: dict[str, list[Call]] = defaultdict(list)
    for row in tx.rows_in("last_outcomes", "client_ids", clients, instance=instance):
        calls[row.client_id].append(_call(row))
    listed = lines_naming(tx, instance, numbers, (row.document for row in entries)) if entries else {}
    waiting = []
    for row in entries:
        own = phones.get(row.client_id, ())
        mine, debtor = sorted({phone.number for phone in own}), debtors[row.client_id]
        last = last_calls(calls[row.client_id], mine)
        waiting.append(
            Waiting(
                entry=rows.entry(row),
                client_name=row.client_name or "",
                phones=own,
                ledger={who: ledger[who] for who in (*mine, debtor) if who in ledger},
                blocks=tuple(b for n in mine for b in blocks[n] if block_applies(b, instance, row.client_id)),
                last_outcome=last.last_outcome,
                reached=last.reached,
                last_ending=last.last_ending,
                debtor=debtor,
                document=row.document,
                city=row.city or "",
                do_not_call=tuple(line for key in (*mine, row.document or "") for line in listed.get(key, ())),
                synced_at=rows.aware_or_none(row.synced_at),
            )
        )
    return waiting
