"""Whatever callees do, and whenever the line goes: what must hold of every conversation."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi.call import Said, Sign
from agi.conversation import hold
from agi.menu import MENUS_AT_MOST
from agi.plan import ConversationPlan, Flow, OnDoubt, OnMachine
from tests.unit.house import FULL, LINE, SCRIPT, FakeDesk
from tests.unit.scripted import CUT_AT, SECONDS, ScriptedCall
from tests.unit.test_conversation import OPEN, PLAN, talk
from worker.core.enums import Heard, Result
from worker.core.model import TalkFacts
from worker.core.script import BEFORE_CONFIRMATION, TRANSFERS_AT_MOST, Line, Offers

# --- the line goes -------------------------------------------------------------------------------------

EVERYTHING = ConversationPlan(offers=FULL)
WALKS: list[tuple[list[str | None], ConversationPlan]] = [
    ([], PLAN),
    ([], OPEN),
    ([], ConversationPlan(confirm=False, flow=Flow.MESSAGE)),
    (["1", None, "1", None, "1"], PLAN),
    (["2"], PLAN),
    (["9"], PLAN),
    ([None, None, None, "1", None, "9"], PLAN),
    (["7", "7", "7", "7", "7", "7"], PLAN),
    (["1", "2", "1"], EVERYTHING),
    (["1", "2", "2", None, "3", "2"], EVERYTHING),
    (["1", None, "3", "1", None, "3", "2"], EVERYTHING),
    (["1", None, "4"], EVERYTHING),
    (["1", None, "0", None, None, "0", None, None, "0"], EVERYTHING),
]


@pytest.mark.parametrize("amd", ["HUMAN", "MACHINE"])
@pytest.mark.parametrize(("keys", "plan"), WALKS)
def test_the_line_may_go_at_any_verb(keys: list[str | None], plan: ConversationPlan, amd: str) -> None:
    whole = ScriptedCall(keys, amd=amd)
    talk(whole, plan)
    for moment in range(whole.verbs):
        call = ScriptedCall(keys, amd=amd, hang_up_at=moment)
        facts = talk(call, plan)
        assert moment + 1 == call.verbs  # nothing is tried on a dead line
        assert whole.log[: len(call.log)] == call.log
        assert call.pressed == facts.keys
        debts = [said for said in call.said if said == "debt"]
        assert bool(debts) == (facts.heard in (Heard.PART, Heard.ALL))


def test_seconds_of_a_sound_cut_by_a_hang_up_count() -> None:
    assert TalkFacts(Heard.GREETING, CUT_AT) == talk(ScriptedCall(hang_up_at=0))
    assert TalkFacts(Heard.GREETING, 2 * SECONDS) == talk(ScriptedCall(hang_up_at=2))  # while we wait for a key
    part = talk(ScriptedCall(["1"], hang_up_at=2))
    assert (Heard.PART, SECONDS + 2 * CUT_AT) == (part.heard, part.heard_seconds)


def test_a_debt_heard_whole_once_stays_whole_when_the_repetition_is_cut() -> None:
    call = ScriptedCall(["1", None, "1"], hang_up_at=4)
    assert Heard.ALL is talk(call).heard
    assert ["debt", "menu", "debt"] == call.said[2:]


class Mute(ScriptedCall):
    """A PBX that has lost the sound files."""

    def say(self, sound: object, *, keys: str = "") -> Said:
        super().say(str(sound), keys=keys)
        return Said(None, 0.0, complete=False)


def test_sounds_that_could_not_be_played_were_not_heard() -> None:
    assert Heard.NOTHING is talk(Mute(["1"])).heard


# --- whatever callees do -------------------------------------------------------------------------------

plans = st.builds(
    ConversationPlan,
    flow=st.sampled_from(Flow),
    machine=st.sampled_from(OnMachine),
    not_sure=st.sampled_from(OnDoubt),
    offers=st.builds(
        Offers,
        repeats=st.integers(0, 2),
        say_line=st.booleans(),
        send=st.booleans(),
        promise_days=st.sampled_from([(), (1, 3, 7)]),
        paid=st.booleans(),
        agent=st.booleans(),
    ),
)
callees = st.builds(
    ScriptedCall,
    st.lists(st.sampled_from([None, None, None, *"0112233456789*#"]), max_size=40),
    amd=st.sampled_from(["HUMAN", "MACHINE", "NOTSURE", ""]),
    hang_up_at=st.none() | st.integers(0, 40),
    unmanned_at=st.none() | st.integers(0, 8),
    sign=st.sampled_from(Sign),
    agents=st.lists(st.booleans(), max_size=2),
    beep=st.booleans(),
    at_beep=st.sampled_from(["", "", "1", "9"]),
    at_greeting=st.sampled_from([None, None, "1", "9"]),
)
desks = st.builds(FakeDesk, st.sampled_from(["", LINE, LINE + "1", "12"]), sends=st.booleans())


@given(call=callees, plan=plans, desk=desks)
def test_no_word_of_a_debt_before_the_callee_confirmed(
    call: ScriptedCall, plan: ConversationPlan, desk: FakeDesk
) -> None:
    facts = talk(call, plan, desk)
    asked = confirmed = False
    for step in call.log:
        asked = asked or step == "say who"
        confirmed = confirmed or (asked and step == "key 1")
        if step.startswith("say "):
            assert confirmed or Line(step.removeprefix("say ")) in BEFORE_CONFIRMATION
        assert confirmed or step != "transfer"
    assert confirmed or (facts.promise_day is None and not desk.asked)
    assert facts.heard_seconds >= 0


@given(call=callees, plan=plans, desk=desks)
def test_nothing_is_said_or_done_that_the_instance_does_not_offer_and_nobody_is_kept_for_ever(
    call: ScriptedCall, plan: ConversationPlan, desk: FakeDesk
) -> None:
    facts = talk(call, plan, desk)
    offered = set(plan.offers.lines) | {Line.PROMISED} if plan.offers.promise_days else set(plan.offers.lines)
    digits_and_days = {sound.name for sound in SCRIPT.digits.values()} | {sound.name for _, sound in SCRIPT.days}
    assert {said for said in call.said if said not in digits_and_days} <= set(map(str, offered))
    assert call.said.count("debt") <= 1 + plan.offers.repeats
    assert call.log.count("transfer") <= (TRANSFERS_AT_MOST if plan.offers.agent else 0)
    assert call.said.count("menu") <= (3 * MENUS_AT_MOST if plan.flow is Flow.MENU else 0)
    assert call.said.count("who") <= 3 + 3
    assert (facts.result is Result.PROMISE) == (facts.promise_day is not None)
    assert plan.offers.promise_days or facts.result is not Result.PROMISE
    assert plan.offers.agent or facts.result not in (Result.WANTS_AGENT, Result.TRANSFERRED)
    assert plan.offers.paid or facts.result is not Result.SAYS_PAID


STRENGTH = [
    Result.NONE,
    Result.CONFIRMED,
    Result.WANTS_AGENT,
    Result.PROMISE,
    Result.SAYS_PAID,
    Result.TRANSFERRED,
    Result.WRONG_PERSON,
    Result.OPT_OUT,
]


@given(call=callees, plan=plans, confirm=st.booleans())
def test_every_change_is_remembered_and_nothing_heard_is_unheard(
    call: ScriptedCall, plan: ConversationPlan, *, confirm: bool
) -> None:
    notes: list[TalkFacts] = []
    facts = hold(call, SCRIPT, replace(plan, confirm=confirm), FakeDesk(LINE), notes.append)
    order = list(Heard)
    for before, after in zip([TalkFacts(), *notes], notes, strict=False):
        assert before != after
        assert order.index(after.heard) >= order.index(before.heard)
        assert after.heard_seconds >= before.heard_seconds
        assert after.keys.startswith(before.keys)
        assert STRENGTH.index(after.result) >= STRENGTH.index(before.result)  # the last word is the strongest
    assert facts == ([TalkFacts(), *notes])[-1]


@given(call=callees, plan=plans)
def test_who_stays_on_the_line_is_said_goodbye_to_unless_an_agent_or_nobody_has_it(
    call: ScriptedCall, plan: ConversationPlan
) -> None:
    facts = talk(call, plan, FakeDesk(LINE))
    if call.ended or facts.result is Result.TRANSFERRED:
        return
    last = call.said[-1]
    silently = call._unmanned_at is not None and not facts.keys
    assert last.startswith("goodbye") or last == "machine_message" or silently
