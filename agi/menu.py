"""What is told and offered once the callee has said who they are: the debt, how to pay, a day, an agent."""

from collections.abc import Iterator
from enum import Enum, auto

from agi.dialogue import ALL_KEYS, ASKED_AT_MOST, Dialogue
from agi.plan import ConversationPlan, Desk, Flow
from worker.core.enums import Result
from worker.core.script import TRANSFERS_AT_MOST, Line

MENUS_AT_MOST = 8  # so often the menu is come back to; nobody is kept on the line for ever
AGAIN, BACK = "1", "2"  # of the digitable line
HEAR_IT, SEND_IT = "1", "2"  # of the ways to pay
OTHER_DAY = "3"
WRITING_SECONDS = 0.5  # a digit, after each group: spoken and written down at about a digit a second

# The digitable line as it is printed: of a bank's bill (47), of a utility's (48).
_GROUPS = {47: (5, 5, 5, 6, 5, 6, 1, 4, 5, 5), 48: (4,) * 12}


class Next(Enum):
    MENU = auto()
    GOODBYE = auto()
    NOTHING = auto()  # the call is an agent's now


def tell_debt(talk: Dialogue, plan: ConversationPlan, desk: Desk) -> None:
    """The debt, then what the instance offers, then goodbye."""
    if plan.flow is Flow.MESSAGE:
        talk.say(Line.DEBT)
        talk.say(Line.GOODBYE)
    elif _Menu(talk, plan, desk).hold() is not Next.NOTHING:
        talk.say(Line.GOODBYE)


class _Menu:
    def __init__(self, talk: Dialogue, plan: ConversationPlan, desk: Desk) -> None:
        self._talk, self._offers, self._desk = talk, plan.offers, desk
        self._repeats = plan.offers.repeats
        self._transfers = TRANSFERS_AT_MOST
        self._sent = False

    def hold(self) -> Next:
        """A key of the menu counts while the debt is told. Not 1: who confirmed by 1 twice wants to listen."""
        talk, keys = self._talk, self._offers.keys
        key = talk.say(Line.DEBT, keys.replace("1", ""))
        for _ in range(MENUS_AT_MOST):
            key = key or talk.ask(Line.MENU, keys)
            if key == "1" and self._repeats:
                self._repeats -= 1
                key = talk.say(Line.DEBT, keys.replace("1", ""))
                continue
            after = self._do(key)
            if after is not Next.MENU:
                return after
            key = None
        return Next.GOODBYE

    def _do(self, key: str | None) -> Next:
        if key == "2":
            return self._pay()
        if key == "3":
            return self._promise()
        if key == "4":
            self._talk.learn(Result.SAYS_PAID)
            self._talk.say(Line.PAID)
        if key == "0":
            return self._speak_to_somebody()
        return Next.GOODBYE

    def _pay(self) -> Next:
        way: str | None = HEAR_IT if self._offers.say_line else SEND_IT
        if self._offers.say_line and self._offers.send:
            way = self._talk.ask(Line.PAY_MENU, HEAR_IT + SEND_IT)
        if way == HEAR_IT:
            self._say_line(self._desk.pay_line())
        elif way == SEND_IT:
            self._sent = self._sent or self._desk.send()
            self._talk.say(Line.PAY_SENT if self._sent else Line.PAY_NOT_SENT)
        return Next.MENU

    def _say_line(self, digits: str) -> None:
        """In groups, with time to write each down."""
        if not all(digit in self._talk.script.digits for digit in digits) or len(digits) not in _GROUPS:
            self._talk.say(Line.PAY_UNKNOWN)
            return
        for left in range(ASKED_AT_MOST - 1, -1, -1):
            key = self._talk.say(Line.PAY_LINE, AGAIN + BACK) or self._dictate(digits)
            if key is None and left:
                key = self._talk.ask(Line.PAY_AGAIN, AGAIN + BACK)
            if key != AGAIN:
                return

    def _dictate(self, digits: str) -> str | None:
        """The key that cut it short, if any."""
        for group in groups(digits):
            sounds = [self._talk.script.digits[digit].name for digit in group]
            key = self._talk.say_sounds(Line.PAY_LINE, sounds, AGAIN + BACK)
            key = key or self._talk.wait(AGAIN + BACK, len(group) * WRITING_SECONDS)
            if key:
                return key
        return None

    def _promise(self) -> Next:
        days = self._talk.script.days
        keys = ALL_KEYS[1 : 1 + len(days)]
        for _ in range(ASKED_AT_MOST):
            key = self._talk.ask(Line.PROMISE, keys)
            if key is None:
                break
            day, said_back = days[int(key) - 1]
            self._talk.promised(day)  # at once: who hangs up while it is said back has promised
            key = self._talk.say_sounds(Line.PROMISED, [said_back.name], ALL_KEYS) or self._talk.wait(ALL_KEYS)
            if key != OTHER_DAY:
                break
        return Next.GOODBYE if self._talk.facts.result is Result.PROMISE else Next.MENU

    def _speak_to_somebody(self) -> Next:
        self._talk.learn(Result.WANTS_AGENT)
        if self._transfers:
            self._transfers -= 1
            self._talk.say(Line.AGENT)
            if self._talk.transfer():
                self._talk.learn(Result.TRANSFERRED)
                return Next.NOTHING
        self._talk.say(Line.AGENT_BUSY)
        return Next.MENU


def groups(digits: str) -> Iterator[str]:
    """A digitable line in the parts in which it is read out and written down."""
    start = 0
    for length in _GROUPS[len(digits)]:
        yield digits[start : start + length]
        start += length
