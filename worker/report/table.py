"""The report for a terminal, as wide as the terminal is."""

import io
from collections.abc import Sequence
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.core.records import OutcomeRow
from worker.report import contents, labels
from worker.report.figures import Figures

NARROWEST = 60  # columns
ROOM = {
    "Valor": 122,
    "Conversa (s)": 110,
    "Ouviu": 100,
    "Instância": 85,
    "Atendeu": 75,
}  # dropped below that width


def render(
    figures: Figures,
    outcomes: Sequence[OutcomeRow],
    *,
    title: str,
    day: date,
    zone: ZoneInfo,
    full_numbers: bool,
    width: int | None = None,
) -> str:
    """Without colours: the text may go into a file. Cells are Text, so names cannot carry rich's markup."""
    wide = max(NARROWEST, width if width is not None else Console().width)
    console = Console(
        file=io.StringIO(), width=wide, color_system=None, force_terminal=False, legacy_windows=False
    )
    with console.capture() as captured:
        console.print(Text(labels.clean(title)), Text(contents.subtitle(day, zone)), sep="\n")
        if warning := contents.warning(figures):
            console.print(Text(warning))
        console.print(_figures(figures))
        for note in contents.notes(figures, len(outcomes)):
            console.print(Text(note))
        if outcomes:
            console.print(_outcomes(figures, outcomes, zone, wide, full_numbers=full_numbers))
    return captured.get()


def _figures(figures: Figures) -> Table:
    grid = Table(box=box.SIMPLE_HEAD)
    grid.add_column("")
    for heading in contents.headings(figures):
        grid.add_column(Text(heading), justify="right")
    for section in contents.sections(figures):
        grid.add_row(Text(section.title.upper()))
        for label, values in section.rows:
            grid.add_row(Text(f"  {label}"), *(Text(value) for value in values))
        grid.add_section()
    return grid


def _outcomes(
    figures: Figures, outcomes: Sequence[OutcomeRow], zone: ZoneInfo, wide: int, *, full_numbers: bool
) -> Table:
    """What fits; CSV and JSON have everything."""
    brief = contents.brief(contents.columns(zone, full_numbers=full_numbers), figures)
    shown = [column for column in brief if wide >= ROOM.get(column.label, 0)]
    grid = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False)
    for column in shown:
        tight = column.label in {"Hora", "Telefone", "Valor"}
        side: Literal["left", "right"] = "right" if column.right else "left"
        grid.add_column(column.label, justify=side, no_wrap=tight, overflow="fold")  # a cut word says less
    for row in outcomes:
        grid.add_row(*(Text(column.of(row)) for column in shown))
    return grid
