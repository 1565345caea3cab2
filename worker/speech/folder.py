"""The folder where somebody keeps recorded pieces: which file says what."""

import csv
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from worker.core.pieces import key_of
from worker.errors import SpeechError

INDEX = "pieces.csv"  # file;text, for names that are not made of the text
LOOK_EVERY = 5.0  # seconds; a piece recorded anew is heard then


@dataclass(frozen=True, slots=True)
class Recording:
    path: Path
    version: str  # another one when the file was recorded anew


@dataclass(frozen=True, slots=True)
class Shelf:
    """What lay in the folder at one moment."""

    recordings: Mapping[str, Recording] = field(default_factory=lambda: MappingProxyType({}))  # by key_of(text)
    faults: tuple[str, ...] = ()  # of the index, a sentence each


class Folder:
    """Looks again every few seconds. Safe in many threads."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self.path, self._clock = path, clock
        self._lock = threading.Lock()
        self._shelf, self._looked_at = Shelf(), float("-inf")

    def shelf(self) -> Shelf:
        """The same object until something has changed. SpeechError when the folder cannot be read."""
        with self._lock:
            if self._clock() - self._looked_at >= LOOK_EVERY:
                found = look(self.path)
                if found != self._shelf:
                    self._shelf = found
                self._looked_at = self._clock()
            return self._shelf


def look(folder: Path) -> Shelf:
    """Raises SpeechError."""
    try:
        facts = {file.name: file.stat() for file in folder.iterdir() if file.suffix.lower() == ".wav"}
        index = _index(folder / INDEX)
    except OSError as error:
        raise SpeechError(
            f"the recorded pieces in {folder} cannot be read: {error.strerror}; correct voice.recordings"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise SpeechError(f"{folder / INDEX} cannot be read: {error}; save it as UTF-8, file;text") from None
    texts = {name: name[:-4].replace("_", " ") for name in facts} | {
        name: text for name, text in index.items() if name in facts
    }
    found = {
        key_of(text): Recording(folder / name, f"{facts[name].st_mtime_ns}.{facts[name].st_size}")
        for name, text in sorted(texts.items())
    }
    found.pop("", None)
    faults = tuple(f"{INDEX} names {name}, which is not there" for name in index if name not in facts)
    return Shelf(MappingProxyType(found), faults)


def _index(file: Path) -> dict[str, str]:
    if not file.is_file():
        return {}
    with file.open(encoding="utf-8-sig", newline="") as rows:
        return {
            row[0].strip(): row[1] for row in csv.reader(rows, delimiter=";") if len(row) > 1 and row[0] != "file"
        }
