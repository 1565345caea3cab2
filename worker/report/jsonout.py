"""The report for programs: the model's own words, amounts as text, instants with their offset."""

import json
from collections.abc import Sequence
from datetime import date
from zoneinfo import ZoneInfo

from worker.core.phone import mask
from worker.core.records import OutcomeRow
from worker.report.figures import Figures, Group, Share


def render(
    figures: Figures, outcomes: Sequence[OutcomeRow], *, title: str, day: date, zone: ZoneInfo, full_numbers: bool
) -> str:
    report = {
        "title": title,
        "day": day.isoformat(),
        "zone": zone.key,
        "total": group_object(figures.total),
        "instances": [{"instance": group.instance} | group_object(group) for group in figures.instances],
        "outcomes": [outcome_object(row, zone, full_numbers=full_numbers) for row in outcomes],
    }
    return json.dumps(report, ensure_ascii=False, indent=2) + "\n"


def group_object(group: Group) -> dict[str, object]:
    """Counts, and rates each with the denominator's name."""
    return {
        "attempts": group.attempts,
        "answered": group.answered,
        "line_results": group.line_results,
        "answerers": group.answerers,
        "heard": group.heard,
        "results": group.results,
        "debt_heard": group.debt_heard,
        "right_party": group.right_party,
        "short_calls": group.short_calls,
        "talk_seconds": round(group.talk_seconds, 3),
        "cdr_found": group.cdr_found,
        "rates": {
            "connection": _rate(group.connection, "attempts"),
            "right_party_contact": _rate(group.right_party_contact, "answered"),
            "short_calls": _rate(group.short, "attempts"),
            "cdr_found": _rate(group.with_cdr, "attempts"),
        },
    }


def outcome_object(row: OutcomeRow, zone: ZoneInfo, *, full_numbers: bool) -> dict[str, object]:
    """One outcome; the number masked unless asked for."""
    outcome, talk = row.outcome, row.outcome.talk
    return {
        "attempt_id": outcome.attempt_id,
        "instance": outcome.instance,
        "client_id": outcome.client_id,
        "client_name": row.client_name,
        "number": outcome.number if full_numbers else mask(outcome.number),
        "ended_at": outcome.ended_at.astimezone(zone).isoformat(),
        "origination": row.origination,
        "total": str(row.total),
        "line_result": outcome.line_result,
        "cause": outcome.cause,
        "tech_text": outcome.tech_text,
        "answerer": outcome.answerer,
        "amd_status": outcome.amd_status,
        "amd_cause": outcome.amd_cause,
        "heard": talk.heard,
        "heard_seconds": talk.heard_seconds,
        "result": talk.result,
        "keys": talk.keys,
        "promise_day": talk.promise_day.isoformat() if talk.promise_day else None,
        "ring_seconds": outcome.ring_seconds,
        "talk_seconds": outcome.talk_seconds,
        "short_call": outcome.short_call,
        "source": outcome.source,
        "uniqueid": outcome.uniqueid,
        "cdr_found": row.cdr_found,
    }


def _rate(share: Share, of: str) -> dict[str, object]:
    return {"part": share.part, "whole": share.whole, "of": of, "ratio": share.ratio}
