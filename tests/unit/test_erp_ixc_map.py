"""Rows of IXC become clients and bills; each odd value is rejected in words or left out on purpose."""

from datetime import date
from decimal import Decimal

import pytest

from worker.core.enums import BillStatus, Fate, PersonType
from worker.core.model import Bill, Client, Rejected
from worker.erp.ixc_answer import Row
from worker.erp.ixc_contracts import CONTRACTS
from worker.erp.ixc_map import (
    CLIENTS,
    FATES,
    read_bill,
    read_client,
    read_client_type,
    read_fate,
    row_id,
)


class _Nowhere:
    """Names that say where they come from: IXC's own numbers."""

    def city(self, row: Row) -> str:
        return f"city {row.get('cidade', '')}"

    def state(self, row: Row) -> str:
        return f"state {row.get('uf', '')}"


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
    "cidade": "4376",
    "uf": "2",
    "participa_cobranca": "S",
    "telefone_celular": "(11) 98765-4321",
    "whatsapp": "11987654321",
    "fone": "3333-4444",
    "telefone_comercial": "falar com Zé",
}


def _bill(**changes: str) -> Bill | Rejected | None:
    return read_bill(BILL | changes, **SPAN)


def _client(**changes: str) -> tuple[Client | None, tuple[Rejected, ...]]:
    return _client_of(frozenset((PersonType.NATURAL,)), **changes)


def _client_of(persons: frozenset[PersonType], **changes: str) -> tuple[Client | None, tuple[Rejected, ...]]:
    return read_client(CLIENT | changes, default_ddd="11", persons=persons, places=_Nowhere())


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
    ("total", "expected"),
    [
        ("103.17", Decimal("103.17")),
        ("99.90", Decimal("99.90")),
        ("99.89", None),  # less than is owed: a discount, or rubbish
        ("0.00", None),
        ("", None),
        ("103,17", None),
    ],
)
def test_interest_counts_only_where_it_adds_to_what_is_owed(total: str, expected: Decimal | None) -> None:
    bill = _bill(valor_total_com_juros=total)
    assert isinstance(bill, Bill)
    assert expected == bill.updated_amount


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"status": "R"}, Fate.PAID),
        ({"status": "C"}, Fate.CANCELLED),
        ({"status": "C", "titulo_renegociado": "S"}, Fate.RENEGOTIATED),
        ({"status": "R", "titulo_renegociado": "S", "valor_recebido": "99.90"}, Fate.RENEGOTIATED),
        ({"status": "C", "id_renegociacao_novo": "77", "tipo_renegociacao": "A"}, Fate.RENEGOTIATED),
        ({"status": "C", "id_renegociacao": "77", "tipo_renegociacao": "A"}, Fate.RENEGOTIATED),
        (
            {"status": "R", "id_renegociacao": "77", "tipo_renegociacao": "A", "valor_recebido": "0.00"},
            Fate.RENEGOTIATED,
        ),
        # an instalment of the renegotiation, paid like any other
        (
            {"status": "R", "id_renegociacao": "77", "tipo_renegociacao": "A", "valor_recebido": "99.90"},
            Fate.PAID,
        ),
        ({"status": "R", "id_renegociacao": "77", "tipo_renegociacao": "A"}, Fate.PAID),  # nobody knows: not clear
        ({"status": "C", "id_renegociacao": "77"}, Fate.CANCELLED),  # a number alone is no clear mark
        ({"status": "C", "id_renegociacao": "0", "tipo_renegociacao": "A"}, Fate.CANCELLED),
        ({"status": "C", "id_renegociacao": "77", "tipo_renegociacao": "N"}, Fate.CANCELLED),
        ({"status": "A"}, Fate.OPEN),
        ({"status": "P", "valor_aberto": "0.01"}, Fate.OPEN),
        ({"status": "A", "liberado": "N"}, Fate.OUT_OF_SPAN),
        ({"status": "A", "valor_aberto": "0.00"}, Fate.OUT_OF_SPAN),
        ({"status": "A", "data_vencimento": "2026-11-21"}, Fate.OUT_OF_SPAN),
        ({"status": "A", "data_vencimento": "2025-12-31"}, Fate.OUT_OF_SPAN),
        ({"status": "A", "valor_aberto": "x"}, Fate.OUT_OF_SPAN),  # the listing rejects it as well
        ({"status": "N"}, None),
        ({"status": ""}, None),
    ],
)
def test_what_became_of_a_bill_is_read_from_its_row(changes: Row, expected: Fate | None) -> None:
    assert expected is read_fate(BILL | changes, **SPAN)


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
    assert ("city 4376", "state 2", True) == (client.city, client.state, client.collectable)
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


@pytest.mark.parametrize(
    ("letter", "person"),
    [
        ("F", PersonType.NATURAL),
        ("J", PersonType.LEGAL),
        ("E", PersonType.FOREIGN),
        ("1", PersonType.FOREIGN),
        ("3", PersonType.FOREIGN),
    ],
)
def test_kinds_of_person_asked_for_are_kept_and_the_others_left_out(letter: str, person: PersonType) -> None:
    client, _ = _client_of(frozenset((person,)), tipo_pessoa=letter)
    assert client is not None
    assert person is client.person
    assert (None, ()) == _client_of(frozenset(PersonType) - {person}, tipo_pessoa=letter)


@pytest.mark.parametrize(("raw", "expected"), [("N", False), ("S", True), ("", True), (" N ", False)])
def test_whom_ixc_takes_out_of_collection_is_kept_but_marked(raw: str, expected: bool) -> None:
    client, rejected = _client(participa_cobranca=raw, telefone_comercial="")
    assert client is not None
    assert (expected, ()) == (client.collectable, rejected)


def test_a_document_that_cannot_be_right_is_rejected_and_the_client_kept() -> None:
    client, rejected = _client(cnpj_cpf="123.456.789-00", telefone_comercial="")
    assert client is not None
    assert client.document is None
    assert [("document", "501")] == [(each.kind, each.source_id) for each in rejected]
    assert "123" not in rejected[0].reason


def test_a_document_that_is_not_there_is_no_fault() -> None:
    client, rejected = _client(cnpj_cpf="", telefone_comercial="")
    assert client is not None
    assert (None, ()) == (client.document, rejected)


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
    assert [] == [
        name for name in CLIENTS.columns | FATES.columns | CONTRACTS.columns if "senha" in name or "token" in name
    ]
