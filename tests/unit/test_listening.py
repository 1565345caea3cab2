"""What a call has heard so far: verdict, strong signs, and when to look again."""

from functools import partial

import pytest

from agi.call import Detection, Sign
from agi.listening import NEVER, Early, HearingPlan, Listening
from tests.unit.small_model import MODEL
from tests.unit.test_core_machine_sounds import ALO, ANNOUNCEMENT, BEEP, VOICEMAIL, Pairs
from worker.core import answering
from worker.core.enums import Answerer
from worker.core.hearing import Ear
from worker.core.line_facts import LineFacts
from worker.core.model import TalkFacts
from worker.core.outcome import answerer

TIMING = HearingPlan(judge=partial(answering.judge, MODEL))


def hear(listening: Listening | Ear, heard: Pairs, shift: float = 0.0) -> None:
    for start, end in heard:
        listening.began(start + shift)
        listening.ended(end + shift + 0.06, round((end - start - 0.02) * 1000))


def looked(listening: Listening, until: float) -> list[float]:
    """Every look it asks for until then."""
    looks = []
    while listening.next_look <= until:
        looks.append(listening.next_look)
        listening.look(listening.next_look)
    return looks


def test_a_person_is_known_after_a_word_and_a_silence() -> None:
    listening = Listening(TIMING)
    hear(listening, ALO[:1])
    assert looked(listening, 2.2)
    assert Detection() == listening.detection
    looked(listening, 2.4)
    assert "HUMAN" == listening.detection.status
    assert listening.sign is None


def test_a_verdict_of_a_machine_is_no_strong_sign() -> None:
    listening = Listening(TIMING)
    hear(listening, VOICEMAIL[:6])
    looked(listening, 4.0)
    assert ("MACHINE", None) == (listening.detection.status, listening.sign)


def test_a_beep_after_that_verdict_is_one_and_its_figures_say_so() -> None:
    listening = Listening(TIMING)
    hear(listening, (*VOICEMAIL, BEEP))
    looked(listening, 14.7)
    before = listening.sign
    looked(listening, 14.9)
    assert (None, Sign.BEEP) == (before, listening.sign)
    assert Detection("MACHINE", "BEEP-17-12750") == listening.detection
    assert NEVER == listening.next_look


def test_without_that_verdict_it_is_none() -> None:
    listening = Listening(HearingPlan())
    hear(listening, (*VOICEMAIL, BEEP))
    looked(listening, 20.0)
    assert (None, Detection()) == (listening.sign, listening.detection)


def test_asterisks_own_verdict_serves_as_well() -> None:
    listening = Listening(HearingPlan(amd=True))
    listening.told(Detection("MACHINE", "MAXWORDS-7-6"))
    hear(listening, (*VOICEMAIL, BEEP))
    looked(listening, 20.0)
    assert Sign.BEEP is listening.sign


def test_a_voice_before_the_answer_stays_the_evidence_whatever_is_heard_later() -> None:
    ear = Ear()
    hear(ear, ANNOUNCEMENT, -7.0)
    listening = Listening(TIMING, ear, announced=True)
    assert (Sign.ANNOUNCEMENT, NEVER) == (listening.sign, NEVER)
    expected = Detection("MACHINE", "ANNOUNCEMENT-9-4720")
    assert expected == listening.detection
    hear(listening, ALO)
    listening.look(9.0)
    listening.told(Detection("HUMAN", "HUMAN-700-700"))
    assert expected == listening.detection


def test_who_looks_with_nobody_to_judge_looks_only_at_silences() -> None:
    listening = Listening(HearingPlan(early=Early.IGNORE))
    assert NEVER == listening.next_look
    hear(listening, ALO[:1])
    assert [3.61] == [round(look, 2) for look in looked(listening, 9.0)]


def test_of_a_long_call_only_the_beginning_is_kept() -> None:
    listening = Listening()
    hear(listening, tuple((n, n + 0.5) for n in range(100)))
    assert 60 == len(listening.segments(100.0))


def test_a_long_song_before_the_answer_leaves_room_for_what_came_after() -> None:
    listening = Listening()
    hear(listening, tuple((n - 99.5, n - 99.0) for n in range(99)))
    hear(listening, ALO)
    kept = listening.segments(9.0)
    assert (12, -10.5) == (len(kept), kept[0].start)
    assert ALO[1] == pytest.approx((kept[-1].start, kept[-1].end))


def test_every_strong_sign_makes_a_machine_of_the_answerer_unless_a_key_was_pressed() -> None:
    for sign in Sign:
        listening = Listening()
        listening.signal(sign)
        facts = LineFacts(
            "A", answered=True, amd_status=listening.detection.status, amd_cause=listening.detection.cause
        )
        assert Answerer.MACHINE is answerer(facts, TalkFacts())
        assert Answerer.HUMAN is answerer(facts, TalkFacts(keys="1"))
