"""RBX (RouterBox) as a source of clients, contracts and bills: whole lists, read in slices, or an error."""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Final

import structlog

from worker.core.billing import BillKey, Contract
from worker.core.enums import Fate
from worker.core.model import Bill, Client, Rejected
from worker.erp.rbx_answer import Row, Service
from worker.erp.rbx_bills import OPEN, Days, listing_key, read_bills, with_interest
from worker.erp.rbx_fates import fates_of_settled
from worker.erp.rbx_filter import Column, Condition, Fixed, Sign
from worker.erp.rbx_http import RbxReader, Talk
from worker.erp.rbx_map import (
    BLOCKED,
    CLIENTS,
    CONTRACTS,
    bare,
    read_blocks,
    read_client,
    read_contract,
    read_group,
)
from worker.erp.rbx_slices import Listing, Slice, day_slices
from worker.erp.source import USUAL, Reading
from worker.errors import SourceBroken, SourceError, SourceRefused
from worker.ports import Can, ClientType, Page
from worker.source_settings import RbxSource

_log = structlog.get_logger(__name__)

PROBED_CODES: Final = 100  # the first hundred client codes: enough to see what kind of data this is
FEW: Final = 5  # a provider has more clients than that
MOST_ASKED: Final = 200  # clients that are asked about one by one
ALWAYS: Final = Days(date.min, date.max)
_INVENTED: Final = re.compile(r"\b(test[ea]|homolog\w*|fictici\w*|exemplo|demonstracao)\b")
_HOMOLOGATION: Final = (
    "check that the key is of production, not homologation: both answer at the same address, but one invents"
)


def _today() -> date:
    """In UTC, hence never behind Brazil."""
    return datetime.now(UTC).date()


class Rbx:
    """A `worker.ports.BillSource` over RBX's web services v1, and v2 for interest."""

    can = frozenset(Can)

    def __init__(
        self,
        source: RbxSource,
        reading: Reading = USUAL,
        *,
        sleep: Callable[[float], None] = time.sleep,
        today: Callable[[], date] = _today,
    ) -> None:
        """`sleep` is called between tries and requests; `today` bounds how far back settlements are looked for."""
        self._reader = RbxReader(source, sleep=sleep)
        self._source, self._reading, self._today = source, reading, today
        self._types: tuple[ClientType, ...] | None = None  # as of the latest whole listing of clients

    def clients(self) -> Iterator[Page[Client]]:
        """Clients not clearly gone, of the kinds of person asked for. Blocked ones still owe and are clients."""
        groups: set[str] = set()
        signs = Signs()
        for rows in self._coded(CLIENTS, Column.CLIENT_CODE):
            signs.take(rows)
            groups.update(map(read_group, rows))
            read = [read_client(row, self._reading) for row in rows]
            yield Page(
                tuple(client for client, _ in read if client),
                tuple(chain.from_iterable(rejected for _, rejected in read)),
            )
        self._types = tuple(ClientType(group, group) for group in sorted(groups) if group)
        if signs.seen:
            _log.warning("rbx_looks_like_homologation", signs=signs.seen, remedy=_HOMOLOGATION)

    def client_types(self) -> tuple[ClientType, ...]:
        """The groups of the clients: RBX has no list of them. After `clients()` they cost no request."""
        if self._types is None:
            for _ in self.clients():
                pass
        return self._types or ()

    def bills(self, due_from: date, due_until: date) -> Iterator[Page[Bill]]:
        """By due day, not by id. `Valor` is what is open; of a bill partly paid v1 hides the face value."""
        span = Days(due_from, due_until)
        parts = day_slices(Column.CUSTOMER, Column.DUE, due_from, due_until, self._source.slice_days)
        with self._reader.talk() as talk:
            listing = Listing(_asking(talk, OPEN, Fixed.RECEIVABLE), listing_key)
            for part, rows in listing.by_days(parts):
                asked = Days(part.from_day, part.below_day - timedelta(days=1))
                yield Page(*read_bills(rows, asked, span))

    def contracts(self) -> Iterator[Page[Contract]]:
        with self._reader.talk() as talk:
            blocked = Listing(_asking(talk, BLOCKED), lambda row: row.get("Contrato_Numero", ""))
            blocks = read_blocks(row for _, rows in blocked.take(Slice(Column.BLOCKED_NUMBER)) for row in rows)
        for rows in self._coded(CONTRACTS, Column.CONTRACT_NUMBER):
            read = [read_contract(row, blocks) for row in rows]
            yield Page(
                tuple(each for each in read if isinstance(each, Contract)),
                tuple(each for each in read if isinstance(each, Rejected)),
            )

    def open_now(self, client_id: str, due_from: date, due_until: date) -> tuple[Bill, ...]:
        """With interest when source.accounts names the accounts; without it when v2 does not answer."""
        customer, span = _code(client_id), Days(due_from, due_until)
        with self._reader.talk() as talk:
            rows = talk.rows(
                OPEN,
                Fixed.RECEIVABLE,
                Condition(Column.CUSTOMER, Sign.EQUAL, customer),
                Condition(Column.DUE, Sign.FROM, due_from),
                Condition(Column.DUE, Sign.BELOW, due_until + timedelta(days=1)),
            )
        read, rejected = read_bills(rows, span, span)
        if rejected:
            _log.warning("rbx_bills_rejected", client_id=client_id, reasons=[each.reason for each in rejected])
        bills = tuple(bill for bill in read if bill.client_id == str(customer))
        if len({bill.bill_id for bill in bills}) < len(bills):
            raise SourceBroken("RBX sent the same bill twice for one client; try again later")
        return self._with_interest(customer, bills, rows)

    def fates(self, gone: Sequence[BillKey], due_from: date, due_until: date) -> dict[str, Fate]:
        """From the settlements of the latest weeks; what is not among them is looked for at its client's.

        Of at most 200 clients: more of them means that a listing was not whole, and 200 witnesses are enough.
        """
        with self._reader.talk() as talk:
            found = fates_of_settled(talk, gone, self._today(), self._source.slice_days)
            rest = [key for key in gone if key.bill_id not in found]
            customers = list(dict.fromkeys(key.client_id for key in rest))
            if len(customers) > MOST_ASKED:
                _log.warning("rbx_fates_not_asked", clients=len(customers) - MOST_ASKED)
            for client_id in customers[:MOST_ASKED]:
                wanted = {key.bill_id for key in rest if key.client_id == client_id}
                found |= self._still_open(talk, client_id, wanted, Days(due_from, due_until))
        return found

    def probe(self) -> str:
        with self._reader.talk() as talk:
            rows = talk.rows(CLIENTS, *Slice(Column.CLIENT_CODE, 1, PROBED_CODES + 1).conditions())
        signs = Signs()
        signs.take(rows)
        doubt = f" ({signs.seen})" if rows and signs.seen else ""  # a provider's codes may begin higher
        return (
            f"RBX at {self._reader.host} answers: {len(rows)} clients with codes up to {PROBED_CODES}{doubt}; "
            f"{_HOMOLOGATION}"
        )

    def _coded(self, service: Service, column: Column) -> Iterator[tuple[Row, ...]]:
        """Rows by ascending code; ends by itself only when none is missing."""
        with self._reader.talk() as talk:
            listing = Listing(_asking(talk, service), lambda row: row.get(column.value, "").lstrip("0"))
            for _, rows in listing.by_codes(column, self._source.slice_codes):
                yield tuple(sorted(rows, key=lambda row: int(row[column.value])))

    def _with_interest(self, customer: int, bills: tuple[Bill, ...], rows: tuple[Row, ...]) -> tuple[Bill, ...]:
        if not bills or not self._source.accounts:
            return bills
        try:
            unpaid = self._reader.unpaid(customer, self._source.accounts)
        except SourceError as error:
            _log.warning("rbx_no_interest", client_id=str(customer), error=str(error))
            return bills
        return with_interest(bills, rows, unpaid)

    def _still_open(self, talk: Talk, client_id: str, wanted: set[str], span: Days) -> dict[str, Fate]:
        customer = _code(client_id)
        rows = talk.rows(OPEN, Fixed.RECEIVABLE, Condition(Column.CUSTOMER, Sign.EQUAL, customer))
        bills, _ = read_bills(rows, ALWAYS, ALWAYS)
        return {
            bill.bill_id: Fate.OPEN if bill.due_date in span else Fate.OUT_OF_SPAN
            for bill in bills
            if bill.bill_id in wanted and bill.client_id == client_id
        }


class Signs:
    """What speaks for invented data. A homologation key cannot be told for certain."""

    def __init__(self) -> None:
        self._clients = self._invented = 0

    def take(self, rows: Sequence[Row]) -> None:
        self._clients += len(rows)
        self._invented += sum(bool(_INVENTED.search(bare(row.get("Nome", "")))) for row in rows)

    @property
    def seen(self) -> str:
        """Empty when nothing does."""
        if self._clients < FEW:
            return "hardly any clients"
        if self._invented:
            return f"{self._invented} of {self._clients} are called TESTE, HOMOLOGAÇÃO or the like"
        return ""


def _asking(talk: Talk, service: Service, *always: Fixed) -> Callable[[Slice], tuple[Row, ...]]:
    return lambda part: talk.rows(service, *always, *part.conditions())


def _code(client_id: str) -> int:
    if not re.fullmatch(r"[0-9]{1,15}", client_id):
        raise SourceRefused("a client has an id that is no code of RBX: check source.type of this instance")
    return int(client_id)
