"""What a call hears over its sound line: the verdict, a known recording, and when the line is no longer needed."""

from dataclasses import replace
from functools import partial

import pytest

from agi.call import Detection, Sign
from agi.listening import NEVER, HearingPlan, Listening
from agi.recordings import Recordings
from tests.unit.made_sound import Line, Samples, frames, heard, noise, packets, silence, together, tone, voice
from tests.unit.small_model import AUDIO_MODEL, MODEL
from tests.unit.world import NOON
from worker.core import answering
from worker.core.heard_call import HeardCall
from worker.core.hearing import Ear
from worker.core.soundprint import LENGTH, Print, printed

OPENED = 0.42  # seconds: the line's first packet
SOUND = HearingPlan(judge=partial(answering.judge, MODEL), judge_audio=partial(answering.judge, AUDIO_MODEL))
# behind a street so loud that there is no pause in it, one word
STREET = together(noise(4.0, 300.0), [*silence(0.4), *tone(180, 0.4, -15), *silence(3.2)])
WHISTLE = tone(1000, 4.0)
TALK = voice(2.0, seed=50)


def on_the_line(samples: Samples, plan: HearingPlan = SOUND) -> tuple[Listening, Line]:
    """There is sound from 0.3 s on, without a pause."""
    listening, line = Listening(plan), Line(packets(samples, at=OPENED))
    listening.hear_over(lambda: line, 0.1)
    listening.began(0.3)
    return listening, line


def looked(listening: Listening, line: Line, until: float) -> list[float]:
    """Every look it asks for until then."""
    looks = []
    while listening.next_look <= until:
        line.now = listening.next_look
        looks.append(round(line.now, 2))
        listening.look(line.now)
    return looks


def test_a_word_is_heard_in_noise_that_the_timing_of_sound_takes_for_speech() -> None:
    listening, line = on_the_line(STREET)
    looks = looked(listening, line, 4.0)
    assert "HUMAN" == listening.detection.status
    assert 2.0 == pytest.approx(looks[-1], abs=0.11)  # 0.7 s after the word


def test_where_no_line_can_be_had_the_timing_of_sound_decides() -> None:
    listening = Listening(SOUND)
    listening.hear_over(lambda: None, 0.1)
    listening.began(0.3)
    looks = looked(listening, Line(), 4.0)
    assert ("MACHINE", 2.6) == (listening.detection.status, looks[-1])


@pytest.mark.parametrize("came", [0, 20, 40])
def test_where_packets_stop_or_never_come_the_timing_of_sound_decides(came: int) -> None:
    listening, line = on_the_line(STREET[: came * 160])
    looked(listening, line, 4.0)
    assert "MACHINE" == listening.detection.status
    assert listening.detection.cause.startswith("OURSMACHINE-")


def test_by_timing_alone_no_line_is_asked_for() -> None:
    listening, line = on_the_line(STREET, replace(SOUND, judge_audio=None))
    looked(listening, line, 4.0)
    assert ("MACHINE", 0, None) == (listening.detection.status, line.stops, listening.remains("A", "f", 4.0).audio)


def test_the_line_ends_with_the_verdict_where_the_opening_is_whole() -> None:
    listening, line = on_the_line(STREET)
    looked(listening, line, 1.9)
    before = line.stops
    looked(listening, line, 2.1)
    assert (0, 1, "HUMAN") == (before, line.stops, listening.detection.status)


def test_after_the_verdict_the_line_lasts_until_the_opening_is_whole() -> None:
    listening, line = on_the_line(WHISTLE)
    looked(listening, line, 1.1)
    assert ("MACHINE", None) == (listening.detection.status, listening.sign)
    looked(listening, line, OPENED + LENGTH / 50 - 0.03)
    before = line.stops
    looked(listening, line, OPENED + LENGTH / 50 + 0.1)
    assert (0, 1) == (before, line.stops)
    kept = listening.remains("A", "fibra", 9.0)
    assert kept.audio is not None
    assert (str(printed(frames(WHISTLE))), 1) == (kept.opening, len(kept.audio.tones))


def test_a_line_over_which_nothing_ever_comes_is_not_looked_at_for_the_rest_of_the_call() -> None:
    listening, line = on_the_line([])
    listening.ended(0.96, 580)
    looks = looked(listening, line, 60.0)
    assert (1, NEVER) == (line.stops, listening.next_look)
    assert looks[-1] < 5.0


def test_a_recording_known_by_its_sound_is_strong_evidence_and_ends_the_line() -> None:
    recordings = Recordings()
    opening = str(printed(frames(TALK)))
    calls = [HeardCall(f"R{n}", "fibra", NOON, 9.0, "", "", (), None, opening, None, f"+55{n}") for n in range(3)]
    recordings.learn(calls)
    listening, line = on_the_line(TALK, replace(SOUND, known_sound=recordings.recognise_sound))
    looked(listening, line, 4.0)
    assert (Sign.RECORDING, 1) == (listening.sign, line.stops)
    assert Detection("MACHINE", "RECORDING-1-900") == listening.detection  # after 0.4 s of it
    other, another = on_the_line(voice(2.0, seed=51), replace(SOUND, known_sound=recordings.recognise_sound))
    looked(other, another, 2.0)
    assert other.sign is None


def test_the_tone_of_a_fax_is_strong_evidence_and_ends_the_line() -> None:
    listening, line = on_the_line(tone(2100, 3.0, start=0.2))
    looked(listening, line, 2.0)
    assert (Sign.FAX, 1) == (listening.sign, line.stops)
    assert listening.detection.cause.startswith("FAX-1-")


def test_a_strong_sign_ends_the_line_at_once_and_what_came_is_kept() -> None:
    listening, line = on_the_line(TALK)
    line.now = 1.0
    listening.signal(Sign.FAX)
    assert 1 == line.stops
    assert heard(TALK[: 29 * 160], at=OPENED).audio() == listening.remains("A", "fibra", 2.0).audio


def test_after_a_voice_before_the_answer_no_line_is_asked_for() -> None:
    asked: list[None] = []
    ear = Ear()
    ear.began(-3.0)
    listening = Listening(SOUND, ear, announced=True)
    listening.hear_over(lambda: asked.append(None), 0.1)
    listening.ended(0.4, 3300)
    listening.began(0.8)
    assert [] == asked


def test_the_end_of_the_call_ends_the_line_and_what_came_is_kept() -> None:
    listening, line = on_the_line(TALK)
    listening.look(0.6)
    listening.end_sound()
    listening.end_sound()
    assert 1 == line.stops
    kept = listening.remains("A", "fibra", 1.5)
    assert ("A", "fibra", 1.5) == (kept.attempt_id, kept.instance, kept.seconds)
    assert (heard(TALK, at=OPENED).audio(), Print.parse(kept.opening)) == (kept.audio, printed(frames(TALK)))
    assert 1 == len(kept.segments)


def test_without_a_line_only_the_timing_remains() -> None:
    listening = Listening(SOUND)
    listening.hear_over(lambda: None, 0.1)
    listening.began(0.3)
    kept = listening.remains("A", "fibra", 1.5)
    assert (1, None, "") == (len(kept.segments), kept.audio, kept.opening)
