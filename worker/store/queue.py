"""The queue of debtors: open, refreshed, closed, waiting, postponed; and all that is known of one number."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from worker.core.enums import EntryState, LineResult
from worker.core.ledger import WEEK, debtor_key
from worker.core.model import Action, Block, Close, LedgerRow, Open, Refresh, Waiting
from worker.core.model import QueueEntry as Entry
from worker.core.records import Dossier
from worker.store import rows
from worker.store.engine import Db, Tx


class SqlQueue:
    """`worker.ports.Queue` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

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

    def waiting(self, instance: str, now: datetime, limit: int) -> list[Waiting]:
        return self._db.run(
            lambda tx: _with_facts(
                tx, instance, tx.rows("waiting_entries", instance=instance, now=now, limit=limit)
            )
        )

    def postpone(self, entry_id: int, until: datetime | None, reason: str) -> bool:
        parked = rows.PARKED if until is None else until
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
                ledger=_ledger(tx, [number]).get(number, LedgerRow(number)),
                blocks=tuple(rows.block(row) for row in tx.rows("blocks_of", numbers=[number])),
                attempts=tuple(rows.attempt(row) for row in tx.rows("attempts_to", number=number)),
            )

        return self._db.run(work)


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
        "parked": rows.PARKED,
        "now": now,
    }


def _row(row: Any) -> LedgerRow:
    tries, *earlier = (row.recent >> 4 * days & 15 for days in range(WEEK))
    return LedgerRow(row.who, row.day, tries, rows.aware_or_none(row.last_try_at), tuple(earlier))


def _ledger(tx: Tx, who: Iterable[str]) -> dict[str, LedgerRow]:
    return {row.who: _row(row) for row in tx.rows_in("ledger_of", "who", who)}


def _with_facts(tx: Tx, instance: str, entries: Sequence[Any]) -> list[Waiting]:
    """Phones, ledger, blocks and last outcomes of all entries, each in one query for all of them."""
    clients = list(dict.fromkeys(row.client_id for row in entries))
    phones = rows.phones_by_client(tx.rows_in("phones_of", "client_ids", clients, instance=instance))
    numbers = sorted({phone.number for found in phones.values() for phone in found})
    debtors = {row.client_id: debtor_key(instance, row.client_id, row.document) for row in entries}
    ledger = _ledger(tx, sorted({*numbers, *debtors.values()}))
    blocks: dict[str, list[Block]] = defaultdict(list)
    for row in tx.rows_in("blocks_of", "numbers", numbers):
        blocks[row.number].append(rows.block(row))
    last: dict[str, dict[str, LineResult]] = defaultdict(dict)
    for row in tx.rows_in("last_outcomes", "client_ids", clients, instance=instance):
        last[row.client_id][row.number] = LineResult(row.line_result)
    waiting = []
    for row in entries:
        own, ended = phones.get(row.client_id, ()), last[row.client_id]
        mine, debtor = sorted({phone.number for phone in own}), debtors[row.client_id]
        waiting.append(
            Waiting(
                entry=rows.entry(row),
                client_name=row.client_name or "",
                phones=own,
                ledger={who: ledger[who] for who in (*mine, debtor) if who in ledger},
                blocks=tuple(b for n in mine for b in blocks[n] if block_applies(b, instance, row.client_id)),
                last_outcome={number: ended[number] for number in mine if number in ended},
                debtor=debtor,
            )
        )
    return waiting
