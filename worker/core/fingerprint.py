"""Recordings known by how they open: the same pattern of pauses, heard from different numbers, is no person.

Of a call's first seconds only the pauses are compared, 20 ms at a time, counted from its first sound: they stay
where they are whatever the line's level and noise, and no two people speak to 20 ms alike (measured on the clips
of `bench amd`). An "alô" has not pauses enough to be anybody's opening.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from worker.core.hearing import FRAME, Segment, so_far
from worker.core.recurring import NUMBERS, commonest

LENGTH: Final = 125  # frames kept of an opening: 2.5 s
SHORTEST: Final = 50  # frames, before which nothing is recognised: 1 s
PAUSES: Final = 2  # fewer are no pattern
SHIFT: Final = 3  # frames by which a soft first sound may be heard sooner or later
ALIKE: Final = (1.0, 1.0, 0.88, 0.77)  # so much of the silence in either must be in both, by pauses heard
_WRITTEN: Final = re.compile("([1-9][0-9]{0,2})-(0|[1-9a-f][0-9a-f]{0,31})")


@dataclass(frozen=True, slots=True)
class Opening:
    """`sound`: bit n is set when there was sound in frame n; of `frames` frames since the first sound."""

    sound: int
    frames: int

    def __str__(self) -> str:
        """For a store: 125-1f0..."""
        return f"{self.frames}-{self.sound:x}"

    @classmethod
    def parse(cls, text: str) -> "Opening":
        """What `str` gave. ValueError for anything else."""
        match = _WRITTEN.fullmatch(text)
        if match is None or int(match[2], 16) >= 1 << (frames := int(match[1])) or not 0 < frames <= LENGTH:
            raise ValueError(f"{text[:60]!r} is no opening of a call")
        return cls(int(match[2], 16), frames)

    @property
    def silent(self) -> int:
        return ~self.sound & ((1 << self.frames) - 1)

    def first(self, frames: int) -> "Opening":
        return Opening(self.sound & ((1 << frames) - 1), frames)

    @property
    def pauses(self) -> int:
        """That are over."""
        return (self.silent & (self.sound >> 1)).bit_count()


@dataclass(frozen=True, slots=True)
class Recording:
    """An opening heard from that many different numbers."""

    name: str
    opening: Opening
    numbers: int


def opening(segments: Sequence[Segment], now: float) -> Opening | None:
    """Of what was heard between the answer and now; None while it is too short or has no pattern."""
    heard = so_far(segments, now)
    if not heard:
        return None
    zero = heard[0].start
    frames = min(LENGTH, int((now - zero) / FRAME + 1e-6))
    sound = 0
    for one in heard:
        start, end = (min(frames, round((edge - zero) / FRAME)) for edge in (one.start, one.end))
        sound |= (1 << end) - (1 << start)
    found = Opening(sound, frames)
    return found if frames >= SHORTEST and found.pauses >= PAUSES else None


def likeness(one: Opening, other: Opening) -> float:
    """0 to 1: how much of the silence in either is in both, over the time both last; the best of all shifts."""
    frames = min(one.frames, other.frames)
    first, second = one.first(frames).silent, other.first(frames).silent
    return max(_shared(first, second, frames, shift) for shift in range(-SHIFT, SHIFT + 1))


def _shared(first: int, second: int, frames: int, shift: int) -> float:
    if shift < 0:
        first, second, shift = second, first, -shift
    first, second = first >> shift, second & ((1 << (frames - shift)) - 1)
    either = (first | second).bit_count()
    return (first & second).bit_count() / either if either else 0.0


def recognised(recordings: Iterable[Recording], segments: Sequence[Segment], now: float) -> str:
    """The name of the recording that opens so; empty: none that is known, or too early to say."""
    heard = opening(segments, now)
    if heard is None:
        return ""
    likely = [(likeness(one.opening, heard), one.name) for one in recordings if one.opening.frames >= heard.frames]
    return max((found for found in likely if found[0] >= _needed(heard)), default=(0.0, ""))[1]


def _needed(heard: Opening) -> float:
    """The fewer pauses, the better they must agree."""
    return ALIKE[min(heard.pauses, len(ALIKE) - 1)]


def learn(heard: Iterable[tuple[str, Opening]], numbers: int = NUMBERS) -> list[Recording]:
    """Recordings out of (telephone number, whole opening) of past calls, the commonest first.

    Each is named by its own opening: learning again from more calls keeps the name while that stays the same.
    A number counts once, however often it was called.
    """
    whole = [each for each in dict.fromkeys(heard) if each[1].frames == LENGTH]
    calls = [each for each in whole if each[1].pauses >= len(ALIKE) - 1]
    alike = [
        {index for index, (_, two) in enumerate(calls) if likeness(one, two) >= ALIKE[-1]} for _, one in calls
    ]
    return [
        Recording(f"{calls[index][1].sound:x}"[-12:], calls[index][1], played)
        for index, played in commonest([number for number, _ in calls], alike, numbers)
    ]
