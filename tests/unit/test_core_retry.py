"""After the call: when again, never again, and which number is blocked."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.enums import Answerer, EntryState, Heard, LineResult, OutcomeSource, Result
from worker.core.model import Block, LedgerRules, NextStep, Outcome, TalkFacts
from worker.core.retry import next_step

NUMBER = "+5511987654321"
NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
RULES = LedgerRules()
GAP = NOW + timedelta(hours=4)
L, W, D = LineResult, EntryState.WAITING, EntryState.DONE

BLANK = Outcome("01ARYZ6S410000000000000000", "fibra", "7", NUMBER, NOW, L.ANSWERED, Answerer.HUMAN, TalkFacts())
FOR_CLIENT = {"instance": "fibra", "client_id": "7"}


def step(outcome: Outcome, *, others: bool = True, rules: LedgerRules = RULES) -> NextStep:
    return next_step(outcome, now=NOW, rules=rules, other_numbers_left=others)


def said(result: Result, heard: Heard = Heard.ALL, promise: date | None = None) -> Outcome:
    return replace(BLANK, talk=TalkFacts(heard, 10.0, result, "1", promise))


def ended(line: LineResult, who: Answerer = Answerer.NOBODY) -> Outcome:
    return replace(BLANK, line_result=line, answerer=who)


@pytest.mark.parametrize(
    ("expected", "outcome", "others"),
    [
        # never again, on no debt of anybody
        (
            NextStep(D, "asked never to be called again", block=Block(NUMBER, "opt_out")),
            said(Result.OPT_OUT),
            True,
        ),
        # somebody else's number: others may still be tried for this client
        (
            NextStep(
                W, "not this person's number: try another number", GAP, Block(NUMBER, "wrong_person", **FOR_CLIENT)
            ),
            said(Result.WRONG_PERSON, Heard.GREETING),
            True,
        ),
        (
            NextStep(
                D,
                "not this person's number and there is no other number",
                block=Block(NUMBER, "wrong_person", **FOR_CLIENT),
            ),
            said(Result.WRONG_PERSON, Heard.GREETING),
            False,
        ),
        # nobody's number
        (
            NextStep(
                W,
                "the number does not exist: try another number",
                GAP,
                Block(NUMBER, "invalid_number", **FOR_CLIENT),
            ),
            ended(L.INVALID_NUMBER),
            True,
        ),
        (
            NextStep(
                D,
                "the number does not exist and there is no other number",
                block=Block(NUMBER, "invalid_number", **FOR_CLIENT),
            ),
            ended(L.INVALID_NUMBER),
            False,
        ),
        # a real conversation
        (NextStep(W, "heard all of it: a quiet week", NOW + timedelta(days=7)), said(Result.CONFIRMED), True),
        (
            NextStep(W, "spoke with a person: a quiet week", NOW + timedelta(days=7)),
            said(Result.TRANSFERRED),
            True,
        ),
        (
            NextStep(W, "asked for a person: time to call back", NOW + timedelta(hours=24)),
            said(Result.WANTS_AGENT),
            True,
        ),
        (
            NextStep(W, "says it is paid: wait for the payment to arrive", NOW + timedelta(hours=24)),
            said(Result.SAYS_PAID),
            True,
        ),
        # a promise: the day after it begins at midnight where the number lives
        (
            NextStep(W, "promised to pay by 2026-11-25", datetime(2026, 11, 26, 3, 0, tzinfo=UTC)),
            said(Result.PROMISE, promise=date(2026, 11, 25)),
            True,
        ),
        (
            NextStep(W, "promised to pay, no day given: a quiet week", NOW + timedelta(days=7)),
            said(Result.PROMISE),
            True,
        ),
        # a promise for a day that is over: the gap at least
        (NextStep(W, "promised to pay by 2026-11-01", GAP), said(Result.PROMISE, promise=date(2026, 11, 1)), True),
        # not all was heard
        (NextStep(W, "last try: answered, human, heard part", GAP), said(Result.CONFIRMED, Heard.PART), True),
        (NextStep(W, "last try: answered, human, heard greeting", GAP), said(Result.NONE, Heard.GREETING), True),
        # heard without confirming (an instance that does not ask): no proof of a conversation
        (NextStep(W, "last try: answered, human, heard all", GAP), said(Result.NONE), True),
        # nobody, or a machine
        (
            NextStep(W, "last try: answered, machine, heard nothing", GAP),
            ended(L.ANSWERED, Answerer.MACHINE),
            True,
        ),
        (
            NextStep(W, "last try: answered, not sure, heard nothing", GAP),
            ended(L.ANSWERED, Answerer.NOT_SURE),
            True,
        ),
        (NextStep(W, "last try: busy", GAP), ended(L.BUSY), True),
        (NextStep(W, "last try: no answer", GAP), ended(L.NO_ANSWER), False),
        (NextStep(W, "last try: rejected", GAP), ended(L.REJECTED), True),
        (NextStep(W, "last try: congestion", GAP), ended(L.CONGESTION), True),
        (NextStep(W, "last try: unreachable", GAP), ended(L.UNREACHABLE), True),
        (NextStep(W, "last try: failed", GAP), ended(L.FAILED), True),
        # lost without a trace
        (NextStep(W, "last try: unknown", GAP), replace(ended(L.UNKNOWN), source=OutcomeSource.DEADLINE), True),
    ],
)
def test_each_ending_has_its_next_step(expected: NextStep, outcome: Outcome, others: bool) -> None:
    assert expected == step(outcome, others=others)


def test_what_the_callee_said_outweighs_what_the_line_said() -> None:
    contradictory = replace(said(Result.OPT_OUT), line_result=L.INVALID_NUMBER)
    assert Block(NUMBER, "opt_out") == step(contradictory).block


def test_a_long_gap_outweighs_a_short_wait() -> None:
    assert (
        NOW + timedelta(hours=48)
        == step(said(Result.SAYS_PAID), rules=LedgerRules(3, timedelta(hours=48))).not_before
    )


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
