"""How good a detector was: no verdict is counted for another, and a model is judged by calls it has not seen."""

import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.unit.small_model import AUDIO_MODEL, MODEL
from worker.core.answering_check import confusion, cross_validated, decide, lessons, pressed, recorded, too_few
from worker.core.answering_training import Heard, Plan, train
from worker.core.heard_call import HeardCall, Label, read, written
from worker.core.hearing import Audio, Segment

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
ALO = (Segment(0.9, 1.3),)
VOICEMAIL = tuple(Segment(0.5 + n, 1.3 + n) for n in range(8))
QUICK = Plan(trees=10, folds=2, margin=0.0)


def call(n: int, status: str, *, label: Label | None = None, keys: str = "", number: str = "") -> HeardCall:
    return HeardCall(f"A{n}", "fibra", NOW, 9.0, status, "X", ALO, label=label, keys=keys, number=number)


def crowd(count: int, seed: int = 1) -> list[Heard]:
    """People who say one word and wait, and machines that talk on; every number twice."""
    rng = random.Random(seed)
    made = []
    for n in range(count):
        start = rng.uniform(0.3, 1.5)
        word = (Segment(start, start + rng.uniform(0.2, 0.9)),)
        talk = tuple(Segment(start + k * 0.9, start + k * 0.9 + rng.uniform(0.5, 0.8)) for k in range(9))
        made += [Heard(word, 10.0, machine=False, group=f"h{n // 2}")]
        made += [Heard(talk, 10.0, machine=True, group=f"m{n // 2}")]
    return made


def test_verdicts_are_counted_by_what_the_call_was() -> None:
    calls = [
        call(1, "MACHINE", label=Label.HUMAN),
        call(2, "HUMAN", label=Label.HUMAN),
        call(3, "HANGUP", label=Label.MACHINE),  # AMD() itself was left
        call(4, "MACHINE", label=Label.MACHINE, keys="1"),  # whoever pressed a key is no machine
        call(5, "MACHINE"),  # nobody knows
    ]
    found = recorded(calls)
    assert (3, 1) == (found.of(Label.HUMAN), found.of(Label.MACHINE))
    assert (2 / 3, 0.0) == (found.false_machine, found.false_human)
    assert 1 == found.count(Label.MACHINE, "")
    keys = pressed(calls)
    assert (1, 1.0, None) == (keys.of(Label.HUMAN), keys.false_machine, keys.false_human)


def test_of_nothing_there_is_no_share() -> None:
    assert (None, None) == (confusion([]).false_machine, confusion([]).false_human)


@pytest.mark.parametrize(
    ("segments", "seconds", "verdict"),
    [
        (ALO, 9.0, "HUMAN"),
        (VOICEMAIL, 9.0, "MACHINE"),
        (VOICEMAIL, 1.0, ""),  # over before a verdict
        ((), 9.0, "NOTSURE"),
    ],
)
def test_a_model_decides_as_it_would_have_during_the_call(
    segments: tuple[Segment, ...], seconds: float, verdict: str
) -> None:
    assert verdict == decide(MODEL, Heard(segments, seconds, machine=False))


def test_lessons_are_the_calls_of_which_it_is_known_grouped_by_number() -> None:
    calls = [call(1, "", label=Label.MACHINE, number="+5511"), call(2, "", keys="9"), call(3, "")]
    assert [(True, "+5511"), (False, "A2")] == [(one.machine, one.group) for one in lessons(calls)]


def test_lessons_with_audio_are_of_calls_that_had_a_line_and_those_without_leave_it_out() -> None:
    audio = Audio(ALO)
    had, had_not = call(1, "", label=Label.MACHINE), call(2, "", keys="9")
    calls = [replace(had, audio=audio), had_not]
    assert [("A1", audio)] == [(one.group, one.audio) for one in lessons(calls, audio=True)]
    assert [("A1", None), ("A2", None)] == [(one.group, one.audio) for one in lessons(calls)]


def test_a_model_that_hears_audio_decides_by_what_was_kept_of_it() -> None:
    noisy = Heard((Segment(0.2, 9.0),), 9.0, machine=False, audio=Audio(ALO))
    assert ("HUMAN", "MACHINE") == (decide(AUDIO_MODEL, noisy), decide(MODEL, noisy))


def test_too_few_with_their_sound_says_so() -> None:
    assert "" == too_few(crowd(50), audio=True)
    assert "labelled calls with their sound of 3 people and 3 machines" in too_few(crowd(3), audio=True)
    assert "sound" not in too_few(crowd(3))


def test_too_few_of_either_kind_is_one_sentence() -> None:
    assert "" == too_few(crowd(50))
    why = too_few([one for one in crowd(60) if not one.machine])
    assert "60 people and 0 machines" in why
    assert "\n" not in why


def test_calls_of_one_number_never_check_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[set[str]] = []

    def watched(calls: list[Heard], plan: Plan | None) -> object:
        asked.append({one.group for one in calls})
        return train(calls, plan)

    monkeypatch.setattr("worker.core.answering_check.train", watched)
    calls = crowd(12)
    cross_validated(calls, QUICK)
    everybody = {one.group for one in calls}
    left_out = [everybody - groups for groups in asked]
    assert 3 == len(left_out)
    assert everybody == set().union(*left_out)
    assert len(everybody) == sum(map(len, left_out))


def test_what_can_be_told_apart_is() -> None:
    found = cross_validated(crowd(40), QUICK)
    assert (40, 40) == (found.of(Label.HUMAN), found.of(Label.MACHINE))
    right = found.count(Label.HUMAN, "HUMAN") + found.count(Label.MACHINE, "MACHINE")
    assert right > 60  # ten trees: how well they are grown is tested beside the training


def test_segments_are_written_and_read_to_the_millisecond_and_rubbish_is_left_out() -> None:
    segments = (Segment(-6.49, -5.51), Segment(0.9, 1.3))
    assert "-6490:-5510 900:1300" == written(segments)
    assert segments == read(written(segments))
    assert segments[1:] == read("x 1: :2 1:2:3 900:1300")
    assert "" == written([Segment(1e12, 1e12)])
