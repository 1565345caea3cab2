"""Turns rows of IXC's tables into clients and bills, strictly: used, rejected with a reason, or left out."""

import re
from datetime import date

from worker.core.enums import BillStatus, PersonType
from worker.core.model import Bill, Client, Rejected
from worker.core.phone import read_phones
from worker.erp.ixc_answer import Row
from worker.erp.ixc_http import Table
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
from worker.ports import ClientType

# In the order in which they are tried. The number at work comes last: others may pick up there.
PHONE_COLUMNS = ("telefone_celular", "whatsapp", "fone", "telefone_comercial")

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
            "id_contrato",
            "id_contrato_principal",
            "id_contrato_avulso",
        )
    ),
)
CLIENT_TYPES = Table("tipo_cliente", frozenset(("id", "tipo_cliente")))

_PERSONS = {"F": PersonType.NATURAL, "J": PersonType.LEGAL} | dict.fromkeys("E123", PersonType.FOREIGN)
_OPEN = {"A": BillStatus.OPEN, "P": BillStatus.PARTIAL}
_SETTLED = ("R", "C")  # received, cancelled


def row_id(row: Row) -> int:
    """The key of the row; 0 when it has none, which no row of IXC has."""
    text = row.get("id", "").strip()
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else 0


def read_client(row: Row, *, default_ddd: str) -> tuple[Client | None, tuple[Rejected, ...]]:
    """None without a rejection: inactive, a prospect of the CRM, or not a natural person. Phones count singly."""
    if row.get("ativo", "").strip() != "S" or row.get("crm", "").strip() == "S":
        return None, ()
    client_id = str(row_id(row))
    person = _PERSONS.get(row.get("tipo_pessoa", "").strip())
    if person is None:
        reason = f"tipo_pessoa {quoted(row.get('tipo_pessoa', ''))} is not known"
        return None, (Rejected("client", client_id, reason),)
    if person is not PersonType.NATURAL:
        return None, ()
    name = clean_text(row.get("razao", ""), NAME_LIMIT) or clean_text(row.get("fantasia", ""), NAME_LIMIT)
    if not name:
        return None, (Rejected("client", client_id, "razao is empty: nobody to ask for"),)
    phones, bad = read_phones([(column, row.get(column, "")) for column in PHONE_COLUMNS], default_ddd)
    client = Client(
        client_id=client_id,
        name=name,
        person=person,
        document=read_document(row.get("cnpj_cpf", "")),
        client_type=_reference(row.get("id_tipo_cliente", "")) or "",
        neighbourhood=clean_text(row.get("bairro", ""), PLACE_LIMIT),
        phones=tuple(phones),
    )
    return client, tuple(Rejected("phone", client_id, f"{each.source_id}: {each.reason}") for each in bad)


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
        )
    except BadValue as reason:
        return Rejected("bill", bill_id, str(reason))


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
