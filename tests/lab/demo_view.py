"""What the demo shows while it dials, and what it says when it stays."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.live import Live
from rich.table import Table

from tests.lab.lab import Lab

LOOK_SECONDS = 0.5
LINE_SECONDS = 5.0  # where there is no terminal

SQL = (
    "SELECT a.instance, a.origination, a.state, COALESCE(o.line_result, ''), COALESCE(o.answerer, ''), "
    "COALESCE(o.result, ''), COUNT(*) FROM collector.attempt a LEFT JOIN asteriskcdrdb.collector_outcome o "
    "USING (attempt_id) GROUP BY 1, 2, 3, 4, 5, 6"
)
Row = tuple[str, str, str, str, str, str, int]


def watch(lab: Lab, console: Console, finished: Callable[[], bool]) -> None:
    """A live table until the dialling is over; a line now and then where there is no terminal."""
    if not console.is_terminal:
        said = ""
        while not finished():
            if (line := _line(_rows(lab))) != said:
                console.print(said := line, highlight=False)
            time.sleep(LINE_SECONDS)
        return
    with Live(_table(_rows(lab)), console=console, refresh_per_second=2) as live:
        while not finished():
            time.sleep(LOOK_SECONDS)
            live.update(_table(_rows(lab)))
        live.update(_table(_rows(lab)))


def _rows(lab: Lab) -> list[Row]:
    with lab.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(SQL)
        return [(row[0], row[1], row[2], row[3], row[4], row[5], int(row[6])) for row in cursor.fetchall()]


def _line(rows: list[Row]) -> str:
    states = Counter[str]()
    for row in rows:
        states[row[3] or f"({row[2]})"] += row[6]
    return ", ".join(f"{name} {count}" for name, count in sorted(states.items())) or "nobody dialled yet"


def _table(rows: list[Row]) -> Table:
    table = Table("provider", "path", "call", "line", "answerer", "result", "calls")
    for row in sorted(rows):
        table.add_row(*row[:6], "▇" * min(row[6], 40) + f" {row[6]}")
    return table


def explain_keep(lab: Lab, console: Console, config: Path) -> None:
    """How to ring again, listen, look and stop."""
    collector = f".venv/bin/collector --config {config}"
    recordings = sorted(lab.recordings.glob("heard-*.wav"), key=lambda file: file.stat().st_size)  # longest last
    console.rule("[b]Everything keeps running[/b]", align="left")
    console.print(
        f"ring the next ones     {collector} dial --limit 5\n"
        f"who is next            {collector} queue\n"
        f"how calls ended        {collector} outcomes\n"
        f"the PBX's console      asterisk -C {lab.pbx.etc}/asterisk.conf -r\n"
        f"what a callee heard    {recordings[-1] if recordings else lab.recordings}\n"
        "                       (8 kHz WAV for any player, for instance `play FILE` from the package sox)\n"
        "stop                   press Enter",
        soft_wrap=True,
        highlight=False,
    )
