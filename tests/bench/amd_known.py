"""Recordings that an installation would know: each clip is a number of its own, and a tenth of them is judged by
what the calls of the other nine tenths, unlabelled, have taught."""

import math
from collections.abc import Mapping
from typing import Final

from worker.core import soundprint
from worker.core.answering import STEP
from worker.core.hearing import FRAME
from worker.core.sound import Hearing

FOLDS: Final = 10


def recognised(hearings: Mapping[str, Hearing]) -> dict[str, float]:
    """Clip's name -> seconds since the answer at which a look knows it for a recording; others are left out."""
    names = list(hearings)
    prints = {name: soundprint.printed(one.opening) for name, one in hearings.items()}
    found = {}
    for fold in range(FOLDS):
        others = [name for index, name in enumerate(names) if index % FOLDS != fold]
        known = soundprint.learn([(name, one) for name in others if (one := prints[name]) is not None])
        for name in names[fold::FOLDS]:
            frames = _frames(hearings[name], known)
            if frames is not None:
                found[name] = (
                    math.ceil((hearings[name].start + (hearings[name].silent + frames) * FRAME) / STEP - 1e-6)
                    * STEP
                )
    return found


def _frames(hearing: Hearing, known: list[soundprint.Known]) -> int | None:
    """After how many it is known."""
    for frames in soundprint.LOOKS:
        heard = soundprint.printed(hearing.opening, frames)
        if heard is not None and soundprint.recognised(known, heard):
            return frames
    return None
