"""Recordings that this installation has heard from several numbers, learned from its calls as they come."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from worker.core import fingerprint, soundprint
from worker.core.fingerprint import LENGTH, Opening, Recording
from worker.core.heard_call import HeardCall, Label
from worker.core.hearing import FRAME, Segment
from worker.core.soundprint import Known, Print

CALLS: Final = 300  # that are compared, each with each: some seconds of this process, every ten minutes


class Recordings:
    """One thread learns, many ask."""

    def __init__(self) -> None:
        self._known: tuple[Recording, ...] = ()
        self._sounds: tuple[Known, ...] = ()

    @property
    def known(self) -> tuple[Recording, ...]:
        return self._known

    @property
    def sounds(self) -> tuple[Known, ...]:
        """Those that are known by their sound."""
        return self._sounds

    def recognise(self, segments: Sequence[Segment], now: float) -> str:
        """The name of a known recording that opens so, or empty."""
        return fingerprint.recognised(self._known, segments, now) if self._known else ""

    def recognise_sound(self, opening: Print) -> str:
        """The name of a known recording that sounds so, or empty."""
        return soundprint.recognised(self._sounds, opening) if self._sounds else ""

    def learn(self, calls: Sequence[HeardCall]) -> None:
        """From the newest calls. What opens like somebody who pressed a key is no recording."""
        people = [one for one in calls if one.truth is Label.HUMAN]
        others = [one for one in calls if one.truth is not Label.HUMAN and one.number]
        heard = [(one.number, opening) for one in others if (opening := _opening(one)) is not None]
        self._known = tuple(
            found
            for found in fingerprint.learn(heard)
            if not any(fingerprint.recognised([found], one.segments, _moment(one)) for one in people)
        )
        sounded = [(one.number, sound) for one in others if (sound := _sound(one)) is not None]
        voices = [sound for one in people if (sound := _sound(one)) is not None]
        self._sounds = tuple(
            found
            for found in soundprint.learn(sounded)
            if not any(soundprint.recognised([found], voice) for voice in voices)
        )


def _opening(call: HeardCall) -> Opening | None:
    return fingerprint.opening(call.segments, _moment(call))


def _sound(call: HeardCall) -> Print | None:
    with suppress(ValueError):  # none was kept, or an older version kept it otherwise
        return Print.parse(call.opening)
    return None


def _moment(call: HeardCall) -> float:
    """When all of its opening has been heard, or the call was over."""
    first = next((max(0.0, one.start) for one in call.segments if one.end > 0.0), 0.0)
    return min(call.seconds, first + (LENGTH + 1) * FRAME)
