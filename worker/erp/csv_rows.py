"""What one row of the two tables means, be it of CSV, XLSX or SQL. Read strictly; Portuguese or English words."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from worker.core.enums import BillStatus, Fate, PersonType
from worker.core.model import Bill, Client
from worker.core.phone import read_phones
from worker.core.tables import STATES
from worker.erp.documents import read_document
from worker.erp.pay_lines import good_line
from worker.erp.seen_ids import SeenIds
from worker.erp.source import (
    ID_LIMIT,
    NAME_LIMIT,
    PLACE_LIMIT,
    BadValue,
    Reading,
    clean_text,
    quoted,
    read_date,
    read_id,
    read_money,
)

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class Columns:
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[str, ...]:
        return self.required + self.optional


@dataclass(frozen=True, slots=True)
class ClientRow:
    client: Client | None  # None: somebody who is not asked for
    bad: tuple[tuple[str, str], ...] = ()  # parts that cannot be used: kind of Rejected, reason


CLIENTS: Final = Columns(
    ("id", "name", "person", "phone1"),
    ("document", "type", "neighbourhood", "phone2", "phone3", "city", "state", "active", "collect"),
)
BILLS: Final = Columns(
    ("id", "client_id", "due_date", "amount", "open_amount", "status"),
    ("contract_id", "updated_amount", "pay_line"),
)

_PHONES: Final = ("phone1", "phone2", "phone3")
_PERSONS: Final = {
    PersonType.NATURAL: ("natural", "f", "fisica", "física", "pf"),
    PersonType.LEGAL: ("legal", "j", "juridica", "jurídica", "pj"),
    PersonType.FOREIGN: ("foreign", "e", "estrangeiro"),
}
_STATUSES: Final[dict[BillStatus | Fate, tuple[str, ...]]] = {
    BillStatus.OPEN: ("open", "aberto", "aberta", "a"),
    BillStatus.PARTIAL: ("partial", "parcial", "p"),
    Fate.PAID: ("paid", "pago", "paga", "recebido", "recebida", "r"),
    Fate.CANCELLED: ("cancelled", "canceled", "cancelado", "cancelada", "c"),
    Fate.RENEGOTIATED: ("renegotiated", "renegociado", "renegociada"),
}
_ANSWERS: Final = {
    True: ("yes", "y", "sim", "s", "true", "verdadeiro", "1", "active", "ativo", "ativa"),
    False: ("no", "n", "não", "nao", "false", "falso", "0", "inactive", "inativo", "inativa"),
}
_PERSON_OF: Final = {word: person for person, words in _PERSONS.items() for word in words}
_STATUS_OF: Final = {word: status for status, words in _STATUSES.items() for word in words}
_ANSWER_OF: Final = {word: answer for answer, words in _ANSWERS.items() for word in words}


def read_client(row: Row, seen: SeenIds, reading: Reading) -> ClientRow:
    """BadValue: the row is no good. Inactive clients and other kinds of person than asked for are left out.

    `seen` holds the ids read before and is added to. A document that is none and a state that is not of Brazil
    are left empty and told.
    """
    client_id = _new_id(row, seen)
    word = row["person"].strip().casefold()
    if word not in _PERSON_OF:
        raise BadValue(f"person {quoted(word)} is not known: write natural or legal")
    person = _PERSON_OF[word]
    if not _answer(row, "active") or person not in reading.persons:
        return ClientRow(None)
    name = clean_text(row["name"], NAME_LIMIT)
    if not name:
        raise BadValue("name is empty: nobody to ask for")
    phones, bad_phones = read_phones([(column, row.get(column, "")) for column in _PHONES], reading.default_ddd)
    bad = [("phone", f"{each.source_id}: {each.reason}") for each in bad_phones]
    client = Client(
        client_id=client_id,
        name=name,
        person=person,
        document=_document(row, bad),
        client_type=clean_text(row.get("type", ""), ID_LIMIT),
        neighbourhood=clean_text(row.get("neighbourhood", ""), PLACE_LIMIT),
        phones=tuple(phones),
        city=clean_text(row.get("city", ""), PLACE_LIMIT),
        state=_state(row, bad),
        collectable=_answer(row, "collect"),
    )
    return ClientRow(client, tuple(bad))


def read_bill(row: Row, seen: SeenIds) -> Bill | None:
    """None: settled, or nothing of it is open. BadValue: the row is no good.

    `updated_amount` counts when it is no less than what is open: interest raises a bill, it never lowers it.
    """
    bill_id = _new_id(row, seen)
    status = _status(row)
    if isinstance(status, Fate):
        return None
    due = read_date(row["due_date"], "due_date")
    owed = _money(row["open_amount"], "open_amount")
    if not owed:
        return None
    updated = row.get("updated_amount", "")
    now = _money(updated, "updated_amount") if updated.strip() else None
    return Bill(
        bill_id=bill_id,
        client_id=read_id(row["client_id"], "client_id"),
        due_date=due,
        amount=_money(row["amount"], "amount"),
        open_amount=owed,
        status=status,
        contract_id=clean_text(row.get("contract_id", ""), ID_LIMIT) or None,
        updated_amount=now if now is not None and now >= owed else None,
        pay_line=good_line(row.get("pay_line", "")),
    )


def read_fate(row: Row, due_from: date, due_until: date) -> Fate:
    """What has become of a bill. BadValue: the row does not say."""
    status = _status(row)
    if isinstance(status, Fate):
        return status
    owed = _money(row["open_amount"], "open_amount")
    in_span = due_from <= read_date(row["due_date"], "due_date") <= due_until
    return Fate.OPEN if owed and in_span else Fate.OUT_OF_SPAN


def _status(row: Row) -> BillStatus | Fate:
    word = row["status"].strip().casefold()
    if word not in _STATUS_OF:
        raise BadValue(f"status {quoted(word)} is not known: write open, partial, paid, cancelled or renegotiated")
    return _STATUS_OF[word]


def _answer(row: Row, column: str) -> bool:
    """Nothing written is a yes."""
    word = row.get(column, "").strip().casefold()
    if not word:
        return True
    if word not in _ANSWER_OF:
        raise BadValue(f"{column} {quoted(word)} is not known: write yes or no")
    return _ANSWER_OF[word]


def _document(row: Row, bad: list[tuple[str, str]]) -> str | None:
    try:
        return read_document(row.get("document", ""))
    except BadValue as reason:
        bad.append(("document", str(reason)))
        return None


def _state(row: Row, bad: list[tuple[str, str]]) -> str:
    state = row.get("state", "").strip().upper()
    if state and state not in STATES:
        bad.append(("client", f"state {quoted(state)} is left empty: write its two letters, as in SP"))
        return ""
    return state


def _money(raw: str, what: str) -> Decimal:
    return read_money(raw.strip().removeprefix("R$"), what, comma=True)


def _new_id(row: Row, seen: SeenIds) -> str:
    key = read_id(row["id"], "id")
    if not seen.add(key):
        raise BadValue(f"id {quoted(key)} stands in a line before")
    return key
