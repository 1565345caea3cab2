"""What is said to whoever picks up, from top to bottom; driven over AGI, over ARI, and by a script in tests."""

from collections.abc import Callable

from agi.call import Call, Hangup, Sign, Unmanned
from agi.dialogue import ASKED_AT_MOST, Dialogue, NeverAgain
from agi.menu import tell_debt
from agi.plan import ConversationPlan, Desk, OnDoubt, OnMachine
from worker.core.enums import Result
from worker.core.model import TalkFacts
from worker.core.script import Line
from worker.ports import Script

IT_IS_ME, IT_IS_NOT = "1", "2"  # and 9, never again, as at any moment (agi/dialogue.py)
SILENCES = 2  # so often we ask who it is when nobody presses a key


def hold(
    call: Call, script: Script, plan: ConversationPlan, desk: Desk, remember: Callable[[TalkFacts], None]
) -> TalkFacts:
    """Hold the conversation until one of both sides has had enough.

    A verdict of the detector cuts nobody off: it takes 30 to 70 % of living people for machines (facts/lab.md).
    Greeting and question are always heard once, with time to press a key, and a key makes a person of anybody.
    `remember` is given the facts each time they changed, so that nothing is lost with this process.
    `heard_seconds` counts every sound of ours that was played. Never raises Hangup.
    """
    talk = Dialogue(call, script, plan.key_wait_seconds, remember)
    try:
        try:
            _to_whoever_answers(talk, plan, desk)
        except NeverAgain:
            talk.learn(Result.OPT_OUT)
            talk.say_last(Line.GOODBYE_OPT_OUT)
    except Hangup as gone:
        talk.cut_short(gone.seconds)
    return talk.facts


def _to_whoever_answers(talk: Dialogue, plan: ConversationPlan, desk: Desk) -> None:
    try:
        talk.greet()
        key = _ask_who(talk, plan)
        if key is not None:
            _to_a_person(talk, plan, desk, key)
        elif _given_up(talk, plan):
            _to_a_machine(talk, plan, desk)
        elif plan.confirm or _is_machine(talk, plan):
            _farewell(talk, plan, desk)
        else:
            tell_debt(talk, plan, desk)
    except Unmanned as found:
        talk.cut_short(found.seconds)
        _to_no_person(talk, plan, desk, found.sign)


def _ask_who(talk: Dialogue, plan: ConversationPlan) -> str | None:
    """The key. None: no valid one, or a machine by all that is known."""
    silences = 0
    for _ in range(ASKED_AT_MOST):
        key = talk.ask_once(Line.WHO, IT_IS_ME + IT_IS_NOT)
        if key:
            return key
        silences += key is None
        if key is None and (silences == SILENCES or not plan.confirm or _given_up(talk, plan)):
            break
    return None


def _to_a_person(talk: Dialogue, plan: ConversationPlan, desk: Desk, key: str) -> None:
    if key == IT_IS_ME:
        talk.learn(Result.CONFIRMED)
        tell_debt(talk, plan, desk)
    else:
        talk.learn(Result.WRONG_PERSON)
        talk.say(Line.GOODBYE_WRONG_PERSON)


def _farewell(talk: Dialogue, plan: ConversationPlan, desk: Desk) -> None:
    """Kind, because it may be a person after all, who can still press a key while it is said."""
    key = talk.say(Line.GOODBYE_NO_KEY, IT_IS_ME + IT_IS_NOT)
    if key is not None:
        _to_a_person(talk, plan, desk, key)


def _to_a_machine(talk: Dialogue, plan: ConversationPlan, desk: Desk) -> None:
    """By the detector's verdict: greeting and question were heard, and nobody pressed a key."""
    if plan.machine is OnMachine.MESSAGE and talk.wait_for_beep():
        _leave_message(talk, plan, desk)
    elif talk.pressed:
        _ask_again(talk, plan, desk)
    else:
        _farewell(talk, plan, desk)


def _to_no_person(talk: Dialogue, plan: ConversationPlan, desk: Desk, sign: Sign) -> None:
    """By strong evidence, at any moment before a key was pressed. Hanging up needs no words here."""
    if plan.machine is OnMachine.HUMAN:
        _ask_again(talk, plan, desk)
    elif plan.machine is OnMachine.MESSAGE and sign is not Sign.FAX:
        if sign is Sign.BEEP or talk.wait_for_beep():
            _leave_message(talk, plan, desk)
        elif talk.pressed:
            _ask_again(talk, plan, desk)


def _leave_message(talk: Dialogue, plan: ConversationPlan, desk: Desk) -> None:
    key = None if talk.pressed else talk.say(Line.MACHINE_MESSAGE, IT_IS_ME + IT_IS_NOT)
    if key is not None:
        _to_a_person(talk, plan, desk, key)
    elif talk.pressed:
        _ask_again(talk, plan, desk)


def _ask_again(talk: Dialogue, plan: ConversationPlan, desk: Desk) -> None:
    key = _ask_who(talk, plan)
    if key is None:
        _farewell(talk, plan, desk)
    else:
        _to_a_person(talk, plan, desk, key)


def _is_machine(talk: Dialogue, plan: ConversationPlan) -> bool:
    status = talk.status
    return status == "MACHINE" or (status != "HUMAN" and plan.not_sure is OnDoubt.MACHINE)


def _given_up(talk: Dialogue, plan: ConversationPlan) -> bool:
    return plan.machine is not OnMachine.HUMAN and _is_machine(talk, plan)
