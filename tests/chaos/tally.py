"""The judgement of a chaos run: what the carrier rang and what the tables hold, against the invariants."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from tests.chaos.carrier_log import Ring, most_at_once

CAP = 3  # tries a day, of a number and of a debtor
GAP = timedelta(hours=4)
GRACE = timedelta(seconds=1)  # the carrier hears of the end of a call after the PBX has counted it out
Row = Mapping[str, Any]
Ask = Callable[[str], Sequence[Row]]

SQL = {
    "attempts that never ended": "SELECT attempt_id FROM collector.attempt WHERE open_in IS NOT NULL",
    "attempts without an outcome": (
        "SELECT a.attempt_id FROM collector.attempt a LEFT JOIN asteriskcdrdb.collector_outcome o "
        "ON o.attempt_id = a.attempt_id WHERE a.state <> 'withdrawn' AND o.attempt_id IS NULL"
    ),
    "outcomes without an attempt, or of one that was withdrawn": (
        "SELECT o.attempt_id FROM asteriskcdrdb.collector_outcome o LEFT JOIN collector.attempt a "
        "ON a.attempt_id = o.attempt_id WHERE a.attempt_id IS NULL OR a.state = 'withdrawn'"
    ),
    "attempts with two outcomes": (
        "SELECT attempt_id FROM asteriskcdrdb.collector_outcome GROUP BY attempt_id HAVING COUNT(*) > 1"
    ),
    "entries left claimed": "SELECT entry_id FROM collector.queue_entry WHERE state = 'claimed'",
    "ledger rows that disagree with the attempts": (
        "SELECT l.who FROM collector.ledger l LEFT JOIN collector.attempt a "
        "ON (a.number = l.who OR a.debtor = l.who) AND a.state <> 'withdrawn' "
        "GROUP BY l.who, l.recent HAVING (l.recent & 15) <> COUNT(a.attempt_id)"
    ),
    "numbers tried inside the gap, as the attempts say": (
        "SELECT number FROM collector.attempt WHERE state <> 'withdrawn' GROUP BY number HAVING COUNT(*) > 1"
    ),
    "debtors tried inside the gap, as the attempts say": (
        "SELECT debtor FROM collector.attempt WHERE state <> 'withdrawn' GROUP BY debtor HAVING COUNT(*) > 1"
    ),
    "outcomes that name a CDR row which is not there": (
        "SELECT o.attempt_id FROM asteriskcdrdb.collector_outcome o LEFT JOIN asteriskcdrdb.cdr c "
        "ON c.uniqueid = o.uniqueid WHERE o.cdr_found = 1 AND c.uniqueid IS NULL"
    ),
    "calls with two CDR rows": (
        "SELECT LEFT(userfield, 26) attempt_id FROM asteriskcdrdb.cdr WHERE userfield <> '' "
        "GROUP BY LEFT(userfield, 26) HAVING COUNT(*) > 1"
    ),
    "CDR rows of no attempt": (
        "SELECT CONCAT_WS(' ', c.calldate, c.uniqueid, c.channel, c.dcontext, c.lastapp, c.userfield) "
        "who FROM asteriskcdrdb.cdr c LEFT JOIN collector.attempt a "
        "ON a.attempt_id IN (LEFT(c.userfield, 26), c.uniqueid) WHERE a.attempt_id IS NULL"
    ),
    "debtors who could be called and were not": (
        "SELECT e.client_id FROM collector.queue_entry e JOIN collector.client_phone p "
        "ON p.instance = e.instance AND p.client_id = e.client_id "
        "LEFT JOIN collector.do_not_call d ON d.number = p.number AND d.source = 'procon' "
        "LEFT JOIN collector.attempt a ON a.state <> 'withdrawn' AND (a.entry_id = e.entry_id "
        "OR a.number = p.number OR a.debtor = (SELECT CONCAT('d:', REGEXP_REPLACE(k.document, '[^0-9]', '')) "
        "FROM collector.client k WHERE k.instance = e.instance AND k.client_id = e.client_id)) "
        "WHERE e.state = 'waiting' GROUP BY e.entry_id HAVING COUNT(a.attempt_id) = 0 AND COUNT(d.number) = 0"
    ),
}


@dataclass(frozen=True, slots=True)
class Tally:
    """`faults`: each must be 0; `facts`: what there was."""

    faults: dict[str, int]
    facts: dict[str, object]
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def sound(self) -> bool:
        return not any(self.faults.values())

    def lines(self) -> list[str]:
        width = max(map(len, (*self.facts, *self.faults)))
        shown = [f"{name:{width}} {value}" for name, value in self.facts.items()]
        shown += ["", "each of these must be 0"]
        for name, value in self.faults.items():
            shown.append(f"{name:{width}} {value}{self.examples.get(name, '')}")
        return shown


def rung(
    rings: Sequence[Ring], attempts: Sequence[Row], listed: Iterable[str], channels: Mapping[str, int]
) -> dict[str, list[str]]:
    """By the carrier's own log: what is wrong, and with whom. `attempts`: number, debtor, state."""
    placed = Counter(str(row["number"]) for row in attempts if row["state"] != "withdrawn")
    debtor_of = {str(row["number"]): str(row["debtor"]) for row in attempts}
    by_number: dict[str, list[datetime]] = defaultdict(list)
    by_debtor: dict[str, list[datetime]] = defaultdict(list)
    by_caller: dict[str, list[Ring]] = defaultdict(list)
    for ring in rings:
        by_number[ring.number].append(ring.at)
        by_debtor[debtor_of.get(ring.number, ring.number)].append(ring.at)
        by_caller[ring.caller].append(ring)
    return {
        "numbers over the cap": _over(by_number),
        "numbers inside the gap": _hurried(by_number),
        "debtors over the cap": _over(by_debtor),
        "debtors inside the gap": _hurried(by_debtor),
        "INVITEs without an attempt": [one for one, times in by_number.items() if len(times) > placed[one]],
        "numbers rung that nobody may call": sorted(set(listed) & set(by_number)),
        "callers with more calls at once than channels": [
            one for one, theirs in by_caller.items() if most_at_once(theirs, GRACE) > channels.get(one, 0)
        ],
    }


def _over(rings: Mapping[str, list[datetime]]) -> list[str]:
    return [one for one, times in rings.items() if len(times) > CAP]


def _hurried(rings: Mapping[str, list[datetime]]) -> list[str]:
    return [one for one, times in rings.items() if any(b - a < GAP for a, b in pairwise(sorted(times)))]


def judge(ask: Ask, rings: Sequence[Ring], listed: Iterable[str], channels: Mapping[str, int]) -> Tally:
    """`ask`: a question to the lab's database, as rows."""
    attempts = ask("SELECT attempt_id, number, debtor, state FROM collector.attempt")
    wrong: dict[str, list[str]] = rung(rings, attempts, listed, channels)
    for name, sql in SQL.items():
        wrong[name] = [str(next(iter(row.values()))) for row in ask(sql)]
    examples = {name: f"  ({', '.join(found[:3])})" for name, found in wrong.items() if found}
    return Tally({name: len(found) for name, found in wrong.items()}, _facts(ask, rings, attempts), examples)


def _facts(ask: Ask, rings: Sequence[Ring], attempts: Sequence[Row]) -> dict[str, object]:
    states = Counter(str(row["state"]) for row in attempts)
    outcomes = ask("SELECT line_result, source, cdr_found FROM asteriskcdrdb.collector_outcome")
    (cdr,) = ask("SELECT COUNT(*) n FROM asteriskcdrdb.cdr")
    sources, lines = (Counter(str(row[key]) for row in outcomes) for key in ("source", "line_result"))
    return {
        "INVITEs at the carrier": len(rings),
        "attempts": f"{len(attempts)} ({_listed(states)})",
        "outcomes": f"{len(outcomes)} ({_listed(lines)})",
        "written by": _listed(sources),
        "CDR rows": f"{cdr['n']}, found by {sum(row['cdr_found'] == 1 for row in outcomes)} outcomes",
    }


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items(), key=lambda item: -item[1]))
