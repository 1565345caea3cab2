"""The report as Markdown, for a ticket or a chat."""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from worker.core.records import OutcomeRow
from worker.report import contents, labels
from worker.report.figures import Figures


def render(
    figures: Figures, outcomes: Sequence[OutcomeRow], *, title: str, day: date, zone: ZoneInfo, full_numbers: bool
) -> str:
    lines = [f"# {escape(title)}", "", escape(contents.subtitle(day, zone)), ""]
    if warning := contents.warning(figures):
        lines += [f"**{escape(warning)}**", ""]
    heads = contents.headings(figures)
    for section in contents.sections(figures):
        lines += [f"## {section.title}", "", *_head(["", *heads], ["", *["right"] * len(heads)])]
        lines += [_row([label, *values]) for label, values in section.rows]
        lines.append("")
    lines += [f"- {escape(note)}" for note in contents.notes(figures, len(outcomes))]
    if outcomes:
        shown = contents.brief(contents.columns(zone, full_numbers=full_numbers), figures)
        sides = ["right" if column.right else "" for column in shown]
        lines += ["", "## Ligações, uma a uma", "", *_head([column.label for column in shown], sides)]
        lines += [_row(column.of(row) for column in shown) for row in outcomes]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """Text from outside: no table, markup, link or HTML of its own."""
    return re.sub(r"([\\`*_\[\]<>|&#~$!])", r"\\\1", labels.clean(text))


def _head(names: Sequence[str], sides: Sequence[str]) -> list[str]:
    return [_row(names), "| " + " | ".join("---:" if side else "---" for side in sides) + " |"]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(escape(cell) for cell in cells) + " |"
