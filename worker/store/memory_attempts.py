"""Claim and ledger: the twin in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from worker.core.enums import AttemptState, EntryState
from worker.core.ledger import take
from worker.core.model import Attempt, Candidate, LedgerRow, LedgerRules, QueueEntry, Streak
from worker.core.route import ANY_ROUTE, Route
from worker.store import rows
from worker.store.attempts import new_attempt, one_instance
from worker.store.memory_tables import Tables, Taken


class MemoryAttempts:
    """`worker.ports.Attempts`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def reserve(
        self,
        candidates: Sequence[Candidate],
        *,
        channels: int,
        rules: LedgerRules,
        now: datetime,
        route: Route = ANY_ROUTE,
    ) -> list[Attempt]:
        rows.utc(now)
        if not candidates:
            return []
        instance = one_instance(candidates)
        reserved: list[Attempt] = []
        with self._tables.mutex:
            free = channels - self.count_open(instance)
            if route.channels is not None:
                free = min(free, route.channels - self._count_on(route.trunk))
            for candidate in candidates:
                if len(reserved) >= free:
                    break
                if self._claimable(candidate.waiting.entry, now) and self._take(candidate, rules, now):
                    entry = self._tables.entries[candidate.waiting.entry.entry_id]
                    self._tables.entries[entry.entry_id] = replace(entry, state=EntryState.CLAIMED)
                    attempt = new_attempt(candidate, route, now)
                    self._tables.attempts[attempt.attempt_id] = attempt
                    reserved.append(attempt)
        return reserved

    def dialed(self, attempt_ids: Sequence[str]) -> None:
        with self._tables.mutex:
            for attempt_id in attempt_ids:
                self._move(attempt_id, AttemptState.DIALING, AttemptState.RESERVED)

    def withdraw(self, attempt_id: str, reason: str) -> bool:
        with self._tables.mutex:
            if not self._move(attempt_id, AttemptState.WITHDRAWN, AttemptState.RESERVED):
                return False
            attempt = self._tables.attempts[attempt_id]
            for who in (attempt.number, attempt.debtor):
                self._give_back(who, attempt_id)
            entry = self._tables.entries.get(attempt.entry_id)
            if entry is not None and entry.state is EntryState.CLAIMED:
                said = rows.fit(reason, 255)
                self._tables.entries[entry.entry_id] = replace(entry, state=EntryState.WAITING, reason=said)
            return True

    def answered(self, attempt_id: str, now: datetime) -> Attempt | None:
        rows.utc(now)
        with self._tables.mutex:
            if self._move(attempt_id, AttemptState.ANSWERED, AttemptState.RESERVED, AttemptState.DIALING):
                attempt = self._tables.attempts[attempt_id]
                self._tables.attempts[attempt_id] = replace(attempt, answered_at=now)
            found = self._tables.attempts.get(attempt_id)
            if found is None or found.state is not AttemptState.ANSWERED:
                return None
            return self._with_streak(found)

    def answered_many(self, asked: Sequence[tuple[str, datetime]]) -> dict[str, Attempt]:
        found = [self.answered(attempt_id, now) for attempt_id, now in asked]
        return {one.attempt_id: one for one in found if one is not None}

    def get(self, attempt_id: str) -> Attempt | None:
        with self._tables.mutex:
            found = self._tables.attempts.get(attempt_id)
            return None if found is None else self._with_streak(found)

    def get_many(self, attempt_ids: Sequence[str]) -> dict[str, Attempt]:
        found = {attempt_id: self.get(attempt_id) for attempt_id in attempt_ids}
        return {attempt_id: attempt for attempt_id, attempt in found.items() if attempt is not None}

    def open_since(self, before: datetime) -> list[Attempt]:
        with self._tables.mutex:
            found = [self._with_streak(one) for one in self._open() if one.reserved_at < before]
        return sorted(found, key=lambda one: (one.reserved_at, one.attempt_id))

    def clock_put_back(self, after: datetime, now: datetime) -> int:
        with self._tables.mutex:
            ahead = [one.attempt_id for one in self._open() if one.reserved_at > after]
            self._tables.open_from |= dict.fromkeys(ahead, now)
        return len(ahead)

    def _open(self) -> list[Attempt]:
        """With the instant from which reconciliation reckons."""
        return [
            replace(one, reserved_at=self._tables.open_from.get(one.attempt_id, one.reserved_at))
            for one in self._tables.attempts.values()
            if one.state.is_open
        ]

    def count_open(self, instance: str) -> int:
        with self._tables.mutex:
            return sum(a.instance == instance and a.state.is_open for a in self._tables.attempts.values())

    def _with_streak(self, attempt: Attempt) -> Attempt:
        """How the debtor's calls ended before this one is known while this one holds the entry."""
        if not attempt.state.is_open:
            return attempt
        return replace(attempt, streak=self._tables.streaks.get(attempt.entry_id, Streak()))

    def _count_on(self, trunk: str) -> int:
        return sum(a.trunk == trunk and a.state.is_open for a in self._tables.attempts.values())

    def _give_back(self, who: str, attempt_id: str) -> None:
        taken = self._tables.taken.get(who)
        if taken is None or taken.attempt_id != attempt_id:
            return
        del self._tables.taken[who]
        row = replace(taken.before, quiet_until=self._tables.ledger[who].quiet_until)
        self._tables.ledger[who] = row
        if row.last_try_at is None and row.quiet_until is None:
            del self._tables.ledger[who]

    def _move(self, attempt_id: str, to: AttemptState, *guard: AttemptState) -> bool:
        attempt = self._tables.attempts.get(attempt_id)
        if attempt is None or attempt.state not in guard:
            return False
        self._tables.attempts[attempt_id] = replace(attempt, state=to)
        return True

    def _claimable(self, seen: QueueEntry, now: datetime) -> bool:
        entry = self._tables.entries.get(seen.entry_id)
        return (
            entry is not None
            and entry.instance == seen.instance
            and entry.state is EntryState.WAITING
            and rows.next_attempt(entry.next_attempt_at) <= now
            and (entry.total, entry.bill_count, entry.oldest_due) == (seen.total, seen.bill_count, seen.oldest_due)
        )

    def _take(self, candidate: Candidate, rules: LedgerRules, now: datetime) -> bool:
        """The number and the debtor, or neither."""
        wanted = {candidate.number: rules, candidate.waiting.debtor: rules.of_debtor}
        if any(self._is_rung(who) for who in wanted):
            return False
        before = {who: self._tables.ledger.get(who, LedgerRow(who)) for who in wanted}
        after = {who: take(before[who], limits, now, candidate.local_day) for who, limits in wanted.items()}
        if None in after.values():
            return False
        for who, row in after.items():
            if row is not None:
                self._tables.taken[who] = Taken(candidate.attempt_id, before[who])
                self._tables.ledger[who] = row
        return True

    def _is_rung(self, who: str) -> bool:
        """Never a second call on top of the first, even if the gap is over by a clock that was set forward."""
        taken = self._tables.taken.get(who)
        return taken is not None and self._tables.attempts[taken.attempt_id].state.is_open
