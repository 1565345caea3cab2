"""The verbs over AGI, from transcripts of a real Asterisk 16."""

from io import BytesIO

import pytest
from structlog.testing import capture_logs

from agi.agent_card import AGENT_SECONDS
from agi.agi_call import AgiCall
from agi.call import Detection, Hangup, Said
from agi.safe_agi import SafeAgi
from worker.errors import UnsafeText
from worker.pbx.dialplan import amd_arguments
from worker.talk_settings import Amd

STOCK = Amd()


class Ticking:
    """A clock that goes on by a second each time it is read."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 1.0
        return self.seconds


def call(
    answers: str, *, version: str = "", amd: Amd | None = STOCK, length: float | None = None
) -> tuple[AgiCall, BytesIO]:
    sent, header = BytesIO(), f"agi_version: {version}\n\n" if version else "\n"
    agi = SafeAgi(BytesIO((header + answers).encode()), sent)
    return AgiCall(agi, amd, seconds_of=lambda _: length, now=Ticking()), sent


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


VERDICT = "200 result=0\n200 result=1 (MACHINE)\n200 result=1 (MAXWORDS-6-6)\n"
AMD = f'EXEC AMD "{amd_arguments(STOCK)}'.encode()


def test_on_16_28_the_greeting_comes_first_and_then_amd_with_the_instances_arguments() -> None:
    agi, sent = call("200 result=0 endpos=16000\n" + VERDICT, version="16.28.0~dfsg-0+deb11u4")
    assert Detection() == agi.detection
    assert Said(None, 2.0, complete=True) == agi.greet("hi")
    assert Detection("MACHINE", "MAXWORDS-6-6") == agi.detection
    assert [b'STREAM FILE "hi" "0123456789*#" 0', AMD + b'"'] == sent.getvalue().splitlines()[:2]


def test_a_key_during_the_greeting_is_a_person_and_amd_is_not_asked() -> None:
    agi, sent = call("200 result=49 endpos=8000\n")
    assert "1" == agi.greet("hi", keys="1").key
    assert b"AMD" not in sent.getvalue()


def test_where_it_can_amd_plays_the_greeting_and_what_it_cut_off_follows() -> None:
    agi, sent = call(VERDICT + "200 result=0 endpos=16000\n", version="18.16.0")
    assert Said(None, 2.0, complete=True) == agi.greet("hi")  # the clock says that AMD() took one second
    assert [AMD + b',hi"', b'STREAM FILE "hi" "0123456789*#" 8000'] == [
        line for line in sent.getvalue().splitlines() if not line.startswith(b"GET VARIABLE")
    ]


def test_a_greeting_that_was_over_before_amd_had_decided_is_not_begun_again() -> None:
    agi, sent = call(VERDICT, version="20.20.0", length=0.9)
    assert Said(None, 0.9, complete=True) == agi.greet("hi")
    assert b"STREAM" not in sent.getvalue()


def test_a_detector_that_is_switched_off_costs_nothing() -> None:
    agi, sent = call("200 result=0 endpos=16000\n", amd=None)
    assert agi.greet("hi").complete
    assert 1 == len(sent.getvalue().splitlines())


@pytest.mark.parametrize(("status", "expected"), [("SILENCE", True), ("TIMEOUT", False)])
def test_a_machine_is_recorded_on_after_a_lasting_silence(status: str, expected: bool) -> None:
    agi, sent = call(f"200 result=0\n200 result=1 ({status})\n")
    assert expected is agi.wait_for_beep(20.0)
    assert b'EXEC WaitForSilence "2500,1,20"' == sent.getvalue().splitlines()[0]


def test_a_pbx_without_amd_still_talks() -> None:
    agi, _ = call("200 result=0 endpos=16000\n200 result=-2\n")
    with capture_logs() as logs:
        assert agi.greet("hi").complete
    assert Detection() == agi.detection
    assert ["AMD is not loaded"] == [entry["event"] for entry in logs]


def test_several_sounds_are_played_one_after_the_other_and_counted_together() -> None:
    agi, sent = call("200 result=0 endpos=8000\n200 result=0 endpos=4000\n")
    assert Said(None, 1.5, complete=True) == agi.say(["a", "b"], keys="1")
    assert [b'"a"', b'"b"'] == [line.split()[2] for line in sent.getvalue().splitlines()]
    agi, _ = call("200 result=0 endpos=8000\n200 result=49 endpos=4000\n")
    assert Said("1", 1.5, complete=False) == agi.say(["a", "b", "c"], keys="1")
    agi, _ = call("200 result=0 endpos=0\n200 result=0 endpos=4000\n")
    assert Said(None, 0.5, complete=False) == agi.say(["missing", "b"])
    agi, _ = call("200 result=0 endpos=8000\n200 result=-1 endpos=4000\n")
    with pytest.raises(Hangup) as gone:
        agi.say(["a", "b"])
    assert 1.5 == gone.value.seconds


CARD = {"__COLLECTOR_NAME": "Ana Lima", "__COLLECTOR_CLIENT": "7"}


def handing(answers: str) -> tuple[AgiCall, BytesIO]:
    sent = BytesIO()
    agi = SafeAgi(BytesIO(b"\n" + answers.encode()), sent)
    return AgiCall(agi, Amd(), agent="fibra", card=CARD, now=Ticking()), sent


READY = "200 result=1\n" * 2 + "200 result=0 Gosub complete\n200 result=1 (Local/x,25,r)\n"


@pytest.mark.parametrize(("status", "taken"), [("NOANSWER", False), ("ANSWER", True), ("CHANUNAVAIL", False)])
def test_the_dialplan_hands_over_to_the_instance_s_agent_and_says_whether_he_took_it(
    status: str, *, taken: bool
) -> None:
    result = -1 if taken else 0  # as Dial() says when the agent hung up
    agi, sent = handing(f"{READY}200 result={result}\n200 result=1 ({status})\n200 result=0 Gosub complete\n")
    assert taken == agi.transfer()
    assert [
        b'SET VARIABLE __COLLECTOR_NAME "Ana Lima"',
        b'SET VARIABLE __COLLECTOR_CLIENT "7"',
        b"GOSUB collector-agent fibra 1",
        b'GET VARIABLE "COLLECTOR_LEG"',
        b'EXEC Dial "Local/x,25,r"',
        b'GET VARIABLE "DIALSTATUS"',
        *([] if taken else [b"GOSUB collector-agent fibra back"]),
    ] == sent.getvalue().splitlines()


@pytest.mark.parametrize(
    "answers", [READY, f"{READY}HANGUP\n", f"{READY}200 result=-1\nHANGUP\n511 dead\n", "200 result=-1\n"]
)
def test_who_hangs_up_while_an_agent_is_rung_has_hung_up(answers: str) -> None:
    agi, _ = handing(answers)
    with pytest.raises(Hangup):
        agi.transfer()


class Slow(BytesIO):
    """A connection that notes how long it would have waited for each line."""

    patience = 180.0

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.waited: list[float] = []

    def readline(self, size: int | None = -1, /) -> bytes:
        self.waited.append(self.patience)
        return super().readline(size)


def test_a_talk_with_an_agent_may_take_longer_than_any_sound() -> None:
    slow = Slow(f"\n{READY}200 result=0\n200 result=1 (ANSWER)\n".encode())
    assert AgiCall(SafeAgi(slow, BytesIO()), Amd(), agent="fibra", card=CARD).transfer()
    assert [180.0] * 5 + [AGENT_SECONDS, 180.0] == slow.waited


def test_a_call_of_no_instance_has_no_agents() -> None:
    agi, sent = call("")
    with capture_logs() as logs:
        assert not agi.transfer()
    assert (b"", 1) == (sent.getvalue(), len(logs))


@pytest.mark.parametrize("answers", ["200 result=-1\n", "200 result=0\nHANGUP\n511 dead\n"])
def test_a_hang_up_while_amd_listens(answers: str) -> None:
    agi, _ = call("200 result=0 endpos=16000\n" + answers)
    with pytest.raises(Hangup):
        agi.greet("hi")


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
