"""The stand-in ERP of `bench sync`: IXC's list protocol over real HTTP, fast enough for a million rows.

`python -m tests.bench.feed --bills N --clients N` prints its address and serves until its standard input ends.
"""

import argparse
import json
import subprocess
import sys
import threading
from base64 import b64encode
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Final, Self, cast

from tests.bench.feed_rows import Bills, Clients, Listed, Provider, chosen, listed
from tests.lab.ixc_rows import type_rows
from tests.lab.site import ROOT

TOKEN: Final = "7:0123456789abcdef0123456789abcdef"
PATH: Final = "/webservice/v1/"
_SMALL: Final = {
    "tipo_cliente": type_rows(),
    "cidade": [{"id": "4376", "nome": "Cidade Inventada", "uf": "2"}],
    "uf": [{"id": "2", "nome": "São Paulo", "sigla": "SP"}],
}
# Conditions that leave the settled rows out, and those that all our rows meet.
_UNSETTLED: Final = {("status", "!=", "R"), ("ativo", "=", "S")}
_MET: Final = {
    ("status", "!="),
    ("liberado", "="),
    ("tipo_pessoa", "="),
    ("data_vencimento", ">="),
    ("data_vencimento", "<="),
}


class WrongQuestion(Exception):
    """A condition that this stand-in does not know: it answers HTTP 500 rather than wrong rows."""


@dataclass(frozen=True, slots=True)
class Question:
    """What a list request asks."""

    after: int
    count: int
    unsettled: bool
    ids: frozenset[int] | None  # only these


def read_question(table: str, body: dict[str, str]) -> Question:
    """Raises WrongQuestion, KeyError or ValueError."""
    asked = [(body["qtype"], body["oper"], body["query"])]
    asked += [(each["TB"], each["OP"], each["P"]) for each in json.loads(body.get("grid_param") or "[]")]
    if body.get("sortname") != f"{table}.id" or body.get("sortorder") != "asc" or body.get("page", "1") != "1":
        raise WrongQuestion("only by ascending id, and its first page")
    after, unsettled = 0, False
    ids: frozenset[int] | None = None
    for field, sign, value in asked:
        column = field.removeprefix(f"{table}.")
        if (column, sign) == ("id", ">"):
            after = max(after, int(value))
        elif column == "id" and sign in ("IN", "="):
            ids = frozenset(map(int, value.split(",")))
        elif (column, sign, value) in _UNSETTLED:
            unsettled = True
        elif (column, sign) not in _MET:
            raise WrongQuestion(f"{field} {sign}")
    return Question(after, int(body["rp"]), unsettled, ids)


class FeedServer(ThreadingHTTPServer):
    """On a free port of 127.0.0.1."""

    daemon_threads = True

    def __init__(self, provider: Provider) -> None:
        self.provider = provider
        self.tables: dict[str, Listed] = {"fn_areceber": Bills(provider), "cliente": Clients(provider)}
        self.authorization = "Basic " + b64encode(TOKEN.encode()).decode()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, table: str, body: dict[str, str]) -> str:
        if table not in self.tables and table not in _SMALL:
            return json.dumps({"type": "error", "message": f"Recurso {table} não está disponível!"})
        asked = read_question(table, body)
        if table in _SMALL:
            rows = [json.dumps(row) for row in _SMALL[table] if int(row["id"]) > asked.after]
            total, rows = len(rows), rows[: asked.count]
        elif asked.ids is not None:
            total, rows = chosen(self.tables[table], asked.ids, after=asked.after, count=asked.count)
        else:
            total, rows = listed(
                self.tables[table],
                self.provider,
                after=asked.after,
                count=asked.count,
                unsettled=asked.unsettled,
            )
        if not total:
            return '{"page": "1", "total": 0}'
        return f'{{"page": "1", "total": "{total}", "registros": [{",".join(rows)}]}}'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        server = cast("FeedServer", self.server)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("ixcsoft") != "listar" or not self.path.startswith(PATH):
            return self._say(HTTPStatus.NOT_FOUND, "404 Not Found")
        if self.headers.get("Authorization") != server.authorization:
            return self._say(HTTPStatus.UNAUTHORIZED, "Unauthorized")
        try:
            answer = server.answer(self.path.removeprefix(PATH), json.loads(body))
        except (WrongQuestion, KeyError, ValueError) as error:
            return self._say(HTTPStatus.INTERNAL_SERVER_ERROR, f"the stand-in cannot answer that: {error}")
        return self._say(HTTPStatus.OK, answer)

    def _say(self, status: HTTPStatus, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/x-json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Silence."""


class Feed:
    """The stand-in as a process of its own, so that its CPU and memory are not ours. Ends with the `with`."""

    def __init__(self, provider: Provider) -> None:
        self._command = [sys.executable, "-m", "tests.bench.feed"]
        self._command += [f"--bills={provider.bills}", f"--clients={provider.clients}"]
        self._command += [f"--changed={provider.changed_percent}", f"--today={provider.today}"]
        self.url = ""

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            self.__exit__(None, None, None)
            raise RuntimeError("the stand-in ERP did not start; what it said stands above")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.process:  # closes its pipes and waits
            self.process.kill()


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--bills", type=int, default=100_000)
    options.add_argument("--clients", type=int, default=30_000)
    options.add_argument("--changed", type=float, default=0.0, metavar="PERCENT", help="the later version")
    options.add_argument("--today", type=date.fromisoformat, required=True)
    asked = options.parse_args()
    with FeedServer(Provider(asked.clients, asked.bills, asked.today, asked.changed)) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        sys.stdout.write(f"{server.url}\n")
        sys.stdout.flush()
        sys.stdin.read()  # ends with whoever started us, even when killed
        server.shutdown()


if __name__ == "__main__":
    main()
