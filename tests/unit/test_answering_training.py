"""Trees learn what separates people from machines; how sure they must be is judged on calls they have not seen."""

import random
from dataclasses import replace

import pytest

from worker.core.answering import AUDIO_NAMES, HUMAN, MACHINE, NAMES, Model, Node, features, judge
from worker.core.answering_training import EDGES, Heard, Plan, limits, moments, train
from worker.core.hearing import Audio, Segment

SMALL = Plan(trees=12, depth=2, folds=3, seconds=3.0, false_machine=0.02, false_human=0.05, margin=0.0)

PERSON, MACHINES = Heard((), 6.0, machine=False), Heard((), 6.0, machine=True)


def person(dice: random.Random) -> tuple[Segment, ...]:
    start = dice.uniform(0.1, 0.6)
    return (Segment(start, start + dice.uniform(0.3, 0.6)),)


def machine(dice: random.Random) -> tuple[Segment, ...]:
    start, found = dice.uniform(0.1, 0.6), []
    while start < 5:
        found.append(Segment(start, start + dice.uniform(0.2, 0.5)))
        start = found[-1].end + dice.uniform(0.08, 0.3)
    return tuple(found)


def calls(amount: int = 40) -> list[Heard]:
    dice = random.Random(7)
    people = [Heard(person(dice), 5.0, machine=False) for _ in range(amount)]
    return people + [Heard(machine(dice), 5.0, machine=True, group=f"m{index % 9}") for index in range(amount)]


def status(model: Model, segments: tuple[Segment, ...]) -> str:
    return next(found.status for moment in moments(3.0) if (found := judge(model, segments, moment)).status)


def test_what_it_was_taught_it_tells_of_calls_it_never_heard() -> None:
    model = train(calls(), SMALL)
    dice = random.Random(99)
    assert [HUMAN] * 20 == [status(model, person(dice)) for _ in range(20)]
    assert [MACHINE] * 20 == [status(model, machine(dice)) for _ in range(20)]


def test_of_calls_with_audio_it_learns_to_hear_it() -> None:
    """All sound alike to the PBX: a street. What people and machines say is heard in the audio alone."""
    street = (Segment(0.0, 9.0),)
    heard = [replace(one, segments=street, audio=Audio(one.segments)) for one in calls(24)]
    model = train(heard, replace(SMALL, trees=40))
    assert (AUDIO_NAMES, True) == (model.names, model.hears_audio)
    dice = random.Random(98)
    voices = [person(dice) for _ in range(20)] + [machine(dice) for _ in range(20)]
    told = [
        next(found for moment in moments(3.0) if (found := judge(model, street, moment, Audio(one)).status))
        for one in voices
    ]
    wrong = sum(one != wanted for one, wanted in zip(told, [HUMAN] * 20 + [MACHINE] * 20, strict=True))
    assert wrong <= 2


def test_where_one_call_lacks_its_audio_it_learns_of_timing_alone() -> None:
    heard = [replace(one, audio=Audio(one.segments)) for one in calls(12)]
    assert NAMES == train([*heard[:-1], replace(heard[-1], audio=None)], SMALL).names
    assert train(calls(12), SMALL) == train([*heard[:-1], replace(heard[-1], audio=None)], SMALL)


def test_each_tree_looks_at_a_share_of_the_figures() -> None:
    few = train(calls(12), replace(SMALL, columns=1 / len(NAMES), depth=3))
    assert all(len(columns(tree)) <= 1 for tree in few.trees)
    assert len(set().union(*(columns(tree) for tree in few.trees))) > 1


def columns(node: Node) -> set[int]:
    return set() if isinstance(node, float) else {node[0]} | columns(node[2]) | columns(node[3])


def test_the_same_calls_give_the_same_model() -> None:
    assert train(calls(12), SMALL) == train(calls(12), SMALL)


def test_its_limits_lie_on_either_side_and_its_time_is_the_plans() -> None:
    model = train(calls(12), SMALL)
    assert -EDGES[-1] <= model.human_later <= model.human < 0 < model.machine <= EDGES[-1]
    assert (3.0, 12) == (model.seconds, len(model.trees))


def test_a_call_heard_only_briefly_teaches_only_what_was_heard() -> None:
    short = [Heard(one.segments, 0.3, one.machine) for one in calls(3)]  # ended before the first look
    assert train(calls(12), SMALL) == train([*calls(12), *short], SMALL)


@pytest.mark.parametrize(
    "kept", [lambda one: one.machine, lambda one: not one.machine, lambda one: one.group != ""]
)
def test_without_both_kinds_there_is_nothing_to_learn(kept: object) -> None:
    assert callable(kept)
    with pytest.raises(ValueError, match="two people and of two machines"):
        train([one for one in calls(8) if kept(one)], SMALL)


def test_one_speaker_alone_is_not_enough_however_often_heard() -> None:
    alone = [Heard(one.segments, one.seconds, one.machine, "one" if one.machine else "") for one in calls(8)]
    with pytest.raises(ValueError, match="two people and of two machines"):
        train(alone, SMALL)


def test_what_cannot_be_told_apart_is_not_decided_by_heart() -> None:
    """Judged on the very calls it was taught, it would seem to know them all."""
    dice = random.Random(5)
    same = [Heard(machine(dice), 3.0, machine=index % 2 == 0) for index in range(80)]
    model = train(same, Plan(trees=40, depth=4, folds=4, seconds=3.0))
    fresh = [status(model, machine(dice)) for _ in range(60)]
    assert fresh.count(MACHINE) + fresh.count(HUMAN) <= 6


def test_calls_are_looked_at_every_tenth_of_a_second() -> None:
    assert [0.6, 0.7, 0.8, 0.9, 1.0] == list(moments(1.0))
    assert [] == list(moments(0.5))


def test_the_limits_are_those_that_decide_soonest_and_keep_the_shares() -> None:
    plan = Plan(seconds=6.0, false_machine=0.0, false_human=0.5)
    tracks = [
        [(1.0, 1.6), (1.2, -1.0)],  # a person who looks like a machine for a moment
        [(1.0, -1.1), (2.0, 1.0), (3.0, 2.0)],  # a machine that looks like a person for a moment
        [(1.0, 0.6), (2.0, 2.1)],
    ]
    # a machine from 1.75 on: the person reached 1.6; a person soon, at the price of one machine in two
    # later nobody is taken for a person: of limits that cost no time the surest
    assert (-1.0, -EDGES[-1], 1.75) == limits(tracks, [PERSON, MACHINES, MACHINES], plan)


def test_later_it_may_have_to_be_surer_of_a_person_and_never_less() -> None:
    plan = Plan(seconds=6.0, false_machine=0.0, false_human=0.0)
    tracks = [[(1.4, -1.0)], [(1.4, 0.0), (1.6, -2.5)], [(1.4, 0.0), (1.5, -2.0), (2.0, 3.0)]]
    assert (-1.0, -2.5, 1.0) == limits(tracks, [PERSON, PERSON, MACHINES], plan)
    soon = [[(1.5, -1.0)], [(1.5, -1.2)], [(1.3, -2.0), (1.4, 3.0)]]  # the machine misleads at first
    assert (-EDGES[-1], -EDGES[-1], 1.0) == limits(soon, [PERSON, PERSON, MACHINES], plan)


def test_what_is_known_for_a_recording_is_a_machine_from_then_on() -> None:
    """It may look like a person as it likes after that."""
    plan = Plan(seconds=6.0, false_machine=0.0, false_human=0.0)
    tracks = [[(0.6, 0.0), (1.0, -3.0)], [(0.6, 0.0), (1.1, -3.0)]]
    found = [limits(tracks, [PERSON, replace(MACHINES, recognised=known)], plan) for known in (1.0, 1.2)]
    assert [(-3.0, -EDGES[-1], 1.0), (-EDGES[-1], -EDGES[-1], 1.0)] == found


def test_a_person_taken_for_a_recording_is_called_a_machine_whatever_the_limits() -> None:
    plan = Plan(seconds=6.0, false_machine=0.0, false_human=0.0)
    tracks = [[(1.0, -9.0)], [(1.0, 9.0)]]
    calls = [replace(PERSON, recognised=0.8), MACHINES]
    assert (-EDGES[-1], -EDGES[-1], EDGES[-1]) == limits(tracks, calls, plan)


def test_a_person_is_never_called_a_machine_to_be_quick() -> None:
    plan = Plan(seconds=6.0, false_machine=0.0, false_human=0.0)
    tracks = [[(1.0, 9.0)], [(1.0, 9.0)]]  # nothing tells them apart
    assert (-EDGES[-1], -EDGES[-1], EDGES[-1]) == limits(tracks, [PERSON, MACHINES], plan)


def test_the_features_of_a_look_are_those_of_that_moment() -> None:
    one = calls(2)[0]
    assert features(one.segments, 0.6)["now"] == 0.6
