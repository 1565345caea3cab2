"""From one event socket to many conversations: a bounded mailbox a channel, which never blocks the reader."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from worker.errors import PbxError
from worker.pbx.ari_events import Event, PlaybackStarted, TalkEvent

MAILBOX = 100  # events that may wait for one conversation; beside sound heard a call makes about ten in all

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LineLost(Event):
    """Ours, not ARI's: this conversation will hear no more of its channel."""

    reason: str


@dataclass(frozen=True, slots=True)
class RequestFailed(Event):
    """Ours, not ARI's: the PBX refused what was asked of this channel."""

    problem: PbxError


@dataclass(frozen=True, slots=True)
class Detected(Event):
    """Ours, not ARI's: AMD(), listening beside the call, has made up its mind."""

    status: str
    cause: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """An event and when the reader saw it (monotonic seconds): a slow conversation does not distort durations."""

    at: float
    event: Event


class Mailbox:
    """Events of one channel. `put` from the reader, `get` from the one thread that talks."""

    def __init__(
        self, channel_id: str, capacity: int = MAILBOX, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.channel_id = channel_id
        self._capacity = capacity
        self._now = now
        self._waiting: deque[Arrived] = deque()
        self._ready = threading.Condition()
        self._lost = False

    def put(self, event: Event) -> bool:
        """False when it was full: all that waited is gone, and LineLost stands in its place."""
        with self._ready:
            if self._lost:
                return True
            if isinstance(event, TalkEvent) and len(self._waiting) >= self._capacity // 2:
                return True  # a noisy line costs precision, never the call
            full = len(self._waiting) >= self._capacity
            if full:
                self._waiting.clear()
                event = LineLost(self.channel_id, "too many events were waiting for this conversation")
            self._lost = isinstance(event, LineLost)
            self._waiting.append(Arrived(self._now(), event))
            if not isinstance(
                event, PlaybackStarted
            ):  # read with what follows it: nobody need wake up for this one
                self._ready.notify()
            return not full

    def get(self, seconds: float) -> Arrived | None:
        """The next event, or None when none came in that time (0 or less: do not wait)."""
        with self._ready:
            if not self._waiting and seconds > 0:
                self._ready.wait_for(lambda: bool(self._waiting), seconds)
            return self._waiting.popleft() if self._waiting else None


@dataclass(slots=True)
class Counts:
    """What the socket has brought so far."""

    delivered: int = 0
    unrouted: int = 0  # about channels nobody talks on
    unknown: int = 0  # kinds we have no use for
    broken: int = 0
    overflowed: int = 0


@dataclass(slots=True)
class Router:
    """Mailboxes by channel id. All methods are safe from any thread and never block."""

    capacity: int = MAILBOX
    counts: Counts = field(default_factory=Counts)
    _boxes: dict[str, Mailbox] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def open(self, channel_id: str) -> Mailbox | None:
        """None when this channel has one already. To be called before the request that causes the events."""
        with self._lock:
            if channel_id in self._boxes:
                return None
            box = self._boxes[channel_id] = Mailbox(channel_id, self.capacity)
            return box

    def close(self, channel_id: str) -> None:
        with self._lock:
            self._boxes.pop(channel_id, None)

    def ids(self) -> set[str]:
        with self._lock:
            return set(self._boxes)

    def deliver(self, event: Event) -> bool:
        """False when nobody talks on that channel."""
        with self._lock:
            box = self._boxes.get(event.channel_id)
        if box is None:
            self.counts.unrouted += 1
            return False
        self.counts.delivered += 1
        if not box.put(event):
            self.counts.overflowed += 1
            log.error("mailbox overflow: the call is ended", channel=event.channel_id, capacity=self.capacity)
        return True

    def lose(self, channel_ids: set[str], reason: str) -> None:
        """End these conversations."""
        for channel_id in channel_ids:
            with self._lock:
                box = self._boxes.get(channel_id)
            if box is not None:
                box.put(LineLost(channel_id, reason))
