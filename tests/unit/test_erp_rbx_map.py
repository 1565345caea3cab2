"""Rows of RBX become clients, contracts and fates; each odd value is rejected in words or left out on purpose."""

from datetime import date

import pytest

from worker.core.billing import Contract
from worker.core.enums import Access, Fate, PersonType, TrustUnlock
from worker.core.model import Client, Rejected
from worker.erp.rbx_answer import Row
from worker.erp.rbx_map import BLOCKED, CLIENTS, CONTRACTS, read_blocks, read_client, read_contract, read_fate
from worker.erp.source import Reading

CLIENT: Row = {
    "Codigo": "501",
    "Tipo": "F",
    "CNPJ_CNPF": "12345678909",
    "Nome": " Márcia  de\nSouza ",
    "Sigla": "MARCIA",
    "Bairro": "Jd. das Acácias",
    "Cidade": "Maringá",
    "UF": "pr",
    "Grupo": "Residencial",
    "Situacao": "A",
    "AvisoPagamento": "S",
    "TelCelular": "44987654321",
    "TelResidencial": "4433334444",
    "TelComercial": "0",
}
CONTRACT: Row = {
    "Numero": "12001",
    "Cliente_Codigo": "501",
    "Plano_Descricao": "FIBRA 300",
    "Situacao_Codigo": "A",
    "Situacao_Descricao": "Ativo",
    "EnderecoInstalacao_Bairro": "Centro",
}
BLOCK: Row = {"Contrato_Numero": "12001", "Contrato_Bloqueio": "2026-10-03", "Contrato_Bloqueio_Usuario": "maria"}


def _client(**changes: str) -> tuple[Client | None, tuple[Rejected, ...]]:
    return read_client(CLIENT | changes, Reading("44"))


def test_a_client_is_read_whole() -> None:
    client, rejected = _client()
    assert client is not None
    assert ("501", "Márcia de Souza", PersonType.NATURAL) == (client.client_id, client.name, client.person)
    assert ("12345678909", "Residencial", "Jd. das Acácias") == (
        client.document,
        client.client_type,
        client.neighbourhood,
    )
    assert ("Maringá", "PR", True) == (client.city, client.state, client.collectable)
    assert ["+5544987654321", "+554433334444"] == [phone.number for phone in client.phones]
    assert [("phone", "501")] == [(each.kind, each.source_id) for each in rejected]
    assert rejected[0].reason.startswith("TelComercial: ")


def test_who_wants_no_notice_of_payment_is_not_collected_from() -> None:
    client, _ = _client(AvisoPagamento="N")
    assert client is not None
    assert not client.collectable


@pytest.mark.parametrize(
    "situation",
    ["A", "B", "", "X", "Ativo"],  # seen, seen (blocked, still owing), and what nobody has documented
)
def test_every_state_that_is_not_clearly_the_end_is_a_client(situation: str) -> None:
    assert _client(Situacao=situation)[0] is not None


@pytest.mark.parametrize("situation", ["C", "D", "i", "Cancelado", "DESISTENTE", "Inativo", "Rescindido"])
def test_clients_who_are_clearly_gone_are_left_out(situation: str) -> None:
    assert (None, ()) == _client(Situacao=situation, Nome="")


def test_only_the_kinds_of_person_asked_for_are_read() -> None:
    assert (None, ()) == _client(Tipo="J")
    client, _ = read_client(CLIENT | {"Tipo": "J"}, Reading(persons=frozenset((PersonType.LEGAL,))))
    assert client is not None
    assert PersonType.LEGAL is client.person


@pytest.mark.parametrize(
    ("changes", "source_id", "reason"),
    [
        ({"Tipo": ""}, "501", "Tipo “” is not known"),
        ({"Nome": "\u200b", "Sigla": ""}, "501", "Nome is empty: nobody to ask for"),
        ({"Codigo": ""}, "", "Codigo is empty"),
        ({"Codigo": "1 OR 1=1"}, "1 OR 1=1", "Codigo “1 OR 1=1” is not a code"),
        ({"Codigo": "٣٤"}, "٣٤", "Codigo “٣٤” is not a code"),  # digits, but not ours
    ],
)
def test_a_bad_client_is_rejected_with_its_reason(changes: Row, source_id: str, reason: str) -> None:
    assert (None, (Rejected("client", source_id, reason),)) == _client(**changes)


def test_a_client_with_a_wrong_document_is_kept_without_it() -> None:
    client, rejected = _client(CNPJ_CNPF="12345678900", TelComercial="")
    assert client is not None
    assert client.document is None
    assert [("document", "501")] == [(each.kind, each.source_id) for each in rejected]
    assert "123456789" not in rejected[0].reason


def test_leading_zeros_do_not_make_another_client() -> None:
    client, _ = _client(Codigo="000501")
    assert client is not None
    assert "501" == client.client_id


def test_a_contract_in_force_is_active_and_its_trust_unlock_unknown() -> None:
    expected = Contract("12001", "501", Access.ACTIVE, "A", TrustUnlock.UNKNOWN, "FIBRA 300", "Centro")
    assert expected == read_contract(CONTRACT, {})


@pytest.mark.parametrize(
    ("user", "access"),
    [
        ("maria", Access.BLOCKED_MANUAL),
        ("José Carlos", Access.BLOCKED_MANUAL),
        ("", Access.BLOCKED_AUTO),
        ("SISTEMA", Access.BLOCKED_AUTO),
        ("Automático", Access.BLOCKED_AUTO),
        ("RouterBox", Access.BLOCKED_AUTO),
    ],
)
def test_a_block_is_by_a_person_or_by_the_machine(user: str, access: Access) -> None:
    contract = read_contract(CONTRACT, read_blocks([BLOCK | {"Contrato_Bloqueio_Usuario": user}]))
    assert isinstance(contract, Contract)
    assert (access, date(2026, 10, 3)) == (contract.access, contract.blocked_since)


def test_a_block_without_a_day_is_a_block_all_the_same() -> None:
    blocks = read_blocks([BLOCK | {"Contrato_Bloqueio": "0000-00-00"}, {"Contrato_Numero": ""}])
    assert {"12001": (Access.BLOCKED_MANUAL, None)} == blocks


@pytest.mark.parametrize(("code", "words"), [("C", ""), ("X", "Cancelado"), ("Z", "Rescindido por acordo")])
def test_contracts_that_have_clearly_ended_are_left_out(code: str, words: str) -> None:
    assert read_contract(CONTRACT | {"Situacao_Codigo": code, "Situacao_Descricao": words}, {}) is None


def test_what_is_on_the_list_of_blocks_has_not_ended_whatever_its_letter() -> None:
    contract = read_contract(CONTRACT | {"Situacao_Codigo": "C"}, read_blocks([BLOCK]))
    assert isinstance(contract, Contract)
    assert (Access.BLOCKED_MANUAL, "C") == (contract.access, contract.access_code)


def test_an_unknown_state_of_a_contract_is_kept_as_it_is() -> None:
    contract = read_contract(CONTRACT | {"Situacao_Codigo": "S", "Situacao_Descricao": "Suspenso"}, {})
    assert isinstance(contract, Contract)
    assert (Access.UNKNOWN, "S") == (contract.access, contract.access_code)


def test_a_contract_of_nobody_is_rejected() -> None:
    expected = Rejected("contract", "12001", "Cliente_Codigo is empty")
    assert expected == read_contract(CONTRACT | {"Cliente_Codigo": "0"}, {})


@pytest.mark.parametrize(
    ("motive", "expected"),
    [
        ("PAGTO", Fate.PAID),  # the only one documented
        ("Pagamento", Fate.PAID),
        ("CANCELAMENTO", Fate.CANCELLED),
        ("CANC", Fate.CANCELLED),
        ("Abono", Fate.CANCELLED),
        ("RENEGOCIAÇÃO", Fate.RENEGOTIATED),
        ("Cancelado por renegociação", Fate.RENEGOTIATED),
        ("ESTORNO PAGTO", None),
        ("BAIXA", None),
        ("", None),
    ],
)
def test_a_motive_says_what_became_of_a_bill_or_nothing(motive: str, expected: Fate | None) -> None:
    assert expected is read_fate(motive)


def test_no_column_that_leaves_the_reader_sounds_like_a_secret() -> None:
    columns = CLIENTS.columns | CONTRACTS.columns | BLOCKED.columns
    assert [] == [name for name in columns if "senha" in name.lower() or "chave" in name.lower()]
