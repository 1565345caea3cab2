"""Ends of calls that come as events: who is waited for, how long, and that none is lost."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from agi import recorder
from agi.endings import timed
from agi.recorder import HangUp, Recorder
from tests.unit.house import ID, NOW, NUMBER, House
from tests.unit.scripted import ScriptedCall
from worker.core import userfield
from worker.core.enums import AttemptState, Heard, LineResult, Result
from worker.core.line_facts import LineFacts
from worker.core.model import NextStep, Outcome, TalkFacts
from worker.core.ulid import new_ulid
from worker.errors import StoreError, StoreUnavailable
from worker.pbx import variables
from worker.pbx.ari_events import UserEvent

OTHERS = [new_ulid(NOW, lambda _, n=n: n) for n in range(250)]  # type: ignore[misc]


class Board:
    """Notes what is stored together; some conversations are not over yet."""

    def __init__(self, *talking: str) -> None:
        self.talking = set(talking)
        self.stored: list[list[str]] = []
        self.any = threading.Event()

    def over(self, attempt_id: str) -> bool:
        return attempt_id not in self.talking

    def hung_up_together(self, ends: Sequence[HangUp]) -> int:
        self.stored.append([end.line.attempt_id for end in ends])
        self.any.set()
        return len(ends)


def text(attempt_id: str) -> str:
    return userfield.render(LineFacts(attempt_id, NUMBER, answered=True, talk_seconds=20.0))


def event(attempt_id: str, said: str | None = None) -> UserEvent:
    said = text(attempt_id) if said is None else said
    return UserEvent(attempt_id, variables.EVENT_END, said, NOW, NOW - timedelta(seconds=30))


def test_those_that_end_at_one_moment_are_stored_together_and_none_is_lost() -> None:
    board = Board()
    one = Recorder(board)
    for attempt_id in OTHERS:
        one.put(event(attempt_id))
    one.start()
    one.stop()
    assert OTHERS == [attempt_id for part in board.stored for attempt_id in part]
    assert [100, 100, 50] == [len(part) for part in board.stored]


def test_a_conversation_that_has_not_noticed_is_waited_for_and_holds_nobody_up() -> None:
    board, now = Board(OTHERS[0]), [0.0]
    one = Recorder(board, now=lambda: now[0])
    one.start()
    one.put(event(OTHERS[0]))
    one.put(event(OTHERS[1]))
    assert board.any.wait(5)
    assert [[OTHERS[1]]] == board.stored
    board.any.clear()
    with capture_logs() as logs:
        now[0] = recorder.PATIENCE_SECONDS
        assert board.any.wait(5)
        one.stop()
    assert [[OTHERS[1]], [OTHERS[0]]] == board.stored
    assert ["conversation has not noticed the hang-up"] == [entry["event"] for entry in logs]


@pytest.mark.parametrize("said", ["", "|||", "\0", text(OTHERS[1]), text(OTHERS[0])[:20]])
def test_what_does_not_name_its_own_attempt_is_left_to_reconciliation(said: str) -> None:
    board = Board()
    one = Recorder(board)
    with capture_logs() as logs:
        one.put(event(OTHERS[0], said))
    one.start()
    one.stop()
    assert [] == board.stored
    assert ["outcome left to reconciliation"] == [entry["event"] for entry in logs]


@pytest.fixture
def house() -> House:
    return House()


def ends(house: House, *attempt_ids: str) -> int:
    lines = [
        LineFacts(attempt_id, NUMBER, answered=True, talk_seconds=20.0, talk=TalkFacts(Heard.GREETING, 1.0))
        for attempt_id in attempt_ids
    ]
    return house.board.hung_up_together(
        [HangUp(line, line.attempt_id, NOW - timedelta(seconds=12), NOW + timedelta(seconds=30)) for line in lines]
    )


def test_the_conversation_knows_better_than_the_checkpoint(house: House) -> None:
    house.board.talk(ScriptedCall(["1"]), ID)
    assert 1 == ends(house, ID)
    assert (Heard.ALL, Result.CONFIRMED, ID) == (
        house.outcome.talk.heard,
        house.outcome.talk.result,
        house.outcome.uniqueid,
    )
    assert AttemptState.ENDED is house.state
    assert 0 == ends(house, ID)


def test_the_checkpoint_counts_when_another_process_has_talked(house: House) -> None:
    assert 1 == ends(house, ID)
    assert (LineResult.ANSWERED, Heard.GREETING) == (house.outcome.line_result, house.outcome.talk.heard)


def test_the_events_instants_say_how_long_it_rang_and_was_talked(house: House) -> None:
    house.board.talk(ScriptedCall(["1"]), ID)
    ends(house, ID)
    assert (12.0, 30.0) == (house.outcome.ring_seconds, house.outcome.talk_seconds)


@pytest.mark.parametrize(
    ("up", "answered_at", "expected"),
    [
        (True, NOW + timedelta(seconds=5), (5.0, 15.0)),
        (True, None, (20.0, 0.0)),  # answered while nobody of ours was there
        (False, None, (20.0, 0.0)),
        (True, NOW - timedelta(seconds=1), (0.0, 21.0)),  # two clocks
    ],
)
def test_without_an_instant_of_the_answer_all_was_ringing(
    up: bool, answered_at: datetime | None, expected: tuple[float, float]
) -> None:
    line = timed(LineFacts(ID, answered=up), NOW, answered_at, NOW + timedelta(seconds=20))
    assert expected == (line.ring_seconds, line.talk_seconds)


def test_a_stranger_among_them_is_left_out(house: House) -> None:
    with capture_logs() as logs:
        assert 1 == ends(house, OTHERS[0], ID)
    assert "hang-up of an unknown attempt" in [entry["event"] for entry in logs]
    assert AttemptState.ENDED is house.state


class Moody:
    """An outcome table that takes outcomes one by one only, or not at all."""

    def __init__(self, house: House, error: StoreError) -> None:
        self._real, self._error = house.store.outcomes, error

    def record_many(self, _: Sequence[tuple[Outcome, NextStep]]) -> list[bool]:
        raise self._error

    def record(self, outcome: Outcome, step: NextStep) -> bool:
        return self._real.record(outcome, step)


@pytest.mark.parametrize(
    ("error", "written", "state"),
    [
        (StoreError("one of them is too long"), 1, AttemptState.ENDED),
        (StoreUnavailable("the database does not answer"), 0, AttemptState.DIALING),
    ],
)
def test_one_that_cannot_be_stored_does_not_take_the_others_with_it(
    house: House, error: StoreError, written: int, state: AttemptState
) -> None:
    kept = house.store
    house.store = replace(kept, outcomes=Moody(house, error))  # type: ignore[arg-type]
    house.board = house.switchboard()
    with capture_logs():
        assert written == ends(house, ID)
    house.store = kept
    assert state is house.state
    assert written == len(kept.outcomes.listing(NOW - timedelta(1), NOW + timedelta(1)))
