"""Text to sound with the real espeak-ng and sox, and the cache that keeps the sounds."""

import os
import pwd
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from worker.core.script import Line
from worker.errors import SpeechError
from worker.ports import Sound
from worker.speech import loudness
from worker.speech.audio import BYTES_PER_SECOND, encoded
from worker.speech.cache import SoundCache
from worker.speech.engines import open_voice
from worker.speech.espeak import Espeak
from worker.speech.messages import Messages
from worker.speech.program import run_program
from worker.speech.voice import LONGEST_TEXT
from worker.voice_settings import VoiceSettings

from .test_messages import ALL, ATTEMPT, DAYS, FOLDER

HELLO = "Olá! Alô?"
SETTINGS = VoiceSettings()


class EspeakVoice:
    """As an instance without a word on its voice has it."""

    def __init__(self, settings: VoiceSettings, sounds: Path, owner: str = "", form: str = "alaw") -> None:
        self._voice = open_voice(
            settings, SoundCache(sounds, "collector", owner=owner, clock=time.time, form=form)
        )

    def render(self, text: str) -> Sound:
        return self._voice.render(text)


def speak(text: str) -> bytes:
    return encoded(Espeak("pt-br", 150).speak(text), "alaw")


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """The worker may run under a strict umask; Asterisk must read its sounds all the same."""
    before = os.umask(0o077)
    yield
    os.umask(before)


@pytest.fixture
def voice(tmp_path: Path) -> EspeakVoice:
    return EspeakVoice(SETTINGS, tmp_path)


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_text_becomes_a_sound_of_the_length_it_says(voice: EspeakVoice, tmp_path: Path) -> None:
    sound = voice.render(HELLO)
    [path] = files(tmp_path)
    assert path == tmp_path / f"{sound.name}.alaw"
    assert re.fullmatch(r"collector/([0-9a-f]{2})/\1[0-9a-f]{62}", sound.name)
    assert path.stat().st_size / BYTES_PER_SECOND["alaw"] == sound.seconds


def test_the_greeting_lasts_one_or_two_seconds(voice: EspeakVoice) -> None:
    text = Messages(FOLDER).texts(ATTEMPT, "Fibra Serra", ALL)[Line.GREETING]
    assert 0.7 < voice.render(text).seconds < 2.5


def test_the_pbx_may_read_sounds_and_folders_whatever_the_umask(voice: EspeakVoice, tmp_path: Path) -> None:
    voice.render(HELLO)
    [path] = files(tmp_path)
    assert "0o644 0o755 0o755" == " ".join(
        oct(each.stat().st_mode & 0o777) for each in (path, path.parent, path.parent.parent)
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_sounds_and_folders_belong_to_the_owner_named(tmp_path: Path) -> None:
    EspeakVoice(SETTINGS, tmp_path, "daemon").render(HELLO)
    [path] = files(tmp_path)
    uid = pwd.getpwnam("daemon").pw_uid
    assert [uid] * 3 == [each.stat().st_uid for each in (path, path.parent, path.parent.parent)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root looks for the owner")
def test_an_owner_who_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="no user nobody-here"):
        EspeakVoice(SETTINGS, tmp_path, "nobody-here").render(HELLO)


def test_a_sound_is_made_once_also_by_another_process(
    voice: EspeakVoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = voice.render(HELLO)
    monkeypatch.setenv("PATH", "/nowhere")  # nothing can be made from here on
    assert first == voice.render(HELLO)
    assert first == EspeakVoice(SETTINGS, tmp_path).render(HELLO)


def test_another_speed_is_another_sound(voice: EspeakVoice, tmp_path: Path) -> None:
    slow = EspeakVoice(VoiceSettings(words_per_minute=90), tmp_path).render(HELLO)
    assert slow.name != voice.render(HELLO).name
    assert slow.seconds > voice.render(HELLO).seconds


@pytest.mark.parametrize("left", [b"", b"\xd5" * 100])
def test_a_file_that_a_crash_cut_off_is_made_again(voice: EspeakVoice, tmp_path: Path, left: bytes) -> None:
    sound = voice.render(HELLO)
    (tmp_path / f"{sound.name}.alaw").write_bytes(left)
    assert sound == voice.render(HELLO)


def test_a_removed_file_is_noticed_and_made_again(voice: EspeakVoice, tmp_path: Path) -> None:
    sound = voice.render(HELLO)
    (tmp_path / f"{sound.name}.alaw").unlink()
    assert sound == voice.render(HELLO)
    assert 1 == len(files(tmp_path))


def test_many_threads_get_one_sound_and_leave_nothing_aside(voice: EspeakVoice, tmp_path: Path) -> None:
    names: list[str] = []
    threads = [threading.Thread(target=lambda: names.append(voice.render(HELLO).name)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 8 == len(names)
    assert 1 == len(set(names)) == len(files(tmp_path))


@pytest.mark.parametrize(
    "text", ["", "  ", "...", "a\nb", "a\x00", "a\x1b[2J", "a\u202eb", "a\u2028b", "a\ud800", "a" * 601]
)
def test_what_cannot_be_said_is_refused(voice: EspeakVoice, tmp_path: Path, text: str) -> None:
    with pytest.raises(SpeechError):
        voice.render(text)
    assert [] == files(tmp_path)


def test_the_longest_text_is_made_in_time(voice: EspeakVoice) -> None:
    started = time.monotonic()
    assert 20 < voice.render(("Bom dia. " * 99)[:LONGEST_TEXT]).seconds < 120
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("program", ["espeak-ng", "sox"])
def test_a_missing_program_is_named_with_its_remedy(
    voice: EspeakVoice, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    if program == "sox":
        espeak = "/usr/bin/espeak-ng"
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "espeak-ng").symlink_to(espeak)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(SpeechError, match=f"{program} is not installed; apt-get install espeak-ng sox"):
        voice.render(HELLO)


def test_an_unknown_voice_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match=r"espeak-ng failed with exit code 1: .*does not exist"):
        EspeakVoice(VoiceSettings(language="xx-nope"), tmp_path).render(HELLO)


def test_a_program_that_hangs_is_ended() -> None:
    with pytest.raises(SpeechError, match="did not finish"):
        run_program(["sleep", "5"], b"", seconds=0.05)


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SpeechError, match="sounds cannot be kept in"):
        EspeakVoice(SETTINGS, tmp_path / "nowhere").render(HELLO)
    (tmp_path / "collector").write_text("a file where a folder belongs")
    with pytest.raises(SpeechError, match="sounds cannot be kept in"):
        EspeakVoice(SETTINGS, tmp_path).render(HELLO)


def test_text_is_never_taken_for_phonemes_or_options() -> None:
    assert speak("((a))") == speak("[[a]]")
    assert speak("--help")


def linear(sound: bytes, kind: str = "al") -> bytes:
    raw = ["-t", "raw", "-e", "signed", "-b", "16", "-"]
    return run_program(["sox", "-V1", "-t", kind, "-r", "8000", "-c", "1", "-", *raw], sound)


def test_all_lines_are_equally_loud_and_begin_at_once() -> None:
    for line, text in Messages(FOLDER).texts(ATTEMPT, "Fibra Serra", ALL, DAYS).items():
        samples = linear(speak(text))
        level = loudness.speech_level(samples)
        assert level is not None
        assert abs(level - loudness.TARGET) < 1.0, line
        assert loudness.speech_level(samples[:3200]) is not None  # within 0.2 s


def test_silence_has_no_level_and_is_not_amplified() -> None:
    assert loudness.speech_level(bytes(3200)) is None
    assert loudness.speech_level(b"\x01") is None
    assert 0.0 == loudness.gain(bytes(3200))


def test_every_line_of_the_script_has_its_own_sound(voice: EspeakVoice) -> None:
    texts = Messages(FOLDER).texts(ATTEMPT, "Fibra Serra", ALL, DAYS)
    assert len(texts) == len({voice.render(text).name for text in texts.values()})


@pytest.mark.parametrize(
    ("form", "kind", "rate"), [("alaw", "al", 8000), ("ulaw", "ul", 8000), ("sln", "s16", 16000)]
)
def test_a_sound_is_what_the_pbx_wants_and_as_loud(tmp_path: Path, form: str, kind: str, rate: int) -> None:
    sound = EspeakVoice(SETTINGS, tmp_path, form=form).render(HELLO)
    [path] = files(tmp_path)
    assert f".{form}" == path.suffix
    assert path.stat().st_size / rate == sound.seconds
    level = loudness.speech_level(linear(path.read_bytes(), kind))
    assert level is not None
    assert abs(level - loudness.TARGET) < 1.0


def test_a_sound_has_the_same_length_in_every_format(tmp_path: Path) -> None:
    lengths = {EspeakVoice(SETTINGS, tmp_path, form=form).render(HELLO).seconds for form in BYTES_PER_SECOND}
    assert 1 == len(lengths)
    assert 3 == len(files(tmp_path))  # beside each other: Asterisk takes the one that costs it least
