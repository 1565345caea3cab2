"""From a hang-up to a stored outcome: what the PBX says of the line, joined with what the conversation knows."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from worker.core.alternates import others_left
from worker.core.enums import LineResult, OutcomeSource, Result
from worker.core.line_facts import LineFacts
from worker.core.model import Attempt, LedgerRules, NextStep, Outcome, TalkFacts
from worker.core.outcome import conclude
from worker.core.retry import USUAL, next_step
from worker.core.retry_table import RetryTable
from worker.errors import CollectorError, StoreUnavailable
from worker.ports import Clock
from worker.store_ports import Store

Terms = tuple[LedgerRules, RetryTable]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ending:
    """A finished call, ready to be stored."""

    outcome: Outcome
    step: NextStep


class Endings:
    """Thread-safe. `terms`: what each instance's rules make of an outcome."""

    def __init__(self, store: Store, terms: Mapping[str, Terms], clock: Clock) -> None:
        self._store, self._terms, self._clock = store, terms, clock

    def conclude(self, attempt: Attempt, line: LineFacts, talk: TalkFacts, uniqueid: str) -> Ending:
        """Asks the store only when the debtor's other numbers matter. Raises StoreErrors."""
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,32}", uniqueid):
            uniqueid = ""
        outcome = self.outcome(attempt, line, talk, uniqueid)
        return Ending(outcome, self.step(attempt, outcome, others=self._others_left(attempt, outcome)))

    def outcome(self, attempt: Attempt, line: LineFacts, talk: TalkFacts, uniqueid: str) -> Outcome:
        return conclude(
            line,
            instance=attempt.instance,
            client_id=attempt.client_id,
            number=attempt.number,
            now=self._clock(),
            talk=talk,
            source=OutcomeSource.HANDLER,
            uniqueid=uniqueid,
        )

    def step(self, attempt: Attempt, outcome: Outcome, *, others: bool) -> NextStep:
        """`others`: whether the debtor has another number to be tried."""
        rules, table = self._terms.get(attempt.instance, (LedgerRules(), USUAL))
        return next_step(
            outcome,
            now=outcome.ended_at,
            rules=rules,
            other_numbers_left=others,
            table=table,
            streak=attempt.streak,
            name=attempt.client_name,
        )

    def write(self, ending: Ending) -> bool:
        """False when the attempt had its outcome already. Raises StoreErrors."""
        written = self._store.outcomes.record(ending.outcome, ending.step)
        _tell(ending, written=written)
        return written

    def write_many(self, endings: Sequence[Ending]) -> int:
        """How many were written now. One that cannot be stored is left to reconciliation.

        Raises StoreUnavailable: all of them are.
        """
        try:
            written = self._store.outcomes.record_many([(one.outcome, one.step) for one in endings])
        except StoreUnavailable:
            raise
        except CollectorError:
            return sum(self._write_alone(one) for one in endings)
        for ending, new in zip(endings, written, strict=True):
            _tell(ending, written=new)
        return sum(written)

    def _write_alone(self, ending: Ending) -> bool:
        try:
            return self.write(ending)
        except StoreUnavailable:
            raise
        except CollectorError as problem:
            attempt = ending.outcome.attempt_id
            log.error("outcome left to reconciliation", attempt=attempt, problem=str(problem))
            return False

    def _others_left(self, attempt: Attempt, outcome: Outcome) -> bool:
        """Has the debtor another number? Asked only when this one is of no use any more."""
        if outcome.line_result is not LineResult.INVALID_NUMBER and outcome.talk.result is not Result.WRONG_PERSON:
            return True
        for waiting in self._store.queue.dossier(attempt.number).waiting:
            if waiting.entry.entry_id == attempt.entry_id:
                return others_left(waiting, attempt.number)
        return True


def timed(line: LineFacts, created_at: datetime, answered_at: datetime | None, ended_at: datetime) -> LineFacts:
    """The same with how long it rang and was talked; without an instant of the answer all was ringing."""
    up = answered_at if line.answered and answered_at is not None else ended_at
    ring, talk = (up - created_at).total_seconds(), (ended_at - up).total_seconds()
    return replace(line, ring_seconds=max(0.0, ring), talk_seconds=max(0.0, talk))


def _tell(ending: Ending, *, written: bool) -> None:
    outcome = ending.outcome
    log.info(
        "call ended",
        attempt=outcome.attempt_id,
        line=outcome.line_result,
        heard=outcome.talk.heard,
        result=outcome.talk.result,
        written=written,
    )
