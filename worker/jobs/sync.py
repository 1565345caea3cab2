"""Sync: a complete answer of the ERP replaces what we knew; an incomplete or suspicious one changes nothing."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from worker.core import queueing
from worker.core.model import Action, Alarm, Close, Open, Refresh, Rejected
from worker.core.records import Change
from worker.errors import SourceBroken
from worker.jobs.history import Report, alarmed, recorded
from worker.ports import BillSource, Clock, Page, Progress, RowT, Watcher
from worker.store_ports import Store


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """One instance's part of a sync."""

    instance: str
    zone: ZoneInfo
    minimum_days: int  # bills overdue by fewer days are not charged
    maximum_days: int
    shrink_percent: int
    dry_run: bool = False
    accept_shrink: bool = False  # an administrator has looked and says the smaller answer is right

    def due_span(self, now: datetime) -> tuple[date, date]:
        """Due days of the bills to fetch, both included: from the oldest charged up to today."""
        today = now.astimezone(self.zone).date()
        return today - timedelta(days=self.maximum_days), today


def sync_clients(plan: SyncPlan, source: BillSource, store: Store, clock: Clock, watch: Watcher) -> Report:
    """Active clients with their telephone numbers."""

    def work() -> Report:
        rows, rejected = _collect("clients", plan.instance, source.clients(), watch, lambda row: row.client_id)
        before = store.catalogue.count_clients(plan.instance)
        return _store(
            plan,
            "clients",
            before,
            len(rows),
            rejected,
            lambda: store.catalogue.replace_clients(plan.instance, rows, clock()),
        )

    return recorded(store.runs, clock, "clients", plan.instance, work)


def sync_bills(plan: SyncPlan, source: BillSource, store: Store, clock: Clock, watch: Watcher) -> Report:
    """Open bills; those no longer in a complete answer are closed."""

    def work() -> Report:
        pages = source.bills(*plan.due_span(clock()))
        rows, rejected = _collect("bills", plan.instance, pages, watch, lambda row: row.bill_id)
        before = store.catalogue.count_bills(plan.instance)
        return _store(
            plan,
            "bills",
            before,
            len(rows),
            rejected,
            lambda: store.catalogue.replace_bills(plan.instance, rows, clock()),
        )

    return recorded(store.runs, clock, "bills", plan.instance, work)


def sync_client_types(plan: SyncPlan, source: BillSource, store: Store, clock: Clock) -> Report:
    """Id and name of each type of client."""

    def work() -> Report:
        types = [(item.type_id, item.name) for item in source.client_types()]
        if plan.dry_run:
            return Report("client_types", plan.instance, "dry_run", detail={"rows": len(types)})
        change = store.catalogue.replace_client_types(plan.instance, types, clock())
        return Report("client_types", plan.instance, change=change)

    return recorded(store.runs, clock, "client_types", plan.instance, work)


def _collect(
    what: str, instance: str, pages: Iterator[Page[RowT]], watch: Watcher, key: Callable[[RowT], str]
) -> tuple[list[RowT], tuple[Rejected, ...]]:
    rows: list[RowT] = []
    rejected: list[Rejected] = []
    for page in pages:
        rows += page.rows
        rejected += page.rejected
        watch(Progress(what, instance, len(rows), page.expected))
    if twice := next((name for name, count in Counter(map(key, rows)).items() if count > 1), None):
        raise SourceBroken(f"the ERP listed {what} {twice} twice; its answer cannot be trusted, sync again later")
    return rows, tuple(rejected)


def _store(
    plan: SyncPlan,
    what: str,
    before: int,
    after: int,
    rejected: tuple[Rejected, ...],
    write: Callable[[], Change],
) -> Report:
    alarm = queueing.shrink_alarm(before, after, plan.shrink_percent, what)
    if alarm and not plan.accept_shrink:
        return alarmed(what, plan.instance, alarm)
    detail: dict[str, object] = {"rejected": len(rejected)}
    if plan.dry_run:
        return Report(
            what, plan.instance, "dry_run", rejected=rejected, detail={"before": before, "rows": after, **detail}
        )
    return Report(what, plan.instance, change=write(), rejected=rejected, detail=detail)


def decide_queue(plan: SyncPlan, store: Store, now: datetime) -> list[Action]:
    """What the stored bills ask of the queue now; the list is what --dry-run prints."""
    oldest, today = plan.due_span(now)
    debtors = store.catalogue.debtors(plan.instance, oldest, today - timedelta(days=plan.minimum_days))
    return queueing.decide(debtors, store.queue.open_entries(plan.instance))


def build_queue(plan: SyncPlan, store: Store, clock: Clock) -> Report:
    """Bring the queue in line with the stored bills."""

    def work() -> Report:
        before = len(store.queue.open_entries(plan.instance))
        actions = decide_queue(plan, store, clock())
        detail = count_actions(actions)
        if plan.dry_run:
            return Report("queue", plan.instance, "dry_run", detail=detail)
        changed = store.queue.apply(plan.instance, actions, clock())
        after = len(store.queue.open_entries(plan.instance))
        kinds = Counter(type(action) for action in actions)
        change = Change(before, after, kinds[Open], kinds[Refresh], kinds[Close])
        return Report("queue", plan.instance, change=change, detail={**detail, "changed": changed})

    return recorded(store.runs, clock, "queue", plan.instance, work)


def count_actions(actions: list[Action]) -> dict[str, object]:
    """How many of each kind."""
    names = {Open: "open", Refresh: "refresh", Close: "close", Alarm: "alarm"}
    return dict(Counter(names[type(action)] for action in actions))


def sync_all(plan: SyncPlan, source: BillSource, store: Store, clock: Clock, watch: Watcher) -> list[Report]:
    """Clients, bills, queue: each only if the one before it is good; one sync of an instance at a time."""
    return _in_turn(
        plan,
        store,
        lambda: sync_clients(plan, source, store, clock, watch),
        lambda: sync_bills(plan, source, store, clock, watch),
        lambda: build_queue(plan, store, clock),
    )


def sync_bills_and_queue(
    plan: SyncPlan, source: BillSource, store: Store, clock: Clock, watch: Watcher
) -> list[Report]:
    """The hourly part."""
    return _in_turn(
        plan,
        store,
        lambda: sync_bills(plan, source, store, clock, watch),
        lambda: build_queue(plan, store, clock),
    )


def _in_turn(plan: SyncPlan, store: Store, *steps: Callable[[], Report]) -> list[Report]:
    with store.presence.lock(f"collector:sync:{plan.instance}") as mine:
        if not mine:
            return [Report("sync", plan.instance, "failed", error="another sync of this instance is running")]
        reports: list[Report] = []
        for step in steps:
            reports.append(step())
            if reports[-1].status not in ("done", "dry_run"):
                break
        return reports
