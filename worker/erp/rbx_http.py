"""Asks RBX's web services v1 and v2 over HTTP. Reading is all it can do: only queries have a method here."""

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final
from urllib.parse import urlsplit

import requests

from worker.erp.quoting import Quoting
from worker.erp.rbx_answer import Row, Service, error_text, read_rows
from worker.erp.rbx_filter import Condition, Fixed, filter_text
from worker.erp.web import System, Web
from worker.errors import SourceRefused
from worker.source_settings import RbxSource

_REMEDIES: Final = {
    401: "check source.key",
    403: "allow this machine's address in RBX and check source.key",
    404: "check source.url",
}
_TAILS: Final = ("/rbx_server_json.php", "/ws_json.php", "/ws", "/ws_json", "/routerbox")
UNPAID: Final = Service(
    "get_unpaid_document",
    frozenset(("id", "due_date", "document_number", "value_init", "value_up")),
)


def base_address(url: str) -> str:
    """`https://host/routerbox` from what users paste: with or without that path, slashes, a service's file."""
    parts = urlsplit(url.strip())
    path = parts.path.rstrip("/")
    for tail in _TAILS:
        if path.lower().endswith(tail):
            path = path[: -len(tail)].rstrip("/")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{path}/routerbox"


class RbxReader:
    """One RBX. Retries what passes by itself; all else is a SourceError at once."""

    def __init__(self, source: RbxSource, *, sleep: Callable[[float], None] = time.sleep) -> None:
        key = source.key.get_secret_value().strip()
        if not re.fullmatch(r"[!-~]{1,300}", key):  # it goes into a header
            raise SourceRefused(
                "source.key must be the integration key from Empresa > Parâmetros > Web Services, without spaces"
            )
        base = base_address(source.url)
        self._v1, self._v2 = f"{base}/ws/rbx_server_json.php", f"{base}/ws_json/ws_json.php"
        self._key, self._pause, self._sleep = key, source.pause_seconds, sleep
        self._quote = Quoting([key])
        system = System(
            "RBX",
            "source.key",
            "source.slice_codes or source.slice_days",
            _REMEDIES,
            error_text,
            headers={"Content-Type": "application/json; charset=utf-8"},
        )
        self._web = Web(source, system, self._quote, sleep=sleep)

    @property
    def host(self) -> str:
        return self._web.host

    @contextmanager
    def talk(self) -> Iterator["Talk"]:
        """Several questions over the same connections."""
        with self._web.session() as session:
            yield Talk(self, session)

    def pause(self) -> None:
        self._sleep(self._pause)

    def rows(
        self, session: requests.Session, service: Service, conditions: Sequence[Condition | Fixed]
    ) -> tuple[Row, ...]:
        """All rows that a v1 query gives for the conditions. RBX has no pages."""
        question = {
            service.name: {
                "Autenticacao": {"ChaveIntegracao": self._key},
                "Filtro": filter_text(*conditions),
            }
        }
        body = json.dumps(question)

        def ask() -> tuple[Row, ...]:
            content = self._web.ask(session, "POST", self._v1, body=body)
            return read_rows(content, service, self._quote)

        return self._web.again(ask, service.name)

    def unpaid(self, customer: int, accounts: Sequence[int]) -> tuple[Row, ...]:
        """v2: one customer's unpaid documents with interest. One try only: a call may be waiting for it."""
        body = json.dumps({UNPAID.name: {"customer_id": customer, "account_list": list(accounts)}})
        with self._web.session() as session:
            session.headers["authentication_key"] = self._key
            content = self._web.ask(session, "POST", self._v2, body=body)
        return read_rows(content, UNPAID, self._quote)


class Talk:
    """Questions one after the other, with the pause that politeness wants between any two."""

    def __init__(self, reader: RbxReader, session: requests.Session) -> None:
        self._reader, self._session = reader, session
        self._begun = False

    def rows(self, service: Service, *conditions: Condition | Fixed) -> tuple[Row, ...]:
        if self._begun:
            self._reader.pause()
        self._begun = True
        return self._reader.rows(self._session, service, conditions)
