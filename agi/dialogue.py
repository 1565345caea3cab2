"""What a conversation is told with: says lines, asks for keys, and keeps the facts each time they change."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

from agi.call import Call
from worker.core.enums import Heard, Result
from worker.core.model import TalkFacts
from worker.core.outcome import UNHEARD
from worker.core.script import Line
from worker.ports import Script

ALL_KEYS = "0123456789*#"
NEVER_AGAIN = "9"  # whenever it is pressed
WRONG = ""  # a key that means nothing there was pressed
ASKED_AT_MOST = 3  # a question, and two repeats
BEEP_SECONDS = 30.0  # the longest greeting of a machine that we wait for
KEYS_KEPT = 40  # what collector_outcome.keys_pressed holds; nobody means more


class NeverAgain(Exception):
    """9 was pressed, wherever we were."""


class Dialogue:
    """One call's verbs, and the facts. Every verb may raise Hangup, Unmanned (agi.call) and NeverAgain."""

    def __init__(self, call: Call, script: Script, wait: float, remember: Callable[[TalkFacts], None]) -> None:
        """`wait`: seconds for a key, after a question. `remember` is given the facts each time they changed."""
        self._call, self.script, self._wait, self._remember = call, script, wait, remember
        self._saying: Line | None = None
        self.facts = TalkFacts()

    @property
    def status(self) -> str:
        """The detector's verdict so far, of which silence is none; HUMAN once any key was pressed."""
        found = self._call.detection
        if self._call.pressed:
            return "HUMAN"
        return "NOTSURE" if found.cause.startswith(UNHEARD) else found.status

    @property
    def pressed(self) -> bool:
        return bool(self._call.pressed)

    def greet(self) -> None:
        self._saying = Line.GREETING
        said = self._call.greet(self.script.lines[Line.GREETING].name, keys=NEVER_AGAIN)
        self._played(said.seconds, said.key, complete=said.complete)

    def say(self, line: Line, keys: str = "") -> str | None:
        """The key that cut it short, if any."""
        return self.say_sounds(line, [self.script.lines[line].name], keys)

    def say_sounds(self, line: Line, sounds: Sequence[str], keys: str = "") -> str | None:
        """The same with other sounds."""
        self._saying = line
        names = sounds[0] if len(sounds) == 1 else sounds
        said = self._call.say(names, keys=_with_nine(keys))
        return self._played(said.seconds, said.key, complete=said.complete)

    def say_last(self, line: Line) -> None:
        """Nothing that is pressed now changes anything."""
        self._saying = line
        said = self._call.say(self.script.lines[line].name)
        self._played(said.seconds, None, complete=said.complete)

    def wait(self, keys: str, seconds: float | None = None) -> str | None:
        """The next of these keys, or None when time is up."""
        key = self._call.wait_key(_with_nine(keys), self._wait if seconds is None else seconds)
        self._note(self.facts)
        return self._checked(key)

    def ask_once(self, line: Line, keys: str) -> str | None:
        """The key; None: nobody pressed any; WRONG: another one, and he was told so."""
        key = self.say(line, ALL_KEYS) or self.wait(ALL_KEYS)
        if key is None or key in keys:
            return key
        return self.say(Line.INVALID, keys) or WRONG

    def ask(self, line: Line, keys: str) -> str | None:
        """The key; None when nobody pressed any, or nothing but wrong ones."""
        for _ in range(ASKED_AT_MOST):
            key = self.ask_once(line, keys)
            if key != WRONG:
                return key
        return None

    def wait_for_beep(self) -> bool:
        beep = self._call.wait_for_beep(BEEP_SECONDS)
        self._note(self.facts)
        return beep

    def transfer(self) -> bool:
        """Whether an agent took it."""
        return self._call.transfer()

    def learn(self, result: Result) -> None:
        """What is said last counts; nothing weaker can follow (agi/menu.py)."""
        self._note(replace(self.facts, result=result, promise_day=None))

    def promised(self, day: date) -> None:
        self._note(replace(self.facts, result=Result.PROMISE, promise_day=day))

    def cut_short(self, seconds: float) -> None:
        """The sound was stopped from outside, after so many seconds."""
        if self._saying is None:
            self._note(self.facts)
        else:
            self._played(seconds, None, complete=False)

    def _played(self, seconds: float, key: str | None, *, complete: bool) -> str | None:
        line, self._saying = self._saying, None
        self._note(_further(self.facts, line, seconds, complete=complete))
        return self._checked(key)

    def _checked(self, key: str | None) -> str | None:
        if key == NEVER_AGAIN:
            raise NeverAgain
        return key

    def _note(self, facts: TalkFacts) -> None:
        facts = replace(facts, keys=self._call.pressed[:KEYS_KEPT])  # also those nobody asked for
        if facts != self.facts:
            self.facts = facts
            self._remember(facts)


def _with_nine(keys: str) -> str:
    return keys if NEVER_AGAIN in keys else keys + NEVER_AGAIN


def _further(facts: TalkFacts, line: Line | None, seconds: float, *, complete: bool) -> TalkFacts:
    """The facts after so many more seconds of that line."""
    heard = facts.heard
    if line is Line.DEBT and complete:
        heard = Heard.ALL
    elif line is Line.DEBT and seconds > 0 and heard is not Heard.ALL:
        heard = Heard.PART
    elif heard is Heard.NOTHING and seconds > 0:
        heard = Heard.GREETING
    return replace(facts, heard=heard, heard_seconds=facts.heard_seconds + seconds)
