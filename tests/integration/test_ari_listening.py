"""What is heard while the verbs of a call over ARI run: strong signs end one, keys outweigh them."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from agi.ari_call import AriCall
from agi.call import Detection, Hangup, Sign, Unmanned
from agi.listening import HearingPlan, Listening
from tests.integration.ari_faults import STAMP
from tests.integration.ari_line import ID, AnsweredLine
from tests.integration.ari_server import AriServer
from tests.unit.small_model import MODEL
from worker.core import answering
from worker.core.hearing import Ear
from worker.pbx.ari import AriClient
from worker.pbx.ari_events import StasisStart
from worker.pbx.ari_router import Detected, Mailbox

ANSWERED = datetime.fromisoformat(STAMP["timestamp"])


class Line(AnsweredLine):
    """Its callee makes sounds at any second since the answer."""

    def __init__(self, server: AriServer, client: AriClient) -> None:
        super().__init__(server, client)
        self.listening = Listening()
        self.listened = 0  # how often the PBX was asked to listen as well
        self.ago = 0.0  # seconds since the answer when the conversation begins

    def begin(self, event: StasisStart, box: Mailbox) -> AriCall:
        return AriCall(
            self.client,
            event.channel,
            box,
            seconds_of=self.seconds_of,
            listening=self.listening,
            answered=(event.at, time.monotonic() - self.ago),
            listen=self._listen,
        )

    def _listen(self) -> None:
        self.listened += 1

    def fax(self) -> None:
        """Its tone is heard, and wakes the conversation."""
        self.listening.signal(Sign.FAX)
        self.sound(0.1, 0.2)

    def sound(self, start: float, end: float) -> None:
        """Seconds since the answer."""
        for kind, at, more in (
            ("ChannelTalkingStarted", start, {}),
            ("ChannelTalkingFinished", end + 0.06, {"duration": round((end - start - 0.02) * 1000)}),
        ):
            stamp = (ANSWERED + timedelta(seconds=at)).astimezone(UTC).isoformat(timespec="milliseconds")
            self.server.emit(kind, channel=self.server.channels[ID], timestamp=stamp, **more)


@pytest.fixture
def server() -> Iterator[AriServer]:
    one = AriServer(sound_seconds=3.0)
    one.start()
    yield one
    one.stop()


@pytest.fixture
def line(server: AriServer) -> Iterator[Line]:
    client = AriClient(server.settings)
    client.start()
    one = Line(server, client)
    yield one
    client.close()


def soon(what: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(0.15, what)
    timer.start()
    return timer


def announced() -> Listening:
    ear = Ear()
    ear.began(-3.0)
    ear.ended(-1.0, 1980)
    return Listening(ear=ear, announced=True)


def test_a_voice_before_the_answer_ends_the_greeting_before_it_began_and_only_once(line: Line) -> None:
    line.listening = announced()
    with pytest.raises(Unmanned) as found:
        line.call.greet("hi")
    assert (Sign.ANNOUNCEMENT, 0.0) == (found.value.sign, found.value.seconds)
    assert not [one for one in line.server.requests if "/play/" in one]
    line.server.sound_seconds = 0.05
    assert line.call.say("again").complete  # whoever goes on nevertheless may


def test_a_sound_that_a_strong_sign_ends_is_stopped_and_counted(line: Line) -> None:
    call = line.call
    timer = soon(line.fax)
    with pytest.raises(Unmanned) as found:
        call.say("who")
    timer.join()
    assert Sign.FAX is found.value.sign
    assert 0 < found.value.seconds < 2
    assert f"DELETE /ari/playbacks/{ID}.1" == line.server.requests[-1]
    assert Detection("MACHINE", "FAX-0-0") == call.detection


def test_waiting_for_a_key_is_ended_by_a_strong_sign_too(line: Line) -> None:
    call = line.call
    timer = soon(line.fax)
    with pytest.raises(Unmanned):
        call.wait_key("1", 5)
    timer.join()


def test_after_a_key_no_sign_ends_anything(line: Line) -> None:
    call = line.call
    line.server.press(ID, "7")
    assert call.wait_key("1", 0.2) is None
    line.listening.signal(Sign.FAX)
    line.server.sound_seconds = 0.05
    assert call.say("who").complete


def test_a_verdict_is_reached_while_a_sound_plays_and_ends_nothing(line: Line) -> None:
    line.listening = Listening(HearingPlan(judge=partial(answering.judge, MODEL)))
    line.ago, line.server.sound_seconds = 4.0, 0.3
    call = line.call
    assert Detection() == call.detection
    line.sound(0.5, 3.4)
    time.sleep(0.1)  # it has arrived
    assert call.greet("hi").complete
    assert "MACHINE" == call.detection.status


def test_the_pbx_is_asked_to_listen_once_and_after_the_first_sound_was_ordered(line: Line) -> None:
    line.server.sound_seconds = 0.05
    call = line.call
    assert 0 == line.listened
    call.greet("hi")
    call.say("who")
    assert 1 == line.listened


def test_the_verdict_of_amd_beside_the_call_is_taken_verbatim(line: Line) -> None:
    call = line.call
    line.client.router.deliver(Detected(ID, "NOTSURE", "TOOLONG-5000"))
    call.wait_key("1", 0.05)
    assert Detection("NOTSURE", "TOOLONG-5000") == call.detection


def test_the_beep_of_a_machine_is_waited_for(line: Line) -> None:
    line.ago = 5.0
    call = line.call
    line.sound(0.5, 2.5)
    line.sound(3.2, 3.6)
    began = time.monotonic()
    assert call.wait_for_beep(9.0)
    assert time.monotonic() - began < 1.0  # it has been silent for long enough already


def test_a_strong_sign_does_not_end_the_wait_for_the_beep(line: Line) -> None:
    call = line.call
    line.listening.signal(Sign.RECORDING)
    assert not call.wait_for_beep(0.2)


def test_a_key_ends_the_wait_for_the_beep_at_once(line: Line) -> None:
    call = line.call
    timer = soon(lambda: line.server.press(ID, "1"))
    began = time.monotonic()
    assert not call.wait_for_beep(9.0)
    timer.join()
    assert time.monotonic() - began < 3
    assert "1" == call.pressed


def test_a_call_that_leaves_stasis_and_does_not_come_back_is_over(line: Line) -> None:
    call = line.call
    timer = soon(lambda: line.server.emit("StasisEnd", channel=line.server.channels[ID]))
    with pytest.raises(Hangup):
        call.say("who")
    timer.join()


def test_a_noisy_line_does_not_fill_the_mailbox(line: Line) -> None:
    call = line.call
    for n in range(90):
        line.sound(n / 10, n / 10 + 0.05)
    line.server.press(ID, "1")
    assert "1" == call.wait_key("1", 5)
