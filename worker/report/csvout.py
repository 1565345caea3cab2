"""One row per outcome, as a Brazilian spreadsheet opens it: semicolons, decimal commas, UTF-8 with its mark."""

import csv
import io
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from worker.core.records import OutcomeRow
from worker.report.contents import columns

MARK = "\ufeff"  # without it Excel takes UTF-8 for Windows-1252
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would run (OWASP, CSV injection)


def render(outcomes: Sequence[OutcomeRow], *, zone: ZoneInfo, full_numbers: bool) -> str:
    """Outcomes only: the figures are their sums."""
    shown = columns(zone, full_numbers=full_numbers)
    text = io.StringIO()
    text.write(MARK)
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([column.label for column in shown])
    writer.writerows([safe(column.of(row)) for column in shown] for row in outcomes)
    return text.getvalue()


def safe(cell: str) -> str:
    """An apostrophe before what a spreadsheet would take for a formula."""
    plain = cell.replace("\u00a0", " ")
    return f"'{plain}" if plain.lstrip().startswith(FORMULA) or plain.startswith(FORMULA) else plain
