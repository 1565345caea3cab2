"""A call whose callee sits at this terminal: what would be said is printed, keys come from the keyboard."""

import os
import select
import subprocess
import sys
import termios
import time
import tty
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self, TextIO

from agi.call import Detection, Hangup, Said

HANG_UP = "h"
END = "\x04"  # Ctrl-D
ALL_KEYS = "0123456789*#"
POLL_SECONDS = 0.05


class Keys(Protocol):
    """Where keys come from."""

    def next(self, seconds: float) -> str | None:
        """The next key within so many seconds. Raises Hangup."""
        ...

    def during(self, seconds: float) -> str | None:
        """The same, while something is being said."""
        ...


class LineKeys:
    """No terminal: each question is answered by a line, an empty one is silence, and so is the end of them."""

    def __init__(self, lines: TextIO) -> None:
        self._lines = lines

    def next(self, seconds: float) -> str | None:  # noqa: ARG002  nobody is waited for
        pressed = self._lines.readline().strip()[:1]
        if pressed == HANG_UP:
            raise Hangup
        return pressed if pressed in ALL_KEYS and pressed else None

    def during(self, seconds: float) -> str | None:
        time.sleep(seconds)
        return None


class TerminalKeys:
    """Single key presses, as soon as they come. A context manager: the terminal is put back as it was."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def __enter__(self) -> Self:
        self._before = termios.tcgetattr(self._descriptor)
        tty.setcbreak(self._descriptor)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    def next(self, seconds: float) -> str | None:
        deadline = time.monotonic() + seconds
        while True:
            left = max(0.0, deadline - time.monotonic())
            if not select.select([self._descriptor], [], [], left)[0]:
                return None
            pressed = os.read(self._descriptor, 1).decode(errors="replace")
            if pressed in ("", HANG_UP, END):
                raise Hangup
            if pressed in ALL_KEYS:
                return pressed

    def during(self, seconds: float) -> str | None:
        return self.next(seconds)


@dataclass(frozen=True, slots=True)
class Utterance:
    """What stands behind the name of a sound."""

    text: str
    seconds: float
    play: tuple[str, ...] = ()  # the command that plays it; empty: it is only printed


class TerminalCall:
    """`agi.call.Call`. `status`: what the detector takes the callee for."""

    def __init__(
        self,
        keys: Keys,
        utterances: Mapping[str, Utterance],
        *,
        status: str = "HUMAN",
        show: Callable[[str], None] = print,
    ) -> None:
        self._keys, self._utterances, self._status, self._show = keys, utterances, status, show
        self.pressed = ""

    @property
    def detection(self) -> Detection:
        return Detection(self._status, "TALK")

    def greet(self, sound: str, *, keys: str = "") -> Said:
        return self.say(sound, keys=keys)

    def say(self, sound: str | Sequence[str], *, keys: str = "") -> Said:
        said = [self._utterances[name] for name in ([sound] if isinstance(sound, str) else sound)]
        self._show(f"» {' '.join(one.text for one in said)}")
        played = 0.0
        for one in said:
            heard, key = self._play(one, keys)
            played += heard
            if key is not None:
                return Said(key, played, complete=False)
        return Said(None, played, complete=True)

    def wait_key(self, keys: str, seconds: float) -> str | None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            key = self._press(self._keys.next(left))
            if key is None or key in keys:
                return key
        return None

    def wait_for_beep(self, seconds: float) -> bool:
        self._show(f"  (a beep is awaited, for at most {seconds:.0f} seconds; here it comes at once)")
        return True

    def transfer(self) -> bool:
        self._show("  (an agent is rung: 1, he takes the call; anything else, or nothing: he does not)")
        return self._keys.next(20.0) == "1"

    def remember(self, talk: str) -> None:
        """There is no channel."""

    def hang_up(self) -> None:
        self._show("  (we hang up)")

    def _play(self, one: Utterance, keys: str) -> tuple[float, str | None]:
        """Seconds heard, and the key that cut it short. What is only printed is heard whole, at once."""
        if not one.play:
            key = self._press(self._keys.during(0.0))
            return (0.0, key) if key is not None and key in keys else (one.seconds, None)
        began = time.monotonic()
        with subprocess.Popen(one.play, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as player:
            try:
                while player.poll() is None:
                    key = self._press(self._keys.during(POLL_SECONDS))
                    if key is not None and key in keys:
                        return time.monotonic() - began, key
            finally:
                player.terminate()
        if player.returncode:
            self._show(f"  (not played: {one.play[-1]})")
        return one.seconds, None

    def _press(self, key: str | None) -> str | None:
        if key is not None:
            self.pressed += key
            self._show(f"  [{key}]")
        return key


def keyboard_is_terminal() -> bool:
    return sys.stdin.isatty()
