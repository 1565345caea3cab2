"""Claim and ledger over MariaDB: what `reserve` returns has been committed, and only that may be dialled."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from worker.core.enums import AttemptState, CallEnding
from worker.core.model import Attempt, Candidate, LedgerRules, Streak
from worker.core.route import ANY_ROUTE, Route
from worker.core.ulid import is_ulid
from worker.store import rows
from worker.store.claims import claim
from worker.store.engine import Db, Tx
from worker.store.group import Group


class SqlAttempts:
    """`worker.ports.Attempts` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._answers = Group(self._answered)
        self._lookups = Group(self._found)

    def reserve(
        self,
        candidates: Sequence[Candidate],
        *,
        channels: int,
        rules: LedgerRules,
        now: datetime,
        route: Route = ANY_ROUTE,
    ) -> list[Attempt]:
        if not candidates:
            return []
        instance = one_instance(candidates)
        return self._db.run(lambda tx: _reserve(tx, instance, candidates, route, channels, rules, now))

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

    def answered_many(self, asked: Sequence[tuple[str, datetime]]) -> dict[str, Attempt]:
        mine = [one for one in asked if is_ulid(one[0])]
        return {one.attempt_id: one for one in self._answered(mine) if one is not None} if mine else {}

    def get(self, attempt_id: str) -> Attempt | None:
        return self._lookups.do(attempt_id) if is_ulid(attempt_id) else None

    def get_many(self, attempt_ids: Sequence[str]) -> dict[str, Attempt]:
        return self._db.run(lambda tx: _get(tx, filter(is_ulid, attempt_ids)))

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
        return self._db.run(lambda tx: [_with_streak(row) for row in tx.rows("open_since", before=before)])

    def clock_put_back(self, after: datetime, now: datetime) -> int:
        return self._db.run(lambda tx: tx.change("clock_put_back", after=after, now=now))

    def count_open(self, instance: str) -> int:
        return self._db.run(lambda tx: tx.number("count_open", instance=instance))


def one_instance(candidates: Sequence[Candidate]) -> str:
    """ValueError when they do not all belong to one: only its row lock is taken."""
    names = {candidate.waiting.entry.instance for candidate in candidates}
    if len(names) != 1:
        raise ValueError("candidates of several instances cannot be reserved together")
    return names.pop()


def new_attempt(candidate: Candidate, route: Route, now: datetime) -> Attempt:
    """RESERVED, with the figures the entry had when it was claimed."""
    entry, more = candidate.waiting.entry, candidate.waiting.updated_total
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
        debtor=candidate.waiting.debtor,
        trunk=route.trunk,
        caller_id=route.caller_id,
        updated_total=None if more is None else rows.cents(more),
    )


def _reserve(
    tx: Tx,
    instance: str,
    candidates: Sequence[Candidate],
    route: Route,
    channels: int,
    rules: LedgerRules,
    now: datetime,
) -> list[Attempt]:
    """Locks in one order, the trunk's before the instance's: nobody waits for who waits for him."""
    free = len(candidates)
    if route.channels is not None:
        tx.lock(f"trunk:{route.trunk}")
        free = min(free, route.channels - tx.number("count_on_trunk", trunk=route.trunk))
    tx.lock(instance)
    free = min(free, channels - tx.number("count_open", instance=instance))
    reserved: list[Attempt] = []
    rest = list(candidates)
    while rest and len(reserved) < free:  # again only when some were refused
        part, rest = rest[: free - len(reserved)], rest[free - len(reserved) :]
        reserved += [new_attempt(one, route, now) for one in claim(tx, part, rules, now)]
    tx.bulk("add_attempt", [_values(attempt) for attempt in reserved])
    return reserved


def _get(tx: Tx, attempt_ids: Iterable[str]) -> dict[str, Attempt]:
    return {row.attempt_id: _with_streak(row) for row in tx.rows_in("get_attempts", "attempt_ids", attempt_ids)}


def _with_streak(row: Any) -> Attempt:
    ending = CallEnding(row.last_ending) if row.last_ending else None
    return rows.attempt(row, Streak(ending, row.in_a_row))


def _values(attempt: Attempt) -> dict[str, object]:
    names = ("attempt_id", "instance", "entry_id", "client_id", "client_name", "number", "origination", "state")
    others = ("total", "bill_count", "oldest_due", "updated_total", "reserved_at", "debtor", "trunk", "caller_id")
    return {name: getattr(attempt, name) for name in names + others}
