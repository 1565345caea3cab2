"""Hundreds of callees in one small process, each noting when our words reached him.

`python -m tests.lab.listeners SIP_PORT KEY`: answers at once, presses 1 KEY seconds after (0: never), stays until
hung up on; sends silence all the time, as a telephone does. Prints "ready"; at a line on stdin one JSON list, an
object a call. What is heard is looked at only until the first audible packet after the answer and after the key,
so that listening costs nearly nothing.
"""

import asyncio
import json
import re
import socket
import struct
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass

from tests.lab.heard import from_alaw

HOST = "127.0.0.1"
AUDIBLE = 300  # of 32768; our sounds reach 3000 and more while somebody speaks
ENOUGH = 20  # audible samples of a packet's 160
SILENT = bytes(byte for byte in range(256) if abs(from_alaw(bytes([byte]))[0]) <= AUDIBLE)
RESEND_SECONDS = 0.5  # RFC 3261's T1, until the ACK
PACKET_SECONDS = 0.02
SLICES = 5  # not all packets at one moment
EVENT = 101  # telephone-event, as our SDP says
SOURCE = 0x4D415249  # SSRC
SDP = (
    "v=0\r\no=callee 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio {port} RTP/AVP 8 101\r\n"
    "a=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\n"
)


@dataclass(slots=True)
class Heard:
    """Seconds by this machine's monotonic clock; 0: did not happen."""

    number: str
    answered: float
    first_word: float = 0.0
    key: float = 0.0
    word_after_key: float = 0.0
    gone: float = 0.0


class Line:
    """One call: its own RTP socket, read only while a word is waited for."""

    def __init__(self, number: str, sdp: str) -> None:
        self.heard = Heard(number, time.monotonic())
        self.answer = b""
        self.acknowledged = False
        found = re.search(r"m=audio (\d+) ", sdp)
        self._there = (HOST, int(found[1]) if found else 9)
        self._rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._rtp.setblocking(False)
        self._rtp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self._rtp.bind((HOST, 0))
        self.port: int = self._rtp.getsockname()[1]
        self._packets = 0
        self._silence = bytearray(struct.pack("!BBHII", 0x80, 8, 0, 0, SOURCE) + b"\xd5" * 160)

    def send_silence(self) -> None:
        """One packet, unless he is gone."""
        if not self.heard.gone:
            self._packets += 1
            struct.pack_into("!HI", self._silence, 2, self._packets & 0xFFFF, self._packets * 160)
            self._send(self._silence)

    def listen(self) -> None:
        """From now on, for one audible packet; what came before is forgotten."""
        while self._packet() is not None:
            pass
        asyncio.get_running_loop().add_reader(self._rtp, self._sound)

    def press(self) -> None:
        """1, a tenth of a second long, as RFC 4733 says it."""
        if self.heard.gone:
            return
        self.listen()
        stamp = self._packets * 160
        for end, duration in [(0, 0), (0, 400), (0x80, 800), (0x80, 800), (0x80, 800)]:
            self._packets += 1
            marker = 0 if duration else 0x80
            header = struct.pack("!BBHII", 0x80, EVENT | marker, self._packets & 0xFFFF, stamp, SOURCE)
            self._send(header + struct.pack("!BBH", 1, end | 10, duration))
        self.heard.key = time.monotonic()

    def hang_up(self) -> None:
        if not self.heard.gone:
            self.heard.gone = time.monotonic()
            asyncio.get_running_loop().remove_reader(self._rtp)
            self._rtp.close()

    def _send(self, packet: bytes | bytearray) -> None:
        with suppress(BlockingIOError, ConnectionRefusedError):
            self._rtp.sendto(packet, self._there)

    def _packet(self) -> bytes | None:
        try:
            return self._rtp.recv(2048)
        except (BlockingIOError, ConnectionRefusedError):
            return None

    def _sound(self) -> None:
        while (packet := self._packet()) is not None:
            if packet[1] & 0x7F == 8 and len(packet[12:].translate(None, SILENT)) >= ENOUGH:
                if self.heard.key:
                    self.heard.word_after_key = time.monotonic()
                else:
                    self.heard.first_word = time.monotonic()
                asyncio.get_running_loop().remove_reader(self._rtp)
                return


class Listeners:
    """The SIP of all of them: INVITE, ACK, BYE, CANCEL."""

    def __init__(self, port: int, key_after: float) -> None:
        self._port, self._key_after = port, key_after
        self.lines: dict[str, Line] = {}
        self._sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sip.setblocking(False)
        self._sip.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._sip.bind((HOST, port))

    def read(self) -> None:
        """All that has come: asyncio's own transport would take one datagram between two rounds of silence."""
        with suppress(BlockingIOError):
            while True:
                self._received(*self._sip.recvfrom(65536))

    async def serve(self) -> None:
        """Silence to everybody, for ever, a slice of them at a time; what a stall delayed is not sent twice."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._sip, self.read)
        while True:
            for part in range(SLICES):
                began = time.monotonic()
                for line in list(self.lines.values())[part::SLICES]:
                    line.send_silence()
                await asyncio.sleep(max(0.0, began + PACKET_SECONDS / SLICES - time.monotonic()))

    def _received(self, data: bytes, addr: tuple[str, int]) -> None:
        text = data.decode("latin-1")
        method, _, rest = text.partition(" ")
        line = self.lines.get(call_id := _header(text, "Call-ID"))
        if method == "INVITE" and line is None:
            self._ring(call_id, text, rest, addr)
        elif method == "INVITE" and line is not None:
            self._send(line.answer, addr)
        elif method == "ACK" and line is not None:
            line.acknowledged = True
        elif method in ("BYE", "CANCEL", "OPTIONS"):
            self._send(_response(text, "", ""), addr)
            if line is not None and method != "OPTIONS":
                line.hang_up()

    def _ring(self, call_id: str, text: str, rest: str, addr: tuple[str, int]) -> None:
        line = self.lines[call_id] = Line(re.sub(r"\D", "", rest.partition("@")[0]), text)
        contact = f"Contact: <sip:callee@{HOST}:{self._port}>\r\nContent-Type: application/sdp\r\n"
        line.answer = _response(text, contact, SDP.format(host=HOST, port=line.port), tag=f"l{line.port}")
        loop = asyncio.get_running_loop()
        line.listen()
        line.heard.answered = time.monotonic()
        self._answer(line, addr)
        if self._key_after:
            loop.call_later(self._key_after, line.press)

    def _answer(self, line: Line, addr: tuple[str, int]) -> None:
        if not line.acknowledged and not line.heard.gone:
            self._send(line.answer, addr)
            asyncio.get_running_loop().call_later(RESEND_SECONDS, self._answer, line, addr)

    def _send(self, data: bytes, addr: tuple[str, int]) -> None:
        with suppress(BlockingIOError):  # it will ask again
            self._sip.sendto(data, addr)


def _header(text: str, name: str) -> str:
    found = re.search(rf"^{name}:\s*(.*?)\r?$", text, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def _response(request: str, headers: str, body: str, *, tag: str = "") -> bytes:
    """200 OK with what a response must repeat."""
    repeated = re.findall(r"^((?:Via|From|Call-ID|CSeq):.*?)\r?$", request, re.MULTILINE | re.IGNORECASE)
    to = _header(request, "To") + (f";tag={tag}" if tag else "")
    lines = ["SIP/2.0 200 OK", *repeated, f"To: {to}"]
    return ("\r\n".join(lines) + f"\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}").encode("latin-1")


async def main(port: int, key_after: float) -> list[dict[str, object]]:
    listeners = Listeners(port, key_after)
    serving = asyncio.create_task(listeners.serve())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    serving.cancel()
    return [asdict(line.heard) for line in listeners.lines.values()]


if __name__ == "__main__":
    calls = asyncio.run(main(int(sys.argv[1]), float(sys.argv[2])))
    sys.stdout.write(json.dumps(calls) + "\n")
