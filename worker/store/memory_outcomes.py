"""Outcomes: the twin in memory, with a list of rows in place of Asterisk's `cdr`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from worker.core.do_not_call import OPT_OUT_SOURCE, DoNotCall
from worker.core.enums import AttemptState, EntryState, Origination
from worker.core.model import Attempt, Block, LedgerRow, NextStep, Outcome, Streak
from worker.core.records import CdrRow, OutcomeRow, TallyRow
from worker.store import rows
from worker.store.cdr import AFTER, BEFORE, ZONES, keep_best
from worker.store.endings import ASKED
from worker.store.memory_tables import Recorded, Tables, stepped
from worker.store.notes import waiting_note
from worker.store.outcomes import LOOK_AGAIN, UNMATCHED_LIMIT


class MemoryOutcomes:
    """`worker.ports.Outcomes`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def record(self, outcome: Outcome, step: NextStep, *, lost: bool = False) -> bool:
        rows.utc(outcome.ended_at)
        with self._tables.mutex:
            if outcome.attempt_id in self._tables.outcomes:
                return False
            attempt = self._tables.attempts.get(outcome.attempt_id)
            if lost and (attempt is None or not attempt.state.is_open):
                return False  # withdrawn meanwhile: there was no call, and nothing to tell of it
            self._tables.outcomes[outcome.attempt_id] = Recorded(rows.tidy_outcome(outcome))
            if attempt is not None and attempt.state.is_open:
                state = AttemptState.LOST if lost else AttemptState.ENDED
                self._tables.attempts[attempt.attempt_id] = replace(
                    attempt, state=state, ended_at=outcome.ended_at
                )
                self._move_entry(attempt.entry_id, step, outcome.ended_at)
            if step.block is not None:
                self.block(step.block, outcome.attempt_id, outcome.ended_at)
            if step.quiet_until is not None and attempt is not None and attempt.debtor:
                self._keep_quiet(attempt.debtor, step.quiet_until)
            if step.never and attempt is not None:
                self._never_call_again(attempt, outcome.ended_at)
            if step.note:
                note = waiting_note(outcome, step.note)
                self._tables.notes.setdefault(note.attempt_id, note)
            return True

    def record_many(self, endings: Sequence[tuple[Outcome, NextStep]]) -> list[bool]:
        return [self.record(outcome, step) for outcome, step in endings]

    def block(self, block: Block, attempt_id: str, now: datetime) -> None:  # noqa: ARG002 - kept only as evidence
        rows.utc(now)
        key = (block.number, block.instance or "", block.client_id or "")
        with self._tables.mutex:
            known = self._tables.blocks.get(key)
            if known is None or known.reason != "opt_out":
                self._tables.blocks[key] = block

    def cdr_of(self, attempts: Mapping[str, datetime]) -> dict[str, CdrRow]:
        found: dict[str, CdrRow] = {}
        with self._tables.mutex:
            for row in self._tables.cdr:
                if row.uniqueid in attempts:
                    keep_best(found, row.uniqueid, row)
            by_uniqueid = set(found)
            for row in self._tables.cdr:
                for key, when in attempts.items():
                    near = when - BEFORE - ZONES <= row.calldate <= when + AFTER + ZONES
                    if key not in by_uniqueid and near and row.userfield.startswith(key):
                        keep_best(found, key, row)
        return found

    def unmatched(self, before: datetime) -> list[Outcome]:
        with self._tables.mutex:
            wanted = [
                one
                for one in self._tables.outcomes.values()
                if one.outcome.ended_at < before
                and (
                    one.cdr_found is None
                    or (one.cdr_found is False and one.outcome.ended_at >= before - LOOK_AGAIN)
                )
            ]
        wanted.sort(key=lambda one: (one.cdr_found is not None, one.outcome.ended_at, one.outcome.attempt_id))
        return [one.outcome for one in wanted[:UNMATCHED_LIMIT]]

    def mark_cdr(self, found: Mapping[str, str], missing: Sequence[str]) -> None:
        with self._tables.mutex:
            for attempt_id, uniqueid in found.items():
                if recorded := self._tables.outcomes.get(attempt_id):
                    recorded.cdr_found = True
                    recorded.outcome = replace(recorded.outcome, uniqueid=rows.fit(uniqueid, 32))
            for attempt_id in missing:
                recorded = self._tables.outcomes.get(attempt_id)
                if recorded is not None and recorded.cdr_found is None:
                    recorded.cdr_found = False

    def tally(self, start: datetime, end: datetime, instance: str | None = None) -> list[TallyRow]:
        groups: dict[tuple[str, ...], list[Recorded]] = defaultdict(list)
        with self._tables.mutex:
            for one in self._between(start, end, instance):
                out = one.outcome
                origination = self._origination(out.attempt_id)
                key = (out.instance, origination, out.line_result, out.answerer, out.talk.heard, out.talk.result)
                groups[tuple(str(part) for part in key)].append(one)
            return [self._tally_row(groups[key]) for key in sorted(groups)]

    def listing(
        self, start: datetime, end: datetime, instance: str | None = None, limit: int = 1000
    ) -> list[OutcomeRow]:
        with self._tables.mutex:
            found = self._between(start, end, instance)
            found.sort(key=lambda one: (one.outcome.ended_at, one.outcome.attempt_id), reverse=True)
            return [self._listed(one) for one in found[:limit]]

    def _move_entry(self, entry_id: int, step: NextStep, now: datetime) -> None:
        entry = self._tables.entries.get(entry_id)
        if entry is None or entry.state is not EntryState.CLAIMED:
            return
        self._tables.entries[entry_id] = replace(
            stepped(entry, step, now),
            turn=entry.turn if entry.bumped_at is None else entry.oldest_due.toordinal(),
            bumped_at=None,
        )
        before = self._tables.streaks.get(entry_id, Streak())
        times = before.count + 1 if before.ending is step.ending else 1
        self._tables.streaks[entry_id] = Streak(step.ending, times)

    def _keep_quiet(self, debtor: str, until: datetime) -> None:
        row = self._tables.ledger.get(debtor, LedgerRow(debtor))
        latest = until if row.quiet_until is None else max(row.quiet_until, until)
        self._tables.ledger[debtor] = replace(row, quiet_until=latest)

    def _never_call_again(self, attempt: Attempt, now: datetime) -> None:
        kind, _, document = attempt.debtor.partition(":")
        asked = DoNotCall(reason=ASKED, source=OPT_OUT_SOURCE, added_at=now)
        lines = [replace(asked, document=document)] if kind == "d" else []
        client = self._tables.clients.get((attempt.instance, attempt.client_id))
        if kind == "c" and client is not None:
            lines = [replace(asked, number=one.number, instance=attempt.instance) for one in client.phones]
        for line in lines:
            known = self._tables.do_not_call.get(line.key)
            self._tables.do_not_call[line.key] = replace(known, expires_on=None) if known else line

    def _between(self, start: datetime, end: datetime, instance: str | None) -> list[Recorded]:
        return [
            one
            for one in self._tables.outcomes.values()
            if start <= one.outcome.ended_at < end and instance in (None, one.outcome.instance)
        ]

    def _origination(self, attempt_id: str) -> Origination:
        attempt = self._tables.attempts.get(attempt_id)
        return Origination.ARI if attempt is None else attempt.origination

    def _tally_row(self, group: list[Recorded]) -> TallyRow:
        first = group[0].outcome
        return TallyRow(
            instance=first.instance,
            origination=self._origination(first.attempt_id),
            line_result=first.line_result,
            answerer=first.answerer,
            heard=first.talk.heard,
            result=first.talk.result,
            count=len(group),
            short_calls=sum(one.outcome.short_call for one in group),
            talk_seconds=round(sum(one.outcome.talk_seconds for one in group), 2),
            cdr_found=sum(one.cdr_found is True for one in group),
        )

    def _listed(self, one: Recorded) -> OutcomeRow:
        attempt = self._tables.attempts.get(one.outcome.attempt_id)
        return OutcomeRow(
            outcome=one.outcome,
            client_name="" if attempt is None else attempt.client_name,
            origination=self._origination(one.outcome.attempt_id),
            total=Decimal(0) if attempt is None else attempt.total,
            cdr_found=one.cdr_found,
        )
