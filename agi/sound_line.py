"""The callee's sound, for the first seconds of a call: one channel more on the PBX sends it to a socket here.

The PBX needs no bridge for it, and no AudioSocket, which Asterisk 16 does not have: UnicastRTP (chan_rtp) is a
channel that sends what it is given to an address, and ChanSpy() gives it what the callee says (dialplan,
CONTEXT_EAR). Sound never leaves this machine. Whatever fails, the call goes on by the timing of sound alone.
"""

import asyncio
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from agi.call import Sound
from agi.rtp import Stream
from worker.core.hearing import FRAME
from worker.core.sound import Packet
from worker.errors import PbxError
from worker.pbx import variables
from worker.pbx.ari import AriClient

LONGEST: Final = 8.0  # seconds of one line
KEPT: Final = round(LONGEST / FRAME)  # packets of one line
FIRST: Final = 2.0  # seconds until the first packet; measured: 0.12, of which ChanSpy() waits 0.1
RING: Final = 2  # seconds; it answers by itself, at once
PER_SECOND: Final = 20  # answers: more is a flood
AGAIN: Final = 60.0  # seconds after a failure
HERE: Final = "127.0.0.1"
SO_TIMESTAMP: Final = 29  # Linux; the socket module does not name it: when a packet came, not when it was read
TIME: Final = struct.Struct("@ll")
LARGEST: Final = 2048
AT_ONCE: Final = 50  # datagrams read before others have their turn

log = structlog.get_logger(__name__)


class NotHeard(Exception):
    """No line could be had; why, in one sentence."""


class SoundLine:
    """`agi.call.Sound` of one call. `run` on the loop's thread, once."""

    def __init__(self, client: AriClient, attempt_id: str, answered: float) -> None:
        """`answered`: by the PBX's clock, which is ours: it is on this machine."""
        self._client, self._answered = client, answered
        self._ear_id = attempt_id + variables.EAR_SUFFIX
        self._stream = Stream()
        self._packets: deque[Packet] = deque()
        self._count = 0
        self._first, self._enough = asyncio.Event(), asyncio.Event()
        self._stopped = False

    def take(self) -> Sequence[Packet]:
        taken = []
        with suppress(IndexError):
            while True:
                taken.append(self._packets.popleft())
        return taken

    def stop(self) -> None:
        if not self._stopped:
            self._stopped = True
            self._client.loop.spawn(self._end())

    async def _end(self) -> None:
        self._enough.set()
        self._first.set()

    async def run(self) -> None:
        """Until it is stopped, or LONGEST. Raises NotHeard, PbxError, OSError; nothing is left in any case."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear:
            ear.setblocking(False)
            ear.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMP, 1)
            ear.bind((HERE, 0))
            loop = asyncio.get_running_loop()
            loop.add_reader(ear, self._read, ear)
            try:
                if not self._enough.is_set():
                    await self._listen(ear.getsockname()[1], loop.time() + LONGEST)
            finally:
                loop.remove_reader(ear)

    async def _listen(self, port: int, until: float) -> None:
        try:
            await self._hear(port, until)
        finally:
            self._client.channels.hangup_soon(self._ear_id)

    async def _hear(self, port: int, until: float) -> None:
        await self._client.channels.originate_into_later(
            self._ear_id,
            endpoint=f"UnicastRTP/{HERE}:{port}/c(alaw)",
            context=variables.CONTEXT_EAR,
            timeout=RING,
        )
        with suppress(TimeoutError):
            async with asyncio.timeout(FIRST):
                await self._first.wait()
        if not self._first.is_set() and not await self._client.channels.there_later(self._ear_id):
            raise NotHeard(
                f"the PBX ended the listening channel; is [{variables.CONTEXT_EAR}] in its dialplan, "
                "and app_chanspy.so loaded?"
            )
        with suppress(TimeoutError):
            async with asyncio.timeout_at(until):
                await self._enough.wait()

    def _read(self, ear: socket.socket) -> None:
        """All that has come; of a flood, some."""
        for _ in range(AT_ONCE):
            if self._enough.is_set():
                return
            try:
                datagram, extra, _, (host, *_) = ear.recvmsg(LARGEST, socket.CMSG_SPACE(TIME.size))
            except OSError:  # nothing more; whatever else it may be, the next packet tells
                return
            packet = self._stream.take(datagram, _came(extra) - self._answered) if host == HERE else None
            if packet is not None:
                self._packets.append(packet)
                self._count += 1
                self._first.set()
                if self._count >= KEPT:
                    self._enough.set()


def _came(extra: Sequence[tuple[int, int, bytes]]) -> float:
    for level, kind, data in extra:
        if (level, kind, len(data)) == (socket.SOL_SOCKET, SO_TIMESTAMP, TIME.size):
            seconds, micros = TIME.unpack(data)
            return float(seconds + micros / 1e6)
    return time.time()


class SoundLines:
    """At most `at_once` of them, and none while more than `per_second` answer: a flood must not load the PBX."""

    def __init__(
        self,
        client: AriClient,
        at_once: int,
        *,
        per_second: int = PER_SECOND,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._now, self._per_second = client, now, per_second
        self._most = at_once if client.on_this_machine else 0
        self._mutex = threading.Lock()
        self._open = 0
        self._asked: deque[float] = deque(maxlen=per_second)  # when the last ones were asked for
        self._not_before = float("-inf")
        self._told = False  # of the failure that lasts

    @property
    def count(self) -> int:
        """Lines that are open."""
        with self._mutex:
            return self._open

    def open(self, attempt_id: str, answered: float) -> Sound | None:
        """From any thread, never blocking. None: too many are open, it failed lately, or the PBX is elsewhere."""
        with self._mutex:
            now = self._now()
            flood = len(self._asked) == self._per_second and now - self._asked[0] < 1.0
            self._asked.append(now)
            if flood or self._open >= self._most or now < self._not_before:
                return None
            self._open += 1
        line = SoundLine(self._client, attempt_id, answered)
        self._client.loop.spawn(self._run(line, attempt_id))
        return line

    async def _run(self, line: SoundLine, attempt_id: str) -> None:
        try:
            await line.run()
            self._told = False
        except (NotHeard, PbxError, OSError) as problem:
            self._not_before = self._now() + AGAIN
            if not self._told:
                self._told = True
                log.warning("callees are heard by the timing of sound alone", attempt=attempt_id, why=str(problem))
        finally:
            with self._mutex:
                self._open -= 1
