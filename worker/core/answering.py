"""Who picked up, judged from when there was sound: a small ensemble of trees over what was heard so far.

Somebody who said "alô?" falls silent and waits; a machine goes on. It looks again every tenth of a second, decides
as soon as it is sure, and says NOTSURE when its time is over. Throwing a living person away is far worse than
talking to a machine, so it must be surer of a machine than of a person. There are two kinds of models: of timing
alone, and of timing and audio. Training: core/answering_training.py.
"""

import itertools
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from worker.core.hearing import Audio, Segment, joined, so_far

HUMAN: Final = "HUMAN"
MACHINE: Final = "MACHINE"
NOTSURE: Final = "NOTSURE"

STEP: Final = 0.1  # seconds between two looks
FIRST: Final = 0.6  # nothing can be known sooner
SOON: Final = 1.4  # seconds; later "human" is worth little, since who is not sure is treated as one
PHRASE: Final = 0.25  # a pause shorter than this lies within a phrase
_NEVER: Final = 9.0  # seconds: stands for a time that has not come
_DEEPEST: Final = 12


@dataclass(frozen=True, slots=True)
class Judgement:
    """`status`: HUMAN, MACHINE, NOTSURE, or empty: keep listening, and look again at `next_look`.

    `next_look` is seconds since the answer; `cause` is the figures the verdict was made from, as AMDCAUSE.
    """

    status: str
    cause: str
    next_look: float | None
    score: float  # log-odds of a machine


def features(segments: Sequence[Segment], now: float) -> Mapping[str, float]:
    """Figures of what was heard between the answer and `now`; times in seconds."""
    words = so_far(segments, now)
    phrases = joined(words, PHRASE)
    heard = sum(one.seconds for one in words)
    start = words[0].start if words else _NEVER
    first = phrases[0] if phrases else None
    pauses = [after.start - before.end for before, after in itertools.pairwise(phrases)]
    gaps = [after.start - before.end for before, after in itertools.pairwise(words)]
    opening = [one for one in words if first is not None and one.start <= first.end]
    return {
        "now": now,
        "start": start,
        "heard": heard,
        "share": heard / (now - start) if words and now > start else 0.0,
        "silence": now - words[-1].end if words else now,
        "words": float(len(words)),
        "phrases": float(len(phrases)),
        "first": first.seconds if first else 0.0,
        "first_words": float(len(opening)),
        "first_pause": pauses[0] if pauses else (now - first.end if first else 0.0),
        "second": phrases[1].seconds if len(phrases) > 1 else 0.0,
        "last": phrases[-1].seconds if phrases else 0.0,
        "longest": max((one.seconds for one in phrases), default=0.0),
        "longest_word": max((one.seconds for one in words), default=0.0),
        "shortest_word": min((one.seconds for one in words), default=0.0),
        "longest_pause": max(pauses, default=0.0),
        "mean_gap": sum(gaps) / len(gaps) if gaps else 0.0,
    }


def audio_features(audio: Audio, now: float) -> Mapping[str, float]:
    """The same figures of what rose above the noise, and how long pure tones were heard."""
    tones = [one.seconds for one in so_far(audio.tones, now)]
    voice = {f"voice_{name}": value for name, value in features(audio.voice, now).items() if name != "now"}
    return {**voice, "tone": max(tones, default=0.0), "tones": sum(tones)}


NAMES: Final = tuple(features((), 1.0))
AUDIO_NAMES: Final = (*NAMES, *audio_features(Audio(), 1.0))
Node = float | tuple[int, float, "Node", "Node"]  # a leaf's log-odds, or: feature, limit, below or equal, above


def leaf(node: Node, row: Sequence[float]) -> float:
    """Where the row ends up in a tree."""
    while not isinstance(node, float):
        node = node[2] if row[node[0]] <= node[1] else node[3]
    return node


@dataclass(frozen=True, slots=True)
class Model:
    """Plain data. The log-odds of a machine is `base` and a leaf of each tree.

    `human` (until SOON), `human_later` and `machine` are the log-odds from which (downwards, upwards) it is sure;
    `seconds` is all the time it takes.
    """

    base: float
    trees: tuple[Node, ...]
    human: float
    human_later: float
    machine: float
    seconds: float
    names: tuple[str, ...] = NAMES  # of its features

    @property
    def hears_audio(self) -> bool:
        return self.names == AUDIO_NAMES

    def score(self, row: Sequence[float]) -> float:
        """Log-odds of a machine; the row as `names` orders it."""
        total = self.base
        for tree in self.trees:
            total += leaf(tree, row)
        return total


def figures(segments: Sequence[Segment], audio: Audio | None, now: float) -> tuple[float, ...]:
    """As AUDIO_NAMES orders it, or NAMES without audio."""
    timing = tuple(features(segments, now).values())
    return timing if audio is None else (*timing, *audio_features(audio, now).values())


def judge(model: Model, segments: Sequence[Segment], now: float, audio: Audio | None = None) -> Judgement:
    """A look at the last tenth of a second before `now`, so that looking more often changes no verdict.

    `audio`: for a model that hears it.
    """
    moment = min(round(math.floor(now / STEP + 1e-6) * STEP, 1), model.seconds)
    if moment < FIRST:
        return Judgement("", "", FIRST, 0.0)
    seen = features(segments, moment)
    score = model.score(figures(segments, (audio or Audio()) if model.hears_audio else None, moment))
    status = ""
    if score >= model.machine:
        status = MACHINE
    elif (
        score <= (model.human if moment <= SOON else model.human_later) and seen["heard"]
    ):  # of silence nobody can be sure, however often it was a person
        status = HUMAN
    elif moment >= model.seconds:
        status = NOTSURE
    if status == "":
        return Judgement("", "", round(moment + STEP, 1), score)
    said = (1000 * _odds(score), 1000 * moment, 1000 * seen["heard"], seen["phrases"], 1000 * seen["first"])
    cause = "-".join([f"OURS{status}", *(str(round(one)) for one in said)])
    return Judgement(status, cause, None, score)


def _odds(score: float) -> float:
    """The share of machines among calls of that score."""
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, score))))


_NUMBERS: Final = ("base", "human", "human_later", "machine", "seconds")


def dumps(model: Model) -> str:
    """As config/amd/*.json: one tree a line, so that two of them can be compared."""
    head = {"features": model.names, **{name: getattr(model, name) for name in _NUMBERS}}
    trees = ",\n".join(f"  {json.dumps(tree)}" for tree in model.trees)
    return json.dumps(head)[:-1] + ',\n "trees": [\n' + trees + "\n]}\n"


def loads(text: str) -> Model:
    """Raises ValueError with one sentence when that is no model, or one of other features than ours."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise ValueError(f"the model is not JSON: {error}") from None
    names = tuple(data["features"]) if isinstance(data, dict) and isinstance(data.get("features"), list) else ()
    if names not in (NAMES, AUDIO_NAMES):
        raise ValueError("the model was trained on other features than this version hears; train it again")
    base, human, later, machine, seconds = (_number(data, name) for name in _NUMBERS)
    trees = data.get("trees")
    if not isinstance(trees, list) or max(human, later) >= machine or not FIRST <= seconds <= 60:
        raise ValueError("the model has no trees, or its limits make no sense; train it again")
    grown = tuple(_node(tree, len(names)) for tree in trees)
    return Model(base, grown, human, later, machine, seconds, names)


def _number(data: Mapping[str, Any], name: str) -> float:
    value = data.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"the model's {name} is no number; train it again")
    return float(value)


def _node(data: object, columns: int, depth: int = 0) -> Node:
    if isinstance(data, list) and len(data) == 4 and depth < _DEEPEST:
        feature, limit, below, above = data
        if type(feature) is int and 0 <= feature < columns:
            lower, upper = (_node(side, columns, depth + 1) for side in (below, above))
            return feature, _number({"limit": limit}, "limit"), lower, upper
    return _number({"leaf": data}, "leaf")
