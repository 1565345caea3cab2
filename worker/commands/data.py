"""Commands about whom to call: sync and queue."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from worker.app import App, utc_now
from worker.commands import live, show, show_explain, show_sync
from worker.commands.base import DryRunOption, InstanceOption, JsonOption, app, chosen, settings_of
from worker.commands.explain import explained
from worker.errors import CollectorError
from worker.jobs import sync
from worker.jobs.history import Report
from worker.jobs.sync import Sync
from worker.ports import Watcher
from worker.settings import Instance

SyncWhat = Literal["all", "clients", "bills", "contracts", "client-types"]
PARTS: dict[SyncWhat, Callable[[Sync], list[Report]]] = {
    "all": sync.sync_all,
    "clients": sync.sync_clients,
    "bills": sync.sync_bills,
    "contracts": sync.sync_contracts,
    "client-types": sync.sync_client_types,
}


@app.command("sync")
def sync_command(
    ctx: typer.Context,
    what: Annotated[SyncWhat, typer.Argument(help="What to fetch.")] = "all",
    instance: InstanceOption = None,
    dry_run: DryRunOption = False,
    accept_shrink: Annotated[bool, typer.Option(help="Believe a much smaller answer, this once.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch from the ERP and bring the queue in line; several instances side by side."""
    settings = settings_of(ctx)
    with App(settings) as running, live.progress(quiet=as_json) as watch:
        instances = chosen(running, instance)
        _ = running.database  # opened once, before the threads want it
        with ThreadPoolExecutor(min(settings.schedule.parallel_syncs, len(instances)) or 1) as side_by_side:
            reports = side_by_side.map(
                lambda one: sync_safely(running, one, what, watch, dry_run=dry_run, accept_shrink=accept_shrink),
                instances,
            )
            done = [report for each in reports for report in each]
    typer.echo(show_sync.reports(done, as_json))
    if any(report.status not in ("done", "dry_run") for report in done):
        raise typer.Exit(1)


def sync_safely(
    running: App,
    instance: Instance,
    what: SyncWhat,
    watch: Watcher,
    *,
    dry_run: bool = False,
    accept_shrink: bool = False,
) -> list[Report]:
    """One instance's part of `collector sync WHAT`; one that fails does not stop the others."""
    try:
        return PARTS[what](running.sync(instance, watch, dry_run=dry_run, accept_shrink=accept_shrink))
    except CollectorError as error:
        return [Report(what, instance.id, "failed", error=str(error))]


@app.command()
def queue(
    ctx: typer.Context,
    explain_number: Annotated[
        str | None, typer.Option("--explain", metavar="NUMBER|CLIENT", help="Why is it (not) called?")
    ] = None,
    at: Annotated[datetime | None, typer.Option(help="As of this time, in the instance's zone.")] = None,
    instance: InstanceOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10000)] = 50,
    as_json: JsonOption = False,
) -> None:
    """Who waits to be called, in order; or every rule for one number or client, now or at another time."""
    with App(settings_of(ctx)) as running:
        instances = chosen(running, instance)
        zone = ZoneInfo(instances[0].zone)
        now = at.replace(tzinfo=zone).astimezone(UTC) if at else utc_now()
        if explain_number is None:
            rows = [row for one in instances for row in running.store.queue.waiting(one.id, now, limit)]
            typer.echo(show.waiting(rows, as_json))
            return
        found = explained(running, instances, explain_number, at, utc_now())
        typer.echo(show_explain.explained(found, zone, as_json))
