"""SafeAgi against what Asterisk was seen to send, and against what nobody should send."""

from io import BytesIO

import pytest
from asterisk.agi import AGIError, AGIHangup, AGIInvalidCommand, AGIUnknownError, AGIUsageError
from hypothesis import given
from hypothesis import strategies as st

from agi.safe_agi import HEADER_LINES, LINE_BYTES, AgiFailed, AgiGone, BadPeer, SafeAgi
from worker.errors import UnsafeText

HEADER = b"agi_network: yes\nagi_network_script: talk\nagi_channel: PJSIP/x-1\nagi_arg_1: 01J\n\n"


def session(answers: bytes) -> tuple[SafeAgi, BytesIO]:
    sent = BytesIO()
    return SafeAgi(BytesIO(HEADER + answers), sent), sent


def test_the_header_becomes_the_environment() -> None:
    agi, _ = session(b"")
    assert ("talk", "01J", "") == (agi.env["agi_network_script"], agi.argument(1), agi.argument(2))


def test_nothing_is_printed(capfd: pytest.CaptureFixture[str]) -> None:
    agi, _ = session(b"200 result=1 (secret)\n")
    agi.variable("X")
    assert ("", "") == tuple(capfd.readouterr())


def test_quotes_and_backslashes_arrive_whole() -> None:
    agi, sent = session(b"200 result=1\n")
    agi.set_variable("A", 'diz "oi" \\ fim')
    assert b'SET VARIABLE "A" "diz \\"oi\\" \\\\ fim"\n' == sent.getvalue()


@pytest.mark.parametrize("bad", ["a\nHANGUP", "a\r", "a\0b", "a\x1b[0m", "a\u2028b", "\udc80"])
def test_a_text_that_could_be_two_commands_is_refused_and_not_sent(bad: str) -> None:
    agi, sent = session(b"200 result=1\n")
    with pytest.raises(UnsafeText):
        agi.set_variable("A", bad)
    with pytest.raises(UnsafeText):
        agi.execute("EXEC", "Verbose", bad)
    assert b"" == sent.getvalue()


@pytest.mark.parametrize(
    ("answer", "value"),
    [
        (b"200 result=1 (HUMAN)\n", "HUMAN"),
        (b"200 result=1 ()\n", ""),
        (b"200 result=0\n", ""),
        (b"200 result=1 (two words)\n", "two words"),
        (b"200 result=1 (hangup)\n", "hangup"),  # a value, not an event
        (b"200 result=1 (result=-1)\n", "result=-1"),
        (b"200 result=1 (a (b) c)\n", "a (b) c"),
        (b"200 result=1 (one\ntwo)\n", "one\ntwo"),  # Asterisk sends line breaks raw
        (b"100 Trying...\n200 result=1 (x)\n", "x"),
        (b"HANGUP\n200 result=1 (x)\n", "x"),  # the answer still follows
        (b"200 result=1 (caf\xe9)\r\n", "caf\ufffd"),
    ],
)
def test_answers_of_every_shape_are_understood(answer: bytes, value: str) -> None:
    agi, _ = session(answer)
    assert value == agi.variable("X")
    assert (b"HANGUP" in answer) == agi.hung_up


def test_the_end_position_of_a_sound_is_read() -> None:
    agi, _ = session(b"200 result=0 endpos=24000\n200 result=-1 endpos=1600\n")
    assert ("24000", "") == agi.execute("STREAM FILE", "x")["endpos"]
    with pytest.raises(AgiFailed) as gone:
        agi.execute("STREAM FILE", "x")
    assert 1600 == gone.value.endpos


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"", AgiGone),  # end of stream
        (b"200 result=1 (no end", AgiGone),
        (b"511 Command Not Permitted on a dead channel or intercept routine\n", AgiGone),
        (b"HANGUP\n", AgiGone),
        (b"200 result=-1\n", AGIHangup),
        (b"510 Invalid or unknown command\n", AGIInvalidCommand),
        (b"520 Invalid command syntax.  Proper usage not available.\n", AGIUsageError),
        (b"520-Invalid\nline\n520 End of proper usage.\n", AGIUsageError),
        (b"520-Invalid\nline\n", AgiGone),  # pyst2 looped for ever
        (b"520-Invalid\n" + b"x\n" * 500, BadPeer),
        (b"HANGUP\n" * 500, BadPeer),
        (b"200 result=1 (" + b"x\n" * 500, BadPeer),
        (b"200 hello\n", BadPeer),
        (b"299 result=1\n", AGIUnknownError),
        (b"\x00\xff\xfe\n", BadPeer),
        (b"\n", BadPeer),
        (b"x" * (LINE_BYTES + 10) + b"\n", BadPeer),
    ],
)
def test_every_other_answer_is_an_error_and_an_end(answer: bytes, error: type[Exception]) -> None:
    agi, _ = session(answer)
    with pytest.raises(error):
        agi.execute("NOOP")


def test_the_session_is_still_in_step_after_a_usage_error() -> None:
    agi, _ = session(b"520-Invalid\nUsage: x\n520 End of proper usage.\n200 result=1 (next)\n")
    with pytest.raises(AGIUsageError):
        agi.execute("WAIT FOR DIGIT")
    assert "next" == agi.variable("X")


def test_a_stream_that_breaks_while_we_write_is_a_hang_up() -> None:
    agi, sent = session(b"200 result=1\n")
    sent.close()
    with pytest.raises(AgiGone):
        agi.execute("NOOP")


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"agi_channel: x\n",  # left before the blank line
        b"GET / HTTP/1.1\nHost: x\n\n",
        b"\x16\x03\x01\x02\x00\x01\n\n",
        b"agi_a: b\n" * (HEADER_LINES + 1),
        b"agi_a: " + b"x" * (LINE_BYTES + 1),
        (b"agi_a: " + b"x" * 4000 + b"\n") * 20,
    ],
)
def test_a_header_that_is_none_is_refused(header: bytes) -> None:
    with pytest.raises((AgiGone, BadPeer)):
        SafeAgi(BytesIO(header), BytesIO())


@given(st.binary(max_size=300))
def test_no_answer_whatever_ends_in_anything_but_a_result_or_an_agi_error(answer: bytes) -> None:
    agi, _ = session(answer)
    try:
        agi.execute("NOOP")
    except AGIError:
        return
    assert answer.startswith(b"200 result=") or b"\n200 result=" in answer
