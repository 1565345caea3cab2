"""A stand-in ERP that speaks IXC's webservice v1 over real HTTP, with its habits and, switched on, its faults.

`python -m tests.lab.ixc_server --port 8765 --clients 300` runs one until Ctrl-C.
"""

import argparse
import json
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

from tests.lab import ixc_actions, ixc_faults
from tests.lab.invented import InventedBill, InventedClient, invent
from tests.lab.ixc_faults import Fault, Kind, spoil
from tests.lab.ixc_lines import CITIES, InventedCity, InventedContract
from tests.lab.ixc_rows import bill_row, city_rows, client_row, contract_row, state_rows, type_rows
from tests.lab.ixc_tables import Found, Tables, WrongQuestion
from tests.lab.wire import Handler, Running, Server

TOKEN = "7:0123456789abcdef0123456789abcdef"
PATH = "/webservice/v1/"
ELSEWHERE = "https://usuario:segredo@elsewhere.invalid/webservice/v1/cliente"


@dataclass(frozen=True, slots=True)
class Request:
    """One request as it came in; credentials are not kept."""

    method: str
    table: str
    listing: bool  # had the header `ixcsoft: listar`
    question: dict[str, str]
    page: int = 0  # of the listing, from 1; 0: not a listing


class IxcServer(Running):
    """Serves on 127.0.0.1 while the `with` lasts. `fault` and `latency` (seconds) may be set at any time."""

    def __init__(
        self,
        clients: Iterable[InventedClient] = (),
        bills: Iterable[InventedBill] = (),
        contracts: Iterable[InventedContract] = (),
        cities: tuple[InventedCity, ...] = CITIES,
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
                "cliente_contrato": map(contract_row, contracts),
                "cidade": city_rows(cities),
                "uf": state_rows(cities),
            }
        )
        self.actions = ixc_actions.Actions(self.tables)
        self.authorization = "Basic " + b64encode(token.encode()).decode()
        self.fault: Fault | None = None
        self.latency = latency
        self.requests: list[Request] = []
        self.inserts = 0  # POSTs without `ixcsoft: listar`: a reader must never send one
        http = _Http(("127.0.0.1", port), _Handler)
        http.owner = self
        super().__init__(http, "ixc-server")
        if tls:
            self.scheme = "https"
            http.socket = tls.wrap_socket(http.socket, server_side=True)

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


class _Http(Server):
    owner: IxcServer


class _Handler(Handler):
    @property
    def owner(self) -> IxcServer:
        return cast("_Http", self.server).owner

    def serve(self) -> None:
        body = self.body()
        path = urlsplit(self.path).path
        if not path.startswith(PATH):
            return self.text(HTTPStatus.OK, ixc_faults.LOGIN_PAGE)
        table = path.removeprefix(PATH).rstrip("/")
        if self.owner.stopping.wait(self.owner.latency):
            return self.cut()
        if self.headers.get("Authorization") != self.owner.authorization:
            return self.text(HTTPStatus.UNAUTHORIZED, "<html><body>Unauthorized</body></html>")
        try:
            question = json.loads(body or b"{}")
        except ValueError:
            return self.text(HTTPStatus.BAD_REQUEST, "Bad Request")
        if self.headers.get("ixcsoft", "") != "listar":
            return self._not_a_listing(table, question)
        return self._list(table, question)

    def _not_a_listing(self, table: str, question: dict[str, str]) -> None:
        self.owner.requests.append(Request(self.command, table, False, question))
        if self.command == "GET":
            return self.text(HTTPStatus.NOT_FOUND, "<html><body>404 Not Found</body></html>")
        self.owner.inserts += 1
        if table not in ixc_actions.NAMES:
            return self.json({"type": "success", "message": "Registro inserido com sucesso!", "id": "999999"})
        fault = self.owner.fault
        broken = fault if fault and fault.table == table and fault.hits(table, 1) else None
        if broken and broken.kind in ixc_faults.STATUS:
            return self.text(ixc_faults.STATUS[broken.kind], ixc_faults.ERROR_PAGE)
        said = self.owner.actions.answer(table, question)
        if broken:  # it is done, only the answer is lost
            return _ODD_ANSWERS[broken.kind](self, broken, said.body.encode())
        return self.text(said.status, said.body)

    def _list(self, table: str, question: dict[str, str]) -> None:
        if table not in self.owner.tables.rows:
            self.owner.requests.append(Request(self.command, table, True, question))
            return self.json({"type": "error", "message": f"Recurso {table} não está disponível!"})
        try:
            found = self.owner.tables.find(table, question)
        except (WrongQuestion, KeyError, ValueError):
            return self.text(HTTPStatus.INTERNAL_SERVER_ERROR, ixc_faults.ERROR_PAGE)
        self.owner.requests.append(Request(self.command, table, True, question, found.page))
        fault = self.owner.fault
        if fault and fault.hits(table, found.page):
            return self._fail(fault, table, question, found)
        return self._page(found)

    def _page(self, found: Found) -> None:
        if not found.total:
            return self.json({"page": "1", "total": 0})
        return self.json({"page": "1", "total": str(found.total), "registros": found.rows})

    def _fail(self, fault: Fault, table: str, question: dict[str, str], found: Found) -> None:
        kind = fault.kind
        if kind in ixc_faults.STATUS:
            return self.text(ixc_faults.STATUS[kind], ixc_faults.ERROR_PAGE)
        if kind is Kind.FEWER:
            return self._page(self.owner.tables.find(table, question, thinned=True))
        answer: dict[str, object] = {"page": "1", "total": str(found.total), "registros": found.rows}
        if kind in _ODD_ANSWERS:
            return _ODD_ANSWERS[kind](self, fault, json.dumps(answer).encode())
        before = self.owner.tables.find(table, _page_before(question, found))
        return self.json(spoil(kind, found, before))

    def hang(self, fault: Fault) -> None:
        self.owner.stopping.wait(fault.seconds)
        self.cut()


_ODD_ANSWERS: dict[Kind, Callable[[_Handler, Fault, bytes], None]] = {
    Kind.HANG: lambda handler, fault, _: handler.hang(fault),
    Kind.RESET: lambda handler, _, body: handler.reset(body),
    Kind.TRUNCATED: lambda handler, _, body: handler.text(HTTPStatus.OK, body[: len(body) * 2 // 3].decode()),
    Kind.HTML_ERROR: lambda handler, _, __: handler.text(HTTPStatus.OK, ixc_faults.ERROR_PAGE),
    Kind.LOGIN_PAGE: lambda handler, _, __: handler.text(HTTPStatus.OK, ixc_faults.LOGIN_PAGE),
    Kind.IP_REFUSAL: lambda handler, _, __: handler.json(ixc_faults.IP_REFUSAL),
    Kind.REDIRECT: lambda handler, _, __: handler.redirect(ELSEWHERE),
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
    server = IxcServer(
        world.clients,
        world.bills,
        world.contracts,
        token=chosen.token,
        port=chosen.port,
        latency=chosen.latency,
    )
    with server:
        print(f"{server.url}{PATH} token {chosen.token}: {len(world.bills)} bills", flush=True)  # noqa: T201
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
