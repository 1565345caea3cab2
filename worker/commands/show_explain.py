"""What `queue --explain` prints: every rule for every number meant, what concerns the debtor, and the answer."""

from zoneinfo import ZoneInfo

from worker.commands.show import as_json, grid, local
from worker.core import phone
from worker.core.replay import NOT_KNOWN
from worker.core.verdict import Verdict
from worker.jobs.explain import Case, Explanation, Standing, When


def explained(found: Explanation, zone: ZoneInfo, json_wanted: bool) -> str:
    if json_wanted:
        return as_json(_document(found))
    what = phone.mask(found.number) if found.number else f"client {found.asked}"
    text = f"{what} at {local(found.at, zone)}" + {When.PAST: ", as it was then"}.get(found.when, "")
    if not found.cases and not found.standings:
        text += ": nobody in the queue has this number" if found.number else ": not in the queue"
    for case in found.cases:
        entry, number = case.waiting.entry, case.phone
        text += f"\n{entry.instance}, client {entry.client_id}"
        if number and not found.number:
            text += f", {phone.mask(number.number)}"
        text += f": {'may be called' if case.allowed else 'not called'}\n{_rules(case.verdicts, zone)}"
    for one in found.standings:
        text += "\n" + "\n".join(_standing(one, zone))
    for absent in found.absent:
        text += f"\n{absent.instance}, client {absent.client_id} is not in the queue: {absent.reason}"
    if found.attempts:
        text += "\nlast attempts\n" + grid(
            ("attempt", "instance", "state", "at"),
            [(one.attempt_id, one.instance, one.state, local(one.reserved_at, zone)) for one in found.attempts],
        )
    return text + (f"\n{NOT_KNOWN}" if found.when is When.PAST else "")


def _rules(verdicts: tuple[Verdict, ...], zone: ZoneInfo) -> str:
    return grid(
        ("", "rule", "data", "not before"),
        [("yes" if one.allowed else "NO", one.rule, one.detail, local(one.until, zone)) for one in verdicts],
    )


def _standing(one: Standing, zone: ZoneInfo) -> list[str]:
    lines = [f"{one.instance}, client {one.client_id}", one.choice, one.place, one.owed]
    lines.append(_rules(one.obstacles, zone))
    return [*(line for line in lines if line), f"=> {one.answer}"]


def _document(found: Explanation) -> dict[str, object]:
    return {
        "number": found.number,
        "at": found.at.isoformat(),
        "when": found.when,
        "cases": [_case(case) for case in found.cases],
        "debtors": [
            {
                "instance": one.instance,
                "client": one.client_id,
                "choice": one.choice,
                "place": one.place,
                "owed": one.owed,
                "obstacles": [_verdict(rule) for rule in one.obstacles],
                "answer": one.answer,
            }
            for one in found.standings
        ],
        "absent": [
            {"instance": one.instance, "client": one.client_id, "reason": one.reason} for one in found.absent
        ],
        "attempts": [
            {"id": one.attempt_id, "state": one.state, "reserved_at": one.reserved_at} for one in found.attempts
        ],
        "not_known": NOT_KNOWN if found.when is When.PAST else "",
    }


def _case(case: Case) -> dict[str, object]:
    return {
        "instance": case.waiting.entry.instance,
        "client": case.waiting.entry.client_id,
        "number": case.phone.number if case.phone else "",
        "state": case.waiting.entry.state,
        "allowed": case.allowed,
        "rules": [_verdict(one) for one in case.verdicts],
    }


def _verdict(one: Verdict) -> dict[str, object]:
    return {"rule": one.rule, "allowed": one.allowed, "detail": one.detail, "until": one.until}
