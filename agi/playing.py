"""The sounds of a call: how long each lasts, and how much of the present one has been heard."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from agi.call import Said
from worker.pbx.text import sound_name

MARGIN_SECONDS = 2.0  # beyond a sound's length, before we stop waiting for its end
LONGEST_SOUND = 120.0  # when its length is not known

SHORTFALL_SECONDS = 0.5  # a sound that ended this much early was not played to its end

SecondsOf = Callable[[str], float | None]

# suffix, bytes a second at 8 kHz, bytes of header
FORMATS = ((".alaw", 8000, 0), (".al", 8000, 0), (".ulaw", 8000, 0), (".sln", 16000, 0), (".wav", 16000, 44))


def file_seconds(folder: Path) -> SecondsOf:
    """How long a sound of that folder lasts, by its size; None when it is not there in a format we know."""

    def seconds(name: str) -> float | None:
        path = f"{folder}/{sound_name(name)}"
        for suffix, rate, header in FORMATS:
            with suppress(OSError):
                size = os.stat(path + suffix).st_size
                return max(size - header, 0) / rate
        return None

    return seconds


def length_of(names: Sequence[str], seconds_of: SecondsOf) -> float | None:
    """Of several sounds one after another; None when that of one is not known."""
    lengths = [seconds_of(name) for name in names]
    return None if None in lengths else sum(length for length in lengths if length is not None)


log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Playing:
    playback_id: str
    length: float | None
    started_at: float | None = None

    def heard(self, at: float) -> float:
        """Seconds played by then."""
        played = max(0.0, at - self.started_at) if self.started_at is not None else 0.0
        return played if self.length is None else min(played, self.length)

    def end_by(self, at: float) -> float:
        return at + (LONGEST_SOUND if self.length is None else self.length) + MARGIN_SECONDS

    def finished(self, sound: str, at: float, state: str) -> Said:
        """Its end is not proof: "failed" is a missing file, and a sound cut short says "done" as well."""
        if state == "failed":
            log.error("sound not played", sound=sound, playback=self.playback_id, state=state)
            return Said(None, 0.0, complete=False)
        seconds = self.heard(at)
        complete = self.length is None or seconds >= self.length - SHORTFALL_SECONDS
        if not complete:
            log.warning("sound cut short", sound=sound, playback=self.playback_id, seconds=round(seconds, 2))
        return Said(None, seconds, complete=complete)
