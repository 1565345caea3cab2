"""What is said to whoever picks up, from top to bottom; driven over AGI, over ARI, and by a script in tests."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from agi.call import Call, Hangup
from worker.core.enums import Heard, Result
from worker.core.model import TalkFacts
from worker.core.script import Line
from worker.ports import Sound

BEFORE = "129"  # 1 it is me, 2 it is not me, 9 never call again
AFTER = "19"  # 1 repeat, 9 never call again
KEYS_KEPT = 40  # what collector_outcome.keys_pressed holds; nobody means more


@dataclass(frozen=True, slots=True)
class ConversationPlan:
    """An instance's choices; see settings.Conversation."""

    key_wait_seconds: float = 6.0
    repeats: int = 2  # how often the debt is said again on request
    confirm: bool = True  # tell a debt only after "1, it is me"


def hold(
    call: Call, sounds: Mapping[Line, Sound], plan: ConversationPlan, remember: Callable[[TalkFacts], None]
) -> TalkFacts:
    """Hold the conversation until one of both sides has had enough.

    AMD's verdict cuts nobody off: it takes 30 to 70 % of living people for machines (facts/lab.md). A machine
    hears the neutral WHO once and no debt; a key makes it a person.
    `remember` is given the facts each time they changed, so that nothing is lost with this process.
    `heard_seconds` counts every sound of ours that was played. Never raises Hangup.
    """
    talk = _Talk(call, sounds, plan, remember)
    try:
        talk.say(Line.GREETING)
        machine = call.detect_answerer().status == "MACHINE"
        key = talk.ask(Line.WHO, BEFORE)
        if key is None and plan.confirm and not machine:
            key = talk.ask(Line.WHO, BEFORE)

        if key == "1":
            talk.learn(Result.CONFIRMED)
            _tell_debt(talk, plan.repeats)
        elif key == "2":
            talk.learn(Result.WRONG_PERSON)
            talk.say(Line.GOODBYE_WRONG_PERSON)
        elif key == "9":
            talk.learn(Result.OPT_OUT)
            talk.say(Line.GOODBYE_OPT_OUT)
        elif plan.confirm or machine:
            talk.say(Line.GOODBYE_NO_KEY)
        else:
            _tell_debt(talk, plan.repeats)
    except Hangup as gone:
        talk.cut_short(gone.seconds)
    return talk.facts


def _tell_debt(talk: "_Talk", repeats: int) -> None:
    """The debt, and again on request. A 9 counts at any moment, also while the debt is being told."""
    for left in range(repeats, -1, -1):
        key = talk.say(Line.DEBT, "9") or talk.ask(Line.MENU, AFTER)
        if key == "9":
            talk.learn(Result.OPT_OUT)
            talk.say(Line.GOODBYE_OPT_OUT)
            return
        if key is None or not left:
            break
    talk.say(Line.GOODBYE)


class _Talk:
    """Keeps the facts while the verbs are used."""

    def __init__(
        self,
        call: Call,
        sounds: Mapping[Line, Sound],
        plan: ConversationPlan,
        remember: Callable[[TalkFacts], None],
    ) -> None:
        self._call, self._sounds, self._plan, self._remember = call, sounds, plan, remember
        self._saying: Line | None = None
        self.facts = TalkFacts()

    def say(self, line: Line, keys: str = "") -> str | None:
        """The key that cut it short, if any."""
        self._saying = line
        said = self._call.say(self._sounds[line].name, keys=keys)
        self._saying = None
        self._note(_further(self.facts, line, said.seconds, complete=said.complete))
        return said.key

    def ask(self, line: Line, keys: str) -> str | None:
        """Say it and wait for one of the keys."""
        if key := self.say(line, keys):
            return key
        key = self._call.wait_key(keys, self._plan.key_wait_seconds)
        self._note(self.facts)
        return key

    def learn(self, result: Result) -> None:
        self._note(replace(self.facts, result=result))

    def cut_short(self, seconds: float) -> None:
        """The line went, after so many seconds of what was being said."""
        if self._saying is None:
            self._note(self.facts)
        else:
            self._note(_further(self.facts, self._saying, seconds, complete=False))

    def _note(self, facts: TalkFacts) -> None:
        facts = replace(facts, keys=self._call.pressed[:KEYS_KEPT])  # also those nobody asked for
        if facts != self.facts:
            self.facts = facts
            self._remember(facts)


def _further(facts: TalkFacts, line: Line, seconds: float, *, complete: bool) -> TalkFacts:
    """The facts after so many more seconds of that line."""
    heard = facts.heard
    if line is Line.DEBT and complete:
        heard = Heard.ALL
    elif line is Line.DEBT and seconds > 0 and heard is not Heard.ALL:
        heard = Heard.PART
    elif heard is Heard.NOTHING and seconds > 0:
        heard = Heard.GREETING
    return replace(facts, heard=heard, heard_seconds=facts.heard_seconds + seconds)
