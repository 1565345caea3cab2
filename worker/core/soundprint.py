"""Recordings known by how they sound: the same opening, heard from different numbers, is no person.

Of each 20 ms of a call's first second the level and the shape of the spectrum are compared (autocorrelation at a
few lags, over three frames), less their own means: neither the line's level nor its band matter much. Nobody says
"alô" twice so much alike as a recording repeats itself (measured on the clips of `bench amd`). Where there is no
audio, core/fingerprint.py compares pauses.
"""

from array import array
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, pairwise
from math import log10
from operator import mul, or_, sub
from typing import Final

from worker.core.recurring import NUMBERS, commonest
from worker.core.sound import LAGS, Frame

LENGTH: Final = 60  # frames kept of an opening: 1.2 s
LOOKS: Final = (20, 25, 30, 35, 40, 50, 60)  # frames after which it is compared: from 0.4 s on
CURVES: Final = LAGS + 1
SHIFTS: Final = range(-4, 5)  # frames by which it may have been heard sooner or later
UNLIKE: Final = ((30, 0.12), (0, 0.06))  # from so many frames on, recordings differ by no more
LEARNED: Final = 0.07  # two whole openings that differ by less are one recording
SPOKEN: Final = 28  # frames of an opening in which there is sound: one word and silence is not enough to tell
FALL: Final = 20.0  # dB under the loudest is no sound any more
SOFT: Final = 12.0  # nor are so many dB above what counts as quiet
FEWEST: Final = 15  # frames with sound, below which nothing is compared
PROMISING: Final = 4.0  # the level's curve alone may differ so many times more than all of them together
_OVER: Final = 3  # frames that are averaged
_SCALE: Final = 48.0  # so that the loudest fits a byte
_LEVEL: Final = 0.5  # how much 10 dB weigh, beside 1 of a normalised autocorrelation
_QUIET: Final = 1e4  # power of a sample below which there is nothing to compare


@dataclass(frozen=True)
class Print:
    """One opening: CURVES rows of `frames` figures each, of level and of autocorrelation at each lag."""

    curves: tuple["array[int]", ...]

    @property
    def frames(self) -> int:
        return len(self.curves[0])

    @cached_property
    def loud(self) -> tuple[bool, ...]:
        """Frames that are about as loud as the loudest; the others are silence to all that is compared."""
        floor = _SCALE * _LEVEL * max(SOFT, 10 * max(self.curves[0]) / (_SCALE * _LEVEL) - FALL) / 10
        return tuple(level > floor for level in self.curves[0])

    def __str__(self) -> str:
        """For a store; at most 4 * LENGTH * CURVES / 3 characters."""
        return b64encode(b"".join(curve.tobytes() for curve in self.curves)).decode()

    @classmethod
    def parse(cls, text: str) -> "Print":
        """What `str` gave. ValueError for anything else."""
        data = array("b", b64decode(text, validate=True))
        frames, rest = divmod(len(data), CURVES)
        if rest or not LOOKS[0] <= frames <= LENGTH:
            raise ValueError(f"{text[:60]!r} is no opening of a call")
        return cls(tuple(data[start : start + frames] for start in range(0, len(data), frames)))


@dataclass(frozen=True, slots=True)
class Known:
    """An opening heard from that many different numbers."""

    name: str
    print: Print
    numbers: int


def printed(frames: Sequence[Frame | None], length: int = LENGTH) -> Print | None:
    """Of a call's first sound; None while it is too short."""
    frames = frames[: min(length, LENGTH)]
    if len(frames) < LOOKS[0]:
        return None
    powers: list[tuple[int, ...]] = []
    for one in frames:
        silence = (0,) * CURVES
        powers.append(one.powers if one is not None else powers[-1] if powers else silence)  # a lost packet
    rows = [
        [sum(lag) for lag in zip(*powers[max(0, index + 1 - _OVER) : index + 1], strict=True)]
        for index in range(len(powers))
    ]
    quiet = _OVER * 160 * _QUIET
    level = [10 * log10((row[0] + quiet) / quiet) * _LEVEL / 10 for row in rows]
    shape = [[row[lag] / max(row[0], quiet) for row in rows] for lag in range(1, CURVES)]
    return Print(tuple(array("b", (round(_SCALE * value) for value in curve)) for curve in [level, *shape]))


def unlikeness(one: Print, other: Print) -> float:
    """0: the same; 1 and more: nothing in common; over the time both last, at the best of all shifts."""
    return min(_apart(one, other, shift) for shift in SHIFTS)


def _apart(one: Print, other: Print, shift: int) -> float:
    """Of the curves less their means: what they differ by, as a share of what both vary by.

    Only where either is loud: silence is like any other, and would make two words alike.
    """
    if shift < 0:
        one, other, shift = other, one, -shift
    frames = min(one.frames - shift, other.frames)
    either = list(map(or_, one.loud[shift : shift + frames], other.loud[:frames]))
    if sum(either) < FEWEST:
        return 1.0
    difference, variety = 0.0, 0.0
    for mine, theirs in zip(one.curves, other.curves, strict=True):
        first, second = (list(compress(each, either)) for each in (mine[shift : shift + frames], theirs[:frames]))
        difference += _spread(list(map(sub, first, second)))
        variety += _spread(first) + _spread(second)
    return difference / variety if variety else 1.0


def _levels_apart(one: "array[int]", other: "array[int]", shift: int) -> float:
    """The same of the level alone, and of all frames."""
    if shift < 0:
        one, other, shift = other, one, -shift
    frames = min(len(one) - shift, len(other))
    first, second = one[shift : shift + frames], other[:frames]
    variety = _spread(first) + _spread(second)
    return _spread(list(map(sub, first, second))) / variety if variety else 1.0


def _spread(values: Sequence[int]) -> float:
    """Sum of squares, less what their mean makes of it."""
    total, squares = sum(values), sum(map(mul, values, values))
    return float(squares - total * total / len(values))


def alike(known: Print, heard: Print, most: float) -> bool:
    """Whether they differ by no more; the level alone is looked at first, which is cheap."""
    for shift in SHIFTS:
        level = _levels_apart(known.curves[0], heard.curves[0], shift)
        if level <= PROMISING * most and _apart(known, heard, shift) <= most:
            return True
    return False


def recognised(known: Iterable[Known], heard: Print) -> str:
    """The name of the recording that sounds so, or empty."""
    most = next(limit for frames, limit in UNLIKE if heard.frames >= frames)
    return next((one.name for one in known if alike(one.print, heard, most)), "")


def learn(heard: Iterable[tuple[str, Print]], numbers: int = NUMBERS) -> list[Known]:
    """Recordings out of (telephone number, whole opening) of past calls, the commonest first.

    Each is named by its own opening. A number counts once, however often it was called.
    """
    calls = [each for each in heard if each[1].frames == LENGTH and sum(each[1].loud) >= SPOKEN]
    near: list[set[int]] = [{index} for index in range(len(calls))]
    for index, (_, one) in enumerate(calls):
        for other in range(index):
            if alike(one, calls[other][1], LEARNED):
                near[index].add(other)
                near[other].add(index)
    return [
        Known(_name(calls[index][1]), calls[index][1], played)
        for index, played in commonest([number for number, _ in calls], near, numbers)
    ]


def _name(one: Print) -> str:
    """Twelve characters that stay the same as long as the opening does."""
    falls = sum(1 << index for index, (a, b) in enumerate(pairwise(one.curves[0])) if a > b)
    return f"{falls:x}"[-12:].rjust(12, "0")
