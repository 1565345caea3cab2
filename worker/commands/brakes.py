"""Commands that hold dialling back and let it go, and the counts of calls against Anatel's lines."""

import getpass
import re
import socket
import time
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from worker import convert
from worker.app import App, utc_now
from worker.commands import show
from worker.commands.base import InstanceOption, JsonOption, app, chosen, settings_of
from worker.core.brakes import (
    ALL,
    NETWORK_AVERAGE,
    Brake,
    BrakeKind,
    BrakeRules,
    CallCount,
    Sum,
    add_up,
    by_provider,
    holding,
    told,
)
from worker.errors import UsageError
from worker.jobs import brakes as braking
from worker.settings import Instance

PASSES = 3  # of hanging up, a second apart: a batch that was being put on the line rings a moment later
COLUMNS = ("what", "calls", "of", "answered", "short", "short ratio", "line")


@app.command()
def pause(
    ctx: typer.Context,
    reason: Annotated[str, typer.Option(help="Why; shown wherever somebody asks why nobody is called.")],
    instance: InstanceOption = None,
    hang_up: Annotated[bool, typer.Option("--hang-up", help="End calls in flight now.")] = False,
) -> None:
    """Stop dialling, all instances or one, until `collector resume`; calls in flight end by themselves."""
    if not reason.strip():
        raise UsageError("--reason is empty; say why, so that the next one knows")
    with App(settings_of(ctx)) as running:
        chosen(running, instance)
        now = utc_now()
        why = " ".join(reason.split())
        brake = Brake(instance or ALL, BrakeKind.BY_HAND, why, now, hang_up=hang_up, set_by=_who())
        new = running.store.brakes.put(brake, now)
        typer.echo(f"{_name(instance)}: {'paused' if new else 'was paused already'}; `collector resume` ends it")
        if hang_up:
            typer.echo(_hang_up(running, brake))


def _hang_up(running: App, brake: Brake) -> str:
    """Here and now; the service of each PBX goes on doing it while the brake holds."""
    ended: set[str] = set()
    for turn in range(PASSES):
        if turn:
            time.sleep(1)
        ended |= running.hang_up([brake])
    wanted = [one.id for one in running.settings.instances if brake.instance in (ALL, one.id)]
    left = sum(running.store.attempts.count_open(one) for one in wanted)
    return f"{len(ended)} calls hung up; {left} attempts still without outcome"


@app.command()
def resume(ctx: typer.Context, instance: InstanceOption = None) -> None:
    """Dial again: end every brake, or those of one instance, set by hand or by the dialler itself."""
    with App(settings_of(ctx)) as running:
        instances = chosen(running, instance)
        now = utc_now()
        ended = running.store.brakes.end(instance, now)
        for one in ended:
            typer.echo(f"{_name(one.instance)}: ended {one.kind.value}: {one.reason}")
        if not ended:
            typer.echo(f"{_name(instance)}: nothing was paused")
        held = [one for two in instances for one in holding(running.store.brakes.listing(), two.id, now)]
    if held:  # of one instance, and all are paused
        typer.echo(f"all instances are still {told(held[0])} (without --instance)", err=True)
        raise typer.Exit(1)


@app.command()
def counts(
    ctx: typer.Context,
    month: Annotated[str | None, typer.Option(help="YYYY-MM; default: this month, and today.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Calls of the day and month by caller id and provider, against the lines that Anatel draws."""
    with App(settings_of(ctx)) as running:
        zone = ZoneInfo(running.settings.schedule.zone)
        now = utc_now()
        today = now.astimezone(zone).date()
        first = _month(month) or today.replace(day=1)
        last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        day = today if first <= today <= last else None
        if day:
            braking.count(running.store, now, zone)
        rows = running.store.counts.between(first, last)
        instances = running.instances()
    typer.echo(_json(rows, day, first, instances) if as_json else _tables(rows, day, first, instances))


def _month(text: str | None) -> date | None:
    if text is None:
        return None
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])", text):
        raise UsageError(f"{text} is no month; write it as 2026-03")
    return date.fromisoformat(f"{text}-01")


def _tables(rows: Sequence[CallCount], day: date | None, first: date, instances: Sequence[Instance]) -> str:
    rules = [convert.brake_rules(one) for one in instances]
    parts = []
    if day:
        parts += [
            f"day {day}",
            show.grid(COLUMNS, _lines([row for row in rows if row.day == day], rules, day=True)),
        ]
    parts += [f"month {first:%Y-%m}", show.grid(COLUMNS, _lines(rows, rules, day=False))]
    parts.append(
        f"short: not completed, voicemail, or 6 s and less; the network's average is {NETWORK_AVERAGE:.0%}."
    )
    return "\n".join(parts)


def _lines(rows: Sequence[CallCount], rules: Sequence[BrakeRules], *, day: bool) -> list[tuple[object, ...]]:
    """Providers with everybody's calls, then instances, then caller ids, then all together."""
    calls = min((one.short_call_calls if day else one.calls_per_month for one in rules), default=0)
    ratio = min((one.short_call_ratio for one in rules), default=1.0)
    line = f"{calls} calls and {ratio:.0%} short" if day else f"{calls} calls"
    found = [_line(f"provider {name or '(unknown)'}", one, calls, line) for name, one in by_provider(rows).items()]
    for name in sorted({row.instance for row in rows}):
        total = add_up(row for row in rows if row.instance == name)
        found.append(_line(f"instance {name}", total, calls, line if day else ""))
    for number in sorted({row.caller_id for row in rows}):
        total = add_up(row for row in rows if row.caller_id == number)
        found.append(_line(f"caller id {number or '(unknown)'}", total, calls, ""))
    return found or [_line("no calls", Sum(), calls, line)]


def _line(what: str, one: Sum, calls: int, line: str) -> tuple[object, ...]:
    ratio = "" if one.short_ratio is None else f"{one.short_ratio:.1%}"
    share = f"{one.calls / calls:.1%}" if line and calls else ""
    return what, one.calls, share, one.answered, one.short_calls, ratio, line


def _json(rows: Sequence[CallCount], day: date | None, first: date, instances: Sequence[Instance]) -> str:
    return show.as_json(
        {
            "month": f"{first:%Y-%m}",
            "day": day,
            "network_short_ratio": NETWORK_AVERAGE,
            "lines": {
                one.id: {
                    "short_call_calls": one.brakes.short_call_calls,
                    "short_call_ratio": one.brakes.short_call_ratio,
                    "calls_per_month": one.brakes.calls_per_month,
                }
                for one in instances
            },
            "today": {key: _sum(one) for key, one in by_provider(row for row in rows if row.day == day).items()},
            "providers": {key: _sum(one) for key, one in by_provider(rows).items()},
            "rows": [
                {
                    "day": row.day,
                    "instance": row.instance,
                    "trunk": row.trunk,
                    "caller_id": row.caller_id,
                    "calls": row.calls,
                    "short_calls": row.short_calls,
                    "answered": row.answered,
                }
                for row in rows
            ],
        }
    )


def _sum(one: Sum) -> dict[str, object]:
    ratio = None if one.short_ratio is None else round(one.short_ratio, 4)
    return {"calls": one.calls, "short_calls": one.short_calls, "answered": one.answered, "short_ratio": ratio}


def _name(instance: str | None) -> str:
    return f"instance {instance}" if instance else "all instances"


def _who() -> str:
    """Who gives the order: user@host."""
    return f"{getpass.getuser()}@{socket.gethostname()}"
