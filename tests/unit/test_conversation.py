"""The conversation against debtors who follow a script: every branch, and the line lost at every verb."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi.call import Said
from agi.conversation import ConversationPlan, hold
from tests.unit.scripted import CUT_AT, SECONDS, ScriptedCall
from worker.core.enums import Heard, Result
from worker.core.model import TalkFacts
from worker.core.script import BEFORE_CONFIRMATION, Line
from worker.ports import Sound

SOUNDS = {line: Sound(line.value, SECONDS) for line in Line}
PLAN = ConversationPlan(key_wait_seconds=6.0, repeats=2)
OPEN = ConversationPlan(confirm=False)


def talk(call: ScriptedCall, plan: ConversationPlan = PLAN) -> TalkFacts:
    notes: list[TalkFacts] = []
    facts = hold(call, SOUNDS, plan, notes.append)
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


def test_a_machine_is_asked_once_only() -> None:
    call = ScriptedCall(amd="MACHINE")
    assert Heard.GREETING is talk(call).heard
    assert ["greeting", "who", "goodbye_no_key"] == call.said


@pytest.mark.parametrize("verdict", ["MACHINE", "HUMAN", "NOTSURE", "HANGUP", ""])
def test_a_key_makes_a_person_whatever_the_verdict(verdict: str) -> None:
    assert Result.CONFIRMED is talk(ScriptedCall(["1"], amd=verdict)).result


@pytest.mark.parametrize(
    ("keys", "result", "said", "heard"),
    [
        (["2"], Result.WRONG_PERSON, ["greeting", "who", "goodbye_wrong_person"], Heard.GREETING),
        (["9"], Result.OPT_OUT, ["greeting", "who", "goodbye_opt_out"], Heard.GREETING),
        # in the pause after WHO, and in its repetition
        ([None, "2"], Result.WRONG_PERSON, ["greeting", "who", "goodbye_wrong_person"], Heard.GREETING),
        ([None, None, "9"], Result.OPT_OUT, ["greeting", "who", "who", "goodbye_opt_out"], Heard.GREETING),
        # never again: while the debt is told, in the menu, after a repetition
        (["1", "9"], Result.OPT_OUT, ["greeting", "who", "debt", "goodbye_opt_out"], Heard.PART),
        (["1", None, "9"], Result.OPT_OUT, ["greeting", "who", "debt", "menu", "goodbye_opt_out"], Heard.ALL),
        (
            ["1", None, "1", "9"],
            Result.OPT_OUT,
            ["greeting", "who", "debt", "menu", "debt", "goodbye_opt_out"],
            Heard.ALL,
        ),
        # a key that means nothing there changes nothing
        (
            ["5", "1", None, None, None],
            Result.CONFIRMED,
            ["greeting", "who", "debt", "menu", "goodbye"],
            Heard.ALL,
        ),
    ],
)
def test_keys_do_what_was_promised(keys: list[str | None], result: Result, said: list[str], heard: Heard) -> None:
    call = ScriptedCall(keys)
    facts = talk(call)
    assert (result, said, heard) == (facts.result, call.said, facts.heard)
    assert "".join(key for key in keys if key) == facts.keys


def test_the_debt_is_repeated_on_request_and_not_for_ever() -> None:
    call = ScriptedCall(["1", *[None, "1"] * 9])
    talk(call)
    assert 3 == call.said.count("debt")
    assert "goodbye" == call.said[-1]


def test_without_repeats_the_menu_is_still_said_because_it_tells_how_to_opt_out() -> None:
    call = ScriptedCall(["1", None, "1"])
    talk(call, ConversationPlan(repeats=0))
    assert ["greeting", "who", "debt", "menu", "goodbye"] == call.said


def test_an_instance_that_needs_no_confirmation_tells_a_person_at_once() -> None:
    call = ScriptedCall()
    assert (Heard.ALL, Result.NONE) == (talk(call, OPEN).heard, Result.NONE)
    assert ["greeting", "who", "debt", "menu", "goodbye"] == call.said


def test_an_instance_that_needs_no_confirmation_tells_a_machine_nothing() -> None:
    call = ScriptedCall(amd="MACHINE")
    talk(call, OPEN)
    assert ["greeting", "who", "goodbye_no_key"] == call.said


SCRIPTS = [
    ([], PLAN),
    ([], OPEN),
    (["1", None, "1", None, "1"], PLAN),
    (["2"], PLAN),
    (["9"], PLAN),
    ([None, None, None, "1", None, "9"], PLAN),
]


@pytest.mark.parametrize(("keys", "plan"), SCRIPTS)
def test_the_line_may_go_at_any_verb(keys: list[str | None], plan: ConversationPlan) -> None:
    whole = ScriptedCall(keys)
    talk(whole, plan)
    for moment in range(whole.verbs):
        call = ScriptedCall(keys, hang_up_at=moment)
        facts = talk(call, plan)
        assert moment + 1 == call.verbs  # nothing is tried on a dead line
        assert whole.log[: len(call.log)] == call.log
        assert call.pressed == facts.keys
        debts = [said for said in call.said if said == "debt"]
        assert bool(debts) == (facts.heard in (Heard.PART, Heard.ALL))


def test_seconds_of_a_sound_cut_by_a_hang_up_count() -> None:
    assert TalkFacts(Heard.GREETING, CUT_AT) == talk(ScriptedCall(hang_up_at=0))
    assert TalkFacts(Heard.GREETING, SECONDS) == talk(ScriptedCall(hang_up_at=1))  # while AMD listens
    part = talk(ScriptedCall(["1"], hang_up_at=3))
    assert (Heard.PART, SECONDS + 2 * CUT_AT) == (part.heard, part.heard_seconds)


def test_a_debt_heard_whole_once_stays_whole_when_the_repetition_is_cut() -> None:
    call = ScriptedCall(["1", None, "1"], hang_up_at=5)
    assert Heard.ALL is talk(call).heard
    assert ["debt", "menu", "debt"] == call.said[2:]


class Mute(ScriptedCall):
    """A PBX that has lost the sound files."""

    def say(self, sound: str, *, keys: str = "") -> Said:
        super().say(sound, keys=keys)
        return Said(None, 0.0, complete=False)


def test_sounds_that_could_not_be_played_were_not_heard() -> None:
    assert Heard.NOTHING is talk(Mute(["1"])).heard


moments = st.lists(st.sampled_from([None, None, *"0123456789*#"]), max_size=14)
verdicts = st.sampled_from(["HUMAN", "MACHINE", "NOTSURE", ""])
lost = st.none() | st.integers(0, 20)


@given(keys=moments, amd=verdicts, hang_up_at=lost, repeats=st.integers(0, 2))
def test_no_word_of_a_debt_before_the_callee_confirmed(
    keys: list[str | None], amd: str, hang_up_at: int | None, repeats: int
) -> None:
    call = ScriptedCall(keys, amd=amd, hang_up_at=hang_up_at)
    facts = talk(call, ConversationPlan(repeats=repeats))
    confirmed = False
    for step in call.log:
        confirmed = confirmed or step == "key 1"
        if step.startswith("say "):
            assert confirmed or Line(step.removeprefix("say ")) in BEFORE_CONFIRMATION
    assert facts.heard_seconds >= 0
    assert call.said.count("debt") <= 1 + repeats


@given(keys=moments, amd=verdicts, hang_up_at=lost, confirm=st.booleans())
def test_every_change_is_remembered_and_nothing_heard_is_unheard(
    keys: list[str | None], amd: str, hang_up_at: int | None, *, confirm: bool
) -> None:
    notes: list[TalkFacts] = []
    facts = hold(
        ScriptedCall(keys, amd=amd, hang_up_at=hang_up_at), SOUNDS, ConversationPlan(confirm=confirm), notes.append
    )
    order = list(Heard)
    for before, after in zip([TalkFacts(), *notes], notes, strict=False):
        assert before != after
        assert order.index(after.heard) >= order.index(before.heard)
        assert after.heard_seconds >= before.heard_seconds
        assert after.keys.startswith(before.keys)
    assert facts == ([TalkFacts(), *notes])[-1]
