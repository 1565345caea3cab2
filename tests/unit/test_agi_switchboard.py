"""From the answer to the outcome row, over the store's twin in memory and debtors who follow a script."""

import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from agi.call import Hangup, Said
from agi.plan import ConversationPlan
from agi.recorder import HangUp
from agi.switchboard import InstanceLine, Switchboard
from tests.unit.house import ID, NOW, NUMBER, OTHER, RULES, House
from tests.unit.scripted import SECONDS, ScriptedCall
from worker.core import userfield
from worker.core.enums import Answerer, AttemptState, EntryState, Heard, LineResult, Result
from worker.core.line_facts import LineFacts
from worker.core.model import Attempt, Block, TalkFacts
from worker.core.script import Offers
from worker.errors import SpeechError, StoreUnavailable
from worker.ports import Script


@pytest.fixture
def house() -> House:
    return House()


def test_a_talk_and_its_hang_up_make_one_outcome(house: House) -> None:
    call = ScriptedCall(["1"])
    house.board.talk(call, ID)
    assert call.ended
    assert "answered" == house.state
    assert house.ends(amd_status="MACHINE", amd_cause="MAXWORDS-6-6")
    outcome = house.outcome
    assert (LineResult.ANSWERED, Heard.ALL, Result.CONFIRMED, "1") == (
        outcome.line_result,
        outcome.talk.heard,
        outcome.talk.result,
        outcome.talk.keys,
    )
    assert ("1795237667.22", "demo", "7", NUMBER) == (
        outcome.uniqueid,
        outcome.instance,
        outcome.client_id,
        outcome.number,
    )
    assert "ended" == house.state


def test_a_second_hang_up_of_the_same_call_changes_nothing(house: House) -> None:
    assert house.ends(answered=False, cause=17)
    assert not house.ends(answered=True, cause=16)
    assert LineResult.BUSY is house.outcome.line_result


def test_a_call_nobody_answered_needs_no_talk(house: House) -> None:
    assert house.ends(answered=False, cause=17, tech_text="SIP 486 Busy Here")
    assert (LineResult.BUSY, Heard.NOTHING) == (house.outcome.line_result, house.outcome.talk.heard)


@pytest.mark.parametrize("attempt", ["", "01JZZZZZZZZZZZZZZZZZZZZZZZ", "x\ny", "'; DROP TABLE attempt"])
def test_an_unknown_attempt_hears_not_a_word(house: House, attempt: str) -> None:
    call = ScriptedCall(["1"])
    house.board.talk(call, attempt)
    assert call.ended
    assert [] == call.said
    assert 0 == house.board.talking


def test_an_attempt_that_has_ended_hears_not_a_word(house: House) -> None:
    house.ends(answered=False, cause=17)
    call = ScriptedCall(["1"])
    house.board.talk(call, ID)
    assert ([], True) == (call.said, call.ended)


def test_one_attempt_is_not_talked_to_twice(house: House) -> None:
    house.board.talk(ScriptedCall(["1"]), ID)
    second = ScriptedCall(["9"])
    house.board.talk(second, ID)
    assert ([], True) == (second.said, second.ended)


def test_without_sounds_the_call_ends_without_a_word(house: House) -> None:
    def mute(_attempt: Attempt) -> Script:
        raise SpeechError("espeak-ng is not installed")

    house.board = Switchboard(
        house.store, {"demo": InstanceLine("demo", ConversationPlan(), mute, RULES)}, lambda: NOW
    )
    call = ScriptedCall()
    with capture_logs() as logs:
        house.board.talk(call, ID)
    assert ([], True) == (call.said, call.ended)
    assert ["no conversation"] == [entry["event"] for entry in logs]
    assert house.ends()
    assert Heard.NOTHING is house.outcome.talk.heard


def test_an_instance_that_is_no_longer_configured_still_gets_its_outcome(house: House) -> None:
    house.board = Switchboard(house.store, {}, lambda: NOW)
    call = ScriptedCall()
    house.board.talk(call, ID)
    assert ([], True) == (call.said, call.ended)
    assert house.ends()


@pytest.mark.parametrize(
    ("key", "result", "block"),
    [
        ("9", Result.OPT_OUT, Block(NUMBER, "opt_out")),
        ("2", Result.WRONG_PERSON, Block(NUMBER, "wrong_person", "demo", "7")),
    ],
)
def test_a_refusal_is_stored_the_moment_the_key_is_pressed(
    house: House, key: str, result: Result, block: Block
) -> None:
    seen: list[tuple[Block, ...]] = []

    class Watching(ScriptedCall):
        def say(self, sound: str | Sequence[str], *, keys: str = "") -> Said:
            if str(sound).startswith("goodbye"):
                seen.append(house.blocks)
            return super().say(sound, keys=keys)

    house.board.talk(Watching([key]), ID)
    assert [(block,)] == seen
    house.ends()
    assert (block,) == house.blocks
    assert result is house.outcome.talk.result


@pytest.mark.parametrize(
    ("numbers", "state"), [((NUMBER, OTHER), EntryState.WAITING), ((NUMBER,), EntryState.DONE)]
)
def test_an_invalid_number_closes_the_debtor_only_when_it_was_the_last(
    numbers: tuple[str, ...], state: EntryState
) -> None:
    house = House(*numbers)
    assert house.ends(answered=False, cause=1)
    (waiting,) = house.store.queue.dossier(NUMBER).waiting
    assert state is waiting.entry.state


def test_after_a_crash_the_checkpoint_on_the_channel_counts(house: House) -> None:
    call = ScriptedCall(["1"], hang_up_at=3)
    house.board.talk(call, ID)
    checkpoint = userfield.parse_talk(call.remembered[-1])
    assert (Heard.ALL, Result.CONFIRMED) == (checkpoint.heard, checkpoint.result)
    house.board = house.switchboard()  # another process
    assert house.ends(talk=checkpoint)
    assert checkpoint == house.outcome.talk


@pytest.mark.parametrize(
    ("keys", "told", "result"),
    [
        (["1", "0"], Result.TRANSFERRED, Result.TRANSFERRED),  # an agent took him, and one of both hung up
        (["1", "0"], Result.WANTS_AGENT, Result.WANTS_AGENT),
        (["1"], Result.TRANSFERRED, Result.CONFIRMED),  # nothing else is learned from the channel
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_that_an_agent_took_the_call_is_known_by_the_channel(
    house: House, keys: list[str], told: Result, result: Result, *, together: bool
) -> None:
    line = InstanceLine("demo", ConversationPlan(offers=Offers(agent=True)), house.script, RULES)
    house.board = Switchboard(house.store, {"demo": line}, lambda: NOW, patience=0.2)
    call = ScriptedCall(keys, hang_up_at=4)
    house.board.talk(call, ID)
    checkpoint = replace(userfield.parse_talk(call.remembered[-1]), result=told)
    if together:
        facts = LineFacts(ID, NUMBER, answered=True, talk=checkpoint)
        assert 1 == house.board.hung_up_together([HangUp(facts, ID, NOW, NOW)])
    else:
        assert house.ends(talk=checkpoint)
    assert result is house.outcome.talk.result


def test_the_hang_up_waits_for_the_conversation_to_notice_it(house: House) -> None:
    talking, gone = threading.Event(), threading.Event()

    class Slow(ScriptedCall):
        def wait_key(self, keys: str, seconds: float) -> str | None:
            if "menu" in self.said:
                talking.set()
                assert gone.wait(5)
                raise Hangup
            return super().wait_key(keys, seconds)

    house.board = house.switchboard()
    house.board._patience = 5.0
    talker = threading.Thread(target=house.board.talk, args=(Slow(["1"]), ID))
    talker.start()
    assert talking.wait(5)
    assert 1 == house.board.talking
    threading.Timer(0.05, gone.set).start()
    assert house.ends()
    talker.join()
    assert (Heard.ALL, 0) == (house.outcome.talk.heard, house.board.talking)


def test_the_hang_up_does_not_wait_for_ever(house: House) -> None:
    stuck, release = threading.Event(), threading.Event()

    class Stuck(ScriptedCall):
        def wait_key(self, keys: str, seconds: float) -> str | None:
            stuck.set()
            release.wait(5)
            return super().wait_key(keys, seconds)

    talker = threading.Thread(target=house.board.talk, args=(Stuck(), ID))
    talker.start()
    assert stuck.wait(5)
    assert house.ends()
    assert Heard.GREETING is house.outcome.talk.heard  # what is known until now
    release.set()
    talker.join()


class Broken:
    """An outcome table that cannot be written."""

    def record(self, *_: object, **__: object) -> bool:
        raise StoreUnavailable("the database does not answer")

    def block(self, *_: object) -> None:
        raise StoreUnavailable("the database does not answer")


def test_a_database_that_is_down_never_reaches_the_channel(house: House) -> None:
    house.store = replace(house.store, outcomes=Broken())  # type: ignore[arg-type]
    house.board = house.switchboard()
    call = ScriptedCall(["9"])
    with capture_logs() as logs:
        house.board.talk(call, ID)
        assert not house.ends()
    assert "goodbye_opt_out" == call.said[-1]
    assert {"block not stored yet", "outcome left to reconciliation"} <= {entry["event"] for entry in logs}
    assert AttemptState.ANSWERED is house.state


@pytest.mark.parametrize("text", ["", "|||", "x" * 300, "\0", f"{ID[:-1]}|n=", "01j|u=1"])
def test_a_hang_up_that_cannot_be_read_is_no_error(house: House, text: str) -> None:
    assert not house.board.hung_up(text, "1.1")


def test_a_uniqueid_that_is_none_is_left_out(house: House) -> None:
    assert house.board.hung_up(userfield.render(LineFacts(ID, NUMBER)), "x'; --\n")
    assert "" == house.outcome.uniqueid


def test_an_unexpected_fault_in_a_conversation_ends_the_call_and_keeps_what_was_heard(house: House) -> None:
    class Faulty(ScriptedCall):
        def wait_key(self, keys: str, seconds: float) -> str | None:  # noqa: ARG002
            raise RuntimeError("a bug")

    call = Faulty()
    with capture_logs() as logs:
        house.board.talk(call, ID)
    assert call.ended
    assert "conversation broke" in [entry["event"] for entry in logs]
    assert house.ends()
    assert TalkFacts(Heard.GREETING, 2 * SECONDS) == house.outcome.talk


def test_hang_ups_that_never_come_do_not_fill_the_memory(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agi.switchboard.KEPT_TALKS", 3)
    for number in range(10):
        live = house.board._begin(f"{number}")
        assert live is not None
        live.over.set()
    assert 4 >= len(house.board._talks)


def test_who_picked_up_stands_in_every_checkpoint_and_in_the_outcome(house: House) -> None:
    call = ScriptedCall(["1"], amd="MACHINE")
    house.board.talk(call, ID)
    assert call.remembered
    assert {"MACHINE~MACHINE-1-2"} == {"~".join(one.split("~")[5:]) for one in call.remembered}
    assert house.ends()  # the channel's own variables are empty: over ARI nobody sets them
    outcome = house.outcome
    assert ("MACHINE", "MACHINE-1-2") == (outcome.amd_status, outcome.amd_cause)
    assert Answerer.HUMAN is outcome.answerer  # a key always means a person


def test_who_picked_up_is_known_from_the_checkpoint_when_our_process_has_died(house: House) -> None:
    house.board.talk(ScriptedCall(amd="MACHINE"), ID)
    talk = userfield.format_talk(TalkFacts(Heard.GREETING, 4.0), "MACHINE", "OURSMACHINE-950-2100")
    other = house.switchboard()
    assert other.hung_up(f"{ID}|n={NUMBER}|u=1|q=16|h={talk}", "1795237667.22")
    assert ("MACHINE", Answerer.MACHINE) == (house.outcome.amd_status, house.outcome.answerer)
