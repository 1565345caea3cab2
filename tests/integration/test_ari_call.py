"""The verbs of a call over ARI: each returns one result, keeps its deadline, and ends when the line does."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agi import ari_call
from agi.call import Hangup, Said
from agi.playing import file_seconds
from tests.integration.ari_faults import Fault
from tests.integration.ari_line import ID, AnsweredLine
from tests.integration.ari_server import AriServer
from worker.errors import UnsafeText
from worker.pbx import variables
from worker.pbx.ari import AriClient


class Line(AnsweredLine):
    """And what its callee does."""

    def __init__(self, server: AriServer, client: AriClient) -> None:
        super().__init__(server, client)
        self._later: list[threading.Timer] = []

    def soon(self, what: Callable[..., None], *args: object, seconds: float = 0.1) -> None:
        timer = threading.Timer(seconds, what, args)
        self._later.append(timer)
        timer.start()

    def settle(self) -> None:
        """Until all that was emitted has arrived."""
        self.server.emit("ChannelStateChange", channel=self.server.channels[ID])
        time.sleep(0.05)

    def close(self) -> None:
        for timer in self._later:
            timer.join()
        self.client.close()


@pytest.fixture
def line(server: AriServer) -> Iterator[Line]:
    client = AriClient(server.settings)
    client.start()
    one = Line(server, client)
    yield one
    one.close()


def test_a_sound_played_to_its_end_is_complete(line: Line) -> None:
    said = line.call.say("collector/ab/abc")
    assert (None, True) == (said.key, said.complete)
    assert 0.03 < said.seconds <= 0.05  # never more than the sound is long
    assert {"media": "sound:collector/ab/abc"} == line.server.bodies[-1]


def test_a_key_that_was_asked_for_stops_the_sound_at_once(line: Line) -> None:
    line.server.sound_seconds = 5.0
    call = line.call
    line.soon(line.server.press, ID, "571")
    said = call.say("who", keys="129")
    assert ("1", False) == (said.key, said.complete)
    assert 0 < said.seconds < 1
    assert "571" == call.pressed  # also those that nobody asked for
    assert f"DELETE /ari/playbacks/{ID}.1" == line.server.requests[-1]


def test_the_end_of_a_stopped_sound_is_not_taken_for_the_end_of_the_next(line: Line) -> None:
    line.server.sound_seconds = 0.3
    call = line.call
    line.soon(line.server.press, ID, "1")
    assert "1" == call.say("who", keys="1").key
    assert call.say("debt").complete


def test_keys_pressed_before_a_question_are_recorded_but_do_not_answer_it(line: Line) -> None:
    call = line.call
    line.server.press(ID, "9")
    line.settle()
    assert call.say("who", keys="129").key is None
    assert "9" == call.pressed


def test_a_key_pressed_right_after_the_sound_answers_the_question(line: Line) -> None:
    call = line.call
    call.say("who", keys="12")
    line.server.press(ID, "#2")
    line.settle()
    assert "2" == call.wait_key("12", 1)
    assert "#2" == call.pressed


def test_waiting_for_a_key_ends_in_time(line: Line) -> None:
    call = line.call
    began = time.monotonic()
    assert call.wait_key("1", 0.15) is None
    assert 0.1 < time.monotonic() - began < 1
    assert call.wait_key("1", 0) is None


def test_no_more_keys_are_kept_than_the_outcome_can_hold(line: Line) -> None:
    call = line.call
    line.server.press(ID, "123456789*" * 5)
    assert call.wait_key("", 0.3) is None
    assert "123456789*" * 4 == call.pressed


def test_a_hang_up_ends_the_verb_and_tells_how_much_was_heard(line: Line) -> None:
    line.server.sound_seconds = 5.0
    call = line.call
    line.soon(line.server.hang_up, ID)
    with pytest.raises(Hangup) as gone:
        call.say("debt")
    assert 0.05 < gone.value.seconds < 1


def test_after_a_hang_up_every_verb_ends_without_a_request(line: Line) -> None:
    call = line.call
    line.server.hang_up(ID)
    with pytest.raises(Hangup):
        call.wait_key("1", 5)
    asked = len(line.server.requests)
    for verb in (
        lambda: call.say("debt"),
        lambda: call.wait_key("1", 5),
        lambda: call.greet("greeting"),
        lambda: call.wait_for_beep(5),
        lambda: call.remember("x"),
    ):
        with pytest.raises(Hangup):
            verb()
    call.hang_up()
    assert asked == len(line.server.requests)


def test_a_channel_that_went_unnoticed_is_a_hang_up_too(line: Line) -> None:
    call = line.call
    line.server.hang_up(ID, tell=False)
    with pytest.raises(Hangup):
        call.say("debt")


def test_a_pbx_that_fails_ends_the_conversation(line: Line) -> None:
    call = line.call
    line.server.faults.append(Fault("POST .*/play/", status=500))
    with pytest.raises(Hangup):
        call.say("debt")
    call.hang_up()  # the channel may live still: it is not forgotten
    assert {} == line.server.channels


def test_a_sound_that_never_starts_is_given_up(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ari_call, "START_SECONDS", 0.2)
    line.server.lost = {"PlaybackStarted", "PlaybackFinished"}
    assert Said(None, 0.0, complete=False) == line.call.say("debt")


def test_a_sound_whose_end_is_lost_is_given_up_after_its_length(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agi.playing.MARGIN_SECONDS", 0.2)
    line.server.lost = {"PlaybackFinished"}
    assert Said(None, 0.05, complete=False) == line.call.say("debt")


def test_a_sound_cut_short_is_not_complete_though_asterisk_says_done(line: Line) -> None:
    call = line.call
    call._seconds_of = lambda _: 3.0
    said = call.say("debt")
    assert not said.complete
    assert said.seconds < 1


def test_a_missing_sound_is_not_complete(line: Line) -> None:
    call = line.call
    line.server.sound_seconds = 5.0
    playback = {"id": f"{ID}.1", "target_uri": f"channel:{ID}", "state": "failed"}
    line.soon(lambda: line.server.emit("PlaybackFinished", playback=playback))
    assert Said(None, 0.0, complete=False) == call.say("debt")


@pytest.mark.parametrize("name", ["../secret", "a b", "sound:a", "a\r\nb", ""])
def test_a_sound_name_cannot_be_anything_else(line: Line, name: str) -> None:
    with pytest.raises(UnsafeText):
        line.call.say(name)


def test_a_checkpoint_stands_on_the_channel(line: Line) -> None:
    line.call.remember("h=all s=12.5")
    assert "h=all s=12.5" == line.server.variables[ID, variables.TALK]


def test_the_length_of_a_sound_is_known_by_its_file(tmp_path: Path) -> None:
    (tmp_path / "collector").mkdir()
    (tmp_path / "collector" / "a.alaw").write_bytes(b"\xd5" * 12000)
    (tmp_path / "b.wav").write_bytes(b"\0" * (44 + 16000))
    seconds = file_seconds(tmp_path)
    assert (1.5, 1.0, None) == (seconds("collector/a"), seconds("b"), seconds("c"))
