"""`collector erp`: the few things that change something in the billing system, each by a person's own command."""

from pathlib import Path
from typing import Annotated

import typer

from worker.app import App, utc_now
from worker.commands import show_notes
from worker.commands.base import InstanceOption, JsonOption, app, chosen, local_day, settings_of
from worker.errors import UsageError

erp = typer.Typer(
    no_args_is_help=True,
    help="Ask the ERP to do something: unlock, note, pix, boleto; notes: what it is still to be told.",
)
app.add_typer(erp, name="erp")

OneInstance = Annotated[str, typer.Option("--instance", "-i", help="Whose ERP.")]


@erp.command()
def unlock(ctx: typer.Context, contract: str, instance: OneInstance) -> None:
    """Release a blocked line on trust; the ERP checks its own rules and has the final word."""
    with App(settings_of(ctx)) as running:
        typer.echo(running.actions(chosen(running, instance)[0]).unlock(contract))


@erp.command()
def note(
    ctx: typer.Context,
    client: str,
    text: str,
    instance: OneInstance,
    contract: Annotated[str | None, typer.Option(help="In this contract's history.")] = None,
) -> None:
    """Write a line into the client's history."""
    with App(settings_of(ctx)) as running:
        (one,) = chosen(running, instance)
        running.actions(one).note(client, contract, text, local_day(one, utc_now()))
    typer.echo("noted")


@erp.command()
def notes(ctx: typer.Context, instance: InstanceOption = None, as_json: JsonOption = False) -> None:
    """What callees said that the ERP has not been told: waiting, or failed and to be written by hand."""
    with App(settings_of(ctx)) as running:
        chosen(running, instance)
        found = running.store.notes.unsent(instance)
    typer.echo(show_notes.notes(found, as_json))


@erp.command()
def pix(ctx: typer.Context, bill: str, instance: OneInstance) -> None:
    """Print the PIX copy-and-paste code of a bill; the ERP may make the charge only now."""
    with App(settings_of(ctx)) as running:
        typer.echo(running.actions(chosen(running, instance)[0]).pix(bill))


@erp.command()
def boleto(
    ctx: typer.Context,
    bill: str,
    instance: OneInstance,
    to: Annotated[Path, typer.Option("--to", help="The file to write; it must not be there yet.")],
) -> None:
    """Save a bill as PDF, as it stands: interest is not reckoned anew."""
    with App(settings_of(ctx)) as running:
        content = running.actions(chosen(running, instance)[0]).boleto(bill)
    try:
        with to.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise UsageError(f"{to} cannot be written ({error.strerror}): name a new file") from None
    typer.echo(f"{to}: {len(content)} bytes")
