"""How clients, bills and contracts are written as text for the spool, and which queries store each of them.

A row's text holds every column that a source speaks of, in the order of the INSERT; its digest is what tells an
unchanged row from a changed one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Final, Generic, TypeVar

from worker.core.billing import Contract
from worker.core.model import Bill, Client
from worker.core.naming import fold
from worker.store import rows
from worker.store.spool import CHILD, FIELD, NULL

RowT = TypeVar("RowT", Client, Bill, Contract)


@dataclass(frozen=True, slots=True)
class Shelf(Generic[RowT]):
    """One kind of row, and the queries of sql/queries/catalogue.sql that read and write it."""

    kind: str  # clients | bills | contracts
    key: Callable[[RowT], str]
    text: Callable[[RowT], str]
    digests: str
    missing: str
    present: str
    put: str
    remove: str
    has_fate: bool = False  # a row that is gone is told with its client, and closed with its fate
    children: tuple[str, str] | None = None  # what hangs on a row: the query that drops it, the one that puts it


_iso = lru_cache(maxsize=4096)(date.isoformat)
_folded = lru_cache(maxsize=4096)(fold)  # a town has few neighbourhoods and many people


def _client(client: Client) -> str:
    if not _fits(client):
        client = rows.tidy_client(client)
    key = client.client_id
    text = FIELD.join(
        (
            key,
            client.name,
            client.person,
            client.document or NULL,
            client.client_type,
            client.neighbourhood,
            _folded(client.neighbourhood),
            client.city,
            client.state,
            "1" if client.collectable else "0",
        )
    )
    for position, phone in enumerate(client.phones):
        text += FIELD.join(
            (CHILD + key, str(position), phone.number, phone.kind, "1" if phone.repaired else "0", phone.source)
        )
    return text


def _fits(client: Client) -> bool:
    """Whether it can be stored as it is."""
    texts = (client.client_id, client.name, client.client_type, client.neighbourhood, client.city, client.state)
    lengths = tuple(map(len, texts[1:]))
    return (
        "".join((*texts, *(phone.source for phone in client.phones))).isprintable()
        and lengths[0] <= 200
        and lengths[1] <= 40
        and lengths[2] <= 120
        and lengths[3] <= 120
        and lengths[4] <= 2
        and all(len(phone.source) <= 40 for phone in client.phones)
        and len(client.document or "") <= 14
    )


def _bill(bill: Bill) -> str:
    contract_id, more, line = bill.contract_id or "", bill.updated_amount, bill.pay_line or ""
    if len(line) > 48 or not (bill.bill_id + bill.client_id + contract_id + line).isprintable():
        bill = rows.tidy_bill(bill)
    return FIELD.join(
        (
            bill.bill_id,
            bill.client_id,
            bill.contract_id or NULL,
            _iso(bill.due_date),
            _money(bill.amount),
            _money(bill.open_amount),
            bill.status,
            NULL if more is None else _money(more),
            bill.pay_line or NULL,
        )
    )


def _contract(contract: Contract) -> str:
    tidy = rows.tidy_contract(contract)
    return FIELD.join(
        (
            tidy.contract_id,
            tidy.client_id,
            tidy.access,
            tidy.access_code,
            tidy.trust_unlock,
            tidy.plan,
            tidy.neighbourhood,
            _day(tidy.blocked_since),
            _day(tidy.no_notice_until),
        )
    )


def _money(amount: Decimal) -> str:
    text = str(amount)
    return text if text[-3:-2] == "." else str(rows.cents(amount))


def _day(day: date | None) -> str:
    return NULL if day is None else day.isoformat()


CLIENTS: Final[Shelf[Client]] = Shelf(
    "clients",
    lambda client: rows.key(client.client_id),
    _client,
    digests="digests_of_clients",
    missing="missing_clients",
    present="present_clients",
    put="put_clients",
    remove="remove_clients",
    children=("drop_phones", "put_phones"),
)
BILLS: Final[Shelf[Bill]] = Shelf(
    "bills",
    lambda bill: rows.key(bill.bill_id),
    _bill,
    digests="digests_of_bills",
    missing="missing_bills",
    present="present_bills",
    put="put_bills",
    remove="remove_bills",
    has_fate=True,
)
CONTRACTS: Final[Shelf[Contract]] = Shelf(
    "contracts",
    lambda contract: rows.key(contract.contract_id),
    _contract,
    digests="digests_of_contracts",
    missing="missing_contracts",
    present="present_contracts",
    put="put_contracts",
    remove="remove_contracts",
)
