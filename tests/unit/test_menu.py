"""After the confirmation: what each key of the menu does, and what stays of it."""

from datetime import date

import pytest

from agi.conversation import hold
from agi.menu import MENUS_AT_MOST, groups
from agi.plan import ConversationPlan
from tests.unit.house import FULL, LINE, SCRIPT, FakeDesk
from tests.unit.scripted import ScriptedCall
from worker.core.enums import Heard, Result
from worker.core.model import TalkFacts
from worker.core.script import Line, Offers

PLAN = ConversationPlan(offers=FULL)
FIRST, SECOND, THIRD = (day for day, _ in SCRIPT.days)
DIGITS = [f"digit_{digit}" for digit in LINE]


def talk(
    *keys: str | None, plan: ConversationPlan = PLAN, desk: FakeDesk | None = None, agents: tuple[bool, ...] = ()
) -> tuple[TalkFacts, list[str], list[str]]:
    """The facts, what was said after the debt had been told whole, and the verbs."""
    call = ScriptedCall(["1", None, *keys], agents=agents)
    facts = hold(call, SCRIPT, plan, desk or FakeDesk(LINE), lambda _: None)
    assert ["greeting", "who", "debt"] == call.said[:3]
    return facts, call.said[3:], call.log


def offering(**changes: object) -> ConversationPlan:
    return ConversationPlan(offers=Offers(**({"repeats": 0, "paid": False} | changes)))  # type: ignore[arg-type]


# --- again -----------------------------------------------------------------------------------------------


def test_the_debt_is_repeated_on_request_and_not_for_ever() -> None:
    _, said, _ = talk(*["1", None] * 9)
    assert ["menu", "debt", "menu", "debt", "menu", "goodbye"] == said


def test_without_repeats_the_menu_is_still_said_because_it_tells_how_to_opt_out() -> None:
    _, said, _ = talk("1", plan=offering())
    assert ["menu", "invalid", "menu", "goodbye"] == said  # not offered, so not accepted


def test_a_wrong_key_is_named_so_and_the_menu_is_said_again() -> None:
    _, said, _ = talk("8", None, "4", None, None)
    assert ["menu", "invalid", "menu", "paid", "goodbye"] == said


def test_nothing_but_wrong_keys_ends_politely() -> None:
    _, said, _ = talk(*["8", None] * 9)
    assert ["menu", "invalid"] * 3 + ["goodbye"] == said


def test_a_key_of_the_menu_counts_while_the_debt_is_told() -> None:
    call = ScriptedCall(["1", "4"])
    facts = hold(call, SCRIPT, PLAN, FakeDesk(), lambda _: None)
    assert (Result.SAYS_PAID, Heard.PART) == (facts.result, facts.heard)
    assert ["debt", "paid", "goodbye"] == call.said[2:]


def test_who_presses_1_twice_to_confirm_still_hears_the_debt_whole() -> None:
    call = ScriptedCall(["1", "1"])
    facts = hold(call, SCRIPT, PLAN, FakeDesk(), lambda _: None)
    assert (Heard.ALL, ["debt", "menu", "goodbye"]) == (facts.heard, call.said[2:])


# --- how to pay ------------------------------------------------------------------------------------------


def test_the_digitable_line_is_said_in_groups_with_time_to_write() -> None:
    facts, said, log = talk("2", "1")
    assert ["menu", "pay_menu", "pay_line", *DIGITS, "pay_again", "menu", "goodbye"] == said
    spoken = [step for step in log if step.startswith("say digit")]
    assert [5, 5, 5, 6, 5, 6, 1, 4, 5, 5] == [step.count("digit") for step in spoken]
    assert 10 == log.count("wait 129")
    assert (Result.CONFIRMED, "121") == (facts.result, facts.keys)


@pytest.mark.parametrize(
    ("keys", "lines", "again"),
    [
        # again at the end, twice; then it is enough
        ((*[None] * 21, "1") * 3, 3, 2),
        # from the start again, while it is being said; while he writes
        ((None, "1"), 2, 1),
        ((None, None, "1"), 2, 1),
        # back to the options: from within, and at its end
        ((None, "2"), 1, 0),
        ((*[None] * 21, "2"), 1, 1),
    ],
)
def test_the_line_is_repeated_and_left_by_a_key(keys: tuple[str | None, ...], lines: int, again: int) -> None:
    _, said, _ = talk("2", *keys, plan=offering(say_line=True))
    assert (lines, again) == (said.count("pay_line"), said.count("pay_again"))
    assert ["menu", "goodbye"] == said[-2:]


@pytest.mark.parametrize("line", ["", "123", LINE[:-1] + "x", LINE + "12"])
def test_a_line_that_is_not_known_is_said_so(line: str) -> None:
    _, said, _ = talk("2", plan=offering(say_line=True), desk=FakeDesk(line))
    assert ["menu", "pay_unknown", "menu", "goodbye"] == said


def test_the_line_is_sent_once_however_often_it_is_asked_for() -> None:
    desk = FakeDesk(sends=True)
    _, said, _ = talk("2", None, "2", plan=offering(send=True), desk=desk)
    assert ["menu", "pay_sent", "menu", "pay_sent", "menu", "goodbye"] == said
    assert ["send"] == desk.asked


def test_what_cannot_be_sent_is_said_so_and_tried_again_on_request() -> None:
    desk = FakeDesk(sends=False)
    _, said, _ = talk("2", None, "2", plan=offering(send=True), desk=desk)
    assert ["menu", "pay_not_sent", "menu", "pay_not_sent", "menu", "goodbye"] == said
    assert ["send", "send"] == desk.asked


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (["2"], ["pay_menu", "pay_sent", "menu", "goodbye"]),
        ([], ["pay_menu", "menu", "goodbye"]),
        (["5", "2"], ["pay_menu", "invalid", "pay_sent", "menu", "goodbye"]),
    ],
)
def test_where_both_are_offered_he_chooses(keys: list[str], said: list[str]) -> None:
    _, heard, _ = talk("2", *keys, desk=FakeDesk(LINE, sends=True))
    assert ["menu", *said] == heard


def test_the_parts_of_a_line_are_the_line() -> None:
    for length in (47, 48):
        line = "".join(str(position % 10) for position in range(length))
        assert line == "".join(groups(line))


# --- a promise -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "day", "said"),
    [
        (["1"], FIRST, ["promise", "promised_1"]),
        (["3"], THIRD, ["promise", "promised_3"]),
        ([None, "2"], SECOND, ["promise", "promised_2"]),
        # another day, during the answer and after it
        (["1", "3", "2"], SECOND, ["promise", "promised_1", "promise", "promised_2"]),
        (["1", None, "3", "2"], SECOND, ["promise", "promised_1", "promise", "promised_2"]),
        # another day, and then none: the first one stands
        (["1", "3"], FIRST, ["promise", "promised_1", "promise"]),
        # any other key is content with it
        (["1", "1"], FIRST, ["promise", "promised_1"]),
        # a wrong key first
        (["8", "1"], FIRST, ["promise", "invalid", "promised_1"]),
        # not for ever
        (["1", "3"] * 4, FIRST, ["promise", "promised_1"] * 3),
    ],
)
def test_a_day_is_promised_by_one_key_and_said_back(keys: list[str | None], day: date, said: list[str]) -> None:
    facts, heard, _ = talk("3", *keys)
    assert (Result.PROMISE, day, ["menu", *said, "goodbye"]) == (facts.result, facts.promise_day, heard)


def test_who_chooses_no_day_has_promised_nothing() -> None:
    facts, said, _ = talk("3")
    assert (Result.CONFIRMED, None) == (facts.result, facts.promise_day)
    assert ["menu", "promise", "menu", "goodbye"] == said


def test_a_promise_is_kept_when_the_line_goes_while_the_day_is_said_back() -> None:
    call = ScriptedCall(["1", "3", "1"], hang_up_at=4)
    facts = hold(call, SCRIPT, PLAN, FakeDesk(), lambda _: None)
    assert ("promised_1", Result.PROMISE, FIRST) == (call.said[-1], facts.result, facts.promise_day)


def test_never_again_outweighs_a_promise() -> None:
    for keys in (["3", "1", "9"], ["3", "1", None, "9"], ["3", "1", None, None, "9"]):
        facts, said, _ = talk(*keys)
        assert (Result.OPT_OUT, None, "goodbye_opt_out") == (facts.result, facts.promise_day, said[-1])


# --- paid, and somebody to speak to ----------------------------------------------------------------------


def test_who_says_that_it_is_paid_is_thanked_and_left_in_peace() -> None:
    facts, said, _ = talk("4")
    assert (Result.SAYS_PAID, ["menu", "paid", "goodbye"]) == (facts.result, said)


def test_an_agent_who_takes_the_call_keeps_it() -> None:
    facts, said, log = talk("0", agents=(True,))
    assert (Result.TRANSFERRED, ["menu", "agent"], "transfer") == (facts.result, said, log[-1])


def test_when_no_agent_answers_the_callee_is_back_in_the_menu() -> None:
    facts, said, _ = talk("0", None, None, "4")
    assert ["menu", "agent", "agent_busy", "menu", "paid", "goodbye"] == said
    assert Result.SAYS_PAID is facts.result  # said last, and stronger
    facts, said, _ = talk("0")
    assert (Result.WANTS_AGENT, ["menu", "agent", "agent_busy", "menu", "goodbye"]) == (facts.result, said)


def test_agents_are_rung_twice_and_not_for_ever() -> None:
    facts, said, log = talk(*["0", None, None] * 2, "0", agents=(False, False, True))
    assert (2, Result.WANTS_AGENT) == (log.count("transfer"), facts.result)
    assert ["agent_busy", "menu", "agent_busy", "menu", "goodbye"] == said[-5:]
    assert Result.TRANSFERRED is talk(*["0", None, None] * 2, agents=(False, True))[0].result


def test_who_hangs_up_while_an_agent_is_rung_wanted_one() -> None:
    call = ScriptedCall(["1", "0"], hang_up_at=4)
    facts = hold(call, SCRIPT, PLAN, FakeDesk(), lambda _: None)
    assert ("transfer", Result.WANTS_AGENT) == (call.log[-1], facts.result)


def test_who_promised_after_an_agent_was_not_to_be_had_has_promised() -> None:
    facts, _, _ = talk("0", None, None, "3", "1")
    assert (Result.PROMISE, FIRST) == (facts.result, facts.promise_day)


@pytest.mark.parametrize("key", "23405678*#")
def test_what_is_not_offered_is_no_key(key: str) -> None:
    _, said, _ = talk(key, plan=offering())
    assert ["menu", "invalid", "menu", "goodbye"] == said


def test_the_menu_is_not_come_back_to_for_ever() -> None:
    _, said, _ = talk(*["2", None, None] * 20, plan=offering(send=True))
    assert (MENUS_AT_MOST, "goodbye") == (said.count("menu"), said[-1])


def test_the_keys_and_lines_of_what_is_offered() -> None:
    assert "129" == Offers(send=True, paid=False).keys
    assert "123409" == FULL.keys
    assert "9" == Offers(0, paid=False).keys
    assert set(Line) - {Line.PROMISED} == set(FULL.lines)
    none = {line for line in Line if line.value.startswith(("pay_", "promise", "paid", "agent"))}
    assert set(Line) - none == set(Offers(paid=False).lines)
