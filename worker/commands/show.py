"""What commands print: a table for people, one JSON document for programs."""

import io
import json
import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from worker.commands.foreground import Progress
from worker.core import phone
from worker.core.model import Waiting
from worker.core.records import OutcomeRow
from worker.doctor import Finding
from worker.jobs.dial import Step

MARK = {True: "ok", False: "BAD", None: "note"}
OUTCOME_COLUMNS = (
    "ended", "instance", "number", "path", "line", "answerer", "heard", "result", "keys", "seconds", "cdr",
)  # fmt: skip


def width() -> int:
    """Of the terminal, in characters; where there is none, wide enough for a log."""
    return max(80, shutil.get_terminal_size((140, 24)).columns)


def as_text(table: Table) -> str:
    """A rich table as text as wide as the terminal, without control codes."""
    out = io.StringIO()
    Console(file=out, width=width(), highlight=False).print(table)
    return out.getvalue().rstrip("\n")


def grid(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Text from outside is escaped: it never becomes markup."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*(escape(str(cell)) for cell in row))
    return as_text(table)


def as_json(value: object) -> str:
    """Decimals, instants and enums as text; Portuguese stays readable."""
    return json.dumps(value, ensure_ascii=False, default=str)


def findings(items: Sequence[Finding], json_wanted: bool) -> str:
    if json_wanted:
        return as_json([{"what": one.what, "ok": one.ok, "detail": one.detail} for one in items])
    text = grid(("", "what", "found"), [(MARK[one.ok], one.what, one.detail) for one in items])
    bad = sum(one.ok is False for one in items)
    return text + ("\n" + (f"{bad} thing(s) to mend" if bad else "ready to call"))


def local(instant: datetime | None, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).strftime("%d/%m %H:%M:%S") if instant else ""


def waiting(rows: Sequence[Waiting], json_wanted: bool) -> str:
    if json_wanted:
        return as_json(
            [
                {
                    "entry": row.entry.entry_id,
                    "instance": row.entry.instance,
                    "client": row.entry.client_id,
                    "numbers": [one.number for one in row.phones],
                    "total": row.entry.total,
                    "bills": row.entry.bill_count,
                    "oldest_due": row.entry.oldest_due,
                }
                for row in rows
            ]
        )
    lines = [
        (
            row.entry.instance,
            row.client_name,
            ", ".join(phone.mask(one.number) for one in row.phones) or "no number",
            row.entry.total,
            row.entry.bill_count,
            row.entry.oldest_due,
            row.entry.reason,
        )
        for row in rows
    ]
    return grid(("instance", "name", "numbers", "total", "bills", "oldest due", "last said"), lines)


def steps(items: Sequence[tuple[str, Step]], json_wanted: bool) -> str:
    if json_wanted:
        return as_json(
            [
                {"instance": name, "placed": one.placed, "why_not": one.why_not, "refused": dict(one.refused)}
                for name, one in items
            ]
        )
    rows = []
    for name, one in items:
        refused = "; ".join(f"{count} {reason}" for reason, count in one.refused.most_common())
        rows.append((name, one.placed, one.why_not or refused))
    return grid(("instance", "dialled", "why not more"), rows)


def dialled(parts: Sequence[Progress], json_wanted: bool) -> str:
    """After `dial`: how many calls of each instance, and why not more."""
    if json_wanted:
        return as_json(
            [
                {
                    "instance": one.instance.id,
                    "dialled": one.dialled,
                    "why_not": one.why_not,
                    "postponed": dict(one.postponed),
                }
                for one in parts
            ]
        )
    lines = []
    for one in parts:
        reasons = [one.why_not] if one.why_not else []
        reasons += [f"{count} postponed: {reason}" for reason, count in one.postponed.most_common()]
        lines.append("; ".join((f"{one.instance.id}: {one.dialled} dialled", *reasons)))
    return "\n".join(lines)


def outcomes(
    rows: Sequence[OutcomeRow],
    zone: ZoneInfo,
    tapes: Mapping[str, str],
    *,
    json_wanted: bool,
    full_numbers: bool,
) -> str:
    """`tapes`: the files of recordings by attempt id; a table says only that there is one."""
    shown = [_outcome(row, zone, tapes, full_numbers=full_numbers) for row in rows]
    if json_wanted:
        return as_json(shown)
    columns = (*OUTCOME_COLUMNS, "recording") if any(tapes.values()) else OUTCOME_COLUMNS
    seen = [row | {"recording": "yes" if row["recording"] else ""} for row in shown]
    return grid(columns, [[row[name] for name in columns] for row in seen])


def _outcome(
    row: OutcomeRow, zone: ZoneInfo, tapes: Mapping[str, str], *, full_numbers: bool
) -> dict[str, object]:
    one = row.outcome
    return {
        "ended": one.ended_at.astimezone(zone).strftime("%H:%M:%S"),
        "ended_at": one.ended_at.isoformat(),
        "attempt": one.attempt_id,
        "instance": one.instance,
        "client": one.client_id,
        "name": row.client_name,
        "number": one.number if full_numbers else phone.mask(one.number),
        "path": row.origination,
        "line": one.line_result,
        "cause": "" if one.cause is None else one.cause,
        "answerer": one.answerer,
        "heard": one.talk.heard,
        "result": one.talk.result,
        "keys": one.talk.keys,
        "seconds": round(one.talk_seconds, 1),
        "source": one.source,
        "cdr": {True: "found", False: "MISSING", None: ""}[row.cdr_found],
        "recording": tapes.get(one.attempt_id, ""),
    }
