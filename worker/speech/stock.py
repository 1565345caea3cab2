"""Which pieces a speaker must record for an instance, which are there, and what is wrong with a recording."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from worker.core import vocabulary
from worker.core.pieces import cut, key_of
from worker.core.script import Line
from worker.errors import SpeechError
from worker.speech import loudness
from worker.speech.audio import RATE, read_header, untouched
from worker.speech.folder import Recording, Shelf
from worker.speech.stretches import COMPANY

LONGEST_SILENCE = 1.0  # seconds at an end; it is left out, but why is it there?
SOFTEST = loudness.TARGET - loudness.MOST_GAIN  # dB; softer recordings stay softer than the others
CLIPPED = 32_700  # of 32 767: what is louder was cut off, when it lasts
CLIPPED_RUN = 4  # samples
SHARP = 20.0  # dB below the loudest: a recording that begins louder has lost its beginning


class State(StrEnum):
    RECORDED = "recorded"
    ASSEMBLED = "assembled"  # of shorter pieces
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Piece:
    """Something to be recorded."""

    text: str
    file: str
    use: str  # a line of the script, or which figures
    state: State


@dataclass(frozen=True, slots=True)
class Fault:
    """Something about a recording. `bad`: it cannot be used as it is."""

    file: str
    what: str
    bad: bool


def take_stock(
    fixed: Mapping[Line, Sequence[str]], company: str, most: int, today: date, shelf: Shelf
) -> list[Piece]:
    """Each piece once, in the order of the script. `fixed`: what lines say whoever is called; `most`: reais."""
    wanted: dict[str, tuple[str, str]] = {}
    for text, use in _wanted(fixed, company, most, today):
        wanted.setdefault(key_of(text), (text, use))
    known = shelf.recordings
    return [
        Piece(text, known[key].path.name if key in known else f"{key}.wav", use, _state(text, shelf))
        for key, (text, use) in wanted.items()
        if key
    ]


def _wanted(
    fixed: Mapping[Line, Sequence[str]], company: str, most: int, today: date
) -> Iterator[tuple[str, str]]:
    for line, stretches in fixed.items():
        yield from ((text.replace(COMPANY, company), line.value) for text in stretches)
    yield from ((text, "amounts") for text in vocabulary.amounts(most))
    yield from ((text, "bills") for text in vocabulary.counts())
    yield from ((text, "days") for text in vocabulary.days(today))


def _state(text: str, shelf: Shelf) -> State:
    parts = cut(text, shelf.recordings.keys())
    if not all(part.key for part in parts):
        return State.MISSING
    return State.RECORDED if len(parts) == 1 else State.ASSEMBLED


def faults(shelf: Shelf) -> list[Fault]:
    """Of all recordings that lie there, wanted or not."""
    found = [Fault("pieces.csv", what, bad=False) for what in shelf.faults]
    for recording in sorted(shelf.recordings.values(), key=lambda one: one.path.name):
        found += [Fault(recording.path.name, what, bad) for what, bad in _faults(recording)]
    return found


def _faults(recording: Recording) -> Iterator[tuple[str, bool]]:
    try:
        data = recording.path.read_bytes()
        header = read_header(data)
        samples = untouched(data)
    except (OSError, SpeechError) as error:
        yield f"{error}; record it anew", True
        return
    level = loudness.speech_level(samples)
    if level is None:
        yield "it is silent; record it anew", True
        return
    if header.rate < RATE:
        yield f"only {header.rate} samples a second; record it with {RATE} or more", True
    if header.channels > 1:
        yield f"{header.channels} channels, which are mixed; one is enough", False
    if clipped := _clipped(samples):
        yield f"clipped {clipped} times; record it softer", False
    if level < SOFTEST:
        yield f"so soft ({level:.0f} dB) that it stays softer than the others; record it louder", False
    yield from _ends(samples, header.rate)


def _clipped(samples: bytes) -> int:
    """How often it was too loud for the recorder."""
    count = run = 0
    for value in loudness.values_of(samples):
        run = run + 1 if abs(value) >= CLIPPED else 0
        count += run == CLIPPED_RUN
    return count


def _ends(samples: bytes, rate: int) -> Iterator[tuple[str, bool]]:
    start, end = loudness.spoken(samples)
    for seconds, where in ((start / 2 / rate, "before"), ((len(samples) - end) / 2 / rate, "behind")):
        if seconds > LONGEST_SILENCE:
            yield f"{seconds:.1f} s of silence {where} it, which are left out", False
    first, last = loudness.edges(samples)
    for below, where in ((first, "beginning"), (last, "end")):
        if below < SHARP:
            yield f"its {where} may be cut off; leave a little silence there", False
