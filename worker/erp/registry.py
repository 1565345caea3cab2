"""Opens the adapter that an instance's `source` asks for. A new system is one file and one line here."""

import time
from collections.abc import Callable
from importlib import import_module
from typing import Protocol, cast

from worker.ports import BillSource
from worker.settings import CsvSource, IxcSource

ADAPTERS = {"ixc": "worker.erp.ixc:Ixc", "csv": "worker.erp.csvfile:CsvFiles"}  # imported when first asked for


class _Opener(Protocol):
    def __call__(
        self, source: IxcSource | CsvSource, *, default_ddd: str, sleep: Callable[[float], None]
    ) -> BillSource: ...


def open_source(
    source: IxcSource | CsvSource, *, default_ddd: str, sleep: Callable[[float], None] = time.sleep
) -> BillSource:
    """Nothing is asked of the source yet. SourceRefused when its credentials cannot be right."""
    module, _, name = ADAPTERS[source.type].partition(":")
    opener = cast("_Opener", getattr(import_module(module), name))
    return opener(source, default_ddd=default_ddd, sleep=sleep)
