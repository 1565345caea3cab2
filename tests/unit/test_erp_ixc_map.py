"""Rows of IXC become clients and bills; each odd value is rejected in words or left out on purpose."""

from datetime import date
from decimal import Decimal

import pytest

from worker.core.enums import BillStatus, PersonType
from worker.core.model import Bill, Client, Rejected
from worker.erp.ixc_answer import Row
from worker.erp.ixc_map import BILLS, CLIENTS, read_bill, read_client, read_client_type, row_id

SPAN = {"due_from": date(2026, 1, 1), "due_until": date(2026, 11, 20)}
BILL: Row = {
    "id": "90001",
    "id_cliente": "501",
    "id_contrato": "",
    "id_contrato_avulso": "0",
    "id_contrato_principal": "7001",
    "status": "A",
    "liberado": "S",
    "data_vencimento": "2026-10-10",
    "valor": "99.90",
    "valor_aberto": "99.90",
}
CLIENT: Row = {
    "id": "501",
    "ativo": "S",
    "crm": "N",
    "tipo_pessoa": "F",
    "razao": " Márcia  de\nSouza ",
    "fantasia": "",
    "cnpj_cpf": "123.456.789-09",
    "id_tipo_cliente": "3",
    "bairro": "Jd. das Acácias",
    "telefone_celular": "(11) 98765-4321",
    "whatsapp": "11987654321",
    "fone": "3333-4444",
    "telefone_comercial": "falar com Zé",
}


def _bill(**changes: str) -> Bill | Rejected | None:
    return read_bill(BILL | changes, **SPAN)


def _client(**changes: str) -> tuple[Client | None, tuple[Rejected, ...]]:
    return read_client(CLIENT | changes, default_ddd="11")


def test_a_bill_is_read_whole() -> None:
    amount = Decimal("99.90")
    expected = Bill("90001", "501", date(2026, 10, 10), amount, amount, BillStatus.OPEN, "7001")
    assert expected == _bill()


def test_a_bill_partly_paid_is_owed_for_the_rest() -> None:
    bill = _bill(status="P", valor_aberto="30.00")
    assert isinstance(bill, Bill)
    assert (BillStatus.PARTIAL, Decimal("99.90"), Decimal("30.00")) == (bill.status, bill.amount, bill.open_amount)


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "R"},
        {"status": "C", "data_vencimento": ""},  # what is settled need not be sound
        {"liberado": "N"},
        {"liberado": ""},
        {"valor_aberto": "0.00"},  # the old system charged the full value here
        {"data_vencimento": "2026-11-21"},  # IXC did not heed the span
        {"data_vencimento": "2025-12-31"},
    ],
)
def test_what_is_not_owed_in_the_span_is_left_out(changes: Row) -> None:
    assert _bill(**changes) is None


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"valor_aberto": ""}, "valor_aberto is empty"),
        ({"valor_aberto": "99,90"}, "valor_aberto “99,90” is not an amount"),
        ({"valor_aberto": "-1.00"}, "valor_aberto “-1.00” is not an amount"),
        ({"valor": "x"}, "valor “x” is not an amount"),
        ({"data_vencimento": "0000-00-00"}, "data_vencimento is empty"),
        ({"data_vencimento": "31/02/2026"}, "data_vencimento “31/02/2026” is not a day of the calendar"),
        ({"id_cliente": "0"}, "id_cliente is empty"),
        ({"status": "N"}, "status “N” is not known"),
    ],
)
def test_a_bad_bill_is_rejected_with_its_reason(changes: Row, reason: str) -> None:
    assert Rejected("bill", "90001", reason) == _bill(**changes)


@pytest.mark.parametrize(
    ("own", "main", "single", "expected"),
    [
        ("7002", "7001", "7003", "7002"),
        ("0", "7001", "7003", "7001"),
        ("", "0", "7003", "7003"),
        ("", "0", "", None),
    ],
)
def test_the_contract_is_the_first_link_that_is_set(
    own: str, main: str, single: str, expected: str | None
) -> None:
    bill = _bill(id_contrato=own, id_contrato_principal=main, id_contrato_avulso=single)
    assert isinstance(bill, Bill)
    assert expected == bill.contract_id


def test_a_client_is_read_whole_with_each_number_once() -> None:
    client, rejected = _client()
    assert client is not None
    assert ("501", "Márcia de Souza", PersonType.NATURAL) == (client.client_id, client.name, client.person)
    assert ("12345678909", "3", "Jd. das Acácias") == (client.document, client.client_type, client.neighbourhood)
    assert ["+5511987654321", "+551133334444"] == [phone.number for phone in client.phones]
    assert [("phone", "501")] == [(each.kind, each.source_id) for each in rejected]
    assert rejected[0].reason.startswith("telefone_comercial: ")


@pytest.mark.parametrize(
    "changes",
    [{"ativo": "N"}, {"crm": "S"}, {"tipo_pessoa": "J"}, {"tipo_pessoa": "E"}, {"tipo_pessoa": "1"}],
)
def test_clients_who_are_not_ours_to_call_are_left_out(changes: Row) -> None:
    assert (None, ()) == _client(**changes)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"tipo_pessoa": ""}, "tipo_pessoa “” is not known"),
        ({"razao": "\u200b", "fantasia": ""}, "razao is empty: nobody to ask for"),
    ],
)
def test_a_bad_client_is_rejected_with_its_reason(changes: Row, reason: str) -> None:
    assert (None, (Rejected("client", "501", reason),)) == _client(**changes)


def test_a_client_without_any_number_is_still_a_client() -> None:
    client, rejected = _client(telefone_celular="", whatsapp="", fone="", telefone_comercial="")
    assert client is not None
    assert ((), ()) == (client.phones, rejected)


@pytest.mark.parametrize(("raw", "expected"), [("12", 12), ("", 0), ("x", 0), ("-1", 0), ("1.5", 0)])
def test_only_digits_are_a_row_id(raw: str, expected: int) -> None:
    assert expected == row_id({"id": raw})


def test_a_client_type_without_a_name_goes_by_its_id() -> None:
    assert "4" == read_client_type({"id": "4", "tipo_cliente": " "}).name


def test_no_column_that_leaves_the_reader_sounds_like_a_secret() -> None:
    assert [] == [name for name in CLIENTS.columns | BILLS.columns if "senha" in name or "token" in name]
