"""How good a detector is: verdicts against what somebody knows, and a model against calls it has not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from worker.core.answering import FIRST, HUMAN, MACHINE, NOTSURE, Model, judge
from worker.core.answering_training import Heard, Plan, train
from worker.core.heard_call import HeardCall, Label

FEWEST: Final = 50  # labelled calls of each kind, below which figures would say nothing
FOLDS: Final = 3
VERDICTS: Final = (HUMAN, MACHINE, NOTSURE, "")  # empty: the call was over before one


@dataclass(frozen=True, slots=True)
class Confusion:
    """How many calls, by what they were and what was said of them."""

    counts: Mapping[tuple[Label, str], int] = field(default_factory=dict)

    def count(self, truth: Label, verdict: str) -> int:
        return self.counts.get((truth, verdict), 0)

    def of(self, truth: Label) -> int:
        return sum(self.count(truth, verdict) for verdict in VERDICTS)

    @property
    def false_machine(self) -> float | None:
        """Share of people called machines; None without people."""
        return _share(self.count(Label.HUMAN, MACHINE), self.of(Label.HUMAN))

    @property
    def false_human(self) -> float | None:
        """Share of machines called people."""
        return _share(self.count(Label.MACHINE, HUMAN), self.of(Label.MACHINE))


def confusion(pairs: Sequence[tuple[Label, str]]) -> Confusion:
    """Verdicts that are none of ours (HANGUP of AMD) count as no verdict."""
    counts: dict[tuple[Label, str], int] = {}
    for truth, verdict in pairs:
        key = truth, verdict if verdict in VERDICTS else ""
        counts[key] = counts.get(key, 0) + 1
    return Confusion(counts)


def recorded(calls: Sequence[HeardCall]) -> Confusion:
    """Of the verdicts that were given, on all calls of which it is known who it was."""
    return confusion([(one.truth, one.status) for one in calls if one.truth is not None])


def pressed(calls: Sequence[HeardCall]) -> Confusion:
    """The same of those who pressed a key: certainly people."""
    return confusion([(Label.HUMAN, one.status) for one in calls if one.keys])


def decide(model: Model, call: Heard) -> str:
    """The verdict that the model would have given while the call lasted."""
    now: float | None = FIRST
    while now is not None and now <= call.seconds:
        judgement = judge(model, call.segments, now, call.audio)
        if judgement.status:
            return judgement.status
        now = judgement.next_look
    return ""


def lessons(calls: Sequence[HeardCall], *, audio: bool = False) -> list[Heard]:
    """What can be learned from: calls of one number never check each other. `audio`: those with their sound."""
    return [
        Heard(
            one.segments,
            one.seconds,
            one.truth is Label.MACHINE,
            one.number or one.attempt_id,
            one.audio if audio else None,
        )
        for one in calls
        if one.truth is not None and (one.audio is not None or not audio)
    ]


def too_few(lessons: Sequence[Heard], fewest: int = FEWEST, *, audio: bool = False) -> str:
    """Empty, or one sentence why these are not enough."""
    machines = sum(one.machine for one in lessons)
    people = len(lessons) - machines
    if min(machines, people) >= fewest:
        return ""
    sound = " with their sound" if audio else ""
    return (
        f"there are labelled calls{sound} of {people} people and {machines} machines, and at least {fewest} of "
        "each are needed; label more with `collector amd label` (who pressed a key counts as a person by itself)"
    )


def cross_validated(lessons: Sequence[Heard], plan: Plan | None = None, folds: int = FOLDS) -> Confusion:
    """Each call judged by a model that was trained without it and without others of its number.

    ValueError where a fold leaves too few groups to train on.
    """
    place: dict[str, int] = {}
    dealt = {True: 0, False: 0}
    for one in lessons:
        if one.group not in place:
            place[one.group] = dealt[one.machine] % folds
            dealt[one.machine] += 1
    pairs: list[tuple[Label, str]] = []
    for fold in range(folds):
        model = train([one for one in lessons if place[one.group] != fold], plan)
        pairs += [
            (Label.MACHINE if one.machine else Label.HUMAN, decide(model, one))
            for one in lessons
            if place[one.group] == fold
        ]
    return confusion(pairs)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
