"""How attempts ended: written once, matched with Asterisk's own `cdr`, counted and listed."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from worker.core.enums import Answerer, AttemptState, Heard, LineResult, Origination, Result
from worker.core.model import Block, NextStep, Outcome
from worker.core.records import CdrRow, OutcomeRow, TallyRow
from worker.store import rows
from worker.store.cdr import find_rows
from worker.store.engine import Db, Tx

LOOK_AGAIN = timedelta(days=1)  # how long a CDR row that was not there is looked for again
UNMATCHED_LIMIT = 2000  # at a time; those never looked for come first


class SqlOutcomes:
    """`worker.ports.Outcomes` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def record(self, outcome: Outcome, step: NextStep, *, lost: bool = False) -> bool:
        """An attempt that was no longer open (withdrawn) keeps its state, and its entry is not moved."""
        stored = rows.tidy_outcome(outcome)
        state = AttemptState.LOST if lost else AttemptState.ENDED

        def work(tx: Tx) -> bool:
            if tx.change("add_outcome", **rows.outcome_values(stored)) == 0:
                return False
            attempt_id, ended_at = outcome.attempt_id, outcome.ended_at
            if tx.change("end_attempt", attempt_id=attempt_id, state=state, ended_at=ended_at):
                tx.change(
                    "move_entry",
                    attempt_id=attempt_id,
                    state=step.state,
                    reason=rows.fit(step.reason, 255),
                    not_before=rows.next_attempt(step.not_before),
                    now=ended_at,
                )
            if step.block is not None:
                tx.change("put_block", **_block_values(step.block, attempt_id, ended_at))
            return True

        return self._db.run(work)

    def block(self, block: Block, attempt_id: str, now: datetime) -> None:
        self._db.run(lambda tx: tx.change("put_block", **_block_values(block, attempt_id, now)))

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


def _block_values(block: Block, attempt_id: str, now: datetime) -> dict[str, object]:
    return {
        "number": block.number,
        "instance": block.instance or "",
        "client_id": block.client_id or "",
        "reason": block.reason,
        "attempt_id": attempt_id,
        "now": now,
    }
