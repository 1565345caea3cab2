"""A callee's sound: what is speech above the noise, what is one pure tone, and when each was heard."""

import shutil
import subprocess
from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.made_sound import (
    SILENCE,
    Samples,
    coded,
    frames,
    heard,
    noise,
    packets,
    silence,
    together,
    tone,
    voice,
)
from worker.core.hearing import FRAME, Audio, Segment
from worker.core.sound import Frame, Hearing, Packet, frame

EIGHT = 0xD5  # the code that means 8, the smallest there is
HISS = noise(3.0, 200.0)


def meant(code: int) -> int:
    """With its sign: the product with the sample that follows is the autocorrelation at one sample."""
    return frame(bytes([code, EIGHT])).powers[1] // 8


def seconds(found: tuple[Segment, ...]) -> list[tuple[float, float]]:
    return [(round(one.start, 2), round(one.end, 2)) for one in found]


def pitches(samples: Samples) -> list[float]:
    return [0.0 if one is None else one.tone for one in frames(samples)]


def test_a_code_means_the_middle_of_all_that_is_coded_so() -> None:
    coded_so: dict[int, list[int]] = {}
    for sample in range(-32768, 32768):
        coded_so.setdefault(coded(sample), []).append(sample)
    middle = {code: (min(found) + max(found) + 1) // 2 for code, found in coded_so.items()}
    assert middle == {code: meant(code) for code in range(256)}
    assert (8, -8, 32256, -32256) == tuple(meant(code) for code in (EIGHT, 0x55, 0xAA, 0x2A))


@pytest.mark.skipif(shutil.which("sox") is None, reason="sox is not installed")
def test_a_code_means_what_sox_makes_of_it() -> None:
    raw = ["-t", "raw", "-r", "8000", "-c", "1"]
    command = ["sox", *raw, "-e", "a-law", "-", *raw, "-e", "signed", "-b", "16", "-"]
    done = subprocess.run(command, input=bytes(range(256)), capture_output=True, check=True, timeout=60)
    assert list(array("h", done.stdout)) == [meant(code) for code in range(256)]


def test_the_level_is_the_mean_and_of_nothing_there_is_none() -> None:
    assert (8.0, 32256.0) == (frame(SILENCE).level, frame(bytes([0xAA, 0x2A] * 80)).level)
    assert Frame(0.0, (0,) * 7, 0.0) == frame(b"")


@settings(max_examples=40)
@given(st.floats(430, 3300), st.floats(-30, -3), st.floats(0, 6.3))
def test_a_tone_on_a_line_with_a_little_noise_is_known_with_its_pitch(
    hertz: float, decibels: float, start: float
) -> None:
    hiss = noise(0.4, 250 * 10 ** (decibels / 20))  # 40 dB below it
    samples = together(tone(hertz, 0.4, decibels, start), hiss)
    assert [pytest.approx(hertz, abs=20)] * 20 == pitches(samples)
    assert [(0.0, 0.4)] == seconds(heard(samples).audio().tones)


@pytest.mark.parametrize(
    "samples",
    [
        together(tone(350, 1.0), tone(440, 1.0)),
        together(tone(697, 1.0), tone(1209, 1.0)),  # a key
        together(tone(941, 1.0), tone(1633, 1.0, -13)),
        noise(3.0, 3000.0),
        *(voice(3.0, seed=seed) for seed in range(4)),
        tone(1000, 1.0, -50),  # too soft to be meant for anybody
        silence(1.0),
    ],
)
def test_what_is_no_pure_tone_is_none(samples: Samples) -> None:
    assert () == heard(samples).audio().tones


@settings(max_examples=40)
@given(st.integers(0, 159), st.floats(430, 3300))
def test_a_tone_of_40_ms_is_none_wherever_it_lies_between_packets(before: int, hertz: float) -> None:
    assert () == heard([*[0.0] * before, *tone(hertz, 0.04), *silence(0.1)]).audio().tones


def test_a_tone_of_60_ms_is_one_and_lasts_so_long() -> None:
    assert [(0.2, 0.26)] == seconds(heard([*silence(0.2), *tone(1400, 0.06), *silence(0.2)]).audio().tones)


def test_a_lost_packet_ends_no_tone() -> None:
    assert [(0.0, 1.0)] == seconds(heard(tone(1400, 1.0), lost=(20, 40)).audio().tones)


def test_two_tones_that_follow_one_another_are_two() -> None:
    found = heard([*tone(950, 0.3), *tone(1400, 0.3), *silence(0.1), *tone(1400, 0.3)]).audio().tones
    assert [(0.0, 0.3), (0.3, 0.6), (0.7, 1.0)] == seconds(found)


def test_a_tone_around_a_quarter_of_the_rate_is_one_tone() -> None:
    """There the energy alone cannot tell one side of 2000 Hz from the other."""
    for hertz in (1960, 1990, 2000, 2010, 2100):
        assert [(0.0, 1.0)] == seconds(heard(together(tone(hertz, 1.0), noise(1.0, 80.0))).audio().tones)


TURNING = [*tone(2100, 0.45), *(-sample for sample in tone(2100, 0.45))] * 3  # ANSam turns its phase like that


@pytest.mark.parametrize(
    "samples", [tone(2100, 0.52), tone(2085, 1.0), tone(2115, 1.0), TURNING, [*voice(1.0), *tone(2100, 0.6)]]
)
def test_a_fax_that_answers_is_known(samples: Samples) -> None:
    assert heard(samples, lost=[7]).fax


@pytest.mark.parametrize(
    "samples",
    [
        tone(2100, 0.44),
        tone(1100, 3.0),  # of a fax that calls
        tone(2000, 3.0),
        tone(1000, 3.0),  # of a voicemail
        [*tone(2100, 0.3), *silence(0.1), *tone(2100, 0.3)],
        [*tone(2100, 0.3), *tone(1400, 0.1), *tone(2100, 0.3)],
        voice(8.0),
        noise(4.0, 3000.0),
    ],
)
def test_what_is_no_fax_is_none(samples: Samples) -> None:
    assert not heard(samples).fax


def test_speech_over_steady_noise_is_found_where_it_is() -> None:
    word = [*silence(1.0), *tone(180, 0.4, -15), *silence(0.6), *tone(180, 0.5, -15), *silence(0.5)]
    assert [(1.0, 1.4), (2.0, 2.5)] == seconds(heard(together(HISS, word)).audio().voice)


def test_a_voice_over_noise_is_found_and_the_noise_around_it_is_not() -> None:
    found = heard(together(HISS, [*silence(0.6), *voice(1.0), *silence(1.4)])).audio().voice
    assert 0.6 == pytest.approx(found[0].start, abs=0.06)
    assert 1.6 == pytest.approx(found[-1].end, abs=0.06)
    assert sum(one.seconds for one in found) > 0.7


@pytest.mark.parametrize("level", [5.0, 50.0, 200.0, 800.0])
def test_noise_alone_is_no_speech(level: float) -> None:
    assert () == heard(noise(3.0, level)).audio().voice


def test_what_is_almost_silent_is_no_speech_even_where_all_is_silent() -> None:
    assert () == heard([*silence(0.5), *noise(0.5, 40.0)]).audio().voice


def test_speech_that_is_there_from_the_first_is_heard() -> None:
    found = heard([*tone(180, 0.4, -15), *silence(0.6)]).audio().voice
    assert [(0.0, 0.4)] == seconds(found)


def test_noise_that_comes_to_stay_becomes_the_floor() -> None:
    found = heard([*silence(0.5), *noise(1.0, 300.0) * 12]).audio().voice
    assert 0.5 == pytest.approx(found[0].start)
    assert 5.0 < found[-1].end < 11.0  # from the floor of silence, by 3 dB a second


@pytest.mark.parametrize("times", [1, 2])
def test_a_silent_packet_that_stands_for_a_lost_one_makes_no_speech_of_the_noise(times: int) -> None:
    hearing = Hearing()
    for one in packets(HISS):
        lost = any(round(one.at / FRAME) in (at, at + times - 1) for at in (40, 90))
        hearing.hear([Packet(one.at, SILENCE if lost else one.payload)])
    assert () == hearing.audio().voice


@pytest.mark.parametrize(("pause", "found"), [(0.02, 1), (0.06, 1), (0.08, 2), (0.3, 2)])
def test_a_shorter_pause_than_the_pbx_tells_of_is_none(pause: float, found: int) -> None:
    word = tone(180, 0.2, -15)
    assert found == len(heard([*silence(0.2), *word, *silence(pause), *word, *silence(0.2)]).audio().voice)


@given(st.floats(0.0, 5.0), st.sets(st.integers(1, 64)))
def test_gaps_between_packets_move_nothing(at: float, lost: set[int]) -> None:
    samples = [*silence(0.4), *tone(1000, 0.4), *silence(0.2), *tone(1000, 0.3), *silence(0.02)]
    hearing = heard(samples, at, lost)
    assert lost == {index for index, one in enumerate(hearing.frames) if one is None}
    assert at + 66 * FRAME == pytest.approx(hearing.until)
    for number in {20, 39, 50, 64} - lost:
        assert sum(one.start <= at + (number + 0.5) * FRAME < one.end for one in hearing.audio().voice) == 1
    for number in {0, 19, 45, 65} - lost:
        assert not any(one.start <= at + (number + 0.5) * FRAME < one.end for one in hearing.audio().voice)


def test_packets_come_a_few_at_a_time_or_all_at_once() -> None:
    samples = together(HISS, [*silence(0.6), *voice(1.0), *tone(1000, 0.5)])
    drop_by_drop = Hearing()
    for one in packets(samples, 0.74):
        drop_by_drop.hear([one])
    assert (heard(samples, 0.74).audio(), 0.74) == (drop_by_drop.audio(), drop_by_drop.start)


def test_before_the_first_packet_nothing_was_heard() -> None:
    hearing = Hearing()
    hearing.hear([])
    assert (Audio(), 0.0, []) == (hearing.audio(), hearing.until, hearing.frames)
