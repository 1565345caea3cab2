"""An AltaRede over an invented world, for the contract suite. The wire format is invented: see the stand-in."""

from collections.abc import Iterator
from pathlib import Path

from tests.contract.erp_world import TODAY, Erp
from tests.lab.altarede_server import APPKEY, TOKEN, AltaRedeServer, Fault, Kind, Rows, Shape
from tests.lab.invented import InventedBill, World, brazilian, write_csv
from tests.lab.pay_lines import invented_line
from worker.erp.altarede import AltaRede
from worker.erp.documents import read_document
from worker.erp.source import Reading
from worker.source_settings import AltaRedeSource

SHAPE = Shape(
    path="/inventado/titulos/{document}",
    token_header="X-Token",
    appkey_header="X-Appkey",
    way=("dados", "titulos"),
)
_WORDS = {"A": "EM ABERTO", "P": "Parcial", "R": "PAGO", "C": "CANCELADO"}


def settings(url: str, clients: Path, **others: object) -> AltaRedeSource:
    """As an administrator would configure what `SHAPE` and `row` describe."""
    return AltaRedeSource.model_validate(
        {
            "type": "altarede",
            "url": url,
            "token": TOKEN,
            "appkey": APPKEY,
            "clients": clients,
            "pause_seconds": 0,
            "retries": 1,
            "bills_path": SHAPE.path,
            "token_header": SHAPE.token_header,
            "appkey_header": SHAPE.appkey_header,
            "date_format": "brazilian",
            "fields": {
                "bill_id": "codigo",
                "due_date": "vencimento",
                "open_amount": "saldo",
                "amount": "valor",
                "contract_id": "contrato",
                "pay_line": "linha",
                "status": "situacao",
                "open_statuses": ["em aberto", "parcial"],
                "bills": ".".join(SHAPE.way),
            },
            **others,
        }
    )


def row(bill: InventedBill) -> dict[str, object]:
    """A bill as the invented format has it: days and money as Brazilians write them, ids as numbers."""
    return {
        "codigo": bill.bill_id,
        "vencimento": f"{bill.due_date:%d/%m/%Y}",
        "valor": float(bill.amount),
        "saldo": brazilian(bill.open_amount),
        "situacao": _WORDS[bill.status],
        "contrato": bill.contract_id or None,
        "linha": invented_line(bill.bill_id, bill.amount),
        "senha": "senha-em-claro",
    }


def rows_by_document(world: World) -> dict[str, Rows]:
    """A client without bills has an empty list; unreleased bills are not shown."""
    documents = {client.client_id: read_document(client.document) or "" for client in world.clients}
    rows: dict[str, Rows] = {document: [] for document in documents.values()}
    for bill in world.bills:
        if bill.released:
            rows[documents[bill.client_id]].append(row(bill))
    return rows


def made(world: World, folder: Path) -> Iterator[Erp]:
    """`add_bad_bill` gives it to the first client who is asked for; listings break at the last of them."""
    clients, _ = write_csv(world, folder)
    asked = [read_document(client.document) or "" for client in world.chargeable()]
    with AltaRedeServer(SHAPE, rows_by_document(world)) as server:

        def add_bad_bill() -> None:
            bad = {"codigo": 800000, "vencimento": f"{TODAY:%d/%m/%Y}", "valor": 10, "saldo": "x"}
            server.rows[asked[0]].append({**bad, "situacao": "EM ABERTO"})

        def add_bad_client() -> None:
            with clients.open("ab") as file:
                file.write(b"800001;too few fields\r\n")

        def break_bills() -> None:
            server.fault = Fault(Kind.SERVER_ERROR, document=asked[-1])

        def pay(bill_id: str) -> None:
            for rows in server.rows.values():
                for each in rows:
                    if str(each["codigo"]) == bill_id:
                        each |= {"situacao": "PAGO", "saldo": "0,00"}

        source = AltaRede(settings(server.url, clients), Reading("11"), sleep=lambda _: None)
        yield Erp(source, add_bad_bill, add_bad_client, break_bills, pay, by_client=True)
