"""A voice that is any program: real ones, small scripts, in all the ways in which a program can fail."""

import stat
import time
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from worker.errors import SpeechError
from worker.ports import Sound
from worker.speech import loudness, voice
from worker.speech.audio import encoded
from worker.speech.cache import SoundCache
from worker.speech.command import Command
from worker.speech.engines import open_voice
from worker.speech.espeak import Espeak
from worker.speech.program import run_program
from worker.speech.voice import CachedVoice, StandIn
from worker.voice_settings import VoiceCommand, VoiceSettings

HELLO = "Olá! Alô?"
# 22 kHz, half as loud as espeak-ng, so that what it says can be told from what the stand-in says
SPEAK = "espeak-ng -v pt-br -s 120 -a 50 --stdin --stdout"


def script(folder: Path, body: str, *arguments: str, **settings: float) -> VoiceCommand:
    file = folder / "speak"
    file.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return VoiceCommand(program=(str(file), *arguments), **settings)


def level(samples: bytes) -> float:
    found = loudness.speech_level(samples)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("body", "arguments"),
    [
        (SPEAK, []),  # standard input to standard output
        (f'{SPEAK} < "$1"', ["{text_file}"]),
        (f'{SPEAK} > "$1"', ["{out}"]),
        (f'echo a word on standard output; {SPEAK} < "${{1#--text=}}" > "$2"', ["--text={text_file}", "{out}"]),
        (f"{SPEAK} | sox -t wav --ignore-length - -r 48000 -c 2 -b 24 -t wav -", []),
    ],
)
def test_text_and_sound_go_the_way_the_program_wants(tmp_path: Path, body: str, arguments: list[str]) -> None:
    samples = Command(script(tmp_path, body, *arguments)).speak(HELLO)
    assert 0.7 < len(samples) / 16000 < 3
    raw = ["-t", "raw", "-r", "8000", "-e", "signed", "-b", "16", "-c", "1", "-"]
    quiet = run_program(["sox", *raw, *raw, "gain", "-6"], samples)
    for sound in (samples, quiet):
        heard = encoded(sound, "sln")
        assert abs(level(heard) - loudness.TARGET) < 1.0


def test_bare_samples_are_taken_at_the_rate_that_is_told(tmp_path: Path) -> None:
    body = f"{SPEAK} | sox -t wav --ignore-length - -r 16000 -c 1 -b 16 -e signed -t raw -"
    as_wav = len(Command(script(tmp_path, SPEAK)).speak(HELLO))
    as_raw = len(Command(script(tmp_path, body, raw_rate=16000)).speak(HELLO))
    assert as_wav == pytest.approx(as_raw, rel=0.05)


def test_the_text_is_never_an_argument_nor_read_by_a_shell(tmp_path: Path) -> None:
    heard = tmp_path / "heard"
    body = f'cat > {heard}; echo "$@" > {tmp_path}/arguments; {SPEAK} < {heard}'
    text = "$(touch /tmp/no) `id`; 'Olá' \"Alô\" --help"
    Command(script(tmp_path, body, "$HOME", "a b")).speak(text)
    assert f"{text}\n" == heard.read_text(encoding="utf-8")
    assert "$HOME a b\n" == (tmp_path / "arguments").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("body", "arguments", "told"),
    [
        ("echo 'no such model' >&2; exit 3", [], "speak failed with exit code 3: no such model"),
        ("kill -9 $$", [], "failed with exit code -9: it said nothing"),
        ("true", [], "speak made no sound"),
        ("true", ["{out}"], "speak made no sound"),
        ("head -c 70000 /dev/urandom", [], "what .*speak made cannot be used: it is no WAV file"),
        ("echo '<html>quota exceeded</html>'", [], "cannot be used: it is no WAV file"),
        (f"{SPEAK} | head -c 40", [], "cannot be used: it is a WAV file without sound"),
        ("sox -n -r 8000 -b 16 -t wav - trim 0 1", [], "cannot be used: it is silent"),
        ("sox -n -r 8000 -b 16 -t wav - synth 0.05 sine 400", [], "cannot be used: .* short"),
        ("sox -n -r 8000 -b 8 -t wav - synth 200 sine 400", [], "cannot be used: it lasts 200 seconds"),
        ("cat /dev/zero", [], "wrote more than 32 MB"),
        ('cat /dev/zero > "$1"', ["{out}"], "wrote more than 32 MB"),
        ("cat /dev/zero >&2", [], "wrote more than 32 MB"),
        ('mkdir "$1"', ["{out}"], "made no sound"),
    ],
)
def test_every_way_to_fail_is_a_sentence(tmp_path: Path, body: str, arguments: list[str], told: str) -> None:
    with pytest.raises(SpeechError, match=told):
        Command(script(tmp_path, body, *arguments)).speak(HELLO)


def test_a_program_that_is_not_there_is_named() -> None:
    with pytest.raises(
        SpeechError, match=r"/nowhere/piper cannot be started: No such file.*voice\.command\.program"
    ):
        Command(VoiceCommand(program=("/nowhere/piper",))).speak(HELLO)


def test_nothing_of_it_is_left_when_its_time_is_up(tmp_path: Path) -> None:
    body = f"sleep 61.5 & echo $! > {tmp_path}/child; wait"
    began = time.monotonic()
    with pytest.raises(SpeechError, match=r"did not finish within 3 seconds"):
        Command(script(tmp_path, body, timeout_seconds=3)).speak(HELLO)
    assert time.monotonic() - began < 20  # not 60: the machine may be busy
    assert _ends(int((tmp_path / "child").read_text()))


def _ends(pid: int) -> bool:
    """Within some seconds."""
    for _ in range(100):
        if not _alive(pid):
            return True
        time.sleep(0.05)
    return False


def _alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_a_child_that_goes_on_behind_its_back_is_ended_too(tmp_path: Path) -> None:
    body = f"sleep 61.5 & echo $! > {tmp_path}/child; {SPEAK}"
    assert Command(script(tmp_path, body)).speak(HELLO)
    assert _ends(int((tmp_path / "child").read_text()))


def test_no_file_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(own))
    Command(script(tmp_path, "echo more > left; " + SPEAK)).speak(HELLO)
    assert [] == list(own.iterdir())


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bed:
    """A command that can be broken, and espeak-ng beside it, over one cache."""

    def __init__(self, folder: Path) -> None:
        (folder / "sounds").mkdir()
        self.folder, self.clock = folder, Clock()
        self.calls, self.broken = folder / "calls", folder / "broken"
        body = f"echo . >> {self.calls}; [ ! -e {self.broken} ] || exit 7; {SPEAK}"
        self.cache = SoundCache(folder / "sounds", "collector", clock=time.time)
        self.own = CachedVoice(Command(script(folder, body)), self.cache)
        self.espeak = CachedVoice(Espeak("pt-br", 150), self.cache)
        self.voice = StandIn(self.own, self.espeak, self.clock)

    @property
    def tried(self) -> int:
        return len(self.calls.read_text().splitlines()) if self.calls.exists() else 0

    def spoken_by_espeak(self, text: str, sound: Sound) -> bool:
        return sound == self.espeak.find(text)


@pytest.fixture
def bed(tmp_path: Path) -> Bed:
    return Bed(tmp_path)


def test_what_the_stand_in_said_does_not_stay_the_command_s(bed: Bed) -> None:
    bed.broken.touch()
    assert bed.spoken_by_espeak(HELLO, bed.voice.render(HELLO))
    bed.broken.unlink()
    bed.clock.now += voice.REST_SECONDS
    sound = bed.voice.render(HELLO)
    assert not bed.spoken_by_espeak(HELLO, sound)
    assert sound == bed.own.find(HELLO)


def test_a_text_that_failed_is_not_tried_again_for_a_minute(bed: Bed) -> None:
    bed.broken.touch()
    bed.voice.render(HELLO)
    bed.broken.unlink()
    assert bed.spoken_by_espeak(HELLO, bed.voice.render(HELLO))
    assert 1 == bed.tried
    assert not bed.spoken_by_espeak("Bom dia.", bed.voice.render("Bom dia."))  # one bad text is no bad voice


def test_after_three_failures_no_text_is_tried_for_a_minute(bed: Bed) -> None:
    bed.broken.touch()
    for text in ("um", "dois", "três", "quatro", "cinco"):
        bed.voice.render(text)
    assert voice.FAILURES == bed.tried
    bed.clock.now += voice.REST_SECONDS
    bed.voice.render("seis")
    assert voice.FAILURES + 1 == bed.tried


def test_a_slow_failure_is_enough(tmp_path: Path) -> None:
    cache = SoundCache(tmp_path, "collector", clock=time.time)
    calls = tmp_path / "calls"
    hanging = script(tmp_path, f"echo . >> {calls}; sleep 60", timeout_seconds=voice.SLOW_SECONDS + 2)
    spoken = StandIn(CachedVoice(Command(hanging), cache), CachedVoice(Espeak("pt-br", 150), cache))
    assert spoken.render("um").seconds
    assert spoken.render("dois").seconds
    assert 1 == len(calls.read_text().splitlines())


def test_its_failing_is_told_once_a_minute(bed: Bed) -> None:
    bed.broken.touch()
    with capture_logs() as logs:
        for text in ("um", "dois", "três", "quatro"):
            bed.voice.render(text)
        bed.clock.now += voice.REST_SECONDS
        bed.voice.render("cinco")
    assert ["error", "error"] == [one["log_level"] for one in logs]
    assert "failed with exit code 7" in logs[0]["problem"]
    assert "callees hear the stand-in" in logs[0]["event"]


def test_while_somebody_waits_the_command_is_not_asked(bed: Bed) -> None:
    assert bed.spoken_by_espeak(HELLO, bed.voice.at_once(HELLO))
    assert 0 == bed.tried
    mine = bed.voice.render(HELLO)
    assert mine == bed.voice.at_once(HELLO)  # what it has said already is heard


def test_without_a_stand_in_its_failing_is_the_text_s(tmp_path: Path) -> None:
    settings = VoiceSettings(engine="command", fallback=None, command=script(tmp_path, "exit 7"))
    with pytest.raises(SpeechError, match="exit code 7"):
        open_voice(settings, SoundCache(tmp_path, "collector", clock=time.time)).render(HELLO)


def test_both_failing_is_a_sentence(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    bed.broken.touch()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SpeechError, match="espeak-ng is not installed"):
        bed.voice.render(HELLO)


def test_another_program_or_argument_is_another_sound() -> None:
    one, two = (Command(VoiceCommand(program=("piper", "-m", name))) for name in ("faber", "edresson"))
    assert one.recipe(HELLO) != two.recipe(HELLO)
    slower = Command(VoiceCommand(program=("piper", "-m", "faber"), timeout_seconds=20))
    assert one.recipe(HELLO) == slower.recipe(HELLO)
