"""The FastAGI server: a thread for each session that speaks, every peer distrusted, nothing left behind."""

import selectors
import socket
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import structlog
from asterisk.agi import AGIError, AGIHangup

from agi.safe_agi import HEADER_BYTES, SafeAgi

HEADER_SECONDS = 5.0  # for the whole header, however slowly it drips
ANSWER_SECONDS = 180.0  # the longest command: a sound, or AMD; a talk with an agent has a limit of its own
SESSIONS = 2000  # more are closed at once: Asterisk goes on in the dialplan
BACKLOG = 1024  # a whole batch of calls may end in the same instant
LAST_SECONDS = 5.0  # for sessions that were cut, before they are left behind
POLL_SECONDS = 0.2

Route = Callable[[SafeAgi], None]
log = structlog.get_logger(__name__)


class Wire:
    """A socket as the pair of streams that SafeAgi wants, with a deadline for each line, not for each byte."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.deadline: float | None = time.monotonic() + HEADER_SECONDS  # None: `patience` from each line
        self.patience = ANSWER_SECONDS
        self._pending = b""

    def take(self) -> bool:
        """What has arrived of the header, without waiting. True when a session can begin, if only to fail."""
        try:
            more = self.sock.recv(4096)
        except BlockingIOError:
            return False
        except OSError:
            return True
        self._pending += more
        return not more or b"\n\n" in self._pending or len(self._pending) > HEADER_BYTES

    def readline(self, limit: int, /) -> bytes:
        """Up to the line feed, `limit` bytes or the end of the stream. Raises TimeoutError."""
        if b"\n" not in self._pending:
            self._fill(limit)
        end = min(self._pending.find(b"\n") + 1 or len(self._pending), limit)
        line, self._pending = self._pending[:end], self._pending[end:]
        return line

    def _fill(self, limit: int) -> None:
        deadline = self.deadline or time.monotonic() + self.patience
        while b"\n" not in self._pending and len(self._pending) < limit:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.sock.settimeout(left)
            more = self.sock.recv(4096)
            if not more:
                break
            self._pending += more

    def write(self, data: bytes, /) -> None:
        self.sock.settimeout(HEADER_SECONDS)
        self.sock.sendall(data)

    def flush(self) -> None:
        """sendall() left nothing behind."""

    def close(self) -> None:
        """Asterisk goes on in the dialplan from here."""
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)
        self.sock.close()


class FastAgiServer:
    """`routes`: the path of agi://host:port/path to what serves it. Bind it to loopback."""

    def __init__(self, host: str, port: int, routes: Mapping[str, Route], *, sessions: int = SESSIONS) -> None:
        """Raises OSError when the port is taken. Port 0: any free one, see `port`."""
        self._routes, self._most = routes, sessions
        self._door = _Door(host, port, self._begin, lambda: self.sessions < sessions)
        self._pool = ThreadPoolExecutor(sessions, thread_name_prefix="agi")
        self._changed = threading.Condition()
        self._live: set[Wire] = set()

    @property
    def port(self) -> int:
        return self._door.port

    @property
    def sessions(self) -> int:
        """Sessions that are open now, those included that have not said yet what they want."""
        with self._changed:
            return len(self._live) + self._door.waiting

    def start(self) -> None:
        self._door.start()

    def stop(self) -> None:
        """Take no more, and cut the live sessions. Idempotent."""
        self._door.stop()
        with self._changed:
            left = list(self._live)
        for wire in left:
            wire.close()
        with self._changed:
            over = self._changed.wait_for(lambda: not self._live, LAST_SECONDS)
        self._pool.shutdown(wait=over, cancel_futures=True)

    def _begin(self, wire: Wire) -> None:
        with self._changed:
            self._live.add(wire)
        try:
            self._pool.submit(self._serve, wire)
        except RuntimeError:  # the system gives no more threads
            log.exception("AGI session refused")
            self._end(wire)

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
            self._end(wire)

    def _end(self, wire: Wire) -> None:
        wire.close()
        with self._changed:
            self._live.discard(wire)
            self._changed.notify_all()


class _Door:
    """One thread takes connections and waits for their headers: a peer that says nothing costs no thread."""

    def __init__(self, host: str, port: int, enter: Callable[[Wire], None], has_room: Callable[[], bool]) -> None:
        self._enter, self._has_room = enter, has_room
        self._listener = socket.create_server((host, port), backlog=BACKLOG)
        self._listener.setblocking(False)
        self.port = int(self._listener.getsockname()[1])
        self._waiting: dict[Wire, float] = {}  # and until when; all have the same time, so the first goes first
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="fastagi", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._listener.close()

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            while not self._stop.is_set():
                for key, _ in selector.select(POLL_SECONDS):
                    try:
                        self._look(selector, key.data)
                    except Exception:
                        log.exception("AGI server")
                self._cut_slow(selector)
            for wire in self._waiting:
                wire.close()
            self._waiting.clear()

    def _look(self, selector: selectors.BaseSelector, wire: Wire | None) -> None:
        """Somebody knocks, or somebody at the door says something."""
        if wire is None:
            with suppress(BlockingIOError, ConnectionError):
                self._take_in(selector, self._listener.accept()[0])
        elif wire.take():
            selector.unregister(wire.sock)
            del self._waiting[wire]
            self._enter(wire)

    def _take_in(self, selector: selectors.BaseSelector, sock: socket.socket) -> None:
        wire = Wire(sock)
        if not self._has_room():
            log.error("too many AGI sessions, one refused")
            wire.close()
            return
        sock.setblocking(False)
        self._waiting[wire] = time.monotonic() + HEADER_SECONDS
        selector.register(sock, selectors.EVENT_READ, wire)

    def _cut_slow(self, selector: selectors.BaseSelector) -> None:
        """Those that have not said in time what they want."""
        now = time.monotonic()
        while self._waiting:
            wire, until = next(iter(self._waiting.items()))
            if until > now:
                return
            del self._waiting[wire]
            selector.unregister(wire.sock)
            wire.close()
