"""A voice put together from recorded pieces: the right ones, in order, with short joints, all equally loud."""

import itertools
import sys
import time
from array import array
from pathlib import Path

import pytest
from jinja2 import Environment

from worker.core.pieces import JOINT, STOP
from worker.errors import SpeechError
from worker.speech import loudness
from worker.speech.audio import RATE
from worker.speech.cache import SoundCache
from worker.speech.engines import open_voice
from worker.speech.espeak import Espeak
from worker.speech.folder import Folder
from worker.speech.program import run_program
from worker.speech.recordings import Recordings
from worker.speech.stretches import fixed_stretches
from worker.speech.voice import CachedVoice
from worker.voice_settings import VoiceCommand, VoiceSettings

ESPEAK = Espeak("pt-br", 150)
TONES = {"cento": 400, "e": 600, "vinte": 800, "reais": 1000, "boa-tarde": 1200}  # hertz: to be told apart


def tone(file: Path, hertz: int, seconds: float = 0.3, *effects: str, form: tuple[str, ...] = ()) -> None:
    arguments = ["sox", "-n", "-r", "16000", "-b", "16", *form, str(file)]
    run_program([*arguments, "synth", str(seconds), "sine", str(hertz), *effects], b"", empty=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pieces = tmp_path / "pieces"
    pieces.mkdir()
    for name, hertz in TONES.items():
        tone(pieces / f"{name}.wav", hertz)
    return pieces


def engine(folder: Path, spare: Espeak | None = None) -> Recordings:
    return Recordings(Folder(folder), spare)


def heard(samples: bytes) -> list[tuple[int, float]]:
    """Each tone with its seconds: silence parts them."""
    values = array("h", samples)
    assert sys.byteorder == "little"
    loud = [any(abs(value) > 300 for value in values[at : at + 40]) for at in range(0, len(values), 40)]
    tones: list[tuple[int, float]] = []
    begin = None
    for at, sounding in enumerate([*loud, False]):
        if sounding and begin is None:
            begin = at
        elif not sounding and begin is not None:
            part = values[begin * 40 : at * 40]
            crossings = sum((one < 0) != (two < 0) for one, two in itertools.pairwise(part))
            tones.append((round(crossings * RATE / len(part) / 2 / 50) * 50, len(part) / RATE))
            begin = None
    return tones


def test_pieces_are_heard_in_the_order_of_the_text(folder: Path) -> None:
    samples = engine(folder).speak("Boa tarde! Cento e vinte reais.")
    assert [1200, 400, 600, 800, 1000] == [hertz for hertz, _ in heard(samples)]
    assert all(0.27 < seconds < 0.31 for _, seconds in heard(samples))  # none is cut
    assert 5 * 0.3 + STOP + 3 * JOINT == pytest.approx(len(samples) / 2 / RATE, abs=0.05)


def test_a_longer_recording_is_preferred(folder: Path) -> None:
    tone(folder / "cento-e-vinte.wav", 1500)
    assert [1500, 1000] == [hertz for hertz, _ in heard(engine(folder).speak("cento e vinte reais"))]


def test_names_of_files_may_be_written_in_several_ways(folder: Path) -> None:
    tone(folder / "Cento e Vinte.WAV", 1500)
    tone(folder / "vinte_reais.wav", 1700)
    assert [1500, 1000] == [hertz for hertz, _ in heard(engine(folder).speak("cento e vinte reais"))]
    assert [1700] == [hertz for hertz, _ in heard(engine(folder).speak("vinte reais"))]


def test_the_index_says_what_a_file_says(folder: Path) -> None:
    tone(folder / "p01.wav", 1500)
    (folder / "pieces.csv").write_text("\ufefffile;text\np01.wav;Se é você, tecle um.\ngone.wav;Olá\n", "utf-8")
    assert [1500] == [hertz for hertz, _ in heard(engine(folder).speak("Se é você, tecle um!"))]
    assert ("pieces.csv names gone.wav, which is not there",) == Folder(folder).shelf().faults


def test_silence_around_a_recording_is_left_out_and_all_are_equally_loud(folder: Path) -> None:
    tone(folder / "cento.wav", 400, 0.3, "gain", "-30", "pad", "0.8", "1.5")
    tone(folder / "reais.wav", 1000, 0.3, "gain", "-3", form=("-c", "2"))
    samples = engine(folder).speak("cento reais")
    assert [400, 1000] == [hertz for hertz, _ in heard(samples)]
    assert len(samples) / 2 / RATE < 0.75
    half = len(samples) // 4 * 2
    first, second = loudness.speech_level(samples[:half]), loudness.speech_level(samples[half:])
    assert first is not None
    assert second is not None
    assert abs(first - second) < 1.0


def test_a_joint_does_not_click(folder: Path) -> None:
    values = array("h", engine(folder).speak("cento e vinte reais"))
    joints = [at for at in range(8, len(values)) if values[at] and not any(values[at - 8 : at])]
    assert 3 == len(joints)
    assert all(abs(value) < 800 for at in joints for value in (*values[at : at + 4], *values[at - 325 : at - 320]))


def test_what_nobody_recorded_is_named(folder: Path) -> None:
    with pytest.raises(SpeechError, match=r"nobody has recorded: Maria Silva, onze; see `collector voice check`"):
        engine(folder).speak("Boa tarde, Maria Silva! Cento e onze reais")


def test_a_name_is_said_by_the_fallback_between_recordings(folder: Path) -> None:
    samples = engine(folder, ESPEAK).speak("boa tarde, Maria Silva")
    alone = engine(folder).speak("boa tarde")
    assert samples[: len(alone)] == alone
    level = loudness.speech_level(samples[len(alone) :])
    assert level is not None
    assert abs(level - loudness.TARGET) < 1.0
    assert len(ESPEAK.speak("Maria Silva")) == pytest.approx(len(samples) - len(alone), abs=2 * RATE * 0.3)


def test_a_recording_made_anew_is_heard_and_other_texts_stay(folder: Path) -> None:
    now = [0.0]
    pieces = Recordings(Folder(folder, lambda: now[0]))
    before = {text: pieces.recipe(text) for text in ("cento e vinte", "boa tarde")}
    tone(folder / "vinte.wav", 900, 0.4)
    assert before["cento e vinte"] == pieces.recipe("cento e vinte")  # it looks every few seconds only
    now[0] += 6
    assert before["cento e vinte"] != pieces.recipe("cento e vinte")
    assert before["boa tarde"] == pieces.recipe("boa tarde")
    assert [400, 600, 900] == [hertz for hertz, _ in heard(pieces.speak("cento e vinte"))]


def test_a_piece_that_is_recorded_at_last_replaces_the_fallback(folder: Path, tmp_path: Path) -> None:
    settings = VoiceSettings(engine="recordings", recordings=folder)
    cache = SoundCache(tmp_path, "collector", clock=time.time)
    before = open_voice(settings, cache).render("boa tarde, Maria")
    tone(folder / "maria.wav", 700)
    assert before.name != open_voice(settings, cache).render("boa tarde, Maria").name


def test_a_recording_that_is_no_sound_is_named(folder: Path) -> None:
    (folder / "reais.wav").write_bytes(b"no sound at all")
    with pytest.raises(SpeechError, match=r"reais\.wav cannot be used: it is no WAV file; record it anew"):
        engine(folder).speak("cento reais")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match=r"nowhere cannot be read: No such file.*correct voice\.recordings"):
        engine(tmp_path / "nowhere").speak("cento")


def test_an_index_that_is_not_utf8_is_named(folder: Path) -> None:
    (folder / "pieces.csv").write_bytes("p01.wav;Olá".encode("cp1252"))
    with pytest.raises(SpeechError, match=r"pieces\.csv cannot be read.*save it as UTF-8"):
        engine(folder).speak("cento")


def test_when_the_command_for_names_fails_espeak_says_them_and_the_rest_stays_recorded(
    folder: Path, tmp_path: Path
) -> None:
    settings = VoiceSettings(
        engine="recordings", recordings=folder, fallback="command", command=VoiceCommand(program=("false",))
    )
    cache = SoundCache(tmp_path, "collector", clock=time.time)
    sound = open_voice(settings, cache).render("boa tarde, Maria")
    assert sound == CachedVoice(engine(folder, ESPEAK), cache).find("boa tarde, Maria")


def test_the_fixed_words_of_a_template_are_found_in_all_its_branches() -> None:
    source = (
        "{# a note #}Há {{ bills }} em aberto, no total de {{ total }}. Até logo!\n"
        "{% if pay %}Para pagar, tecle dois.{% else %}Pague já.{% endif %}"
        "{% for day, key in days %} Para pagar {{ day }}, tecle {{ key }}. {% endfor %}"
        "{{ 'bom dia' if early else 'boa tarde' }} {{ name | replace('a', 'b') }} Até logo!"
    )
    assert (
        "Há", "em aberto, no total de", "Até logo", "Para pagar, tecle dois", "Pague já", "Para pagar", "tecle",
        "bom dia", "boa tarde",
    ) == fixed_stretches(Environment(autoescape=True).parse(source))  # fmt: skip
