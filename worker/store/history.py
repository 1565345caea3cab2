"""One client's standing, the past of an entry, and everybody who waits: what explain, replay and plan read."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Final

from worker.core.absence import ClientFacts
from worker.core.enums import Answerer, AttemptState, EntryState, LineResult, PersonType, PhoneKind, Result
from worker.core.forecast import HourRow
from worker.core.ledger import debtor_key
from worker.core.model import Block, Client, Phone, Waiting
from worker.core.replay import REACH, Past, Try
from worker.store import rows
from worker.store.do_not_call import lines_naming
from worker.store.engine import Db, Tx
from worker.store.issabel_dnc import IssabelDnc
from worker.store.ledger import ledger_of

PART: Final = 2000  # debtors read at a time: 300,000 of them never stand in memory together
FIRST_TURN: Final = -(2**63)  # before everybody's


class SqlHistory:
    """`worker.store_ports.History` over MariaDB."""

    def __init__(self, db: Db, issabel: IssabelDnc, part: int = PART) -> None:
        self._db, self._issabel, self._part = db, issabel, part

    def client(self, instance: str, client_id: str) -> ClientFacts | None:
        def work(tx: Tx) -> ClientFacts | None:
            row = tx.one("client_standing", instance=instance, client_id=client_id)
            if row is None:
                return None
            phones = _phones(tx, instance, [client_id]).get(client_id, ())
            bills = tx.rows("open_bills_of", instance=instance, client_ids=[client_id])
            types = {one.type_id: one.name for one in tx.rows("client_types_known", instance=instance)}
            named = lines_naming(tx, instance, sorted({phone.number for phone in phones}), [row.document])
            return ClientFacts(
                instance=instance,
                client=_client(row, phones),
                active=bool(row.active),
                bills=tuple(rows.bill(one) for one in bills),
                no_notice_until=row.no_notice_until,
                type_name=types.get(row.client_type, ""),
                do_not_call=tuple(
                    sorted((line for lines in named.values() for line in lines), key=lambda line: line.key)
                ),
            )

        return self._db.run(work)

    def owners(self, number: str) -> list[tuple[str, str]]:
        return self._db.run(
            lambda tx: [(row.instance, row.client_id) for row in tx.rows("owners_anywhere", number=number)]
        )

    def past(self, waiting: Waiting, before: datetime) -> Past:
        instance, numbers = waiting.entry.instance, sorted({phone.number for phone in waiting.phones})

        def work(tx: Tx) -> Past:
            span = {"since": before - REACH, "before": before}
            found = list(tx.rows_in("tries_to_numbers", "numbers", numbers, **span))
            found += tx.rows("tries_of_debtor", debtor=waiting.debtor, **span)
            tries = {row.try_id: _try(row) for row in found}
            times = tx.one("entry_times", entry_id=waiting.entry.entry_id)
            read = tx.one("bills_read", instance=instance, before=before)
            return Past(
                tries=tuple(tries[key] for key in sorted(tries)),
                opened_at=times and rows.aware(times.opened_at),
                changed_at=times and rows.aware(times.changed_at),
                blocked_at={
                    (row.number, row.instance, row.client_id): rows.aware(row.created_at)
                    for row in tx.rows_in("blocks_dated", "numbers", numbers)
                },
                synced_at=rows.aware_or_none(read.read_at) if read else None,
            )

        return self._db.run(work)

    def endings(self, instance: str, start: datetime, end: datetime) -> list[HourRow]:
        return self._db.run(
            lambda tx: [
                HourRow(
                    int(row.hour),
                    LineResult(row.line_result),
                    Answerer(row.answerer),
                    Result(row.result),
                    int(row.calls),
                    float(row.seconds),
                )
                for row in tx.rows("endings_by_hour", instance=instance, start=start, end=end)
            ]
        )

    def everybody(self, instance: str) -> Iterator[list[Waiting]]:
        for state in (EntryState.WAITING, EntryState.CLAIMED):
            turn, entry_id = FIRST_TURN, 0
            while part := self._db.run(partial(self._after, instance, state, turn, entry_id)):
                yield self._issabel.marked(part)
                turn, entry_id = part[-1].entry.turn, part[-1].entry.entry_id

    def _after(self, instance: str, state: EntryState, turn: int, entry_id: int, tx: Tx) -> list[Waiting]:
        found = tx.rows(
            "waiting_after", instance=instance, state=state, turn=turn, entry_id=entry_id, limit=self._part
        )
        return _bare(tx, instance, found)


def _bare(tx: Tx, instance: str, entries: Sequence[Any]) -> list[Waiting]:
    """What the rules ask of these entries, without what only a call needs."""
    phones: dict[str, tuple[Phone, ...]] = {}
    for row in tx.rows_in("numbers_alone", "client_ids", [one.client_id for one in entries], instance=instance):
        phones[row.client_id] = (*phones.get(row.client_id, ()), Phone(row.number, PhoneKind(row.kind)))
    debtors = {row.client_id: debtor_key(instance, row.client_id, row.document) for row in entries}
    numbers = sorted({phone.number for found in phones.values() for phone in found})
    who = sorted({*numbers, *debtors.values()})
    ledger = ledger_of(tx, who)
    blocks: dict[str, list[Block]] = defaultdict(list)
    for row in tx.rows_in("blocks_of", "numbers", numbers):
        blocks[row.number].append(rows.block(row))
    listed = lines_naming(tx, instance, numbers, [row.document for row in entries])
    found = []
    for row in entries:
        own, debtor = phones.get(row.client_id, ()), debtors[row.client_id]
        mine = sorted({phone.number for phone in own})
        found.append(
            Waiting(
                entry=rows.entry(row),
                client_name="",
                phones=own,
                ledger={one: ledger[one] for one in (*mine, debtor) if one in ledger},
                blocks=tuple(block for number in mine for block in blocks.get(number, ())),
                last_outcome={},
                debtor=debtor,
                document=row.document,
                city=row.city or "",
                do_not_call=tuple(line for key in (*mine, row.document or "") for line in listed.get(key, ())),
            )
        )
    return found


def _phones(tx: Tx, instance: str, client_ids: Sequence[str]) -> dict[str, tuple[Phone, ...]]:
    return rows.phones_by_client(tx.rows_in("numbers_of", "client_ids", client_ids, instance=instance))


def _client(row: Any, phones: tuple[Phone, ...]) -> Client:
    return Client(
        client_id=row.client_id,
        name=row.name,
        person=PersonType(row.person),
        document=row.document,
        client_type=row.client_type,
        neighbourhood=row.neighbourhood,
        phones=phones,
        city=row.city,
        state=row.state,
        collectable=bool(row.collectable),
    )


def _try(row: Any) -> Try:
    return Try(
        attempt_id=row.try_id,
        entry_id=row.entry_id,
        number=row.tried,
        debtor=row.debtor,
        state=AttemptState(row.state),
        reserved_at=rows.aware(row.reserved_at),
        ended_at=rows.aware_or_none(row.closed_at),
        outcome=None if row.attempt_id is None else rows.outcome(row),
    )
