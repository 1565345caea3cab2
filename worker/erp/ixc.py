"""IXC Provedor as a source of clients and bills: whole lists, read by ascending id, or an error and nothing."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

import requests

from worker.core.model import Bill, Client, Rejected
from worker.erp.ixc_answer import Answer, Row
from worker.erp.ixc_http import Filter, IxcReader, Table
from worker.erp.ixc_map import BILLS, CLIENT_TYPES, CLIENTS, read_bill, read_client, read_client_type, row_id
from worker.errors import SourceBroken
from worker.ports import ClientType, Page
from worker.settings import IxcSource

_CHARGEABLE = (Filter("cliente.ativo", "=", "S"), Filter("cliente.tipo_pessoa", "=", "F"))


def _owed(due_from: date, due_until: date) -> tuple[Filter, ...]:
    """Open means not cancelled and not received (A alone would lose bills partly paid), and released.

    IN on letters is not documented, hence two inequalities; dates as in IXC's own samples.
    """
    return (
        Filter("fn_areceber.status", "!=", "C"),
        Filter("fn_areceber.status", "!=", "R"),
        Filter("fn_areceber.liberado", "=", "S"),
        Filter("fn_areceber.data_vencimento", ">=", f"{due_from:%d/%m/%Y}"),
        Filter("fn_areceber.data_vencimento", "<=", f"{due_until:%d/%m/%Y}"),
    )


@dataclass(slots=True)
class _Progress:
    """How far a listing is, and how many rows IXC has ever said there are."""

    last: int = 0
    seen: int = 0
    promised: int = 0

    def take(self, answer: Answer) -> None:
        """SourceBroken when a row comes a second time: IXC repeated a page or did not heed the id asked for."""
        ids = [row_id(row) for row in answer.rows]
        if len(set(ids)) < len(ids) or any(key <= self.last for key in ids):
            raise SourceBroken("IXC sent the same rows twice, so others may be missing; try again later")
        self.promised = max(self.promised, self.seen + answer.total)
        self.seen += len(ids)
        self.last = max(ids, default=self.last)


class Ixc:
    """A `worker.ports.BillSource` over IXC's webservice v1."""

    def __init__(
        self, source: IxcSource, *, default_ddd: str = "", sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """`default_ddd`: area code of numbers stored without one. `sleep` is called between tries and pages."""
        self._reader = IxcReader(source, sleep=sleep)
        self._page_size = source.page_size
        self._pause = source.pause_seconds
        self._default_ddd = default_ddd
        self._sleep = sleep

    def clients(self) -> Iterator[Page[Client]]:
        """Active natural persons; prospects of the CRM are left out."""
        for rows, expected in self._listing(CLIENTS, _CHARGEABLE):
            good: list[Client] = []
            rejected: list[Rejected] = []
            for row in rows:
                client, bad = read_client(row, default_ddd=self._default_ddd)
                good += [client] if client else []
                rejected += bad
            yield Page(tuple(good), tuple(rejected), expected)

    def bills(self, due_from: date, due_until: date) -> Iterator[Page[Bill]]:
        for rows, expected in self._listing(BILLS, _owed(due_from, due_until)):
            read = [read_bill(row, due_from=due_from, due_until=due_until) for row in rows]
            yield Page(
                tuple(each for each in read if isinstance(each, Bill)),
                tuple(each for each in read if isinstance(each, Rejected)),
                expected,
            )

    def client_types(self) -> tuple[ClientType, ...]:
        return tuple(read_client_type(row) for rows, _ in self._listing(CLIENT_TYPES, ()) for row in rows)

    def probe(self) -> str:
        with self._reader.session() as session:
            answer = self._reader.rows(session, CLIENTS, _CHARGEABLE, after=0, count=1)
        return f"IXC at {self._reader.host} answers: {answer.total} active natural persons"

    def _listing(self, table: Table, filters: tuple[Filter, ...]) -> Iterator[tuple[tuple[Row, ...], int]]:
        """Pages of rows, each with the number of all rows. Ends by itself only when none is missing."""
        progress = _Progress()
        with self._reader.session() as session:
            while True:
                answer = self._reader.rows(session, table, filters, after=progress.last, count=self._page_size)
                progress.take(answer)
                yield answer.rows, progress.promised
                if len(answer.rows) == answer.total:
                    break
                self._sleep(self._pause)
            self._check_whole(session, table, filters, progress)

    def _check_whole(
        self, session: requests.Session, table: Table, filters: tuple[Filter, ...], progress: _Progress
    ) -> None:
        """Fewer rows than promised is right only if they were settled meanwhile: then fewer match now as well."""
        if progress.seen >= progress.promised:
            return
        self._sleep(self._pause)
        now = self._reader.rows(session, table, filters, after=0, count=1).total
        if now > progress.seen:
            raise SourceBroken(f"IXC says there are {now} rows but sent only {progress.seen}; try again later")
