"""A call's script: what is said to everybody is not looked up at each call, what is said of one debtor is."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.test_messages import ALL, ATTEMPT, DAYS, MESSAGES
from worker.core.script import Line, Offers
from worker.ports import Sound
from worker.speech.script import KEEP_SECONDS, Scripts, render


class Voice:
    """Every text is its own sound; how many were asked for."""

    def __init__(self) -> None:
        self.asked = 0

    def render(self, text: str) -> Sound:
        self.asked += 1
        return Sound(text, 1.0)


class Clock:
    seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def voice() -> Voice:
    return Voice()


@pytest.fixture
def scripts(voice: Voice, clock: Clock) -> Scripts:
    return Scripts(voice, MESSAGES, "Fibra Serra", ALL, clock)


def test_a_script_holds_all_that_the_instance_may_say(voice: Voice) -> None:
    script = render(voice, MESSAGES, ATTEMPT, "Fibra Serra", ALL, DAYS)
    assert set(ALL.lines) == set(script.lines)
    assert DAYS == tuple(day for day, _ in script.days)
    assert all("você vai pagar" in sound.name for _, sound in script.days)
    assert "0123456789" == "".join(script.digits)
    assert ["zero", "três"] == [script.digits[digit].name for digit in "03"]


def test_digits_and_days_that_are_not_offered_are_not_rendered(voice: Voice) -> None:
    script = render(voice, MESSAGES, ATTEMPT, "Fibra Serra", Offers(), ())
    assert ((), {}) == (script.days, dict(script.digits))
    assert voice.asked == len(Offers().lines)


def test_the_second_debtor_costs_only_the_lines_that_speak_of_him(scripts: Scripts, voice: Voice) -> None:
    scripts.of(ATTEMPT, DAYS)
    before = voice.asked
    other = scripts.of(replace(ATTEMPT, client_name="Rui Costa", bill_count=3), DAYS)
    assert 2 == voice.asked - before
    assert "Rui Costa" in other.lines[Line.WHO].name
    assert "três faturas" in other.lines[Line.DEBT].name
    assert set(ALL.lines) == set(other.lines)


def test_what_is_said_to_everybody_is_looked_up_anew_after_a_while_and_on_another_day(
    scripts: Scripts, voice: Voice, clock: Clock
) -> None:
    whole = len(ALL.lines) + len(DAYS) + 10
    scripts.of(ATTEMPT, DAYS)
    assert whole == voice.asked
    clock.seconds = KEEP_SECONDS
    scripts.of(ATTEMPT, DAYS)
    assert 2 * whole == voice.asked
    tomorrow = tuple(day + timedelta(days=1) for day in DAYS)
    script = scripts.of(ATTEMPT, tomorrow)
    assert (3 * whole, tomorrow) == (voice.asked, tuple(day for day, _ in script.days))
    assert "dia vinte e três" in script.days[0][1].name


def test_the_lines_that_speak_of_the_callee_are_known() -> None:
    assert {Line.WHO, Line.DEBT} == {line for line in Line if MESSAGES.is_personal(line)}
