"""Ends of calls that arrive as events, stored together; none before its conversation has noticed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import structlog

from agi.gather import Gatherer
from worker.core.line_facts import LineFacts
from worker.core.userfield import parse
from worker.pbx.ari_events import UserEvent

GATHER_SECONDS: Final = 0.1  # nobody waits for an outcome: the more together, the cheaper
PATIENCE_SECONDS: Final = 1.0  # for a conversation's thread to notice that its line has gone

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HangUp:
    """A channel has gone; what the PBX said of it."""

    line: LineFacts
    uniqueid: str
    created_at: datetime  # the channel
    at: datetime


Waiting = tuple[HangUp, float]  # and until when its conversation is waited for


class Board(Protocol):
    """What the recorder asks of the switchboard. Neither raises."""

    def over(self, attempt_id: str) -> bool:
        """Whether nothing more is to be learned from a conversation of this process."""
        ...

    def hung_up_together(self, ends: Sequence[HangUp]) -> int:
        """Store the outcomes; how many were written now."""
        ...


class Recorder:
    """`put` never blocks. `stop` stores what has been put until then."""

    def __init__(self, board: Board, *, now: Callable[[], float] = time.monotonic) -> None:
        self._board, self._now = board, now
        self._gatherer = Gatherer("recorder", GATHER_SECONDS, self._store)
        self.start, self.stop = self._gatherer.start, self._gatherer.stop

    def put(self, event: UserEvent) -> None:
        """Of a channel that bears its attempt's id; the text is the dialplan's."""
        attempt_id = event.channel_id
        try:
            line = parse(event.text)
        except ValueError as problem:
            log.error("outcome left to reconciliation", attempt=attempt_id, problem=str(problem))
            return
        if line.attempt_id != attempt_id:
            log.error("outcome left to reconciliation", attempt=attempt_id, problem="it names another attempt")
            return
        self._gatherer.put((HangUp(line, attempt_id, event.created_at, event.at), self._now() + PATIENCE_SECONDS))

    def _store(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        """Those whose conversation is over; the others are looked at again."""
        ready, later, now = list[HangUp](), list[Waiting](), self._now()
        for end, until in waiting:
            if not self._board.over(end.line.attempt_id):
                if until > now:
                    later.append((end, until))
                    continue
                log.warning("conversation has not noticed the hang-up", attempt=end.line.attempt_id)
            ready.append(end)
        if ready:
            self._board.hung_up_together(ready)
        return later
