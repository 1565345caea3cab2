"""Turns rows of IXC's `cliente_contrato` into contracts: whether the line works, and when not to call at all."""

from collections.abc import Iterable
from datetime import date
from typing import Final

from worker.core.billing import Contract
from worker.core.enums import Access, TrustUnlock
from worker.core.model import Rejected
from worker.erp.ixc_answer import Row
from worker.erp.ixc_http import Filter, Table
from worker.erp.ixc_map import row_id
from worker.erp.source import PLACE_LIMIT, BadValue, clean_text, read_date, read_id

CODE_LIMIT: Final = 20  # width of contract.access_code
EARLIEST_YEAR: Final = 2000  # a block before that is a slip of the pen

CONTRACTS = Table(
    "cliente_contrato",
    frozenset(
        (
            "id",
            "id_cliente",
            "status",
            "status_internet",
            "status_velocidade",
            "contrato",
            "contrato_suspenso",
            "data_inicial_suspensao",
            "data_final_suspensao",
            "desbloqueio_confianca",
            "desbloqueio_confianca_ativo",
            "restricao_auto_desbloqueio",
            "dt_ult_bloq_auto",
            "dt_ult_bloq_manual",
            "dt_ult_finan_atraso",
            "nao_avisar_ate",
            "endereco_padrao_cliente",
            "bairro",
        )
    ),
)
IN_FORCE = (Filter("cliente_contrato.status", "=", "A"),)

_ACCESS = {
    "A": Access.ACTIVE,
    "CM": Access.BLOCKED_MANUAL,
    "CA": Access.BLOCKED_AUTO,
    "FA": Access.BLOCKED_OVERDUE,
    "CE": Access.BLOCKED_OVERDUE,
    "D": Access.DISABLED,
    "AA": Access.WAITING,
}
# What one client of IXC calls an automatic block another calls overdue: both dates count for both.
_BLOCKED_ON = {
    Access.BLOCKED_MANUAL: ("dt_ult_bloq_manual",),
    Access.BLOCKED_AUTO: ("dt_ult_bloq_auto", "dt_ult_finan_atraso"),
    Access.BLOCKED_OVERDUE: ("dt_ult_finan_atraso", "dt_ult_bloq_auto"),
}


def read_contract(row: Row, today: date) -> tuple[Contract | None, tuple[Rejected, ...]]:
    """None without a rejection: not in force. `today` decides whether a suspension holds.

    A `nao_avisar_ate` that is no day is rejected, but the contract is kept with `date.max`: not to call somebody
    who may be called does less harm than to call somebody who must not be.
    """
    if row.get("status", "").strip() != "A":
        return None, ()
    contract_id = str(row_id(row))
    try:
        client_id = read_id(row.get("id_cliente", ""), "id_cliente")
    except BadValue as reason:
        return None, (Rejected("contract", contract_id, str(reason)),)
    rejected: tuple[Rejected, ...] = ()
    try:
        silent_until = _day(row, "nao_avisar_ate")
    except BadValue as reason:
        silent_until = date.max
        rejected = (
            Rejected("contract", contract_id, f"{reason}: the client is not called until it is put right"),
        )
    access = _access(row, today)
    contract = Contract(
        contract_id=contract_id,
        client_id=client_id,
        access=access,
        access_code=clean_text(row.get("status_internet", ""), CODE_LIMIT),
        trust_unlock=_trust_unlock(row),
        plan=clean_text(row.get("contrato", ""), PLACE_LIMIT),
        neighbourhood=_neighbourhood(row),
        blocked_since=_latest(row, _BLOCKED_ON.get(access, ()), today),
        no_notice_until=silent_until,
    )
    return contract, rejected


def _access(row: Row, today: date) -> Access:
    """A suspension is at the client's own wish and no block, whatever the line's code says meanwhile."""
    if row.get("contrato_suspenso", "").strip() == "S" and _suspended(row, today):
        return Access.SUSPENDED
    access = _ACCESS.get(row.get("status_internet", "").strip(), Access.UNKNOWN)
    slow = row.get("status_velocidade", "").strip() == "R"
    return Access.REDUCED if access is Access.ACTIVE and slow else access


def _suspended(row: Row, today: date) -> bool:
    """An end that is missing, or no day, is open."""
    first = _sensible(row, "data_inicial_suspensao") or date.min
    last = _sensible(row, "data_final_suspensao") or date.max
    return first <= today <= last


def _trust_unlock(row: Row) -> TrustUnlock:
    """IXC has the final word when it is asked for; P stands for what the company usually does."""
    offer = row.get("desbloqueio_confianca", "").strip()
    if row.get("desbloqueio_confianca_ativo", "").strip() == "S":
        return TrustUnlock.IN_USE
    if row.get("restricao_auto_desbloqueio", "").strip() == "S" or offer == "N":
        return TrustUnlock.DENIED
    return TrustUnlock.OFFERED if offer in ("S", "P") else TrustUnlock.UNKNOWN


def _neighbourhood(row: Row) -> str:
    """Empty when the contract has the client's address: its own fields may then hold anything."""
    own = row.get("endereco_padrao_cliente", "").strip() != "S"
    return clean_text(row.get("bairro", ""), PLACE_LIMIT) if own else ""


def _latest(row: Row, columns: Iterable[str], today: date) -> date | None:
    days = (_sensible(row, column) for column in columns)
    return max((day for day in days if day and day.year >= EARLIEST_YEAR and day <= today), default=None)


def _sensible(row: Row, column: str) -> date | None:
    try:
        return _day(row, column)
    except BadValue:
        return None


def _day(row: Row, column: str) -> date | None:
    """None when empty or all zeros. BadValue when it is something else that is no day."""
    raw = row.get(column, "")
    return read_date(raw, column) if raw.strip("0/-:. T\t\r\n") else None
