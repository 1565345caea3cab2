"""Commands about whom to call: sync and queue."""

from datetime import UTC, datetime
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import typer

from worker import convert
from worker.app import App, utc_now
from worker.commands import live, show
from worker.commands.base import DryRunOption, InstanceOption, JsonOption, app, chosen, settings_of
from worker.errors import CollectorError, UsageError
from worker.jobs import explain, sync
from worker.jobs.history import Report
from worker.ports import Watcher
from worker.settings import Instance

SyncWhat = Literal["all", "clients", "bills", "contracts", "client-types"]


@app.command("sync")
def sync_command(
    ctx: typer.Context,
    what: Annotated[SyncWhat, typer.Argument(help="What to fetch.")] = "all",
    instance: InstanceOption = None,
    dry_run: DryRunOption = False,
    accept_shrink: Annotated[bool, typer.Option(help="Believe a much smaller answer, this once.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Fetch clients and bills from the ERP and bring the queue in line."""
    if what == "contracts":
        raise UsageError("no adapter reads contracts yet; sync clients, bills or client-types")
    reports: list[Report] = []
    with App(settings_of(ctx)) as running, live.progress(quiet=as_json) as watch:
        for one in chosen(running, instance):
            plan = convert.sync_plan(one, dry_run=dry_run, accept_shrink=accept_shrink)
            reports += sync_safely(running, one, plan, what, watch)
    typer.echo(show.reports(reports, as_json))
    if any(report.status not in ("done", "dry_run") for report in reports):
        raise typer.Exit(1)


def sync_safely(
    running: App, instance: Instance, plan: sync.SyncPlan, what: SyncWhat, watch: Watcher
) -> list[Report]:
    """As `sync_one`; an instance that fails does not stop the others."""
    try:
        return sync_one(running, instance, plan, what, watch)
    except CollectorError as error:
        return [Report(what, instance.id, "failed", error=str(error))]


def sync_one(
    running: App, instance: Instance, plan: sync.SyncPlan, what: SyncWhat, watch: Watcher
) -> list[Report]:
    """One instance's part of `collector sync WHAT`."""
    source, store = running.source(instance), running.store
    match what:
        case "clients":
            return [sync.sync_clients(plan, source, store, utc_now, watch)]
        case "bills":
            return sync.sync_bills_and_queue(plan, source, store, utc_now, watch)
        case "client-types":
            return [sync.sync_client_types(plan, source, store, utc_now)]
        case _:
            return sync.sync_all(plan, source, store, utc_now, watch)


@app.command()
def queue(
    ctx: typer.Context,
    explain_number: Annotated[str | None, typer.Option("--explain", help="Why is it (not) called?")] = None,
    at: Annotated[datetime | None, typer.Option(help="As of this time, in the instance's zone.")] = None,
    instance: InstanceOption = None,
    limit: Annotated[int, typer.Option(min=1, max=10000)] = 50,
    as_json: JsonOption = False,
) -> None:
    """Who waits to be called, in order; or every rule for one number."""
    with App(settings_of(ctx)) as running:
        instances = chosen(running, instance)
        zone = ZoneInfo(instances[0].zone)
        now = at.replace(tzinfo=zone).astimezone(UTC) if at else utc_now()
        if explain_number is None:
            rows = [row for one in instances for row in running.store.queue.waiting(one.id, now, limit)]
            typer.echo(show.waiting(rows, as_json))
            return
        rules = {
            one.id: (convert.call_window(one), convert.ledger_rules(one)) for one in running.settings.instances
        }
        found = explain.explain(running.store, explain_number, rules, now)
        typer.echo(show.explained(found, zone, as_json))
