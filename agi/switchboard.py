"""Joins live calls with the store: who is on the line, what they were told, and how it ended."""

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import structlog

from agi.call import Call, Hangup
from agi.conversation import ConversationPlan, hold
from worker.core.enums import LineResult, OutcomeSource, Result
from worker.core.line_facts import LineFacts
from worker.core.model import Attempt, LedgerRules, NextStep, Outcome, TalkFacts
from worker.core.outcome import conclude
from worker.core.retry import USUAL, next_step
from worker.core.retry_table import RetryTable
from worker.core.script import Line
from worker.core.userfield import format_talk, parse
from worker.errors import CollectorError
from worker.ports import Clock, Sound
from worker.store_ports import Store

KEPT_TALKS = 2000  # finished talks whose hang-up never came; the oldest are forgotten
BLOCKING = (Result.OPT_OUT, Result.WRONG_PERSON)  # stored the moment the key is pressed

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class InstanceLine:
    """How one instance talks. `sounds` may raise SpeechError."""

    instance: str
    plan: ConversationPlan
    sounds: Callable[[Attempt], Mapping[Line, Sound]]
    rules: LedgerRules
    retry: RetryTable = USUAL


@dataclass(slots=True)
class _Live:
    """A conversation of this process, running or just over."""

    attempt: Attempt | None = None  # whose it is, so that the hang-up need not ask again
    facts: TalkFacts = field(default_factory=TalkFacts)
    over: threading.Event = field(default_factory=threading.Event)


class Switchboard:
    """Thread-safe. Nothing it does raises to the channel that called it."""

    def __init__(
        self, store: Store, lines: Mapping[str, InstanceLine], clock: Clock, *, patience: float = 1.0
    ) -> None:
        """`patience`: seconds that a hang-up waits for the conversation's thread to notice it."""
        self._store, self._lines, self._clock, self._patience = store, lines, clock, patience
        self._talks: OrderedDict[str, _Live] = OrderedDict()
        self._lock = threading.Lock()

    def talk(self, call: Call, attempt_id: str) -> None:
        """Talk to whoever answered, if the attempt is ours and still open; hang up in any case."""
        live = self._begin(attempt_id)
        try:
            if live is None:
                log.warning("second conversation of one attempt refused", attempt=attempt_id)
            else:
                self._talk(call, attempt_id, live)
        except CollectorError as problem:
            log.error("no conversation", attempt=attempt_id, problem=str(problem), kind=type(problem).__name__)
        except Exception:
            log.exception("conversation broke", attempt=attempt_id)
        finally:
            if live is not None:
                live.over.set()
            with suppress(Exception):
                call.hang_up()

    def hung_up(self, userfield_text: str, uniqueid: str) -> bool:
        """Record the outcome of a call whose channel is gone. True: it was written now.

        False: it had one already, the attempt is unknown, or the store failed (reconciliation will write it).
        """
        try:
            return self._hung_up(userfield_text, uniqueid)
        except CollectorError as problem:
            log.error("outcome left to reconciliation", problem=str(problem), kind=type(problem).__name__)
        except Exception:
            log.exception("outcome left to reconciliation")
        return False

    @property
    def talking(self) -> int:
        """Conversations that are going on."""
        with self._lock:
            return sum(not live.over.is_set() for live in self._talks.values())

    def _begin(self, attempt_id: str) -> _Live | None:
        with self._lock:
            if attempt_id in self._talks:
                return None
            if len(self._talks) > KEPT_TALKS:
                for old in [key for key, live in self._talks.items() if live.over.is_set()][: KEPT_TALKS // 2]:
                    del self._talks[old]
            live = self._talks[attempt_id] = _Live()
            return live

    def _talk(self, call: Call, attempt_id: str, live: _Live) -> None:
        attempt = self._store.attempts.answered(attempt_id, self._clock())
        if attempt is None:
            log.warning("answered, but unknown or no longer open: not a word", attempt=attempt_id)
            self._forget(attempt_id)
            return
        live.attempt = attempt
        line = self._lines[attempt.instance]
        sounds = line.sounds(attempt)
        live.facts = hold(call, sounds, line.plan, partial(self._remember, call, attempt, live))
        log.debug("conversation over", attempt=attempt_id, heard=live.facts.heard, result=live.facts.result)

    def _remember(self, call: Call, attempt: Attempt, live: _Live, facts: TalkFacts) -> None:
        new_result = facts.result is not live.facts.result
        live.facts = facts
        with suppress(Hangup):  # the line may be gone already: then the hang-up handler asks us, not the channel
            call.remember(format_talk(facts))
        if new_result and facts.result in BLOCKING:
            self._block(attempt, facts)

    def _block(self, attempt: Attempt, facts: TalkFacts) -> None:
        """What the finished call would block, now; the rule itself is `retry.next_step`."""
        line = LineFacts(attempt.attempt_id, attempt.number, answered=True, talk=facts)
        step = self._next_step(attempt, self._outcome(attempt, line, facts, ""), others=True)
        if step.block is None:
            return
        try:
            self._store.outcomes.block(step.block, attempt.attempt_id, self._clock())
        except CollectorError as problem:  # the outcome at hang-up carries the same block
            log.error("block not stored yet", attempt=attempt.attempt_id, problem=str(problem))

    def _hung_up(self, userfield_text: str, uniqueid: str) -> bool:
        line = parse(userfield_text)
        with self._lock:
            live = self._talks.get(line.attempt_id)
        talk = line.talk if live is None else self._last_word(live, line.attempt_id)
        attempt = (live.attempt if live else None) or self._store.attempts.get(line.attempt_id)
        if attempt is None:
            log.warning("hang-up of an unknown attempt", attempt=line.attempt_id)
            return False
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,32}", uniqueid):
            uniqueid = ""
        outcome = self._outcome(attempt, line, talk, uniqueid)
        step = self._next_step(attempt, outcome, others=self._others_left(attempt, outcome))
        written = self._store.outcomes.record(outcome, step)
        self._forget(line.attempt_id)
        log.info(
            "call ended",
            attempt=line.attempt_id,
            line=outcome.line_result,
            heard=talk.heard,
            result=talk.result,
            written=written,
        )
        return written

    def _last_word(self, live: _Live, attempt_id: str) -> TalkFacts:
        """What this process knows of the talk; else the checkpoint that came with the channel counts."""
        if not live.over.wait(self._patience):
            log.warning("conversation has not noticed the hang-up", attempt=attempt_id)
        return live.facts

    def _outcome(self, attempt: Attempt, line: LineFacts, talk: TalkFacts, uniqueid: str) -> Outcome:
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

    def _next_step(self, attempt: Attempt, outcome: Outcome, *, others: bool) -> NextStep:
        line = self._lines.get(attempt.instance)
        return next_step(
            outcome,
            now=outcome.ended_at,
            rules=line.rules if line else LedgerRules(),
            other_numbers_left=others,
            table=line.retry if line else USUAL,
            streak=attempt.streak,
            name=attempt.client_name,
        )

    def _others_left(self, attempt: Attempt, outcome: Outcome) -> bool:
        """Has the debtor another number? Asked only when this one is of no use any more."""
        if outcome.line_result is not LineResult.INVALID_NUMBER and outcome.talk.result is not Result.WRONG_PERSON:
            return True
        for waiting in self._store.queue.dossier(attempt.number).waiting:
            if waiting.entry.entry_id == attempt.entry_id:
                blocked = {block.number for block in waiting.blocks} | {attempt.number}
                return any(phone.number not in blocked for phone in waiting.phones)
        return True

    def _forget(self, attempt_id: str) -> None:
        with self._lock:
            self._talks.pop(attempt_id, None)
