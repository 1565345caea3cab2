"""What is heard from the callee's side of one call, and what that says of who picked up. No I/O.

Seconds count from the answer. TALK_DETECT tells when sound began and ended; where a line for its sound could
be had (agi/soundtrack.py), that says more.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from agi.call import Detection, Sign
from agi.soundtrack import OpenSound, Recognise, Soundtrack
from worker.core import machine_sounds
from worker.core.answering import MACHINE, STEP, Judgement
from worker.core.hearing import Audio, Ear, Segment
from worker.core.soundprint import Print

NEVER: Final = math.inf
SOONEST: Final = 0.02  # seconds from one look to the next: a frame of sound
SILENT: Final = machine_sounds.SURE_SILENCE + 0.01  # seconds after a sound at which a beep is looked for
OPENING: Final = (1.0, 4.0)  # seconds between which a known recording is looked for ...
OPENING_STEP: Final = 0.25  # ... so often
REMEMBERED: Final = 60  # stretches of sound that are kept of a call: all of the first half minute
REMEMBERED_BEFORE: Final = 10  # and of the time before it was answered

Judge = Callable[[Sequence[Segment], float], Judgement]
AudioJudge = Callable[[Sequence[Segment], float, Audio], Judgement]
Known = Callable[[Sequence[Segment], float], str]  # of an opening: the recording's name, or empty


class Early(StrEnum):
    """What a voice before the answer is good for."""

    LISTEN = "listen"  # the call is treated as a machine's if it is answered after all
    HANG_UP = "hang_up"  # and ended at once, before anybody pays
    IGNORE = "ignore"


def unknown(_segments: Sequence[Segment], _now: float) -> str:
    """No recording is known."""
    return ""


def no_recording(_opening: Print) -> str:
    """No recording is known by its sound."""
    return ""


@dataclass(frozen=True, slots=True)
class HearingPlan:
    """An instance's choices."""

    judge: Judge | None = None  # our own, by timing
    judge_audio: AudioJudge | None = None  # our own, by the callee's sound too, where it can be had
    amd: bool = False  # Asterisk's AMD() listens on a snoop
    early: Early = Early.LISTEN
    known: Known = unknown
    known_sound: Recognise = no_recording


@dataclass(frozen=True, slots=True)
class Listened:
    """What remains of a call's sound when it is over."""

    attempt_id: str
    instance: str
    detection: Detection
    seconds: float  # since the answer
    segments: tuple[Segment, ...]
    audio: Audio | None = None  # None: it was not had
    opening: str = ""  # how it sounded, whole or empty


class Listening:
    """Of one call. `look` when `next_look` has come; `hear` and `told` as the events come."""

    def __init__(
        self, plan: HearingPlan | None = None, ear: Ear | None = None, *, announced: bool = False
    ) -> None:
        """`ear`: with what was heard before the answer; `announced`: it was a voice."""
        self._plan, self._ear = plan or HearingPlan(), ear or Ear()
        self._judging = self._plan.judge is not None
        self._track = Soundtrack(self._plan.known_sound)
        self.detection = Detection()
        self.sign: Sign | None = None
        self.next_look = 0.0 if self._judging else NEVER if self._plan.known is unknown else OPENING[0]
        if announced:
            before = [one for one in self._ear.segments(0.0) if one.start < 0.0]
            self._signal(Sign.ANNOUNCEMENT, len(before), sum(one.seconds for one in before))

    def segments(self, now: float) -> tuple[Segment, ...]:
        """The last before the answer, and the first since."""
        heard = self._ear.segments(now)
        before = [one for one in heard if one.end <= 0.0]
        return (*before[-REMEMBERED_BEFORE:], *heard[len(before) :][:REMEMBERED])

    def began(self, at: float) -> None:
        self._ear.began(at)

    def ended(self, at: float, duration_ms: int) -> None:
        self._ear.ended(at, duration_ms)
        self._look_by(at + SILENT)

    def told(self, detection: Detection) -> None:
        """By the PBX's own AMD()."""
        if self.sign is None:
            self.detection = detection

    def signal(self, sign: Sign) -> None:
        """The PBX itself found it."""
        self._signal(sign, 0, 0.0)

    def look(self, now: float) -> None:
        """Judge what has been heard until now."""
        self._track.take()
        self.next_look = NEVER
        segments = self._ear.segments(now)
        if self.sign is not None:
            return
        if self._judging:
            judgement = self._judgement(segments, now)
            if judgement.status:
                self.detection, self._judging = Detection(judgement.status, judgement.cause), False
            else:
                self.next_look = max(judgement.next_look or 0.0, now + SOONEST)
        if self._track.open and not self._judging and self._track.learned(now):
            self._track.end()
        elif self._track.open:
            self._look_by(now + STEP)
        if self._plan.known is not unknown and now < OPENING[1]:
            self._look_by(now + OPENING_STEP)
        self._seek(segments, now)

    def _seek(self, segments: Sequence[Segment], now: float) -> None:
        """Strong evidence of a machine."""
        if self._track.fax:
            self._signal(Sign.FAX, len(segments), now)
        elif self._track.recognised() or self._plan.known(segments, now):
            self._signal(Sign.RECORDING, len(segments), now)
        elif self.detection.status == MACHINE and machine_sounds.beeped(segments, now):
            self._signal(Sign.BEEP, len(segments), segments[-1].end)
        elif segments and (silent := segments[-1].end + SILENT) > now:
            self._look_by(silent)

    def may_record(self, now: float) -> bool:
        """Whether a machine has finished its greeting."""
        return machine_sounds.may_record(self._ear.segments(now), now)

    def next_silence(self, now: float) -> float:
        """When to ask `may_record` again, if nothing is heard before."""
        return machine_sounds.next_look(self._ear.segments(now), now)

    def _look_by(self, at: float) -> None:
        self.next_look = min(self.next_look, at) if self.sign is None else NEVER

    def _signal(self, sign: Sign, count: int, seconds: float) -> None:
        if self.sign is None:
            self.sign = sign
            self._track.end()
            self.detection = Detection(MACHINE, f"{sign.upper()}-{count}-{max(0, round(seconds * 1000))}")

    def _judgement(self, segments: Sequence[Segment], now: float) -> Judgement:
        """By the callee's sound, where it is heard; by its timing, where not."""
        if self._plan.judge_audio is not None:
            sounded = next((max(0.0, one.start) for one in segments if one.end > 0.0), None)
            audio = self._track.audio(sounded, now)
            if audio is not None:
                return self._plan.judge_audio(segments, now, audio)
        if self._plan.judge is not None:
            return self._plan.judge(segments, now)
        return Judgement("", "", NEVER, 0.0)

    # --- the callee's sound itself -----------------------------------------------------------------------

    def hear_over(self, open_sound: OpenSound, now: float) -> None:
        """A line for the sound itself, where it is wanted."""
        if self._plan.judge_audio is not None and self.sign is None:
            self._track.hear_over(open_sound, now)

    def end_sound(self) -> None:
        """Nothing more is judged by it. May be called again."""
        self._track.end()

    def remains(self, attempt_id: str, instance: str, seconds: float) -> Listened:
        """Of a call that lasted so long."""
        return Listened(
            attempt_id, instance, self.detection, seconds, self.segments(seconds), *self._track.remains()
        )
