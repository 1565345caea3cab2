"""The past of an entry, one client's standing, everybody who waits: the twin in memory.

It notes neither when an entry was opened nor when a block was made: the first is not known here, the second is
taken to be the end of the first call to that number.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from worker.core.absence import ClientFacts
from worker.core.do_not_call import DoNotCall
from worker.core.enums import EntryState
from worker.core.forecast import HourRow
from worker.core.ledger import debtor_key
from worker.core.model import Attempt, Client, QueueEntry, Waiting
from worker.core.replay import REACH, Past, Try
from worker.store.memory_do_not_call import with_lists
from worker.store.memory_tables import Recorded, Tables


class MemoryHistory:
    """`worker.store_ports.History`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def client(self, instance: str, client_id: str) -> ClientFacts | None:
        key = instance, client_id
        with self._tables.mutex:
            client = self._tables.clients.get(key)
            if client is None:
                return None
            bills = [one for one in self._tables.bills.get(instance, {}).values() if one.client_id == client_id]
            notices = [
                one.no_notice_until
                for (name, _), one in self._tables.contracts.items()
                if name == instance and one.client_id == client_id and one.no_notice_until
            ]
            return ClientFacts(
                instance=instance,
                client=client,
                active=key not in self._tables.inactive,
                bills=tuple(sorted(bills, key=lambda one: (one.due_date, one.bill_id))),
                no_notice_until=max(notices, default=None),
                type_name=self._tables.client_types.get(instance, {}).get(client.client_type, ""),
                do_not_call=self._naming(instance, client),
            )

    def owners(self, number: str) -> list[tuple[str, str]]:
        with self._tables.mutex:
            clients = self._tables.clients.items()
            return sorted(key for key, one in clients if number in {phone.number for phone in one.phones})

    def past(self, waiting: Waiting, before: datetime) -> Past:
        numbers = {phone.number for phone in waiting.phones}
        with self._tables.mutex:
            tries = [
                self._try(one)
                for one in self._tables.attempts.values()
                if (one.number in numbers or (waiting.debtor and one.debtor == waiting.debtor))
                and before - REACH <= one.reserved_at < before
            ]
            reads = [
                run.finished_at
                for run in self._tables.runs.values()
                if (run.job, run.instance, run.status) == ("bills", waiting.entry.instance, "done")
                and run.finished_at is not None
                and run.finished_at < before
            ]
            first: dict[str, datetime] = {}
            for ended in sorted((one.outcome.ended_at, one.outcome.number) for one in self._outcomes()):
                first.setdefault(ended[1], ended[0])
            return Past(
                tries=tuple(sorted(tries, key=lambda one: one.attempt_id)),
                blocked_at={key: first[key[0]] for key in self._tables.blocks if key[0] in first.keys() & numbers},
                synced_at=max(reads, default=None),
            )

    def endings(self, instance: str, start: datetime, end: datetime) -> list[HourRow]:
        sums: dict[HourRow, list[float]] = defaultdict(list)
        with self._tables.mutex:
            for one in self._outcomes():
                out = one.outcome
                if out.instance == instance and start <= out.ended_at < end:
                    hour = out.ended_at.astimezone(UTC).hour
                    key = HourRow(hour, out.line_result, out.answerer, out.talk.result, 0, 0.0)
                    sums[key].append(out.ring_seconds + out.talk_seconds)
        found = [replace(key, calls=len(times), seconds=sum(times)) for key, times in sums.items()]
        return sorted(found, key=lambda one: (one.hour, one.line_result, one.answerer, one.result))

    def everybody(self, instance: str) -> Iterator[list[Waiting]]:
        for state in (EntryState.WAITING, EntryState.CLAIMED):
            with self._tables.mutex:
                found = [
                    self._bare(one)
                    for one in self._tables.entries.values()
                    if one.instance == instance and one.state is state
                ]
            if found:
                yield sorted(found, key=lambda one: (one.entry.turn, one.entry.entry_id))

    def _bare(self, entry: QueueEntry) -> Waiting:
        client = self._tables.clients.get((entry.instance, entry.client_id))
        phones = client.phones if client else ()
        document = client.document if client else None
        debtor = debtor_key(entry.instance, entry.client_id, document)
        mine = sorted({phone.number for phone in phones})
        found = Waiting(
            entry=entry,
            client_name="",
            phones=phones,
            ledger={one: self._tables.ledger[one] for one in (*mine, debtor) if one in self._tables.ledger},
            blocks=tuple(self._tables.blocks[key] for key in sorted(self._tables.blocks) if key[0] in mine),
            last_outcome={},
            debtor=debtor,
            document=document,
            city=client.city if client else "",
        )
        return with_lists(self._tables, entry.instance, found)

    def _naming(self, instance: str, client: Client) -> tuple[DoNotCall, ...]:
        lines = sorted(self._tables.do_not_call.values(), key=lambda one: one.key)
        named = {phone.number for phone in client.phones} | ({client.document} if client.document else set())
        return tuple(
            line for line in lines if (line.number or line.document) in named and line.instance in ("", instance)
        )

    def _outcomes(self) -> list[Recorded]:
        return list(self._tables.outcomes.values())

    def _try(self, one: Attempt) -> Try:
        recorded = self._tables.outcomes.get(one.attempt_id)
        return Try(
            one.attempt_id,
            one.entry_id,
            one.number,
            one.debtor,
            one.state,
            one.reserved_at,
            one.ended_at,
            recorded.outcome if recorded else None,
        )
