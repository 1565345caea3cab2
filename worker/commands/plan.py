"""`collector plan`: the day's calls reckoned ahead, and who will not be called."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from worker.app import App, utc_now
from worker.commands.base import InstanceOption, JsonOption, app, chosen, local_day, settings_of
from worker.commands.show import as_json, grid
from worker.core.forecast import Capacity
from worker.jobs import plan as planning
from worker.jobs.plan import Plan, PlanFor
from worker.settings import Instance, Settings


@app.command()
def plan(
    ctx: typer.Context,
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="Default: what is left of today.")
    ] = None,
    instance: InstanceOption = None,
    as_json_wanted: JsonOption = False,
) -> None:
    """Reckon a day ahead: calls by hour, channels, and how many will not be called, and why."""
    with App(settings_of(ctx)) as running:
        now, plans = utc_now(), []
        for one in chosen(running, instance):
            wanted = day.date() if day else local_day(one, now)
            plans.append(planning.make(running.store, plan_for(running, one), wanted, now))
    typer.echo(shown(plans, as_json_wanted))


def plan_for(running: App, one: Instance) -> PlanFor:
    channels = channels_of(running.settings, one)
    capacity = Capacity(channels, one.dialling.calls_per_second, one.dialling.conversations)
    return PlanFor(one.id, ZoneInfo(one.zone), running.call_rules(one), capacity)


def channels_of(settings: Settings, one: Instance) -> int:
    """What is planned with: its own, and of a trunk with a known limit an equal part for each who shares it."""
    trunk = one.trunk
    if trunk.channels is None:
        return one.dialling.channels
    sharing = sum(other is one or (other.enabled and _share(one, other)) for other in settings.instances)
    return min(one.dialling.channels, (trunk.channels - trunk.keep_free) // sharing)


def _share(one: Instance, other: Instance) -> bool:
    """The same trunk of one PBX; a trunk of the same name on another PBX is another."""
    return one.trunk.known_as == other.trunk.known_as and (one.pbx == other.pbx or "" in (one.pbx, other.pbx))


def shown(plans: list[Plan], json_wanted: bool) -> str:
    if json_wanted:
        return as_json([_document(one) for one in plans])
    return "\n".join(_text(one) for one in plans)


def _text(one: Plan) -> str:
    source = (
        f"measured from {one.measured} outcomes of the last 14 days"
        if one.measured
        else "guessed: fewer than 200 outcomes in the last 14 days"
    )
    head = (
        f"{one.instance}, {one.day}: {one.debtors} debtors in the queue, {one.capacity.channels} channels, "
        f"{one.capacity.per_second:g} calls/s; shares of endings {source}"
    )
    hours = grid(
        ("hour", "calls", "answered", "persons", "busy channels"),
        [(row.hour, row.calls, row.answered, row.persons, row.channels) for row in one.hours],
    )
    sums = (
        f"{one.calls} calls; {one.called} debtors called at least once, a person reached of about {one.reached}; "
        f"{one.debtors - one.called} not called"
    )
    held = [f"held now ({brake}): reckoned as if it were released" for brake in one.brakes]
    parts = [head, *held, hours, sums]
    if one.not_called:
        rows = [(count, why) for why, count in one.not_called.most_common()]
        parts.append(grid(("not called", "because"), rows))
    return "\n".join(parts)


def _document(one: Plan) -> dict[str, object]:
    return {
        "instance": one.instance,
        "day": one.day,
        "measured": one.measured,
        "channels": one.capacity.channels,
        "calls_per_second": one.capacity.per_second,
        "brakes": one.brakes,
        "debtors": one.debtors,
        "called": one.called,
        "reached": one.reached,
        "calls": one.calls,
        "hours": [
            {
                "hour": row.hour,
                "calls": row.calls,
                "answered": row.answered,
                "persons": row.persons,
                "busy_channels": row.channels,
            }
            for row in one.hours
        ],
        "not_called": dict(one.not_called.most_common()),
    }
