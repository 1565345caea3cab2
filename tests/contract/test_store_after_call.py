"""Contract of what a call leaves behind for its debtor: quiet period, wait for a sync, streak, numbers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.contract.store_data import (
    ALPHA,
    DONE,
    HOUR,
    NOW,
    RULES,
    candidate,
    client,
    later,
    number_of,
    outcome,
    reserve_one,
    seed,
)
from worker.core.do_not_call import OPT_OUT_SOURCE, DoNotCall, Search
from worker.core.enums import Answerer, CallEnding, EntryState, Heard, LineResult, Result
from worker.core.model import Attempt, LedgerRow, NextStep, Streak, TalkFacts, Waiting
from worker.store_ports import Store

BETA = "beta"
DAY = timedelta(days=1)
WEEK = NOW + 7 * DAY
CPF = "52998224725"
SILENT = TalkFacts()


def reserved(store: Store, n: int = 1, instance: str = ALPHA) -> Attempt:
    seed(store, [replace(client(n), document=CPF)], instance)
    attempt = reserve_one(store, n, instance=instance)
    assert attempt
    return attempt


def the(store: Store, when_hours: float = 5, instance: str = ALPHA) -> Waiting:
    (found,) = store.queue.waiting(instance, NOW + when_hours * HOUR, 10)
    return found


def ledger(store: Store, instance: str = ALPHA) -> LedgerRow:
    found = the(store, 24 * 365, instance)
    return found.ledger[found.debtor]


def test_a_conversation_makes_the_debtor_quiet_on_all_numbers_and_for_all_instances(store: Store) -> None:
    attempt = reserved(store)
    seed(store, [replace(client(9, 7, 8), document=CPF)], BETA)
    step = replace(later(5), quiet_until=WEEK)
    assert store.outcomes.record(outcome(attempt), step)
    assert WEEK == ledger(store).quiet_until
    assert (WEEK, 1) == (ledger(store, BETA).quiet_until, ledger(store, BETA).tries)
    for serial, instance in ((100, ALPHA), (500, BETA)):  # long after the gap, on numbers never tried as well
        for hours, granted in ((7 * 24 - 1, False), (7 * 24, True)):
            now = NOW + hours * HOUR
            waiting = the(store, hours, instance)
            wanted = [candidate(waiting, serial + hours, number=waiting.phones[-1].number, day=now.date())]
            found = store.attempts.reserve(wanted, channels=9, rules=RULES, now=now)
            assert granted == bool(found), (instance, hours)
            for one in found:  # so that the other instance has its try
                store.attempts.withdraw(one.attempt_id, "a test")
        if instance == ALPHA:
            assert WEEK == ledger(store, BETA).quiet_until


@pytest.mark.parametrize(("first", "second"), [(1, 9), (9, 1)])
def test_of_two_quiet_periods_the_longer_holds(store: Store, first: int, second: int) -> None:
    one = reserved(store)
    store.outcomes.record(outcome(one), replace(later(5), quiet_until=NOW + first * HOUR))
    other = reserved_again(store, 2, hours=10)
    store.outcomes.record(
        outcome(other, ended=NOW + 10 * HOUR), replace(later(15), quiet_until=NOW + second * HOUR)
    )
    assert NOW + 9 * HOUR == ledger(store).quiet_until


def reserved_again(store: Store, n: int, hours: float) -> Attempt:
    now = NOW + hours * HOUR
    attempt = reserve_one(store, n, now=now, day=now.date())
    assert attempt
    return attempt


def test_a_call_without_a_conversation_leaves_the_quiet_period_as_it_was(store: Store) -> None:
    store.outcomes.record(outcome(reserved(store)), replace(later(5), quiet_until=NOW + 5 * HOUR))
    store.outcomes.record(outcome(reserved_again(store, 2, hours=6), ended=NOW + 6 * HOUR), later(10))
    assert NOW + 5 * HOUR == ledger(store).quiet_until


def test_a_second_outcome_of_the_same_call_quiets_nobody(store: Store) -> None:
    attempt = reserved(store)
    store.outcomes.record(outcome(attempt), later(5))
    store.outcomes.record(outcome(attempt), replace(later(5), quiet_until=WEEK))
    assert ledger(store).quiet_until is None


def test_the_try_given_back_does_not_take_the_quiet_period_with_it(store: Store) -> None:
    attempt = reserved(store)
    store.attempts.withdraw(attempt.attempt_id, "refused")
    store.outcomes.record(outcome(attempt), replace(DONE, quiet_until=WEEK))
    assert (0, None, WEEK) == (ledger(store).tries, ledger(store).last_try_at, ledger(store).quiet_until)


def test_who_says_it_is_paid_waits_for_the_next_sync_until_the_next_call(store: Store) -> None:
    ended = NOW + timedelta(minutes=3)
    store.outcomes.record(outcome(reserved(store), ended=ended), replace(later(5), after_sync=True))
    assert ended == the(store).entry.after_sync
    store.outcomes.record(outcome(reserved_again(store, 2, hours=6), ended=NOW + 6 * HOUR), later(10))
    assert the(store, 11).entry.after_sync is None


def test_like_endings_in_a_row_are_counted_and_known_to_the_next_call(store: Store) -> None:
    attempt = reserved(store)
    assert Streak() == attempt.streak
    seen = []
    endings = [CallEnding.BUSY, CallEnding.NO_ANSWER, CallEnding.NO_ANSWER, CallEnding.NO_ANSWER, CallEnding.BUSY]
    for n, ending in enumerate(endings, 2):
        now = NOW + 24 * (n - 1) * HOUR
        found = store.attempts.get(attempt.attempt_id)
        (open_one,) = store.attempts.open_since(now)
        assert found == open_one
        seen.append(open_one.streak)
        step = NextStep(EntryState.WAITING, "again", now, ending=ending)
        store.outcomes.record(outcome(attempt, ended=now - HOUR), step)
        attempt = reserved_again(store, n, hours=24 * (n - 1))
    seen.append(store.attempts.open_since(NOW + 365 * DAY)[0].streak)
    answered = store.attempts.answered(attempt.attempt_id, NOW)
    assert answered
    assert seen[-1] == answered.streak
    busy, silent = CallEnding.BUSY, CallEnding.NO_ANSWER
    expected = [
        Streak(),
        Streak(busy, 1),
        Streak(silent, 1),
        Streak(silent, 2),
        Streak(silent, 3),
        Streak(busy, 1),
    ]
    assert expected == seen


def test_a_withdrawn_try_does_not_break_a_row(store: Store) -> None:
    step = NextStep(EntryState.WAITING, "again", NOW, ending=CallEnding.BUSY)
    store.outcomes.record(outcome(reserved(store)), step)
    again = reserved_again(store, 2, hours=24)
    store.attempts.withdraw(again.attempt_id, "refused")
    reserved_again(store, 3, hours=25)
    assert Streak(CallEnding.BUSY, 1) == store.attempts.open_since(NOW + 30 * DAY)[0].streak


def test_who_picked_up_where_and_what_came_last_is_known_of_each_number(store: Store) -> None:
    seed(store, [client(1, 1, 2, 3)])
    calls = [  # number, hours, line, who, what was said
        (1, 0, LineResult.ANSWERED, Answerer.HUMAN, TalkFacts(Heard.GREETING, 2.0)),
        (2, 24, LineResult.ANSWERED, Answerer.MACHINE, SILENT),
        (1, 48, LineResult.ANSWERED, Answerer.HUMAN, TalkFacts(Heard.PART, 9.0, Result.CONFIRMED, "1")),
        (3, 72, LineResult.BUSY, Answerer.NOBODY, SILENT),
        (1, 96, LineResult.NO_ANSWER, Answerer.NOBODY, SILENT),
    ]
    for n, (number, hours, line, who, talk) in enumerate(calls):
        now = NOW + hours * HOUR
        wanted = candidate(
            the(store, hours), n, number=number_of(number), day=(NOW + timedelta(hours=hours)).date()
        )
        (attempt,) = store.attempts.reserve([wanted], channels=9, rules=RULES, now=now)
        ended = replace(outcome(attempt, ended=now, line=line), answerer=who, talk=talk)
        store.outcomes.record(ended, NextStep(EntryState.WAITING, "again", now))
    found = the(store, 100)
    expected = {
        number_of(2): LineResult.ANSWERED,
        number_of(3): LineResult.BUSY,
        number_of(1): LineResult.NO_ANSWER,
    }
    assert list(expected.items()) == list(found.last_outcome.items())  # the latest last
    assert {number_of(1): NOW + 48 * HOUR} == found.reached
    assert CallEnding.NO_ANSWER is found.last_ending


def test_calls_to_a_number_that_is_no_longer_the_debtor_s_do_not_count(store: Store) -> None:
    store.outcomes.record(outcome(reserved(store)), later(5))
    store.catalogue.replace_clients(ALPHA, [client(1, 5)], NOW)
    found = the(store)
    assert ({}, {}, None) == (found.last_outcome, found.reached, found.last_ending)


def test_two_numbers_of_one_person_are_never_tried_at_once_by_two_instances(store: Store) -> None:
    seed(store, [replace(client(1, 1, 2), document=CPF)], ALPHA)
    seed(store, [replace(client(1, 3, 4), document=CPF)], BETA)
    granted = []
    for n, instance in enumerate((ALPHA, BETA, ALPHA, BETA)):
        waiting = store.queue.waiting(instance, NOW, 1)
        wanted = [candidate(one, n, number=one.phones[n % 2].number) for one in waiting]
        granted += store.attempts.reserve(wanted, channels=9, rules=RULES, now=NOW + n * timedelta(minutes=1))
    assert [number_of(1)] == [one.number for one in granted]
    store.outcomes.record(outcome(granted[0]), later(0))
    for hours, expected in ((3.9, 0), (4, 1)):  # nor soon after each other
        (waiting_there,) = store.queue.waiting(BETA, NOW + hours * HOUR, 1)
        wanted = [candidate(waiting_there, 90 + expected, number=number_of(4))]
        found = store.attempts.reserve(wanted, channels=9, rules=RULES, now=NOW + hours * HOUR)
        assert expected == len(found)


NEVER = replace(DONE, never=True)


@pytest.mark.parametrize("document", [CPF, None])
def test_who_asked_himself_never_to_be_called_is_listed_with_all_his_numbers(
    store: Store, document: str | None
) -> None:
    seed(store, [replace(client(1, 1, 2), document=document)])
    seed(store, [replace(client(1, 1, 3), document=document)], BETA)
    attempt = reserve_one(store, 1)
    assert attempt
    assert store.outcomes.record(outcome(attempt), NEVER)
    assert not store.outcomes.record(outcome(attempt), NEVER)
    lines = store.do_not_call.listing(Search(), 10)
    by_number = {("", number_of(n), ALPHA, OPT_OUT_SOURCE, NOW) for n in (1, 2)}
    expected = {(CPF, "", "", OPT_OUT_SOURCE, NOW)} if document else by_number
    assert expected == {(one.document, one.number, one.instance, one.source, one.added_at) for one in lines}
    assert {None} == {one.expires_on for one in lines}
    seed(store, [replace(client(1, 1, 2), document=document)])  # as the next sync does: he still owes
    assert 1 <= len(the(store).do_not_call)
    assert bool(document) == bool(the(store, instance=BETA).do_not_call)


def test_a_line_that_would_have_expired_counts_for_ever_now(store: Store) -> None:
    attempt = reserved(store)
    old = DoNotCall(document=CPF, source=OPT_OUT_SOURCE, reason="so", expires_on=NOW.date())
    store.do_not_call.put(lambda: [old], NOW - DAY)
    store.outcomes.record(outcome(attempt), NEVER)
    (line,) = store.do_not_call.listing(Search(document=CPF), 10)
    assert (None, "so", NOW - DAY) == (line.expires_on, line.reason, line.added_at)
