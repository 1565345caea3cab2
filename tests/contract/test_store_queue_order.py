"""Contract of the order of the queue: put first by hand, by the hour in which people answer."""

from dataclasses import replace

from tests.contract.queue_worlds import CHARGE, build, known, queue_of
from tests.contract.store_data import (
    ALPHA,
    HOUR,
    NOW,
    TODAY,
    client,
    later,
    number_of,
    outcome,
    phone,
    reserve_one,
)
from worker.core.enums import Answerer
from worker.core.priority import Order, Place, Ranking, Rings, alike, bumped_turn
from worker.core.queueing import Built
from worker.store_ports import Store

BY_AMOUNT, BY_HOUR = Ranking(Order.AMOUNT), Ranking(best_hour=True)


def waiting_order(store: Store) -> list[str]:
    return [one.entry.client_id for one in store.queue.waiting(ALPHA, NOW + 48 * HOUR, 10)]


def test_who_is_put_first_is_first_and_stays_there_whatever_he_owes(store: Store) -> None:
    known(store, "10.00", "20.00", "30.00")
    build(store)
    assert store.queue.bump(ALPHA, "c0003", NOW)
    assert store.queue.bump(ALPHA, "c0002", NOW + HOUR)
    assert not store.queue.bump(ALPHA, "c0003", NOW + 2 * HOUR)  # he is there already
    assert ["c0003", "c0002", "c0001"] == waiting_order(store)
    known(store, "10.00", "25.00", "30.00")
    assert Built(3, 3, refreshed=1, reordered=1) == build(store, replace(CHARGE, ranking=BY_AMOUNT))
    assert 0 == store.queue.reorder(ALPHA, BY_AMOUNT, TODAY, NOW)
    assert ["c0003", "c0002", "c0001"] == waiting_order(store)
    assert (NOW, bumped_turn(NOW)) == (queue_of(store)["c0003"].bumped_at, queue_of(store)["c0003"].turn)


def test_a_bump_ends_with_the_call_and_not_with_a_withdrawal(store: Store) -> None:
    known(store, "10.00", "20.00")
    build(store)
    store.queue.bump(ALPHA, "c0002", NOW)
    first = reserve_one(store, 1)
    assert first
    assert not store.queue.bump(ALPHA, "c0002", NOW)  # he is being called
    store.attempts.withdraw(first.attempt_id, "refused")
    assert NOW == queue_of(store)["c0002"].bumped_at
    second = reserve_one(store, 2)
    assert second
    assert "c0002" == second.client_id
    store.outcomes.record(outcome(second), later(5))
    entry = queue_of(store)["c0002"]
    assert (None, entry.oldest_due.toordinal()) == (entry.bumped_at, entry.turn)


def test_many_calls_that_end_together_end_their_bumps_too(store: Store) -> None:
    known(store, "10.00", "20.00")
    build(store)
    for client_id in ("c0001", "c0002"):
        store.queue.bump(ALPHA, client_id, NOW)
    attempts = [reserve_one(store, 1), reserve_one(store, 2)]
    for attempt in attempts:
        assert attempt
        store.outcomes.record(outcome(attempt), later(5))
    assert [None, None] == [one.bumped_at for one in queue_of(store).values()]


def test_a_bump_is_undone_once(store: Store) -> None:
    known(store, "10.00")
    build(store)
    before = queue_of(store)["c0001"]
    assert not store.queue.unbump(before.entry_id, before.turn)
    store.queue.bump(ALPHA, "c0001", NOW)
    assert store.queue.unbump(before.entry_id, before.turn)
    assert before == queue_of(store)["c0001"]
    assert not store.queue.bump(ALPHA, "c0404", NOW)


# --- hours -------------------------------------------------------------------------------------------


def called(store: Store, n: int, attempt: int, hours: float, person: bool) -> None:
    """A call of client n that ended so many hours before NOW."""
    at = NOW - hours * HOUR
    store.queue.bump(ALPHA, f"c{n:04}", at)
    reserved = reserve_one(store, attempt, now=at, day=at.date())
    assert reserved
    answerer = Answerer.HUMAN if person else Answerer.MACHINE
    store.outcomes.record(
        replace(outcome(reserved, ended=at), answerer=answerer), replace(later(0), not_before=at)
    )


def test_who_was_answered_in_this_hour_comes_first(store: Store) -> None:
    known(store, "10.00", "10.00", "10.00", "10.00")
    build(store)
    called(store, 2, 1, 48, person=True)  # this hour, two days ago
    called(store, 3, 2, 51, person=True)  # another hour
    called(store, 4, 3, 48, person=False)
    assert ["c0001", "c0002", "c0003", "c0004"] == waiting_order(store)
    assert 1 == store.queue.reorder(ALPHA, BY_HOUR, TODAY, NOW)
    assert ["c0002", "c0001", "c0003", "c0004"] == waiting_order(store)
    assert 2 == store.queue.reorder(ALPHA, BY_HOUR, TODAY, NOW + 21 * HOUR)  # the hour of client 3
    assert ["c0003", "c0001", "c0002", "c0004"] == waiting_order(store)
    assert 1 == store.queue.reorder(ALPHA, BY_HOUR, TODAY, NOW + 100 * 24 * HOUR)  # long forgotten


def test_where_nobody_answered_yet_numbers_like_it_speak_for_it(store: Store) -> None:
    fixed = replace(client(2), phones=(replace(phone(2), number="+551133334444"),))
    known(store, "10.00", "10.00", "10.00", clients=[client(1), fixed, client(3)])
    build(store)
    for attempt in range(20):
        called(store, 1, attempt, 24 * (30 - attempt), person=attempt < 3)
    store.queue.reorder(ALPHA, BY_HOUR, TODAY, NOW)
    assert ["c0001", "c0003", "c0002"] == waiting_order(store)


def test_the_place_tells_who_is_ahead_and_the_hours_of_the_number_and_of_those_like_it(store: Store) -> None:
    known(store, "10.00", "20.00", "30.00")
    build(store)
    called(store, 1, 1, 48, person=True)
    called(store, 2, 2, 51, person=False)
    entry = queue_of(store)["c0002"]
    assert Place(1, 3) == store.queue.place(entry, [number_of(2)], Ranking(), NOW)
    own = {number_of(2): Rings({10: 1}, {10: 0})}
    like = {alike(number_of(2)): Rings({10: 1, 13: 1}, {10: 0, 13: 1})}
    expected = Place(1, 3, own=own, like=like)
    assert expected == store.queue.place(entry, [number_of(2)], BY_HOUR, NOW)
