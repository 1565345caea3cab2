"""Side work: the jobs that place no call and end none, by name; service, Celery and `collector run` share them.

Each may be run twice, or again after it was killed half way: a sync of an instance holds `collector:sync:<id>`, a
write-back its own lock, and a note is sent at most once; what callees asked for has one sender at a time.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Protocol

from worker.core.priority import Ranking
from worker.errors import UsageError
from worker.jobs import payments, queue, sync, writeback
from worker.jobs.history import Report
from worker.jobs.payments import PaymentPlan
from worker.jobs.sync import Sync
from worker.ports import ErpActions, Progress, Watcher
from worker.settings import Instance
from worker.store_ports import Store


class Tools(Protocol):
    """All that side work is given of `App`; nothing here can dial."""

    @property
    def store(self) -> Store: ...

    def sync(self, instance: Instance, watch: Watcher) -> Sync: ...

    def actions(self, instance: Instance) -> ErpActions: ...

    def ranking(self, instance: Instance) -> Ranking: ...

    def payments(self, instance: Instance) -> PaymentPlan | None: ...


Job = Callable[[Tools, Instance], list[Report]]


def quiet(_: Progress) -> None:
    """Nobody watches a service."""


def _now() -> datetime:
    return datetime.now(UTC)


def _part(part: Callable[[Sync], list[Report]]) -> Job:
    return lambda tools, instance: part(tools.sync(instance, quiet))


def _contracts(one: Sync) -> list[Report]:
    """Contracts, where the source has them and they are wanted."""
    return sync.sync_contracts(one) if one.wants_contracts else []


def _reorder(tools: Tools, instance: Instance) -> list[Report]:
    return [queue.reorder(instance.id, tools.ranking(instance), tools.store, _now)]


def _write_back(tools: Tools, instance: Instance) -> list[Report]:
    return [writeback.write_back(tools.store, instance.id, lambda: tools.actions(instance), _now)]


def _payments(tools: Tools, instance: Instance) -> list[Report]:
    """Nothing where the instance has no hook: what was asked for while it had one waits until it has one again."""
    plan = tools.payments(instance)
    return payments.send(tools.store, plan, _now) if plan else []


SYNCS: Mapping[str, Job] = MappingProxyType(
    {
        "bills": _part(sync.sync_bills),
        "contracts": _part(_contracts),
        "clients": _part(sync.sync_clients),
        "client_types": _part(sync.sync_client_types),
    }
)
JOBS: Mapping[str, Job] = MappingProxyType(
    {**SYNCS, "write_back": _write_back, "reorder": _reorder, "payments": _payments}
)


def run(job: str, tools: Tools, instance: Instance) -> list[Report]:
    """One job of one instance. UsageError when there is no such side work."""
    if job not in JOBS:
        raise UsageError(f"{job} is no side work; there is: {', '.join(JOBS)}")
    return JOBS[job](tools, instance)


def busy(reports: list[Report]) -> bool:
    """Whether another sync of the instance was under way: nothing was done, and the history is silent."""
    return any(report.job == "sync" for report in reports)
