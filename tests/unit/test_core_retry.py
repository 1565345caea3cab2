"""After the call: when again, never again, and which number is blocked."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.enums import Answerer, CallEnding, EntryState, Heard, LineResult, OutcomeSource, Result
from worker.core.model import Block, LedgerRules, NextStep, Outcome, Streak, TalkFacts
from worker.core.retry import USUAL, next_step
from worker.core.retry_table import DEFAULTS, RetryRule, RetryTable, Which

NUMBER = "+5511987654321"
NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
RULES = LedgerRules()
GAP = NOW + timedelta(hours=4)
DAY, WEEK = NOW + timedelta(days=1), NOW + timedelta(days=7)
L, E, W, D = LineResult, CallEnding, EntryState.WAITING, EntryState.DONE

BLANK = Outcome("01ARYZ6S410000000000000000", "fibra", "7", NUMBER, NOW, L.ANSWERED, Answerer.HUMAN, TalkFacts())
NO_STREAK = Streak()
FOR_CLIENT = {"instance": "fibra", "client_id": "7"}


def step(
    outcome: Outcome,
    *,
    others: bool = True,
    rules: LedgerRules = RULES,
    table: RetryTable = USUAL,
    streak: Streak = NO_STREAK,
) -> NextStep:
    return next_step(
        outcome,
        now=NOW,
        rules=rules,
        other_numbers_left=others,
        table=table,
        streak=streak,
        name="Ana da Conceição",
    )


def said(result: Result, heard: Heard = Heard.ALL, promise: date | None = None) -> Outcome:
    return replace(BLANK, talk=TalkFacts(heard, 10.0, result, "1", promise))


def ended(line: LineResult, who: Answerer = Answerer.NOBODY) -> Outcome:
    return replace(BLANK, line_result=line, answerer=who)


WRONG = Block(NUMBER, "wrong_person", **FOR_CLIENT)
INVALID = Block(NUMBER, "invalid_number", **FOR_CLIENT)
ASKED_NO_MORE = "Ligação automática: quem atendeu o telefone +5511*******21 pediu para não receber mais ligações."
NOT_HIS = "Ligação automática: quem atendeu disse que o telefone +5511*******21 não é de Ana da Conceição."
NOT_ME, NOWHERE = "not this person's number", "the number does not exist"
PAID = "says it is paid: wait for the payment to arrive"
NOVEMBER_2 = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
NOVEMBER_26 = datetime(2026, 11, 26, 3, 0, tzinfo=UTC)  # midnight where the number lives


def waits(until: datetime, reason: str, ending: CallEnding, **more: object) -> NextStep:
    return NextStep(W, reason, until, ending=ending, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("expected", "outcome", "others"),
    [
        # never again, on no debt of anybody
        (
            NextStep(
                D,
                "asked never to be called again",
                block=Block(NUMBER, "opt_out"),
                never=True,
                note=ASKED_NO_MORE,
                ending=E.OPT_OUT,
            ),
            said(Result.OPT_OUT),
            True,
        ),
        # the same of whoever has not said who he is: perhaps somebody else's telephone
        (
            NextStep(
                D,
                "asked never to be called again",
                block=Block(NUMBER, "opt_out"),
                note=ASKED_NO_MORE,
                ending=E.OPT_OUT,
            ),
            replace(BLANK, talk=TalkFacts(Heard.GREETING, 2.0, Result.OPT_OUT, "9")),
            True,
        ),
        # somebody else's number: others may still be tried for this client, and the ERP is told
        (
            waits(GAP, f"{NOT_ME}: try another number", E.WRONG_PERSON, block=WRONG, note=NOT_HIS),
            said(Result.WRONG_PERSON, Heard.GREETING),
            True,
        ),
        (
            NextStep(
                D, f"{NOT_ME} and there is no other number", None, WRONG, note=NOT_HIS, ending=E.WRONG_PERSON
            ),
            said(Result.WRONG_PERSON, Heard.GREETING),
            False,
        ),
        # nobody's number
        (
            waits(GAP, f"{NOWHERE}: try another number", E.INVALID_NUMBER, block=INVALID),
            ended(L.INVALID_NUMBER),
            True,
        ),
        (
            NextStep(D, f"{NOWHERE} and there is no other number", None, INVALID, ending=E.INVALID_NUMBER),
            ended(L.INVALID_NUMBER),
            False,
        ),
        # a real conversation: a quiet week
        (waits(WEEK, "heard all of it", E.HEARD, quiet_until=WEEK), said(Result.CONFIRMED), True),
        (waits(WEEK, "spoke with a person", E.TRANSFERRED, quiet_until=WEEK), said(Result.TRANSFERRED), True),
        (
            waits(WEEK, "asked for a person: time to call back", E.WANTS_AGENT, quiet_until=WEEK),
            said(Result.WANTS_AGENT),
            True,
        ),
        (waits(WEEK, PAID, E.SAYS_PAID, quiet_until=WEEK, after_sync=True), said(Result.SAYS_PAID), True),
        # part of the debt, told to the right person, is a conversation too
        (
            waits(WEEK, "last try: answered, human, heard part", E.HUNG_UP_EARLY, quiet_until=WEEK),
            said(Result.CONFIRMED, Heard.PART),
            True,
        ),
        # a promise: until its day is over where the number lives
        (
            waits(NOVEMBER_26, "promised to pay by 2026-11-25", E.PROMISE, quiet_until=NOVEMBER_26),
            said(Result.PROMISE, promise=date(2026, 11, 25)),
            True,
        ),
        (waits(WEEK, "promised to pay, no day given", E.PROMISE, quiet_until=WEEK), said(Result.PROMISE), True),
        # a promise for a day that is over, by a clock that may have been ahead: the gap at least
        (
            waits(GAP, "promised to pay by 2026-11-01", E.PROMISE, quiet_until=NOVEMBER_2),
            said(Result.PROMISE, promise=date(2026, 11, 1)),
            True,
        ),
        # not a word of the debt was heard, or nobody said who he is: no proof of a conversation
        (
            waits(GAP, "last try: answered, human, heard greeting", E.HUNG_UP_EARLY),
            said(Result.CONFIRMED, Heard.GREETING),
            True,
        ),
        (
            waits(GAP, "last try: answered, human, heard greeting", E.HUNG_UP_EARLY),
            said(Result.NONE, Heard.GREETING),
            True,
        ),
        (waits(GAP, "last try: answered, human, heard all", E.HUNG_UP_EARLY), said(Result.NONE), True),
        # nobody, or a machine
        (
            waits(GAP, "last try: answered, machine, heard nothing", E.MACHINE),
            ended(L.ANSWERED, Answerer.MACHINE),
            True,
        ),
        (
            waits(GAP, "last try: answered, not sure, heard nothing", E.NOT_SURE),
            ended(L.ANSWERED, Answerer.NOT_SURE),
            True,
        ),
        (waits(GAP, "last try: busy", E.BUSY), ended(L.BUSY), True),
        (waits(GAP, "last try: no answer", E.NO_ANSWER), ended(L.NO_ANSWER), False),
        (waits(DAY, "last try: rejected", E.REJECTED), ended(L.REJECTED), True),
        (waits(GAP, "last try: congestion", E.CONGESTION), ended(L.CONGESTION), True),
        (waits(GAP, "last try: unreachable", E.UNREACHABLE), ended(L.UNREACHABLE), True),
        (waits(GAP, "last try: failed", E.FAILED), ended(L.FAILED), True),
        # lost without a trace
        (
            waits(GAP, "last try: unknown", E.FAILED),
            replace(ended(L.UNKNOWN), source=OutcomeSource.DEADLINE),
            True,
        ),
    ],
)
def test_each_ending_has_its_next_step(expected: NextStep, outcome: Outcome, others: bool) -> None:
    assert expected == step(outcome, others=others)


@pytest.mark.parametrize("ending", [one for one in CallEnding if one is not E.OPT_OUT])
def test_every_ending_has_a_rule_and_opt_out_has_none(ending: CallEnding) -> None:
    assert DEFAULTS[ending] == USUAL.rule(ending)
    with pytest.raises(KeyError):
        USUAL.rule(E.OPT_OUT)


def test_the_table_says_how_long_to_wait() -> None:
    table = RetryTable({E.BUSY: RetryRule(timedelta(hours=30)), E.PROMISE: RetryRule(timedelta(days=2))})
    assert NOW + timedelta(hours=30) == step(ended(L.BUSY), table=table).not_before
    promised = step(said(Result.PROMISE, promise=date(2026, 11, 25)), table=table)
    assert (NOVEMBER_26 + timedelta(days=2), NOVEMBER_26) == (promised.not_before, promised.quiet_until)
    assert GAP == step(ended(L.NO_ANSWER), table=table).not_before  # not in the table: as usual


@pytest.mark.parametrize(
    ("rests", "before"),
    [
        (False, Streak()),
        (False, Streak(E.NO_ANSWER, 7)),
        (True, Streak(E.NO_ANSWER, 8)),  # this is the ninth
        (False, Streak(E.NO_ANSWER, 9)),  # rested already: a new row
        (True, Streak(E.NO_ANSWER, 17)),
        (False, Streak(E.BUSY, 8)),  # the row of another ending is broken
    ],
)
def test_after_a_row_of_like_endings_the_debtor_is_left_alone_for_days(rests: bool, before: Streak) -> None:
    found = step(ended(L.NO_ANSWER), streak=before)
    rest = "last try: no answer, 9 in a row: left alone for 3 days"
    expected = (NOW + timedelta(days=3), rest) if rests else (GAP, "last try: no answer")
    assert expected == (found.not_before, found.reason)


def test_a_single_ending_may_be_enough_for_a_rest() -> None:
    table = RetryTable({E.BUSY: RetryRule(in_a_row=1, rest=timedelta(days=2))})
    assert NOW + timedelta(days=2) == step(ended(L.BUSY), table=table).not_before


def test_the_quiet_period_is_the_debtor_s_and_may_be_switched_off() -> None:
    two_days = LedgerRules(debtor=LedgerRules(quiet=timedelta(days=2)))
    assert NOW + timedelta(days=2) == step(said(Result.CONFIRMED), rules=two_days).quiet_until
    off = step(said(Result.SAYS_PAID), rules=LedgerRules(quiet=timedelta(0)))
    assert (None, DAY, True) == (off.quiet_until, off.not_before, off.after_sync)


def test_without_a_name_the_erp_is_told_of_this_client() -> None:
    found = next_step(said(Result.WRONG_PERSON), now=NOW, rules=RULES, other_numbers_left=True)
    assert found.note.endswith("não é deste cliente.")


@pytest.mark.parametrize(
    "rules",
    [
        {E.OPT_OUT: RetryRule()},
        {E.WRONG_PERSON: RetryRule(number=Which.SAME)},
        {E.INVALID_NUMBER: RetryRule(number=Which.SAME)},
    ],
)
def test_no_table_lets_a_number_be_called_that_must_not(rules: dict[CallEnding, RetryRule]) -> None:
    with pytest.raises(ValueError, match="is not"):
        RetryTable(rules)


def test_what_the_callee_said_outweighs_what_the_line_said() -> None:
    contradictory = replace(said(Result.OPT_OUT), line_result=L.INVALID_NUMBER)
    assert Block(NUMBER, "opt_out") == step(contradictory).block


def test_a_long_gap_outweighs_a_short_wait() -> None:
    rules = LedgerRules(3, timedelta(hours=48), quiet=timedelta(0))
    assert NOW + timedelta(hours=48) == step(said(Result.SAYS_PAID), rules=rules).not_before


def test_a_datetime_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without time zone"):
        next_step(BLANK, now=NOW.replace(tzinfo=None), rules=RULES, other_numbers_left=True)


OUTCOMES = st.builds(
    replace,
    st.just(BLANK),
    line_result=st.sampled_from(LineResult),
    answerer=st.sampled_from(Answerer),
    talk=st.builds(
        TalkFacts,
        heard=st.sampled_from(Heard),
        result=st.sampled_from(Result),
        promise_day=st.none() | st.dates(date(2026, 1, 1), date(2027, 1, 1)),
    ),
)


@settings(deadline=None)  # the machine may be busy
@given(OUTCOMES, st.booleans(), st.integers(0, 10_000).map(lambda minutes: timedelta(minutes=minutes)))
def test_no_outcome_leads_to_a_call_before_the_gap(outcome: Outcome, others: bool, gap: timedelta) -> None:
    found = step(outcome, others=others, rules=LedgerRules(3, gap))
    assert found.state in (W, D)
    assert (found.state is W) == (found.not_before is not None)
    if found.not_before:
        assert found.not_before >= NOW + gap
    assert found.block is None or found.block.number == NUMBER
    assert (outcome.talk.result is Result.OPT_OUT) == (found.block == Block(NUMBER, "opt_out"))
    assert len(found.reason) <= 255
    assert found.quiet_until is None or found.not_before is not None
    assert found.not_before is None or found.quiet_until is None or found.quiet_until <= found.not_before
    assert NUMBER[5:] not in found.note
    assert bool(found.note) == (outcome.talk.result in (Result.OPT_OUT, Result.WRONG_PERSON))
