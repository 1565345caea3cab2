"""A callee's sound out of RTP packets, each placed in time. No I/O; nothing a packet says is trusted.

Asterisk's listening channel leaves out 20 ms when it has nothing to send, and its time stamps do not count them
(measured on 16.28): what comes a whole packet later than they say was heard later.
"""

import struct
from typing import Final

from worker.core.hearing import FRAME
from worker.core.sound import PACKET, Packet

ALAW: Final = 8  # RTP's payload type
HEAD: Final = struct.Struct("!BBHII")
PLAIN: Final = 0x80  # version 2, no padding, no extension, no further sources: all that Asterisk sends
LATE: Final = 0.015  # seconds: more is no jitter on a loopback
LOST: Final = 400  # packets; a greater step is nobody's


class Stream:
    """One sender's: the first one heard."""

    def __init__(self) -> None:
        self._source: int | None = None
        self._number = self._stamp = 0
        self._at = 0.0

    def take(self, datagram: bytes, came: float) -> Packet | None:
        """`came`: when it arrived. None: not a packet of this stream, or one that came before, or too late."""
        if len(datagram) != HEAD.size + PACKET:
            return None
        first, kind, number, stamp, source = HEAD.unpack_from(datagram)
        if first != PLAIN or kind & 0x7F != ALAW:
            return None
        if self._source is None:
            self._at = came - FRAME
        elif source != self._source or not self._follows(number, stamp, came):
            return None
        self._source, self._number, self._stamp = source, number, stamp
        return Packet(self._at, datagram[HEAD.size :])

    def _follows(self, number: int, stamp: int, came: float) -> bool:
        """Places it, if it does."""
        steps, samples = (number - self._number) & 0xFFFF, (stamp - self._stamp) & 0xFFFFFFFF
        if not 1 <= steps <= LOST or not PACKET <= samples <= LOST * PACKET:
            return False
        self._at += samples / PACKET * FRAME
        late = came - FRAME - self._at
        if late >= LATE:
            self._at += FRAME * round(late / FRAME)
        return True
