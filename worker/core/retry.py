"""What an outcome means for its debtor: call again when, or no more, and which number is blocked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from worker.core.enums import Answerer, EntryState, Heard, LineResult, Result
from worker.core.instant import aware, day_start
from worker.core.model import Block, LedgerRules, NextStep, Outcome
from worker.core.tables import zone_of

QUIET: Final = timedelta(days=7)  # after a real conversation
PAYMENT_ARRIVES: Final = timedelta(hours=24)  # until a payment shows in the ERP
AGENT_CALLS: Final = timedelta(hours=24)  # for people to call back whoever asked for one


@dataclass(frozen=True, slots=True)
class _Wait:
    """How long to leave a debtor alone, and why."""

    span: timedelta
    reason: str


# After these results nobody is called again as soon as the gap allows.
_WAITS: Final = {
    Result.SAYS_PAID: _Wait(PAYMENT_ARRIVES, "says it is paid: wait for the payment to arrive"),
    Result.WANTS_AGENT: _Wait(AGENT_CALLS, "asked for a person: time to call back"),
    Result.TRANSFERRED: _Wait(QUIET, "spoke with a person: a quiet week"),
    Result.PROMISE: _Wait(QUIET, "promised to pay, no day given: a quiet week"),
}


def next_step(outcome: Outcome, *, now: datetime, rules: LedgerRules, other_numbers_left: bool) -> NextStep:
    """Never sooner than the ledger's gap, whichever number comes next. ValueError: `now` without zone."""
    if outcome.talk.result is Result.OPT_OUT:
        everybody = Block(outcome.number, "opt_out")
        return NextStep(EntryState.DONE, "asked never to be called again", block=everybody)
    after_gap = aware(now) + rules.gap
    if useless := _useless(outcome):
        reason, sentence = useless
        block = Block(outcome.number, reason, outcome.instance, outcome.client_id)
        if other_numbers_left:
            return NextStep(EntryState.WAITING, f"{sentence}: try another number", after_gap, block)
        return NextStep(EntryState.DONE, f"{sentence} and there is no other number", block=block)
    until, sentence = _again(outcome, aware(now), after_gap)
    return NextStep(EntryState.WAITING, sentence, max(until, after_gap))


def _useless(outcome: Outcome) -> tuple[str, str] | None:
    """Why this number is of no use for this client: the block's reason, and a sentence."""
    if outcome.talk.result is Result.WRONG_PERSON:
        return "wrong_person", "not this person's number"
    if outcome.line_result is LineResult.INVALID_NUMBER:
        return "invalid_number", "the number does not exist"
    return None


def _again(outcome: Outcome, now: datetime, after_gap: datetime) -> tuple[datetime, str]:
    talk = outcome.talk
    if talk.result is Result.PROMISE and talk.promise_day:
        day_after = day_start(talk.promise_day + timedelta(days=1), zone_of(outcome.number))
        return day_after, f"promised to pay by {talk.promise_day}"
    if talk.result is Result.CONFIRMED and talk.heard is Heard.ALL:
        return now + QUIET, "heard all of it: a quiet week"
    if wait := _WAITS.get(talk.result):
        return now + wait.span, wait.reason
    return after_gap, f"last try: {_in_words(outcome)}"


def _in_words(outcome: Outcome) -> str:
    """The line result; when answered, by whom and what was heard."""
    line = str(outcome.line_result).replace("_", " ")
    if outcome.answerer is Answerer.NOBODY:
        return line
    return f"{line}, {str(outcome.answerer).replace('_', ' ')}, heard {outcome.talk.heard}"
