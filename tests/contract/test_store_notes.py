"""Contract of `Notes`: written with the outcome, every change guarded by the state."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.contract.store_data import ALPHA, DONE, HOUR, NOW, attempt_id, client, outcome, reserve_one, seed
from worker.core.erp_note import ErpNote, NoteState
from worker.store_ports import Store

TEXT = "Ligação automática: quem atendeu disse que o telefone +5511*******01 não é de João."
LATER = NOW + HOUR


def noted(store: Store, *numbers: int, instance: str = ALPHA) -> list[str]:
    """Attempts whose outcomes told something to the ERP, a minute apart; their ids."""
    ids = []
    for n in numbers:
        seed(store, [client(n)], instance)
        attempt = reserve_one(store, n, instance=instance)
        assert attempt
        ended = outcome(attempt, ended=NOW + timedelta(minutes=n))
        assert store.outcomes.record(ended, replace(DONE, note=TEXT))
        ids.append(attempt.attempt_id)
    return ids


def states(store: Store) -> dict[str, NoteState]:
    return {one.attempt_id: one.state for one in store.notes.unsent()}


def test_a_note_is_written_with_the_outcome_and_as_often(store: Store) -> None:
    (first,) = noted(store, 1)
    expected = ErpNote(
        first, ALPHA, "c0001", TEXT, NOW.date(), NoteState.WAITING, NOW + timedelta(minutes=1), error=""
    )
    assert [expected] == store.notes.waiting(ALPHA, 10)
    attempt = store.attempts.get(first)
    assert attempt
    assert not store.outcomes.record(outcome(attempt), replace(DONE, note="another"))
    assert [expected] == store.notes.unsent()


def test_an_outcome_without_a_note_tells_nothing(store: Store) -> None:
    seed(store, [client(1)])
    attempt = reserve_one(store, 1)
    assert attempt
    store.outcomes.record(outcome(attempt), DONE)
    assert [] == store.notes.unsent()


def test_the_day_is_that_of_the_call_where_the_number_lives(store: Store) -> None:
    seed(store, [client(1)])
    attempt = reserve_one(store, 1)
    assert attempt
    past_midnight = datetime(2026, 3, 11, 1, 30, tzinfo=NOW.tzinfo)  # 22:30 of the 10th in São Paulo
    store.outcomes.record(outcome(attempt, ended=past_midnight), replace(DONE, note="x" * 600))
    (note,) = store.notes.unsent()
    assert (NOW.date(), "x" * 500) == (note.day, note.text)


def test_the_oldest_wait_in_front_each_instance_for_itself(store: Store) -> None:
    second, first = noted(store, 2), noted(store, 1)
    other = noted(store, 3, instance="beta")
    assert first + second == [one.attempt_id for one in store.notes.waiting(ALPHA, 10)]
    assert first == [one.attempt_id for one in store.notes.waiting(ALPHA, 1)]
    assert other == [one.attempt_id for one in store.notes.unsent("beta")]
    assert first + second + other == [one.attempt_id for one in store.notes.unsent()]
    assert first == [one.attempt_id for one in store.notes.unsent(limit=1)]


def test_a_note_goes_its_way_and_no_step_is_taken_twice(store: Store) -> None:
    (first,) = noted(store, 1)
    assert not store.notes.sent(first, LATER)
    assert not store.notes.failed(first, "no", LATER)
    assert store.notes.take(first, LATER)
    assert not store.notes.take(first, LATER)
    assert (LATER, NoteState.SENDING) == (store.notes.unsent()[0].changed_at, store.notes.unsent()[0].state)
    assert store.notes.put_back(first, LATER)
    assert {first: NoteState.WAITING} == states(store)
    assert store.notes.take(first, LATER)
    assert store.notes.sent(first, LATER)
    assert {} == states(store)
    assert not store.notes.take(first, LATER)
    assert not store.notes.put_back(first, LATER)


def test_a_failed_note_stays_listed_with_its_sentence_and_is_never_taken_again(store: Store) -> None:
    (first,) = noted(store, 1)
    store.notes.take(first, LATER)
    assert store.notes.failed(first, "IXC disse: não\x1f" + "x" * 300, LATER)
    assert [] == store.notes.waiting(ALPHA, 10)
    (note,) = store.notes.unsent()
    assert (NoteState.FAILED, ("IXC disse: não" + "x" * 300)[:255]) == (note.state, note.error)
    assert not store.notes.take(first, LATER)


def test_what_somebody_died_over_is_given_up_and_nothing_else(store: Store) -> None:
    first, second = noted(store, 1, 2)
    (other,) = noted(store, 3, instance="beta")
    for one in (first, other):
        store.notes.take(one, LATER)
    assert 1 == store.notes.give_up(ALPHA, "unknown", LATER)
    assert {first: NoteState.FAILED, second: NoteState.WAITING, other: NoteState.SENDING} == states(store)
    assert 0 == store.notes.give_up(ALPHA, "unknown", LATER)


def test_of_eight_who_take_the_same_note_one_gets_it(store: Store) -> None:
    (first,) = noted(store, 1)
    with ThreadPoolExecutor(8) as side_by_side:
        got = list(side_by_side.map(lambda _: store.notes.take(first, LATER), range(8)))
    assert 1 == sum(got)


def test_an_unknown_note_and_an_instant_without_zone_change_nothing(store: Store) -> None:
    assert not store.notes.take(attempt_id(99), LATER)
    (first,) = noted(store, 1)
    with pytest.raises(ValueError, match="time zone"):
        store.notes.take(first, datetime(2026, 3, 10, 13, 0))  # noqa: DTZ001 - the point
    assert {first: NoteState.WAITING} == states(store)
