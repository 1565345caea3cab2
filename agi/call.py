"""What a conversation may do with a call, whichever way the call reached us (AGI, ARI, a script in a test)."""

from dataclasses import dataclass
from typing import Protocol


class Hangup(Exception):
    """The line is gone. Not an error: every conversation must expect it.

    `seconds` is how much of the interrupted sound had been played.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__("the line is gone")
        self.seconds = seconds


@dataclass(frozen=True, slots=True)
class Said:
    """What came of saying something: the key that ended it, if any, and how much was played."""

    key: str | None
    seconds: float
    complete: bool  # played to its end


@dataclass(frozen=True, slots=True)
class Detection:
    """AMD's verdict, verbatim: AMDSTATUS and AMDCAUSE."""

    status: str
    cause: str


class Call(Protocol):
    """Verbs return one result; any of them raises Hangup when the line goes."""

    @property
    def pressed(self) -> str:
        """Every key so far, asked for or not, in order."""
        ...

    def say(self, sound: str, *, keys: str = "") -> Said:
        """Play one sound (Asterisk's name, no extension); a key out of `keys` stops it at once."""
        ...

    def wait_key(self, keys: str, seconds: float) -> str | None:
        """The next key out of `keys`, or None when time is up. Other keys are ignored but recorded."""
        ...

    def detect_answerer(self) -> Detection:
        """Listen (AMD) for who picked up; takes up to its total analysis time."""
        ...

    def remember(self, talk: str) -> None:
        """Put the conversation's state on the channel, so that the CDR has it even if we die."""
        ...

    def hang_up(self) -> None:
        """End the call from our side."""
        ...
