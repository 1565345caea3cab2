"""What commands print: a table for people, one JSON document for programs."""

import io
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from worker.commands.foreground import Progress
from worker.core import phone
from worker.core.model import NotNow, Phone, Waiting
from worker.core.records import OutcomeRow
from worker.doctor import Finding
from worker.jobs.dial import Step
from worker.jobs.explain import Case, Explanation

MARK = {True: "ok", False: "BAD", None: "note"}
OUTCOME_COLUMNS = (
    "ended", "instance", "number", "path", "line", "answerer", "heard", "result", "keys", "seconds", "cdr",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WouldDial:
    """`dial --dry-run` for one instance."""

    instance: str
    why_not: str
    free: int
    choices: list[tuple[Waiting, tuple[Phone, date] | NotNow]]


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


def explained(found: Explanation, zone: ZoneInfo, json_wanted: bool) -> str:
    if json_wanted:
        return as_json(
            {
                "number": found.number,
                "at": found.at.isoformat(),
                "cases": [_case(case) for case in found.cases],
                "attempts": [
                    {"id": one.attempt_id, "state": one.state, "reserved_at": one.reserved_at}
                    for one in found.attempts
                ],
            }
        )
    text = f"{phone.mask(found.number)} at {local(found.at, zone)}"
    if not found.cases:
        text += ": nobody in the queue has this number"
    for case in found.cases:
        entry = case.waiting.entry
        text += (
            f"\n{entry.instance}, client {entry.client_id}: {'may be called' if case.allowed else 'not called'}\n"
        )
        text += grid(
            ("", "rule", "data", "not before"),
            [
                ("yes" if one.allowed else "NO", one.rule, one.detail, local(one.until, zone))
                for one in case.verdicts
            ],
        )
    if found.attempts:
        text += "\nlast attempts\n" + grid(
            ("attempt", "instance", "state", "at"),
            [(one.attempt_id, one.instance, one.state, local(one.reserved_at, zone)) for one in found.attempts],
        )
    return text


def _case(case: Case) -> dict[str, object]:
    return {
        "instance": case.waiting.entry.instance,
        "client": case.waiting.entry.client_id,
        "state": case.waiting.entry.state,
        "allowed": case.allowed,
        "rules": [
            {"rule": one.rule, "allowed": one.allowed, "detail": one.detail, "until": one.until}
            for one in case.verdicts
        ],
    }


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


def would_dial(items: Sequence[WouldDial], json_wanted: bool) -> str:
    rows: list[tuple[object, ...]] = []
    for one in items:
        if one.why_not:
            rows.append((one.instance, "", "", f"nobody now: {one.why_not}"))
        for left, (row, choice) in enumerate(one.choices):
            if isinstance(choice, NotNow):
                told, number = f"no: {choice.reason}", ""
            else:
                told = "yes" if left < one.free and not one.why_not else "later: no free channel or closed"
                number = choice[0].number
            rows.append((one.instance, row.entry.client_id, number, told))
    if json_wanted:
        return as_json([dict(zip(("instance", "client", "number", "dial"), row, strict=True)) for row in rows])
    masked = [(row[0], row[1], phone.mask(str(row[2])) if row[2] else "", row[3]) for row in rows]
    return grid(("instance", "client", "number", "would be dialled now"), masked)


def outcomes(rows: Sequence[OutcomeRow], zone: ZoneInfo, *, json_wanted: bool, full_numbers: bool) -> str:
    shown = [_outcome(row, zone, full_numbers=full_numbers) for row in rows]
    if json_wanted:
        return as_json(shown)
    return grid(OUTCOME_COLUMNS, [[row[name] for name in OUTCOME_COLUMNS] for row in shown])


def _outcome(row: OutcomeRow, zone: ZoneInfo, *, full_numbers: bool) -> dict[str, object]:
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
    }
