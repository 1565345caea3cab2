"""A line for a client's history in the ERP, told at most once."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class NoteState(StrEnum):
    """waiting -> sending -> sent or failed. Who died while sending leaves a note of which nobody knows."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"  # or not known to have been taken: never repeated by itself


@dataclass(frozen=True, slots=True)
class ErpNote:
    attempt_id: str  # the call it tells of
    instance: str
    client_id: str
    text: str
    day: date  # of the call, where the number lives
    state: NoteState
    changed_at: datetime
    error: str = ""  # one sentence when failed
