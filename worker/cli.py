"""`collector`: joins the commands, turns errors into sentences. Exits: 0 done, 1 it failed, 2 called wrongly."""

import sys

import typer

from worker.commands import (
    amd,
    brakes,
    bump,
    calls,
    data,
    dnc,
    erp,
    overview,
    payments,
    plan,
    recordings,
    rules,
    setup,
    side,
    talk,
    voice,
)
from worker.commands.base import app
from worker.errors import CollectorError, ConfigError, UsageError

# imported so that they register themselves
COMMANDS = (
    *(amd, brakes, bump, calls, data, dnc, erp, overview),
    *(payments, plan, recordings, rules, setup, side, talk, voice),
)


def main() -> None:
    """The console script."""
    try:
        app()
    except (ConfigError, UsageError) as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except CollectorError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
