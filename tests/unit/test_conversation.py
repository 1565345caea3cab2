"""The conversation against debtors who follow a script: before and around the confirmation (menu: test_menu)."""

from dataclasses import replace

import pytest

from agi.call import Sign
from agi.conversation import hold
from agi.plan import ConversationPlan, Flow, OnDoubt, OnMachine
from tests.unit.house import FULL, SCRIPT, FakeDesk
from tests.unit.scripted import CUT_AT, SECONDS, ScriptedCall
from worker.core.enums import Heard, Result
from worker.core.model import TalkFacts

PLAN = ConversationPlan()
OPEN = ConversationPlan(confirm=False)
MESSAGE = ConversationPlan(machine=OnMachine.MESSAGE)
PATIENT = ConversationPlan(machine=OnMachine.HUMAN)


def talk(call: ScriptedCall, plan: ConversationPlan = PLAN, desk: FakeDesk | None = None) -> TalkFacts:
    notes: list[TalkFacts] = []
    facts = hold(call, SCRIPT, plan, desk or FakeDesk(), notes.append)
    assert facts == (notes[-1] if notes else TalkFacts())  # what was remembered last is the whole truth
    return facts


def test_who_confirms_hears_the_debt_and_the_menu() -> None:
    call = ScriptedCall(["1"])
    assert TalkFacts(Heard.ALL, 2 * SECONDS + CUT_AT + 2 * SECONDS, Result.CONFIRMED, "1") == talk(call)
    assert ["greeting", "who", "debt", "menu", "goodbye"] == call.said


def test_silence_is_asked_once_more_and_then_left_in_peace() -> None:
    call = ScriptedCall()
    assert TalkFacts(Heard.GREETING, 4 * SECONDS, Result.NONE, "") == talk(call)
    assert ["greeting", "who", "who", "goodbye_no_key"] == call.said


@pytest.mark.parametrize("verdict", ["MACHINE", "HUMAN", "NOTSURE", "HANGUP", ""])
@pytest.mark.parametrize("plan", [PLAN, MESSAGE, PATIENT, replace(PLAN, not_sure=OnDoubt.MACHINE)])
def test_a_key_makes_a_person_whatever_the_verdict(verdict: str, plan: ConversationPlan) -> None:
    call = ScriptedCall([None, "1"], amd=verdict)
    assert Result.CONFIRMED is talk(call, plan).result
    assert ["greeting", "who", "debt"] == call.said[:3]


ONCE = ["greeting", "who", "goodbye_no_key"]
TWICE = ["greeting", "who", "who", "goodbye_no_key"]
LEFT = ["greeting", "who", "machine_message"]


@pytest.mark.parametrize(
    ("verdict", "machine", "doubt", "said"),
    [
        # a machine, by all that is known: after the greeting and the question
        ("MACHINE", OnMachine.HANG_UP, OnDoubt.HUMAN, ONCE),
        ("MACHINE", OnMachine.MESSAGE, OnDoubt.HUMAN, LEFT),
        ("MACHINE", OnMachine.HUMAN, OnDoubt.HUMAN, TWICE),
        # not sure, or nothing known: as the instance says
        ("NOTSURE", OnMachine.HANG_UP, OnDoubt.HUMAN, TWICE),
        ("NOTSURE", OnMachine.HANG_UP, OnDoubt.MACHINE, ONCE),
        ("NOTSURE", OnMachine.MESSAGE, OnDoubt.MACHINE, LEFT),
        ("NOTSURE", OnMachine.HUMAN, OnDoubt.MACHINE, TWICE),
        ("", OnMachine.MESSAGE, OnDoubt.HUMAN, TWICE),
        ("", OnMachine.MESSAGE, OnDoubt.MACHINE, LEFT),
        # a person is never a machine
        ("HUMAN", OnMachine.HANG_UP, OnDoubt.MACHINE, TWICE),
        ("HUMAN", OnMachine.MESSAGE, OnDoubt.MACHINE, TWICE),
    ],
)
def test_who_is_taken_for_a_machine_gets_what_the_policy_says(
    verdict: str, machine: OnMachine, doubt: OnDoubt, said: list[str]
) -> None:
    call = ScriptedCall(amd=verdict)
    facts = talk(call, ConversationPlan(machine=machine, not_sure=doubt))
    assert (said, Result.NONE, Heard.GREETING) == (call.said, facts.result, facts.heard)


def test_a_message_waits_for_the_beep_and_without_one_there_is_a_goodbye() -> None:
    call = ScriptedCall(amd="MACHINE")
    talk(call, MESSAGE)
    assert ["beep", "say machine_message"] == call.log[-2:]
    quiet = ScriptedCall(amd="MACHINE", beep=False)
    talk(quiet, MESSAGE)
    assert ["beep", "say goodbye_no_key"] == quiet.log[-2:]


@pytest.mark.parametrize("beep", [True, False])
def test_a_key_while_the_beep_is_awaited_is_a_person_who_is_asked_again(*, beep: bool) -> None:
    call = ScriptedCall([None, None, "1"], amd="MACHINE", beep=beep, at_beep="5")
    facts = talk(call, MESSAGE)
    assert ["greeting", "who", "who", "debt"] == call.said[:4]
    assert (Result.CONFIRMED, "51") == (facts.result, facts.keys)


def test_who_presses_a_key_in_the_message_for_the_machine_is_a_person() -> None:
    call = ScriptedCall([None, None, "2"], amd="MACHINE")
    assert Result.WRONG_PERSON is talk(call, MESSAGE).result
    assert ["machine_message", "goodbye_wrong_person"] == call.said[-2:]
    wrong = ScriptedCall([None, None, "5", "1"], amd="MACHINE")
    assert Result.CONFIRMED is talk(wrong, MESSAGE).result
    assert ["machine_message", "who", "debt"] == wrong.said[2:5]


@pytest.mark.parametrize(("key", "result"), [("1", Result.CONFIRMED), ("2", Result.WRONG_PERSON)])
def test_a_misjudged_person_can_still_answer_while_we_say_goodbye(key: str, result: Result) -> None:
    assert result is talk(ScriptedCall([None, None, key], amd="MACHINE")).result


@pytest.mark.parametrize(
    ("keys", "result", "said", "heard"),
    [
        (["2"], Result.WRONG_PERSON, ["greeting", "who", "goodbye_wrong_person"], Heard.GREETING),
        (["9"], Result.OPT_OUT, ["greeting", "who", "goodbye_opt_out"], Heard.GREETING),
        # in the pause after WHO, and in its repetition
        ([None, "2"], Result.WRONG_PERSON, ["greeting", "who", "goodbye_wrong_person"], Heard.GREETING),
        ([None, None, "9"], Result.OPT_OUT, ["greeting", "who", "who", "goodbye_opt_out"], Heard.GREETING),
        # in the goodbyes: never again outweighs the wrong person
        (
            ["2", "9"],
            Result.OPT_OUT,
            ["greeting", "who", "goodbye_wrong_person", "goodbye_opt_out"],
            Heard.GREETING,
        ),
        ([None] * 4 + ["9"], Result.OPT_OUT, [*TWICE, "goodbye_opt_out"], Heard.GREETING),
        # while the debt is told, in the menu, in the last goodbye
        (["1", "9"], Result.OPT_OUT, ["greeting", "who", "debt", "goodbye_opt_out"], Heard.PART),
        (["1", None, "9"], Result.OPT_OUT, ["greeting", "who", "debt", "menu", "goodbye_opt_out"], Heard.ALL),
        (
            ["1", None, None, None, "9"],
            Result.OPT_OUT,
            ["greeting", "who", "debt", "menu", "goodbye", "goodbye_opt_out"],
            Heard.ALL,
        ),
        # a key that means nothing there: told so, and asked again
        (
            ["5", None, "1"],
            Result.CONFIRMED,
            ["greeting", "who", "invalid", "who", "debt", "menu", "goodbye"],
            Heard.ALL,
        ),
        # the right one while he is told so
        (["5", "1"], Result.CONFIRMED, ["greeting", "who", "invalid", "debt", "menu", "goodbye"], Heard.ALL),
        # nothing but wrong ones, and a wrong one then silence
        (
            ["5", None, "0", None, "#"],
            Result.NONE,
            ["greeting", *["who", "invalid"] * 3, "goodbye_no_key"],
            Heard.GREETING,
        ),
        (["5"], Result.NONE, ["greeting", "who", "invalid", "who", "who", "goodbye_no_key"], Heard.GREETING),
    ],
)
def test_keys_do_what_was_promised(keys: list[str | None], result: Result, said: list[str], heard: Heard) -> None:
    call = ScriptedCall(keys)
    facts = talk(call)
    assert (result, said, heard) == (facts.result, call.said, facts.heard)
    assert "".join(key for key in keys if key) == facts.keys


def test_never_again_counts_while_we_greet_and_other_keys_wait_for_the_question() -> None:
    call = ScriptedCall(at_greeting="9")
    assert Result.OPT_OUT is talk(call).result
    assert ["greeting", "goodbye_opt_out"] == call.said
    early = ScriptedCall(at_greeting="1")  # who has not heard whom we look for has confirmed nothing
    assert (Result.NONE, "1") == (talk(early).result, early.pressed)
    assert TWICE == early.said
    judged = ScriptedCall(at_greeting="1", amd="MACHINE")  # but has proved to be a person
    talk(judged)
    assert TWICE == judged.said


def test_an_instance_that_needs_no_confirmation_tells_a_person_at_once() -> None:
    call = ScriptedCall()
    assert (Heard.ALL, Result.NONE) == (talk(call, OPEN).heard, Result.NONE)
    assert ["greeting", "who", "debt", "menu", "goodbye"] == call.said


@pytest.mark.parametrize("machine", list(OnMachine))
def test_an_instance_that_needs_no_confirmation_tells_a_machine_nothing(machine: OnMachine) -> None:
    for sign in (None, 1, 2):
        call = ScriptedCall(amd="MACHINE", unmanned_at=sign)
        talk(call, replace(OPEN, machine=machine))
        assert "debt" not in call.said


def test_a_message_only_instance_tells_the_debt_and_says_goodbye() -> None:
    call = ScriptedCall(["1", "3"])
    facts = talk(call, ConversationPlan(flow=Flow.MESSAGE, offers=FULL))
    assert (["greeting", "who", "debt", "goodbye"], Result.CONFIRMED) == (call.said, facts.result)
    for keys in (["1", "9"], ["1", None, "9"]):
        assert Result.OPT_OUT is talk(ScriptedCall(keys), ConversationPlan(flow=Flow.MESSAGE)).result


# --- strong evidence -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sign", "machine", "said"),
    [
        (Sign.RECORDING, OnMachine.HANG_UP, ["greeting"]),
        (Sign.ANNOUNCEMENT, OnMachine.HANG_UP, ["greeting"]),
        (Sign.FAX, OnMachine.MESSAGE, ["greeting"]),  # nobody would hear it
        (Sign.RECORDING, OnMachine.MESSAGE, ["greeting", "machine_message"]),
        (Sign.RECORDING, OnMachine.HUMAN, ["greeting", "who", "who", "goodbye_no_key"]),
    ],
)
def test_strong_evidence_ends_a_call_at_once_as_the_policy_says(
    sign: Sign, machine: OnMachine, said: list[str]
) -> None:
    call = ScriptedCall(unmanned_at=0, sign=sign)
    facts = talk(call, ConversationPlan(machine=machine))
    assert (said, Result.NONE) == (call.said, facts.result)
    assert CUT_AT + SECONDS * (len(said) - 1) == facts.heard_seconds


def test_after_the_beep_itself_no_other_is_awaited() -> None:
    call = ScriptedCall(unmanned_at=1, sign=Sign.BEEP)
    talk(call, MESSAGE)
    assert ["say greeting", "say who", "say machine_message"] == call.log
    other = ScriptedCall(unmanned_at=1, beep=False)
    talk(other, MESSAGE)
    assert ["say greeting", "say who", "beep"] == other.log


def test_a_key_after_the_evidence_is_a_person_all_the_same() -> None:
    call = ScriptedCall(["1"], unmanned_at=0, at_beep="#", beep=False)
    assert Result.CONFIRMED is talk(call, MESSAGE).result
    assert ["greeting", "who", "debt"] == call.said[:3]
