"""Sound of any kind becomes samples, or a sentence that says why not."""

import pytest

from worker.errors import SpeechError
from worker.speech.audio import from_wav, read_header
from worker.speech.program import run_program


def wav(*arguments: str) -> bytes:
    """A second of a tone, as sox writes it."""
    return run_program(["sox", "-D", "-n", *arguments, "-t", "wav", "-", "synth", "1", "sine", "400"], b"")


def sized(piped: bytes) -> bytes:
    """With the length in the header that a file would have; sox cannot go back in a pipe."""
    at = piped.index(b"data") + 4
    return piped[:at] + (len(piped) - at - 4).to_bytes(4, "little") + piped[at + 4 :]


@pytest.mark.parametrize(
    "arguments",
    [
        ["-r", "8000", "-b", "8", "-e", "unsigned"],
        ["-r", "22050", "-b", "16", "-c", "2"],
        ["-r", "48000", "-b", "24"],
        ["-r", "44100", "-b", "32", "-e", "float"],
        ["-r", "8000", "-e", "a-law"],
    ],
)
def test_any_wav_becomes_a_second_of_samples(arguments: list[str]) -> None:
    assert 1.0 == pytest.approx(len(from_wav(wav(*arguments), [])) / 16000, abs=0.01)


def test_what_stands_behind_the_sound_in_a_wav_is_not_heard() -> None:
    plain = sized(wav("-r", "8000", "-b", "16"))
    assert from_wav(plain, []) == from_wav(plain + b"LIST" + (5000).to_bytes(4, "little") + b"\x7f" * 5000, [])


@pytest.mark.parametrize("told", [0, 0x7FFFF000, 0xFFFFFFFF])
def test_a_wav_written_to_a_pipe_is_heard_whole(told: int) -> None:
    plain = sized(wav("-r", "8000", "-b", "16"))
    at = plain.index(b"data") + 4
    piped = plain[:at] + told.to_bytes(4, "little") + plain[at + 4 :]
    assert read_header(piped).endless
    assert from_wav(plain, []) == from_wav(piped, [])


def test_silence_is_no_sound() -> None:
    silent = run_program(["sox", "-n", "-r", "8000", "-b", "16", "-t", "wav", "-", "trim", "0", "1"], b"")
    with pytest.raises(SpeechError, match="it is silent"):
        from_wav(silent, [])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "no WAV"),
        (b"RIFF\0\0\0\0WAVE", "without sound"),
        (b"RIFF\0\0\0\0WAVEdata\x04\0\0\0abcd", "does not say its format"),
        (
            wav("-r", "8000").replace((8000).to_bytes(4, "little"), (1).to_bytes(4, "little"), 1),
            "1 samples a second",
        ),
    ],
)
def test_what_is_no_wav_is_told(data: bytes, told: str) -> None:
    with pytest.raises(SpeechError, match=told):
        from_wav(data, [])


def test_a_wav_of_three_minutes_is_refused() -> None:
    long = run_program(
        ["sox", "-n", "-r", "8000", "-b", "8", "-t", "wav", "-", "synth", "200", "sine", "400"], b""
    )
    with pytest.raises(SpeechError, match="lasts 200 seconds, and 180 is the most"):
        from_wav(long, [])
