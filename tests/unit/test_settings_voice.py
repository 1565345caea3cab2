"""What may be written about voices, and the sentences when it cannot be right."""

import pytest

from tests.unit.test_configfile import ENV, GOOD, problems
from worker import configfile
from worker.voice_settings import VoiceSettings


def voice(keys: str) -> str:
    return f"{GOOD}    voice: {{{keys}}}\n"


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ("engine: command", "the voice is a command and none is named; write it as voice.command.program"),
        (
            "engine: recordings, recordings: /var/lib/voice, fallback: command",
            "the voice is a command and none is named; write it as voice.command.program",
        ),
        ("engine: recordings", "engine is recordings and no folder is named; write it as voice.recordings"),
        (
            "engine: command, fallback: command, command: {program: [piper]}",
            "the command cannot stand in for itself; set voice.fallback: espeak, or null",
        ),
    ],
)
def test_a_voice_that_cannot_speak_is_refused(keys: str, told: str) -> None:
    assert [f"f.yaml, line 11: instances.0.voice: {told}"] == problems(voice(keys))


def test_the_text_has_no_place_among_the_arguments() -> None:
    (problem,) = problems(voice("engine: command, command: {program: [say, '{text}']}"))
    assert "{text} means nothing here: the text comes on standard input or in {text_file}" in problem


@pytest.mark.parametrize(
    "keys",
    [
        "engine: command, command: {program: [piper, -m, a.onnx, -f, '{out}'], timeout_seconds: 3}",
        "engine: command, fallback: null, command: {program: [/opt/say, '--in={text_file}'], raw_rate: 22050}",
        "engine: recordings, recordings: /var/lib/voice",
        "engine: recordings, recordings: /var/lib/voice, fallback: command, command: {program: [piper]}",
        "engine: espeak, command: {program: [piper]}",  # to be tried with `voice say`
    ],
)
def test_what_can_speak_is_accepted(keys: str) -> None:
    assert isinstance(configfile.parse(voice(keys), ENV).instances[0].voice, VoiceSettings)


@pytest.mark.parametrize("keys", ["sound_format: gsm", "sounds_megabytes: 1"])
def test_format_and_size_of_the_sounds_are_checked(keys: str) -> None:
    (problem,) = problems(GOOD.replace("pbx:\n", f"pbx:\n  {keys}\n"))
    assert problem.startswith(f"f.yaml, line 4: pbx.{keys.split(':', maxsplit=1)[0]}: input should be ")
