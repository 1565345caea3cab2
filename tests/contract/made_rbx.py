"""RBX over an invented world, for the suite that every source of bills passes."""

from collections.abc import Iterator
from pathlib import Path

from tests.contract.erp_world import TODAY, Erp
from tests.lab.invented import World
from tests.lab.rbx_faults import Fault, Kind
from tests.lab.rbx_rows import RECEIVABLE
from tests.lab.rbx_server import CLIENTS, KEY, OPEN, RbxServer
from worker.erp.rbx import Rbx
from worker.erp.source import Reading
from worker.source_settings import RbxSource


def made(world: World, folder: Path) -> Iterator[Erp]:
    """`folder` is not needed: nothing of RBX is a file."""
    del folder
    with RbxServer(world, today=TODAY) as server:
        settings = RbxSource.model_validate(
            {
                "type": "rbx",
                "url": server.url,
                "key": KEY,
                "slice_codes": 150,
                "slice_days": 31,
                "pause_seconds": 0,
                "retries": 1,
            }
        )
        source = Rbx(settings, Reading("11"), sleep=lambda _: None, today=lambda: TODAY)

        def add_bad_bill() -> None:
            server.edit(
                OPEN,
                800000,
                Documento="800000",
                Tipo="C",
                CliFor=str(world.chargeable()[0].client_id),
                Historico=RECEIVABLE,
                Vencimento=TODAY.isoformat(),
                Valor="x",
            )

        def add_bad_client() -> None:
            last = max(client.client_id for client in world.clients)
            server.edit(CLIENTS, last + 1, Codigo=str(last + 1), Tipo="?", Nome="Sem Tipo", Situacao="A")

        def break_bills() -> None:
            server.fault = Fault(Kind.SERVER_ERROR, nth=2, service=OPEN)

        yield Erp(source, add_bad_bill, add_bad_client, break_bills, server.pay, server.cancel, has_lines=False)
