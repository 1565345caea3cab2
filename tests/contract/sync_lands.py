"""IXC and RBX as lands for the tests of the sync: the stand-ins, their columns, and where their pages begin."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Final

from tests.contract.sync_bed import BILLS, CLIENTS, WORLD, Land
from tests.lab import ixc_faults, ixc_server, rbx_faults, rbx_server
from tests.lab.ixc_server import IxcServer
from tests.lab.rbx_server import RbxServer
from tests.unit.world import TODAY
from worker.erp.ixc import Ixc
from worker.erp.rbx import Rbx
from worker.erp.source import Reading
from worker.ports import BillSource
from worker.source_settings import IxcSource, RbxSource

HANGS: Final = 0.4  # seconds
_READING: Final = Reading("11")


@dataclass
class IxcLand(Land):
    """By ascending id, twenty rows a page."""

    server: IxcServer = field(default_factory=lambda: IxcServer(WORLD.clients, WORLD.bills, WORLD.contracts))
    good: list[ixc_server.Request] = field(default_factory=list)
    secrets: tuple[str, ...] = (ixc_server.TOKEN.split(":")[1], "segredo", "senha-em-claro")

    def __post_init__(self) -> None:
        self._beginning = deepcopy(self.server.tables.rows)

    def source(self, patience: float) -> BillSource:
        settings = {
            "type": "ixc",
            "url": self.server.url,
            "token": ixc_server.TOKEN,
            "page_size": 20,
            "pause_seconds": 0,
            "retries": 0,
            "timeout_seconds": patience,
        }
        return Ixc(IxcSource.model_validate(settings), _READING, sleep=lambda _: None, today=lambda: TODAY)

    def send(self, kind: str, job: str, where: str, times: int | None = None) -> None:
        last = max(request.page for request in self.good if request.table == _IXC[job])
        page = {"first": 1, "middle": (last + 1) // 2, "last": last}[where]
        self.server.fault = ixc_faults.Fault(ixc_faults.Kind(kind), page, _IXC[job], times, seconds=HANGS)

    def place(self, due: int, key: str) -> tuple[int, int]:  # noqa: ARG002  # days do not matter to IXC
        return 0, int(key)

    def ids(self, job: str) -> list[str]:
        return [str(key) for key in self.server.tables.rows[_IXC[job]]]

    def edit(self, job: str, key: str, **columns: str) -> dict[str, str]:
        row = self.server.tables.rows[_IXC[job]][int(key)]
        own = {_IXC_COLUMNS[name]: value for name, value in columns.items()}
        before = {name: row[_IXC_COLUMNS[name]] for name in columns}
        self.server.edit(_IXC[job], key, **own)
        return before

    def copy(self, job: str, key: str, new: str) -> None:
        row = self.server.tables.rows[_IXC[job]][int(key)]
        self.server.edit(_IXC[job], new, **{**row, "id": new})

    def pay(self, key: str) -> None:
        self.server.pay(key)

    def leave(self, key: str) -> None:
        self.server.edit("cliente", key, ativo="N")

    def restore(self) -> None:
        self.server.tables.rows = deepcopy(self._beginning)
        self.server.tables.changed()
        self.stop()

    def learn(self) -> None:
        self.good = list(self.server.requests)

    def stop(self) -> None:
        self.server.fault = None


_IXC = {BILLS: "fn_areceber", CLIENTS: "cliente"}
_IXC_COLUMNS = {
    "due": "data_vencimento",
    "amount": "valor_aberto",
    "name": "razao",
    "phone": "telefone_celular",
}


@dataclass
class RbxLand(Land):
    """Bills by due day, a month a question; clients by code, forty a question."""

    server: RbxServer = field(default_factory=lambda: RbxServer(WORLD, today=TODAY))
    good: list[rbx_server.Request] = field(default_factory=list)
    secrets: tuple[str, ...] = (rbx_server.KEY, "segredo", "senha-em-claro")

    def __post_init__(self) -> None:
        self._beginning = deepcopy(self.server.tables)

    def source(self, patience: float) -> BillSource:
        settings = {
            "type": "rbx",
            "url": self.server.url,
            "key": rbx_server.KEY,
            "slice_codes": 40,
            "slice_days": 31,
            "pause_seconds": 0,
            "retries": 0,
            "timeout_seconds": patience,
        }
        return Rbx(RbxSource.model_validate(settings), _READING, sleep=lambda _: None, today=lambda: TODAY)

    def send(self, kind: str, job: str, where: str, times: int | None = None) -> None:
        """`times` 0: to the end of the listing, and no further."""
        filters = [request.filtro for request in self.good if request.service == _RBX[job]]
        full = [nth for nth, text in enumerate(filters, 1) if self.server.find(_RBX[job], text)]
        nth = {"first": full[0], "middle": full[len(full) // 2], "last": full[-1]}[where]
        often = len(filters) - nth + 1 if times == 0 else times
        self.server.fault = rbx_faults.Fault(rbx_faults.Kind(kind), nth, _RBX[job], often, seconds=HANGS)

    def place(self, due: int, key: str) -> tuple[int, int]:
        return due, int(key)

    def ids(self, job: str) -> list[str]:
        return [key for key in self.server.tables[_RBX[job]] if key.isdigit()]

    def edit(self, job: str, key: str, **columns: str) -> dict[str, str]:
        row = self.server.tables[_RBX[job]][key]
        before = {name: row[_RBX_COLUMNS[name]] for name in columns}
        self.server.edit(_RBX[job], key, **{_RBX_COLUMNS[name]: value for name, value in columns.items()})
        return before

    def copy(self, job: str, key: str, new: str) -> None:
        row = self.server.tables[_RBX[job]][key]
        self.server.edit(_RBX[job], new, **{**row, _RBX_ID[job]: new})

    def pay(self, key: str) -> None:
        self.server.pay(key)

    def leave(self, key: str) -> None:
        self.server.edit(rbx_server.CLIENTS, key, Situacao="C")

    def restore(self) -> None:
        with self.server.lock:
            self.server.tables = deepcopy(self._beginning)
        self.server.before.clear()
        self.stop()

    def learn(self) -> None:
        self.good = list(self.server.requests)

    def stop(self) -> None:
        self.server.fault = None


_RBX = {BILLS: rbx_server.OPEN, CLIENTS: rbx_server.CLIENTS}
_RBX_ID = {BILLS: "Documento", CLIENTS: "Codigo"}
_RBX_COLUMNS = {"due": "Vencimento", "amount": "Valor", "name": "Nome", "phone": "TelCelular"}
