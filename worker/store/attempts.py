"""Claim and ledger over MariaDB: what `reserve` returns has been committed, and only that may be dialled."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from worker.core.enums import AttemptState
from worker.core.model import Attempt, Candidate, LedgerRules
from worker.core.ulid import is_ulid
from worker.store import rows
from worker.store.engine import Db, Tx
from worker.store.group import Group


class SqlAttempts:
    """`worker.ports.Attempts` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._answers = Group(self._answered)
        self._lookups = Group(self._found)

    def reserve(
        self, candidates: Sequence[Candidate], *, channels: int, rules: LedgerRules, now: datetime
    ) -> list[Attempt]:
        if not candidates:
            return []
        instance = one_instance(candidates)
        return self._db.run(lambda tx: _reserve(tx, instance, candidates, channels, rules, now))

    def dialed(self, attempt_ids: Sequence[str]) -> None:
        self._db.run(lambda tx: tx.change_in("mark_dialed", "attempt_ids", attempt_ids))

    def withdraw(self, attempt_id: str, reason: str) -> bool:
        said = rows.fit(reason, 255)

        def work(tx: Tx) -> bool:
            if tx.change("withdraw_attempt", attempt_id=attempt_id, reason=said) == 0:
                return False
            tx.change("give_back_ledger", attempt_id=attempt_id)
            tx.change("release_entry", attempt_id=attempt_id, reason=said)
            return True

        return self._db.run(work)

    def answered(self, attempt_id: str, now: datetime) -> Attempt | None:
        """Asked again while it is ANSWERED (a lost reply, a handler started anew) it says the same.

        Calls answered at the same moment share a transaction.
        """
        return self._answers.do((attempt_id, now)) if is_ulid(attempt_id) else None

    def get(self, attempt_id: str) -> Attempt | None:
        return self._lookups.do(attempt_id) if is_ulid(attempt_id) else None

    def _answered(self, asked: Sequence[tuple[str, datetime]]) -> list[Attempt | None]:
        ids = [attempt_id for attempt_id, _ in asked]
        # each one's own instant, found by its id in one text, so that one UPDATE serves them all
        times = ";".join(
            f"{attempt_id} {rows.utc(now).isoformat(' ', 'microseconds')}" for attempt_id, now in asked
        )

        def work(tx: Tx) -> dict[str, Attempt]:
            tx.change("mark_answered", attempt_ids=sorted(ids), times=times)
            return _get(tx, ids)

        found = self._db.run(work)
        marked = [found.get(attempt_id) for attempt_id in ids]
        return [one if one and one.state is AttemptState.ANSWERED else None for one in marked]

    def _found(self, ids: Sequence[str]) -> list[Attempt | None]:
        found = self._db.run(lambda tx: _get(tx, ids))
        return [found.get(attempt_id) for attempt_id in ids]

    def open_since(self, before: datetime) -> list[Attempt]:
        return self._db.run(lambda tx: [rows.attempt(row) for row in tx.rows("open_since", before=before)])

    def count_open(self, instance: str) -> int:
        return self._db.run(lambda tx: tx.number("count_open", instance=instance))


def one_instance(candidates: Sequence[Candidate]) -> str:
    """ValueError when they do not all belong to one: only its row lock is taken."""
    names = {candidate.waiting.entry.instance for candidate in candidates}
    if len(names) != 1:
        raise ValueError("candidates of several instances cannot be reserved together")
    return names.pop()


def new_attempt(candidate: Candidate, now: datetime) -> Attempt:
    """RESERVED, with the figures the entry had when it was claimed."""
    entry = candidate.waiting.entry
    return Attempt(
        attempt_id=candidate.attempt_id,
        instance=entry.instance,
        entry_id=entry.entry_id,
        client_id=entry.client_id,
        client_name=rows.fit(candidate.waiting.client_name, 200),
        number=candidate.number,
        origination=candidate.origination,
        state=AttemptState.RESERVED,
        total=entry.total,
        bill_count=entry.bill_count,
        oldest_due=entry.oldest_due,
        reserved_at=now,
    )


def _reserve(
    tx: Tx, instance: str, candidates: Sequence[Candidate], channels: int, rules: LedgerRules, now: datetime
) -> list[Attempt]:
    tx.lock(instance)
    free = channels - tx.number("count_open", instance=instance)
    if free <= 0:
        return []
    tx.bulk("add_ledger", [{"number": number} for number in sorted({one.number for one in candidates})])
    reserved: list[Attempt] = []
    refused: list[int] = []
    for candidate in candidates:
        if len(reserved) == free:
            break
        if not _claim(tx, candidate, now):
            continue
        if _take_ledger(tx, candidate, rules, now):
            reserved.append(new_attempt(candidate, now))
        else:
            refused.append(candidate.waiting.entry.entry_id)
    tx.change_in("release_entries", "entry_ids", refused)
    tx.bulk("add_attempt", [_values(attempt) for attempt in reserved])
    return reserved


def _claim(tx: Tx, candidate: Candidate, now: datetime) -> bool:
    entry = candidate.waiting.entry
    taken = tx.change(
        "claim_entry",
        entry_id=entry.entry_id,
        instance=entry.instance,
        total=entry.total,
        bill_count=entry.bill_count,
        oldest_due=entry.oldest_due,
        now=now,
    )
    return taken == 1


def _take_ledger(tx: Tx, candidate: Candidate, rules: LedgerRules, now: datetime) -> bool:
    taken = tx.change(
        "take_ledger",
        number=candidate.number,
        attempt_id=candidate.attempt_id,
        today=candidate.local_day,
        per_day=rules.per_day,
        gap_start=now - rules.gap,
        now=now,
    )
    return taken == 1


def _get(tx: Tx, attempt_ids: Iterable[str]) -> dict[str, Attempt]:
    return {row.attempt_id: rows.attempt(row) for row in tx.rows_in("get_attempts", "attempt_ids", attempt_ids)}


def _values(attempt: Attempt) -> dict[str, object]:
    names = ("attempt_id", "instance", "entry_id", "client_id", "client_name", "number", "origination", "state")
    figures = ("total", "bill_count", "oldest_due", "reserved_at")
    return {name: getattr(attempt, name) for name in names + figures}
