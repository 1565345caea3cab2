"""`collector bump`: one debtor put first in the queue, or back in his place."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from worker import convert
from worker.app import App, utc_now
from worker.commands import show
from worker.commands.base import InstanceOption, app, chosen, settings_of
from worker.core import phone
from worker.core.enums import EntryState
from worker.core.model import NotNow, Rejected, Waiting
from worker.errors import UsageError
from worker.jobs import queue
from worker.jobs.queue import Bumped
from worker.settings import Instance


@app.command()
def bump(
    ctx: typer.Context,
    debtor: Annotated[str, typer.Argument(metavar="CLIENT|NUMBER", help="The ERP's id, or a telephone number.")],
    instance: InstanceOption = None,
    undo: Annotated[bool, typer.Option("--undo", help="Back to where he stood.")] = False,
) -> None:
    """Put a debtor first in the queue until he has been called once; every rule still holds."""
    with App(settings_of(ctx)) as running:
        waiting = find(running, chosen(running, instance), debtor)
        one = running.settings.instance(waiting.entry.instance)
        rules, store = running.call_rules(one), running.store
        if undo:
            done = queue.unbump(waiting, convert.ranking(one), rules, store, utc_now)
        else:
            done = queue.bump(waiting, rules, store, utc_now)
    typer.echo(sentence(done, undo, ZoneInfo(one.zone), utc_now()))


def find(running: App, instances: Sequence[Instance], debtor: str) -> Waiting:
    """The open entry of the client of that id, else of who has that number. UsageError unless it is one."""
    names = [one.id for one in instances]
    found = [entry for name in names if (entry := running.store.queue.open_entry(name, debtor)) is not None]
    if not found:
        found = _with_number(running, names, debtor)
    if not found:
        raise UsageError(
            f"nobody of that id or number is in the queue; `collector queue --explain {debtor}` says why"
        )
    if len(found) > 1:
        who = ", ".join(f"{one.entry.client_id} of {one.entry.instance}" for one in found)
        raise UsageError(f"that could be {who}; name one by client id and --instance")
    return found[0]


def _with_number(running: App, names: Sequence[str], debtor: str) -> list[Waiting]:
    read = phone.read_phone(debtor)
    if isinstance(read, Rejected):
        return []
    dossier = running.store.queue.dossier(read.number)
    return [
        one for one in dossier.waiting if one.entry.instance in names and one.entry.state is not EntryState.DONE
    ]


def sentence(bumped: Bumped, undo: bool, zone: ZoneInfo, now: datetime) -> str:
    entry = bumped.waiting.entry
    who = f"client {entry.client_id} of {entry.instance}"
    if undo:
        return (
            f"{who} is back in his place" if bumped.done else f"{who} had not been put first; nothing was changed"
        )
    first = f"{who} is first in the queue" if bumped.done else f"{who} had been put first already"
    if not isinstance(bumped.choice, NotNow):
        return f"{first} and may be called now"
    if bumped.choice.until is None:
        return f"{first}, but may not be called: {bumped.choice.reason}"
    when = show.local(max(bumped.choice.until, now), zone)
    return f"{first}, but not before {when}: {bumped.choice.reason}"
