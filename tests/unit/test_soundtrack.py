"""The sound line of one call: opened once, at the first sound; given up when nothing comes; stopped once."""

import pytest

from agi.soundtrack import DEAF, LEARNING, Soundtrack
from tests.unit.made_sound import Line, heard, noise, packets, tone, voice
from worker.core.hearing import Audio
from worker.core.soundprint import LENGTH, LOOKS, Print, printed

VOICE = voice(2.0)


class Listener:
    """Recognises nothing, and keeps what it was asked."""

    def __init__(self, name: str = "") -> None:
        self._name = name
        self.asked: list[Print] = []

    def __call__(self, opening: Print) -> str:
        self.asked.append(opening)
        return self._name


def track(line: Line | None, listener: Listener | None = None) -> Soundtrack:
    """Opened half a second after the answer."""
    one = Soundtrack(listener or Listener())
    one.hear_over(lambda: line, 0.5)
    return one


def test_where_no_line_can_be_had_nothing_is_heard() -> None:
    one = track(None)
    one.take()
    assert (False, None) == (one.open, one.audio(0.5, 0.6))
    one.end()
    assert (None, "") == one.remains()


def test_while_the_callee_is_silent_there_is_nothing_to_hear() -> None:
    assert Soundtrack(Listener()).audio(None, 5.0) is None  # no line: nobody could say
    assert Audio() == track(Line()).audio(None, 5.0)


def test_a_line_over_which_nothing_comes_is_deaf_after_half_a_second() -> None:
    one = track(Line())
    assert [Audio(), Audio(), None] == [one.audio(0.7, 0.7 + after) for after in (0.0, DEAF - 0.01, DEAF)]


def test_a_line_is_deaf_half_a_second_after_its_last_packet() -> None:
    one = track(Line(packets(VOICE, at=0.8)))
    one.take()
    expected = heard(VOICE, at=0.8).audio()
    assert len(expected.voice) >= 1
    assert [expected, expected, None] == [one.audio(0.7, 2.8 + after) for after in (0.0, DEAF - 0.01, DEAF + 0.01)]


def test_what_comes_is_heard_when_it_is_taken() -> None:
    line = Line(packets(tone(1000, 1.0), at=0.5))
    one = track(line)
    found = []
    for line.now in (0.4, 1.0, 1.3):
        one.take()
        audio = one.audio(0.4, line.now)
        assert audio is not None
        found.append([(round(each.start, 2), round(each.end, 2)) for each in audio.tones])
    assert [[], [(0.5, 1.0)], [(0.5, 1.3)]] == found


def test_it_asks_once_a_look_whether_the_opening_is_known() -> None:
    listener = Listener("seven")
    line = Line(packets(VOICE))
    one = track(line, listener)
    told = []
    for packet in range(1, 100):
        line.now = packet / 50
        one.take()
        told += [(packet, name) for name in (one.recognised(), one.recognised()) if name]
    assert [(frames, "seven") for frames in LOOKS] == told
    assert list(LOOKS) == [each.frames for each in listener.asked]


def test_of_looks_that_were_missed_only_the_last_is_taken() -> None:
    listener = Listener()
    one = track(Line(packets(VOICE[: 45 * 160])), listener)
    one.take()
    assert ["", ""] == [one.recognised(), one.recognised()]
    assert [printed(heard(VOICE).frames, 40)] == listener.asked


def test_the_line_is_stopped_once_and_what_is_left_is_taken() -> None:
    line = Line(packets(VOICE, at=0.6))
    one = track(line)
    one.end()
    one.end()
    assert (1, False) == (line.stops, one.open)
    assert (heard(VOICE, at=0.6).audio(), str(printed(heard(VOICE).frames))) == one.remains()


def test_without_a_line_and_without_a_packet_nothing_remains() -> None:
    never, empty = Soundtrack(Listener()), track(Line())
    empty.end()
    assert [(None, "")] * 2 == [never.remains(), empty.remains()]


def test_of_an_opening_that_was_not_heard_to_its_end_only_the_audio_remains() -> None:
    short = VOICE[: (LENGTH - 1) * 160]
    one = track(Line(packets(short)))
    one.end()
    assert (heard(short).audio(), "") == one.remains()


@pytest.mark.parametrize(
    ("seconds", "now", "learned"),
    [
        (1.18, 1.5, False),
        (1.2, 1.5, True),  # the whole opening
        (0.5, 0.4 + LEARNING, False),
        (0.5, 0.6 + LEARNING, True),  # no more will come
        (0.0, 0.4 + LEARNING, False),
        (0.0, 0.6 + LEARNING, True),  # nothing ever came
    ],
)
def test_there_is_no_more_to_learn_when_the_opening_is_whole_or_overdue(
    seconds: float, now: float, learned: bool
) -> None:
    one = track(Line(packets(noise(seconds, 600.0), at=0.5)))
    one.take()
    assert learned is one.learned(now)
