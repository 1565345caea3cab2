"""A voice for somebody who is on the line: what was not rendered in time is made beside the first words."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Protocol

import structlog

from worker.ports import Sound

MAKERS = 2  # threads; who waits for a sound that nobody has begun makes it himself
TELL_EVERY = 60.0  # seconds

log = structlog.get_logger(__name__)


class Prompt(Protocol):
    """A voice that can be brief."""

    def find(self, text: str) -> Sound | None:
        """What is there already; None: it must be made."""
        ...

    def at_once(self, text: str) -> Sound:
        """Raises SpeechError."""
        ...


class WaitingVoice:
    """Implements worker.ports.Voice: `render` returns at once; only who uses a sound that is being made waits.

    It is rare: the worker renders before it dials. The cache may have been emptied since, or the day have changed.
    """

    def __init__(self, voice: Prompt, clock: Callable[[], float] = time.monotonic) -> None:
        self._voice, self._clock = voice, clock
        self._makers = ThreadPoolExecutor(MAKERS, thread_name_prefix="voice")
        self._guard = threading.Lock()
        self._late, self._silent_until = 0, float("-inf")

    def render(self, text: str) -> Sound:
        """Raises SpeechError where a text can never be said."""
        found = self._voice.find(text)
        if found is not None:
            return found
        self._note()
        return _Coming(partial(self._voice.at_once, text), self._makers)

    def _note(self) -> None:
        with self._guard:
            self._late += 1
            now = self._clock()
            if now < self._silent_until:
                return
            count, self._late, self._silent_until = self._late, 0, now + TELL_EVERY
        log.warning(
            "sounds made while somebody is on the line",
            count=count,
            remedy="were they removed? see pbx.sounds_megabytes",
        )


class _Coming(Sound):
    """A sound that is there as soon as somebody asks what it is called."""

    __setattr__ = object.__setattr__  # unlike a Sound it gets its name later

    def __init__(self, make: Callable[[], Sound], makers: ThreadPoolExecutor) -> None:
        self._make = make
        self._kept: Sound | None = None
        self._made: Future[Sound] = makers.submit(make)

    @property
    def name(self) -> str:
        return self._sound().name

    @property
    def seconds(self) -> float:
        return self._sound().seconds

    def _sound(self) -> Sound:
        """Raises SpeechError. What still stands in the queue, behind what others will say later, is made here."""
        if self._kept is None:
            self._kept = self._make() if self._made.cancel() else self._made.result()
        return self._kept
