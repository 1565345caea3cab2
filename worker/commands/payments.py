"""`collector payments`: what callees asked to be sent, and what became of it."""

from collections.abc import Sequence
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from worker.app import App
from worker.commands import show
from worker.commands.base import InstanceOption, JsonOption, app, chosen, settings_of
from worker.core import phone
from worker.core.payment import PaymentRequest, RequestState

_COLUMNS = ("asked", "instance", "client", "number", "state", "tries", "next", "error")


@app.command()
def payments(
    ctx: typer.Context,
    instance: InstanceOption = None,
    limit: Annotated[int, typer.Option(min=1, max=100000)] = 50,
    as_json: JsonOption = False,
) -> None:
    """Line and PIX that callees asked to be sent, newest first: waiting, sent, or given up and why."""
    with App(settings_of(ctx)) as running:
        chosen(running, instance)
        found = running.store.payments.listing(instance, limit)
    typer.echo(shown(found, ZoneInfo(running.settings.schedule.zone), as_json))


def shown(found: Sequence[PaymentRequest], zone: ZoneInfo, json_wanted: bool) -> str:
    """Numbers are masked."""
    if json_wanted:
        return show.as_json([_told(one) for one in found])
    if not found:
        return "nobody has asked for anything to be sent"
    return show.grid(_COLUMNS, [_row(one, zone) for one in found])


def _row(one: PaymentRequest, zone: ZoneInfo) -> list[object]:
    waits = show.local(one.due_at, zone) if one.state is RequestState.WAITING else ""
    asked, number = show.local(one.requested_at, zone), phone.mask(one.number)
    return [asked, one.instance, one.client_id, number, one.state, one.tries, waits, one.error]


def _told(one: PaymentRequest) -> dict[str, object]:
    return {
        "attempt_id": one.attempt_id,
        "instance": one.instance,
        "client": one.client_id,
        "number": phone.mask(one.number),
        "state": str(one.state),
        "tries": one.tries,
        "asked_at": one.requested_at.isoformat(),
        "next_try_at": one.due_at.isoformat() if one.state is RequestState.WAITING else None,
        "error": one.error,
    }
