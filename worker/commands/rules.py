"""`collector rules`: when the law of each state lets people be called, where it is written, how sure it is."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from worker import rulesfile
from worker.commands import show
from worker.commands.base import JsonOption, app, settings_of
from worker.core.law import StateRule
from worker.core.tables import STATES
from worker.core.window import Span, span_text
from worker.errors import UsageError
from worker.settings import LEGAL_RULES

COLUMNS = ("state", "Mon-Fri", "Sat", "Sun", "holidays", "law", "sure", "sources and notes")


@app.command()
def rules(
    ctx: typer.Context,
    state: Annotated[str | None, typer.Option(help="Only this state, by its two letters.")] = None,
    as_json: JsonOption = False,
) -> None:
    """When the law of each state lets people be called, on the clock where the number lives."""
    law = rulesfile.load(settings_of(ctx).legal_rules or LEGAL_RULES)
    if state is not None and state.upper() not in STATES:
        raise UsageError(f"{state} is no state; there are: {', '.join(sorted(STATES))}")
    wanted = [state.upper()] if state else sorted(law.states)
    typer.echo(table([law.states[one] for one in wanted], as_json))


def table(found: list[StateRule], as_json: bool) -> str:
    """One row a state."""
    if as_json:
        return show.as_json([_plain(rule) for rule in found])
    drawn = Table(*(Column(name, overflow="fold") for name in COLUMNS))  # an address that is cut leads nowhere
    for rule in found:
        drawn.add_row(*map(escape, _row(rule)))
    return show.as_text(drawn)


def _row(rule: StateRule) -> tuple[str, ...]:
    hours = (span_text(span) if span else "no calls" for span in _spans(rule))
    more = "\n".join((*rule.sources, *((rule.note,) if rule.note else ())))
    return (rule.state, *hours, _holidays(rule), rule.law or "none found", rule.sure, more)


def _plain(rule: StateRule) -> dict[str, object]:
    hours = {
        day: span_text(span) if span else None
        for day, span in zip(("weekdays", "saturday", "sunday"), _spans(rule), strict=True)
    }
    return {
        "state": rule.state,
        **hours,
        "holidays": _holidays(rule),
        "law": rule.law,
        "sources": rule.sources,
        "sure": rule.sure,
        "note": rule.note,
    }


def _spans(rule: StateRule) -> tuple[Span | None, ...]:
    return rule.days[0], rule.days[5], rule.days[6]


def _holidays(rule: StateRule) -> str:
    return "closed" if rule.holidays else "open"
