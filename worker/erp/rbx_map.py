"""Turns rows of RBX into clients, contracts and fates, strictly: used, rejected with a reason, or left out."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from typing import Final

from worker.core.billing import Contract
from worker.core.enums import Access, Fate, PersonType
from worker.core.model import Client, Rejected
from worker.core.phone import read_phones
from worker.erp.documents import read_document
from worker.erp.rbx_answer import Row, Service
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
)

# In the order in which they are tried. The number at work comes last: others may pick up there.
PHONE_COLUMNS: Final = ("TelCelular", "TelResidencial", "TelComercial")
CODE_LIMIT: Final = 20

CLIENTS: Final = Service(
    "ConsultaClientes",
    frozenset(
        (
            "Codigo",
            "Tipo",
            "CNPJ_CNPF",
            "Nome",
            "Sigla",
            "Bairro",
            "Cidade",
            "UF",
            "Grupo",
            "Situacao",
            "AvisoPagamento",
            *PHONE_COLUMNS,
        )
    ),
)
CONTRACTS: Final = Service(
    "ConsultaContratos",
    frozenset(
        (
            "Numero",
            "Cliente_Codigo",
            "Plano_Descricao",
            "Situacao_Codigo",
            "Situacao_Descricao",
            "EnderecoInstalacao_Bairro",
        )
    ),
)
BLOCKED: Final = Service(
    "ConsultaContratosBloqueados",
    frozenset(("Contrato_Numero", "Contrato_Bloqueio", "Contrato_Bloqueio_Usuario")),
)
SETTLED: Final = Service(
    "ConsultaDocumentosBaixados",
    frozenset(("Documento", "CodigoPessoa", "DataBaixa", "DataHoraExecucaoBaixa", "Motivo")),
)

_PERSONS: Final = {"F": PersonType.NATURAL, "J": PersonType.LEGAL}
_GONE: Final = ("C", "D", "I")
_GONE_WORDS: Final = re.compile(r"cancelad|desistente|desistencia|inativ|desativ|encerrad|rescindid")
_MACHINE: Final = re.compile(r"(sistema|system|rbx|routerbox|automatic[oa]?|bloqueio automatico|cron|robo)")
_PAID: Final = re.compile(r"pagto|pagamento|pago")
_RENEGOTIATED: Final = re.compile(r"renegoci|\bacordo\b|reparcel|parcelamento")
_CANCELLED: Final = re.compile(r"\bcanc(el|\b)|\babon[oa]|\banulad")


def bare(text: str) -> str:
    """Small letters without accents."""
    return unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().strip().lower()


def read_code(raw: str, what: str) -> str:
    """A code of RBX without leading zeros, as its other tables may write it. BadValue: empty or no number."""
    text = read_id(raw, what)
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise BadValue(f"{what} {quoted(raw)} is not a code")
    return str(int(text))


def is_gone(code: str, words: str = "") -> bool:
    """Clearly ended. Only A and B (blocked, still owing) were ever seen; the whole list is nowhere published.

    So an unknown state counts as a client or contract in force, and only the letters that Brazilian systems use
    for cancelado, desistente and inativo, or those words themselves, end it.
    """
    return code.strip().upper() in _GONE or _GONE_WORDS.match(bare(words) or bare(code)) is not None


def read_group(row: Row) -> str:
    """RBX has no table of client types; the group's name is its identity as well."""
    return clean_text(row.get("Grupo", ""), ID_LIMIT)


def read_client(row: Row, reading: Reading) -> tuple[Client | None, tuple[Rejected, ...]]:
    """None without a rejection: gone, or of a kind of person not asked for. Phones and document count singly."""
    if is_gone(row.get("Situacao", "")):
        return None, ()
    shown = clean_text(row.get("Codigo", ""), ID_LIMIT)
    try:
        client_id = read_code(row.get("Codigo", ""), "Codigo")
        person = _person(row)
        if person not in reading.persons:
            return None, ()
        name = _name(row)
    except BadValue as reason:
        return None, (Rejected("client", shown, str(reason)),)
    phones, bad = read_phones([(column, row.get(column, "")) for column in PHONE_COLUMNS], reading.default_ddd)
    document, wrong = _document(row, client_id)
    client = Client(
        client_id=client_id,
        name=name,
        person=person,
        document=document,
        client_type=read_group(row),
        neighbourhood=clean_text(row.get("Bairro", ""), PLACE_LIMIT),
        phones=phones,
        city=clean_text(row.get("Cidade", ""), PLACE_LIMIT),
        state=_state(row.get("UF", "")),
        collectable=row.get("AvisoPagamento", "").strip().upper() != "N",
    )
    return client, (
        *(Rejected("phone", client_id, f"{each.source_id}: {each.reason}") for each in bad),
        *wrong,
    )


def _person(row: Row) -> PersonType:
    letter = row.get("Tipo", "").strip().upper()
    if letter not in _PERSONS:
        raise BadValue(f"Tipo {quoted(letter)} is not known")
    return _PERSONS[letter]


def _name(row: Row) -> str:
    name = clean_text(row.get("Nome", ""), NAME_LIMIT) or clean_text(row.get("Sigla", ""), NAME_LIMIT)
    if not name:
        raise BadValue("Nome is empty: nobody to ask for")
    return name


def _document(row: Row, client_id: str) -> tuple[str | None, tuple[Rejected, ...]]:
    try:
        return read_document(row.get("CNPJ_CNPF", "")), ()
    except BadValue as reason:
        return None, (Rejected("document", client_id, str(reason)),)


def _state(raw: str) -> str:
    text = raw.strip().upper()
    return text if re.fullmatch(r"[A-Z]{2}", text) else ""


def read_blocks(rows: Iterable[Row]) -> dict[str, tuple[Access, date | None]]:
    """Contract number -> by whom blocked, and since when. Rows without a number block nothing."""
    found: dict[str, tuple[Access, date | None]] = {}
    for row in rows:
        try:
            number = read_code(row.get("Contrato_Numero", ""), "Contrato_Numero")
        except BadValue:
            continue
        user = bare(row.get("Contrato_Bloqueio_Usuario", ""))
        by_machine = not user or _MACHINE.fullmatch(user) is not None
        try:
            since: date | None = read_date(row.get("Contrato_Bloqueio", ""), "Contrato_Bloqueio")
        except BadValue:
            since = None
        found[number] = (Access.BLOCKED_AUTO if by_machine else Access.BLOCKED_MANUAL, since)
    return found


def read_contract(row: Row, blocks: dict[str, tuple[Access, date | None]]) -> Contract | Rejected | None:
    """None: clearly ended. RBX has no trust unlock of that name, so nothing is known of it."""
    code = clean_text(row.get("Situacao_Codigo", ""), CODE_LIMIT)
    try:
        number = read_code(row.get("Numero", ""), "Numero")
        if number not in blocks and is_gone(code, row.get("Situacao_Descricao", "")):
            return None
        otherwise = Access.ACTIVE if code.upper() == "A" else Access.UNKNOWN
        access, since = blocks.get(number, (otherwise, None))
        return Contract(
            contract_id=number,
            client_id=read_code(row.get("Cliente_Codigo", ""), "Cliente_Codigo"),
            access=access,
            access_code=code,
            plan=clean_text(row.get("Plano_Descricao", ""), PLACE_LIMIT),
            neighbourhood=clean_text(row.get("EnderecoInstalacao_Bairro", ""), PLACE_LIMIT),
            blocked_since=since,
        )
    except BadValue as reason:
        return Rejected("contract", clean_text(row.get("Numero", ""), ID_LIMIT), str(reason))


def read_fate(motive: str) -> Fate | None:
    """What `Motivo` of a settlement says. Only PAGTO is documented; of a word we do not know nothing is said."""
    words = bare(motive)
    if _RENEGOTIATED.search(words):
        return Fate.RENEGOTIATED
    if _CANCELLED.search(words):
        return Fate.CANCELLED
    return Fate.PAID if _PAID.fullmatch(words) else None
