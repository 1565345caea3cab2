"""What a conversation may do with a call, whichever way the call reached us (AGI, ARI, a script in a test)."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from worker.core.sound import Packet


class Sign(StrEnum):
    """Strong evidence that no person listens; a verdict of AMD alone is none (facts: lab.md)."""

    ANNOUNCEMENT = "announcement"  # of the carrier, before the answer
    BEEP = "beep"
    RECORDING = "recording"  # an opening known from other numbers
    FAX = "fax"


class Hangup(Exception):
    """The line is gone. Not an error: every conversation must expect it.

    `seconds` is how much of the interrupted sound had been played.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__("the line is gone")
        self.seconds = seconds


class Unmanned(Exception):
    """Strong evidence came that no person listens. Raised at most once a call, by `greet`, `say` or `wait_key` at
    that moment (the sound is stopped), and never after a key was pressed.

    `seconds` is how much of the interrupted sound had been played.
    """

    def __init__(self, sign: Sign, seconds: float = 0.0) -> None:
        super().__init__(f"no person listens: {sign}")
        self.sign, self.seconds = sign, seconds


@dataclass(frozen=True, slots=True)
class Said:
    """What came of saying something: the key that ended it, if any, and how much was played."""

    key: str | None
    seconds: float
    complete: bool  # played to its end


@dataclass(frozen=True, slots=True)
class Detection:
    """Who picked up, as far as is known: the detector's status and cause, verbatim. Empty: nothing known yet."""

    status: str = ""  # HUMAN, MACHINE, NOTSURE, HANGUP or empty, as AMDSTATUS
    cause: str = ""  # as AMDCAUSE: the figures the verdict was made from


class Sound(Protocol):
    """The callee's own sound, as it comes. Neither blocks; from any thread."""

    def take(self) -> Sequence[Packet]:
        """What has come since the last time, in order. Lost packets are missing."""
        ...

    def stop(self) -> None:
        """Enough was heard. May be called again."""
        ...


class Call(Protocol):
    """Verbs return one result; any of them raises Hangup when the line goes."""

    @property
    def pressed(self) -> str:
        """Every key so far, asked for or not, in order."""
        ...

    @property
    def detection(self) -> Detection:
        """What is known by now of who picked up. Never blocks."""
        ...

    def greet(self, sound: str, *, keys: str = "") -> Said:
        """The first words, and from then on listen for who picked up. Over ARI listening goes on beside everything
        that follows; over AGI the detector has decided when this returns."""
        ...

    def say(self, sound: str | Sequence[str], *, keys: str = "") -> Said:
        """Play one sound, or several without a pause between (Asterisk's names, no extension).

        A key out of `keys` stops it at once.
        """
        ...

    def wait_key(self, keys: str, seconds: float) -> str | None:
        """The next key out of `keys`, or None when time is up. Other keys are ignored but recorded."""
        ...

    def wait_for_beep(self, seconds: float) -> bool:
        """Until a machine has finished its greeting: True at its beep, or at a lasting silence after it spoke;
        False when time is up. From then on what is said is recorded by the machine."""
        ...

    def transfer(self) -> bool:
        """Hand the callee over to the instance's agents (queue or extension) and wait.

        False: nobody took it, and the callee is here again. True: somebody did; the call is theirs (or over).
        """
        ...

    def remember(self, talk: str) -> None:
        """Put the conversation's state on the channel, so that the CDR has it even if we die."""
        ...

    def hang_up(self) -> None:
        """End the call from our side."""
        ...
