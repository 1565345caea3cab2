"""The verbs over AGI, from transcripts of a real Asterisk 16."""

from io import BytesIO

import pytest
from structlog.testing import capture_logs

from agi.agi_call import AgiCall
from agi.call import Detection, Hangup, Said
from agi.safe_agi import SafeAgi
from worker.errors import UnsafeText
from worker.settings import Amd


class Ticking:
    """A clock that goes on by a second each time it is read."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1.0
        return self.seconds


def call(answers: str) -> tuple[AgiCall, BytesIO]:
    sent = BytesIO()
    return AgiCall(SafeAgi(BytesIO(b"\n" + answers.encode()), sent), Amd(), now=Ticking()), sent


def test_a_sound_played_to_its_end() -> None:
    agi, sent = call("200 result=0 endpos=24000\n")
    assert Said(None, 3.0, complete=True) == agi.say("collector/3f/a1")
    assert b'STREAM FILE "collector/3f/a1" "0123456789*#" 0\n' == sent.getvalue()


def test_an_expected_key_stops_the_sound() -> None:
    agi, _ = call("200 result=49 endpos=8000\n")
    assert Said("1", 1.0, complete=False) == agi.say("x", keys="129")
    assert "1" == agi.pressed


def test_an_unexpected_key_is_recorded_and_the_sound_goes_on_where_it_was() -> None:
    agi, sent = call("200 result=53 endpos=8000\n200 result=42 endpos=8000\n200 result=0 endpos=24000\n")
    assert Said(None, 3.0, complete=True) == agi.say("x", keys="129")
    assert "5*" == agi.pressed
    assert [b"0", b"8000", b"8000"] == [line.split()[-1] for line in sent.getvalue().splitlines()]


def test_a_missing_sound_was_not_played_and_is_logged() -> None:
    agi, _ = call("200 result=0 endpos=0\n")
    with capture_logs() as logs:
        assert Said(None, 0.0, complete=False) == agi.say("x")
    assert ["sound not played"] == [entry["event"] for entry in logs]


@pytest.mark.parametrize(
    ("answers", "seconds"),
    [
        ("200 result=-1 endpos=12000\nHANGUP\n", 1.5),
        ("511 Command Not Permitted on a dead channel or intercept routine\n", 0.0),
        ("HANGUP\n511 Command Not Permitted on a dead channel or intercept routine\n", 0.0),
        ("", 0.0),
        ("200 result=53 endpos=8000\n200 result=-1 endpos=12000\n", 1.5),  # after an unexpected key
        ("200 result=53 endpos=8000\n", 1.0),
    ],
)
def test_a_hang_up_tells_how_much_was_played(answers: str, seconds: float) -> None:
    agi, _ = call(answers)
    with pytest.raises(Hangup) as gone:
        agi.say("x", keys="1")
    assert seconds == gone.value.seconds


@pytest.mark.parametrize(
    ("answers", "key", "pressed"),
    [
        ("200 result=50\n", "2", "2"),
        ("200 result=0\n", None, ""),
        ("200 result=55\n200 result=49\n", "1", "71"),  # the wrong one first
        ("200 result=55\n200 result=35\n200 result=0\n", None, "7#"),
        ("200 result=55\n" * 9, None, "77777"),  # the time is up whatever is pressed
        ("200 result=300\n200 result=65\n200 result=0\n", None, ""),  # no key of a telephone
    ],
)
def test_waiting_for_a_key(answers: str, key: str | None, pressed: str) -> None:
    agi, _ = call(answers)
    assert key == agi.wait_key("129", 6.0)
    assert pressed == agi.pressed


def test_the_wait_shortens_with_each_unexpected_key() -> None:
    agi, sent = call("200 result=55\n200 result=55\n200 result=0\n")
    agi.wait_key("1", 6.0)
    assert [b"5000", b"4000", b"3000"] == [line.split()[-1] for line in sent.getvalue().splitlines()]


def test_a_hang_up_while_waiting() -> None:
    agi, _ = call("200 result=-1\nHANGUP\n")
    with pytest.raises(Hangup):
        agi.wait_key("1", 6.0)


def test_amd_is_run_with_the_instances_arguments_and_reported_verbatim() -> None:
    agi, sent = call("200 result=0\n200 result=1 (MACHINE)\n200 result=1 (MAXWORDS-6-6)\n")
    assert Detection("MACHINE", "MAXWORDS-6-6") == agi.detect_answerer()
    assert b'EXEC AMD "3500,2600,700,5000,100,50,6,256,5000"' == sent.getvalue().splitlines()[0]


def test_a_pbx_without_amd_still_talks() -> None:
    agi, _ = call("200 result=-2\n")
    with capture_logs() as logs:
        assert Detection("", "") == agi.detect_answerer()
    assert ["AMD is not loaded"] == [entry["event"] for entry in logs]


@pytest.mark.parametrize("answers", ["200 result=-1\n", "200 result=0\nHANGUP\n511 dead\n"])
def test_a_hang_up_while_amd_listens(answers: str) -> None:
    agi, _ = call(answers)
    with pytest.raises(Hangup):
        agi.detect_answerer()


def test_the_checkpoint_goes_onto_the_channel_even_after_the_hang_up() -> None:
    agi, sent = call("HANGUP\n200 result=1\n")
    agi.remember('a"b')
    assert b'SET VARIABLE COLLECTOR_TALK "a\\"b"\n' == sent.getvalue()


def test_hanging_up_twice_is_no_error() -> None:
    agi, _ = call("200 result=1\n")
    agi.hang_up()
    agi.hang_up()


@pytest.mark.parametrize("sound", ["", "../etc/passwd", "a b", "a&b", "/abs", 'x" "1', "x\nHANGUP", "x.wav"])
def test_a_sounds_name_cannot_be_anything_else(sound: str) -> None:
    agi, sent = call("")
    with pytest.raises(UnsafeText):
        agi.say(sound)
    assert b"" == sent.getvalue()
