"""Ports for one lab: a numbered block, held by a file lock so that labs side by side never meet."""

import fcntl
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

FIRST_PORT = 10000
BLOCK = 2500  # so many ports a lab; nine blocks end below Linux's ephemeral range (32768)
BLOCKS = 9
FIXED = 20  # ports at the start of a block that are not RTP
RTP = 1200  # ports for each Asterisk: two a call, so 600 calls at once
LINES = 16  # SIPps at once that have an endpoint of their own; five ports each


@dataclass(frozen=True, slots=True)
class Ports:
    """All on 127.0.0.1. SIP and RTP are UDP, the others TCP."""

    pbx_sip: int
    carrier_sip: int
    pbx_http: int
    agi: int
    sipp_sip: int
    sipp_media: int  # and the three after it
    source: int  # free for the stand-in ERP
    pbx_rtp: tuple[int, int]  # first and last
    carrier_rtp: tuple[int, int]
    lines: int  # first of the ports of `line`

    @classmethod
    def of_block(cls, block: int) -> "Ports":
        first = FIRST_PORT + block * BLOCK
        rtp = first + FIXED
        return cls(
            first, first + 1, first + 2, first + 3, first + 4, first + 6, first + 10,
            (rtp, rtp + RTP - 1), (rtp + RTP, rtp + 2 * RTP - 1), rtp + 2 * RTP,
        )  # fmt: skip

    def line(self, index: int) -> tuple[int, int]:
        """SIP port and first media port of a SIPp with an endpoint of its own, sipp0 and so on."""
        return self.lines + index, self.lines + LINES + 4 * index

    @property
    def udp(self) -> tuple[int, ...]:
        return (self.pbx_sip, self.carrier_sip, self.sipp_sip, self.sipp_media)

    @property
    def tcp(self) -> tuple[int, ...]:
        return (self.pbx_http, self.agi, self.source)


class Slot:
    """A block of ports, ours until `release()` or the end of this process."""

    def __init__(self) -> None:
        folder = Path(tempfile.gettempdir()) / f"collector-lab-slots-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        for block in range(BLOCKS):
            lock = os.open(folder / f"{block}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            if _taken(lock) or busy(ports := Ports.of_block(block)):
                os.close(lock)
                continue
            self._lock: int | None = lock
            self.ports = ports
            return
        raise RuntimeError(f"all {BLOCKS} lab port blocks are in use; stop a lab first")

    def release(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def _taken(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def busy(ports: Ports) -> list[str]:
    """Which of the fixed ports somebody holds: ["udp 10000", ...]."""
    held = [f"udp {port}" for port in ports.udp if not _bindable(socket.SOCK_DGRAM, port)]
    return held + [f"tcp {port}" for port in ports.tcp if not _bindable(socket.SOCK_STREAM, port)]


def _bindable(kind: socket.SocketKind, port: int) -> bool:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:  # connections of a lab just closed linger in TIME_WAIT
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
