"""Tones are no voice, music is no voice; a beep ends a greeting, and silence does too."""

import pytest

from worker.core.hearing import Segment
from worker.core.machine_sounds import announced, beeped, may_record, next_look

# as TALK_DETECT(60,256) gave them on 16.28: the lab's announcement, ringing at 425 Hz, "alô" twice, its voicemail
ANNOUNCEMENT = (
    (0.31, 1.89), (1.97, 2.09), (2.55, 2.69), (2.77, 3.33), (3.55, 3.83), (3.91, 4.83), (4.89, 5.11),
    (5.17, 5.95), (6.01, 6.13),
)  # fmt: skip
RINGING = ((0.0, 1.0), (5.0, 6.0), (10.0, 11.0), (15.0, 16.0))
ALO = ((1.1, 1.54), (2.36, 2.8))
VOICEMAIL = (
    (0.96, 1.1), (1.18, 2.57), (2.62, 2.74), (2.82, 3.24), (3.32, 3.42), (3.48, 3.72), (3.8, 4.08),
    (4.46, 5.48), (5.56, 6.26), (6.68, 7.0), (7.08, 7.9), (7.96, 8.26),
    (8.36, 8.86), (9.06, 9.98), (10.04, 10.44), (10.52, 10.94),
)  # fmt: skip
BEEP = (12.13, 12.75)
Pairs = tuple[tuple[float, float], ...]


def segments(pairs: Pairs, shift: float = 0.0) -> list[Segment]:
    return [Segment(start + shift, end + shift) for start, end in pairs]


def tones(on: float, off: float, count: int) -> Pairs:
    return tuple((n * (on + off), n * (on + off) + on) for n in range(count))


@pytest.mark.parametrize(
    ("heard", "voice"),
    [
        (ANNOUNCEMENT, True),
        (((0.0, 0.9), (4.9, 5.9), *((s + 8, e + 8) for s, e in ANNOUNCEMENT)), True),  # after two rings
        (VOICEMAIL, True),
        (RINGING, False),
        (((0.0, 0.4), *((s + 4, e + 4) for s, e in RINGING)), False),  # we came in the middle of a ring
        (tones(0.25, 0.25, 12), False),  # busy
        (((0.0, 0.25), (0.5, 0.75), (1.0, 1.75), (2.0, 2.25), (2.5, 2.75), (3.0, 3.75)), False),  # congestion
        (((0.0, 0.4), (0.6, 1.0), (3.0, 3.4), (3.6, 4.0), (6.0, 6.4), (6.6, 7.0)), False),  # ringing in pairs
        (((0.0, 9.5), (9.7, 20.0), (20.2, 31.0)), False),  # music
        (((0.0, 0.3), (0.4, 4.4), (4.5, 5.1), (5.3, 6.2)), False),  # music that stops now and then
        (ALO, False),  # two words are no announcement
        (((0.0, 0.1), (0.3, 0.35), (0.5, 0.62), (0.9, 0.95)), False),  # crackling
        ((), False),
    ],
)
def test_a_voice_before_the_answer_is_told_from_tones_and_music(heard: Pairs, voice: bool) -> None:
    assert voice is announced(segments(heard, -40.0))


@pytest.mark.parametrize(("end", "voice"), [(3.33, False), (3.83, True)])
def test_a_voice_is_known_after_a_few_words(end: float, voice: bool) -> None:
    assert voice is announced(segments(tuple(one for one in ANNOUNCEMENT if one[1] <= end)))


@pytest.mark.parametrize(
    ("heard", "now", "recording"),
    [
        ((*VOICEMAIL, BEEP), 12.75 + 1.3, True),
        ((*VOICEMAIL, BEEP), 12.75 + 1.1, False),  # not long silent enough
        (VOICEMAIL, 10.94 + 1.3, False),  # the beep may be coming
        (VOICEMAIL, 10.94 + 2.6, True),  # none comes
        ((*VOICEMAIL, BEEP), 12.5, False),  # it still sounds
        ((*VOICEMAIL, (11.05, 11.4)), 11.4 + 1.3, False),  # a last word, without a pause before it
        ((*VOICEMAIL, (12.0, 14.5)), 14.5 + 1.3, False),  # too long for a beep
        (((1.0, 1.4), (2.4, 2.9)), 2.9 + 1.3, False),  # somebody who says alô twice
        (((1.0, 1.4), (2.4, 2.9)), 2.9 + 2.6, True),  # and then listens: so it may be spoken
        ((), 30.0, False),  # it has said nothing at all
        (((-3.0, -2.0),), 30.0, False),  # nor since the answer
    ],
)
def test_a_message_may_begin_after_the_beep_or_a_lasting_silence(
    heard: Pairs, now: float, recording: bool
) -> None:
    assert recording is may_record(segments(heard), now)


@pytest.mark.parametrize(
    ("heard", "now", "sure"),
    [
        ((*VOICEMAIL, BEEP), 12.75 + 2.1, True),
        ((*VOICEMAIL, BEEP), 12.75 + 1.5, False),
        (((0.9, 3.9), BEEP), 12.75 + 2.1, False),  # the greeting was short: it may be a person
        (VOICEMAIL, 10.94 + 5.0, False),
        ((), 9.0, False),
    ],
)
def test_a_beep_is_evidence_only_after_a_long_greeting(heard: Pairs, now: float, sure: bool) -> None:
    assert sure is beeped(segments(heard), now)


def test_it_is_looked_again_when_a_silence_has_lasted() -> None:
    heard = segments((*VOICEMAIL, BEEP))
    looks, now = [], 12.8
    for _ in range(4):
        looks.append(round(now - 12.75, 2))
        now = next_look(heard, now)
    assert [0.05, 1.2, 2.0, 2.5] == looks
    assert 7.5 == next_look([], 5.0)
