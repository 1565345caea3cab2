"""What is due when, as data: side work, which may run on Celery, and what the leading service keeps to itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from worker.settings import Instance, Schedule, Weekday

WRITE_BACK_SECONDS = 300
PAYMENTS_SECONDS = 10  # who asked for the line was told "now"
HOUR, DAY = 3600, 86400


@dataclass(frozen=True, slots=True)
class Every:
    seconds: int


@dataclass(frozen=True, slots=True)
class At:
    """Each time a clock in `zone` shows this; None: any hour, any day."""

    zone: str
    minute: int
    hour: int | None = None
    weekday: Weekday | None = None


When = Every | At


@dataclass(frozen=True, slots=True)
class Due:
    """One job of one instance (empty: of all together), and its times."""

    job: str
    instance: str
    when: When
    at_once: bool = False  # also as soon as somebody keeps the times

    @property
    def name(self) -> str:
        return f"{self.job} {self.instance}".rstrip()


def side_work(times: Schedule, instances: Sequence[Instance]) -> list[Due]:
    """All that may run apart from the service: it places no call and ends none. Jobs: `side_jobs.JOBS`."""
    clients = At(times.zone, times.clients_at.minute, times.clients_at.hour)
    types_at = times.client_types_at
    types = At(times.zone, types_at.minute, types_at.hour, times.client_types_weekday)
    plan = []
    for one in instances:
        plan += [
            Due("bills", one.id, Every(60 * times.bills_every_minutes), at_once=True),
            Due("contracts", one.id, Every(60 * times.contracts_every_minutes)),
            Due("clients", one.id, clients),
            Due("client_types", one.id, types),
            Due("write_back", one.id, Every(WRITE_BACK_SECONDS)),
        ]
        if one.payment_hook:
            plan.append(Due("payments", one.id, Every(PAYMENTS_SECONDS)))
        if one.rules.order == "score" or one.rules.best_hour:  # the order of its queue goes by the hour
            plan.append(Due("reorder", one.id, At(one.zone, 0)))
    return plan


def watch_work(times: Schedule) -> list[Due]:
    """What keeps an eye on the calls and what they leave, and so stays with who dials."""
    return [
        Due("reconcile", "", Every(times.reconcile_every_seconds), at_once=True),
        Due("hang_up", "", Every(1), at_once=True),
        Due("watch", "", Every(15), at_once=True),
        Due("count", "", Every(60), at_once=True),
        Due("recordings", "", At(times.zone, 40, 3)),  # each PBX keeps its own
    ]


def next_of_its_kind(when: When) -> int:
    """Seconds after which the same job is due again; one that waited so long for its turn is left out."""
    if isinstance(when, Every):
        return when.seconds
    if when.weekday is not None:
        return 7 * DAY
    return HOUR if when.hour is None else DAY
