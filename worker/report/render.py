"""Figures and outcomes as text in the format asked for."""

from collections.abc import Sequence
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from worker.core.records import OutcomeRow
from worker.report import csvout, html, jsonout, markdown, table
from worker.report.figures import Figures

Format = Literal["table", "csv", "json", "md", "html"]


def render(
    figures: Figures,
    outcomes: Sequence[OutcomeRow],
    *,
    title: str,
    day: date,
    zone: ZoneInfo,
    fmt: Format,
    full_numbers: bool = False,
    width: int | None = None,
) -> str:
    """The whole report, ending in a line break.

    `full_numbers`: show telephone numbers whole; for the team only. `width`: columns of the terminal (table only);
    None: as wide as the terminal is.
    """
    match fmt:
        case "table":
            return table.render(
                figures, outcomes, title=title, day=day, zone=zone, full_numbers=full_numbers, width=width
            )
        case "csv":
            return csvout.render(outcomes, zone=zone, full_numbers=full_numbers)
        case "json":
            return jsonout.render(figures, outcomes, title=title, day=day, zone=zone, full_numbers=full_numbers)
        case "md":
            return markdown.render(figures, outcomes, title=title, day=day, zone=zone, full_numbers=full_numbers)
        case "html":
            return html.render(figures, outcomes, title=title, day=day, zone=zone, full_numbers=full_numbers)
