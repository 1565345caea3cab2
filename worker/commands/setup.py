"""Commands of the administrator: check-config, doctor, migrate, dialplan, sweep."""

import os
from typing import Annotated

import typer

from worker import configfile, doctor_side, doctor_voice
from worker.app import App, utc_now
from worker.commands import show
from worker.commands.base import JsonOption, app, settings_of
from worker.doctor import examine
from worker.errors import ConfigError, PbxRefused, SourceError
from worker.pbx import callfile, dialplan
from worker.settings import Instance, Settings
from worker.store import migrate as migrations


@app.command("check-config")
def check_config(ctx: typer.Context) -> None:
    """Check the whole YAML file; every problem at once, with its line."""
    settings = configfile.load(ctx.obj, os.environ)
    with App(settings) as running:
        problems = _legal_problems(running)
        problems += [line for one in settings.instances for line in _source_problems(running, one)]
        problems += [line for one in _languages(settings) for line in _message_problems(running, one)]
        if problems:
            raise ConfigError(problems)
    typer.echo(f"{ctx.obj}: good, {len(settings.instances)} instance(s)")


def _legal_problems(running: App) -> list[str]:
    try:
        _ = running.law
    except ConfigError as error:
        return error.problems
    return []


def _languages(settings: Settings) -> list[Instance]:
    """One instance of each folder of messages."""
    return list({one.conversation.messages: one for one in settings.instances}.values())


def _message_problems(running: App, instance: Instance) -> list[str]:
    """Templates that are missing, wrong, or tell of a debt too early."""
    try:
        running.messages(instance)
    except ConfigError as error:
        return error.problems
    return []


def _source_problems(running: App, instance: Instance) -> list[str]:
    """What only the adapter of its ERP can tell. Nothing is asked of the ERP."""
    try:
        running.source(instance)
    except SourceError as error:
        return [f"instance {instance.id}: {error}"]
    return []


@app.command()
def doctor(ctx: typer.Context, as_json: JsonOption = False) -> None:
    """Try every connection and right that a call will need; say how to mend what is missing."""
    with App(settings_of(ctx)) as running:
        findings = [
            *examine(running),
            *doctor_voice.examine(running, utc_now()),
            *doctor_side.examine(running.settings.schedule, running.store.presence, utc_now()),
        ]
    typer.echo(show.findings(findings, as_json))
    if any(one.ok is False for one in findings):
        raise typer.Exit(1)


@app.command()
def migrate(ctx: typer.Context) -> None:
    """Create our tables or bring them up to date."""
    applied = migrations.migrate(settings_of(ctx).database)
    typer.echo("\n".join(applied) if applied else "nothing to do: the schema is up to date")


@app.command("dialplan")
def show_dialplan(
    ctx: typer.Context, write: Annotated[bool, typer.Option(help="Write the files into pbx.config.")] = False
) -> None:
    """Print the dialplan that the settings ask for, or write it."""
    settings = settings_of(ctx)
    for name, content in dialplan.render(settings.pbx, settings.instances).items():
        if not write:
            typer.echo(content)
            continue
        try:
            (settings.pbx.config / name).write_text(content, encoding="utf-8")
        except OSError as error:
            raise PbxRefused(f"{settings.pbx.config / name} cannot be written: {error.strerror}") from None
        typer.echo(f"{settings.pbx.config / name} written; now run: asterisk -rx 'dialplan reload'")


@app.command()
def sweep(ctx: typer.Context) -> None:
    """Move call files left in the spool aside, before Asterisk starts: else it dials those people again."""
    pbx = settings_of(ctx).pbx
    moved = callfile.sweep(pbx.spool, pbx.spool_aside)
    typer.echo(f"{len(moved)} call file(s) moved to {pbx.spool_aside}")
