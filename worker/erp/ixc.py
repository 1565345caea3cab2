"""IXC Provedor as a source: whole lists of clients, bills and contracts, read by ascending id, or an error."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

import requests
import structlog

from worker.core.billing import BillKey, Contract
from worker.core.enums import Fate
from worker.core.model import Bill, Client, Rejected
from worker.erp.ixc_answer import Answer, Row
from worker.erp.ixc_contracts import CONTRACTS, IN_FORCE, read_contract
from worker.erp.ixc_http import Filter, IxcReader, Table
from worker.erp.ixc_map import (
    BILLS,
    CLIENT_TYPES,
    CLIENTS,
    FATES,
    LETTERS,
    PAY_LINE,
    read_bill,
    read_client,
    read_client_type,
    read_fate,
    row_id,
)
from worker.erp.ixc_places import Places
from worker.erp.pay_lines import bad_lines
from worker.erp.source import USUAL, Reading, quoted
from worker.errors import SourceBroken
from worker.ports import Can, ClientType, Page
from worker.source_settings import IxcSource

_log = structlog.get_logger(__name__)

FATES_A_REQUEST: Final = 100
BILLS_OF_A_CLIENT: Final = 1000  # rows a request, as in IXC's own samples: one request is nearly always enough
LOST_SHARE: Final = 20  # one row of so many may be settled unread while a list is read,
LOST_ALWAYS: Final = 5  # and so many of any list: minutes pass, and no more is paid in them
_BRASILIA: Final = ZoneInfo("America/Sao_Paulo")  # whose days IXC's dates are


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


def _is_id(text: str) -> bool:
    """Whether IXC could have written that number; nothing else is put into a condition."""
    return re.fullmatch(r"[1-9][0-9]{0,17}", text) is not None


def _today() -> date:
    return datetime.now(_BRASILIA).date()


class Ixc:
    """A `worker.ports.BillSource` over IXC's webservice v1."""

    def __init__(
        self,
        source: IxcSource,
        reading: Reading = USUAL,
        *,
        sleep: Callable[[float], None] = time.sleep,
        today: Callable[[], date] = _today,
    ) -> None:
        """`sleep` is called between tries and pages; `today` says which suspensions hold."""
        self._reader = IxcReader(source, sleep=sleep)
        self._source = source
        self._reading = reading
        self._sleep = sleep
        self._today = today

    @property
    def can(self) -> frozenset[Can]:
        return frozenset(Can)

    def clients(self) -> Iterator[Page[Client]]:
        """Active clients of the kinds asked for; prospects of the CRM are left out."""
        places = Places(self._lookup, self._source.city_table, self._source.state_table)
        for rows, expected in self._listing(CLIENTS, self._chargeable()):
            good: list[Client] = []
            rejected: list[Rejected] = []
            for row in rows:
                client, bad = read_client(
                    row, default_ddd=self._reading.default_ddd, persons=self._reading.persons, places=places
                )
                good += [client] if client else []
                rejected += bad
            yield Page(tuple(good), tuple(rejected), expected)
        places.report()

    def bills(self, due_from: date, due_until: date) -> Iterator[Page[Bill]]:
        for rows, expected in self._listing(BILLS, _owed(due_from, due_until)):
            read = [read_bill(row, due_from=due_from, due_until=due_until) for row in rows]
            good = [
                (each, row.get(PAY_LINE, ""))
                for each, row in zip(read, rows, strict=True)
                if isinstance(each, Bill)
            ]
            rejected = tuple(each for each in read if isinstance(each, Rejected))
            yield Page(tuple(bill for bill, _ in good), (*rejected, *bad_lines(good, PAY_LINE)), expected)

    def contracts(self) -> Iterator[Page[Contract]]:
        today = self._today()
        for rows, expected in self._listing(CONTRACTS, IN_FORCE):
            read = [read_contract(row, today) for row in rows]
            yield Page(
                tuple(contract for contract, _ in read if contract),
                tuple(each for _, bad in read for each in bad),
                expected,
            )

    def client_types(self) -> tuple[ClientType, ...]:
        return tuple(read_client_type(row) for rows, _ in self._listing(CLIENT_TYPES, ()) for row in rows)

    def open_now(self, client_id: str, due_from: date, due_until: date) -> tuple[Bill, ...]:
        """One request unless the client has more than a thousand bills. SourceBroken when the id is none of IXC's.

        A row that cannot be used is left out here as it is in `bills`, where it is counted and shown.
        """
        if not _is_id(client_id):
            raise SourceBroken(f"{quoted(client_id)} is no client number of IXC's: sync the clients again")
        filters = (Filter("fn_areceber.id_cliente", "=", client_id), *_owed(due_from, due_until))
        rows = [row for page, _ in self._listing(BILLS, filters, count=BILLS_OF_A_CLIENT) for row in page]
        if any(row.get("id_cliente", "").strip() != client_id for row in rows):
            raise SourceBroken("IXC was asked for one client's bills and sent another's too; try again later")
        read = [read_bill(row, due_from=due_from, due_until=due_until) for row in rows]
        bad = [each.source_id for each in read if isinstance(each, Rejected)]
        if bad:
            _log.warning("ixc_bills_left_out", client=client_id, bills=bad[:10], count=len(bad))
        return tuple(each for each in read if isinstance(each, Bill))

    def fates(self, gone: Sequence[BillKey], due_from: date, due_until: date) -> dict[str, Fate]:
        """By the bills' numbers, a hundred a request: IN is documented for numbers. Other ids are left out."""
        asked = list(dict.fromkeys(key.bill_id for key in gone if _is_id(key.bill_id)))
        found: dict[str, Fate] = {}
        with self._reader.session() as session:
            for start in range(0, len(asked), FATES_A_REQUEST):
                if start:
                    self._sleep(self._source.pause_seconds)
                for bill_id, row in self._these(session, asked[start : start + FATES_A_REQUEST]).items():
                    fate = read_fate(row, due_from=due_from, due_until=due_until)
                    found |= {bill_id: fate} if fate else {}
        return found

    def probe(self) -> str:
        with self._reader.session() as session:
            answer = self._reader.rows(session, CLIENTS, self._chargeable(), after=0, count=1)
        whom = "active natural persons" if self._reading.persons == USUAL.persons else "active clients"
        return f"IXC at {self._reader.host} answers: {answer.total} {whom}"

    def _chargeable(self) -> tuple[Filter, ...]:
        """Active, and of one kind where IXC can tell: OR does not exist, and foreigners go by several letters."""
        active = Filter("cliente.ativo", "=", "S")
        letters = [LETTERS.get(person) for person in self._reading.persons]
        if len(letters) == 1 and letters[0]:
            return active, Filter("cliente.tipo_pessoa", "=", letters[0])
        return (active,)

    def _these(self, session: requests.Session, batch: Sequence[str]) -> dict[str, Row]:
        """The rows of those bills that IXC still has, whatever their status."""
        only = Filter("fn_areceber.id", "IN", ",".join(batch))
        answer = self._reader.rows(session, FATES, (only,), after=0, count=len(batch))
        rows = {str(row_id(row)): row for row in answer.rows}
        if len(rows) < answer.total or not rows.keys() <= set(batch):
            raise SourceBroken("IXC was asked for single bills and sent others, or not all; try again later")
        return rows

    def _lookup(self, table: Table) -> Iterator[tuple[Row, ...]]:
        self._sleep(self._source.pause_seconds)
        return (rows for rows, _ in self._listing(table, ()))

    def _listing(
        self, table: Table, filters: tuple[Filter, ...], *, count: int = 0
    ) -> Iterator[tuple[tuple[Row, ...], int]]:
        """Pages of rows, each with the number of all rows. Ends by itself only when none is missing."""
        progress = _Progress()
        size = count or self._source.page_size
        with self._reader.session() as session:
            while True:
                answer = self._reader.rows(session, table, filters, after=progress.last, count=size)
                progress.take(answer)
                yield answer.rows, progress.promised
                if len(answer.rows) == answer.total:
                    break
                self._sleep(self._source.pause_seconds)
            self._check_whole(session, table, filters, progress)

    def _check_whole(
        self, session: requests.Session, table: Table, filters: tuple[Filter, ...], progress: _Progress
    ) -> None:
        """Fewer rows than promised is right only if they were settled meanwhile: then fewer match now as well.

        Only a few of them, too: an IXC that begins to leave rows out half way leaves them out of its count.
        """
        lost = progress.promised - progress.seen
        if lost <= 0:
            return
        if lost > max(LOST_ALWAYS, progress.promised // LOST_SHARE):
            raise SourceBroken(
                f"IXC said there are {progress.promised} rows and then sent only {progress.seen}; try again later"
            )
        self._sleep(self._source.pause_seconds)
        now = self._reader.rows(session, table, filters, after=0, count=1).total
        if now > progress.seen:
            raise SourceBroken(f"IXC says there are {now} rows but sent only {progress.seen}; try again later")
