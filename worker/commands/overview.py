"""Commands about what was fetched: alarms, bills, blocked contracts, unusable rows, odd numbers, metrics."""

import getpass
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from worker.app import App, utc_now
from worker.commands import show_sync
from worker.commands.base import InstanceOption, JsonOption, app, chosen, local_day, settings_of
from worker.commands.show_sync import ClientBills
from worker.core.brakes import holding
from worker.core.enums import Access, Stage
from worker.core.records import JobRun
from worker.core.standing import StageSum, days_overdue, stage, standing, summarise
from worker.errors import UsageError
from worker.jobs import sync
from worker.report import metrics as report_metrics
from worker.settings import Instance

RUNS_SEEN = 20  # of a job, for its last success; one that failed oftener in a row has none to show
LimitOption = Annotated[int, typer.Option(min=1, max=100000)]


def _stages(running: App, instance: Instance, today: date) -> dict[Stage, StageSum]:
    rules = instance.rules
    rows = running.store.overview.standings(instance.id)
    return summarise(rows, today, rules.minimum_days_to_charge, rules.due_soon_days)


@app.command()
def alarms(
    ctx: typer.Context,
    acknowledge: Annotated[int | None, typer.Option(help="Somebody has seen to this alarm.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Acknowledged ones too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Answers of the ERP that were not believed; each is shown until it is acknowledged."""
    with App(settings_of(ctx)) as running:
        if acknowledge is not None and not running.store.alarms.acknowledge(
            acknowledge, getpass.getuser(), utc_now()
        ):
            raise UsageError(f"there is no alarm {acknowledge} left to acknowledge")
        rows = running.store.alarms.listing(everything=everything)
        zone = ZoneInfo(running.settings.schedule.zone)
    typer.echo(show_sync.alarms(rows, zone, as_json))


@app.command()
def bills(
    ctx: typer.Context,
    client: Annotated[str | None, typer.Option("--client", help="One client's bills, each by itself.")] = None,
    instance: InstanceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open bills by where they stand: due soon, overdue up to the minimum, and to be charged."""
    with App(settings_of(ctx)) as running:
        if client is not None:
            found = [
                _standing(running, one, client, local_day(one, utc_now())) for one in chosen(running, instance)
            ]
            typer.echo(show_sync.client_bills(found, as_json))
            return
        sums = {one.id: _stages(running, one, local_day(one, utc_now())) for one in chosen(running, instance)}
    typer.echo(show_sync.standings(sums, as_json))


@app.command()
def blocked(ctx: typer.Context, instance: InstanceOption = None, as_json: JsonOption = False) -> None:
    """Blocked contracts with the client, the oldest overdue bill and the numbers to ring by hand."""
    with App(settings_of(ctx)) as running:
        rows = [
            (one.id, row)
            for one in chosen(running, instance)
            for row in running.store.overview.blocked(one.id, local_day(one, utc_now()))
        ]
    typer.echo(show_sync.blocked(rows, as_json))


def _standing(running: App, instance: Instance, client_id: str, today: date) -> ClientBills:
    rules = instance.rules
    days = (today, rules.minimum_days_to_charge, rules.due_soon_days)
    owed = running.store.overview.open_bills(instance.id, client_id)
    each = [(bill, days_overdue(bill.due_date, today), stage(bill.due_date, *days)) for bill in owed]
    return ClientBills(instance.id, client_id, standing(owed, *days), each)


def _last_read(runs: Sequence[JobRun]) -> Iterator[JobRun]:
    """The newest that read a whole answer, if any: of one that failed nothing is known about rows."""
    return islice((run for run in runs if run.status in ("done", "dry_run")), 1)


@app.command()
def rejected(
    ctx: typer.Context,
    instance: InstanceOption = None,
    limit: LimitOption = 200,
    as_json: JsonOption = False,
) -> None:
    """Rows and numbers of the last good sync that could not be used, each with the reason."""
    with App(settings_of(ctx)) as running:
        runs = running.store.runs
        rows = [
            (one.id, job, row)
            for one in chosen(running, instance)
            for job in report_metrics.KINDS
            for run in _last_read(runs.latest(RUNS_SEEN, job, one.id))
            for row in runs.rejected(run.run_id, limit)
        ]
    typer.echo(show_sync.rejected(rows, as_json))


@app.command()
def numbers(
    ctx: typer.Context,
    shared: Annotated[bool, typer.Option("--shared", help="Only those of several clients.")] = False,
    repaired: Annotated[bool, typer.Option("--repaired", help="Only those with a ninth digit put in.")] = False,
    instance: InstanceOption = None,
    limit: LimitOption = 200,
    as_json: JsonOption = False,
) -> None:
    """Telephone numbers that several clients share or that were repaired."""
    with App(settings_of(ctx)) as running:
        rows = [
            (one.id, row)
            for one in chosen(running, instance)
            for row in running.store.overview.numbers(one.id, shared=shared, repaired=repaired, limit=limit)
        ]
    typer.echo(show_sync.numbers(rows, as_json))


@app.command()
def metrics(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """What sync and calls come to, as figures: Prometheus text for a node exporter's textfile folder, or JSON."""
    now = utc_now()
    with App(settings_of(ctx)) as running:
        facts = [_facts(running, one, local_day(one, now)) for one in chosen(running, None)]
    if as_json:
        typer.echo(report_metrics.listing(facts, now))
    else:
        typer.echo(report_metrics.exposition(facts, now), nl=False)


def _facts(running: App, instance: Instance, today: date) -> report_metrics.Facts:
    store, name = running.store, instance.id
    now = utc_now()
    here = now.astimezone(ZoneInfo(running.settings.schedule.zone)).date()  # calls are counted by this day
    answers = {kind: found for kind in report_metrics.KINDS if (found := store.overview.answer(name, kind))}
    blocked: dict[Access, int] = {}
    if "contracts" in answers:
        counted = Counter(row.contract.access for row in store.overview.blocked(name, today))
        blocked = {access: counted[access] for access in Access if access.is_blocked}
    return report_metrics.Facts(
        instance=name,
        alarms=[alarm for alarm in store.alarms.listing() if alarm.instance == name],
        answers=answers,
        stages=_stages(running, instance, today) if "bills" in answers else {},
        blocked=blocked,
        runs={job: store.runs.latest(RUNS_SEEN, job, name) for job in sync.JOBS},
        brakes=holding(store.brakes.listing(), name, now),
        counts=[row for row in store.counts.between(here.replace(day=1), here) if row.instance == name],
        today=here,
    )
