"""Training of core/answering.py's model on labelled calls: boosted trees in plain Python, light enough for a PBX.

A call gives one row for each look taken at it. How sure the model must be is found on calls that the trees they
are judged by have not seen (cross-validation in groups), so that it is honest about what it does not know.
"""

import math
import random
import statistics
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from worker.core.answering import AUDIO_NAMES, FIRST, NAMES, SOON, STEP, Model, Node, figures, leaf
from worker.core.hearing import Audio, Segment

BINS: Final = 32
SHRINKAGE: Final = 0.08
SMOOTHING: Final = 8.0  # rows; keeps a leaf of few from being sure
FEWEST: Final = 10  # rows in a leaf ...
FEWEST_OF: Final = 1200  # ... or one of so many, where there are more
TAUGHT: Final = 2  # every second look teaches: its neighbours say the same
EDGES: Final = tuple(index / 4 for index in range(4, 27))  # log-odds tried as limits: 1 to 6.5


@dataclass(frozen=True, slots=True)
class Heard:
    """A labelled call. Calls of one `group` (one speaker, one recording) never check each other."""

    segments: tuple[Segment, ...]
    seconds: float  # it was listened to so long
    machine: bool
    group: str = ""  # empty: a group of its own
    audio: Audio | None = None  # all of them have it, or the model is of timing alone
    recognised: float = math.inf  # seconds after which it was known for a recording


@dataclass(frozen=True, slots=True)
class Plan:
    """How to train; the shares are of the calls of each kind, in cross-validation."""

    trees: int = 160
    depth: int = 3
    columns: float = 0.35  # share of the features that a tree may look at
    folds: int = 4
    seconds: float = 6.0  # all the time a verdict may take
    false_machine: float = 0.002  # people called machines
    false_human: float = 0.05  # machines called people
    margin: float = 1.0  # log-odds by which it is surer of a machine: people it never heard the like of are many


Row = tuple[float, ...]
Track = list[tuple[float, float]]  # (moment, log-odds) of one call


def moments(seconds: float) -> Iterator[float]:
    """When a call that was listened to so long is looked at."""
    index = round(FIRST / STEP)
    while round(index * STEP, 1) <= seconds + 1e-9:
        yield round(index * STEP, 1)
        index += 1


def train(calls: Sequence[Heard], plan: Plan | None = None) -> Model:
    """ValueError when there are not at least two groups each of people and of machines."""
    plan = plan or Plan()
    groups = [one.group or f"call {index}" for index, one in enumerate(calls)]
    for kind in (False, True):
        if len({group for group, one in zip(groups, calls, strict=True) if one.machine is kind}) < 2:
            raise ValueError("to train, label calls of at least two people and of two machines first")
    names = AUDIO_NAMES if all(one.audio is not None for one in calls) else NAMES
    rows = [_rows(one, names, plan) for one in calls]
    folds = _folds(groups, calls, plan.folds)
    tracks: list[Track] = [[] for _ in calls]
    for fold in range(plan.folds):
        kept = [index for index in range(len(calls)) if folds[index] != fold]
        model = _fit(
            [rows[index][::TAUGHT] for index in kept], [calls[index].machine for index in kept], names, plan
        )
        for index in range(len(calls)):
            if folds[index] == fold:
                tracks[index] = [_tracked(model, row) for row in rows[index]]
    human, later, machine = limits(tracks, calls, plan)
    whole = _fit([row[::TAUGHT] for row in rows], [one.machine for one in calls], names, plan)
    return replace(whole, human=human, human_later=later, machine=machine + plan.margin)


def _rows(call: Heard, names: Sequence[str], plan: Plan) -> list[Row]:
    audio = call.audio if names == AUDIO_NAMES else None
    return [figures(call.segments, audio, moment) for moment in moments(min(call.seconds, plan.seconds))]


def _tracked(model: Model, seen: Row) -> tuple[float, float]:
    """Moment and score; of silence nobody can say that it is a person."""
    score = model.score(seen)
    return seen[NAMES.index("now")], score if seen[NAMES.index("heard")] else max(0.0, score)


def _folds(groups: Sequence[str], calls: Sequence[Heard], folds: int) -> list[int]:
    """People and machines dealt evenly; a group stays together."""
    fold_of: dict[str, int] = {}
    dealt = {False: 0, True: 0}
    for group, call in zip(groups, calls, strict=True):
        if group not in fold_of:
            fold_of[group] = dealt[call.machine] % folds
            dealt[call.machine] += 1
    return [fold_of[group] for group in groups]


def limits(tracks: Sequence[Track], calls: Sequence[Heard], plan: Plan) -> tuple[float, float, float]:
    """(human, human later, machine): of those that keep both shares the ones that decide soonest, else the surest.

    Soonest is by the median; where that is the same, by the mean.
    """
    best, found = (math.inf, math.inf), (-EDGES[-1], -EDGES[-1], EDGES[-1])
    people = max(1, sum(not one.machine for one in calls))
    machines = max(1, sum(one.machine for one in calls))
    soon = [_crossings([each for each in track if each[0] <= SOON], -1.0) for track in tracks]
    late = [_crossings([each for each in track if each[0] > SOON], -1.0) for track in tracks]
    ups = [
        [min(up, one.recognised) for up in _crossings(track, 1.0)]
        for track, one in zip(tracks, calls, strict=True)
    ]
    for low in range(len(EDGES)):
        for later in range(low, len(EDGES)):
            downs = [min(first[low], second[later]) for first, second in zip(soon, late, strict=True)]
            for high in range(len(EDGES)):
                wrong, spent = [0, 0], []
                for down, up, one in zip(downs, ups, calls, strict=True):
                    wrong[one.machine] += down < up[high] if one.machine else up[high] < down
                    spent.append(min(down, up[high], plan.seconds))
                if wrong[False] <= plan.false_machine * people and wrong[True] <= plan.false_human * machines:
                    best, found = min(
                        (best, found),
                        (
                            (statistics.median(spent), statistics.fmean(spent)),
                            (-EDGES[low], -EDGES[later], EDGES[high]),
                        ),
                    )
    return found


def _crossings(track: Track, sign: float) -> list[float]:
    """For each of EDGES, the moment at which the score first reached it (in that direction)."""
    found = [math.inf] * len(EDGES)
    reached = 0
    for moment, score in track:
        while reached < len(EDGES) and sign * score >= EDGES[reached]:
            found[reached] = moment
            reached += 1
    return found


def _fit(rows: Sequence[Sequence[Row]], machines: Sequence[bool], names: tuple[str, ...], plan: Plan) -> Model:
    """The trees; each call weighs the same at every moment it was listened to."""
    flat = [row for call in rows for row in call]
    wanted = [float(machine) for call, machine in zip(rows, machines, strict=True) for _ in call]
    edges = [_edges([row[column] for row in flat]) for column in range(len(names))]
    table = [bytes(bisect_left(edges[column], row[column]) for row in flat) for column in range(len(names))]
    mean = min(0.999, max(0.001, sum(wanted) / max(1, len(wanted))))
    base = math.log(mean / (1 - mean))
    scores = [base] * len(flat)
    dice = random.Random(0)  # noqa: S311  the same calls give the same model
    trees: list[Node] = []
    for _ in range(plan.trees):
        columns = sorted(dice.sample(range(len(names)), math.ceil(plan.columns * len(names))))
        grower = _Grower(table, edges, scores, wanted, columns)
        trees.append(grower.grow(dice.sample(range(len(flat)), (len(flat) + 1) // 2), plan.depth))
        for index, row in enumerate(flat):
            scores[index] += leaf(trees[-1], row)
    return Model(base, tuple(trees), -EDGES[-1], -EDGES[-1], EDGES[-1], plan.seconds, names)


def _edges(values: Sequence[float]) -> list[float]:
    """Limits between bins that hold about the same number of rows."""
    ordered = sorted(values)
    return sorted({round(ordered[len(ordered) * index // BINS], 3) for index in range(1, BINS)})


class _Grower:
    """One tree: each split is the one that explains most of what the trees before it left unexplained."""

    def __init__(
        self,
        table: Sequence[bytes],
        edges: Sequence[Sequence[float]],
        scores: Sequence[float],
        wanted: Sequence[float],
        columns: Sequence[int],
    ) -> None:
        chances = [1 / (1 + math.exp(-score)) for score in scores]
        self._table, self._edges, self._columns = table, edges, columns
        self._fewest = max(FEWEST, len(scores) / FEWEST_OF)
        self._pull = [want - chance for want, chance in zip(wanted, chances, strict=True)]
        self._weight = [chance * (1 - chance) for chance in chances]

    def grow(self, rows: Sequence[int], depth: int) -> Node:
        pull = sum(self._pull[row] for row in rows)
        weight = sum(self._weight[row] for row in rows)
        split = self._split(rows, pull, weight) if depth else None
        if split is None:
            return round(SHRINKAGE * pull / (weight + SMOOTHING), 4)
        column, bin_ = split
        bins = self._table[column]
        below = [row for row in rows if bins[row] <= bin_]
        above = [row for row in rows if bins[row] > bin_]
        return column, self._edges[column][bin_], self.grow(below, depth - 1), self.grow(above, depth - 1)

    def _split(self, rows: Sequence[int], pull: float, weight: float) -> tuple[int, int] | None:
        best, found = pull * pull / (weight + SMOOTHING) + 1e-6, None
        for column in self._columns:
            pulls, weights, counts = self._sums(rows, self._table[column], len(self._edges[column]) + 1)
            left_pull = left_weight = left_count = 0.0
            for bin_ in range(len(self._edges[column])):
                left_pull, left_weight = left_pull + pulls[bin_], left_weight + weights[bin_]
                left_count += counts[bin_]
                if left_count < self._fewest or len(rows) - left_count < self._fewest:
                    continue
                right_pull, right_weight = pull - left_pull, weight - left_weight
                gain = left_pull**2 / (left_weight + SMOOTHING) + right_pull**2 / (right_weight + SMOOTHING)
                if gain > best:
                    best, found = gain, (column, bin_)
        return found

    def _sums(self, rows: Sequence[int], bins: bytes, amount: int) -> tuple[list[float], list[float], list[int]]:
        pulls, weights, counts = [0.0] * amount, [0.0] * amount, [0] * amount
        pull, weight = self._pull, self._weight
        for row in rows:
            bin_ = bins[row]
            pulls[bin_] += pull[row]
            weights[bin_] += weight[row]
            counts[bin_] += 1
        return pulls, weights, counts
