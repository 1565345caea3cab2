"""Rows of IXC's contracts: whether the line works, what the client may ask for, and when nobody may call."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.ixc_lines import LINES, TRUST
from worker.core.billing import Contract
from worker.core.enums import Access, TrustUnlock
from worker.core.model import Rejected
from worker.erp.ixc_answer import Row
from worker.erp.ixc_contracts import read_contract

TODAY = date(2026, 11, 20)
ROW: Row = {
    "id": "7001",
    "id_cliente": "501",
    "status": "A",
    "status_internet": "A",
    "status_velocidade": "N",
    "contrato": " Fibra  300\nMega ",
    "contrato_suspenso": "N",
    "desbloqueio_confianca": "S",
    "desbloqueio_confianca_ativo": "N",
    "restricao_auto_desbloqueio": "N",
    "nao_avisar_ate": "0000-00-00",
    "endereco_padrao_cliente": "N",
    "bairro": "Água Branca",
}


def _contract(**changes: str) -> Contract:
    contract, rejected = read_contract(ROW | changes, TODAY)
    assert contract is not None
    assert () == rejected
    return contract


def test_a_contract_is_read_whole() -> None:
    expected = Contract(
        "7001", "501", Access.ACTIVE, "A", TrustUnlock.OFFERED, "Fibra 300 Mega", "Água Branca", None, None
    )
    assert expected == _contract()


@pytest.mark.parametrize("status", ["P", "I", "N", "D", ""])
def test_contracts_not_in_force_are_left_out(status: str) -> None:
    assert (None, ()) == read_contract(ROW | {"status": status}, TODAY)


@pytest.mark.parametrize(("line", "expected"), LINES.items())
def test_the_code_of_the_line_says_whether_it_works(line: tuple[str, str, str], expected: Access) -> None:
    code, speed, suspended = line
    contract = _contract(status_internet=code, status_velocidade=speed, contrato_suspenso=suspended)
    assert (expected, code) == (contract.access, contract.access_code)


def test_a_code_nobody_documented_is_kept_short_and_clean() -> None:
    contract = _contract(status_internet="X\n\u202e" + "y" * 50)
    assert (Access.UNKNOWN, "X " + "y" * 18) == (contract.access, contract.access_code)


def test_a_blocked_line_is_not_called_slow() -> None:
    assert Access.BLOCKED_AUTO is _contract(status_internet="CA", status_velocidade="R").access


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("2026-11-20", "2026-11-20", Access.SUSPENDED),
        ("01/11/2026", "30/11/2026", Access.SUSPENDED),  # the other order
        ("0000-00-00", "", Access.SUSPENDED),  # no dates at all
        ("2026-11-21", "2026-12-21", Access.DISABLED),  # not yet
        ("2026-10-01", "2026-11-19", Access.DISABLED),  # over
        ("2026-11-01", "", Access.SUSPENDED),
        ("", "2026-11-19", Access.DISABLED),
        ("x", "y", Access.SUSPENDED),
    ],
)
def test_a_suspension_holds_between_its_days(first: str, last: str, expected: Access) -> None:
    changes = {"data_inicial_suspensao": first, "data_final_suspensao": last, "status_internet": "D"}
    assert expected is _contract(contrato_suspenso="S", **changes).access


@pytest.mark.parametrize(("trust", "expected"), TRUST.items())
def test_trust_is_offered_denied_or_in_use(trust: tuple[str, str, str], expected: TrustUnlock) -> None:
    names = ("desbloqueio_confianca", "desbloqueio_confianca_ativo", "restricao_auto_desbloqueio")
    assert expected is _contract(**dict(zip(names, trust, strict=True))).trust_unlock


DATES = {
    "dt_ult_bloq_manual": "2026-11-01 10:00:00",
    "dt_ult_bloq_auto": "2026-11-05",
    "dt_ult_finan_atraso": "10/11/2026",
}


@pytest.mark.parametrize(
    ("code", "changes", "expected"),
    [
        ("CM", {}, date(2026, 11, 1)),
        ("CA", {}, date(2026, 11, 10)),  # both columns may mean it: the later one
        ("FA", {}, date(2026, 11, 10)),
        ("CE", {"dt_ult_finan_atraso": "0000-00-00"}, date(2026, 11, 5)),
        ("CM", {"dt_ult_bloq_manual": "00/00/0000 00:00:00"}, None),
        ("CM", {"dt_ult_bloq_manual": "2026-11-21"}, None),  # not yet
        ("CM", {"dt_ult_bloq_manual": "1970-01-01"}, None),
        ("CM", {"dt_ult_bloq_manual": "ontem"}, None),
        ("A", {}, None),
        ("ZZ", {}, None),
    ],
)
def test_a_block_dates_from_its_own_kind(code: str, changes: Row, expected: date | None) -> None:
    assert expected == _contract(**DATES | changes, status_internet=code).blocked_since


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("2026-12-24", date(2026, 12, 24)),
        ("24/12/2026", date(2026, 12, 24)),
        ("2026-12-24 00:00:00", date(2026, 12, 24)),
        ("0000-00-00", None),
        ("00/00/0000 00:00:00", None),
        ("", None),
    ],
)
def test_the_day_until_which_nobody_may_call_is_read(raw: str, expected: date | None) -> None:
    assert expected == _contract(nao_avisar_ate=raw).no_notice_until


@pytest.mark.parametrize("raw", ["2026-02-30", "24/12/26", "depois do Natal"])
def test_a_day_nobody_can_read_keeps_the_contract_and_forbids_calling(raw: str) -> None:
    contract, rejected = read_contract(ROW | {"nao_avisar_ate": raw}, TODAY)
    assert contract is not None
    assert date.max == contract.no_notice_until
    assert [("contract", "7001")] == [(each.kind, each.source_id) for each in rejected]
    assert rejected[0].reason.startswith("nao_avisar_ate “")


def test_a_contract_of_nobody_is_rejected() -> None:
    expected = (None, (Rejected("contract", "7001", "id_cliente is empty"),))
    assert expected == read_contract(ROW | {"id_cliente": "0"}, TODAY)


def test_a_contract_at_the_client_s_address_has_no_neighbourhood_of_its_own() -> None:
    assert "" == _contract(endereco_padrao_cliente="S").neighbourhood


@given(st.dictionaries(st.sampled_from(sorted({*ROW, *DATES} - {"id", "status", "id_cliente"})), st.text()))
def test_no_row_of_whatever_text_stops_the_listing(changes: Row) -> None:
    contract, _ = read_contract(ROW | changes, TODAY)
    assert contract is not None
    assert contract.plan.isprintable()
    assert len(contract.access_code) <= 20
