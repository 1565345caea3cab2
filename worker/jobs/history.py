"""The job history: every run is written down before it starts and when it ends, whatever happens in between."""

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from worker.core.billing import Step
from worker.core.model import Alarm, Rejected
from worker.core.records import Change
from worker.errors import CollectorError
from worker.ports import Clock
from worker.running_ports import Runs

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """What one run of a job did; printed by the command line and kept in the history."""

    job: str
    instance: str
    status: str = "done"  # done | failed | alarm | dry_run
    change: Change | None = None
    rejected: tuple[Rejected, ...] = ()
    error: str = ""  # one sentence when failed or alarmed
    detail: dict[str, object] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()  # of a dry run, the first of them


def recorded(runs: Runs, clock: Clock, job: str, instance: str, work: Callable[[], Report]) -> Report:
    """Run `work` between two entries of the history.

    A CollectorError becomes a failed Report with its sentence; anything else is written down as failed and raised,
    because it is a defect of ours.
    """
    run_id = runs.start(job, instance, clock())
    try:
        report = work()
    except CollectorError as error:
        report = Report(job, instance, "failed", error=str(error))
    except BaseException as error:
        runs.finish(run_id, clock(), "failed", error=f"defect: {type(error).__name__}: {error}")
        raise
    if report.rejected:
        runs.add_rejected(run_id, report.rejected)
    runs.finish(run_id, clock(), report.status, change=report.change, error=report.error, detail=report.detail)
    counts = {"before": report.change.before, "after": report.change.after} if report.change else {}
    _say(report)(
        "job", job=job, instance=instance, status=report.status, error=report.error, **counts, **report.detail
    )
    return report


def _say(report: Report) -> Callable[..., object]:
    """A run that changed nothing is worth a line only to who looks closely: reconciliation runs every minute."""
    if report.status != "done":
        return log.warning  # type: ignore[no-any-return]  # structlog's loggers are dynamic
    change = report.change
    idle = change is not None and not (change.added or change.updated or change.removed)
    return log.debug if idle else log.info  # type: ignore[no-any-return]  # the same


def alarmed(job: str, instance: str, alarm: Alarm) -> Report:
    """A run that closed nothing because its figures cannot be trusted."""
    return Report(job, instance, "alarm", error=alarm.reason)
