"""What sync knows and calls come to, as figures for Prometheus: text exposition, or a list for other programs."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from worker.core import brakes
from worker.core.brakes import Brake, BrakeKind, CallCount, add_up
from worker.core.enums import Access, Stage
from worker.core.records import AlarmRow, Answer, JobRun
from worker.core.standing import StageSum

KINDS: Final = ("clients", "contracts", "bills")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one instance; what was never fetched is left out, so that a zero is a zero."""

    instance: str
    alarms: Sequence[AlarmRow] = ()  # of this instance, those nobody has acknowledged
    answers: Mapping[str, Answer] = field(default_factory=dict)  # by kind
    stages: Mapping[Stage, StageSum] = field(default_factory=dict)
    blocked: Mapping[Access, int] = field(default_factory=dict)
    runs: Mapping[str, Sequence[JobRun]] = field(default_factory=dict)  # by job, newest first
    brakes: Sequence[Brake] = ()  # those that hold it now
    counts: Sequence[CallCount] = ()  # its calls of this month
    today: date | None = None  # None: calls are not told


@dataclass(frozen=True, slots=True)
class Family:
    """Figures of one name."""

    name: str
    says: str
    labels: tuple[str, ...]


ALARMS: Final = Family("collector_alarms_open", "Alarms that nobody has acknowledged.", ("instance", "kind"))
AGE: Final = Family(
    "collector_answer_age_seconds", "Since the last complete answer of the ERP was stored.", ("instance", "kind")
)
ROWS: Final = Family("collector_answer_rows", "Rows of the last complete answer.", ("instance", "kind"))
APPLYING: Final = Family(
    "collector_answer_applying", "1 while a newer answer is being stored, or was left half stored.", AGE.labels
)
BILLS: Final = Family("collector_bills", "Open bills by where they stand today.", ("instance", "stage"))
REAIS: Final = Family("collector_bills_total_reais", "What open bills come to.", ("instance", "stage"))
BLOCKED: Final = Family("collector_contracts_blocked", "Contracts whose line is blocked.", ("instance", "access"))
SUCCESS: Final = Family(
    "collector_job_last_success_timestamp",
    "When the job last ended well, in seconds since 1970.",
    ("instance", "job"),
)
FAILED: Final = Family(
    "collector_job_failed", "1 when the last run that ended had failed or raised an alarm.", ("instance", "job")
)
REJECTED: Final = Family(
    "collector_rejected_rows",
    "Rows and numbers of the last good run that could not be used.",
    (*SUCCESS.labels, "kind"),
)
PAUSED: Final = Family("collector_paused", "1 while a brake of this kind holds dialling back.", ALARMS.labels)
CALLS: Final = Family("collector_calls_today", "Calls that ended today.", ("instance", "trunk", "caller_id"))
SHORT: Final = Family("collector_short_calls_today", "Of them, short ones as Anatel counts.", CALLS.labels)
MONTH: Final = Family("collector_calls_month", "Calls that ended this month.", CALLS.labels)
FAMILIES: Final = (
    ALARMS, AGE, ROWS, APPLYING, BILLS, REAIS, BLOCKED, SUCCESS, FAILED, REJECTED, PAUSED, CALLS, SHORT, MONTH,
)  # fmt: skip

Sample = tuple[Family, tuple[str, ...], float]  # with its label values, in the order of the family's labels


def exposition(facts: Sequence[Facts], now: datetime) -> str:
    """Text for Prometheus. Values of labels are escaped by its own library."""
    registry = CollectorRegistry()
    gauges = {family: Gauge(family.name, family.says, family.labels, registry=registry) for family in FAMILIES}
    for family, labels, value in _samples(facts, now):
        gauges[family].labels(*labels).set(value)
    return generate_latest(registry).decode()


def listing(facts: Sequence[Facts], now: datetime) -> str:
    """The same samples as one JSON list."""
    return json.dumps(
        [
            {"name": family.name, "labels": dict(zip(family.labels, labels, strict=True)), "value": value}
            for family, labels, value in _samples(facts, now)
        ],
        ensure_ascii=False,
    )


def _samples(facts: Sequence[Facts], now: datetime) -> Iterator[Sample]:
    for one in facts:
        yield from _stored(one, now)
        yield from _standing(one)
        yield from _calls(one)
        for job, runs in one.runs.items():
            yield from _job(one.instance, job, runs)


def _stored(one: Facts, now: datetime) -> Iterator[Sample]:
    for kind in (*KINDS, *brakes.ALARMS):
        yield (
            ALARMS,
            (one.instance, kind),
            float(sum(brakes.kind_of_alarm(alarm.kind) == kind for alarm in one.alarms)),
        )
    for kind, answer in one.answers.items():
        yield AGE, (one.instance, kind), max(0.0, (now - answer.complete_at).total_seconds())
        yield ROWS, (one.instance, kind), float(answer.rows)
        yield APPLYING, (one.instance, kind), float(answer.applying)


def _standing(one: Facts) -> Iterator[Sample]:
    for stage, sums in one.stages.items():
        yield BILLS, (one.instance, stage.value), float(sums.bills)
        yield REAIS, (one.instance, stage.value), float(sums.total)
    for access, count in one.blocked.items():
        yield BLOCKED, (one.instance, access.value), float(count)


def _calls(one: Facts) -> Iterator[Sample]:
    """Pauses, and calls by trunk and caller id."""
    for kind in BrakeKind:
        yield PAUSED, (one.instance, kind.value), float(any(brake.kind is kind for brake in one.brakes))
    if one.today is None:
        return
    for trunk, caller_id in sorted({(row.trunk, row.caller_id) for row in one.counts}):
        rows = [row for row in one.counts if (row.trunk, row.caller_id) == (trunk, caller_id)]
        today, labels = add_up(row for row in rows if row.day == one.today), (one.instance, trunk, caller_id)
        yield CALLS, labels, float(today.calls)
        yield SHORT, labels, float(today.short_calls)
        yield MONTH, labels, float(add_up(rows).calls)


def _job(instance: str, job: str, runs: Sequence[JobRun]) -> Iterator[Sample]:
    """Of runs that have ended in earnest: one under way says nothing yet, and a dry run never does."""
    ended = [run for run in runs if run.finished_at and run.status != "dry_run"]
    if ended:
        yield FAILED, (instance, job), float(ended[0].status != "done")
    good = next((run for run in ended if run.status == "done"), None)
    if good and good.finished_at:
        yield SUCCESS, (instance, job), good.finished_at.timestamp()
        for kind, count in rejected_by_kind(good.detail).items():
            yield REJECTED, (instance, job, kind), float(count)


def rejected_by_kind(detail: str) -> dict[str, int]:
    """From a run's detail: how many rows of each kind could not be used."""
    told = json.loads(detail or "{}")
    start = "rejected_"
    return {
        key.removeprefix(start): count
        for key, count in told.items()
        if key.startswith(start) and isinstance(count, int)
    }
