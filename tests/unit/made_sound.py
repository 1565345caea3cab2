"""Sound made for tests of what hears it: tones, noise, voices and packets of A-law."""

import math
import random
from bisect import bisect_right
from collections import deque
from collections.abc import Collection, Sequence
from itertools import zip_longest
from typing import Final

from worker.core.hearing import FRAME
from worker.core.sound import PACKET, Frame, Hearing, Packet

RATE: Final = 8000
SILENCE: Final = b"\xd5" * PACKET
_ENDS: Final = (256, 512, 1024, 2048, 4096, 8192, 16384)  # of G.711's segments, of 16 bit
Samples = list[float]


def coded(sample: int) -> int:
    """ITU-T G.711, A-law, of 16 bit."""
    size = sample if sample >= 0 else -sample - 1
    segment = bisect_right(_ENDS, size)
    step = size >> (3 + max(1, segment)) & 15
    return (128 * (sample >= 0) | segment << 4 | step) ^ 0x55


_CODED: Final = bytes(coded(sample) for sample in range(-32768, 32768))


def alaw(samples: Sequence[float]) -> bytes:
    return bytes(_CODED[max(0, min(65535, round(sample) + 32768))] for sample in samples)


def tone(hertz: float, seconds: float, decibels: float = -10.0, start: float = 0.0) -> Samples:
    """Below full scale; `start`: its phase."""
    size = 32767 * 10 ** (decibels / 20)
    return [size * math.sin(start + 2 * math.pi * hertz * index / RATE) for index in range(round(RATE * seconds))]


def noise(seconds: float, level: float, seed: int = 1) -> Samples:
    """White; `level` is its mean."""
    dice = random.Random(seed)
    return [dice.gauss(0, 1.2533 * level) for _ in range(round(RATE * seconds))]


def silence(seconds: float) -> Samples:
    return [0.0] * round(RATE * seconds)


def voice(seconds: float, level: float = 4000.0, seed: int = 1) -> Samples:
    """Harmonics of a voice that glides around 120 Hz, the vowel and the loudness changing as in speech."""
    dice = random.Random(seed)
    found: Samples = []
    angle = 0.0
    while len(found) < round(RATE * seconds):
        glide, first, second = dice.uniform(-40, 40), dice.uniform(300, 800), dice.uniform(1000, 2300)
        length = round(RATE * dice.uniform(0.08, 0.25))
        loud = level * dice.uniform(0.5, 1.5)
        for index in range(length):
            pitch = 120 + glide * index / length
            angle += 2 * math.pi * pitch / RATE
            shape = 0.4 + 0.6 * math.sin(math.pi * index / length)
            weights = [math.exp(-(((n * pitch - first) / 200) ** 2)) for n in range(1, 12)]
            sound = sum(weight * math.sin(n * angle) for n, weight in enumerate(weights, 1))
            over = round(second / pitch)
            found.append(loud * shape * (sound + 0.4 * math.sin(over * angle)))
    return found[: round(RATE * seconds)]


def together(*parts: Samples) -> Samples:
    return [sum(each) for each in zip_longest(*parts, fillvalue=0.0)]


def packets(samples: Samples, at: float = 0.0, lost: Collection[int] = ()) -> list[Packet]:
    """`lost`: by number; the last samples are left out, if they fill no packet."""
    sound = alaw(samples)
    return [
        Packet(at + index * FRAME, sound[index * PACKET : (index + 1) * PACKET])
        for index in range(len(sound) // PACKET)
        if index not in lost
    ]


def heard(samples: Samples, at: float = 0.0, lost: Collection[int] = ()) -> Hearing:
    hearing = Hearing()
    hearing.hear(packets(samples, at, lost))
    return hearing


def frames(samples: Samples) -> Sequence[Frame | None]:
    return heard(samples).frames


class Line:
    """`agi.call.Sound`: what has come by `now` can be taken."""

    def __init__(self, sound: Sequence[Packet] = ()) -> None:
        self._coming = deque(sound)
        self.now = math.inf
        self.stops = 0

    def take(self) -> Sequence[Packet]:
        taken = []
        while self._coming and self._coming[0].at + FRAME <= self.now + 1e-9:
            taken.append(self._coming.popleft())
        return taken

    def stop(self) -> None:
        self.stops += 1
