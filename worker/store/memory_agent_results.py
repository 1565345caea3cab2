"""What agents were told: the twin in memory."""

from dataclasses import replace
from datetime import datetime

from worker.core.agent_result import AgentResult
from worker.core.enums import EntryState
from worker.core.erp_note import ErpNote
from worker.core.model import LedgerRow, NextStep, Streak
from worker.store import rows
from worker.store.memory_tables import Tables, stepped


class MemoryAgentResults:
    """`worker.agent_ports.AgentResults`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, told: AgentResult) -> None:
        rows.utc(told.told_at)
        with self._tables.mutex:
            if told.told_id not in self._tables.agent_results:
                self._tables.agent_results[told.told_id] = replace(told, uniqueid=rows.fit(told.uniqueid, 32))

    def to_settle(self, limit: int) -> list[AgentResult]:
        with self._tables.mutex:
            open_results = [
                one
                for one in self._tables.agent_results.values()
                if one.told_id not in self._tables.settled and not self._goes_on(one)
            ]
        return sorted(open_results, key=lambda one: (one.told_at, one.told_id))[:limit]

    def settle(self, told: AgentResult, step: NextStep, debtor: str, note: ErpNote | None, now: datetime) -> bool:
        rows.utc(now)
        tables = self._tables
        with tables.mutex:
            if told.told_id not in tables.agent_results or told.told_id in tables.settled:
                return False
            tables.settled.add(told.told_id)
            if recorded := tables.outcomes.get(told.attempt_id):
                talk = replace(recorded.outcome.talk, result=told.result, promise_day=told.promise_day)
                recorded.outcome = replace(recorded.outcome, talk=talk)
            self._move_entry(told, step, now)
            if step.quiet_until is not None and debtor:
                row = tables.ledger.get(debtor, LedgerRow(debtor))
                latest = max(row.quiet_until or step.quiet_until, step.quiet_until)
                tables.ledger[debtor] = replace(row, quiet_until=latest)
            if note is not None:
                tables.notes.setdefault(note.attempt_id, note)
            return True

    def _goes_on(self, told: AgentResult) -> bool:
        return any(
            (one.instance, one.client_id, one.state) == (told.instance, told.client_id, EntryState.CLAIMED)
            for one in self._tables.entries.values()
        )

    def _move_entry(self, told: AgentResult, step: NextStep, now: datetime) -> None:
        for entry_id, entry in self._tables.entries.items():
            mine = (entry.instance, entry.client_id) == (told.instance, told.client_id)
            if mine and entry.state is EntryState.WAITING:
                self._tables.entries[entry_id] = stepped(entry, step, now)
                self._tables.streaks[entry_id] = Streak(step.ending, 1)
