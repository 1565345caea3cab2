"""`collector`: joins the commands, turns errors into sentences. Exits: 0 done, 1 it failed, 2 called wrongly."""

import sys

import typer

from worker.commands import brakes, bump, calls, data, dnc, erp, overview, plan, rules, setup, side
from worker.commands.base import app
from worker.errors import CollectorError, ConfigError, UsageError

# imported so that they register themselves
COMMANDS = (brakes, bump, calls, data, dnc, erp, overview, plan, rules, setup, side)


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
