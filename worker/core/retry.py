"""What an outcome means for its debtor: call when, or no more; which number is blocked; what the ERP is told."""

from datetime import datetime, timedelta
from typing import Final

from worker.core.enums import Answerer, CallEnding, EntryState, Heard, Result
from worker.core.instant import aware, day_start
from worker.core.model import Block, LedgerRules, NextStep, Outcome, Streak
from worker.core.phone import mask
from worker.core.retry_table import RetryRule, RetryTable, ending_of
from worker.core.tables import zone_of

USUAL: Final = RetryTable()
_NO_STREAK: Final = Streak()
_TALKED: Final = (Result.PROMISE, Result.SAYS_PAID, Result.WANTS_AGENT, Result.TRANSFERRED)
_USELESS: Final = {  # why a number is of no use for this debtor
    CallEnding.WRONG_PERSON: "not this person's number",
    CallEnding.INVALID_NUMBER: "the number does not exist",
}
_SENTENCES: Final = {
    CallEnding.HEARD: "heard all of it",
    CallEnding.SAYS_PAID: "says it is paid: wait for the payment to arrive",
    CallEnding.WANTS_AGENT: "asked for a person: time to call back",
    CallEnding.TRANSFERRED: "spoke with a person",
}


def next_step(
    outcome: Outcome,
    *,
    now: datetime,
    rules: LedgerRules,
    other_numbers_left: bool,
    table: RetryTable = USUAL,
    streak: Streak = _NO_STREAK,
    name: str = "",
) -> NextStep:
    """Never sooner than the ledger's gap, whichever number comes next, and not before a quiet period has ended.

    `streak`: how the debtor's calls ended before this one. `name`: the client's, for what the ERP is told.
    ValueError: `now` without zone.
    """
    talk = outcome.talk
    ending = ending_of(outcome.line_result, outcome.answerer, talk.heard, talk.result)
    if ending is CallEnding.OPT_OUT:
        return NextStep(
            EntryState.DONE,
            "asked never to be called again",
            block=Block(outcome.number, "opt_out"),
            never="1" in talk.keys
            or talk.heard in (Heard.PART, Heard.ALL),  # else perhaps somebody else's telephone
            note=_asked_no_more(outcome.number),
            ending=ending,
        )
    start, rule = aware(now), table.rule(ending)
    rest = _rest(rule, streak.count + 1 if streak.ending is ending else 1)
    quiet = _quiet_until(outcome, start, rules.of_debtor)
    until = max(start + rules.gap, _after(outcome, rule, start), start + rest, quiet or start)
    if ending in _USELESS:
        return _without_number(outcome, ending, until, name, others=other_numbers_left)
    sentence = _sentence(outcome, ending)
    if rest:
        sentence += f", {rule.in_a_row} in a row: left alone for {rest / timedelta(days=1):g} days"
    return NextStep(
        EntryState.WAITING, sentence, until, quiet_until=quiet, after_sync=rule.after_sync, ending=ending
    )


def _without_number(outcome: Outcome, ending: CallEnding, until: datetime, name: str, *, others: bool) -> NextStep:
    """That number never again for this debtor; others may be tried."""
    sentence = _USELESS[ending]
    block = Block(outcome.number, ending, outcome.instance, outcome.client_id)
    note = _not_his(outcome.number, name) if ending is CallEnding.WRONG_PERSON else ""
    if others:
        return NextStep(
            EntryState.WAITING, f"{sentence}: try another number", until, block, note=note, ending=ending
        )
    return NextStep(
        EntryState.DONE, f"{sentence} and there is no other number", block=block, note=note, ending=ending
    )


def _rest(rule: RetryRule, times: int) -> timedelta:
    """How long the debtor is left alone after so many such endings in a row; each full row counts anew."""
    if rule.in_a_row is None or times % rule.in_a_row:
        return timedelta(0)
    return rule.rest


def _quiet_until(outcome: Outcome, now: datetime, rules: LedgerRules) -> datetime | None:
    """The quiet period that a conversation with the right person begins; None: it was none.

    Told even when it is over already: the clock that says so may have been ahead, and be put back.
    """
    talk = outcome.talk
    confirmed = talk.result is Result.CONFIRMED and talk.heard in (Heard.PART, Heard.ALL)
    if not confirmed and talk.result not in _TALKED:
        return None
    return _promise_over(outcome) or (now + rules.quiet if rules.quiet else None)


def _promise_over(outcome: Outcome) -> datetime | None:
    """The end of the day by which it was promised, where the number lives."""
    day = outcome.talk.promise_day
    if outcome.talk.result is not Result.PROMISE or day is None:
        return None
    return day_start(day + timedelta(days=1), zone_of(outcome.number))


def _after(outcome: Outcome, rule: RetryRule, now: datetime) -> datetime:
    return (_promise_over(outcome) or now) + rule.wait


def _sentence(outcome: Outcome, ending: CallEnding) -> str:
    if ending is CallEnding.PROMISE:
        day = outcome.talk.promise_day
        return f"promised to pay by {day}" if day else "promised to pay, no day given"
    return _SENTENCES.get(ending) or f"last try: {_in_words(outcome)}"


def _in_words(outcome: Outcome) -> str:
    """The line result; when answered, by whom and what was heard."""
    line = str(outcome.line_result).replace("_", " ")
    if outcome.answerer is Answerer.NOBODY:
        return line
    return f"{line}, {str(outcome.answerer).replace('_', ' ')}, heard {outcome.talk.heard}"


def _not_his(number: str, name: str) -> str:
    """For the client's history in the ERP, read by the teams there."""
    whose = f"de {name}" if name else "deste cliente"
    return f"Ligação automática: quem atendeu disse que o telefone {mask(number)} não é {whose}."


def _asked_no_more(number: str) -> str:
    return f"Ligação automática: quem atendeu o telefone {mask(number)} pediu para não receber mais ligações."
