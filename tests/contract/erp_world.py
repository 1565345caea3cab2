"""What the contract suite needs of a billing system: a source over an invented world, hands to change it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from tests.lab.invented import World
from worker.ports import BillSource

TODAY = date(2026, 11, 20)
YEAR_AGO = TODAY - timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Erp:
    """Ids are as the source hands them out."""

    source: BillSource
    add_bad_bill: Callable[[], None]  # a bill due TODAY of a known client, with an amount that is none
    add_bad_client: Callable[[], None]  # a client whose row cannot be used
    break_bills: Callable[[], None]  # from now on a listing of bills cannot be read to its end
    pay: Callable[[str], None]  # that bill is paid in full
    cancel: Callable[[str], None] | None = None  # None: this system has no such thing, or does not tell
    has_lines: bool = True  # it tells the digitable line of a bill
    by_client: bool = False  # only the bills of clients it hands out can be asked for


Maker = Callable[[World, Path], Iterator[Erp]]  # (world, an empty folder) -> yields one Erp, then cleans up
