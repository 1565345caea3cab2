"""What a callee really heard: which of our sounds, in which order, whole or cut, and that nothing else was said.

A recording of what reached the callee is compared with the sounds. Where a sound lies is found by the signs of
its samples (64 in a row say it to the sample, and survive transcoding and a change of volume); then every 20 ms of
it are compared by normalised cross-correlation. So a part that was skipped, played late or cut off is seen.
"""

import math
import sys
import wave
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from pathlib import Path

RATE = 8000
FRAME = 160  # samples: 20 ms, what one packet carries
LOUD = 150.0  # RMS of a frame with speech in it: 27 dB below how loud our sounds are; a silent line has 8 or less
ALIKE = 0.9  # correlation of two frames that are the same sound
WORD = 64  # samples whose signs make a mark
SIGN_CHANGES = 8  # fewer say nothing: a hum has them, too
STRIDE = 8  # every so many samples of a sound there is a mark
COMMON = 8  # a mark found more often than that in our sounds is none
VOTES = 4  # so many marks must agree on where a sound lies
RUN = 4  # frames in a row: less is chance
SLIP = 1.0  # seconds by which one playing may lag behind itself
LET_PASS = 0.15  # seconds that may be lost at either end of a sound before it counts as cut
HOLES_PASS = 0.7  # and within it: MixMonitor throws away a tenth or two whenever a loaded machine makes it late


@dataclass(frozen=True, slots=True)
class Prompt:
    """One playing of one sound. Seconds; `start` and `end` of what was heard of it, since the recording began."""

    name: str
    start: float
    end: float
    lost_start: float  # speech of it before `start`
    lost_end: float  # and after `end`
    holes: float  # and between

    @property
    def whole(self) -> bool:
        return max(self.lost_start, self.lost_end) <= LET_PASS and self.holes <= HOLES_PASS


@dataclass(frozen=True, slots=True)
class Hearing:
    """`foreign`: stretches of sound that are none of ours. `first_word`: when sound began; None: never."""

    prompts: tuple[Prompt, ...]
    foreign: tuple[tuple[float, float], ...]
    first_word: float | None

    @property
    def story(self) -> list[str]:
        """The sounds in order; those not heard whole end with "~"."""
        return [prompt.name if prompt.whole else f"{prompt.name}~" for prompt in self.prompts]


@dataclass(frozen=True, slots=True)
class _Piece:
    """Frames `first` to `last` of a sound, heard `shift` samples later than they stand in it."""

    name: str
    shift: int
    first: int
    last: int

    @property
    def begins(self) -> int:
        return self.shift + self.first * FRAME


class Ear:
    """Knows the sounds of a call: name -> samples."""

    def __init__(self, sounds: Mapping[str, Sequence[int]]) -> None:
        self._sounds = {name: list(samples) for name, samples in sounds.items()}
        self._loud = {name: loud_frames(samples) for name, samples in self._sounds.items()}
        self._marks: dict[int, list[tuple[str, int]]] = defaultdict(list)
        for name, samples in self._sounds.items():
            for at, mark in _marks(samples, self._loud[name]):
                if at % STRIDE == 0:
                    self._marks[mark].append((name, at))

    def hear(self, recording: Sequence[int]) -> Hearing:
        loud = loud_frames(recording)
        known: set[int] = set()  # frames of the recording that are some sound of ours
        pieces: list[_Piece] = []
        candidates = self._candidates(recording, loud)
        for name, shift, span in candidates:
            if sum(frame in known for frame in span) <= 0.8 * len(span):
                for piece in self._compare(recording, name, shift, known):
                    pieces.append(piece)
                    known.update(range(piece.begins // FRAME, (piece.begins + _length(piece)) // FRAME + 1))
        playings = self._rejoined(recording, candidates, _playings(pieces))
        prompts = (self._prompt(playing) for playing in playings)
        foreign = _stretches(frame for frame in loud if not known & set(range(frame - 2, frame + 3)))
        first = min(loud, default=None)
        return Hearing(
            tuple(sorted(prompts, key=lambda prompt: prompt.start)),
            tuple((begin * FRAME / RATE, end * FRAME / RATE) for begin, end in foreign if end - begin >= RUN),
            None if first is None else first * FRAME / RATE,
        )

    def _candidates(self, recording: Sequence[int], loud: set[int]) -> list[tuple[str, int, set[int]]]:
        """Where marks agree that a sound lies: its name, the shift, frames of the recording; the surest first."""
        votes: dict[tuple[str, int], list[int]] = defaultdict(list)
        for at, mark in _marks(recording, loud):
            places = self._marks.get(mark, ())
            for name, place in places if len(places) <= COMMON else ():
                votes[name, at - place].append(at // FRAME)
        ranked = sorted(votes.items(), key=lambda vote: -len(vote[1]))
        return [(name, shift, set(frames)) for (name, shift), frames in ranked if len(frames) >= VOTES]

    def _compare(self, recording: Sequence[int], name: str, shift: int, known: set[int]) -> list[_Piece]:
        """Runs of frames that are heard at this shift and were not known before."""
        sound = self._sounds[name]
        same = [
            frame
            for frame in sorted(self._loud[name])
            if (at := shift + frame * FRAME) >= 0
            and at // FRAME not in known
            and alike(sound[frame * FRAME : frame * FRAME + FRAME], recording[at : at + FRAME]) >= ALIKE
        ]
        loud = self._loud[name]
        runs = _stretches(same, through=lambda frame: frame not in loud)
        return [
            _Piece(name, shift, begin, end - 1)
            for begin, end in runs
            if sum(frame in loud for frame in range(begin, end)) >= RUN
        ]

    def _rejoined(
        self,
        recording: Sequence[int],
        candidates: Sequence[tuple[str, int, set[int]]],
        playings: Sequence[list[_Piece]],
    ) -> list[list[_Piece]]:
        """A sound cut short and one without its beginning are one, if both begin alike: there the line slipped."""
        told: list[list[_Piece]] = []
        for playing in playings:
            head = self._head(recording, candidates, told[-1], playing) if told else []
            if head:
                told.pop()
            told.append(head + playing)
        return told

    def _head(
        self,
        recording: Sequence[int],
        candidates: Sequence[tuple[str, int, set[int]]],
        before: Sequence[_Piece],
        playing: Sequence[_Piece],
    ) -> list[_Piece]:
        """The missing beginning of a playing, where all that was heard before it can be that as well."""
        if min(self._prompt(before).lost_end, self._prompt(playing).lost_start) <= LET_PASS:
            return []
        rest, needed = playing[0], 0.8 * sum(map(_length, before))
        for name, shift, _ in candidates:
            if name == rest.name and shift != rest.shift and _one_playing(shift, rest.shift):
                pieces = self._compare(recording, name, shift, set())
                head = [piece for piece in pieces if piece.last < rest.first + RUN]
                if sum(map(_length, head)) > needed:
                    return head
        return []

    def _prompt(self, playing: Sequence[_Piece]) -> Prompt:
        name = playing[0].name
        heard = {frame for piece in playing for frame in range(piece.first, piece.last + 1)}
        lost = sorted(self._loud[name] - heard)
        first, last = playing[0].first, playing[-1].last
        between = _stretches(frame for frame in lost if first < frame < last)
        return Prompt(
            name,
            start=playing[0].begins / RATE,
            end=(playing[-1].begins + _length(playing[-1])) / RATE,
            lost_start=sum(frame < first for frame in lost) * FRAME / RATE,
            lost_end=sum(frame > last for frame in lost) * FRAME / RATE,
            holes=sum(end - begin for begin, end in between if end - begin > 1) * FRAME / RATE,
        )


def hear(recording: Path, sounds: Mapping[str, Path]) -> Hearing:
    """A WAV file, 8 kHz mono, against A-law files."""
    return Ear({name: from_alaw(file.read_bytes()) for name, file in sounds.items()}).hear(from_wav(recording))


def from_wav(file: Path) -> Sequence[int]:
    with wave.open(str(file)) as stream:
        if (stream.getframerate(), stream.getnchannels(), stream.getsampwidth()) != (RATE, 1, 2):
            raise ValueError(f"{file} is not 8 kHz, mono, 16 bit")
        samples = array("h", stream.readframes(stream.getnframes()))
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def from_alaw(data: bytes) -> Sequence[int]:
    return array("h", (_ALAW[byte] for byte in data))


def _decoded(byte: int) -> int:
    """ITU-T G.711, A-law."""
    byte ^= 0x55
    exponent, mantissa = (byte >> 4) & 7, byte & 15
    size = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return size if byte & 0x80 else -size


_ALAW = [_decoded(byte) for byte in range(256)]


def alike(one: Sequence[int], other: Sequence[int]) -> float:
    """Normalised cross-correlation: 1 the same, whatever the volume; 0 nothing in common."""
    if len(one) != len(other):
        return 0.0
    power = math.sqrt(sum(map(mul, one, one)) * sum(map(mul, other, other)))
    return sum(map(mul, one, other)) / power if power else 0.0


def loud_frames(samples: Sequence[int]) -> set[int]:
    """Frames of 20 ms in which something is heard."""
    enough = LOUD * LOUD * FRAME
    found = set()
    for frame in range(len(samples) // FRAME):
        part = samples[frame * FRAME : frame * FRAME + FRAME]
        if sum(map(mul, part, part)) >= enough:
            found.add(frame)
    return found


def _marks(samples: Sequence[int], loud: set[int]) -> Iterable[tuple[int, int]]:
    """Position and mark, wherever something is heard: the signs of the samples from there on."""
    mask, mark, before = (1 << WORD) - 1, 0, -1
    for at, sample in enumerate(samples, start=1 - WORD):
        mark = ((mark << 1) | (sample > 0)) & mask
        if at >= 0 and at // FRAME in loud and mark != before and _changes(mark) >= SIGN_CHANGES:
            yield at, mark
        before = mark


def _changes(mark: int) -> int:
    return ((mark ^ (mark >> 1)) & ((1 << (WORD - 1)) - 1)).bit_count()


def _length(piece: _Piece) -> int:
    return (piece.last + 1 - piece.first) * FRAME


def _stretches(frames: Iterable[int], through: Callable[[int], bool] = lambda _: False) -> list[tuple[int, int]]:
    """Runs of frames as (first, one after the last); `through` says which missing frames do not end a run."""

    runs: list[tuple[int, int]] = []
    for frame in frames:
        if runs and all(through(between) for between in range(runs[-1][1], frame)):
            runs[-1] = (runs[-1][0], frame + 1)
        else:
            runs.append((frame, frame + 1))
    return runs


def _one_playing(shift: int, other: int) -> bool:
    return abs(shift - other) <= SLIP * RATE


def _playings(pieces: Iterable[_Piece]) -> list[list[_Piece]]:
    """Pieces of one playing together: the sound goes on where it was, perhaps a little late."""
    playings: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda one: one.begins):
        for playing in reversed(playings):
            last = playing[-1]
            if last.name == piece.name and piece.first > last.last - RUN and _one_playing(piece.shift, last.shift):
                playing.append(piece)
                break
        else:
            playings.append([piece])
    return playings
