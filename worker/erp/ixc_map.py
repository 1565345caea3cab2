"""Turns rows of IXC's tables into clients, bills and fates, strictly: used, rejected in words, or left out."""

import re
from collections.abc import Set as AbstractSet
from datetime import date
from decimal import Decimal
from typing import Final, Protocol

from worker.core.enums import BillStatus, Fate, PersonType
from worker.core.model import Bill, Client, Rejected
from worker.core.phone import read_phones
from worker.erp.documents import read_document
from worker.erp.ixc_answer import Row
from worker.erp.ixc_http import Table
from worker.erp.pay_lines import good_line
from worker.erp.source import (
    ID_LIMIT,
    NAME_LIMIT,
    PLACE_LIMIT,
    BadValue,
    clean_text,
    quoted,
    read_date,
    read_id,
    read_money,
)
from worker.ports import ClientType

# In the order in which they are tried. The number at work comes last: others may pick up there.
PHONE_COLUMNS = ("telefone_celular", "whatsapp", "fone", "telefone_comercial")

PAY_LINE: Final = "linha_digitavel"

CLIENTS = Table(
    "cliente",
    frozenset(
        (
            "id",
            "ativo",
            "crm",
            "tipo_pessoa",
            "razao",
            "fantasia",
            "cnpj_cpf",
            "id_tipo_cliente",
            "bairro",
            "cidade",
            "cidade_descricao",
            "uf",
            "participa_cobranca",
            *PHONE_COLUMNS,
        )
    ),
)
BILLS = Table(
    "fn_areceber",
    frozenset(
        (
            "id",
            "id_cliente",
            "status",
            "liberado",
            "data_vencimento",
            "valor",
            "valor_aberto",
            "valor_total_com_juros",
            PAY_LINE,
            "id_contrato",
            "id_contrato_principal",
            "id_contrato_avulso",
        )
    ),
)
FATES = Table(
    BILLS.name,
    BILLS.columns
    | {"valor_recebido", "titulo_renegociado", "tipo_renegociacao", "id_renegociacao", "id_renegociacao_novo"},
)
CLIENT_TYPES = Table("tipo_cliente", frozenset(("id", "tipo_cliente")))

LETTERS: Final = {PersonType.NATURAL: "F", PersonType.LEGAL: "J"}  # the kinds that go by one letter only
_PERSONS = {letter: person for person, letter in LETTERS.items()} | dict.fromkeys("E123", PersonType.FOREIGN)
_OPEN = {"A": BillStatus.OPEN, "P": BillStatus.PARTIAL}
_SETTLED = {"R": Fate.PAID, "C": Fate.CANCELLED}  # received, cancelled


class Naming(Protocol):
    """Where a client lives, by name; empty when that is not to be found out."""

    def city(self, row: Row) -> str: ...

    def state(self, row: Row) -> str: ...


def row_id(row: Row) -> int:
    """The key of the row; 0 when it has none, which no row of IXC has."""
    text = row.get("id", "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0


def read_client(
    row: Row, *, default_ddd: str, persons: AbstractSet[PersonType], places: Naming
) -> tuple[Client | None, tuple[Rejected, ...]]:
    """None without a rejection: inactive, a prospect of the CRM, or a kind not asked for. Phones count singly."""
    if row.get("ativo", "").strip() != "S" or row.get("crm", "").strip() == "S":
        return None, ()
    client_id = str(row_id(row))
    person = _PERSONS.get(row.get("tipo_pessoa", "").strip())
    if person is None:
        reason = f"tipo_pessoa {quoted(row.get('tipo_pessoa', ''))} is not known"
        return None, (Rejected("client", client_id, reason),)
    if person not in persons:
        return None, ()
    name = clean_text(row.get("razao", ""), NAME_LIMIT) or clean_text(row.get("fantasia", ""), NAME_LIMIT)
    if not name:
        return None, (Rejected("client", client_id, "razao is empty: nobody to ask for"),)
    phones, bad = read_phones([(column, row.get(column, "")) for column in PHONE_COLUMNS], default_ddd)
    rejected = [Rejected("phone", client_id, f"{each.source_id}: {each.reason}") for each in bad]
    document = None
    try:
        document = read_document(row.get("cnpj_cpf", ""))
    except BadValue as reason:
        rejected.append(Rejected("document", client_id, str(reason)))
    client = Client(
        client_id=client_id,
        name=name,
        person=person,
        document=document,
        client_type=_reference(row.get("id_tipo_cliente", "")) or "",
        neighbourhood=clean_text(row.get("bairro", ""), PLACE_LIMIT),
        phones=tuple(phones),
        city=places.city(row),
        state=places.state(row),
        collectable=row.get("participa_cobranca", "").strip() != "N",
    )
    return client, tuple(rejected)


def read_bill(row: Row, *, due_from: date, due_until: date) -> Bill | Rejected | None:
    """None: settled, not released, nothing open, or due outside the span. `valor_aberto` 0.00 stays nothing."""
    bill_id = str(row_id(row))
    status = row.get("status", "").strip()
    if status in _SETTLED or row.get("liberado", "").strip() != "S":
        return None
    if status not in _OPEN:
        return Rejected("bill", bill_id, f"status {quoted(status)} is not known")
    try:
        due = read_date(row.get("data_vencimento", ""), "data_vencimento")
        owed = read_money(row.get("valor_aberto", ""), "valor_aberto", comma=False)
        if not owed or not due_from <= due <= due_until:
            return None
        return Bill(
            bill_id=bill_id,
            client_id=read_id(row.get("id_cliente", ""), "id_cliente"),
            due_date=due,
            amount=read_money(row.get("valor", ""), "valor", comma=False),
            open_amount=owed,
            status=_OPEN[status],
            contract_id=_contract(row),
            updated_amount=_with_interest(row, owed),
            pay_line=good_line(row.get(PAY_LINE, "")),
        )
    except BadValue as reason:
        return Rejected("bill", bill_id, str(reason))


def read_fate(row: Row, *, due_from: date, due_until: date) -> Fate | None:
    """What has become of a bill. None when its status is one that nobody documented.

    OUT_OF_SPAN is also what is owed by its status but hidden, for nothing, or unreadable.
    """
    status = row.get("status", "").strip()
    if status in _SETTLED:
        return Fate.RENEGOTIATED if _renegotiated(row) else _SETTLED[status]
    if status not in _OPEN:
        return None
    owed = isinstance(read_bill(row, due_from=due_from, due_until=due_until), Bill)
    return Fate.OPEN if owed else Fate.OUT_OF_SPAN


def _renegotiated(row: Row) -> bool:
    """How renegotiated bills end was never seen, so only clear marks count.

    IXC's own flag is one. A link to a renegotiation, together with its kind, may just as well stand on an
    instalment that came out of it: where money was received the bill is paid, whatever else it says.
    """
    if row.get("titulo_renegociado", "").strip() == "S":
        return True
    linked = any(_reference(row.get(column, "")) for column in ("id_renegociacao_novo", "id_renegociacao"))
    if not linked or row.get("tipo_renegociacao", "").strip() in ("", "0", "N"):
        return False
    try:
        return not read_money(row.get("valor_recebido", ""), "valor_recebido", comma=False)
    except BadValue:
        return row.get("status", "").strip() == "C"


def _with_interest(row: Row, owed: Decimal) -> Decimal | None:
    """Newer installations reckon fine and interest; what is empty, unreadable or less than owed is no such sum."""
    try:
        total = read_money(row.get("valor_total_com_juros", ""), "valor_total_com_juros", comma=False)
    except BadValue:
        return None
    return total if total >= owed else None


def read_client_type(row: Row) -> ClientType:
    type_id = str(row_id(row))
    return ClientType(type_id, clean_text(row.get("tipo_cliente", ""), PLACE_LIMIT) or type_id)


def _contract(row: Row) -> str | None:
    """The first of the three links that is set; IXC fills one of them, by how the bill came to be."""
    links = (row.get(column, "") for column in ("id_contrato", "id_contrato_principal", "id_contrato_avulso"))
    return next((link for link in map(_reference, links) if link), None)


def _reference(raw: str) -> str | None:
    text = clean_text(raw, ID_LIMIT)
    return text if text.strip("0") else None
