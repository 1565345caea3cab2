"""A dialler that asks the ERP before each call, over a source that does as it is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal

from tests.unit.world import Clock, Line, Source, bill, client, dial_plan, sync_of, sync_plan
from worker.core.billing import BillKey
from worker.core.enums import Fate
from worker.core.model import Bill, QueueEntry
from worker.errors import SourceUnavailable
from worker.jobs import dial, sync
from worker.jobs.unpaid import StillUnpaid, UnpaidRules
from worker.store.memory import memory_store
from worker.store.memory_tables import Tables

REMEMBER = timedelta(minutes=5)
DOWN = ("open_now", 0, SourceUnavailable("the ERP is out for lunch"))


@dataclass
class Asked(Source):
    """Notes about whom it is asked, and does first what a test wants."""

    asked: list[str] = field(default_factory=list)
    fates_asked: list[list[str]] = field(default_factory=list)
    before: Callable[[str], None] = lambda _: None

    def open_now(self, client_id: str, due_from: date, due_until: date) -> tuple[Bill, ...]:
        self.asked.append(client_id)
        self.before(client_id)
        return super().open_now(client_id, due_from, due_until)

    def fates(self, gone: Sequence[BillKey], due_from: date, due_until: date) -> dict[str, Fate]:
        self.fates_asked.append([one.bill_id for one in gone])
        return super().fates(gone, due_from, due_until)


class Bench:
    """So many debtors synced, and a dialler that asks; client N has the bill bN, and the oldest debt is N = 0."""

    def __init__(self, debtors: int = 3, *, trust: timedelta = timedelta(0), second_bills: bool = False) -> None:
        self.clock, self.line, self.tables = Clock(), Line(), Tables()
        self.store = memory_store(self.tables)
        bills = [bill(index, overdue=100 - index) for index in range(debtors)]
        if second_bills:
            bills += [replace(bill(index, overdue=20), bill_id=f"s{index}") for index in range(debtors)]
        self.source = Asked([client(index) for index in range(debtors)], bills)
        self.sync()
        rules = UnpaidRules("fibra", sync_plan().charged_span, REMEMBER, trust)
        self.unpaid = StillUnpaid(rules, self.source, self.store)
        self.plan = replace(dial_plan(channels=100), still_unpaid=self.unpaid.ask)

    def sync(self) -> None:
        assert {"done"} == {one.status for one in sync.sync_all(sync_of(self.source, self.store, self.clock))}

    def step(self) -> dial.Step:
        return dial.step(self.plan, self.store, self.line, self.clock, 100)

    def pay(self, *bill_ids: str, fate: Fate = Fate.PAID) -> None:
        self.source.bill_rows = [one for one in self.source.bill_rows if one.bill_id not in bill_ids]
        self.source.gone |= dict.fromkeys(bill_ids, fate)

    def owe(self, bill_id: str, amount: str) -> None:
        self.source.bill_rows = [
            replace(one, open_amount=Decimal(amount)) if one.bill_id == bill_id else one
            for one in self.source.bill_rows
        ]

    def entry(self, client_id: str) -> QueueEntry:
        return next(one for one in self.tables.entries.values() if one.client_id == client_id)

    def owed(self, client_id: str) -> list[str] | None:
        """Ids of the bills that client still owes, as the ERP is asked now."""
        left = self.unpaid.ask([client_id], self.clock())[client_id]
        return None if left is None else [one.bill_id for one in left]

    @property
    def fates(self) -> dict[str, Fate]:
        return {key: fate for (_, key), (_, fate) in self.tables.closed_bills.items()}


def number(index: int) -> str:
    return f"+55119610{index:05d}"
