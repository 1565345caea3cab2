"""The HTTP below the stand-in ERPs: answers by hand, broken connections, an end that leaves nothing running."""

import json
import socket
import struct
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self, cast


class Server(ThreadingHTTPServer):
    daemon_threads = False  # server_close() waits for them: none outlives the `with`

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self._open: set[socket.socket] = set()
        super().__init__(address, handler)

    def process_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        self._open.add(cast("socket.socket", request))
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        self._open.discard(cast("socket.socket", request))
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End connections that are kept alive, so that no thread waits on them."""
        for connection in list(self._open):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue  # already gone

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller who hung up, or refused our certificate, is no fault of the stand-in."""


class Running:
    """A stand-in that serves on 127.0.0.1 while its `with` lasts."""

    scheme = "http"

    def __init__(self, http: Server, name: str) -> None:
        self.stopping = threading.Event()
        self._http = http
        self._thread = threading.Thread(target=http.serve_forever, args=(0.05,), name=name)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._thread.join()
        self._http.hang_up()
        self._http.server_close()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    json_kind = "text/x-json"  # IXC's
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 60.0

    def do_GET(self) -> None:
        self.serve()

    def do_POST(self) -> None:
        self.serve()

    def serve(self) -> None:
        """Answer the one request."""
        raise NotImplementedError

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Silence: the stand-in keeps its own list of requests."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def json(self, answer: object, status: HTTPStatus = HTTPStatus.OK) -> None:
        self.text(status, json.dumps(answer), self.json_kind)

    def text(self, status: HTTPStatus, text: str, kind: str = "text/html; charset=UTF-8") -> None:
        body = text.encode()
        self.head(status, len(body), kind)
        self.wfile.write(body)

    def head(self, status: HTTPStatus, length: int, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def redirect(self, address: str) -> None:
        self.send_response(HTTPStatus.FOUND)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def reset(self, body: bytes) -> None:
        """Half of a body, then a connection reset instead of the rest."""
        self.head(HTTPStatus.OK, len(body), self.json_kind)
        self.wfile.write(body[: len(body) // 2])
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.cut()

    def cut(self) -> None:
        self.close_connection = True
