"""The claim of one batch: which entries are ours, which numbers and debtors the ledger grants."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime

from worker.core.model import Candidate, LedgerRules
from worker.store.engine import Tx


def claim(tx: Tx, candidates: Sequence[Candidate], rules: LedgerRules, now: datetime) -> list[Candidate]:
    """Those whose entry was still waiting with these figures, and whose number and debtor the ledger granted.

    Of the others nothing stays. The caller holds the instance's lock.
    """
    ours = _claimed(tx, _once_each(candidates), now)
    who = sorted({key for one in ours for key in (one.number, one.waiting.debtor)})
    tx.bulk("add_ledger", [{"who": one} for one in who])
    busy = {row.who for row in tx.rows("still_open", who=who)} if who else set()  # under the locks taken above
    free = [one for one in ours if not busy & {one.number, one.waiting.debtor}]
    numbers = _taken(tx, {one.number: one for one in free}, rules, now)
    debtors = _taken(tx, {one.waiting.debtor: one for one in free if one.number in numbers}, rules.of_debtor, now)
    granted = [one for one in ours if one.waiting.debtor in debtors]
    refused = [one for one in ours if one.waiting.debtor not in debtors]
    tx.change_in("give_back_taken", "who", sorted(numbers & {one.number for one in refused}))
    tx.change_in("release_entries", "entry_ids", sorted(one.waiting.entry.entry_id for one in refused))
    return granted


def _once_each(candidates: Sequence[Candidate]) -> list[Candidate]:
    """The first of those with the same number, debtor or entry: the ledger would refuse the second."""
    seen: set[object] = set()
    first = []
    for one in candidates:
        keys = {one.number, one.waiting.debtor, one.waiting.entry.entry_id}
        if not keys & seen:
            first.append(one)
            seen |= keys
    return first


def _claimed(tx: Tx, candidates: Sequence[Candidate], now: datetime) -> list[Candidate]:
    """The figures are part of the guard: what is reserved is what the callee will be told."""
    if not candidates:
        return []
    entries = {one.waiting.entry.entry_id: one for one in sorted(candidates, key=_entry_id)}
    tx.change(
        "claim_entries",
        instance=candidates[0].waiting.entry.instance,
        entry_ids=list(entries),
        figures=[_figures(one) for one in entries.values()],
        claims=_by_key((str(key), one.attempt_id) for key, one in entries.items()),
        now=now,
    )
    rows = tx.rows("claims_held", entry_ids=list(entries))
    held = {row.entry_id for row in rows if row.claim == entries[row.entry_id].attempt_id}
    return [one for one in candidates if one.waiting.entry.entry_id in held]


def _taken(tx: Tx, wanted: dict[str, Candidate], rules: LedgerRules, now: datetime) -> set[str]:
    """Which rows of the ledger, numbers or debtors, were granted to these candidates."""
    by_day: dict[date, list[str]] = defaultdict(list)
    for who, one in sorted(wanted.items()):
        by_day[one.local_day].append(who)
    for day, keys in by_day.items():
        tx.change(
            "take_ledger",
            who=keys,
            attempts=_by_key((key, wanted[key].attempt_id) for key in keys),
            today=day,
            per_day=rules.per_day,
            per_week=rules.per_week,
            gap_start=now - rules.gap,
            now=now,
        )
    if not wanted:
        return set()
    rows = tx.rows("ledger_takers", who=sorted(wanted))
    return {row.who for row in rows if row.last_attempt == wanted[row.who].attempt_id}


def _entry_id(one: Candidate) -> int:
    return one.waiting.entry.entry_id


def _figures(one: Candidate) -> tuple[object, ...]:
    entry = one.waiting.entry
    return entry.entry_id, entry.total, entry.bill_count, entry.oldest_due


def _by_key(pairs: Iterable[tuple[str, str]]) -> str:
    """`;key=value;key=value`: an UPDATE of many rows finds each one's value by its key in one text."""
    return "".join(f";{key}={value}" for key, value in pairs)
