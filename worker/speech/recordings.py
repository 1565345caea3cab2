"""A person's voice: recorded pieces put together; what nobody has recorded is said by another engine."""

import threading
from collections.abc import Sequence

from worker.core.pieces import Part, cut
from worker.errors import SpeechError
from worker.speech import loudness
from worker.speech.audio import RATE, from_wav, levelled
from worker.speech.folder import Folder, Recording, Shelf
from worker.speech.voice import Engine

EDGE = 40  # samples: 5 ms from silence to sound, so that a joint does not click
KEPT_PIECES = 2000  # in memory, some 10 kB each
KEPT_RECIPES = 4096


class Recordings:
    """Implements worker.speech.voice.Engine."""

    def __init__(self, folder: Folder, spare: Engine | None = None) -> None:
        """`spare`: for what nobody has recorded; None: such a text cannot be said."""
        self._folder, self._spare = folder, spare
        self._lock = threading.Lock()
        self._pieces: dict[Recording, bytes] = {}
        self._recipes: dict[str, str] = {}
        self._recipes_of: Shelf | None = None

    def recipe(self, text: str) -> str:
        """Of the very recordings that say this text: when one is made anew only its texts are."""
        shelf = self._folder.shelf()
        with self._lock:
            if shelf is not self._recipes_of or len(self._recipes) >= KEPT_RECIPES:
                self._recipes, self._recipes_of = {}, shelf
            known = self._recipes.get(text)
        if known is None:
            known = "\n".join(("recordings/1", *(self._described(part, shelf) for part in self._cut(text, shelf))))
            with self._lock:
                self._recipes[text] = known
        return known

    def speak(self, text: str) -> bytes:
        shelf = self._folder.shelf()
        parts = self._cut(text, shelf)
        return joined([self._sound(part, shelf) for part in parts], [part.pause for part in parts])

    def _cut(self, text: str, shelf: Shelf) -> list[Part]:
        parts = cut(text, shelf.recordings.keys())
        nobody = [part.text for part in parts if not part.key]
        if nobody and self._spare is None:
            raise SpeechError(
                f"nobody has recorded: {', '.join(nobody)}; see `collector voice check`, or set voice.fallback"
            )
        return parts

    def _described(self, part: Part, shelf: Shelf) -> str:
        if part.key:
            return f"{part.key} {shelf.recordings[part.key].version}"
        return f"{part.text} {self._spare.recipe(part.text) if self._spare else ''}"

    def _sound(self, part: Part, shelf: Shelf) -> bytes:
        if not part.key and self._spare:
            return levelled(self._spare.speak(part.text))
        recording = shelf.recordings[part.key]
        piece = self._pieces.get(recording)
        if piece is None:
            piece = read_piece(recording)
            with self._lock:
                if len(self._pieces) >= KEPT_PIECES:
                    self._pieces.clear()
                self._pieces[recording] = piece
        return piece


def read_piece(recording: Recording) -> bytes:
    """Its samples without the silence around, as loud as all. Raises SpeechError with the file's name."""
    try:
        samples = from_wav(recording.path.read_bytes(), [])
    except OSError as error:
        raise SpeechError(f"{recording.path} cannot be read: {error.strerror}") from None
    except SpeechError as error:
        raise SpeechError(f"{recording.path} cannot be used: {error}; record it anew") from None
    start, end = loudness.spoken(samples)
    return levelled(samples[start:end])


def joined(sounds: Sequence[bytes], pauses: Sequence[float]) -> bytes:
    """One after the other, each with its silence behind it; none behind the last. 16-bit samples at RATE."""
    whole = bytearray()
    for sound, pause in zip(sounds, pauses, strict=True):
        whole += _softened(sound) + bytes(2 * int(pause * RATE))
    return bytes(whole[: len(whole) - 2 * int(pauses[-1] * RATE)])


def _softened(sound: bytes) -> bytes:
    values = loudness.values_of(sound)
    edge = min(EDGE, len(values) // 2)
    for at in range(edge):
        values[at] = values[at] * at // edge
        values[-1 - at] = values[-1 - at] * at // edge
    return loudness.values_of(values.tobytes()).tobytes()
