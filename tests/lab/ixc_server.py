"""A stand-in ERP that speaks IXC's webservice v1 over real HTTP, with its habits and, switched on, its faults.

`python -m tests.lab.ixc_server --port 8765 --clients 300` runs one until Ctrl-C.
"""

import argparse
import json
import socket
import ssl
import struct
import threading
import time
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import cast
from urllib.parse import urlsplit

from tests.lab import ixc_faults
from tests.lab.invented import InventedBill, InventedClient, invent
from tests.lab.ixc_faults import Fault, Kind, spoil
from tests.lab.ixc_rows import bill_row, client_row, type_rows
from tests.lab.ixc_tables import Found, Tables, WrongQuestion

TOKEN = "7:0123456789abcdef0123456789abcdef"
PATH = "/webservice/v1/"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in; credentials are not kept."""

    method: str
    table: str
    listing: bool  # had the header `ixcsoft: listar`
    question: dict[str, str]
    page: int = 0  # of the listing, from 1; 0: not a listing


class IxcServer:
    """Serves on 127.0.0.1 while the `with` lasts. `fault` and `latency` (seconds) may be set at any time."""

    def __init__(
        self,
        clients: Iterable[InventedClient] = (),
        bills: Iterable[InventedBill] = (),
        *,
        token: str = TOKEN,
        port: int = 0,
        latency: float = 0.0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.tables = Tables(
            {
                "cliente": map(client_row, clients),
                "fn_areceber": map(bill_row, bills),
                "tipo_cliente": type_rows(),
            }
        )
        self.authorization = "Basic " + b64encode(token.encode()).decode()
        self.fault: Fault | None = None
        self.latency = latency
        self.requests: list[Request] = []
        self.inserts = 0  # POSTs without `ixcsoft: listar`: a reader must never send one
        self.stopping = threading.Event()
        self._http = _Http(("127.0.0.1", port), _Handler)
        self._http.owner = self
        self._scheme = "https" if tls else "http"
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="ixc-server")

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> "IxcServer":
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

    def pay(self, bill_id: int | str) -> None:
        """The bill is received in full, as if the client had just paid it."""
        self.edit("fn_areceber", bill_id, status="R", valor_aberto="0.00", pagamento_data="2026-11-20")

    def edit(self, table: str, row_id: int | str, **columns: str) -> None:
        """Change columns of one row; a row that is not there is added."""
        with self.tables.lock:
            row = self.tables.rows[table].setdefault(int(row_id), {"id": str(row_id)})
            row.update(columns)
            self.tables.changed()

    def remove(self, table: str, row_id: int | str) -> None:
        with self.tables.lock:
            del self.tables.rows[table][int(row_id)]
            self.tables.changed()


class _Http(ThreadingHTTPServer):
    daemon_threads = False  # server_close() waits for them: none outlives the `with`
    owner: IxcServer

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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    disable_nagle_algorithm = True
    timeout = 60.0

    @property
    def owner(self) -> IxcServer:
        return cast("_Http", self.server).owner

    def do_GET(self) -> None:
        self._serve(listing=self._marked())

    def do_POST(self) -> None:
        self._serve(listing=self._marked())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Silence: `owner.requests` is the log."""

    def _marked(self) -> bool:
        return self.headers.get("ixcsoft", "") == "listar"

    def _serve(self, *, listing: bool) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = urlsplit(self.path).path
        if not path.startswith(PATH):
            return self._text(HTTPStatus.OK, ixc_faults.LOGIN_PAGE)
        table = path.removeprefix(PATH).rstrip("/")
        if self.owner.stopping.wait(self.owner.latency):
            return self._cut()
        if self.headers.get("Authorization") != self.owner.authorization:
            return self._text(HTTPStatus.UNAUTHORIZED, "<html><body>Unauthorized</body></html>")
        try:
            question = json.loads(body or b"{}")
        except ValueError:
            return self._text(HTTPStatus.BAD_REQUEST, "Bad Request")
        if not listing:
            return self._not_a_listing(table, question)
        return self._list(table, question)

    def _not_a_listing(self, table: str, question: dict[str, str]) -> None:
        self.owner.requests.append(Request(self.command, table, False, question))
        if self.command == "GET":
            return self._text(HTTPStatus.NOT_FOUND, "<html><body>404 Not Found</body></html>")
        self.owner.inserts += 1
        return self._json({"type": "success", "message": "Registro inserido com sucesso!", "id": "999999"})

    def _list(self, table: str, question: dict[str, str]) -> None:
        if table not in self.owner.tables.rows:
            self.owner.requests.append(Request(self.command, table, True, question))
            return self._json({"type": "error", "message": f"Recurso {table} não está disponível!"})
        try:
            found = self.owner.tables.find(table, question)
        except (WrongQuestion, KeyError, ValueError):
            return self._text(HTTPStatus.INTERNAL_SERVER_ERROR, ixc_faults.ERROR_PAGE)
        self.owner.requests.append(Request(self.command, table, True, question, found.page))
        fault = self.owner.fault
        if fault and fault.hits(table, found.page):
            return self._fail(fault, table, question, found)
        if not found.total:
            return self._json({"page": "1", "total": 0})
        return self._json({"page": "1", "total": str(found.total), "registros": found.rows})

    def _fail(self, fault: Fault, table: str, question: dict[str, str], found: Found) -> None:
        kind = fault.kind
        if kind in ixc_faults.STATUS:
            return self._text(ixc_faults.STATUS[kind], ixc_faults.ERROR_PAGE)
        answer: dict[str, object] = {"page": "1", "total": str(found.total), "registros": found.rows}
        if kind in _ODD_ANSWERS:
            return _ODD_ANSWERS[kind](self, fault, json.dumps(answer).encode())
        before = self.owner.tables.find(table, _page_before(question, found))
        return self._json(spoil(kind, found, before))

    def hang(self, fault: Fault, _: bytes) -> None:
        self.owner.stopping.wait(fault.seconds)
        self._cut()

    def reset(self, _: Fault, body: bytes) -> None:
        """Half of a body, then a connection reset instead of the rest."""
        self._head(HTTPStatus.OK, len(body))
        self.wfile.write(body[: len(body) // 2])
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._cut()

    def truncated(self, _: Fault, body: bytes) -> None:
        self._text(HTTPStatus.OK, body[: len(body) * 2 // 3].decode())

    def html_error(self, _: Fault, __: bytes) -> None:
        self._text(HTTPStatus.OK, ixc_faults.ERROR_PAGE)

    def login_page(self, _: Fault, __: bytes) -> None:
        self._text(HTTPStatus.OK, ixc_faults.LOGIN_PAGE)

    def ip_refusal(self, _: Fault, __: bytes) -> None:
        self._json(ixc_faults.IP_REFUSAL)

    def redirect(self, _: Fault, __: bytes) -> None:
        self.send_response(HTTPStatus.FOUND)
        self.send_header("Location", "https://usuario:segredo@elsewhere.invalid/webservice/v1/cliente")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, answer: object) -> None:
        self._text(HTTPStatus.OK, json.dumps(answer), "text/x-json")

    def _text(self, status: HTTPStatus, text: str, kind: str = "text/html; charset=UTF-8") -> None:
        body = text.encode()
        self._head(status, len(body), kind)
        self.wfile.write(body)

    def _head(self, status: HTTPStatus, length: int, kind: str = "text/x-json") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def _cut(self) -> None:
        self.close_connection = True


_ODD_ANSWERS = {
    Kind.HANG: _Handler.hang,
    Kind.RESET: _Handler.reset,
    Kind.TRUNCATED: _Handler.truncated,
    Kind.HTML_ERROR: _Handler.html_error,
    Kind.LOGIN_PAGE: _Handler.login_page,
    Kind.IP_REFUSAL: _Handler.ip_refusal,
    Kind.REDIRECT: _Handler.redirect,
}


def _page_before(question: dict[str, str], found: Found) -> dict[str, str]:
    """The same question for the page before; of the first page, the question itself."""
    grid = [each for each in json.loads(question.get("grid_param") or "[]") if not each["TB"].endswith(".id")]
    return {"page": str(max(1, found.page - 1)), "rp": str(found.size), "grid_param": json.dumps(grid)}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=8765)
    options.add_argument("--clients", type=int, default=300)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--token", default=TOKEN, help="id:hash that callers must send")
    options.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    chosen = options.parse_args()
    world = invent(chosen.clients, today=date.today(), seed=chosen.seed)  # noqa: DTZ011  # invented days
    server = IxcServer(world.clients, world.bills, token=chosen.token, port=chosen.port, latency=chosen.latency)
    with server:
        print(f"{server.url}{PATH} token {chosen.token}: {len(world.bills)} bills", flush=True)  # noqa: T201
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
