"""A stand-in ERP that speaks RBX's web services v1 and v2 over real HTTP, with its habits and faults.

`python -m tests.lab.rbx_server --port 8766 --clients 300` runs one until Ctrl-C.
"""

import argparse
import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import cast
from urllib.parse import urlsplit

from tests.lab.invented import World, invent
from tests.lab.rbx_faults import ANSWERS, LOGIN_PAGE, NOTHING, PAGES, STATUS, Fault, Kind, spoil, v1_error
from tests.lab.rbx_filter import Row, UnknownColumn, WrongFilter, predicate
from tests.lab.rbx_rows import FILTERS, client_row, contract_rows, open_rows, settled_row, settled_rows, unpaid_row
from tests.lab.wire import Handler, Running, Server

KEY = "CHAVE0123456789INTEGRACAO"
V1 = "/routerbox/ws/rbx_server_json.php"
V2 = "/routerbox/ws_json/ws_json.php"
OPEN, SETTLED = "ConsultaDocumentosAbertos", "ConsultaDocumentosBaixados"
CLIENTS, CONTRACTS, BLOCKED = "ConsultaClientes", "ConsultaContratos", "ConsultaContratosBloqueados"


@dataclass(frozen=True, slots=True)
class Request:
    """One question as it came in; the key is not kept."""

    service: str
    filtro: str = ""
    fields: tuple[str, ...] = ()  # v2


class RbxServer(Running):
    """Serves on 127.0.0.1 while the `with` lasts. What is public may be set or changed at any time."""

    def __init__(self, world: World, *, today: date, key: str = KEY, port: int = 0) -> None:
        self.key, self.today = key, today
        self.tables: dict[str, dict[str, Row]] = {
            CLIENTS: {str(client.client_id): client_row(client) for client in world.clients},
            OPEN: open_rows(world),
            SETTLED: {str(place): row for place, row in enumerate(settled_rows(world))},
            CONTRACTS: contract_rows(world),
            BLOCKED: {},
        }
        self.fault: Fault | None = None
        self.cap: int | None = None  # rows an answer holds at most, without a word about it
        self.day_second = False  # write YYYY-DD-MM, as the official sample does
        self.interest = "2.33"
        self.requests: list[Request] = []
        self.before: dict[str, list[Row]] = {}  # the latest rows sent, by service
        self.lock = threading.RLock()
        http = _Http(("127.0.0.1", port), _Handler)
        http.owner = self
        super().__init__(http, "rbx-server")

    def pay(self, bill_id: int | str) -> None:
        self.settle(bill_id, "PAGTO")

    def cancel(self, bill_id: int | str) -> None:
        self.settle(bill_id, "CANCELAMENTO")

    def settle(self, bill_id: int | str, motive: str) -> None:
        """The document leaves the open ones and is among the settled ones from today."""
        with self.lock:
            row = self.tables[OPEN].pop(str(bill_id))
            settled = self.tables[SETTLED]
            settled[f"new {len(settled)}"] = settled_row(row, motive, self.today)

    def edit(self, service: str, key: int | str, **columns: str) -> None:
        """Change columns of one row; a row that is not there is added."""
        with self.lock:
            self.tables[service].setdefault(str(key), {}).update(columns)

    def find(self, service: str, filtro: str) -> list[Row]:
        """As MySQL without ORDER BY: in an order of its own, here by the key read backwards."""
        matches = predicate(filtro, FILTERS[service])
        with self.lock:
            keys = sorted(self.tables[service], key=lambda key: key[::-1])
            rows = [dict(row) for key in keys if matches(row := self.tables[service][key])]
        if self.day_second and service == OPEN:
            for row in rows:
                year, month, day = row["Vencimento"].split("-")
                row["Vencimento"] = f"{year}-{day}-{month}"
        return rows[: self.cap]

    def unpaid(self, customer: int, accounts: list[int]) -> list[dict[str, object]]:
        with self.lock:
            return [
                unpaid_row(row, self.interest)
                for row in self.tables[OPEN].values()
                if row["Tipo"] == "C" and row["CliFor"] == str(customer) and int(row["Conta"]) in accounts
            ]


class _Http(Server):
    owner: RbxServer


class _Handler(Handler):
    server_version = "Apache"
    json_kind = "application/json"

    @property
    def owner(self) -> RbxServer:
        return cast("_Http", self.server).owner

    def serve(self) -> None:
        if self.command != "POST":
            return self.text(HTTPStatus.NOT_IMPLEMENTED, "<html><body>Unsupported method</body></html>")
        body = self.body()
        path = urlsplit(self.path).path
        if path not in (V1, V2):
            return self.text(HTTPStatus.OK, LOGIN_PAGE)
        (service, question), *_ = json.loads(body).items()
        if path == V2:
            return self._v2(service, question)
        return self._v1(service, question)

    def _v1(self, service: str, question: dict[str, object]) -> None:
        owner = self.owner
        owner.requests.append(Request(service, str(question.get("Filtro", ""))))
        if question.get("Autenticacao") != {"ChaveIntegracao": owner.key}:
            return self.json(ANSWERS[Kind.BAD_KEY])
        if service not in FILTERS:
            return self.json(v1_error("3", "Servico nao encontrado"))
        try:
            rows = owner.find(service, str(question["Filtro"]))
        except UnknownColumn as column:
            return self.json(v1_error("165", f"Unknown column '{column}' in 'where clause'"))
        except WrongFilter:
            return self.json(v1_error("165", "You have an error in your SQL syntax"))
        before = owner.before.get(service, rows)
        owner.before[service] = rows
        if owner.fault and owner.fault.hits(service):
            return self._fail(owner.fault, rows, before)
        return self.json({"status": 1, "result": rows} if rows else NOTHING)

    def _v2(self, service: str, question: dict[str, object]) -> None:
        owner = self.owner
        owner.requests.append(Request(service, fields=tuple(sorted(question))))
        if self.headers.get("authentication_key") != owner.key:
            return self.json({"status": 0, "error_code": 97, "error_description": "Invalid key", "result": []})
        if owner.fault and owner.fault.hits(service):
            return self._fail(owner.fault, [], [])
        customer, accounts = question.get("customer_id"), question.get("account_list")
        if service != "get_unpaid_document" or not isinstance(customer, int) or not isinstance(accounts, list):
            text = "customer_id is required"
            return self.json({"status": 0, "error_code": "3", "error_description": text, "result": ""})
        rows = owner.unpaid(customer, accounts)
        return self.json({"status": 1, "error_code": "", "error_description": "", "result": rows})

    def _fail(self, fault: Fault, rows: list[Row], before: list[Row]) -> None:
        kind = fault.kind
        if kind in STATUS:
            return self.text(STATUS[kind], "<html><body>Erro</body></html>")
        if kind in PAGES:
            return self.text(HTTPStatus.OK, PAGES[kind])
        if kind in _ODD:
            return _ODD[kind](self, fault, json.dumps({"status": 1, "result": rows}).encode())
        return self.json(spoil(kind, rows, before))

    def hang(self, fault: Fault, _: bytes) -> None:
        self.owner.stopping.wait(fault.seconds)
        self.cut()

    def truncated(self, _: Fault, body: bytes) -> None:
        self.text(HTTPStatus.OK, body[: len(body) * 2 // 3].decode())


_ODD: dict[Kind, Callable[[_Handler, Fault, bytes], None]] = {
    Kind.HANG: _Handler.hang,
    Kind.RESET: lambda handler, _, body: handler.reset(body),
    Kind.TRUNCATED: _Handler.truncated,
    Kind.REDIRECT: lambda handler, _, __: handler.redirect(f"https://usuario:segredo@elsewhere.invalid{V1}"),
}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=8766)
    options.add_argument("--clients", type=int, default=300)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--key", default=KEY, help="integration key that callers must send")
    chosen = options.parse_args()
    today = date.today()  # noqa: DTZ011  # invented days
    world = invent(chosen.clients, today=today, seed=chosen.seed)
    with RbxServer(world, today=today, key=chosen.key, port=chosen.port) as server:
        print(f"{server.url} key {chosen.key}: {len(world.bills)} bills", flush=True)  # noqa: T201
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
