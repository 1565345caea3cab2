"""`collector recordings`: which calls were recorded, and where the files are."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from worker.app import App, utc_now
from worker.commands import show
from worker.commands.base import InstanceOption, JsonOption, app, chosen, settings_of
from worker.core import phone
from worker.core.model import Attempt, Outcome, Phone
from worker.core.recording import Recording, recording_of
from worker.core.ulid import is_ulid
from worker.errors import UsageError
from worker.pbx.recordings import Taped, locate, of_day

COLUMNS = ("placed", "instance", "number", "seconds", "attempt", "file")


@app.command()
def recordings(
    ctx: typer.Context,
    attempt: Annotated[str | None, typer.Option(help="Of this attempt.")] = None,
    number: Annotated[str | None, typer.Option(help="Of the last calls to this number.")] = None,
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default: today, where each instance is.")
    ] = None,
    instance: InstanceOption = None,
    full_numbers: Annotated[bool, typer.Option(help="Whole telephone numbers.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Recordings on this PBX: of a day, of an attempt, or of a number."""
    with App(settings_of(ctx)) as running:
        if instance:
            chosen(running, instance)
        found = _found(running, attempt, number, day)
        found = [one for one in found if instance in (None, one.recording.instance)]
        known = running.store.attempts.get_many([one.recording.attempt_id for one in found])
        rows = [_row(running, one, known, full=full_numbers) for one in found]
    typer.echo(
        show.as_json(rows) if as_json else show.grid(COLUMNS, [[row[name] for name in COLUMNS] for row in rows])
    )


def _found(running: App, attempt: str | None, number: str | None, day: datetime | None) -> list[Taped]:
    """UsageError: more than one question, or none that can be asked."""
    if sum(asked is not None for asked in (attempt, number, day)) > 1:
        raise UsageError("--attempt, --number and --day are three questions; ask one at a time")
    monitor = running.settings.pbx.monitor
    if attempt is not None:
        known = running.store.attempts.get(attempt)
        return _taped(running, [known] if known else [])
    if number is not None:
        one = _number(running, number)
        return _taped(running, running.store.queue.dossier(one).attempts)
    if day is not None:
        return of_day(monitor, day.date())
    now = utc_now()
    todays = {one.id: now.astimezone(ZoneInfo(one.zone)).date() for one in running.settings.instances}
    return [
        one
        for today in sorted(set(todays.values()))
        for one in of_day(monitor, today)
        if todays.get(one.recording.instance, today) == today
    ]


def _number(running: App, text: str) -> str:
    for instance in running.settings.instances:
        found = phone.read_phone(text, default_ddd=instance.default_ddd)
        if isinstance(found, Phone):
            return found.number
    raise UsageError("that is no Brazilian telephone number; write it with its area code")


def _taped(running: App, attempts: Iterable[Attempt]) -> list[Taped]:
    wanted = (_of(running, one.attempt_id, one.instance) for one in attempts)
    found = (locate(running.settings.pbx.monitor, one) for one in wanted if one is not None)
    return [one for one in found if one is not None]


def _of(running: App, attempt_id: str, instance: str) -> Recording | None:
    """None: of an instance that the settings do not know any more."""
    zones = {one.id: one.zone for one in running.settings.instances}
    if instance not in zones or not is_ulid(attempt_id):
        return None
    return recording_of(attempt_id, instance, ZoneInfo(zones[instance]))


def tape_of(running: App, outcome: Outcome) -> str:
    """The file that holds this call; empty when there is none on this PBX."""
    one = _of(running, outcome.attempt_id, outcome.instance)
    taped = locate(running.settings.pbx.monitor, one) if one else None
    return str(taped.path) if taped else ""


def _row(running: App, taped: Taped, known: dict[str, Attempt], *, full: bool) -> dict[str, object]:
    one = taped.recording
    attempt = known.get(one.attempt_id)
    number = "" if attempt is None else attempt.number if full else phone.mask(attempt.number)
    zone = ZoneInfo(running.settings.schedule.zone)
    return {
        "attempt": one.attempt_id,
        "instance": one.instance,
        "placed": one.placed_at.astimezone(zone).strftime("%d/%m %H:%M:%S"),
        "placed_at": one.placed_at.isoformat(),
        "number": number,
        "seconds": round(taped.seconds, 1),
        "file": str(taped.path),
    }
