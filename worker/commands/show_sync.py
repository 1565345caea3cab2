"""What the commands about the ERP print: a table for people, one JSON document for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from worker.commands.show import as_json, grid, local
from worker.core import phone
from worker.core.enums import Stage
from worker.core.model import Bill, Rejected
from worker.core.records import AlarmRow, BlockedRow, NumberRow
from worker.core.standing import ClientStanding, StageSum
from worker.jobs.history import Report

REJECTED_SHOWN = 20
STEPS_SHOWN = 50


def reports(items: Sequence[Report], json_wanted: bool) -> str:
    if json_wanted:
        return as_json([_report(one) for one in items])
    rows = []
    for one in items:
        change = one.change
        counts = f"{change.before} -> {change.after}" if change else ""
        changed = f"+{change.added} ~{change.updated} -{change.removed}" if change else ""
        detail = ", ".join(f"{key} {value}" for key, value in one.detail.items() if value)
        rows.append((one.instance, one.job, one.status, counts, changed, one.error or detail))
    lines = [grid(("instance", "job", "status", "rows", "changes", "detail"), rows)]
    steps = [(one, step) for one in items for step in one.steps]
    for one, step in steps[:STEPS_SHOWN]:
        fate = f" ({step.fate})" if step.fate else ""
        lines.append(f"would {step.verb}: {one.instance} {one.job} {step.key}{fate}")
    if len(steps) > STEPS_SHOWN:
        lines.append(f"… and {len(steps) - STEPS_SHOWN} more steps; --json shows up to a thousand of each job")
    rejected = [(one, row) for one in items for row in one.rejected]
    for one, row in rejected[:REJECTED_SHOWN]:
        lines.append(f"not usable: {one.instance} {row.kind} {row.source_id}: {row.reason}")
    if len(rejected) > REJECTED_SHOWN:
        lines.append(f"… and {len(rejected) - REJECTED_SHOWN} more; `collector rejected` lists them")
    return "\n".join(lines)


def _report(one: Report) -> dict[str, object]:
    change = one.change
    return {
        "job": one.job,
        "instance": one.instance,
        "status": one.status,
        "before": change.before if change else None,
        "after": change.after if change else None,
        "added": change.added if change else None,
        "updated": change.updated if change else None,
        "removed": change.removed if change else None,
        "rejected": len(one.rejected),
        "error": one.error,
        "detail": one.detail,
        "steps": [{"verb": step.verb, "id": step.key, "fate": step.fate} for step in one.steps],
    }


def alarms(rows: Sequence[AlarmRow], zone: ZoneInfo, json_wanted: bool) -> str:
    if json_wanted:
        return as_json(
            [
                {
                    "id": row.alarm_id,
                    "instance": row.instance,
                    "kind": row.kind,
                    "reason": row.reason,
                    "raised_at": row.raised_at,
                    "last_at": row.last_at,
                    "times": row.times,
                    "over_at": row.over_at,
                    "acknowledged_at": row.acknowledged_at,
                    "acknowledged_by": row.acknowledged_by,
                }
                for row in rows
            ]
        )
    if not rows:
        return "no alarm"
    return grid(
        ("id", "instance", "kind", "raised", "last", "times", "over", "acknowledged", "reason"),
        [
            (
                row.alarm_id,
                row.instance,
                row.kind,
                local(row.raised_at, zone),
                local(row.last_at, zone),
                row.times,
                local(row.over_at, zone),
                f"{local(row.acknowledged_at, zone)} {row.acknowledged_by}".strip(),
                row.reason,
            )
            for row in rows
        ],
    )


def blocked(rows: Sequence[tuple[str, BlockedRow]], json_wanted: bool) -> str:
    """Instance and row. Numbers are shown whole: the list is for people who ring by hand."""
    if json_wanted:
        return as_json([_blocked(instance, row) for instance, row in rows])
    return grid(
        (
            "instance",
            "contract",
            "client",
            "name",
            "type",
            "access",
            "since",
            "trust",
            "oldest due",
            "owed",
            "numbers",
        ),
        [
            (
                instance,
                row.contract.contract_id,
                row.contract.client_id,
                row.client_name,
                row.client_type,
                f"{row.contract.access} {row.contract.access_code}".strip(),
                row.contract.blocked_since or "",
                row.contract.trust_unlock,
                row.oldest_due or "",
                row.open_total,
                " ".join(one.number for one in row.phones),
            )
            for instance, row in rows
        ],
    )


def _blocked(instance: str, row: BlockedRow) -> dict[str, object]:
    return {
        "instance": instance,
        "contract": row.contract.contract_id,
        "client": row.contract.client_id,
        "name": row.client_name,
        "type": row.client_type,
        "access": row.contract.access,
        "access_code": row.contract.access_code,
        "blocked_since": row.contract.blocked_since,
        "trust_unlock": row.contract.trust_unlock,
        "neighbourhood": row.contract.neighbourhood,
        "numbers": [one.number for one in row.phones],
        "oldest_bill": row.oldest_bill,
        "oldest_due": row.oldest_due,
        "owed": row.open_total,
    }


def standings(sums: Mapping[str, Mapping[Stage, StageSum]], json_wanted: bool) -> str:
    """By instance: how many open bills stand where, and what they come to."""
    if json_wanted:
        return as_json(
            [
                {"instance": instance, "stage": stage, "bills": found[stage].bills, "total": found[stage].total}
                for instance, found in sums.items()
                for stage in Stage
                if stage in found
            ]
        )
    return grid(
        ("instance", "stage", "bills", "total"),
        [
            (instance, stage, found[stage].bills, found[stage].total)
            for instance, found in sums.items()
            for stage in Stage
            if stage in found
        ],
    )


@dataclass(frozen=True, slots=True)
class ClientBills:
    """`collector bills --client`: what one client owes in one instance; bills with days overdue and stage."""

    instance: str
    client_id: str
    standing: ClientStanding | None
    bills: Sequence[tuple[Bill, int, Stage]]


def client_bills(found: Sequence[ClientBills], json_wanted: bool) -> str:
    if json_wanted:
        return as_json([_client_bills(one) for one in found])
    rows = [
        (one.instance, bill.bill_id, bill.due_date, days, stage, bill.open_amount, bill.updated_amount or "")
        for one in found
        for bill, days, stage in one.bills
    ]
    sums = [
        f"{one.instance}: {one.standing.count} open, {one.standing.total} in all, the oldest due "
        f"{one.standing.oldest_due} ({one.standing.stage})"
        for one in found
        if one.standing
    ]
    columns = ("instance", "bill", "due", "days overdue", "stage", "open", "with interest")
    return "\n".join((grid(columns, rows), *(sums or ["nothing is owed"])))


def _client_bills(one: ClientBills) -> dict[str, object]:
    owed = one.standing
    return {
        "instance": one.instance,
        "client": one.client_id,
        "count": owed.count if owed else 0,
        "total": owed.total if owed else 0,
        "oldest_due": owed.oldest_due if owed else None,
        "days_overdue": owed.days_overdue if owed else 0,
        "stage": owed.stage if owed else None,
        "bills": [
            {
                "bill": bill.bill_id,
                "due": bill.due_date,
                "days_overdue": days,
                "expired": days > 0,
                "stage": stage,
                "open": bill.open_amount,
                "with_interest": bill.updated_amount,
            }
            for bill, days, stage in one.bills
        ],
    }


def rejected(rows: Sequence[tuple[str, str, Rejected]], json_wanted: bool) -> str:
    """Instance, job and row."""
    if json_wanted:
        return as_json(
            [
                {"instance": instance, "job": job, "kind": row.kind, "id": row.source_id, "reason": row.reason}
                for instance, job, row in rows
            ]
        )
    return grid(
        ("instance", "job", "kind", "id", "reason"),
        [(instance, job, row.kind, row.source_id, row.reason) for instance, job, row in rows],
    )


def numbers(rows: Sequence[tuple[str, NumberRow]], json_wanted: bool) -> str:
    """Instance and number, with those it belongs to."""
    if json_wanted:
        return as_json(
            [
                {
                    "instance": instance,
                    "number": row.number,
                    "repaired": row.repaired,
                    "clients": list(row.client_ids),
                }
                for instance, row in rows
            ]
        )
    return grid(
        ("instance", "number", "ninth digit put in", "clients"),
        [
            (instance, phone.mask(row.number), "yes" if row.repaired else "", ", ".join(row.client_ids))
            for instance, row in rows
        ],
    )
