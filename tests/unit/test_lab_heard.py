"""The ear of the acceptance tests must be able to say no: made-up calls with something wrong in each."""

import math
import random
import wave
from array import array
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.lab.heard import RATE, Ear, Hearing, from_alaw, hear

SILENCE = 0.6


def spoken(seed: int, seconds: float, opening: Sequence[int] = ()) -> list[int]:
    """Something like speech: syllables of changing pitch and formant, with pauses. `opening`: how it begins."""
    rng = random.Random(seed)
    samples: list[int] = list(opening)
    while len(samples) < seconds * RATE:
        pitch, formant, length = rng.uniform(90, 220), rng.uniform(500, 2200), rng.randint(700, 1600)
        phase = rng.random()
        for at in range(length):
            pitch *= 1.00002
            phase += pitch / RATE
            swell = math.sin(math.pi * at / length)
            voice = math.sin(2 * math.pi * phase) + 0.7 * math.sin(2 * math.pi * formant * at / RATE + phase)
            samples.append(int(3500 * swell * voice + rng.gauss(0, 60)))
        samples += [rng.choice((-8, 8)) for _ in range(rng.randint(200, 900))]
    return samples[: int(seconds * RATE)]


GREETING, WHO, DEBT = spoken(1, 1.2), spoken(2, 3.0), spoken(3, 4.0)
GOODBYE = spoken(4, 1.5)
SOUNDS = {"greeting": GREETING, "who": WHO, "debt": DEBT, "goodbye": GOODBYE}
EAR = Ear(SOUNDS)


def silence(seconds: float = SILENCE) -> list[int]:
    return [8] * int(seconds * RATE)


def heard(*parts: Sequence[int]) -> Hearing:
    return EAR.hear([sample for part in parts for sample in (*silence(), *part)] + silence())


@cache
def alaw(sample: int) -> int:
    """The A-law byte nearest to it."""
    values = from_alaw(bytes(range(256)))
    return min(range(256), key=lambda byte: abs(values[byte] - sample))


def through_ulaw(samples: Sequence[int]) -> list[int]:
    """Coded as mu-law and back: a sixteenth of each value may be lost, and it is a little louder."""
    return [int(math.copysign(round(abs(sample) / step) * step, sample)) for sample in samples
            for step in [max(8, 2 ** max(0, abs(sample).bit_length() - 5))]]  # fmt: skip


def test_a_whole_call_is_told_in_order_with_its_times() -> None:
    hearing = heard(GREETING, WHO, DEBT)
    assert ["greeting", "who", "debt"] == hearing.story
    assert () == hearing.foreign
    assert pytest.approx(SILENCE, abs=0.05) == hearing.first_word
    assert pytest.approx(1.2 + 2 * SILENCE, abs=0.1) == hearing.prompts[1].start
    assert pytest.approx(4.2 + 2 * SILENCE, abs=0.2) == hearing.prompts[1].end


def test_a_missing_sound_is_missing() -> None:
    assert ["greeting", "debt"] == heard(GREETING, DEBT).story


def test_a_wrong_order_is_told_as_it_was() -> None:
    assert ["greeting", "debt", "who"] == heard(GREETING, DEBT, WHO).story


def test_a_sound_played_twice_is_heard_twice() -> None:
    assert ["who", "who", "goodbye"] == heard(WHO, WHO, GOODBYE).story


def test_a_short_sound_said_twice_at_once_is_heard_twice() -> None:
    short = spoken(8, 0.6)
    assert ["short", "short"] == Ear(SOUNDS | {"short": short}).hear([*silence(), *short, *short]).story


@pytest.mark.parametrize("seconds", [0.4, 1.5, 2.6])
def test_a_sound_cut_off_is_told_with_what_is_lost(seconds: float) -> None:
    (prompt,) = heard(WHO[: int(seconds * RATE)]).prompts
    assert ("who", False) == (prompt.name, prompt.whole)
    assert 0.6 * (3.0 - seconds) < prompt.lost_end <= 3.0 - seconds  # speech: pauses between words are no loss
    assert prompt.lost_start <= 0.05


def test_a_sound_whose_beginning_nobody_heard_is_not_whole() -> None:
    (prompt,) = heard(DEBT[RATE // 2 :]).prompts
    assert not prompt.whole
    assert pytest.approx(0.4, abs=0.15) == prompt.lost_start


def test_a_hole_in_the_middle_is_not_whole() -> None:
    (prompt,) = heard(DEBT[:RATE] + [8] * RATE + [8] * (RATE // 2) + DEBT[RATE * 5 // 2 :]).prompts
    assert "debt" == prompt.name
    assert not prompt.whole
    assert prompt.holes > 0.8


def test_speech_that_is_none_of_ours_is_foreign() -> None:
    hearing = heard(GREETING, spoken(99, 1.0), WHO)
    assert ["greeting", "who"] == hearing.story
    begin = 2 * SILENCE + 1.2
    assert hearing.foreign
    assert all(begin - 0.1 < first < last < begin + 1.1 for first, last in hearing.foreign)
    assert sum(last - first for first, last in hearing.foreign) > 0.5


def test_two_voices_at_once_are_not_two_whole_sounds() -> None:
    mixed = [one + other for one, other in zip(WHO, DEBT, strict=False)]
    assert not [prompt for prompt in heard(mixed).prompts if prompt.whole]


def test_a_jitter_buffer_that_slips_loses_nothing_but_time() -> None:
    late = [*WHO[:8000], *silence(0.06), *WHO[8000:16000], *silence(0.02), *WHO[16000:]]
    hearing = heard(GREETING, late)
    assert ["greeting", "who"] == hearing.story
    assert () == hearing.foreign


@pytest.mark.parametrize("samples", [160, 1600])
def test_a_lost_packet_and_what_the_recorder_lost_are_let_pass(samples: int) -> None:
    assert ["who"] == heard(WHO[:9000] + [0] * samples + WHO[9000 + samples :]).story
    assert ["who"] == heard(WHO[:9000] + WHO[9000 + samples :]).story


@pytest.mark.parametrize("volume", [0.35, 1.9])
def test_transcoding_and_volume_change_nothing(volume: float) -> None:
    assert ["who", "debt"] == heard(*(through_ulaw([int(volume * one) for one in it]) for it in (WHO, DEBT))).story


def test_of_two_sounds_that_begin_alike_the_one_that_was_played_is_told() -> None:
    longer = spoken(7, 3.0, opening=GOODBYE[: RATE // 2])
    ear = Ear(SOUNDS | {"longer": longer})
    assert ["longer", "goodbye"] == ear.hear([*silence(), *longer, *silence(), *GOODBYE]).story


@pytest.mark.parametrize("at", [0.3, 0.5, 0.6])
def test_so_it_is_when_the_line_slips_where_they_part(at: float) -> None:
    longer = spoken(7, 3.0, opening=GOODBYE[: RATE // 2])
    cut = int(at * RATE)
    hearing = Ear(SOUNDS | {"longer": longer}).hear([*silence(), *longer[:cut], *silence(0.1), *longer[cut:]])
    assert ["longer"] == hearing.story


def test_silence_is_nothing() -> None:
    assert Hearing((), (), None) == EAR.hear(silence(3))


def test_files_are_read_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "one.alaw").write_bytes(bytes(map(alaw, WHO)))
    with wave.open(str(tmp_path / "heard.wav"), "wb") as stream:
        stream.setparams((1, 2, RATE, 0, "NONE", ""))
        stream.writeframes(array("h", silence() + WHO).tobytes())
    assert ["one"] == hear(tmp_path / "heard.wav", {"one": tmp_path / "one.alaw"}).story
    with wave.open(str(tmp_path / "wide.wav"), "wb") as stream:
        stream.setparams((1, 2, 16000, 0, "NONE", ""))
    with pytest.raises(ValueError, match="not 8 kHz"):
        hear(tmp_path / "wide.wav", {})


@pytest.mark.parametrize(("byte", "value"), [(0xD5, 8), (0x55, -8), (0xAA, 32256), (0x2A, -32256), (0x80, 5504)])
def test_a_law_is_decoded_as_the_standard_says(byte: int, value: int) -> None:
    assert [value] == list(from_alaw(bytes([byte])))
