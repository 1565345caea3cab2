"""A stand-in for a billing system that can only be asked by document, over real HTTP, with faults to switch on.

Its wire format is INVENTED, by the tests that use it: AltaRede publishes none. It proves that the adapter follows
whatever is configured; it proves nothing about AltaRede.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import cast
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.lab.wire import Handler, Running, Server

TOKEN = "invented-token-0001"
APPKEY = "invented-appkey-0002"
LOGIN_PAGE = '<html><body><form action="/entrar"><input type="password" name="senha"></form></body></html>'
ERROR_PAGE = "<html><body><h1>Ocorreu um erro</h1><p>Contate o suporte.</p></body></html>"

Rows = list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class Shape:
    """How the test that starts the server wants it to be asked, and to answer."""

    path: str = "/titulos/{document}"  # without {document} when it stands in a field
    method: str = "GET"
    token_header: str = ""
    appkey_header: str = ""
    token_field: str = ""  # of the query, or of the JSON that is posted
    appkey_field: str = ""
    document_field: str = ""
    way: tuple[str, ...] = ()  # names of the objects around the list, outermost first
    release: str = ""  # path of the release, by POST: the contract comes after it, or in `contract_field`
    contract_field: str = ""


class Kind(StrEnum):
    SERVER_ERROR = "500"
    HANG = "hang"
    FORBIDDEN = "403"
    TOO_MANY = "429"
    HTML = "html"  # with HTTP 200
    LOGIN_PAGE = "login_page"  # with HTTP 200
    TRUNCATED = "truncated"  # JSON that breaks off, with a matching length
    NOTHING = "nothing"  # HTTP 200 with an empty body
    REFUSAL = "refusal"  # HTTP 200, JSON with an error text that repeats the token and the document
    REFUSAL_WITH_LIST = "refusal_with_list"  # the same beside an empty list
    MESSAGE_ONLY = "message_only"  # HTTP 200, JSON with a message and neither list nor verdict
    OTHER_SHAPE = "other_shape"  # the list is not where it was
    DUPLICATES = "duplicates"  # one row twice
    DEAF = "deaf"  # the same rows whoever is asked for


@dataclass(slots=True)
class Fault:
    """Goes off for that document, or for any, so often as `times` says (None: always)."""

    kind: Kind
    document: str | None = None
    times: int | None = None
    fired: int = 0

    def hits(self, document: str) -> bool:
        """Whether it goes off now; counts it if so."""
        if self.document not in (None, document) or (self.times is not None and self.fired >= self.times):
            return False
        self.fired += 1
        return True


class AltaRedeServer(Running):
    """Serves on 127.0.0.1 while the `with` lasts. `rows` (by document) and `fault` may be changed at any time."""

    def __init__(self, shape: Shape, rows: Mapping[str, Sequence[dict[str, object]]]) -> None:
        self.shape = shape
        self.rows: dict[str, Rows] = {document: list(each) for document, each in rows.items()}
        self.fault: Fault | None = None
        self.asked: list[str] = []  # documents, in order
        self.blocked: set[str] = set()  # contracts that would be released
        self.releases: list[str] = []  # contracts whose release was asked for, in order
        http = _Http(("127.0.0.1", 0), _Handler)
        http.owner = self
        super().__init__(http, "altarede-server")


class _Http(Server):
    owner: AltaRedeServer


class _Handler(Handler):
    json_kind = "application/json"

    @property
    def owner(self) -> AltaRedeServer:
        return cast("_Http", self.server).owner

    def serve(self) -> None:
        posted = self.command == "POST"
        fields = json.loads(self.body() or b"{}") if posted else dict(parse_qsl(urlsplit(self.path).query))
        shape = self.owner.shape
        before, marker, after = shape.path.partition("{document}")
        path = urlsplit(self.path).path
        if shape.release and posted and path.startswith(shape.release):
            return self._release(path.removeprefix(shape.release), fields)
        if self.command != shape.method or not (path.startswith(before) and path.endswith(after)):
            return self.text(HTTPStatus.NOT_FOUND, ERROR_PAGE)
        if not self._let_in(fields):
            return self.json({"mensagem": "Token inválido"}, HTTPStatus.UNAUTHORIZED)
        document = path[len(before) : len(path) - len(after)] if marker else fields.get(shape.document_field, "")
        self.owner.asked.append(document)
        fault = self.owner.fault
        if fault and fault.hits(document):
            return self._fail(fault.kind, document)
        return self._list(self.owner.rows.get(document, []))

    def _release(self, rest: str, fields: dict[str, str]) -> None:
        if not self._let_in(fields):
            return self.json({"mensagem": "Token inválido"}, HTTPStatus.UNAUTHORIZED)
        contract = fields.get(self.owner.shape.contract_field, "") or unquote(rest).lstrip("/")
        self.owner.releases.append(contract)
        if self.owner.fault and self.owner.fault.hits(contract):
            return self._fail(self.owner.fault.kind, contract)
        if contract not in self.owner.blocked:
            return self.json({"dados": {"feito": False, "texto": "Contrato não está bloqueado"}})
        self.owner.blocked.remove(contract)
        return self.json({"dados": {"feito": True, "texto": "Liberado por 3 dias"}})

    def _let_in(self, fields: dict[str, str]) -> bool:
        shape = self.owner.shape
        places = (
            (shape.token_header, shape.token_field, TOKEN),
            (shape.appkey_header, shape.appkey_field, APPKEY),
        )
        return all(
            (not header or self.headers.get(header) == value) and (not field or fields.get(field) == value)
            for header, field, value in places
        )

    def _fail(self, kind: Kind, document: str) -> None:
        statuses = {
            Kind.SERVER_ERROR: HTTPStatus.INTERNAL_SERVER_ERROR,
            Kind.FORBIDDEN: HTTPStatus.FORBIDDEN,
            Kind.TOO_MANY: HTTPStatus.TOO_MANY_REQUESTS,
        }
        pages = {Kind.HTML: ERROR_PAGE, Kind.LOGIN_PAGE: LOGIN_PAGE, Kind.NOTHING: ""}
        refusal = {"sucesso": False, "mensagem": f"Chave {TOKEN} sem acesso a {document}<br>Contate o suporte"}
        rows = self.owner.rows.get(document, [])
        if kind is Kind.HANG:
            self.owner.stopping.wait(30.0)
            self.close_connection = True
        elif kind in statuses:
            self.text(statuses[kind], ERROR_PAGE)
        elif kind in pages:
            self.text(HTTPStatus.OK, pages[kind])
        elif kind is Kind.TRUNCATED:
            self.text(HTTPStatus.OK, json.dumps(self._wrapped(rows))[:-1])
        elif kind is Kind.REFUSAL:
            self.json(refusal)
        elif kind is Kind.REFUSAL_WITH_LIST:
            self.json({**cast("dict[str, object]", self._wrapped([])), **refusal})
        elif kind in (Kind.OTHER_SHAPE, Kind.MESSAGE_ONLY):
            self.json({"lista": rows} if kind is Kind.OTHER_SHAPE else {"mensagem": refusal["mensagem"]})
        elif kind is Kind.DUPLICATES:
            self._list([*rows, rows[0]])
        else:
            self._list(next(each for each in self.owner.rows.values() if each))

    def _wrapped(self, rows: Rows) -> object:
        answer: object = rows
        for name in reversed(self.owner.shape.way):
            answer = {name: answer}
        return answer

    def _list(self, rows: Rows) -> None:
        self.json(self._wrapped(rows))
