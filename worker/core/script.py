"""What can be said in a call, by name, and what may be offered. Words: config/messages; order: agi/."""

from dataclasses import dataclass
from enum import StrEnum


class Line(StrEnum):
    """One template each; one sound each, PROMISED excepted, which has one a day offered."""

    GREETING = "greeting"  # short and neutral: who calls, no more
    WHO = "who"  # whom we want to speak to, and which key means what; nothing of a debt
    INVALID = "invalid"  # that key means nothing here
    DEBT = "debt"  # total, number of bills, oldest due date
    MENU = "menu"  # keys after the debt was told
    PAY_MENU = "pay_menu"  # hear the digitable line, or have it sent
    PAY_LINE = "pay_line"  # before the digits
    PAY_AGAIN = "pay_again"  # after them: again, or back
    PAY_UNKNOWN = "pay_unknown"  # there is no line to be said now
    PAY_SENT = "pay_sent"  # it will be sent
    PAY_NOT_SENT = "pay_not_sent"  # it could not be asked for
    PROMISE = "promise"  # which day
    PROMISED = "promised"  # the day said back, and the key for another one
    PAID = "paid"  # thanks to who says that it is paid
    AGENT = "agent"  # one moment, you are being put through
    AGENT_BUSY = "agent_busy"  # nobody took the call
    GOODBYE = "goodbye"  # after the debt was told
    GOODBYE_NO_KEY = "goodbye_no_key"  # nobody confirmed; nothing of a debt
    GOODBYE_WRONG_PERSON = "goodbye_wrong_person"
    GOODBYE_OPT_OUT = "goodbye_opt_out"
    MACHINE_MESSAGE = "machine_message"  # after the beep of a machine; nothing of a debt


BEFORE_CONFIRMATION = frozenset(
    {
        Line.GREETING,
        Line.WHO,
        Line.INVALID,
        Line.GOODBYE_NO_KEY,
        Line.GOODBYE_WRONG_PERSON,
        Line.GOODBYE_OPT_OUT,
        Line.MACHINE_MESSAGE,
    }
)  # must hold nothing of a debt

TRANSFERS_AT_MOST = 2  # so often agents are rung in one call
AGENT_GRACE_SECONDS = 5  # beyond the ringing of an agent, until we give up waiting for the PBX to give up


@dataclass(frozen=True, slots=True)
class Offers:
    """What an instance offers after the debt was told. What it does not offer is neither named nor accepted."""

    repeats: int = 2  # how often the debt is said again
    say_line: bool = False  # the digitable line, said
    send: bool = False  # the line or a PIX code, sent by message
    promise_days: tuple[int, ...] = ()  # days from today, to choose one of
    paid: bool = True  # "I have already paid"
    agent: bool = False  # to speak to somebody

    @property
    def pay(self) -> bool:
        return self.say_line or self.send

    @property
    def keys(self) -> str:
        """Of the menu; 9, never again, is always one."""
        offered = {"1": self.repeats, "2": self.pay, "3": self.promise_days, "4": self.paid, "0": self.agent}
        return "".join(key for key, there in offered.items() if there) + "9"

    @property
    def lines(self) -> tuple[Line, ...]:
        """What may have to be said."""
        wanted = {
            Line.PAY_MENU: self.say_line and self.send,
            Line.PAY_LINE: self.say_line,
            Line.PAY_AGAIN: self.say_line,
            Line.PAY_UNKNOWN: self.say_line,
            Line.PAY_SENT: self.send,
            Line.PAY_NOT_SENT: self.send,
            Line.PROMISE: bool(self.promise_days),
            Line.PROMISED: False,
            Line.PAID: self.paid,
            Line.AGENT: self.agent,
            Line.AGENT_BUSY: self.agent,
        }
        return tuple(line for line in Line if wanted.get(line, True))
