"""Contract of `HeardCalls`: a row a call, labelled by those who know, joined with the keys of its outcome."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.store_data import ALPHA, DONE, HOUR, NOW, attempt_id, client, outcome, reserve_one, seed
from worker.core.heard_call import HeardCall, Label
from worker.core.hearing import Audio, Segment
from worker.core.model import TalkFacts
from worker.store_ports import Store

LONG_AGO = NOW - timedelta(days=365)
SEGMENTS = (Segment(-0.5, 0.02), Segment(0.94, 1.36))


def heard(n: int, *, instance: str = ALPHA, hours: int = 0) -> HeardCall:
    cause = "OURSHUMAN-12-1500-420-1-420"
    return HeardCall(attempt_id(n), instance, NOW + hours * HOUR, 12.5, "HUMAN", cause, SEGMENTS)


def listed(store: Store, instance: str | None = None) -> list[str]:
    return [one.attempt_id for one in store.heard.listing(instance, LONG_AGO, 100)]


def test_what_was_heard_is_read_again_the_newest_first(store: Store) -> None:
    store.heard.add([heard(1), heard(2, hours=1), heard(3, instance="beta", hours=2)])
    assert [heard(2, hours=1), heard(1)] == store.heard.listing(ALPHA, LONG_AGO, 100)
    assert [attempt_id(3), attempt_id(2), attempt_id(1)] == listed(store)
    assert [heard(2, hours=1)] == store.heard.listing(ALPHA, NOW + HOUR, 100)
    assert [heard(2, hours=1)] == store.heard.listing(ALPHA, LONG_AGO, 1)


@pytest.mark.parametrize(
    "audio",
    [
        None,  # there was no line
        Audio(),  # there was one, and nothing was heard over it
        Audio(SEGMENTS, (Segment(0.5, 0.9),)),
        Audio((), (Segment(0.5, 0.9), Segment(1.2, 1.26))),
    ],
)
@pytest.mark.parametrize("opening", ["", "A" * 560])
def test_audio_and_opening_are_kept_as_they_were(store: Store, audio: Audio | None, opening: str) -> None:
    call = replace(heard(1), audio=audio, opening=opening)
    store.heard.add([call, heard(2, hours=-1)])
    assert [call, heard(2, hours=-1)] == store.heard.listing(None, LONG_AGO, 100)


def test_of_audio_a_row_holds_as_much_as_of_timing(store: Store) -> None:
    many = tuple(Segment(float(n), n + 0.5) for n in range(300))
    store.heard.add([replace(heard(1), segments=many, audio=Audio(many, many))])
    (kept,) = store.heard.listing(None, LONG_AGO, 100)
    assert Audio(kept.segments, kept.segments) == kept.audio


def test_a_second_telling_of_one_call_changes_nothing_and_nothing_is_nothing(store: Store) -> None:
    store.heard.add([])
    store.heard.add([heard(1)])
    store.heard.add([replace(heard(1), status="MACHINE")])
    assert [heard(1)] == store.heard.listing(None, LONG_AGO, 100)


def test_more_sound_than_a_row_holds_is_cut_and_the_call_is_kept(store: Store) -> None:
    many = tuple(Segment(float(n), n + 0.5) for n in range(300))
    wild = replace(heard(1), segments=many, status="S" * 40, cause="c" * 200, seconds=1e9)
    store.heard.add([wild])
    (kept,) = store.heard.listing(None, LONG_AGO, 100)
    assert many[: len(kept.segments)] == kept.segments
    assert 60 < len(kept.segments) < 300
    assert ("S" * 10, "c" * 80, 99999.99) == (kept.status, kept.cause, kept.seconds)


def test_the_last_label_counts_and_calls_of_which_nothing_is_kept_are_named(store: Store) -> None:
    store.heard.add([heard(1), heard(2)])
    assert [] == store.heard.label({}, NOW)
    unknown = store.heard.label({attempt_id(1): Label.HUMAN, attempt_id(9): Label.MACHINE}, NOW)
    assert [attempt_id(9)] == unknown
    assert [] == store.heard.label({attempt_id(1): Label.MACHINE}, NOW)
    assert {attempt_id(1): Label.MACHINE, attempt_id(2): None} == {
        one.attempt_id: one.label for one in store.heard.listing(None, LONG_AGO, 100)
    }


def test_the_same_label_twice_is_no_unknown_call(store: Store) -> None:
    store.heard.add([heard(1)])
    assert [[], []] == [store.heard.label({attempt_id(1): Label.HUMAN}, NOW) for _ in range(2)]


def test_keys_and_number_come_from_the_outcome_and_a_key_outweighs_a_label(store: Store) -> None:
    seed(store, [client(1)])
    attempt = reserve_one(store, 1)
    assert attempt
    store.outcomes.record(replace(outcome(attempt), talk=TalkFacts(keys="1")), DONE)
    store.heard.add([replace(heard(1), keys="9", number="+5511999999999")])  # not what counts
    store.heard.label({attempt_id(1): Label.MACHINE}, NOW)
    (one,) = store.heard.listing(None, LONG_AGO, 100)
    assert ("1", attempt.number, Label.HUMAN) == (one.keys, one.number, one.truth)


def test_what_is_old_is_forgotten_a_part_at_a_time(store: Store) -> None:
    store.heard.add([heard(n, hours=n) for n in (1, 2, 3)] + [heard(4, instance="beta")])
    assert [1, 1, 0] == [store.heard.forget(ALPHA, NOW + 3 * HOUR, 1) for _ in range(3)]
    assert [attempt_id(3), attempt_id(4)] == listed(store)
