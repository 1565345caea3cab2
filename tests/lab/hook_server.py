"""A provider's payment hook over real HTTP: takes what is posted, or fails in the ways that such services do."""

import socket
import ssl
import struct
import threading
from dataclasses import dataclass
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import cast


class Fault(StrEnum):
    NONE = "none"
    ERROR = "error"  # HTTP 500, which repeats what was posted
    NOT_THERE = "not_there"  # HTTP 404
    REDIRECT = "redirect"
    HANG = "hang"  # takes it and says nothing
    TRICKLE = "trickle"  # a byte now and then
    CUT = "cut"  # breaks off before it has answered
    HALF = "half"  # breaks off in the middle of its answer
    GARBAGE = "garbage"  # HTTP 200, and bytes that mean nothing
    PAGE = "page"  # HTTP 200, and a login page
    NO_HTTP = "no_http"  # not even HTTP


_ANSWERS = {
    Fault.NONE: (202, b'{"queued": true}'),
    Fault.ERROR: (500, b"could not send: "),
    Fault.NOT_THERE: (404, b"no such hook"),
    Fault.REDIRECT: (302, b""),
    Fault.GARBAGE: (200, bytes(range(256)) * 40),
    Fault.PAGE: (200, b"\n<!DOCTYPE html><title>Entrar</title>"),
}


@dataclass(frozen=True, slots=True)
class Posted:
    headers: dict[str, str]
    body: bytes


class HookServer:
    """Serves on 127.0.0.1 while the `with` lasts. `faults` are what the next requests get, in order; then none."""

    def __init__(self, tls: tuple[Path, Path] | None = None) -> None:
        """`tls`: key and certificate."""
        self.faults: list[Fault] = []
        self.posted: list[Posted] = []
        self.over = threading.Event()
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._scheme = "https" if tls else "http"
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls[1], tls[0])
            self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="hook-server")

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._http.server_address[1]}/payments"

    def __enter__(self) -> "HookServer":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Http(ThreadingHTTPServer):
    daemon_threads = False  # server_close() waits for them: none outlives the `with`
    owner: HookServer


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        owner = cast("_Http", self.server).owner
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        owner.posted.append(Posted(dict(self.headers.items()), body))
        self.close_connection = True
        fault = owner.faults.pop(0) if owner.faults else Fault.NONE
        match fault:
            case Fault.HANG:
                owner.over.wait(20)
            case Fault.TRICKLE:
                self._trickle(owner)
            case Fault.CUT:
                self._cut()
            case Fault.HALF:
                self._answer(200, b"{", {"Content-Length": "1000"})
                self._cut()
            case Fault.NO_HTTP:
                self.wfile.write(b"220 mail.example.invalid ESMTP\r\n")
            case _:
                status, answer = _ANSWERS[fault]
                self._answer(status, answer + (body if fault is Fault.ERROR else b""), {"Location": owner.url})

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Silence."""

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _trickle(self, owner: HookServer) -> None:
        self._answer(200, b"", {"Content-Length": "5000"})
        while not owner.over.wait(0.05):
            try:
                self.wfile.write(b"x" * 20)
            except OSError:  # nobody listens any more
                return

    def _cut(self) -> None:
        """By a reset: what is still on its way is lost."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
