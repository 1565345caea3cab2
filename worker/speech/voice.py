"""Text to a sound the PBX can play, made once by an engine and kept in a bounded cache."""

import hashlib
import threading
import time
import unicodedata
from collections.abc import Callable
from concurrent.futures import Future
from typing import Protocol

import structlog

from worker.errors import SpeechError
from worker.ports import Sound
from worker.speech import audio
from worker.speech.cache import SoundCache

LONGEST_TEXT = 600  # characters; about 45 s of speech
MAKERS = 2  # texts rendered at once by one voice: rendering must not starve the PBX beside us
MEMO_SIZE = 4096
PRUNE_EVERY = 256  # new sounds between two looks at the size of the cache
REST_SECONDS = 60.0  # a voice that failed is left alone for so long, and its failing is told as often
SLOW_SECONDS = 1.0  # a failure that took longer is not tried with the next text
FAILURES = 3  # in a row, and no text is tried

log = structlog.get_logger(__name__)


class Engine(Protocol):
    """What makes sounds."""

    def recipe(self, text: str) -> str:
        """Changes whenever the same text would give another sound."""
        ...

    def speak(self, text: str) -> bytes:
        """16-bit samples, 8 kHz, one channel, without silence around. Raises SpeechError."""
        ...


class CachedVoice:
    """One engine and its sounds. Safe in many threads, and with several processes on one cache."""

    def __init__(self, engine: Engine, cache: SoundCache) -> None:
        self._engine, self._cache = engine, cache
        self._memo: dict[tuple[str, str], str] = {}  # recipe and text -> digest: saves checking and hashing
        self._makers = threading.BoundedSemaphore(MAKERS)
        self._making: dict[str, Future[Sound]] = {}
        self._guard = threading.Lock()
        self._since_prune = PRUNE_EVERY  # the first new sound of a process looks at the size

    def find(self, text: str) -> Sound | None:
        """The sound of a text when it is there. Raises SpeechError where it can never be."""
        return self._cache.find(self._digest(text))

    def render(self, text: str) -> Sound:
        """The sound of a text, from the cache or made now. Raises SpeechError."""
        digest = self._digest(text)
        found = self._cache.find(digest)
        return found if found is not None else self._once(text, digest)

    def at_once(self, text: str) -> Sound:
        """The same while somebody waits on the line."""
        return self.render(text)

    def prune(self) -> int:
        """Remove the least recently used sounds beyond the bound, none younger than an hour; how many."""
        return self._cache.prune()

    def _digest(self, text: str) -> str:
        recipe = self._engine.recipe(text)
        digest = self._memo.get((recipe, text))
        if digest is None:
            check(text)
            digest = hashlib.sha256(f"{recipe}\n{text}".encode()).hexdigest()
            if len(self._memo) >= MEMO_SIZE:
                self._memo.clear()
            self._memo[recipe, text] = digest
        return digest

    def _once(self, text: str, digest: str) -> Sound:
        """Made by one thread; whoever else wants it waits for that."""
        with self._guard:
            other = self._making.get(digest)
            if other is None:
                mine = self._making[digest] = Future[Sound]()
        if other is not None:
            return other.result()
        try:
            with self._makers:
                sound = self._cache.find(digest) or self._make(text, digest)
            mine.set_result(sound)
        except BaseException as error:
            mine.set_exception(error)
            raise
        finally:
            with self._guard:
                del self._making[digest]
        return sound

    def _make(self, text: str, digest: str) -> Sound:
        sound = self._cache.put(digest, audio.encoded(self._engine.speak(text), self._cache.form))
        self._since_prune += 1
        if self._since_prune >= PRUNE_EVERY:
            self._since_prune = 0
            self._cache.prune()
        return sound


class StandIn:
    """A voice, and a second one that speaks when the first fails, and at once when somebody waits on the line.

    What the second says is kept under its own name: the first is asked again as soon as it has rested.
    """

    def __init__(
        self, first: CachedVoice, second: CachedVoice, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._first, self._second, self._clock = first, second, clock
        self._guard = threading.Lock()
        self._failed: dict[str, float] = {}  # text -> when
        self._in_a_row = 0
        self._rests_until = self._silent_until = float("-inf")

    def find(self, text: str) -> Sound | None:
        """What either has said already."""
        return self._first.find(text) or self._second.find(text)

    def render(self, text: str) -> Sound:
        """Raises SpeechError when neither can say it."""
        found = self._first.find(text)
        if found is not None:
            return found
        began = self._clock()
        if began < self._rests_until or began < self._failed.get(text, float("-inf")) + REST_SECONDS:
            return self._second.render(text)
        try:
            sound = self._first.render(text)
        except SpeechError as error:
            self._note(text, str(error), self._clock() - began)
            return self._second.render(text)
        self._in_a_row = 0
        return sound

    def at_once(self, text: str) -> Sound:
        """What is there already, else by the second: the first may take its time."""
        return self._first.find(text) or self._second.render(text)

    def prune(self) -> int:
        return self._first.prune()

    def _note(self, text: str, problem: str, seconds: float) -> None:
        now = self._clock()
        with self._guard:
            self._in_a_row += 1
            if seconds > SLOW_SECONDS or self._in_a_row >= FAILURES:
                self._rests_until = now + REST_SECONDS
            if len(self._failed) >= MEMO_SIZE:
                self._failed.clear()
            self._failed[text] = now
            if now < self._silent_until:
                return
            self._silent_until = now + REST_SECONDS
        log.error(
            "the configured voice fails, callees hear the stand-in",
            problem=problem,
            remedy="`collector voice say` tries it",
        )


def check(text: str) -> None:
    """SpeechError when a text is empty, too long, or holds what is neither spoken nor a space."""
    if not any(char.isalnum() for char in text):
        raise SpeechError("there is nothing to say: the text is empty; look at the message's template")
    if len(text) > LONGEST_TEXT:
        raise SpeechError(
            f"a text of {len(text)} characters is too long to be said, {LONGEST_TEXT} is the most; "
            "shorten the template"
        )
    bad = {f"U+{ord(char):04X}" for char in text if unicodedata.category(char)[0] == "C" or char in "\u2028\u2029"}
    if bad:
        raise SpeechError(f"the text holds control characters ({', '.join(sorted(bad))}); take them out")
