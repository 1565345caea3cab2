"""The FastAGI server: one thread a session, every peer distrusted, nothing left behind when it stops."""

import socket
import socketserver
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

import structlog
from asterisk.agi import AGIError, AGIHangup

from agi.safe_agi import SafeAgi

HEADER_SECONDS = 5.0  # for the whole header, however slowly it drips
ANSWER_SECONDS = 180.0  # the longest command: a sound, or AMD
SESSIONS = 2000  # more are closed at once: Asterisk goes on in the dialplan

Route = Callable[[SafeAgi], None]
log = structlog.get_logger(__name__)


class Wire:
    """A socket as the pair of streams that SafeAgi wants, with a deadline for each line, not for each byte."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._pending = b""
        self.deadline: float | None = time.monotonic() + HEADER_SECONDS  # None: ANSWER_SECONDS from each line

    def readline(self, limit: int, /) -> bytes:
        """Up to the line feed, `limit` bytes or the end of the stream. Raises TimeoutError."""
        deadline = self.deadline or time.monotonic() + ANSWER_SECONDS
        while b"\n" not in self._pending and len(self._pending) < limit:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._sock.settimeout(left)
            more = self._sock.recv(4096)
            if not more:
                break
            self._pending += more
        end = self._pending.find(b"\n") + 1 or len(self._pending)
        line, self._pending = self._pending[: min(end, limit)], self._pending[min(end, limit) :]
        return line

    def write(self, data: bytes, /) -> None:
        self._sock.settimeout(HEADER_SECONDS)
        self._sock.sendall(data)

    def flush(self) -> None:
        """sendall() left nothing behind."""

    def close(self) -> None:
        """Asterisk goes on in the dialplan from here."""
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()


class FastAgiServer:
    """`routes`: the path of agi://host:port/path to what serves it. Bind it to loopback."""

    def __init__(self, host: str, port: int, routes: Mapping[str, Route], *, sessions: int = SESSIONS) -> None:
        """Raises OSError when the port is taken. Port 0: any free one, see `port`."""
        self._server = _Server((host, port), routes, sessions)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def sessions(self) -> int:
        """Sessions that are open now."""
        return self._server.count()

    def start(self) -> None:
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, name="fastagi", daemon=True
        )
        self._thread.start()

    def stop(self, patience: float = 0.0) -> None:
        """Take no more; give live sessions so many seconds to end by themselves, then cut them. Idempotent."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.server_close()
        self._server.end_sessions(patience)


class _Server(socketserver.TCPServer):
    allow_reuse_address = True
    request_queue_size = 1024  # a whole batch of calls may be answered in the same instant

    def __init__(self, address: tuple[str, int], routes: Mapping[str, Route], sessions: int) -> None:
        self._routes, self._most = routes, sessions
        self._lock = threading.Lock()
        self._live: dict[threading.Thread, Wire] = {}
        super().__init__(address, socketserver.BaseRequestHandler)

    def process_request(
        self,
        request: socket.socket | tuple[bytes, socket.socket],
        client_address: object,  # noqa: ARG002 socketserver's signature
    ) -> None:
        """Instead of ThreadingMixIn, which cannot say who is live nor cut them."""
        if not isinstance(request, socket.socket):  # the other kind is UDP's
            return
        wire = Wire(request)
        if self.count() >= self._most:
            log.error("too many AGI sessions, one refused", most=self._most)
            wire.close()
            return
        thread = threading.Thread(target=self._serve, args=(wire,), name="agi", daemon=True)
        with self._lock:
            self._live[thread] = wire
        try:
            thread.start()
        except RuntimeError:  # the system gives no more threads
            log.exception("AGI session refused")
            self._end(thread)

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 socketserver's signature
        log.exception("AGI server")

    def count(self) -> int:
        with self._lock:
            return len(self._live)

    def end_sessions(self, patience: float) -> None:
        deadline = time.monotonic() + patience
        for thread in self._threads():
            thread.join(max(0.0, deadline - time.monotonic()))
        with self._lock:
            wires = list(self._live.values())
        for wire in wires:
            wire.close()
        for thread in self._threads():
            thread.join(5.0)

    def _threads(self) -> list[threading.Thread]:
        with self._lock:
            return list(self._live)

    def _serve(self, wire: Wire) -> None:
        try:
            session = SafeAgi(wire, wire)
            wire.deadline = None
            path = session.env.get("agi_network_script", "").partition("?")[0].strip("/")
            route = self._routes.get(path)
            if route is None:
                log.warning("AGI request for a path that is not served")
            else:
                route(session)
        except AGIHangup:
            log.debug("AGI session ended by the peer")
        except AGIError as problem:
            log.warning("AGI session ended", problem=type(problem).__name__)
        except Exception:
            log.exception("AGI route broke")
        finally:
            self._end(threading.current_thread())

    def _end(self, thread: threading.Thread) -> None:
        with self._lock:
            wire = self._live.pop(thread)
        wire.close()
