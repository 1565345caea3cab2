"""Contract of `Queue`: one open entry a client, oldest debt first, all facts in one look."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from tests.contract.store_data import (
    ALPHA,
    DONE,
    HOUR,
    NOW,
    client,
    debtor,
    later,
    number_of,
    outcome,
    phone,
    reserve_one,
    seed,
)
from worker.core.enums import EntryState, LineResult
from worker.core.model import Action, Alarm, Block, Close, LedgerRow, Open, QueueEntry, Refresh
from worker.store_ports import Store


def only_entry(store: Store) -> QueueEntry:
    (entry,) = store.queue.open_entries(ALPHA)
    return entry


def test_an_opened_debtor_waits_and_may_be_called_at_once(store: Store) -> None:
    assert store.queue.apply(ALPHA, [Open(debtor(1))], NOW) == 1
    entry = only_entry(store)
    assert (entry.client_id, EntryState.WAITING, Decimal("99.90"), None, "") == (
        "c0001",
        entry.state,
        entry.total,
        entry.next_attempt_at,
        entry.reason,
    )


def test_a_client_has_one_open_entry_only(store: Store) -> None:
    assert store.queue.apply(ALPHA, [Open(debtor(1)), Open(debtor(1))], NOW) == 1
    assert store.queue.apply(ALPHA, [Open(debtor(1))], NOW) == 0
    assert len(store.queue.open_entries(ALPHA)) == 1


def test_a_closed_debtor_can_be_opened_again(store: Store) -> None:
    store.queue.apply(ALPHA, [Open(debtor(1))], NOW)
    entry = only_entry(store)
    actions: list[Action] = [Close(entry.entry_id, "c0001", "paid"), Open(debtor(1, "5.00"))]
    assert store.queue.apply(ALPHA, actions, NOW) == 2
    assert Decimal("5.00") == only_entry(store).total


def test_closing_twice_counts_once_and_an_alarm_not_at_all(store: Store) -> None:
    store.queue.apply(ALPHA, [Open(debtor(1))], NOW)
    close = Close(only_entry(store).entry_id, "c0001", "paid")
    assert store.queue.apply(ALPHA, [close, Alarm("fewer than ever")], NOW) == 1
    assert store.queue.apply(ALPHA, [close], NOW) == 0
    assert [] == store.queue.open_entries(ALPHA)


def test_actions_of_one_instance_do_not_touch_another(store: Store) -> None:
    store.queue.apply(ALPHA, [Open(debtor(1))], NOW)
    entry = only_entry(store)
    actions: list[Action] = [Close(entry.entry_id, "c0001", "x"), Refresh(entry.entry_id, debtor(1))]
    assert store.queue.apply("beta", actions, NOW) == 0
    assert entry == only_entry(store)


def test_refresh_brings_new_figures_and_keeps_the_waiting_time(store: Store) -> None:
    store.queue.apply(ALPHA, [Open(debtor(1))], NOW)
    entry = only_entry(store)
    store.queue.postpone(entry.entry_id, NOW + HOUR, "outside the window")
    fresh = replace(debtor(1, "150.00", date(2026, 1, 15)), bill_count=2)
    assert store.queue.apply(ALPHA, [Refresh(entry.entry_id, fresh)], NOW) == 1
    expected = replace(
        entry,
        total=Decimal("150.00"),
        bill_count=2,
        oldest_due=date(2026, 1, 15),
        turn=date(2026, 1, 15).toordinal(),
        next_attempt_at=NOW + HOUR,
        reason="outside the window",
    )
    assert expected == only_entry(store)


def test_refresh_wakes_a_parked_entry(store: Store) -> None:
    store.queue.apply(ALPHA, [Open(debtor(1))], NOW)
    entry = only_entry(store)
    assert store.queue.postpone(entry.entry_id, None, "no number left")
    assert [] == store.queue.waiting(ALPHA, NOW + 100000 * HOUR, 10)
    store.queue.apply(ALPHA, [Refresh(entry.entry_id, debtor(1))], NOW)
    assert entry == only_entry(store)


def test_close_leaves_a_claimed_entry_to_its_call_and_refresh_does_not(store: Store) -> None:
    seed(store, [client(1)])
    assert reserve_one(store, 1)
    entry = only_entry(store)
    assert store.queue.apply(ALPHA, [Close(entry.entry_id, "c0001", "paid")], NOW) == 0
    assert store.queue.apply(ALPHA, [Refresh(entry.entry_id, debtor(1, "1.00"))], NOW) == 1
    assert (EntryState.CLAIMED, Decimal("1.00")) == (only_entry(store).state, only_entry(store).total)


def test_postpone_moves_only_waiting_entries(store: Store) -> None:
    seed(store, [client(1)])
    entry = only_entry(store)
    assert store.queue.postpone(entry.entry_id, NOW + HOUR, "tomorrow" * 99)
    assert (NOW + HOUR, 255) == (only_entry(store).next_attempt_at, len(only_entry(store).reason))
    assert reserve_one(store, 1, now=NOW + HOUR)
    assert not store.queue.postpone(entry.entry_id, NOW, "x")
    assert not store.queue.postpone(999_999_999, NOW, "x")


def test_waiting_gives_the_oldest_debt_first_and_no_more_than_asked(store: Store) -> None:
    ages = {1: date(2026, 2, 3), 2: date(2026, 2, 1), 3: date(2026, 2, 2), 4: date(2026, 2, 1)}
    store.queue.apply(ALPHA, [Open(debtor(n, oldest=day)) for n, day in ages.items()], NOW)
    found = [one.entry.client_id for one in store.queue.waiting(ALPHA, NOW, 3)]
    assert ["c0002", "c0004", "c0003"] == found


def test_a_postponed_entry_comes_back_exactly_at_its_instant(store: Store) -> None:
    seed(store, [client(1)])
    store.queue.postpone(only_entry(store).entry_id, NOW, "later")
    assert [] == store.queue.waiting(ALPHA, NOW - HOUR / 3600000, 10)
    assert len(store.queue.waiting(ALPHA, NOW, 10)) == 1


def test_waiting_brings_phones_ledger_blocks_and_last_outcomes(store: Store) -> None:
    seed(store, [client(1, 11, 12)])
    store.queue.apply("beta", [Open(debtor(1))], NOW)
    first = reserve_one(store, 1)
    assert first
    store.outcomes.record(outcome(first, line=LineResult.BUSY), later(0))
    second = reserve_one(store, 2, now=NOW + 5 * HOUR)
    assert second
    store.outcomes.record(outcome(second, ended=NOW + 5 * HOUR, line=LineResult.NO_ANSWER), later(5))
    blocks = (
        Block(number_of(11), "invalid_number"),
        Block(number_of(12), "wrong_person", ALPHA, "c0001"),
    )
    elsewhere = (Block(number_of(12), "wrong_person", ALPHA, "c0002"), Block(number_of(12), "x", "beta", "c0001"))
    for block in blocks + elsewhere:
        store.outcomes.block(block, first.attempt_id, NOW)
    (found,) = store.queue.waiting(ALPHA, NOW + 6 * HOUR, 10)
    assert (client(1).name, (phone(11), phone(12))) == (found.client_name, found.phones)
    tried = {who: LedgerRow(who, NOW.date(), 2, NOW + 5 * HOUR) for who in (number_of(11), "c:alpha:c0001")}
    assert tried == found.ledger
    assert blocks == found.blocks
    assert {number_of(11): LineResult.NO_ANSWER} == found.last_outcome


def test_the_last_outcome_is_this_debtors_own(store: Store) -> None:
    seed(store, [client(1, 7), client(2, 7)])
    first = reserve_one(store, 1)
    assert first
    store.outcomes.record(outcome(first, line=LineResult.BUSY), later(1))
    found = {one.entry.client_id: one.last_outcome for one in store.queue.waiting(ALPHA, NOW + 2 * HOUR, 10)}
    assert {"c0001": {number_of(7): LineResult.BUSY}, "c0002": {}} == found


def test_an_entry_whose_client_is_unknown_waits_without_phones(store: Store) -> None:
    store.queue.apply(ALPHA, [Open(debtor(1))], NOW)
    (found,) = store.queue.waiting(ALPHA, NOW, 10)
    assert ("", (), {}, (), {}) == (
        found.client_name,
        found.phones,
        found.ledger,
        found.blocks,
        found.last_outcome,
    )


def test_a_dossier_holds_everything_about_a_number(store: Store) -> None:
    seed(store, [client(1, 7)])
    seed(store, [client(2, 8, 7)], instance="beta")
    first = reserve_one(store, 1)
    assert first
    store.outcomes.record(outcome(first), DONE)
    block = Block(number_of(7), "opt_out")
    store.outcomes.block(block, first.attempt_id, NOW)
    dossier = store.queue.dossier(number_of(7))
    states = [(one.entry.instance, one.entry.client_id, one.entry.state) for one in dossier.waiting]
    assert [(ALPHA, "c0001", EntryState.DONE), ("beta", "c0002", EntryState.WAITING)] == states
    assert LedgerRow(number_of(7), NOW.date(), 1, NOW) == dossier.ledger
    assert ((block,), (first.attempt_id,)) == (dossier.blocks, tuple(a.attempt_id for a in dossier.attempts))


def test_the_dossier_of_an_unknown_number_is_empty(store: Store) -> None:
    dossier = store.queue.dossier(number_of(404))
    assert ((), LedgerRow(number_of(404)), (), ()) == (
        dossier.waiting,
        dossier.ledger,
        dossier.blocks,
        dossier.attempts,
    )
