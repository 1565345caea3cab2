"""Contract of `Attempts`: nothing is dialled that was not reserved, and the ledger is never overdrawn."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.contract.store_data import (
    ALPHA,
    DONE,
    HOUR,
    NOW,
    RULES,
    TODAY,
    attempt_id,
    candidate,
    client,
    debtor,
    later,
    number_of,
    outcome,
    reserve_one,
    seed,
)
from worker.core.enums import AttemptState, EntryState, Origination
from worker.core.model import LedgerRow, Open, Refresh
from worker.store_ports import Store

SECOND = timedelta(seconds=1)


def test_a_reserved_attempt_carries_the_figures_and_is_open(store: Store) -> None:
    seed(store, [client(1)])
    attempt = reserve_one(store, 1)
    assert attempt
    assert (attempt_id(1), ALPHA, "c0001", client(1).name, number_of(1), Origination.ARI) == (
        attempt.attempt_id,
        attempt.instance,
        attempt.client_id,
        attempt.client_name,
        attempt.number,
        attempt.origination,
    )
    assert (AttemptState.RESERVED, Decimal("10.00"), NOW) == (attempt.state, attempt.total, attempt.reserved_at)
    assert attempt == store.attempts.get(attempt_id(1))
    assert store.attempts.count_open(ALPHA) == 1
    assert [EntryState.CLAIMED] == [one.state for one in store.queue.open_entries(ALPHA)]


@pytest.mark.parametrize(("told", "kept"), [("10.50", "10.50"), ("10.505", "10.51"), (None, None)])
def test_the_sum_with_interest_travels_with_the_attempt(store: Store, told: str | None, kept: str | None) -> None:
    seed(store, [client(1)])
    (waiting,) = store.queue.waiting(ALPHA, NOW, 1)
    known = replace(waiting, updated_total=None if told is None else Decimal(told))
    (attempt,) = store.attempts.reserve([candidate(known, 1)], channels=1, rules=RULES, now=NOW)
    expected = None if kept is None else Decimal(kept)
    answered = store.attempts.answered(attempt_id(1), NOW)
    assert answered
    assert [expected] * 4 == [
        attempt.updated_total,
        answered.updated_total,
        store.attempts.open_since(NOW + SECOND)[0].updated_total,
        store.queue.dossier(number_of(1)).attempts[0].updated_total,
    ]


def test_no_more_are_reserved_than_channels_are_free(store: Store) -> None:
    seed(store, [client(n) for n in range(5)])
    waiting = store.queue.waiting(ALPHA, NOW, 10)
    first = [candidate(one, n) for n, one in enumerate(waiting)]
    taken = store.attempts.reserve(first[:2], channels=3, rules=RULES, now=NOW)
    assert [attempt_id(0), attempt_id(1)] == [one.attempt_id for one in taken]
    taken = store.attempts.reserve(first[2:], channels=3, rules=RULES, now=NOW)
    assert [attempt_id(2)] == [one.attempt_id for one in taken]
    assert [] == store.attempts.reserve(first[3:], channels=3, rules=RULES, now=NOW)
    assert [] == store.attempts.reserve(first[3:], channels=0, rules=RULES, now=NOW)


def test_a_refused_candidate_leaves_nothing_and_its_channel_goes_to_the_next(store: Store) -> None:
    seed(store, [client(1, 7), client(2, 7), client(3)])
    candidates = [candidate(one, n) for n, one in enumerate(store.queue.waiting(ALPHA, NOW, 10))]
    taken = store.attempts.reserve(candidates, channels=2, rules=RULES, now=NOW)
    assert ["c0001", "c0003"] == [one.client_id for one in taken]
    assert ["c0002"] == [one.entry.client_id for one in store.queue.waiting(ALPHA, NOW, 10)]
    assert store.attempts.get(attempt_id(1)) is None
    assert store.queue.dossier(number_of(7)).ledger.tries == 1


def test_nothing_asked_nothing_reserved(store: Store) -> None:
    assert [] == store.attempts.reserve([], channels=10, rules=RULES, now=NOW)


def test_candidates_of_two_instances_are_refused(store: Store) -> None:
    seed(store, [client(1)])
    seed(store, [client(2)], instance="beta")
    mixed = [candidate(store.queue.waiting(name, NOW, 1)[0], n) for n, name in enumerate((ALPHA, "beta"))]
    with pytest.raises(ValueError, match="several instances"):
        store.attempts.reserve(mixed, channels=10, rules=RULES, now=NOW)


def test_a_claimed_entry_is_not_claimed_again(store: Store) -> None:
    seed(store, [client(1, 1, 2)])
    (waiting,) = store.queue.waiting(ALPHA, NOW, 10)
    assert store.attempts.reserve([candidate(waiting, 1)], channels=9, rules=RULES, now=NOW)
    again = candidate(waiting, 2, number=number_of(2))
    assert [] == store.attempts.reserve([again], channels=9, rules=RULES, now=NOW)
    assert LedgerRow(number_of(2)) == store.queue.dossier(number_of(2)).ledger


def test_a_candidate_whose_figures_changed_meanwhile_is_not_reserved(store: Store) -> None:
    seed(store, [client(1)])
    (waiting,) = store.queue.waiting(ALPHA, NOW, 10)
    store.queue.apply(ALPHA, [Refresh(waiting.entry.entry_id, debtor(1, "3.00"))], NOW)
    assert [] == store.attempts.reserve([candidate(waiting, 1)], channels=9, rules=RULES, now=NOW)


def test_a_candidate_postponed_meanwhile_is_not_reserved(store: Store) -> None:
    seed(store, [client(1)])
    (waiting,) = store.queue.waiting(ALPHA, NOW, 10)
    store.queue.postpone(waiting.entry.entry_id, NOW + SECOND, "another worker knew better")
    assert [] == store.attempts.reserve([candidate(waiting, 1)], channels=9, rules=RULES, now=NOW)


LEDGER = [
    # tries made before: (local day, instant); then asked: local day, instant; allowed?
    ([], TODAY, NOW, True),
    ([(TODAY, NOW - 4 * HOUR)], TODAY, NOW, True),  # the gap to the second
    ([(TODAY, NOW - 4 * HOUR + SECOND)], TODAY, NOW, False),  # a second too soon
    ([(TODAY, NOW - 8 * HOUR), (TODAY, NOW - 4 * HOUR)], TODAY, NOW, True),  # the third
    ([(TODAY, NOW - h * HOUR) for h in (12, 8, 4)], TODAY, NOW, False),  # a fourth
    ([(date(2026, 3, 9), NOW - h * HOUR) for h in (12, 8, 4)], TODAY, NOW, True),  # a new day counts anew
    ([(date(2026, 3, 9), NOW - HOUR)], TODAY, NOW, False),  # a new day does not shorten the gap
    ([(date(2026, 3, 11), NOW - 5 * HOUR)], TODAY, NOW, False),  # a later day was counted already
    ([(TODAY, NOW + HOUR)], TODAY, NOW, False),  # the clock went back
]


@pytest.mark.parametrize(("made", "day", "now", "allowed"), LEDGER)
def test_the_ledger_allows(
    store: Store, made: list[tuple[date, datetime]], day: date, now: datetime, allowed: bool
) -> None:
    seed(store, [client(1)])
    for n, (past_day, instant) in enumerate(made):
        attempt = reserve_one(store, n, now=instant, day=past_day)
        assert attempt
        store.outcomes.record(outcome(attempt, ended=instant), later(-100))
    assert allowed == (reserve_one(store, 99, now=now, day=day) is not None)


def test_the_ledger_counts_across_instances(store: Store) -> None:
    seed(store, [client(1, 7)])
    seed(store, [client(1, 7)], instance="beta")
    first = reserve_one(store, 1)
    assert first
    store.outcomes.record(outcome(first), later(5))
    assert reserve_one(store, 2, instance="beta") is None
    assert reserve_one(store, 3, instance="beta", now=NOW + 4 * HOUR)
    assert store.queue.dossier(number_of(7)).ledger.tries == 2


def test_an_attempt_moves_forward_only(store: Store) -> None:
    seed(store, [client(1)])
    assert reserve_one(store, 1)
    store.attempts.dialed([attempt_id(1), attempt_id(404)])
    assert AttemptState.DIALING == _state(store, 1)
    assert not store.attempts.withdraw(attempt_id(1), "too late")
    answered = store.attempts.answered(attempt_id(1), NOW + SECOND)
    assert answered
    assert (AttemptState.ANSWERED, NOW + SECOND) == (answered.state, answered.answered_at)
    store.attempts.dialed([attempt_id(1)])
    assert AttemptState.ANSWERED == _state(store, 1)


def test_an_answer_before_the_worker_noted_the_dialling_counts(store: Store) -> None:
    seed(store, [client(1)])
    assert reserve_one(store, 1)
    assert store.attempts.answered(attempt_id(1), NOW)


def test_an_answer_told_twice_keeps_its_first_instant(store: Store) -> None:
    seed(store, [client(1)])
    assert reserve_one(store, 1)
    first = store.attempts.answered(attempt_id(1), NOW)
    assert first == store.attempts.answered(attempt_id(1), NOW + HOUR)


def test_nobody_is_talked_to_on_an_unknown_or_closed_attempt(store: Store) -> None:
    assert store.attempts.answered(attempt_id(404), NOW) is None
    seed(store, [client(1)])
    attempt = reserve_one(store, 1)
    assert attempt
    store.outcomes.record(outcome(attempt), DONE)
    assert store.attempts.answered(attempt_id(1), NOW) is None


def test_a_withdrawn_attempt_gives_the_try_back_and_the_entry_waits(store: Store) -> None:
    seed(store, [client(1)])
    first = reserve_one(store, 1, now=NOW - 5 * HOUR)
    assert first
    store.outcomes.record(outcome(first, ended=NOW - 5 * HOUR), later(-5))
    before = store.queue.dossier(number_of(1)).ledger
    assert reserve_one(store, 2)
    assert store.queue.dossier(number_of(1)).ledger.tries == 2
    assert store.attempts.withdraw(attempt_id(2), "403 from ARI")
    assert before == store.queue.dossier(number_of(1)).ledger
    (waiting,) = store.queue.waiting(ALPHA, NOW, 10)
    assert (AttemptState.WITHDRAWN, 0, "403 from ARI") == (
        _state(store, 2),
        store.attempts.count_open(ALPHA),
        waiting.entry.reason,
    )
    assert not store.attempts.withdraw(attempt_id(2), "again")
    assert reserve_one(store, 3)


def test_the_first_try_withdrawn_leaves_a_number_never_tried(store: Store) -> None:
    seed(store, [client(1)])
    assert reserve_one(store, 1)
    assert store.attempts.withdraw(attempt_id(1), "x")
    assert LedgerRow(number_of(1)) == store.queue.dossier(number_of(1)).ledger
    assert {} == store.queue.waiting(ALPHA, NOW, 10)[0].ledger


def test_a_late_withdrawal_gives_back_its_own_try_because_nobody_else_got_one_meanwhile(store: Store) -> None:
    seed(store, [client(1, 7), client(2, 7)])
    assert reserve_one(store, 1)
    assert not reserve_one(store, 2, now=NOW + 4 * HOUR)  # the other client, the same number
    assert store.attempts.withdraw(attempt_id(1), "found out late")
    assert LedgerRow(number_of(7)) == store.queue.dossier(number_of(7)).ledger
    assert reserve_one(store, 3, now=NOW + 4 * HOUR)


def test_an_unknown_attempt_cannot_be_withdrawn(store: Store) -> None:
    assert not store.attempts.withdraw(attempt_id(404), "x")
    assert store.attempts.get(attempt_id(404)) is None


def test_open_attempts_are_listed_oldest_first_and_before_the_instant_only(store: Store) -> None:
    seed(store, [client(n) for n in range(4)])
    for n, minutes in enumerate((3, 1, 2, 9)):
        assert reserve_one(store, n, now=NOW + minutes * SECOND)
    closed = store.attempts.get(attempt_id(2))
    assert closed
    store.outcomes.record(outcome(closed), DONE)
    found = [one.attempt_id for one in store.attempts.open_since(NOW + 9 * SECOND)]
    assert [attempt_id(1), attempt_id(0)] == found


def test_open_attempts_of_a_clock_put_back_count_from_now(store: Store) -> None:
    seed(store, [client(n) for n in range(4)])
    for n, seconds in enumerate((0, 10, 11, 3600)):
        assert reserve_one(store, n, now=NOW + seconds * SECOND)
    closed = store.attempts.get(attempt_id(3))
    assert closed
    store.outcomes.record(outcome(closed), DONE)
    assert 1 == store.attempts.clock_put_back(NOW + 10 * SECOND, NOW + 1 * SECOND)
    reckoned = [(one.attempt_id, one.reserved_at) for one in store.attempts.open_since(NOW + 11 * SECOND)]
    assert [(attempt_id(n), NOW + seconds * SECOND) for n, seconds in ((0, 0), (2, 1), (1, 10))] == reckoned
    kept = store.attempts.get(attempt_id(2))
    assert kept
    assert NOW + 11 * SECOND == kept.reserved_at
    assert 0 == store.attempts.clock_put_back(NOW + 10 * SECOND, NOW + 1 * SECOND)


def test_an_endless_client_name_is_cut(store: Store) -> None:
    store.queue.apply(ALPHA, [Open(debtor(1))], NOW)
    (waiting,) = store.queue.waiting(ALPHA, NOW, 1)
    named = replace(candidate(replace(waiting, client_name="á" * 500), 1, number=number_of(1)))
    (attempt,) = store.attempts.reserve([named], channels=1, rules=RULES, now=NOW)
    assert attempt == store.attempts.get(attempt_id(1))


def _state(store: Store, n: int) -> AttemptState:
    attempt = store.attempts.get(attempt_id(n))
    assert attempt
    return attempt.state
