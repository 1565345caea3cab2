"""Opens the adapter that an instance's `source` asks for. A new system is one file and one line here."""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast

from worker.erp.source import USUAL, Reading
from worker.errors import SourceLacks
from worker.ports import BillSource, ErpActions
from worker.source_settings import Source

ADAPTERS = {  # imported when first asked for
    "ixc": "worker.erp.ixc:Ixc",
    "rbx": "worker.erp.rbx:Rbx",
    "altarede": "worker.erp.altarede:AltaRede",
    "csv": "worker.erp.csvfile:CsvFiles",
    "sql": "worker.erp.sqlview:SqlViews",
}


ACTIONS = {"ixc": "worker.erp.ixc_actions:IxcActions", "altarede": "worker.erp.altarede_actions:AltaRedeActions"}


class _Opener(Protocol):
    def __call__(self, source: Source, reading: Reading, *, sleep: Callable[[float], None]) -> BillSource: ...


def open_source(
    source: Source, reading: Reading = USUAL, *, sleep: Callable[[float], None] = time.sleep
) -> BillSource:
    """Nothing is asked of the source yet. SourceRefused when its credentials cannot be right."""
    return cast("_Opener", _found(ADAPTERS[source.type]))(source, reading, sleep=sleep)


def open_actions(source: Source) -> ErpActions:
    """What may change something in the ERP. SourceLacks where no adapter knows how."""
    if source.type not in ACTIONS:
        raise SourceLacks(f"a source of type {source.type} can only be read: do it in the billing system itself")
    return cast("Callable[[Source], ErpActions]", _found(ACTIONS[source.type]))(source)


def _found(place: str) -> object:
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)
