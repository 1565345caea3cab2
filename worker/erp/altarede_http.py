"""Asks AltaRede over HTTP for the bills of one document, as the configuration says it is asked; nothing else."""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from urllib.parse import quote as percent_quoted

import requests
from pydantic import SecretStr

from worker.erp.altarede_answer import Row, error_text, read_answer
from worker.erp.quoting import Quoting
from worker.erp.web import System, Web
from worker.errors import SourceRefused
from worker.source_settings import AltaRedeFields, AltaRedeSource

Ask = Callable[[str, str], tuple[Row, ...]]  # (client id, document) -> rows

_REMEDIES: Final = {
    401: "check source.token and source.appkey, and that they stand where AltaRede wants them",
    404: "check source.url and source.bills_path",
    405: "check source.method",
}
_HEADER: Final = re.compile(r"[A-Za-z0-9-]+")
_CNPJ: Final = re.compile(r"\b[0-9A-Za-z]{2}\.?[0-9A-Za-z]{3}\.?[0-9A-Za-z]{3}/?[0-9A-Za-z]{4}-?[0-9]{2}\b")


class _Discreet(Quoting):
    """Errors may repeat the document that was asked for, and a CNPJ may come with letters or with its mask."""

    def __call__(self, text: str) -> str:
        return super().__call__(_CNPJ.sub("***", text[:20_000]))


class Login:
    """Credentials where they are configured to go: in headers, or in fields of query or body."""

    def __init__(self, source: AltaRedeSource, *, posts: bool) -> None:
        """SourceRefused when what is configured cannot be sent."""
        self.fields: dict[str, str] = {}
        self._headers = {"Accept": "application/json"} | ({"Content-Type": "application/json"} if posts else {})
        self._place("token", source.token, source.token_header, source.token_field)
        self._place("appkey", source.appkey, source.appkey_header, source.appkey_field)
        secrets = [each.get_secret_value().strip() for each in (source.token, source.appkey)]
        self.quote = _Discreet([*secrets, *(percent_quoted(each, safe="") for each in secrets)])

    def web(self, source: AltaRedeSource, *, sleep: Callable[[float], None] = time.sleep) -> Web:
        system = System(
            "AltaRede",
            "source.token and source.appkey",
            "the load by raising source.pause_seconds",
            _REMEDIES,
            error_text,
            headers=self._headers,
        )
        return Web(source, system, self.quote, sleep=sleep)

    def _place(self, name: str, secret: SecretStr, header: str | None, field: str | None) -> None:
        """Put one credential where it is configured to go. SourceRefused when that is nowhere or impossible."""
        value = secret.get_secret_value().strip()
        if not value or not value.isascii() or not value.isprintable():
            raise SourceRefused(f"source.{name} must be one line of printable characters, as AltaRede gave it")
        if not header and not field:
            raise SourceRefused(f"source.{name} goes nowhere: set source.{name}_header or source.{name}_field")
        if header:
            if not _HEADER.fullmatch(header):
                raise SourceRefused(f"source.{name}_header is no name of a header: letters, digits and - only")
            self._headers[header] = value
        if field:
            self.fields[field] = value


class AltaRedeReader:
    """Retries what passes by itself; all else is a SourceError at once."""

    def __init__(
        self,
        source: AltaRedeSource,
        path: str,
        fields: AltaRedeFields,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """SourceRefused when what is configured cannot be sent. `sleep` is called between tries and requests."""
        if "{document}" not in path and not source.document_field:
            raise SourceRefused(
                "the document goes nowhere: write {document} into source.bills_path or set source.document_field"
            )
        login = Login(source, posts=source.method == "POST")
        self._fields, self._quote = login.fields, login.quote
        self._web = login.web(source, sleep=sleep)
        self._source, self._sleep = source, sleep
        self._address = f"{source.url}/{path.lstrip('/')}"
        self._way = fields.bills
        self._columns = frozenset(
            name
            for name in (
                fields.bill_id,
                fields.due_date,
                fields.open_amount,
                fields.amount,
                fields.contract_id,
                fields.pay_line,
                fields.status,
            )
            if name
        )

    @property
    def host(self) -> str:
        return self._web.host

    @contextmanager
    def asking(self) -> Iterator[Ask]:
        """Ask for one client after the other over kept connections, with the pause between two requests."""
        asked = False
        with self._web.session() as session:

            def ask(client_id: str, document: str) -> tuple[Row, ...]:
                nonlocal asked
                if asked:
                    self._sleep(self._source.pause_seconds)
                asked = True
                return self._web.again(lambda: self._rows(session, document), f"bills of client {client_id}")

            yield ask

    def _rows(self, session: requests.Session, document: str) -> tuple[Row, ...]:
        url = self._address.replace("{document}", percent_quoted(document, safe=""))
        fields = dict(self._fields)
        if self._source.document_field:
            fields[self._source.document_field] = document
        if self._source.method == "GET":
            content = self._web.ask(session, "GET", url, query=fields)
        else:
            content = self._web.ask(session, "POST", url, body=json.dumps(fields))
        return read_answer(content, self._way, self._columns, self._quote)
