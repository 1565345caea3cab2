"""Invented clients and bills as rows of IXC's tables: every value text, every column there, passwords in clear."""

from datetime import date

from tests.lab.invented import TYPES, InventedBill, InventedClient

Row = dict[str, str]

# What real rows carry besides what anybody needs; the secrets must never leave the reader.
PASSWORD = "senha-em-claro-do-assinante"
ALWAYS: dict[str, Row] = {
    "cliente": {
        "senha": PASSWORD,
        "hotsite_email": "assinante@exemplo.invalid",
        "senha_rede_sem_fio": PASSWORD,
        "senha_onu_cliente": PASSWORD,
        "cidade": "4376",
        "uf": "2",
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
    "tipo_cliente": {"tipo_assinante": "3", "contribuinte_icms": "N"},
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
        "valor": f"{bill.amount:.2f}",
        "valor_aberto": f"{bill.open_amount:.2f}",
        "valor_recebido": f"{received:.2f}",
        "pagamento_data": "",
    }


def type_rows() -> list[Row]:
    return [{"id": str(key), "tipo_cliente": name} for key, name in TYPES.items()]


def iso(day: date) -> str:
    return day.isoformat()
