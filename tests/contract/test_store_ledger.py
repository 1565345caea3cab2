"""The ledger over both stores: numbers and debtors, a day and seven, and the trunk that instances share."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.store_data import (
    ALPHA,
    HOUR,
    NOW,
    RULES,
    TODAY,
    attempt_id,
    candidate,
    client,
    number_of,
    outcome,
)
from worker.core.enums import EntryState
from worker.core.ledger import debtor_key, take
from worker.core.model import Attempt, Client, Debtor, LedgerRow, LedgerRules, NextStep, Open
from worker.core.route import Route
from worker.store_ports import Store

BETA = "beta"
CPF = "52998224725"
FREE = LedgerRules(per_day=9, gap=timedelta(0))  # refuses nothing that these tests do
AGAIN = NextStep(EntryState.WAITING, "busy")


def known(store: Store, instance: str, *clients: Client) -> None:
    """Clients of an instance, all in its queue."""
    store.catalogue.replace_clients(instance, clients, NOW)
    owed = [Debtor(one.client_id, one.name, one.phones, Decimal("10.00"), 1, date(2026, 1, 1)) for one in clients]
    store.queue.apply(instance, [Open(one) for one in owed], NOW)


def tried(
    store: Store,
    n: int,
    *,
    rules: LedgerRules = RULES,
    now: datetime = NOW,
    day: date = TODAY,
    instance: str = ALPHA,
    number: str = "",
    route: Route | None = None,
) -> Attempt | None:
    """One try of the instance's first debtor, ended at once; None when it was refused."""
    waiting = store.queue.waiting(instance, now, 1)
    chosen = [candidate(one, n, number=number, day=day) for one in waiting]
    found = store.attempts.reserve(
        chosen, channels=9, rules=rules, now=now, route=route or Route("OUT_1", "+551133330000")
    )
    for attempt in found:
        store.outcomes.record(outcome(attempt, ended=now), AGAIN)
    return found[0] if found else None


def test_two_numbers_of_one_debtor_count_as_one_debtor(store: Store) -> None:
    known(store, ALPHA, client(1, 11, 12))
    rules = replace(RULES, debtor=LedgerRules(per_day=2, gap=HOUR))
    assert tried(store, 1, rules=rules, number=number_of(11))
    assert not tried(store, 2, rules=rules, number=number_of(12), now=NOW + HOUR / 2)  # the debtor's gap
    assert tried(store, 3, rules=rules, number=number_of(12), now=NOW + HOUR)
    assert not tried(store, 4, rules=rules, number=number_of(11), now=NOW + 5 * HOUR)  # the debtor's cap
    (waiting,) = store.queue.waiting(ALPHA, NOW + 6 * HOUR, 1)
    expected = {
        number_of(11): LedgerRow(number_of(11), TODAY, 1, NOW),
        number_of(12): LedgerRow(number_of(12), TODAY, 1, NOW + HOUR),
        "c:alpha:c0001": LedgerRow("c:alpha:c0001", TODAY, 2, NOW + HOUR),
    }
    assert expected == waiting.ledger


def test_a_number_that_the_debtor_may_not_be_called_on_keeps_its_try(store: Store) -> None:
    known(store, ALPHA, client(1, 11, 12))
    rules = replace(RULES, debtor=LedgerRules(per_day=1, gap=timedelta(0)))
    assert tried(store, 1, rules=rules, number=number_of(11))
    assert not tried(store, 2, rules=rules, number=number_of(12))
    assert LedgerRow(number_of(12)) == store.queue.dossier(number_of(12)).ledger
    assert EntryState.WAITING is store.queue.open_entries(ALPHA)[0].state


def test_the_same_person_at_two_instances_is_one_debtor(store: Store) -> None:
    known(store, ALPHA, replace(client(1, 11), document=CPF))
    known(store, BETA, replace(client(2, 12), document=CPF))
    first = tried(store, 1)
    assert first
    assert debtor_key(ALPHA, "c0001", CPF) == first.debtor
    assert not tried(store, 2, instance=BETA, now=NOW + HOUR)
    assert tried(store, 3, instance=BETA, now=NOW + 4 * HOUR)


def test_clients_without_document_are_two_debtors(store: Store) -> None:
    known(store, ALPHA, client(1, 11))
    known(store, BETA, client(1, 12))
    assert tried(store, 1)
    assert tried(store, 2, instance=BETA)


def test_a_withdrawn_call_gives_number_and_debtor_their_try_back(store: Store) -> None:
    known(store, ALPHA, client(1, 11))
    (waiting,) = store.queue.waiting(ALPHA, NOW, 1)
    (attempt,) = store.attempts.reserve([candidate(waiting, 1)], channels=9, rules=RULES, now=NOW)
    assert store.attempts.withdraw(attempt.attempt_id, "no trunk")
    (again,) = store.queue.waiting(ALPHA, NOW, 1)
    assert {} == again.ledger
    assert tried(store, 2)


def test_seven_days_are_counted_and_the_eighth_forgets_the_first(store: Store) -> None:
    known(store, ALPHA, client(1, 11))
    rules = LedgerRules(per_day=3, gap=timedelta(0), per_week=3, debtor=FREE)
    for place, ahead in enumerate((0, 2, 5)):
        day = timedelta(days=ahead)
        assert tried(store, place, rules=rules, now=NOW + day, day=TODAY + day)
    for place, ahead in enumerate((5, 6)):
        day = timedelta(days=ahead)
        assert not tried(store, 10 + place, rules=rules, now=NOW + day + HOUR, day=TODAY + day)
    assert tried(store, 20, rules=rules, now=NOW + timedelta(days=7), day=TODAY + timedelta(days=7))
    after = store.queue.dossier(number_of(11)).ledger
    assert (1, (0, 1, 0, 0, 1, 0)) == (after.tries, after.earlier)


@pytest.mark.parametrize("by", ["number", "debtor"])
def test_nobody_is_rung_twice_at_once_even_if_the_gap_is_over(store: Store, by: str) -> None:
    """A clock set forward, or a call that nobody ended: only its outcome makes room for another."""
    same = by == "number"
    known(store, ALPHA, replace(client(1, 11), document=None if same else CPF))
    known(store, BETA, replace(client(2, 11 if same else 12), document=None if same else CPF))
    (first,) = store.attempts.reserve(
        [candidate(store.queue.waiting(ALPHA, NOW, 1)[0], 1)], channels=9, rules=RULES, now=NOW
    )
    much_later = NOW + timedelta(hours=8)
    assert not tried(store, 2, instance=BETA, now=much_later)
    assert EntryState.WAITING is store.queue.open_entries(BETA)[0].state
    store.outcomes.record(outcome(first, ended=much_later), AGAIN)
    assert tried(store, 3, instance=BETA, now=much_later)


@pytest.mark.parametrize("channels", [0, 1, 3])
def test_instances_on_one_trunk_share_its_channels(store: Store, channels: int) -> None:
    known(store, ALPHA, client(1), client(2))
    known(store, BETA, client(3), client(4))
    route = Route("OUT_1", "+551133330000", channels)
    found = []
    for place, instance in enumerate((ALPHA, BETA)):
        chosen = [candidate(one, 10 * place + n) for n, one in enumerate(store.queue.waiting(instance, NOW, 2))]
        found += store.attempts.reserve(chosen, channels=9, rules=RULES, now=NOW, route=route)
    assert channels == len(found)
    assert {("OUT_1", "+551133330000")} >= {(one.trunk, one.caller_id) for one in found}
    elsewhere = [candidate(one, 50 + n) for n, one in enumerate(store.queue.waiting(BETA, NOW, 2))]
    other = store.attempts.reserve(elsewhere, channels=9, rules=RULES, now=NOW, route=Route("OUT_2", "", 9))
    assert 4 - max(channels, 2) == len(other)


def test_of_two_candidates_with_one_number_only_the_first_is_taken(store: Store) -> None:
    known(store, ALPHA, client(1, 7), client(2, 7))
    chosen = [candidate(one, n) for n, one in enumerate(store.queue.waiting(ALPHA, NOW, 2))]
    found = store.attempts.reserve(chosen, channels=9, rules=RULES, now=NOW)
    assert [attempt_id(0)] == [one.attempt_id for one in found]
    assert [EntryState.CLAIMED, EntryState.WAITING] == [one.state for one in store.queue.open_entries(ALPHA)]


def test_channels_left_by_the_refused_go_to_those_behind_them(store: Store) -> None:
    known(store, ALPHA, *(client(n) for n in range(1, 5)))
    everyone = store.queue.waiting(ALPHA, NOW, 4)
    (gone,) = store.attempts.reserve([candidate(everyone[0], 1)], channels=9, rules=RULES, now=NOW)
    chosen = [candidate(one, 10 + n) for n, one in enumerate(everyone)]
    found = store.attempts.reserve(chosen, channels=3, rules=RULES, now=NOW)
    assert [attempt_id(11), attempt_id(12)] == [one.attempt_id for one in found]
    assert gone.state.is_open


SERIALS = count(10_000, 2)
STEPS = st.lists(st.tuples(st.integers(0, 80), st.integers(0, 1)), min_size=1, max_size=14)
LIMITS = st.builds(
    LedgerRules,
    per_day=st.integers(1, 4),
    gap=st.integers(0, 30).map(lambda hours: timedelta(hours=hours)),
    per_week=st.none() | st.integers(1, 8),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS, LIMITS, LIMITS)
def test_the_guarded_updates_are_the_pure_rule(
    store: Store, steps: list[tuple[int, int]], limits: LedgerRules, of_debtor: LedgerRules
) -> None:
    """A debtor of its own for each example: one store serves them all."""
    serial = next(SERIALS)
    own = Client(f"x{serial}", "Ana", phones=client(1, serial, serial + 1).phones)
    rules = replace(limits, debtor=of_debtor)
    known(store, ALPHA, own)
    debtor = debtor_key(ALPHA, own.client_id, None)
    rows = {who: LedgerRow(who) for who in (own.phones[0].number, own.phones[1].number, debtor)}
    now = NOW
    for n, (hours, which) in enumerate(steps):
        now += timedelta(hours=hours)
        number = own.phones[which].number
        after = take(rows[number], limits, now, now.date()), take(rows[debtor], of_debtor, now, now.date())
        waiting = [one for one in store.queue.waiting(ALPHA, now, 99) if one.entry.client_id == own.client_id]
        chosen = [replace(candidate(one, 0, number=number, day=now.date())) for one in waiting]
        chosen = [replace(one, attempt_id=f"01J{serial:010}{n:013}") for one in chosen]
        found = store.attempts.reserve(chosen, channels=99, rules=rules, now=now)
        assert (None not in after) == bool(found)
        if after[0] and after[1]:
            rows |= {number: after[0], debtor: after[1]}
            store.outcomes.record(outcome(found[0], ended=now), AGAIN)
    (left,) = [one for one in store.queue.waiting(ALPHA, now, 99) if one.entry.client_id == own.client_id]
    assert {who: row for who, row in rows.items() if row.last_try_at} == left.ledger
    store.queue.postpone(left.entry.entry_id, None, "over")
