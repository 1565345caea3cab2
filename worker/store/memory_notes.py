"""What the ERP is to be told: the twin in memory."""

from dataclasses import replace
from datetime import datetime

from worker.core.erp_note import ErpNote, NoteState
from worker.store import rows
from worker.store.memory_tables import Tables
from worker.store.notes import NoteMoves, in_order


class MemoryNotes(NoteMoves):
    """`worker.store_ports.Notes`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def waiting(self, instance: str, limit: int) -> list[ErpNote]:
        with self._tables.mutex:
            notes = self._tables.notes.values()
            mine = [one for one in notes if (one.instance, one.state) == (instance, NoteState.WAITING)]
        return in_order(mine)[:limit]

    def give_up(self, instance: str, error: str, now: datetime) -> int:
        with self._tables.mutex:
            mine = [one.attempt_id for one in self._tables.notes.values() if one.instance == instance]
            return sum(self.failed(attempt_id, error, now) for attempt_id in mine)

    def unsent(self, instance: str | None = None, limit: int = 1000) -> list[ErpNote]:
        with self._tables.mutex:
            notes = self._tables.notes.values()
            mine = [one for one in notes if one.state is not NoteState.SENT and instance in (None, one.instance)]
        return in_order(mine)[:limit]

    def _move(self, attempt_id: str, old: NoteState, new: NoteState, now: datetime, error: str = "") -> bool:
        rows.utc(now)
        with self._tables.mutex:
            note = self._tables.notes.get(attempt_id)
            if note is None or note.state is not old:
                return False
            self._tables.notes[attempt_id] = replace(note, state=new, changed_at=now, error=rows.fit(error, 255))
            return True
