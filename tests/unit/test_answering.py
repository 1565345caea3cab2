"""Who picked up, judged look by look, and the model's file."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.answering import (
    AUDIO_NAMES,
    FIRST,
    HUMAN,
    MACHINE,
    NAMES,
    NOTSURE,
    SOON,
    Judgement,
    Model,
    audio_features,
    dumps,
    features,
    figures,
    judge,
    loads,
)
from worker.core.hearing import Audio, Segment
from worker.settings import AMD_AUDIO_MODEL, AMD_MODEL

SILENCE = NAMES.index("silence")
HEARD = NAMES.index("heard")
# silent for more than 0.75 s after something was heard: a person; more than 2 s of sound: a machine
SIMPLE = Model(
    base=0.5,
    trees=((HEARD, 0.01, 0.0, (SILENCE, 0.75, 0.0, -4.0)), (HEARD, 2.0, 0.0, 5.0)),
    human=-3.0,
    human_later=-3.0,
    machine=4.0,
    seconds=6.0,
)
# the same of what rose above the noise; and any tone of half a second: a machine
WHISTLES = Model(
    base=0.5,
    trees=(
        (AUDIO_NAMES.index("voice_heard"), 0.01, 0.0, (AUDIO_NAMES.index("voice_silence"), 0.75, 0.0, -4.0)),
        (AUDIO_NAMES.index("tone"), 0.5, 0.0, 9.0),
    ),
    human=-3.0,
    human_later=-3.0,
    machine=4.0,
    seconds=6.0,
    names=AUDIO_NAMES,
)
ALO = (Segment(0.4, 0.8),)
VOICEMAIL = tuple(  # as the lab's PBX heard one
    Segment(start, end)
    for start, end in (
        *((0.54, 0.7), (0.76, 2.16), (2.22, 2.34), (2.42, 2.84), (2.92, 3.02), (3.08, 3.32), (3.4, 3.68)),
        *((4.06, 5.08), (5.16, 5.86), (6.28, 6.6), (6.68, 7.5), (7.56, 7.86), (7.94, 8.46)),
    )
)
ON_AND_ON = (Segment(0.2, 1.5), Segment(1.6, 9.0))

sounds = st.lists(st.floats(0.02, 1.5), max_size=14).map(
    lambda lengths: [
        Segment(sum(lengths[:index]), sum(lengths[: index + 1])) for index in range(1, len(lengths), 2)
    ]
)


def shipped(file: Path = AMD_MODEL) -> Model:
    return loads(file.read_text(encoding="utf-8"))


def until_decided(
    model: Model, segments: Sequence[Segment], audio: Audio | None = None
) -> tuple[Judgement, float]:
    moment: float | None = 0.0
    while True:
        assert moment is not None
        judgement = judge(model, segments, moment, audio)
        if judgement.status:
            return judgement, moment
        assert judgement.next_look is not None
        assert judgement.next_look > moment
        moment = judgement.next_look


def test_somebody_who_falls_silent_is_a_person_and_who_goes_on_a_machine() -> None:
    assert (HUMAN, 1.6) == (until_decided(SIMPLE, ALO)[0].status, until_decided(SIMPLE, ALO)[1])
    assert (MACHINE, 2.4) == (until_decided(SIMPLE, ON_AND_ON)[0].status, until_decided(SIMPLE, ON_AND_ON)[1])


def test_who_says_nothing_is_not_sure_at_the_end_of_the_time() -> None:
    judgement, moment = until_decided(SIMPLE, ())
    assert (NOTSURE, 6.0, None) == (judgement.status, moment, judgement.next_look)


def test_nothing_is_decided_before_the_first_look() -> None:
    assert Judgement("", "", FIRST, 0.0) == judge(SIMPLE, ON_AND_ON, 0.0)
    assert Judgement("", "", FIRST, 0.0) == judge(SIMPLE, ON_AND_ON, 0.59)


def test_the_cause_holds_the_figures() -> None:
    # log-odds -3.5, looked at after 1.6 s: 0.4 s heard, one phrase of 0.4 s
    assert "OURSHUMAN-29-1600-400-1-400" == until_decided(SIMPLE, ALO)[0].cause


def test_a_look_long_after_the_time_is_the_last_look() -> None:
    assert NOTSURE == judge(SIMPLE, (), 1e6).status


@given(sounds, st.floats(0.0, 9.0), st.floats(0.0, 0.099))
def test_looking_more_often_changes_no_verdict(heard: list[Segment], moment: float, later: float) -> None:
    grid = round(int(moment * 10) / 10, 1)
    assert judge(SIMPLE, heard, grid) == judge(SIMPLE, heard, grid + min(later, 0.0989))


@given(sounds)
def test_every_call_is_decided_in_time_with_a_cause_that_may_stand_in_a_cdr(heard: list[Segment]) -> None:
    for model in (shipped(AMD_MODEL), shipped(AMD_AUDIO_MODEL)):
        judgement, moment = until_decided(model, heard, Audio(tuple(heard)))
        assert judgement.status in (HUMAN, MACHINE, NOTSURE)
        assert moment <= model.seconds
        assert re.fullmatch("[-A-Z0-9]{1,40}", judgement.cause)


@given(sounds, st.floats(0.6, 8.0))
def test_what_comes_later_is_not_known_yet(heard: list[Segment], now: float) -> None:
    past = [Segment(one.start, min(one.end, now)) for one in heard if one.start < now]
    assert features(past, now) == features(heard, now)


def test_the_features_say_what_was_heard() -> None:
    heard = [Segment(0.5, 0.9), Segment(1.0, 1.2), Segment(1.7, 2.5)]
    seen = {name: round(value, 3) for name, value in features(heard, 3.0).items()}
    assert seen == {
        "now": 3.0, "start": 0.5, "heard": 1.4, "share": 0.56, "silence": 0.5, "words": 3.0, "phrases": 2.0,
        "first": 0.7, "first_words": 2.0, "first_pause": 0.5, "second": 0.8, "last": 0.8, "longest": 0.8,
        "longest_word": 0.8, "shortest_word": 0.2, "longest_pause": 0.5, "mean_gap": 0.3,
    }  # fmt: skip


def test_the_first_pause_grows_until_something_follows() -> None:
    assert 1.2 == round(features(ALO, 2.0)["first_pause"], 3)
    assert 0.0 == features((), 2.0)["first_pause"]


def test_a_sound_that_begins_now_has_no_share_yet() -> None:
    assert 0.0 == features([Segment(1.0 - 1e-12, 2.0)], 1.0 - 1e-12)["share"]


@pytest.mark.parametrize("score", [1000.0, -1000.0])
def test_a_score_beyond_all_measure_is_still_told(score: float) -> None:
    sure = Model(score, (), -3.0, -3.0, 4.0, 6.0)
    assert (MACHINE if score > 0 else HUMAN) == judge(sure, ALO, 1.0).status


def test_of_a_silent_line_nobody_is_sure_that_a_person_is_there() -> None:
    sure = Model(-1000.0, (), -3.0, -3.0, 4.0, 6.0)
    assert "" == judge(sure, (), 5.9).status
    assert NOTSURE == judge(sure, (), 6.0).status


def test_the_shipped_models_know_a_person_who_waits_and_a_machine_that_talks() -> None:
    for file in (AMD_MODEL, AMD_AUDIO_MODEL):
        assert HUMAN == until_decided(shipped(file), ALO, Audio(ALO))[0].status
        assert MACHINE == until_decided(shipped(file), VOICEMAIL, Audio(VOICEMAIL))[0].status


def test_of_the_shipped_models_one_hears_audio() -> None:
    assert (False, True) == (shipped(AMD_MODEL).hears_audio, shipped(AMD_AUDIO_MODEL).hears_audio)


@pytest.mark.parametrize("model", [SIMPLE, WHISTLES, replace(SIMPLE, human_later=-6.25)])
def test_a_model_of_each_kind_survives_being_written_down(model: Model) -> None:
    assert model == loads(dumps(model))


@pytest.mark.parametrize("file", [AMD_MODEL, AMD_AUDIO_MODEL])
def test_a_shipped_model_survives_being_written_down(file: Path) -> None:
    assert shipped(file) == loads(dumps(shipped(file)))


def test_the_audio_figures_are_in_the_order_of_their_names() -> None:
    audio = Audio((Segment(0.6, 0.9), Segment(1.3, 1.7)), (Segment(0.5, 0.6), Segment(2.0, 2.4)))
    row = figures(ALO, audio, 2.2)
    assert len(AUDIO_NAMES) == len(set(AUDIO_NAMES)) == len(row)
    named = dict(zip(AUDIO_NAMES, row, strict=True))
    assert features(ALO, 2.2) == {name: named[name] for name in NAMES}
    assert audio_features(audio, 2.2) == {name: value for name, value in named.items() if name not in NAMES}
    heard = {name: round(named[f"voice_{name}"], 3) for name in ("start", "heard", "silence", "first", "second")}
    assert {"start": 0.6, "heard": 0.7, "silence": 0.5, "first": 0.3, "second": 0.4} == heard
    assert (0.2, 0.3) == (round(named["tone"], 3), round(named["tones"], 3))  # the second goes on
    assert NAMES == AUDIO_NAMES[: len(NAMES)]


def test_without_audio_there_are_the_figures_of_timing_alone() -> None:
    assert tuple(features(ALO, 2.2).values()) == figures(ALO, None, 2.2)
    assert len(NAMES) == len(figures((), None, 1.0))


def test_a_model_that_hears_audio_judges_by_it_and_another_does_not() -> None:
    noisy = (Segment(0.2, 9.0),)
    assert (HUMAN, MACHINE) == tuple(until_decided(one, noisy, Audio(ALO))[0].status for one in (WHISTLES, SIMPLE))
    whistle = Audio((), (Segment(0.2, 1.5),))
    assert MACHINE == until_decided(WHISTLES, noisy, whistle)[0].status
    assert until_decided(SIMPLE, noisy) == until_decided(SIMPLE, noisy, whistle)


@pytest.mark.parametrize(
    ("human", "later", "since", "expected"),
    [
        (-3.0, -9.0, 1.0, (HUMAN, 1.0)),
        (-3.0, -9.0, SOON, (HUMAN, SOON)),
        (-3.0, -9.0, 1.5, (NOTSURE, 6.0)),
        (-9.0, -3.0, 1.0, (HUMAN, 1.5)),
    ],
)
def test_how_sure_it_must_be_of_a_person_is_another_thing_after_a_while(
    human: float, later: float, since: float, expected: tuple[str, float]
) -> None:
    hopeful = Model(0.0, ((NAMES.index("now"), since - 0.05, 0.0, -4.0),), human, later, 4.0, 6.0)
    judgement, moment = until_decided(hopeful, ALO)
    assert expected == (judgement.status, moment)


def changed(**keys: object) -> str:
    return json.dumps(json.loads(dumps(SIMPLE)) | keys)


def deep(levels: int) -> object:
    return [0, 1.0, deep(levels - 1), 0.5] if levels else 0.5


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "is not JSON"),
        ("[]", "other features"),
        (changed(features=["now"]), "other features"),
        (changed(features=[*AUDIO_NAMES[1:], "now"]), "other features"),
        (changed(base="x"), "base is no number"),
        (changed(base=True), "base is no number"),
        (changed(base=float("nan")), "base is no number"),
        (changed(trees={}), "make no sense"),
        (changed(human=5.0), "make no sense"),
        (changed(human_later=4.0), "make no sense"),
        (changed(human_later=None), "human_later is no number"),
        (changed(seconds=0.1), "make no sense"),
        (changed(seconds=61), "make no sense"),
        (changed(trees=["x"]), "leaf is no number"),
        (changed(trees=[[1, 0.5, 0.1]]), "leaf is no number"),
        (changed(trees=[[99, 0.5, 0.1, 0.2]]), "leaf is no number"),
        (changed(trees=[[len(NAMES), 0.5, 0.1, 0.2]]), "leaf is no number"),  # a model of timing hears no audio
        (changed(trees=[[True, 0.5, 0.1, 0.2]]), "leaf is no number"),
        (changed(trees=[["0", 0.5, 0.1, 0.2]]), "leaf is no number"),
        (changed(trees=[[0, None, 0.1, 0.2]]), "limit is no number"),
        (changed(trees=[deep(14)]), "leaf is no number"),
    ],
)
def test_a_file_that_is_no_model_is_refused_with_a_sentence(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        loads(text)
