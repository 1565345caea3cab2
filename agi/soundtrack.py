"""The callee's own sound, for as long as it is judged: what is heard over its line, and whether it opens like a
known recording. No I/O."""

from collections.abc import Callable
from typing import Final

from agi.call import Sound
from worker.core import soundprint
from worker.core.hearing import Audio
from worker.core.sound import Hearing
from worker.core.soundprint import Print

DEAF: Final = 0.5  # seconds of sound of which nothing has come over the line; it takes a tenth to open
LEARNING: Final = 3.0  # seconds that a line may stay open for the opening's sake alone

OpenSound = Callable[[], Sound | None]
Recognise = Callable[[Print], str]  # of an opening: the recording's name, or empty


class Soundtrack:
    """Of one call."""

    def __init__(self, recognise: Recognise) -> None:
        self._recognise = recognise
        self._hearing = Hearing()
        self._sound: Sound | None = None
        self._opened = 0.0  # seconds since the answer
        self._looks = list(soundprint.LOOKS)

    @property
    def open(self) -> bool:
        return self._sound is not None

    def hear_over(self, open_sound: OpenSound, now: float) -> None:
        """From now on."""
        self._opened, self._sound = now, open_sound()

    def take(self) -> None:
        """What has come since."""
        if self._sound is not None:
            self._hearing.hear(self._sound.take())

    def audio(self, sounded: float | None, now: float) -> Audio | None:
        """What was heard; `sounded`: when there was sound first. None: it should have been heard, and was not."""
        until = self._hearing.until if self._hearing.frames else max(self._opened, sounded or now)
        return self._hearing.audio() if self._sound is not None and now - until < DEAF else None

    @property
    def fax(self) -> bool:
        """Whether the tone of a fax that answers was heard."""
        return self._hearing.fax

    def recognised(self) -> str:
        """The recording's name, once in a while; empty: none that is known, or too early to say."""
        opening, frames = self._hearing.opening, 0
        while self._looks and len(opening) >= self._looks[0]:
            frames = self._looks.pop(0)
        heard = soundprint.printed(opening, frames)
        return "" if heard is None else self._recognise(heard)

    def learned(self, now: float) -> bool:
        """Whether all of the opening was heard, or there is no more to wait for."""
        return len(self._hearing.opening) >= soundprint.LENGTH or now > self._opened + LEARNING

    def end(self) -> None:
        """Nothing more is judged by it. May be called again."""
        if self._sound is not None:
            self.take()
            self._sound.stop()
            self._sound = None

    def remains(self) -> tuple[Audio | None, str]:
        """Of a call that is over: what was heard (None: there was no line), and its whole opening or nothing."""
        if not self._hearing.frames:
            return None, ""
        whole = soundprint.printed(self._hearing.opening)
        opening = str(whole) if whole is not None and whole.frames == soundprint.LENGTH else ""
        return self._hearing.audio(), opening
