"""Command `side`: side work on Celery, where `schedule.runner` says so."""

import os
from typing import Annotated, Any

import typer

from worker import schedule, side_jobs
from worker.app import App, process_name, utc_now
from worker.commands.base import app, settings_of
from worker.errors import UsageError
from worker.jobs.history import Report
from worker.settings import Settings
from worker.side_lease import Lease

ABSENT = (
    "Celery is not installed here: run ./install.sh pbx again with schedule.runner: celery in the configuration, "
    "or install requirements-celery.lock into this environment"
)


@app.command()
def side(
    ctx: typer.Context,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=50, help="Jobs at once; default: schedule.parallel_syncs.")
    ] = None,
) -> None:
    """Side work on Celery, unattended: syncs, write-back, reordering; SIGTERM lets running jobs end."""
    settings = settings_of(ctx)
    times = settings.schedule
    if times.runner != "celery" or times.broker is None:
        raise UsageError("schedule.runner is scheduler: the service does side work itself; set it to celery first")
    celery, beat = _celery()
    with App(settings) as running:
        running.database.check()
        plan = schedule.side_work(times, running.instances())
    made = celery.make(
        times.broker.get_secret_value(), plan, times.zone, times.longest_job_seconds, _runner(settings)
    )
    at_once = [due.name for due in plan if due.at_once]
    raise typer.Exit(celery.work(made, concurrency or times.parallel_syncs, beat.beat(_lease(settings), at_once)))


def _celery() -> tuple[Any, Any]:
    """Imported only here: nobody else needs Celery installed."""
    try:
        from worker import side as celery_side  # noqa: PLC0415  # see above
        from worker import side_beat  # noqa: PLC0415  # see above
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in ("celery", "kombu"):
            raise
        raise UsageError(ABSENT) from None
    return celery_side, side_beat


def _runner(settings: Settings) -> Any:
    """Opens all anew for each job: the processes of a pool share nothing."""

    def run(job: str, instance: str) -> list[Report]:
        with App(settings) as running:
            known = {one.id: one for one in running.instances()}
            if instance not in known:
                raise UsageError(f"there is no instance {instance} any more")
            return side_jobs.run(job, running, known[instance])

    return run


def _lease(settings: Settings) -> Any:
    return lambda: Lease(App(settings).store.presence, process_name(), os.getpid(), utc_now)
