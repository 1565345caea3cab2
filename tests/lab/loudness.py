"""How loud a recording is from moment to moment: enough to say whether two recordings hold the same sounds."""

import array
import math
import wave
from collections.abc import Sequence
from pathlib import Path

FRAME = 160  # samples: 20 ms at 8 kHz
LOUD = 200.0  # of 32767; the lab's silence is digital


def envelope(file: Path) -> list[float]:
    """Root mean square of each 20 ms. The file: 16 bit, mono."""
    with wave.open(str(file), "rb") as stream:
        assert (1, 2, 8000) == (stream.getnchannels(), stream.getsampwidth(), stream.getframerate())
        samples = array.array("h", stream.readframes(stream.getnframes()))
    return [
        math.sqrt(sum(value * value for value in samples[start : start + FRAME]) / FRAME)
        for start in range(0, len(samples) - FRAME + 1, FRAME)
    ]


def aligned(one: Sequence[float], other: Sequence[float], most: int = 100) -> tuple[int, float]:
    """By how many frames `other` is behind `one`, at most `most`, and how alike they then are (1: the same)."""
    return max(((lag, _alike(one, other, lag)) for lag in range(-most, most + 1)), key=lambda found: found[1])


def _alike(one: Sequence[float], other: Sequence[float], lag: int) -> float:
    pairs = [(one[index], other[index + lag]) for index in range(len(one)) if 0 <= index + lag < len(other)]
    if len(pairs) < min(len(one), len(other)) // 2:
        return 0.0
    product = sum(left * right for left, right in pairs)
    size = math.sqrt(sum(left * left for left, _ in pairs) * sum(right * right for _, right in pairs))
    return product / size if size else 0.0
