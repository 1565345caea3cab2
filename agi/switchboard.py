"""Joins live calls with the store: who is on the line, what they were told, and how it ended."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial

import structlog

from agi.call import Call, Detection, Hangup
from agi.conversation import hold
from agi.endings import Endings, timed
from agi.plan import ConversationPlan, Desk, EmptyDesk
from agi.recorder import HangUp
from worker.core.enums import Result
from worker.core.line_facts import LineFacts
from worker.core.model import Attempt, LedgerRules, TalkFacts
from worker.core.retry import USUAL
from worker.core.retry_table import RetryTable
from worker.core.userfield import format_talk, parse
from worker.errors import CollectorError, StoreUnavailable
from worker.ports import Clock, Script
from worker.store_ports import Store

KEPT_TALKS = 2000  # finished talks whose hang-up never came; the oldest are forgotten
BLOCKING = (Result.OPT_OUT, Result.WRONG_PERSON)  # stored the moment the key is pressed

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class InstanceLine:
    """How one instance talks. `script` may raise SpeechError."""

    instance: str
    plan: ConversationPlan
    script: Callable[[Attempt], Script]
    rules: LedgerRules
    retry: RetryTable = USUAL
    desk: Callable[[Attempt], Desk] = lambda _: EmptyDesk()
    here: bool = True  # else its debtors are called by another PBX: not a word is said, a hang-up is recorded


@dataclass(slots=True)
class _Live:
    """A conversation of this process, running or just over."""

    attempt: Attempt | None = None  # whose it is, so that the hang-up need not ask again
    facts: TalkFacts = field(default_factory=TalkFacts)
    call: Call | None = None
    over: threading.Event = field(default_factory=threading.Event)


class Switchboard:
    """Thread-safe. Nothing it does raises to the channel that called it."""

    def __init__(
        self, store: Store, lines: Mapping[str, InstanceLine], clock: Clock, *, patience: float = 1.0
    ) -> None:
        """`patience`: seconds that a hang-up waits for the conversation's thread to notice it."""
        self._store, self._lines, self._clock, self._patience = store, lines, clock, patience
        self._endings = Endings(store, {name: (line.rules, line.retry) for name, line in lines.items()}, clock)
        self._talks: OrderedDict[str, _Live] = OrderedDict()
        self._lock = threading.Lock()

    def admit(self, attempt_ids: Sequence[str]) -> dict[str, Attempt]:
        """Mark as answered those that are ours and still open: who may be talked to, by their ids."""
        now = self._clock()
        try:
            return self._store.attempts.answered_many([(attempt_id, now) for attempt_id in attempt_ids])
        except CollectorError as problem:
            log.error("no conversations", count=len(attempt_ids), problem=str(problem))
        except Exception:
            log.exception("no conversations", count=len(attempt_ids))
        return {}

    def talk(self, call: Call, attempt_id: str, admitted: Attempt | None = None) -> None:
        """Talk to whoever answered, if the attempt is ours and still open; hang up in any case."""
        live = self._begin(attempt_id)
        try:
            if live is None:
                log.warning("second conversation of one attempt refused", attempt=attempt_id)
            else:
                self._talk(call, attempt_id, live, admitted)
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

    def hung_up_together(self, ends: Sequence[HangUp]) -> int:
        """`hung_up` for many, none of whose conversations is waited for; how many outcomes were written now."""
        try:
            return self._hung_up_together({end.line.attempt_id: end for end in ends})
        except CollectorError as problem:
            log.error("outcomes left to reconciliation", count=len(ends), problem=str(problem))
        except Exception:
            log.exception("outcomes left to reconciliation", count=len(ends))
        return 0

    def over(self, attempt_id: str) -> bool:
        """Whether nothing more is to be learned from a conversation of this process."""
        with self._lock:
            live = self._talks.get(attempt_id)
        return live is None or live.over.is_set()

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

    def _talk(self, call: Call, attempt_id: str, live: _Live, admitted: Attempt | None) -> None:
        attempt = admitted or self._store.attempts.answered(attempt_id, self._clock())
        if attempt is None:
            log.warning("answered, but unknown or no longer open: not a word", attempt=attempt_id)
            self._forget(attempt_id)
            return
        live.attempt, live.call = attempt, call
        line = self._lines.get(attempt.instance)
        if line is None or not line.here:
            log.warning("answered, but no instance of this PBX: not a word", attempt=attempt_id)
            return
        script = line.script(attempt)
        remember = partial(self._remember, call, attempt, live)
        live.facts = hold(call, script, line.plan, line.desk(attempt), remember)
        log.debug("conversation over", attempt=attempt_id, heard=live.facts.heard, result=live.facts.result)

    def _remember(self, call: Call, attempt: Attempt, live: _Live, facts: TalkFacts) -> None:
        new_result = facts.result is not live.facts.result
        live.facts = facts
        with suppress(Hangup):  # the line may be gone already: then the hang-up handler asks us, not the channel
            call.remember(format_talk(facts, call.detection.status, call.detection.cause))
        if new_result and facts.result in BLOCKING:
            self._block(attempt, facts)

    def _block(self, attempt: Attempt, facts: TalkFacts) -> None:
        """What the finished call would block, now; the rule itself is `retry.next_step`."""
        line = LineFacts(attempt.attempt_id, attempt.number, answered=True, talk=facts)
        step = self._endings.step(attempt, self._endings.outcome(attempt, line, facts, ""), others=True)
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
        talk = line.talk if live is None else joined(self._last_word(live, line.attempt_id), line.talk)
        attempt = (live.attempt if live else None) or self._store.attempts.get(line.attempt_id)
        if attempt is None:
            log.warning("hang-up of an unknown attempt", attempt=line.attempt_id)
            return False
        written = self._endings.write(self._endings.conclude(attempt, _who(line, live), talk, uniqueid))
        self._forget(line.attempt_id)
        return written

    def _last_word(self, live: _Live, attempt_id: str) -> TalkFacts:
        """What this process knows of the talk; else the checkpoint that came with the channel counts."""
        if not live.over.wait(self._patience):
            log.warning("conversation has not noticed the hang-up", attempt=attempt_id)
        return live.facts

    def _hung_up_together(self, ends: Mapping[str, HangUp]) -> int:
        with self._lock:
            lives = {attempt_id: live for attempt_id in ends if (live := self._talks.get(attempt_id))}
        attempts = {attempt_id: live.attempt for attempt_id, live in lives.items() if live.attempt}
        if unheard := [attempt_id for attempt_id in ends if attempt_id not in attempts]:
            attempts |= self._store.attempts.get_many(unheard)
        concluded = []
        for attempt_id, end in ends.items():
            attempt, live = attempts.get(attempt_id), lives.get(attempt_id)
            if attempt is None:
                log.warning("hang-up of an unknown attempt", attempt=attempt_id)
                continue
            talk = joined(live.facts, end.line.talk) if live else end.line.talk
            try:
                line = timed(_who(end.line, live), end.created_at, attempt.answered_at, end.at)
                concluded.append(self._endings.conclude(attempt, line, talk, end.uniqueid))
            except StoreUnavailable:
                raise
            except Exception:  # of this one only
                log.exception("outcome left to reconciliation", attempt=attempt_id)
        written = self._endings.write_many(concluded)
        for attempt_id in ends:
            self._forget(attempt_id)
        return written

    def _forget(self, attempt_id: str) -> None:
        with self._lock:
            self._talks.pop(attempt_id, None)


def joined(known: TalkFacts, checkpoint: TalkFacts) -> TalkFacts:
    """What the conversation knows; only the channel knows that an agent took a callee who never came back."""
    if known.result is Result.WANTS_AGENT and checkpoint.result is Result.TRANSFERRED:
        return replace(known, result=Result.TRANSFERRED)
    return known


def _who(line: LineFacts, live: _Live | None) -> LineFacts:
    """The same with what the call itself knows of who picked up: the checkpoint may be older."""
    known = live.call.detection if live is not None and live.call is not None else Detection()
    return replace(line, amd_status=known.status, amd_cause=known.cause) if known.status else line
