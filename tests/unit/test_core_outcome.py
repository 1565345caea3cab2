"""How an attempt ended, from what the network said: one row for each thing that a carrier answers."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.enums import Answerer, AttemptState, Heard, LineResult, Origination, OutcomeSource, Result
from worker.core.line_facts import LineFacts
from worker.core.model import Attempt, Outcome, TalkFacts
from worker.core.outcome import answerer, conclude, is_short, line_result, unknown

ID = "01ARYZ6S410000000000000000"
NUMBER = "+5511987654321"
NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
L = LineResult


@pytest.mark.parametrize(
    ("expected", "cause", "tech_text"),
    [
        # measured on 16.28: what each far end gives
        (L.BUSY, 17, "SIP 486 Busy Here"),
        (L.CONGESTION, 34, "SIP 503 Service Unavailable"),
        (L.INVALID_NUMBER, 1, "SIP 404 Not Found"),
        (L.REJECTED, 21, "SIP 403 Forbidden"),
        (L.NO_ANSWER, 18, "SIP 408 Request Timeout"),
        (L.UNREACHABLE, 19, "SIP 480 Temporarily Unavailable"),
        (L.UNREACHABLE, 27, "SIP 502 Bad Gateway"),
        (L.FAILED, 38, "SIP 500 Server Internal Error"),
        (L.UNREACHABLE, 20, "SIP 480 Temporarily Unavailable"),  # its Reason header said 20
        (L.NO_ANSWER, 0, "SIP 180 Ringing"),  # our ring timeout
        (L.NO_ANSWER, 0, "SIP 183 Session Progress"),
        (L.NO_ANSWER, 0, "SIP 200 OK"),  # picked up in the moment in which we gave up
        (L.NO_ANSWER, 0, ""),
        (L.NO_ANSWER, None, "  "),
        # the rest of res_pjsip's mapping
        (L.BUSY, 17, "SIP 600 Busy Everywhere"),
        (L.INVALID_NUMBER, 28, "SIP 484 Address Incomplete"),
        (L.INVALID_NUMBER, 22, "SIP 410 Gone"),
        (L.NO_ANSWER, 127, "SIP 487 Request Terminated"),
        (L.FAILED, 58, "SIP 488 Not Acceptable Here"),
        (L.FAILED, 29, "SIP 501 Not Implemented"),
        (L.FAILED, 102, "SIP 504 Server Time-out"),
        (L.REJECTED, 21, "SIP 603 Decline"),
        (L.FAILED, 21, "SIP 401 Unauthorized"),  # our credentials, not the callee
        (L.FAILED, 21, "SIP 407 Proxy Authentication Required"),
        # the cause alone: other technologies, or no text
        (L.NO_ANSWER, 19, ""),  # rang until the network gave up
        (L.NO_ANSWER, 16, ""),
        (L.REJECTED, 21, ""),
        (L.UNREACHABLE, 3, ""),
        (L.FAILED, 2, ""),
        (L.CONGESTION, 41, ""),
        (L.CONGESTION, 42, ""),
        (L.CONGESTION, 44, ""),
        (L.CONGESTION, 47, ""),
        (L.FAILED, 50, ""),
        (L.FAILED, 52, ""),
        (L.FAILED, 57, ""),
        (L.FAILED, 65, ""),
        (L.FAILED, 66, ""),
        (L.FAILED, 69, ""),
        (L.FAILED, 88, ""),
        (L.FAILED, 111, ""),
        # a cause that says nothing: the SIP code decides
        (L.BUSY, 0, "SIP 486 Busy Here"),
        (L.BUSY, None, "SIP/2.0 600 Busy Everywhere"),
        (L.INVALID_NUMBER, 31, "SIP 604 Does Not Exist Anywhere"),
        (L.REJECTED, 127, "SIP 608 Rejected"),
        (L.REJECTED, 127, "SIP 607 Unwanted"),
        (L.FAILED, 127, "SIP 606 Not Acceptable"),
        (L.UNREACHABLE, 0, "SIP 480 Temporarily Unavailable"),
        (L.CONGESTION, 0, "SIP 503 Service Unavailable"),
        (L.NO_ANSWER, 0, "SIP 487 Request Terminated"),
        # nothing that we can tell
        (L.UNKNOWN, 0, "SIP 499 Whatever"),
        (L.UNKNOWN, 127, ""),
        (L.UNKNOWN, 31, "SIP 180 Ringing"),
        (L.UNKNOWN, 0, "busy"),
        (L.UNKNOWN, 0, "PRI 486"),  # not a SIP code
        (L.UNKNOWN, 999, ""),
    ],
)
def test_the_line_result_follows_cause_and_sip_code(
    expected: LineResult, cause: int | None, tech_text: str
) -> None:
    assert expected is line_result(LineFacts(ID, NUMBER, cause=cause, tech_text=tech_text))


@settings(deadline=None)  # the machine may be busy
@given(st.none() | st.integers(0, 999), st.text())
def test_any_cause_and_text_has_a_result_and_answered_outweighs_all(cause: int | None, text: str) -> None:
    facts = LineFacts(ID, NUMBER, cause=cause, tech_text=text)
    assert line_result(facts) in set(L) - {L.ANSWERED}
    assert L.ANSWERED is line_result(replace(facts, answered=True))


@pytest.mark.parametrize(
    ("expected", "answered", "status", "cause", "keys"),
    [
        (Answerer.NOBODY, False, "", "", ""),
        (Answerer.NOBODY, False, "HUMAN", "HUMAN-750-750", "1"),  # nobody is nobody
        (Answerer.HUMAN, True, "HUMAN", "HUMAN-750-750", ""),
        (Answerer.HUMAN, True, "MACHINE", "LONGGREETING-2600-2600", "1"),  # machines press no keys
        (Answerer.HUMAN, True, "", "", "2"),
        (Answerer.MACHINE, True, "MACHINE", "LONGGREETING-2600-2600", ""),
        (Answerer.MACHINE, True, "MACHINE", "MAXWORDS-7-6", ""),
        (Answerer.MACHINE, True, "MACHINE", "", ""),
        (Answerer.NOT_SURE, True, "MACHINE", "INITIALSILENCE-3500-3500", ""),  # AMD heard nothing at all
        (Answerer.NOT_SURE, True, "MACHINE", "TOOLONG-5000", ""),
        (Answerer.NOT_SURE, True, "NOTSURE", "TOOLONG-5000", ""),
        (Answerer.NOT_SURE, True, "HANGUP", "", ""),
        (Answerer.NOT_SURE, True, "", "", ""),  # AMD did not run
    ],
)
def test_the_answerer_is_told_by_keys_first_and_amd_second(
    expected: Answerer, answered: bool, status: str, cause: str, keys: str
) -> None:
    facts = LineFacts(ID, NUMBER, answered, amd_status=status, amd_cause=cause)
    assert expected is answerer(facts, TalkFacts(keys=keys))


@pytest.mark.parametrize(
    ("short", "line", "who", "seconds"),
    [
        (True, L.BUSY, Answerer.NOBODY, 0.0),  # not completed, for any reason
        (True, L.UNKNOWN, Answerer.NOBODY, 0.0),
        (True, L.ANSWERED, Answerer.MACHINE, 60.0),  # voicemail
        (True, L.ANSWERED, Answerer.HUMAN, 6.0),  # 6 s and less
        (False, L.ANSWERED, Answerer.HUMAN, 6.1),
        (False, L.ANSWERED, Answerer.NOT_SURE, 7.0),
    ],
)
def test_a_short_call_is_what_anatel_calls_so(
    short: bool, line: LineResult, who: Answerer, seconds: float
) -> None:
    assert short == is_short(line, who, seconds)


CHECKPOINT = TalkFacts(Heard.PART, 3.0)
LIVE = TalkFacts(Heard.ALL, 12.4, Result.CONFIRMED, "11")
FACTS = LineFacts(ID, NUMBER, True, 16, "SIP 200 OK", "HUMAN", "HUMAN-750-750", 7.5, 31.2, CHECKPOINT)


def concluded(facts: LineFacts, talk: TalkFacts | None, now: datetime = NOW) -> Outcome:
    return conclude(
        facts,
        instance="fibra",
        client_id="7",
        number=NUMBER,
        now=now,
        talk=talk,
        source=OutcomeSource.HANDLER,
        uniqueid="1.2",
    )


def test_an_outcome_holds_all_that_is_known() -> None:
    assert Outcome(
        attempt_id=ID,
        instance="fibra",
        client_id="7",
        number=NUMBER,
        ended_at=NOW,
        line_result=L.ANSWERED,
        answerer=Answerer.HUMAN,
        talk=LIVE,
        cause=16,
        tech_text="SIP 200 OK",
        amd_status="HUMAN",
        amd_cause="HUMAN-750-750",
        ring_seconds=7.5,
        talk_seconds=31.2,
        short_call=False,
        source=OutcomeSource.HANDLER,
        uniqueid="1.2",
    ) == concluded(FACTS, LIVE)


def test_without_the_live_conversation_its_checkpoint_counts() -> None:
    assert CHECKPOINT == concluded(FACTS, None).talk
    keys = replace(FACTS, amd_status="MACHINE", talk=TalkFacts(keys="1"))
    assert Answerer.HUMAN is concluded(keys, None).answerer
    assert Answerer.MACHINE is concluded(keys, TalkFacts()).answerer


def test_a_datetime_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without time zone"):
        concluded(FACTS, None, NOW.replace(tzinfo=None))


@pytest.mark.parametrize(("who", "answered_at"), [(Answerer.NOBODY, None), (Answerer.NOT_SURE, NOW)])
def test_an_attempt_without_trace_ends_unknown(who: Answerer, answered_at: datetime | None) -> None:
    attempt = Attempt(
        ID, "fibra", 1, "7", "Ana", NUMBER, Origination.ARI, AttemptState.DIALING,
        Decimal("99.90"), 1, date(2026, 10, 1), NOW - timedelta(hours=1), answered_at,
    )  # fmt: skip
    assert Outcome(
        ID, "fibra", "7", NUMBER, NOW, L.UNKNOWN, who, TalkFacts(), source=OutcomeSource.DEADLINE
    ) == unknown(attempt, NOW)
