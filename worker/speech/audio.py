"""Sound between a voice and the PBX: whatever was made becomes 16-bit samples, and those what Asterisk plays."""

import struct
from dataclasses import dataclass

from worker.errors import SpeechError
from worker.speech import loudness
from worker.speech.program import run_program

RATE = 8000  # samples a second, as on every trunk of ours
BYTES_PER_SECOND = {"alaw": 8000, "ulaw": 8000, "sln": 16000}  # without header; the names are Asterisk's
LONGEST_SOUND = 180.0  # seconds; no text of ours lasts half as long
SHORTEST_SOUND = 0.1
MOST_LOST = 3.0  # dB that a limiter takes from speech
SAMPLES = ["-t", "raw", "-r", str(RATE), "-e", "signed", "-b", "16", "-c", "1"]
SILENCE = ["silence", "1", "0.01", "0.3%"]  # drop what is below 0.3 % until 10 ms are above it
TRIMMED = [*SILENCE, "reverse", *SILENCE, "reverse"]
PADDED = ["pad", "0.02", "0.1"]
_SOX = ["sox", "-D", "-V1"]  # without dither: the same text gives the same bytes
_ENCODED = {
    "alaw": ["-t", "al", "-r", str(RATE), "-c", "1"],
    "ulaw": ["-t", "ul", "-r", str(RATE), "-c", "1"],
    "sln": SAMPLES,
}


@dataclass(frozen=True, slots=True)
class Wav:
    """What the header of a WAV file says."""

    channels: int
    rate: int
    bits: int
    seconds: float  # by the bytes that are there
    endless: bool  # written to a pipe, so that the length in the header cannot be right
    start: int  # of the sound in the file
    size: int  # of the sound, in bytes
    plain: bool  # 16-bit samples of one channel, as they are


def read_header(data: bytes) -> Wav:
    """Raises SpeechError when this is no WAV file that sox could read."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise SpeechError("it is no WAV file")
    at, described = 12, None
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        if name == b"fmt " and len(data) >= at + 24:
            described = struct.unpack_from("<HHIIHH", data, at + 8)
        if name == b"data":
            return _described(described, size, at + 8, len(data))
        at += 8 + size + size % 2
    raise SpeechError("it is a WAV file without sound")


def _described(described: tuple[int, ...] | None, told: int, start: int, end: int) -> Wav:
    if described is None:
        raise SpeechError("it is a WAV file that does not say its format")
    form, channels, rate, _, _, bits = described
    if not (1 <= channels <= 8 and 4000 <= rate <= 192_000 and 1 <= bits <= 64):
        raise SpeechError(f"it is a WAV file of {channels} channels, {rate} samples a second and {bits} bits")
    endless = told == 0 or told > end - start
    size = end - start if endless else told
    plain = (form, channels, bits) == (1, 1, 16)
    return Wav(channels, rate, bits, size * 8 / (channels * rate * bits), endless, start, size, plain)


def from_wav(data: bytes, effects: list[str]) -> bytes:
    """16-bit samples at RATE, one channel, of a WAV file of any kind. Raises SpeechError."""
    header = read_header(data)
    if header.seconds > LONGEST_SOUND:
        raise SpeechError(f"it lasts {header.seconds:.0f} seconds, and {LONGEST_SOUND:.0f} is the most")
    length = ["--ignore-length"] if header.endless else []
    return _samples([*length, "-t", "wav", "-"], data, effects)


def untouched(data: bytes) -> bytes:
    """16-bit samples of a WAV file, one channel, at its own rate. Raises SpeechError."""
    header = read_header(data)
    if header.plain:
        return data[header.start : header.start + header.size]
    return run_program(
        [*_SOX, "-t", "wav", "-", "-t", "raw", "-e", "signed", "-b", "16", "-c", "1", "-"], data, empty=True
    )


def from_raw(data: bytes, rate: int, effects: list[str]) -> bytes:
    """The same of bare samples of 16 bits, one channel."""
    if len(data) / 2 / rate > LONGEST_SOUND:
        raise SpeechError(f"it lasts {len(data) / 2 / rate:.0f} seconds, and {LONGEST_SOUND:.0f} is the most")
    return _samples(["-t", "raw", "-r", str(rate), "-e", "signed", "-b", "16", "-c", "1", "-"], data, effects)


def _samples(source: list[str], data: bytes, effects: list[str]) -> bytes:
    # remix -: all channels into one; before the effects, so that they see what will be heard
    samples = run_program(
        [*_SOX, *source, *SAMPLES, "-", "remix", "-", "rate", "-m", str(RATE), *effects], data, empty=True
    )
    if loudness.speech_level(samples) is None:
        raise SpeechError("it is silent")
    if len(samples) < SHORTEST_SOUND * RATE * 2:
        raise SpeechError("it is too short for a word")
    return samples


def levelled(samples: bytes) -> bytes:
    """As loud as every sound of ours."""
    level = loudness.gain(samples)
    if level <= 0:
        return _gained(samples, ["gain", f"{level:.2f}"], SAMPLES)
    limited = _gained(samples, ["gain", "-l", f"{level:.2f}"], SAMPLES)  # it takes from the loud parts too
    return _gained(limited, ["gain", f"{min(loudness.gain(limited), MOST_LOST):.2f}"], SAMPLES)


def encoded(samples: bytes, form: str) -> bytes:
    """As Asterisk plays it, as loud as every sound of ours, with a breath around. `form`: of BYTES_PER_SECOND."""
    return _gained(levelled(samples), PADDED, _ENCODED[form])


def _gained(samples: bytes, effects: list[str], target: list[str]) -> bytes:
    return run_program([*_SOX, *SAMPLES, "-", *target, "-", *effects], samples)
