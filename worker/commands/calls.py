"""Commands about calling: dial, run, service, handler, outcomes, report."""

from datetime import UTC, date, datetime, timedelta
from datetime import time as daytime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from worker import side_jobs
from worker.app import App, utc_now
from worker.commands import dry_run as dry_run_of
from worker.commands import foreground, show, show_sync
from worker.commands.base import (
    DryRunOption,
    InstanceOption,
    JsonOption,
    app,
    chosen,
    dialled_here,
    settings_of,
)
from worker.commands.data import SyncWhat, sync_safely
from worker.commands.recordings import tape_of
from worker.errors import UsageError
from worker.jobs import dial as dialling
from worker.jobs.history import Report
from worker.report import figures as report_figures
from worker.report import render as report_render
from worker.service import Service, run_reconcile, run_recordings
from worker.settings import Instance
from worker.side_jobs import quiet

JobName = Literal[
    "clients",
    "bills",
    "client_types",
    "blocked_contracts",
    "dialer",
    "reconcile",
    "reorder",
    "write_back",
    "payments",
    "reports",
    "recordings",
]
ReportFormat = Literal["table", "csv", "json", "md", "html"]
SYNC_OF: dict[str, SyncWhat] = {
    "clients": "clients",
    "bills": "bills",
    "client_types": "client-types",
    "blocked_contracts": "contracts",
}
DayOption = Annotated[datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="Default: today.")]
DebugOption = Annotated[
    bool, typer.Option("--debug", help="Call dialling.test_numbers at any hour; all others as ever.")
]


@app.command()
def dial(
    ctx: typer.Context,
    instance: InstanceOption = None,
    once: Annotated[bool, typer.Option("--once", help="One step only, then stop.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="So many calls of each instance, then stop.")] = None,
    dry_run: DryRunOption = False,
    debug: DebugOption = False,
    as_json: JsonOption = False,
) -> None:
    """Dial inside the window until nobody is left or Ctrl-C."""
    with App(settings_of(ctx), debug=debug) as running:
        instances = dialled_here(running, instance)
        if debug and not any(one.dialling.test_numbers for one in instances):
            raise UsageError("--debug calls dialling.test_numbers, which is empty; name some, or leave it out")
        _ = running.law  # read before any thread wants it: when it cannot be, nobody is called
        if dry_run:
            typer.echo(dry_run_of.shown(dry_run_of.would_dial(running, instances), as_json))
            return
        if once:
            _one_step(running, instances, as_json)
            return
        parts = foreground.run(running, instances, limit, quiet=as_json)
    typer.echo(show.dialled(parts, as_json))
    if any(part.dialled == 0 and part.why_not for part in parts):
        raise typer.Exit(1)


def _one_step(running: App, instances: list[Instance], as_json: bool) -> None:
    """Exit code 1 when nobody may be dialled at all."""
    results = [(one.id, _step(running, one)) for one in instances]
    typer.echo(show.steps(results, as_json))
    if all(done.why_not for _, done in results):
        raise typer.Exit(1)


def _step(running: App, one: Instance) -> dialling.Step:
    plan = running.dial_plan(one)
    return dialling.step(plan, running.store, running.dialler(one), utc_now, plan.channels)


@app.command("run")
def run_job(
    ctx: typer.Context,
    job: Annotated[JobName, typer.Argument(help="The job, by its old name.")],
    instance: InstanceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run one job of the service now."""
    with App(settings_of(ctx)) as running:
        if job == "reports":
            typer.echo(_report(running, None, instance, "table", full_numbers=False))
            return
        if job == "dialer":
            _one_step(running, dialled_here(running, instance), as_json)
            return
        reports = _run(running, job, chosen(running, instance))
    typer.echo(show_sync.reports(reports, as_json))
    if any(report.status != "done" for report in reports):
        raise typer.Exit(1)


def _run(running: App, job: JobName, instances: list[Instance]) -> list[Report]:
    if job == "reconcile":
        return [run_reconcile(running)]
    if job == "recordings":
        return [run_recordings(running)]
    if job in ("reorder", "write_back", "payments"):
        return [report for one in instances for report in side_jobs.run(job, running, one)]
    return [report for one in instances for report in sync_safely(running, one, SYNC_OF[job], quiet)]


@app.command()
def service(ctx: typer.Context) -> None:
    """The worker, unattended: syncs, dials inside the window, reconciles; SIGTERM stops it cleanly."""
    with App(settings_of(ctx)) as running:
        _ = running.law  # as for `dial`
        Service(running).run()


@app.command()
def handler(ctx: typer.Context) -> None:
    """The call side: FastAGI server and Stasis app. SIGTERM lets calls end, then stops."""
    from agi.service import HandlerService  # noqa: PLC0415  # the call side loads only where it runs

    with App(settings_of(ctx)) as running:
        HandlerService(running).run()


@app.command()
def outcomes(
    ctx: typer.Context,
    day: DayOption = None,
    instance: InstanceOption = None,
    limit: Annotated[int, typer.Option(min=1, max=100000)] = 50,
    full_numbers: Annotated[bool, typer.Option(help="Whole telephone numbers.")] = False,
    as_json: JsonOption = False,
) -> None:
    """How calls ended, newest first, and whether each has found its CDR row."""
    with App(settings_of(ctx)) as running:
        zone = ZoneInfo(running.settings.schedule.zone)
        start, end = _day(day, zone)
        chosen(running, instance)
        rows = running.store.outcomes.listing(start, end, instance, limit)
        tapes = {row.outcome.attempt_id: tape_of(running, row.outcome) for row in rows}
    typer.echo(show.outcomes(rows, zone, tapes, json_wanted=as_json, full_numbers=full_numbers))


@app.command()
def report(
    ctx: typer.Context,
    day: DayOption = None,
    instance: InstanceOption = None,
    fmt: Annotated[ReportFormat, typer.Option("--format", "-f")] = "table",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
    full_numbers: Annotated[bool, typer.Option(help="Whole telephone numbers.")] = False,
) -> None:
    """The day's calls in figures, for the team."""
    with App(settings_of(ctx)) as running:
        chosen(running, instance)
        text = _report(running, day, instance, fmt, full_numbers=full_numbers)
    if output is None:
        typer.echo(text)
    else:
        try:
            output.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{output} cannot be written: {error.strerror}; choose another --output") from None
        typer.echo(f"{output} written")


def _report(
    running: App, day: datetime | None, instance: str | None, fmt: ReportFormat, *, full_numbers: bool
) -> str:
    zone = ZoneInfo(running.settings.schedule.zone)
    start, end = _day(day, zone)
    return report_render.render(
        report_figures.figures(running.store.outcomes.tally(start, end, instance)),
        running.store.outcomes.listing(start, end, instance),
        title="Relatório de cobrança por telefone",
        day=start.astimezone(zone).date(),
        zone=zone,
        fmt=fmt,
        full_numbers=full_numbers,
        width=show.width(),
    )


def _day(day: datetime | None, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """A local day as UTC instants, the end excluded."""
    local: date = day.date() if day else utc_now().astimezone(zone).date()
    start = datetime.combine(local, daytime(), zone)
    return start.astimezone(UTC), datetime.combine(local + timedelta(days=1), daytime(), zone).astimezone(UTC)
