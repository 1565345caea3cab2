"""Our RBX adapter over the stand-in, and how the tests look at what came of it."""

from datetime import date
from decimal import Decimal

from tests.lab.rbx_server import KEY, RbxServer
from worker.core.model import Bill
from worker.erp.rbx import Rbx
from worker.erp.source import Reading
from worker.source_settings import RbxSource


def rbx(server: RbxServer, *, slept: list[float] | None = None, **settings: object) -> Rbx:
    """Without pauses and second tries unless told; `slept` gets the pauses in seconds."""
    usual: dict[str, object] = {"type": "rbx", "url": server.url, "key": KEY, "pause_seconds": 0, "retries": 0}
    chosen = RbxSource.model_validate(usual | settings)
    sleep = (slept if slept is not None else []).append
    return Rbx(chosen, Reading("11"), sleep=sleep, today=lambda: server.today)


def facts(bills: list[Bill]) -> list[tuple[str, str, date, Decimal, str | None]]:
    """What RBX can know of bills, in an order of its own."""
    return sorted((b.bill_id, b.client_id, b.due_date, b.open_amount, b.contract_id) for b in bills)


def asked(server: RbxServer, service: str) -> list[str]:
    return [request.filtro for request in server.requests if request.service == service]
