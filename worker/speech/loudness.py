"""How loud speech is while somebody speaks, so that every sound can be made equally loud."""

import math
import sys
from array import array

TARGET = -20.0  # dB below full scale, while speaking; leaves room for peaks in A-law
FRAME = 160  # samples: 20 ms at 8 kHz
PAUSE = 30.0  # dB below the loudest frame: not speech
MOST_GAIN = 24.0  # dB; a sound that needs more is noise
FULL = 32768.0


def gain(samples: bytes) -> float:
    """Decibels to add so that the speech lies at TARGET. `samples`: 16 bit, signed, little endian, 8 kHz mono."""
    level = speech_level(samples)
    return 0.0 if level is None else max(-MOST_GAIN, min(MOST_GAIN, TARGET - level))


def speech_level(samples: bytes) -> float | None:
    """Mean power of the frames that are speech, in dB below full scale; None when there is only silence."""
    values = array("h", samples[: len(samples) // 2 * 2])
    if sys.byteorder == "big":
        values.byteswap()
    powers = [
        sum(value * value for value in values[start : start + FRAME]) / FRAME
        for start in range(0, len(values) - FRAME + 1, FRAME)
    ]
    loudest = max(powers, default=0.0)
    if loudest <= 1.0:
        return None
    floor = loudest / 10 ** (PAUSE / 10)
    speech = [power for power in powers if power >= floor]
    return 10 * math.log10(sum(speech) / len(speech) / (FULL * FULL))
