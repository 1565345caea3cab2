"""Invented clients and bills as rows of IXC's tables: every value text, every column there, passwords in clear."""

from collections.abc import Iterable
from datetime import date

from tests.lab.invented import TYPES, InventedBill, InventedClient
from tests.lab.ixc_lines import CITIES, LINES, InventedCity, InventedContract
from tests.lab.pay_lines import invented_line
from worker.core.enums import Access

Row = dict[str, str]

# What real rows carry besides what anybody needs; the secrets must never leave the reader.
PASSWORD = "senha-em-claro-do-assinante"
ALWAYS: dict[str, Row] = {
    "cliente": {
        "senha": PASSWORD,
        "hotsite_email": "assinante@exemplo.invalid",
        "senha_rede_sem_fio": PASSWORD,
        "senha_onu_cliente": PASSWORD,
        "cep": "01000-000",
        "endereco": "Rua Inventada",
        "numero": "10",
        "email": "assinante@exemplo.invalid",
        "obs": "",
        "participa_cobranca": "S",
        "filial_id": "1",
        "ultima_atualizacao": "2026-09-20 08:00:00",
    },
    "fn_areceber": {
        "filial_id": "1",
        "documento": "",
        "id_contrato_avulso": "0",
        "tipo_recebimento": "Boleto",
        "nn_boleto": "",
        "linha_digitavel": "",
        "gateway_link": "",
        "pix_txid": "",
        "baixa_data": "",
        "data_cancelamento": "0000-00-00",
        "ultima_atualizacao": "2026-09-20 08:00:00",
    },
    "cliente_contrato": {
        "id_filial": "1",
        "id_vd_contrato": "12",
        "id_carteira_cobranca": "1",
        "tipo": "I",
        "num_parcelas_atraso": "0",
        "bloqueio_automatico": "S",
        "aviso_atraso": "S",
        "nao_bloquear_ate": "0000-00-00",
        "nao_avisar_ate": "0000-00-00",
        "dt_ult_bloq_auto": "0000-00-00",
        "dt_ult_bloq_manual": "0000-00-00",
        "dt_ult_finan_atraso": "",
        "data_inicial_suspensao": "0000-00-00",
        "data_final_suspensao": "",
        "cidade": "0",
        "cep": "",
        "email_cobranca": "assinante@exemplo.invalid",
        "senha_ftth": PASSWORD,
        "ultima_atualizacao": "2026-09-20 08:00:00",
    },
    "cidade": {"cod_ibge": "3500000"},
    "uf": {"pais": "1"},
    "tipo_cliente": {"tipo_assinante": "3", "contribuinte_icms": "N"},
}


_STATES = {city.city_id: str(city.state_id) for city in CITIES}
_BLOCKED_ON = {
    Access.BLOCKED_MANUAL: "dt_ult_bloq_manual",
    Access.BLOCKED_AUTO: "dt_ult_bloq_auto",
    Access.BLOCKED_OVERDUE: "dt_ult_finan_atraso",
}


def client_row(client: InventedClient) -> Row:
    first, second, third = client.raw_phones
    return {
        "id": str(client.client_id),
        "ativo": "S" if client.active else "N",
        "crm": "S" if client.prospect else "N",
        "status_prospeccao": "N" if client.prospect else "",
        "tipo_pessoa": client.person,
        "razao": client.name,
        "fantasia": "",
        "cnpj_cpf": client.document,
        "id_tipo_cliente": str(client.type_id),
        "bairro": client.neighbourhood,
        "cidade": str(client.city_id),
        "uf": _STATES.get(client.city_id, ""),
        "telefone_celular": first,
        "whatsapp": second,
        "fone": third,
        "telefone_comercial": "",
    }


def bill_row(bill: InventedBill) -> Row:
    received = bill.amount - bill.open_amount if bill.status in "PR" else 0
    return {
        "id": str(bill.bill_id),
        "id_cliente": str(bill.client_id),
        "id_contrato": str(bill.contract_id) if bill.contract_id % 2 else "",
        "id_contrato_principal": "0" if bill.contract_id % 2 else str(bill.contract_id),
        "status": bill.status,
        "liberado": "S" if bill.released else "N",
        "data_emissao": iso(bill.due_date),
        "data_vencimento": iso(bill.due_date),
        "linha_digitavel": invented_line(bill.bill_id, bill.amount),
        "valor": f"{bill.amount:.2f}",
        "valor_aberto": f"{bill.open_amount:.2f}",
        "valor_recebido": f"{received:.2f}",
        "pagamento_data": "",
    }


def contract_row(contract: InventedContract) -> Row:
    code, speed, suspended = contract.line
    offer, in_use, restricted = contract.trust
    row = {
        "id": str(contract.contract_id),
        "id_cliente": str(contract.client_id),
        "status": contract.status,
        "status_internet": code,
        "status_velocidade": speed,
        "contrato_suspenso": suspended,
        "desbloqueio_confianca": offer,
        "desbloqueio_confianca_ativo": in_use,
        "restricao_auto_desbloqueio": restricted,
        "contrato": contract.plan,
        "endereco_padrao_cliente": "N" if contract.neighbourhood else "S",
        "bairro": contract.neighbourhood,
    }
    if contract.blocked_since:
        row[_BLOCKED_ON[LINES[contract.line]]] = f"{iso(contract.blocked_since)} 03:00:00"
    return row


def city_rows(cities: Iterable[InventedCity]) -> list[Row]:
    return [{"id": str(city.city_id), "nome": city.name, "uf": str(city.state_id)} for city in cities]


def state_rows(cities: Iterable[InventedCity]) -> list[Row]:
    states = {city.state_id: city for city in cities}
    return [{"id": str(key), "nome": city.state_name, "sigla": city.state} for key, city in states.items()]


def type_rows() -> list[Row]:
    return [{"id": str(key), "tipo_cliente": name} for key, name in TYPES.items()]


def iso(day: date) -> str:
    return day.isoformat()
