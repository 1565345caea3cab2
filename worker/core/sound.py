"""What the audio of a callee's first seconds says: where somebody speaks, above whatever noise there is, and where
there is one pure tone, which no voice is. From 8 kHz A-law, 20 ms at a time.

Speech is told from noise by level alone: the floor follows the quietest of what was heard and rises slowly. A tone
is told by Teager's energy, x[n]^2 - x[n-1] x[n+1], which is the same all along a sine and of nothing else.
"""

import math
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from operator import mul, sub
from typing import Final

from worker.core.hearing import FRAME, LEVEL, PAUSE_MS, Audio, Segment

PACKET: Final = 160  # bytes of A-law: one FRAME
LAGS: Final = 6  # autocorrelation at lags of 1 to 6 samples: the shape of the spectrum

ABOVE_FLOOR: Final = 10.0  # dB by which speech is louder than the noise around it
RISE: Final = 3.0 * FRAME  # dB: so fast the floor forgets
QUIETEST: Final = 60.0  # mean level of 32767 below which nothing is speech
FIRST_FLOOR: Final = 400.0  # mean level: louder than that, sound that is there from the first is no noise
SETTLED: Final = 5  # frames whose middle level moves the floor: a lost packet does not

TONE_LEVEL: Final = 150.0  # mean level of the softest tone
STEADY: Final = 0.1  # variance of Teager's energy over its squared mean, at most
SAME_TONE: Final = 30.0  # Hz between one frame and the next
SHORTEST_TONE: Final = 3  # frames
FAX_TONE: Final = 2100.0  # Hz: a fax that answers (CED; ITU-T T.30), some of them turning its phase every 0.45 s
FAX_FRAMES: Final = 25  # of that tone, with hardly anything between them


def _linear(code: int) -> int:
    """ITU-T G.711, A-law, as 16 bit."""
    code ^= 0x55
    exponent, mantissa = (code >> 4) & 7, code & 15
    value = (mantissa << 4) + 8
    if exponent:
        value = (value + 256) << (exponent - 1)
    return value if code & 0x80 else -value


_LINEAR: Final = tuple(_linear(code) for code in range(256))


@dataclass(frozen=True, slots=True)
class Packet:
    """20 ms of a callee's sound."""

    at: float  # seconds since the answer at which its first sample was heard
    payload: bytes  # A-law


@dataclass(frozen=True, slots=True)
class Frame:
    """What is kept of a packet."""

    level: float  # mean, of 32767
    powers: tuple[int, ...]  # autocorrelation at lags 0 to LAGS
    tone: float  # Hz; 0: no pure tone


def frame(payload: bytes) -> Frame:
    """Of up to 20 ms of A-law."""
    samples = array("h", [_LINEAR[code] for code in payload])
    level = sum(map(abs, samples)) / max(1, len(samples))
    powers = tuple(sum(map(mul, samples, samples[lag:])) for lag in range(LAGS + 1))
    return Frame(level, powers, _tone(samples, powers) if level >= TONE_LEVEL else 0.0)


def _tone(samples: Sequence[int], powers: Sequence[int]) -> float:
    inner = samples[1:-1]
    squares = map(mul, inner, inner)
    energy = list(map(sub, squares, map(mul, samples, samples[2:])))
    mean = sum(energy) / max(1, len(energy))
    if mean <= 0 or sum(map(mul, energy, energy)) / len(energy) > (1 + STEADY) * mean * mean:
        return 0.0
    sine = math.sqrt(mean * len(samples) / (2 * powers[0]))  # of the angle from sample to sample
    return math.atan2(sine, powers[1] / powers[0]) * PACKET / FRAME / (2 * math.pi)


class Hearing:
    """Of one call; packets come in order, some never do."""

    def __init__(self) -> None:
        self.frames: list[Frame | None] = []  # since the first packet; None: it never came
        self.start = 0.0  # of the first, seconds since the answer
        self.silent = 0  # frames before the first sound; all of them while there was none
        self._voice, self._tones = _Stretches(PAUSE_MS / 1000), _Stretches(FRAME)  # a lost packet ends no tone
        self._floor: float | None = None
        self._recent: list[float] = []
        self._tone = 0.0
        self._tone_frames = 0
        self._fax_frames = 0

    @property
    def fax(self) -> bool:
        """Whether a fax has answered."""
        return self._fax_frames >= FAX_FRAMES

    def hear(self, packets: Sequence[Packet]) -> None:
        for packet in packets:
            if not self.frames:
                self.start = packet.at
            index = round((packet.at - self.start) / FRAME)
            while len(self.frames) < index:
                self._take(None)
            self._take(frame(packet.payload))

    def audio(self) -> Audio:
        """What has been found so far; the last stretches may be going on."""
        return Audio(self._voice.found(), self._tones.found())

    @property
    def opening(self) -> Sequence[Frame | None]:
        """Since the first sound."""
        return self.frames[self.silent :]

    @property
    def until(self) -> float:
        """Seconds since the answer, to which everything has been heard."""
        return self.start + len(self.frames) * FRAME

    def _take(self, one: Frame | None) -> None:
        at = self.until
        if self.silent == len(self.frames) and (one is None or one.level < LEVEL):
            self.silent += 1
        self.frames.append(one)
        if one is None:
            return
        decibels = 20 * math.log10(one.level + 1)
        self._recent = [*self._recent[1 - SETTLED :], decibels]
        middle = sorted(self._recent)[len(self._recent) // 2]
        if self._floor is None:
            self._floor = min(middle, 20 * math.log10(FIRST_FLOOR))
        self._floor = min(middle, self._floor + RISE)
        if one.level > QUIETEST and decibels > self._floor + ABOVE_FLOOR:
            self._voice.put(at)
        self._hear_tone(one.tone, at)
        self._hear_fax(one)

    def _hear_tone(self, tone: float, at: float) -> None:
        goes_on = tone > 0 and self._tone > 0 and abs(tone - self._tone) < SAME_TONE
        self._tone, self._tone_frames = tone, self._tone_frames + 1 if goes_on else int(tone > 0)
        if self._tone_frames == SHORTEST_TONE:
            self._tones.begin(at - (SHORTEST_TONE - 1) * FRAME, at)
        elif self._tone_frames > SHORTEST_TONE:
            self._tones.put(at)

    def _hear_fax(self, one: Frame) -> None:
        if self.fax:
            return
        if one.tone > 0 and abs(one.tone - FAX_TONE) < SAME_TONE:
            self._fax_frames += 1
        else:  # where the phase turns there is a frame or two of no tone at all
            self._fax_frames = 0 if one.tone > 0 or one.level < LEVEL else max(0, self._fax_frames - 1)


class _Stretches:
    """Frames that follow one another, or with a shorter pause than that between them, as segments."""

    def __init__(self, pause: float) -> None:
        self._pause = pause + FRAME / 2
        self._edges: list[tuple[float, float]] = []

    def put(self, at: float) -> None:
        if self._edges and at - self._edges[-1][1] < self._pause:
            self._edges[-1] = (self._edges[-1][0], at + FRAME)
        else:
            self._edges.append((at, at + FRAME))

    def begin(self, start: float, at: float) -> None:
        """A new one, whatever went before."""
        self._edges.append((start, at + FRAME))

    def found(self) -> tuple[Segment, ...]:
        return tuple(Segment(start, end) for start, end in self._edges)
