"""What was heard of one answered call, kept so that a provider can train the detector on its own calls."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from worker.core.hearing import Audio, Segment

TEXT_LIMIT: Final = 1000  # characters; the column
_PIECE: Final = re.compile(r"(-?[0-9]{1,7}):(-?[0-9]{1,7})")


class Label(StrEnum):
    """What somebody who knows says of a call."""

    HUMAN = "human"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class HeardCall:
    """Every feature that any version of the classifier uses can be had from segments and audio."""

    attempt_id: str
    instance: str
    heard_at: datetime
    seconds: float  # it was listened to so long
    status: str  # the verdict, as AMDSTATUS
    cause: str
    segments: tuple[Segment, ...]
    audio: Audio | None = None  # None: it was not had
    opening: str = ""  # core/soundprint.py's
    label: Label | None = None
    number: str = ""  # from the outcome, when read
    keys: str = ""

    @property
    def truth(self) -> Label | None:
        """Who it was, where that is known: a key pressed is a person, whatever anybody thinks to have heard."""
        return Label.HUMAN if self.keys else self.label


def written(segments: Sequence[Segment]) -> str:
    """Beginning and end of each in ms since the answer, "940:1140 1160:2600"; cut after the last that fits."""
    text = ""
    for one in segments:
        piece = f"{round(one.start * 1000)}:{round(one.end * 1000)}"
        if len(text) + 1 + len(piece) > TEXT_LIMIT or not _PIECE.fullmatch(piece):
            break
        text = f"{text} {piece}" if text else piece
    return text


def read(text: str) -> tuple[Segment, ...]:
    """What `written` wrote; a piece that is none is left out."""
    found = (_PIECE.fullmatch(piece) for piece in text.split())
    return tuple(Segment(int(match[1]) / 1000, int(match[2]) / 1000) for match in found if match)
