"""Opens the adapter that an instance's `source` asks for. A new system is one file and one line here."""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast

from worker.erp.source import USUAL, Reading
from worker.ports import BillSource
from worker.source_settings import Source

ADAPTERS = {  # imported when first asked for
    "ixc": "worker.erp.ixc:Ixc",
    "rbx": "worker.erp.rbx:Rbx",
    "altarede": "worker.erp.altarede:AltaRede",
    "csv": "worker.erp.csvfile:CsvFiles",
    "sql": "worker.erp.sqlview:SqlViews",
}


class _Opener(Protocol):
    def __call__(self, source: Source, reading: Reading, *, sleep: Callable[[float], None]) -> BillSource: ...


def open_source(
    source: Source, reading: Reading = USUAL, *, sleep: Callable[[float], None] = time.sleep
) -> BillSource:
    """Nothing is asked of the source yet. SourceRefused when its credentials cannot be right."""
    module, _, name = ADAPTERS[source.type].partition(":")
    opener = cast("_Opener", getattr(import_module(module), name))
    return opener(source, reading, sleep=sleep)
