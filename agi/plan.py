"""An instance's choices of how to talk, and what a conversation may ask of the house while it lasts."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from worker.core.script import Offers


class Flow(StrEnum):
    MENU = "menu"
    MESSAGE = "message"  # the debt and goodbye, no menu


class OnMachine(StrEnum):
    """What is done when no person seems to listen, once the greeting and the question have been heard."""

    HANG_UP = "hang_up"
    MESSAGE = "message"  # a neutral one, after the beep
    HUMAN = "human"  # go on as with a person; without a key it still hears nothing of a debt


class OnDoubt(StrEnum):
    """What the detector's "not sure", or its silence, is taken for."""

    HUMAN = "human"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class ConversationPlan:
    """An instance's choices; see settings.Conversation."""

    key_wait_seconds: float = 6.0
    confirm: bool = True  # tell a debt only after "1, it is me"
    flow: Flow = Flow.MENU
    offers: Offers = field(default_factory=Offers)
    machine: OnMachine = OnMachine.HANG_UP
    not_sure: OnDoubt = OnDoubt.HUMAN


class Desk(Protocol):
    """Neither raises, nor takes longer than a second: somebody waits on the line."""

    def pay_line(self) -> str:
        """Digits of the oldest open bill's line (47 or 48); empty when not known."""
        ...

    def send(self) -> bool:
        """Ask for the line or a PIX code to be sent. True: that was written down durably and will be tried."""
        ...


class EmptyDesk:
    """Of an instance that offers neither."""

    def pay_line(self) -> str:
        return ""

    def send(self) -> bool:
        return False
