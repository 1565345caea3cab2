"""The twin in memory and MariaDB, put through the same invented working days, must tell the same story."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.contract.store_data import (
    ALPHA,
    NOW,
    RULES,
    attempt_id,
    bill,
    candidate,
    client,
    debtor,
    number_of,
    outcome,
)
from worker.core.debtors import merge
from worker.core.enums import EntryState, LineResult
from worker.core.model import Block, Close, NextStep, Open, Refresh
from worker.store.mariadb import OpenStore
from worker.store.memory import memory_store
from worker.store_ports import Store

STEPS = 120
CLIENTS = 6
Story = list[Any]


def live(store: Store, chance: random.Random) -> Story:
    """A few days of random work; everything the store answered, without entry ids (each counts its own)."""
    story: Story = []
    clock = datetime(NOW.year, NOW.month, NOW.day, 11, tzinfo=UTC)
    for number in range(STEPS):
        clock += timedelta(minutes=chance.choice((1, 20, 90, 240, 600)))
        step = chance.choices((sync, queue, reserve, reserve, change, finish, finish), k=1)[0]
        story.append((number, step.__name__, step(store, chance, clock, number)))
        story.append((store.attempts.count_open(ALPHA), seen(store, clock)))
    return story


def sync(store: Store, chance: random.Random, now: datetime, _: int) -> object:
    clients = [client(n, n, n % 3) for n in range(CLIENTS) if chance.random() < 0.9]
    return store.catalogue.replace_clients(ALPHA, clients, now)


def queue(store: Store, chance: random.Random, now: datetime, _: int) -> object:
    entries = store.queue.open_entries(ALPHA)
    actions: list[Any] = [Open(debtor(n)) for n in range(CLIENTS) if chance.random() < 0.7]
    for entry in sorted(entries, key=lambda one: one.client_id):
        kind = chance.randrange(6)
        if kind == 0:
            actions.append(Close(entry.entry_id, entry.client_id, "paid"))
        elif kind == 1:
            actions.append(
                Refresh(entry.entry_id, debtor(int(entry.client_id[1:]), f"{chance.randrange(1, 9)}.00"))
            )
        elif kind == 2:
            until = chance.choice((None, now + timedelta(hours=2)))
            store.queue.postpone(entry.entry_id, until, "not now")
    return store.queue.apply(ALPHA, actions, now)


def reserve(store: Store, chance: random.Random, now: datetime, number: int) -> object:
    day = (now + timedelta(hours=chance.choice((-5, -3)))).date()  # two zones, so two local days around midnight
    chosen = []
    for place, one in enumerate(sorted(store.queue.waiting(ALPHA, now, 5), key=lambda w: w.entry.client_id)):
        if one.phones:
            picked = one.phones[chance.randrange(len(one.phones))].number
            chosen.append(candidate(one, 10 * number + place, number=picked, day=day))
    reserved = store.attempts.reserve(chosen, channels=3, rules=RULES, now=now)
    return [(one.attempt_id, one.client_id, one.number, one.total) for one in reserved]


def change(store: Store, chance: random.Random, now: datetime, number: int) -> object:
    key = attempt_id(chance.randrange(10 * number + 10))
    opened = store.attempts.open_since(now + timedelta(days=1))
    if opened:
        key = opened[chance.randrange(len(opened))].attempt_id
    kind = chance.randrange(3)
    if kind == 0:
        store.attempts.dialed([key])
        return None
    if kind == 1:
        return store.attempts.withdraw(key, "refused")
    answered = store.attempts.answered(key, now)
    return answered is not None


def finish(store: Store, chance: random.Random, now: datetime, _: int) -> object:
    done = []
    for attempt in store.attempts.open_since(now + timedelta(days=1)):
        state = chance.choice((EntryState.WAITING, EntryState.WAITING, EntryState.DONE))
        blocked = Block(attempt.number, chance.choice(("opt_out", "invalid_number")), ALPHA, attempt.client_id)
        step = NextStep(state, "so", now + timedelta(hours=3), blocked if chance.random() < 0.1 else None)
        line = chance.choice(tuple(LineResult))
        done.append(
            store.outcomes.record(outcome(attempt, ended=now, line=line), step, lost=chance.random() < 0.2)
        )
    return done


def seen(store: Store, now: datetime) -> object:
    entries = [
        (one.client_id, one.state, one.total, one.next_attempt_at, one.reason)
        for one in sorted(store.queue.open_entries(ALPHA), key=lambda one: one.client_id)
    ]
    facts = [
        (one.entry.client_id, one.client_name, one.phones, one.ledger, one.blocks, one.last_outcome)
        for one in sorted(store.queue.waiting(ALPHA, now, 100), key=lambda one: one.entry.client_id)
    ]
    return entries, facts


@pytest.mark.parametrize("number", range(6))
def test_both_stores_tell_the_same_story(opened: OpenStore, number: int) -> None:
    ours = live(memory_store(), random.Random(number))
    theirs = live(opened.store, random.Random(number))
    for expected, actual in zip(ours, theirs, strict=True):
        assert expected == actual
    ledger = [opened.store.queue.dossier(number_of(n)).ledger.tries for n in range(CLIENTS)]
    assert max(ledger) <= RULES.per_day


def test_the_database_sums_up_debtors_as_the_core_does(opened: OpenStore) -> None:
    chance = random.Random(7)
    clients = [client(n, *(chance.randrange(50) for _ in range(n % 4))) for n in range(60)]
    first = date(2026, 1, 1)
    bills = [
        replace(
            bill(n, f"c{chance.randrange(70):04}", due=first + timedelta(days=chance.randrange(60))),
            open_amount=Decimal(chance.randrange(0, 9999)) / 100 * chance.randrange(2),
        )
        for n in range(400)
    ]
    opened.store.catalogue.replace_clients(ALPHA, clients, NOW)
    opened.store.catalogue.replace_bills(ALPHA, bills, NOW)
    span = (first + timedelta(days=10), first + timedelta(days=40), first + timedelta(days=47))
    assert merge(clients, bills, [], *span) == opened.store.overview.debtors(ALPHA, *span)
