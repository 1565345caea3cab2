"""What the ERP is to be told: written with the outcome, marked before it is sent, so sent once at most."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from worker.core.erp_note import ErpNote, NoteState
from worker.core.instant import local_day
from worker.core.model import Outcome
from worker.core.tables import zone_of
from worker.store import rows
from worker.store.engine import Db


class NoteMoves(ABC):
    """The steps of a note, whatever the store: each from one state to the next, and only from that one."""

    def take(self, attempt_id: str, now: datetime) -> bool:
        return self._move(attempt_id, NoteState.WAITING, NoteState.SENDING, now)

    def put_back(self, attempt_id: str, now: datetime) -> bool:
        return self._move(attempt_id, NoteState.SENDING, NoteState.WAITING, now)

    def sent(self, attempt_id: str, now: datetime) -> bool:
        return self._move(attempt_id, NoteState.SENDING, NoteState.SENT, now)

    def failed(self, attempt_id: str, error: str, now: datetime) -> bool:
        return self._move(attempt_id, NoteState.SENDING, NoteState.FAILED, now, error)

    @abstractmethod
    def _move(self, attempt_id: str, old: NoteState, new: NoteState, now: datetime, error: str = "") -> bool:
        """False when it is not in the state `old`."""


class SqlNotes(NoteMoves):
    """`worker.store_ports.Notes` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def waiting(self, instance: str, limit: int) -> list[ErpNote]:
        return self._db.run(
            lambda tx: [_note(row) for row in tx.rows("notes_to_send", instance=instance, limit=limit)]
        )

    def give_up(self, instance: str, error: str, now: datetime) -> int:
        said = rows.fit(error, 255)
        return self._db.run(lambda tx: tx.change("give_up_notes", instance=instance, error=said, now=now))

    def unsent(self, instance: str | None = None, limit: int = 1000) -> list[ErpNote]:
        return self._db.run(
            lambda tx: [_note(row) for row in tx.rows("unsent_notes", instance=instance, limit=limit)]
        )

    def _move(self, attempt_id: str, old: NoteState, new: NoteState, now: datetime, error: str = "") -> bool:
        values = {"attempt_id": attempt_id, "old": old, "new": new, "now": now, "error": rows.fit(error, 255)}
        return self._db.run(lambda tx: tx.change("move_note", **values) == 1)


def waiting_note(outcome: Outcome, text: str) -> ErpNote:
    """As it is stored with the outcome."""
    return ErpNote(
        attempt_id=outcome.attempt_id,
        instance=outcome.instance,
        client_id=outcome.client_id,
        text=rows.fit(text, 500),
        day=local_day(outcome.ended_at, zone_of(outcome.number)),
        state=NoteState.WAITING,
        changed_at=outcome.ended_at,
    )


def note_values(note: ErpNote) -> dict[str, object]:
    names = ("attempt_id", "instance", "client_id", "text", "day", "state", "changed_at")
    return {name: getattr(note, name) for name in names}


def in_order(notes: Sequence[ErpNote]) -> list[ErpNote]:
    """The oldest first."""
    return sorted(notes, key=lambda one: (one.changed_at, one.attempt_id))


def _note(row: Any) -> ErpNote:
    return ErpNote(
        attempt_id=row.attempt_id,
        instance=row.instance,
        client_id=row.client_id,
        text=row.text,
        day=row.day,
        state=NoteState(row.state),
        changed_at=rows.aware(row.changed_at),
        error=row.error,
    )
