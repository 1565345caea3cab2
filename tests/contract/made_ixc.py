"""IXC for the contract suite: the adapter over the stand-in, and hands to change what it says."""

from collections.abc import Iterator
from pathlib import Path

from tests.contract.erp_world import TODAY, Erp
from tests.lab.invented import World
from tests.lab.ixc_faults import Fault, Kind
from tests.lab.ixc_server import TOKEN, IxcServer
from worker.erp.ixc import Ixc
from worker.erp.source import Reading
from worker.source_settings import IxcSource


def made(world: World, folder: Path) -> Iterator[Erp]:
    del folder  # IXC keeps no files
    with IxcServer(world.clients, world.bills, world.contracts, world.cities) as server:
        settings = IxcSource.model_validate(
            {"type": "ixc", "url": server.url, "token": TOKEN, "page_size": 150, "pause_seconds": 0, "retries": 1}
        )

        def add_bad_bill() -> None:
            server.edit(
                "fn_areceber",
                800000,
                id_cliente=str(world.chargeable()[0].client_id),
                status="A",
                liberado="S",
                data_vencimento=TODAY.isoformat(),
                valor="10.00",
                valor_aberto="x",
            )

        def add_bad_client() -> None:
            server.edit("cliente", 800000, ativo="S", crm="N", tipo_pessoa="F", razao="", fantasia="")

        def break_bills() -> None:
            server.fault = Fault(Kind.SERVER_ERROR, page=2, table="fn_areceber")

        def cancel(bill_id: str) -> None:
            server.edit("fn_areceber", bill_id, status="C", valor_aberto="0.00", data_cancelamento="2026-11-20")

        yield Erp(
            source=Ixc(settings, Reading("11"), sleep=lambda _: None, today=lambda: TODAY),
            add_bad_bill=add_bad_bill,
            add_bad_client=add_bad_client,
            break_bills=break_bills,
            pay=server.pay,
            cancel=cancel,
        )
