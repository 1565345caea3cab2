"""What was heard from the callee's side, as stretches of sound: no audio, only when sound began and ended.

Asterisk's TALK_DETECT gives these to 20 ms, one frame of audio (measured: tests/bench/amd_line.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

# arguments of TALK_DETECT(set): a pause of so many ms ends a stretch; the level, 0 to 32767, that counts as sound
PAUSE_MS: Final = 60
LEVEL: Final = 256
FRAME: Final = 0.02  # seconds; TALK_DETECT's duration leaves out the last frame


@dataclass(frozen=True, slots=True)
class Segment:
    """One stretch of sound from the callee's side."""

    start: float  # seconds since the answer (negative: before it)
    end: float  # of an open one: the present moment

    @property
    def seconds(self) -> float:
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Audio:
    """What the sound itself says, where it was had: core/sound.py."""

    voice: tuple[Segment, ...] = ()  # louder than the noise around it
    tones: tuple[Segment, ...] = ()  # one pure tone each


class Ear:
    """Makes segments out of TALK_DETECT's two events; times are seconds since the answer."""

    def __init__(self) -> None:
        self._done: list[Segment] = []
        self._since: float | None = None

    def began(self, at: float) -> None:
        """ChannelTalkingStarted."""
        if self._since is None:
            self._since = at

    def ended(self, at: float, duration_ms: int) -> None:
        """ChannelTalkingFinished: it comes PAUSE_MS late, so the end is counted from the start."""
        seconds = duration_ms / 1000 + FRAME
        start = at - seconds if self._since is None else self._since
        self._since = None
        self._done.append(Segment(start, max(start, min(at, start + seconds))))

    def segments(self, now: float) -> tuple[Segment, ...]:
        """Everything so far; the last one may be open."""
        if self._since is None:
            return tuple(self._done)
        return (*self._done, Segment(self._since, max(self._since, now)))


def so_far(segments: Sequence[Segment], now: float) -> list[Segment]:
    """What of them lies between the answer and now, as it was known then: an end is known only PAUSE_MS later."""
    known = now - PAUSE_MS / 1000
    return [
        Segment(max(0.0, one.start), one.end if one.end <= known else now)
        for one in segments
        if one.end > 0.0 and one.start < now
    ]


def joined(segments: Sequence[Segment], pause: float) -> list[Segment]:
    """Stretches with a pause between them shorter than that, as one."""
    found: list[Segment] = []
    for one in segments:
        if found and one.start - found[-1].end < pause:
            found[-1] = Segment(found[-1].start, max(found[-1].end, one.end))
        else:
            found.append(one)
    return found
