"""What every command shares: the typer app, options, settings, the choice of instances."""

import os
from datetime import date, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from worker import configfile
from worker import log as logging_setup
from worker.app import App
from worker.errors import UsageError
from worker.settings import Instance, Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

ConfigOption = Annotated[Path | None, typer.Option("--config", "-c", help="The YAML file.")]
InstanceOption = Annotated[str | None, typer.Option("--instance", "-i", help="Only this instance.")]
JsonOption = Annotated[bool, typer.Option("--json", help="For programs.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; change nothing.")]


@app.callback()
def main_options(ctx: typer.Context, config: ConfigOption = None) -> None:
    """Collector calls people who owe an internet provider money, and knows afterwards what happened."""
    ctx.obj = configfile.from_environment(config)


def settings_of(ctx: typer.Context) -> Settings:
    """The checked settings, with logging set up as they say."""
    settings = configfile.load(ctx.obj, os.environ)
    logging_setup.configure(settings.log)
    return settings


def local_day(instance: Instance, now: datetime) -> date:
    """The day it is where the instance is."""
    return now.astimezone(ZoneInfo(instance.zone)).date()


def chosen(running: App, instance: str | None) -> list[Instance]:
    """The instances to work on. UsageError names those there are."""
    try:
        return running.instances(instance)
    except KeyError:
        names = ", ".join(one.id for one in running.settings.instances)
        raise UsageError(f"there is no instance {instance}; there are: {names}") from None


def dialled_here(running: App, instance: str | None) -> list[Instance]:
    """Those of them that this PBX dials. UsageError where the one named is dialled by another."""
    settings = running.settings
    found = chosen(running, instance)
    if instance and not settings.is_here(found[0]):
        raise UsageError(
            f"PBX {found[0].pbx} dials {instance}, and this one is {settings.pbx.name}: "
            "run it there, or correct pbx.name"
        )
    return [one for one in found if settings.is_here(one)]
