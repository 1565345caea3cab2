"""How attempts ended: written once, matched with Asterisk's own `cdr`, counted and listed."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

from worker.core.enums import Answerer, Heard, LineResult, Origination, Result
from worker.core.model import Block, NextStep, Outcome
from worker.core.records import CdrRow, OutcomeRow, TallyRow
from worker.store import rows
from worker.store.cdr import find_rows
from worker.store.endings import Ending, UnusualError, block_values, record_one, record_together
from worker.store.engine import Db, Tx
from worker.store.group import Group

LOOK_AGAIN = timedelta(days=1)  # how long a CDR row that was not there is looked for again
UNMATCHED_LIMIT = 2000  # at a time; those never looked for come first


class SqlOutcomes:
    """`worker.ports.Outcomes` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._records = Group(self._record)

    def record(self, outcome: Outcome, step: NextStep, *, lost: bool = False) -> bool:
        """An attempt that was no longer open (withdrawn) keeps its state, and its entry is not moved.

        Calls that end at the same moment share a transaction.
        """
        return self._records.do(Ending(rows.tidy_outcome(outcome), step, lost))

    def record_many(self, endings: Sequence[tuple[Outcome, NextStep]]) -> list[bool]:
        return self._record([Ending(rows.tidy_outcome(outcome), step, lost=False) for outcome, step in endings])

    def _record(self, endings: Sequence[Ending]) -> list[bool]:
        if len(endings) > 1:
            with suppress(UnusualError):
                self._db.run(lambda tx: record_together(tx, endings))
                return [True] * len(endings)
        return [self._db.run(partial(record_one, ending=ending)) for ending in endings]

    def block(self, block: Block, attempt_id: str, now: datetime) -> None:
        self._db.run(lambda tx: tx.change("put_block", **block_values(block, attempt_id, now)))

    def cdr_of(self, attempts: Mapping[str, datetime]) -> dict[str, CdrRow]:
        return self._db.run(lambda tx: find_rows(tx, attempts))

    def unmatched(self, before: datetime) -> list[Outcome]:
        """At most 2000, those never looked for first; found missing, they are looked for again for a day."""
        return self._db.run(
            lambda tx: [
                rows.outcome(row)
                for row in tx.rows(
                    "unmatched", before=before, again_since=before - LOOK_AGAIN, limit=UNMATCHED_LIMIT
                )
            ]
        )

    def mark_cdr(self, found: Mapping[str, str], missing: Sequence[str]) -> None:
        marks = [{"attempt_id": key, "uniqueid": rows.fit(value, 32)} for key, value in sorted(found.items())]

        def work(tx: Tx) -> None:
            tx.bulk("mark_found", marks)
            tx.change_in("mark_missing", "attempt_ids", missing)

        self._db.run(work)

    def tally(self, start: datetime, end: datetime, instance: str | None = None) -> list[TallyRow]:
        """The end is excluded."""

        def work(tx: Tx) -> list[TallyRow]:
            return [
                TallyRow(
                    instance=row.instance,
                    origination=Origination(row.origination),
                    line_result=LineResult(row.line_result),
                    answerer=Answerer(row.answerer),
                    heard=Heard(row.heard),
                    result=Result(row.result),
                    count=int(row.n),
                    short_calls=int(row.short_calls),
                    talk_seconds=float(row.talk_seconds),
                    cdr_found=int(row.cdr_found),
                )
                for row in tx.rows("tally", start=start, end=end, instance=instance)
            ]

        return self._db.run(work)

    def listing(
        self, start: datetime, end: datetime, instance: str | None = None, limit: int = 1000
    ) -> list[OutcomeRow]:
        """The end is excluded."""

        def work(tx: Tx) -> list[OutcomeRow]:
            return [
                OutcomeRow(
                    outcome=rows.outcome(row),
                    client_name=row.client_name,
                    origination=Origination(row.origination),
                    total=row.total,
                    cdr_found=None if row.cdr_found is None else bool(row.cdr_found),
                )
                for row in tx.rows("listing", start=start, end=end, instance=instance, limit=limit)
            ]

        return self._db.run(work)
