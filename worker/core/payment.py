"""A callee asked for the digitable line and PIX to be sent: the request, its fate, and when it is tried again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# He was told "now": soon at first, then for as long as somebody may still be at work on what is broken.
_WAITS: Final = tuple(timedelta(seconds=n) for n in (15, 60, 300, 1200, 3600))


MOST_TRIES: Final = len(_WAITS) + 1


class RequestState(StrEnum):
    """waiting -> sending -> sent, failed, or waiting again. Who died over one is followed when his time is up."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    attempt_id: str  # the call in which it was asked for
    instance: str
    client_id: str
    number: str  # where it is to be sent
    state: RequestState
    tries: int  # begun so far
    requested_at: datetime
    due_at: datetime  # not before; while SENDING, until when its sender has it alone
    error: str = ""  # of the last try


def next_try(tries: int, now: datetime) -> datetime | None:
    """When, after so many that failed; None: give up."""
    return now + _WAITS[tries - 1] if tries <= len(_WAITS) else None
