"""Reads lists from IXC's webservice over HTTP. Reading is all it can do: every request is marked as a listing."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import requests

from worker.erp.ixc_answer import Answer, read_answer
from worker.erp.ixc_login import Login
from worker.erp.web import Web
from worker.source_settings import IxcSource


@dataclass(frozen=True, slots=True)
class Table:
    """A table of IXC and the only columns of it that leave the HTTP edge."""

    name: str
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition; IXC joins all of them with AND."""

    field: str  # table.column
    operator: str
    value: str


class IxcReader:
    """Asks for one page of one table. Retries what passes by itself; all else is a SourceError at once."""

    def __init__(self, source: IxcSource, *, sleep: Callable[[float], None] = time.sleep) -> None:
        login = Login(source)
        self._base, self._quote = login.base, login.quote
        self._web = Web(source, login.for_listings(), login.quote, sleep=sleep)

    @property
    def host(self) -> str:
        return self._web.host

    def session(self) -> requests.Session:
        """Connections for one listing, closed by the caller."""
        return self._web.session()

    def rows(
        self, session: requests.Session, table: Table, filters: tuple[Filter, ...], *, after: int, count: int
    ) -> Answer:
        """At most `count` rows with an id greater than `after`, by ascending id; `total` counts all such rows.

        Asking by id and not by page number, a row that is paid between two requests shifts nothing.
        """
        body = json.dumps(_question(table, filters, after, count))

        def ask() -> Answer:
            # POST, for it is what most clients send and proxies drop bodies of GET
            content = self._web.ask(session, "POST", f"{self._base}/{table.name}", body=body)
            return read_answer(content, table.columns, self._quote)

        return self._web.again(ask, table.name)


def _question(table: Table, filters: tuple[Filter, ...], after: int, count: int) -> dict[str, str]:
    """IXC wants every value as text and the conditions as JSON inside the JSON.

    The id stands in both places where IXC takes conditions: they are joined with AND, and an installation that
    heeds only one of them still moves on.
    """
    key = f"{table.name}.id"
    conditions = [*filters, Filter(key, ">", str(after))]
    return {
        "qtype": key,
        "query": str(after),
        "oper": ">",
        "page": "1",
        "rp": str(count),
        "sortname": key,
        "sortorder": "asc",
        "grid_param": json.dumps(
            [{"TB": each.field, "OP": each.operator, "P": each.value} for each in conditions]
        ),
    }
