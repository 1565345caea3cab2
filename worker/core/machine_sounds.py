"""What gives a machine away, read from stretches of sound alone: an announcement before the answer, a beep after a
greeting, the silence in which a machine records.

All of it is by rule, not learned: each rule is strict enough that a living person is not hung up on by mistake.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from worker.core.hearing import Segment

# --- before the answer --------------------------------------------------------------------------------
ANNOUNCED_SECONDS: Final = 1.2  # of speech, at least
ANNOUNCED_WORDS: Final = 3
BREATH: Final = 1.5  # a pause longer than this ends one stretch of talk
TOO_STEADY: Final = 3.6  # nobody speaks so long without a gap of 60 ms: music, or a tone
GRAIN: Final = 0.06  # two lengths that differ by less are the same: a tone's cadence repeats to a frame or two

# --- after the answer ---------------------------------------------------------------------------------
GREETED_SECONDS: Final = 1.0  # of speech before a beep can be one
BEEP_SHORTEST: Final = 0.1
BEEP_LONGEST: Final = 1.3
BEEP_AFTER: Final = 0.3  # seconds of silence before it
BEEP_SILENCE: Final = 1.2  # and after it: a last word would be followed by the beep itself
LASTING: Final = 2.5  # seconds of silence after a greeting: whatever it was, it listens now
SURE_GREETING: Final = 4.0  # seconds of speech that make a beep strong evidence, given a verdict as well
SURE_SILENCE: Final = 2.0


def announced(segments: Sequence[Segment]) -> bool:
    """Whether a voice spoke, as opposed to the tones of a network (ringing is 1 s in 5 here) and to music.

    Speech has pauses of all lengths between words of all lengths; a tone repeats itself, music hardly pauses.
    """
    return any(_is_speech(talk) for talk in _talks(segments))


def _talks(segments: Sequence[Segment]) -> list[list[Segment]]:
    """Stretches of sound without a long pause between them."""
    talks: list[list[Segment]] = []
    for one in segments:
        if talks and one.start - talks[-1][-1].end < BREATH:
            talks[-1].append(one)
        else:
            talks.append([one])
    return talks


def _is_speech(words: Sequence[Segment]) -> bool:
    if len(words) < ANNOUNCED_WORDS or sum(one.seconds for one in words) < ANNOUNCED_SECONDS:
        return False
    if any(one.seconds > TOO_STEADY for one in words):
        return False
    gaps = [after.start - before.end for before, after in pairwise(words)]
    lengths = [one.seconds for one in words[1:-1]] or [one.seconds for one in words]  # the ends may be cut off
    return _kinds(lengths) + _kinds(gaps) > 3 if len(words) > 3 else _kinds([one.seconds for one in words]) > 2


def _kinds(lengths: Sequence[float]) -> int:
    """How many different lengths there are."""
    kinds: list[float] = []
    for length in lengths:
        if not any(abs(length - known) < GRAIN for known in kinds):
            kinds.append(length)
    return len(kinds)


def may_record(segments: Sequence[Segment], now: float) -> bool:
    """Whether a machine has finished its greeting: a beep and silence, or a silence that lasts."""
    heard = [one for one in segments if one.end > 0.0]
    if not heard or (silence := now - heard[-1].end) <= 0.0:
        return False
    return silence >= LASTING or (silence >= BEEP_SILENCE and _ends_in_beep(heard, GREETED_SECONDS))


def beeped(segments: Sequence[Segment], now: float) -> bool:
    """The same, strictly: a long greeting, a pause, one short sound, and silence since.

    A person who talks at length and says one more word may sound alike: good enough only with a verdict beside it.
    """
    heard = [one for one in segments if one.end > 0.0]
    return bool(heard) and now - heard[-1].end >= SURE_SILENCE and _ends_in_beep(heard, SURE_GREETING)


def next_look(segments: Sequence[Segment], now: float) -> float:
    """When silence alone may change what the two above say."""
    if not segments:
        return now + LASTING
    silent_since = segments[-1].end
    moments = (silent_since + BEEP_SILENCE, silent_since + SURE_SILENCE, silent_since + LASTING)
    return min((moment for moment in moments if moment > now), default=now + LASTING)


def _ends_in_beep(heard: Sequence[Segment], greeting: float) -> bool:
    if len(heard) < 2:
        return False
    beep, before = heard[-1], heard[-2]
    return (
        BEEP_SHORTEST <= beep.seconds <= BEEP_LONGEST
        and beep.start - before.end >= BEEP_AFTER
        and sum(one.seconds for one in heard[:-1]) >= greeting
    )
