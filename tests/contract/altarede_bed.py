"""Three clients in a file and an AltaRede that knows their bills: what the tests of that adapter begin with."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.contract.erp_world import TODAY, YEAR_AGO
from tests.contract.made_altarede import SHAPE, settings
from tests.lab.altarede_server import AltaRedeServer
from worker.core.model import Bill, Rejected
from worker.erp.altarede import AltaRede

CPFS = ("52998224725", "11144477735", "39053344705")  # of the clients 9, 1 and 2, in the order of the file
HEADER = "id;name;person;document;type;phone1\r\n"


def client_line(client_id: int, document: str) -> str:
    return f"{client_id};Ana;F;{document};Casa;(11) 91234-567{client_id}\r\n"


def write_clients(folder: Path) -> Path:
    path = folder / "clients.csv"
    lines = [client_line(client_id, cpf) for client_id, cpf in zip((9, 1, 2), CPFS, strict=True)]
    path.write_text(HEADER + "".join(lines), encoding="utf-8", newline="")
    return path


def bill_row(bill_id: int | str, **others: object) -> dict[str, object]:
    return {
        "codigo": bill_id,
        "vencimento": "05/11/2026",
        "valor": 99.9,
        "saldo": "99,90",
        "situacao": "Em aberto",
        "contrato": 0,
        **others,
    }


@contextmanager
def serving() -> Iterator[AltaRedeServer]:
    """Client 9 owes 100 and, years ago, 101; client 1 owes nothing; client 2 owes 102."""
    rows = {
        CPFS[0]: [bill_row(100), bill_row(101, vencimento="05/11/2020")],
        CPFS[1]: [],
        CPFS[2]: [bill_row(102)],
    }
    with AltaRedeServer(SHAPE, rows) as running:
        yield running


def source_of(server: AltaRedeServer, file: Path, slept: list[float] | None = None, **others: object) -> AltaRede:
    """Time-outs are short, and what it would sleep is only written down."""
    chosen = settings(server.url, file, **{"timeout_seconds": 0.25, **others})
    return AltaRede(chosen, sleep=(slept if slept is not None else []).append)


def bills_of(source: AltaRede) -> list[Bill]:
    return [bill for page in source.bills(YEAR_AGO, TODAY) for bill in page.rows]


def rejected_of(source: AltaRede) -> list[Rejected]:
    return [each for page in source.bills(YEAR_AGO, TODAY) for each in page.rejected]
