"""What agents were told: written at once, its consequences drawn when no call of the debtor's goes on any more."""

from datetime import datetime
from typing import Any

from worker.core.agent_result import AgentResult
from worker.core.enums import Result
from worker.core.erp_note import ErpNote
from worker.core.model import NextStep
from worker.store import rows
from worker.store.engine import Db, Tx
from worker.store.notes import note_values


class SqlAgentResults:
    """`worker.agent_ports.AgentResults` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def add(self, told: AgentResult) -> None:
        values = {name: getattr(told, name) for name in told.__dataclass_fields__}
        values["uniqueid"] = rows.fit(told.uniqueid, 32)
        self._db.run(lambda tx: tx.change("add_agent_result", **values))

    def to_settle(self, limit: int) -> list[AgentResult]:
        return self._db.run(lambda tx: [_told(row) for row in tx.rows("agent_results_to_settle", limit=limit)])

    def settle(self, told: AgentResult, step: NextStep, debtor: str, note: ErpNote | None, now: datetime) -> bool:
        def work(tx: Tx) -> bool:
            if tx.change("settle_agent_result", told_id=told.told_id, now=now) == 0:
                return False
            tx.change(
                "amend_outcome", attempt_id=told.attempt_id, result=told.result, promise_day=told.promise_day
            )
            tx.change(
                "move_waiting_entry",
                instance=told.instance,
                client_id=told.client_id,
                state=step.state,
                reason=rows.fit(step.reason, 255),
                not_before=rows.next_attempt(step.not_before),
                after_sync=step.after_sync,
                ending=step.ending or "",
                now=now,
            )
            if step.quiet_until is not None and debtor:
                tx.change("keep_debtor_quiet", who=debtor, until=step.quiet_until)
            if note is not None:
                tx.bulk("add_note", [note_values(note)])
            return True

        return self._db.run(work)


def _told(row: Any) -> AgentResult:
    return AgentResult(
        told_id=row.told_id,
        instance=row.instance,
        client_id=row.client_id,
        number=row.number,
        result=Result(row.result),
        told_at=rows.aware(row.told_at),
        promise_day=row.promise_day,
        attempt_id=row.attempt_id,
        uniqueid=row.uniqueid,
    )
