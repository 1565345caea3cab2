"""An invented world as rows of RBX's queries: every value text, with columns that nobody asked for."""

from datetime import date

from tests.lab.invented import TYPES, InventedBill, InventedClient, World
from tests.lab.rbx_filter import Row

RECEIVABLE = "Documento a Receber"
SEQUENCE_OFFSET = 800000  # Sequencia and v2's id are other numbers than Documento
PASSWORD = "senha-em-claro-do-assinante"
NEEDLESS: Row = {"Email": "assinante@exemplo.invalid", "Observacoes": PASSWORD, "SenhaCentral": PASSWORD}

# name within Filtro -> column of our rows; the same but for the settlements
FILTERS: dict[str, dict[str, str]] = {
    "ConsultaClientes": {name: name for name in ("Codigo", "Situacao", "CNPJ_CNPF", "Nome", "Tipo")},
    "ConsultaDocumentosAbertos": {
        name: name for name in ("Historico", "Vencimento", "CliFor", "Tipo", "Documento", "Valor")
    },
    "ConsultaDocumentosBaixados": {"Movimento.Tipo": "Tipo", "Movimento.Data": "DataBaixa"},
    "ConsultaContratos": {name: name for name in ("Numero", "Cliente_Codigo", "Situacao_Codigo")},
    "ConsultaContratosBloqueados": {name: name for name in ("Contrato_Numero", "Cliente_Codigo")},
}


def client_row(client: InventedClient) -> Row:
    """RBX knows natural and legal persons only, and keeps its telephone numbers as digits where they are any."""
    first, second, third = (_digits(raw) for raw in client.raw_phones)
    return {
        **NEEDLESS,
        "Codigo": str(client.client_id),
        "Tipo": "F" if client.person == "F" else "J",
        "CNPJ_CNPF": _digits(client.document),
        "Nome": client.name,
        "Sigla": "",
        "Bairro": client.neighbourhood,
        "Cidade": "Cidade Inventada",
        "UF": "SP",
        "TelCelular": first,
        "TelResidencial": second,
        "TelComercial": third,
        "Grupo": TYPES[client.type_id],
        "Situacao": "C" if not client.active else "D" if client.prospect else "AB"[client.client_id % 2],
        "Bloqueavel": "S",
        "AvisoPagamento": "S",
    }


def open_rows(world: World) -> dict[str, Row]:
    """By Documento; what is not released is listed under another Historico, and one row is owed to a supplier."""
    rows = {str(bill.bill_id): open_row(bill) for bill in world.bills if bill.status in "AP"}
    if rows:
        first = next(iter(rows.values()))
        rows["supplier"] = {**first, "Tipo": "F", "Valor": "12345.67"}  # with the number of a client's document
    return rows


def open_row(bill: InventedBill) -> Row:
    return {
        **NEEDLESS,
        "Conta": "3",
        "Vencimento": bill.due_date.isoformat(),
        "Documento": str(bill.bill_id),
        "Sequencia": str(bill.bill_id + SEQUENCE_OFFSET),
        "Historico": RECEIVABLE if bill.released else "Previsao de Receita",
        "Valor": f"{bill.open_amount:.2f}",
        "Tipo": "C",
        "CliFor": str(bill.client_id),
        "ContratosVinculados": str(bill.contract_id or ""),
        "RegistradoNoBanco": "S",
    }


def settled_rows(world: World) -> list[Row]:
    settled = [bill for bill in world.bills if bill.status in "RC"]
    return [
        settled_row(open_row(bill), "PAGTO" if bill.status == "R" else "CANC", bill.due_date) for bill in settled
    ]


def settled_row(row: Row, motive: str, day: date) -> Row:
    return {
        **NEEDLESS,
        "Tipo": row["Tipo"],
        "Sequencia": row["Sequencia"],
        "CodigoPessoa": row["CliFor"],
        "Documento": row["Documento"],
        "DataVencimento": row["Vencimento"],
        "DataBaixa": day.isoformat(),
        "DataHoraExecucaoBaixa": f"{day.isoformat()} 10:00:00",
        "Motivo": motive,
        "ValorOriginal": row["Valor"],
        "ValorBaixado": row["Valor"],
    }


def contract_rows(world: World) -> dict[str, Row]:
    """The contracts that the world's bills name."""
    owners = {bill.contract_id: bill.client_id for bill in world.bills if bill.contract_id}
    return {str(number): contract_row(number, client) for number, client in sorted(owners.items())}


def contract_row(number: int, client: int) -> Row:
    return {
        **NEEDLESS,
        "Numero": str(number),
        "Cliente_Codigo": str(client),
        "Plano_Descricao": "FIBRA 300",
        "Situacao_Codigo": "A",
        "Situacao_Descricao": "Ativo",
        "EnderecoInstalacao_Bairro": "Centro",
    }


def unpaid_row(row: Row, interest: str) -> dict[str, object]:
    """As v2's get_unpaid_document has it: numbers and text mixed."""
    return {
        "id": int(row["Sequencia"]),
        "account_number": int(row["Conta"]),
        "due_date": row["Vencimento"],
        "document_number": int(row["Documento"]),
        "historic": row["Historico"],
        "value_init": float(row["Valor"]),
        "value_interest": float(interest),
        "value_up": round(float(row["Valor"]) + float(interest), 2),
        "contracts": [int(row["ContratosVinculados"] or 0)],
    }


def _digits(raw: str) -> str:
    return "".join(letter for letter in raw if letter.isdigit())
