"""CDR(userfield): what one side writes the other reads, and nothing from outside can lie or break it."""

from datetime import date
from string import ascii_uppercase, digits

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.enums import Heard, Result
from worker.core.line_facts import LineFacts
from worker.core.model import TalkFacts
from worker.core.ulid import is_ulid
from worker.core.userfield import LONG_TALK_LIMIT, format_early, format_talk, parse, parse_talk, render

ID = "01ARYZ6S410000000000000000"
TALK = TalkFacts(Heard.ALL, 12.4, Result.PROMISE, "113", date(2026, 12, 1))
WHOLE = (
    f"{ID}|n=+5511987654321|u=1|q=16|t=SIP 200 OK|a=HUMAN|w=HUMAN-750-750|r=7.5|d=31.2"
    "|h=all~12.4~promise~113~2026-12-01"
)
FACTS = LineFacts(ID, "+5511987654321", True, 16, "SIP 200 OK", "HUMAN", "HUMAN-750-750", 7.5, 31.2, TALK)


def tenths(most: int) -> st.SearchStrategy[float]:
    return st.integers(0, most * 10).map(lambda tenth: tenth / 10)


def plain_text(most: int) -> st.SearchStrategy[str]:
    letters = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters="|;"), max_size=most)
    return letters.map(lambda text: " ".join(text.split()))


IDS = st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=25, max_size=25).map(lambda text: "0" + text)
TALKS = st.builds(
    TalkFacts,
    heard=st.sampled_from(Heard),
    heard_seconds=tenths(9999),
    result=st.sampled_from(Result),
    keys=st.text(digits + "*#ABCD", max_size=20),
    promise_day=st.none() | st.dates(),
)
LINES = st.builds(
    LineFacts,
    attempt_id=IDS,
    number=st.just("") | st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True),
    answered=st.booleans(),
    cause=st.none() | st.integers(0, 999),
    tech_text=plain_text(50),
    amd_status=st.text(ascii_uppercase, max_size=10),
    amd_cause=plain_text(48),
    ring_seconds=tenths(99999),
    talk_seconds=tenths(99999),
    talk=TALKS,
)


def test_a_whole_line_is_read_and_written() -> None:
    assert FACTS == parse(WHOLE)
    assert WHOLE == render(FACTS)


@settings(deadline=None)  # the machine may be busy
@given(LINES)
def test_what_is_written_is_read_again_and_fits_the_column(facts: LineFacts) -> None:
    text = render(facts)
    assert facts == parse(text)
    assert len(text) <= 255
    assert ";" not in text
    assert text.isprintable()


@settings(deadline=None)  # the machine may be busy
@given(TALKS)
def test_a_talk_is_read_again_and_needs_no_escaping_anywhere(talk: TalkFacts) -> None:
    text = format_talk(talk)
    assert talk == parse_talk(text)
    assert len(text) <= 60
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyzABCD0123456789_.*#~-")


@settings(deadline=None)  # the machine may be busy
@given(IDS, st.text() | st.text("nuqtawrdh=|~,.+0123456789allHUMAN\n;", max_size=300))
def test_nothing_behind_an_attempt_id_breaks_reading(attempt_id: str, rest: str) -> None:
    facts = parse(attempt_id + rest)
    assert attempt_id == facts.attempt_id
    assert facts == parse(render(facts))


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_text_without_attempt_id_is_refused(text: str) -> None:
    if not is_ulid(text[:26]):
        with pytest.raises(ValueError, match="attempt id"):
            parse(text)


def test_a_bare_attempt_id_is_valid() -> None:
    assert LineFacts(ID) == parse(ID)


@pytest.mark.parametrize(
    ("expected", "rest"),
    [
        (LineFacts(ID), "|"),
        (LineFacts(ID), "|x=1|y|=3|"),  # unknown keys, pieces without a value
        (LineFacts(ID), "|n=|u=|q=|t=|a=|w=|r=|d=|h="),  # what the dialplan writes when it knows nothing
        (LineFacts(ID), "|n=12|u=2|q=x|a=human|r=-1|d=1e9|h=loud~x~yes~abc~2026-13-45"),  # garbled
        (LineFacts(ID, cause=0, ring_seconds=30.0), "|q=0|r=30"),  # whole seconds
        (LineFacts(ID, ring_seconds=12345.0, talk_seconds=7.123), "|r=12345.|d=7.123"),  # cut by the dialplan
        (LineFacts(ID, tech_text="SIP 486 Busy Here"), "|t= SIP  486\tBusy\nHere "),  # one line, whatever came
        (LineFacts(ID, tech_text="a=b"), "|t=a=b"),
        (LineFacts(ID, tech_text="x" * 50), "|t=" + "x" * 300),
        (LineFacts(ID, talk=TalkFacts(Heard.PART)), "|h=part"),  # cut short
        (LineFacts(ID, talk=TalkFacts(Heard.ALL, 12.4, Result.CONFIRMED, "11")), "|h=all,12.4,confirmed,11,"),
        (LineFacts(ID, talk=TalkFacts(keys="1")), "|h=~~~1~20261201"),  # a day has dashes
        (LineFacts(ID, talk=TalkFacts(keys="1" * 20)), "|h=~~~" + "1" * 40),
    ],
)
def test_what_is_missing_or_garbled_has_its_default(expected: LineFacts, rest: str) -> None:
    assert expected == parse(ID + rest)


def test_a_reason_phrase_from_outside_cannot_forge_a_field() -> None:
    forged = "SIP 403 no|n=+5521999998888|u=1|q=16|a=HUMAN|d=99|h=all~60~opt_out~9~"
    text = f"{ID}|n=+5511987654321|u=0|q=21|t={forged}|a=|w=|r=3|d=0|h="
    assert LineFacts(ID, "+5511987654321", False, 21, "SIP 403 no", ring_seconds=3.0) == parse(text)


def test_what_does_not_fit_is_cut_when_written() -> None:
    talk = TalkFacts(Heard.GREETING, 123456.0, Result.WRONG_PERSON, "1;2" * 20, date(2026, 12, 1))
    assert "greeting~9999.9~wrong_person~12121212121212121212~2026-12-01" == format_talk(talk)
    line = LineFacts(ID, "+123456789012345", True, 127, "t|;\n" * 99, "NOTSURE", "w" * 99, 1e9, -1.0, talk)
    assert len(render(line)) <= 255
    assert "t t t" in render(line)
    assert parse(render(line)).amd_cause == "w" * 48


@settings(deadline=None)  # the machine may be busy
@given(
    TALKS,
    st.sampled_from(["HUMAN", "MACHINE", "NOTSURE", "HANGUP"]),
    st.from_regex(r"[A-Z0-9-]{0,40}", fullmatch=True),
)
def test_who_picked_up_follows_the_talk_and_is_read_again(talk: TalkFacts, status: str, cause: str) -> None:
    text = format_talk(talk, status, cause)
    assert len(text) <= LONG_TALK_LIMIT
    assert LineFacts(ID, amd_status=status, amd_cause=cause, talk=talk) == parse(f"{ID}|h={text}")
    assert talk == parse_talk(text)


@pytest.mark.parametrize(
    ("talk", "status", "cause"),
    [
        ("~~~~~MACHINE~ANNOUNCEMENT-9-4720", "MACHINE", "ANNOUNCEMENT-9-4720"),  # nobody answered
        ("all~1.0~none~~~HUMAN~X-1~~~~~MACHINE~ANNOUNCEMENT-9-1", "HUMAN", "X-1"),  # what was learnt later counts
        ("all~1.0~none~1~", "", ""),
        ("all~1.0~none~1~~~~~~", "", ""),
        ("all~1.0~none~~~human~X", "", ""),  # garbled: the cause alone says nothing
    ],
)
def test_who_picked_up_is_read_from_the_end_of_a_checkpoint(talk: str, status: str, cause: str) -> None:
    line = parse(f"{ID}|h={talk}")
    assert (status, cause) == (line.amd_status, line.amd_cause)


def test_what_the_channel_itself_says_counts_before_a_checkpoint_that_may_be_cut() -> None:
    line = parse(f"{ID}|a=MACHINE|w=MAXWORDS-6-6|h=all~1.0~none~~~HUM")
    assert ("MACHINE", "MAXWORDS-6-6") == (line.amd_status, line.amd_cause)


def test_what_is_heard_before_the_answer_stands_alone_or_behind_a_checkpoint() -> None:
    said = format_early("MACHINE", "ANNOUNCEMENT-9-4720;|\n")
    assert "~~~~~MACHINE~ANNOUNCEMENT-9-4720" == said
    assert "MACHINE" == parse(f"{ID}|h={said}").amd_status
    talk = TalkFacts(Heard.GREETING, 2.0)
    assert talk == parse_talk(format_talk(talk, "HUMAN", "X") + said)
