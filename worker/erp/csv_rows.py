"""What one row of our two CSV files means. Read strictly; values may be in Portuguese or English."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from worker.core.enums import BillStatus, PersonType
from worker.core.model import Bill, Client
from worker.core.phone import read_phones
from worker.erp.source import (
    ID_LIMIT,
    NAME_LIMIT,
    PLACE_LIMIT,
    BadValue,
    clean_text,
    quoted,
    read_date,
    read_document,
    read_id,
    read_money,
)

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Columns:
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


CLIENTS: Final = Columns(
    ("id", "name", "person", "phone1"), ("document", "type", "neighbourhood", "phone2", "phone3")
)
BILLS: Final = Columns(
    ("id", "client_id", "due_date", "amount", "open_amount", "status"),
    ("contract_id",),
)

_PHONES: Final = ("phone1", "phone2", "phone3")
_PERSONS: Final = {
    PersonType.NATURAL: ("natural", "f", "fisica", "física", "pf"),
    PersonType.LEGAL: ("legal", "j", "juridica", "jurídica", "pj"),
    PersonType.FOREIGN: ("foreign", "e", "estrangeiro"),
}
_STATUSES: Final = {
    BillStatus.OPEN: ("open", "aberto", "a"),
    BillStatus.PARTIAL: ("partial", "parcial", "p"),
    None: ("paid", "pago", "recebido", "r", "cancelled", "canceled", "cancelado", "c"),
}
_PERSON_OF: Final = {word: person for person, words in _PERSONS.items() for word in words}
_STATUS_OF: Final = {word: status for status, words in _STATUSES.items() for word in words}


def read_client(row: Row, known: set[str], *, default_ddd: str) -> tuple[Client | None, list[str]]:
    """The client, and why any of its phones cannot be used. None: not a natural person. BadValue: no good.

    `known` holds the ids read before and is added to.
    """
    client_id = _new_id(row, known)
    word = row["person"].strip().casefold()
    if word not in _PERSON_OF:
        raise BadValue(f"person {quoted(word)} is not known: write natural or legal")
    if _PERSON_OF[word] is not PersonType.NATURAL:
        return None, []
    name = clean_text(row["name"], NAME_LIMIT)
    if not name:
        raise BadValue("name is empty: nobody to ask for")
    phones, bad = read_phones([(column, row.get(column, "")) for column in _PHONES], default_ddd)
    client = Client(
        client_id=client_id,
        name=name,
        document=read_document(row.get("document", "")),
        client_type=clean_text(row.get("type", ""), ID_LIMIT),
        neighbourhood=clean_text(row.get("neighbourhood", ""), PLACE_LIMIT),
        phones=tuple(phones),
    )
    return client, [f"{each.source_id}: {each.reason}" for each in bad]


def read_bill(row: Row, known: set[str]) -> Bill | None:
    """None: paid or cancelled, or nothing of it is open. BadValue: the row is no good."""
    bill_id = _new_id(row, known)
    word = row["status"].strip().casefold()
    if word not in _STATUS_OF:
        raise BadValue(f"status {quoted(word)} is not known: write open, partial, paid or cancelled")
    status = _STATUS_OF[word]
    if status is None:
        return None
    due = read_date(row["due_date"], "due_date")
    owed = _money(row["open_amount"], "open_amount")
    if not owed:
        return None
    return Bill(
        bill_id=bill_id,
        client_id=read_id(row["client_id"], "client_id"),
        due_date=due,
        amount=_money(row["amount"], "amount"),
        open_amount=owed,
        status=status,
        contract_id=clean_text(row.get("contract_id", ""), ID_LIMIT) or None,
    )


def _money(raw: str, what: str) -> Decimal:
    return read_money(raw.strip().removeprefix("R$"), what, comma=True)


def _new_id(row: Row, known: set[str]) -> str:
    key = read_id(row["id"], "id")
    if key in known:
        raise BadValue(f"id {quoted(key)} stands in a line before")
    known.add(key)
    return key
