"""How loud speech is while somebody speaks, so that every sound can be made equally loud."""

import math
import sys
from array import array

TARGET = -20.0  # dB below full scale, while speaking; leaves room for peaks in A-law
FRAME = 160  # samples: 20 ms at 8 kHz
SILENT = 40.0  # dB below the loudest frame: the room, not the speaker
PAUSE = 30.0  # dB below the loudest frame: not speech
MOST_GAIN = 24.0  # dB; a sound that needs more is noise
FULL = 32768.0


def gain(samples: bytes) -> float:
    """Decibels to add so that the speech lies at TARGET. `samples`: 16 bit, signed, little endian, 8 kHz mono."""
    level = speech_level(samples)
    return 0.0 if level is None else max(-MOST_GAIN, min(MOST_GAIN, TARGET - level))


def speech_level(samples: bytes) -> float | None:
    """Mean power of the frames that are speech, in dB below full scale; None when there is only silence."""
    powers = _powers(samples)
    loudest = max(powers, default=0.0)
    if loudest <= 1.0:
        return None
    floor = loudest / 10 ** (PAUSE / 10)
    speech = [power for power in powers if power >= floor]
    return 10 * math.log10(sum(speech) / len(speech) / (FULL * FULL))


def _powers(samples: bytes) -> list[float]:
    """Mean power of each frame."""
    values = values_of(samples)
    return [
        sum(value * value for value in values[start : start + FRAME]) / FRAME
        for start in range(0, len(values) - FRAME + 1, FRAME)
    ]


def spoken(samples: bytes) -> tuple[int, int]:
    """First and last byte of what is not silence; of nothing but silence (0, 0). `samples`: as above."""
    powers = _powers(samples)
    loudest = max(powers, default=0.0)
    if loudest <= 1.0:
        return 0, 0
    floor = loudest / 10 ** (SILENT / 10)
    heard = [at for at, power in enumerate(powers) if power >= floor]
    return max(0, heard[0] - 1) * FRAME * 2, min(len(powers), heard[-1] + 2) * FRAME * 2


def edges(samples: bytes) -> tuple[float, float]:
    """How many dB the first and the last frame lie below the loudest one."""
    powers = [max(power, 1.0) for power in _powers(samples)] or [1.0]
    loudest = max(powers)
    return 10 * math.log10(loudest / powers[0]), 10 * math.log10(loudest / powers[-1])


def values_of(samples: bytes) -> "array[int]":
    """Bytes as numbers, whatever the machine."""
    values = array("h", samples[: len(samples) // 2 * 2])
    if sys.byteorder == "big":
        values.byteswap()
    return values
