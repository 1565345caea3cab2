"""Sounds of ours, read by a real Asterisk: each format under its name, whole, and as loud."""

import time
from pathlib import Path

import pytest

from tests.lab.lab import Lab
from worker.speech import loudness
from worker.speech.audio import BYTES_PER_SECOND
from worker.speech.cache import SoundCache
from worker.speech.espeak import Espeak
from worker.speech.voice import CachedVoice


@pytest.mark.parametrize("form", BYTES_PER_SECOND)
def test_asterisk_reads_a_sound_of_every_format_whole(lab: Lab, form: str) -> None:
    sounds = lab.pbx.data / "sounds"
    cache = SoundCache(sounds, "formats", clock=time.time, form=form)
    sound = CachedVoice(Espeak("pt-br", 150), cache).render("Olá! Aqui é da Fibra Serra.")
    read = Path(sounds / f"read-{form}.wav")
    lab.pbx.rx("module load res_convert.so")
    said = lab.pbx.rx(f"file convert {sounds / sound.name}.{form} {read}")
    assert "Converted" in said, said
    samples = read.read_bytes()[44:]
    assert sound.seconds == pytest.approx(len(samples) / 16000, abs=0.05)
    level = loudness.speech_level(samples)
    assert level is not None
    assert abs(level - loudness.TARGET) < 0.5
