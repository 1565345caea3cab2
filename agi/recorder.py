"""Ends of calls that arrive as events: gathered for a moment, and stored together by one thread."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import structlog

from worker.core.line_facts import LineFacts
from worker.core.userfield import parse
from worker.pbx.ari_events import UserEvent

MOST: Final = 100  # a transaction: a few milliseconds
GATHER_SECONDS: Final = 0.01
PATIENCE_SECONDS: Final = 1.0  # for a conversation's thread to notice that its line has gone

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class HangUp:
    """A channel has gone; what the PBX said of it."""

    line: LineFacts
    uniqueid: str
    created_at: datetime  # the channel
    at: datetime


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
        self._waiting: deque[tuple[HangUp, float]] = deque()  # and until when its conversation is waited for
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="recorder")
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

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
        with self._changed:
            end = HangUp(line, attempt_id, event.created_at, event.at)
            self._waiting.append((end, self._now() + PATIENCE_SECONDS))
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._stopping)
                if not self._waiting:
                    return
            time.sleep(GATHER_SECONDS)
            if ready := self._ready():
                self._board.hung_up_together(ready)

    def _ready(self) -> list[HangUp]:
        """Those whose conversation is over; the others keep their place and are looked at again."""
        with self._changed:
            seen = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
        ready, later, now = list[HangUp](), list[tuple[HangUp, float]](), self._now()
        for end, until in seen:
            if self._board.over(end.line.attempt_id):
                ready.append(end)
            elif until <= now:
                log.warning("conversation has not noticed the hang-up", attempt=end.line.attempt_id)
                ready.append(end)
            else:
                later.append((end, until))
        with self._changed:
            self._waiting.extendleft(reversed(later))
        return ready
