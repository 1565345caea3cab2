"""Sync: a complete answer of the ERP replaces what we knew; an incomplete or suspicious one changes nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from worker.core.model import Client
from worker.core.naming import fold, proper
from worker.core.priority import Ranking
from worker.core.queueing import Charge
from worker.errors import SourceLacks
from worker.jobs import queue
from worker.jobs.answers import Answer, Doubt, ask_fates, take_in
from worker.jobs.history import Report, recorded
from worker.ports import BillSource, Can, Clock, Watcher
from worker.store_ports import Store


def _as_is(client: Client) -> Client:
    return client


@dataclass(frozen=True, slots=True)
class SyncPlan:
    """One instance's part of a sync."""

    instance: str
    zone: ZoneInfo
    minimum_days: int  # bills overdue by fewer days are not charged
    maximum_days: int
    shrink_percent: int
    due_soon_days: int = 0  # bills falling due so soon are fetched as well
    leave_out_types: frozenset[str] = field(default_factory=frozenset)  # ids or names of client types, folded
    read_contracts: bool = True
    ranking: Ranking = field(default_factory=Ranking)
    normalise: Callable[[Client], Client] = _as_is
    type_name: Callable[[str], str] = proper
    dry_run: bool = False
    accept_shrink: bool = False  # an administrator has looked and says the smaller answer is right

    def due_span(self, now: datetime) -> tuple[date, date]:
        """Due days of the bills to fetch, both included: from the oldest charged to those due soon."""
        today = self.today(now)
        return today - timedelta(days=self.maximum_days), today + timedelta(days=self.due_soon_days)

    def charged_span(self, now: datetime) -> tuple[date, date]:
        """Due days of the bills people are called for, both included."""
        today = self.today(now)
        return today - timedelta(days=self.maximum_days), today - timedelta(days=self.minimum_days)

    def today(self, now: datetime) -> date:
        return now.astimezone(self.zone).date()

    @property
    def doubt(self) -> Doubt:
        return Doubt(self.shrink_percent, self.accept_shrink, self.dry_run)


@dataclass(frozen=True, slots=True)
class Sync:
    """Everything one sync of one instance works with."""

    plan: SyncPlan
    source: BillSource
    store: Store
    clock: Clock
    watch: Watcher

    @property
    def wants_contracts(self) -> bool:
        return self.plan.read_contracts and Can.CONTRACTS in self.source.can

    def record(self, job: str, work: Callable[[], Report]) -> Report:
        return recorded(self.store.runs, self.clock, job, self.plan.instance, work)


def fetch_clients(sync: Sync) -> Report:
    """Active clients with their telephone numbers; those of types left out are not stored."""
    plan, store = sync.plan, sync.store

    def work() -> Report:
        left_out = _types_left_out(plan, store)

        def accept(clients: Sequence[Client]) -> list[Client]:
            return [plan.normalise(one) for one in clients if one.client_type not in left_out]

        answer = Answer("clients", plan.instance, sync.source.clients(), accept)
        with store.catalogue.clients_in(plan.instance) as intake:
            return take_in(answer, intake, plan.doubt, store, sync.clock, sync.watch)

    return sync.record("clients", work)


def fetch_bills(sync: Sync) -> Report:
    """Open bills; those no longer in a complete answer are closed, with what the ERP says became of them."""
    plan, store = sync.plan, sync.store

    def work() -> Report:
        span = plan.due_span(sync.clock())
        answer = Answer(
            "bills",
            plan.instance,
            sync.source.bills(*span),
            fates=lambda gone: ask_fates(sync.source, gone, *span),
        )
        with store.catalogue.bills_in(plan.instance) as intake:
            return take_in(answer, intake, plan.doubt, store, sync.clock, sync.watch)

    return sync.record("bills", work)


def fetch_contracts(sync: Sync) -> Report:
    """Contracts with their access, and until when somebody wants no notices."""
    plan, store = sync.plan, sync.store

    def work() -> Report:
        answer = Answer("contracts", plan.instance, sync.source.contracts())
        with store.catalogue.contracts_in(plan.instance) as intake:
            return take_in(answer, intake, plan.doubt, store, sync.clock, sync.watch)

    return sync.record("contracts", work)


def fetch_client_types(sync: Sync) -> Report:
    """Id and name of each type of client."""
    plan, store = sync.plan, sync.store

    def work() -> Report:
        types = [(item.type_id, plan.type_name(item.name)) for item in sync.source.client_types()]
        if plan.dry_run:
            return Report("client_types", plan.instance, "dry_run", detail={"rows": len(types)})
        change = store.catalogue.replace_client_types(plan.instance, types, sync.clock())
        return Report("client_types", plan.instance, change=change)

    return sync.record("client_types", work)


def _types_left_out(plan: SyncPlan, store: Store) -> set[str]:
    """Ids of the types whose id or name the settings leave out. SourceLacks when a name stands for no type."""
    if not plan.leave_out_types:
        return set()
    known = store.overview.client_types(plan.instance)
    found = {key for key, name in known.items() if plan.leave_out_types & {fold(key), fold(name)}}
    told = {fold(key) for key in found} | {fold(known[key]) for key in found}
    if unknown := sorted(plan.leave_out_types - told):
        raise SourceLacks(
            f"clients.leave_out_types names {', '.join(unknown)}, which is no client type of {plan.instance}: "
            "run `collector sync client-types`, then correct the name"
        )
    return found


# --- the queue ---------------------------------------------------------------------------------------


def build_queue(sync: Sync) -> Report:
    """Bring the queue in line with the stored bills."""
    plan = sync.plan

    def work() -> Report:
        _check_contracts_known(sync)
        now = sync.clock()
        charge = Charge(*plan.charged_span(now), plan.today(now), plan.ranking)
        return queue.build(plan.instance, charge, sync.store, sync.clock, sync.watch)

    return sync.record("queue", work)


def _check_contracts_known(sync: Sync) -> None:
    """Who wants no notices stands in the contracts: without ever having read them nobody is put in the queue."""
    if sync.wants_contracts and sync.store.overview.answer(sync.plan.instance, "contracts") is None:
        raise SourceLacks(
            f"the contracts of {sync.plan.instance} have never been read, so who wants no notices is not known: "
            "give the ERP's user access to contracts, or set rules.read_contracts: false"
        )


# --- in turn -----------------------------------------------------------------------------------------

JOBS = ("client_types", "clients", "contracts", "bills", "queue")


def sync_all(sync: Sync) -> list[Report]:
    """Everything, in the order in which one needs the other."""
    return _in_turn(sync, *_types(sync), fetch_clients, *_contracts(sync), fetch_bills, build_queue)


def sync_clients(sync: Sync) -> list[Report]:
    """The daily part."""
    return _in_turn(sync, *_types(sync), fetch_clients)


def sync_bills(sync: Sync) -> list[Report]:
    """The hourly part: bills and queue; the rest as well where it was never fetched: a bill needs its client."""
    known = {kind: sync.store.overview.answer(sync.plan.instance, kind) for kind in ("clients", "contracts")}
    clients = () if known["clients"] else (*_types(sync), fetch_clients)
    contracts = () if known["contracts"] else _contracts(sync)
    return _in_turn(sync, *clients, *contracts, fetch_bills, build_queue)


def sync_contracts(sync: Sync) -> list[Report]:
    """Contracts and, for who wants no notices, the queue. Raises SourceLacks where the source has no contracts."""
    return _in_turn(sync, fetch_contracts, build_queue)


def sync_client_types(sync: Sync) -> list[Report]:
    """The weekly part."""
    return _in_turn(sync, fetch_client_types)


Part = Callable[[Sync], Report]


def _types(sync: Sync) -> tuple[Part, ...]:
    """The types too, while clients are left out by type and none is known."""
    wanted = sync.plan.leave_out_types and not sync.store.overview.client_types(sync.plan.instance)
    return (fetch_client_types,) if wanted else ()


def _contracts(sync: Sync) -> tuple[Part, ...]:
    return (fetch_contracts,) if sync.wants_contracts else ()


def _in_turn(sync: Sync, *parts: Part) -> list[Report]:
    """One sync of an instance at a time; each part only if the one before it is good.

    Contracts alone may fail: what was known of them stays, and the queue looks after itself.
    """
    plan, store = sync.plan, sync.store
    with store.presence.lock(f"collector:sync:{plan.instance}") as mine:
        if not mine:
            return [Report("sync", plan.instance, "failed", error="another sync of this instance is running")]
        store.runs.give_up(JOBS, plan.instance, sync.clock())
        reports: list[Report] = []
        for part in parts:
            if plan.dry_run and part is build_queue:
                continue  # it would decide from the bills stored, not from those just fetched
            reports.append(part(sync))
            if reports[-1].status not in ("done", "dry_run") and part is not fetch_contracts:
                break
        return reports
