"""Contract of telephone numbers as they are told: which are shared by several clients, which were repaired."""

from dataclasses import replace
from datetime import date

import pytest

from tests.contract.store_data import (
    ALPHA,
    HOUR,
    NOW,
    TODAY,
    bill,
    client,
    contract,
    number_of,
    phone,
)
from worker.core.enums import Access
from worker.core.model import Client, Open
from worker.core.records import NumberRow
from worker.store_ports import Store

BETA = "beta"


def repaired(one: Client) -> Client:
    return replace(one, phones=tuple(replace(each, repaired=True) for each in one.phones))


@pytest.mark.parametrize(
    ("shared", "mended", "expected"),
    [
        (False, False, [5, 6, 7]),  # whatever is worth a look
        (True, False, [5, 7]),
        (False, True, [6, 7]),
        (True, True, [5, 6, 7]),
    ],
)
def test_numbers_worth_a_look_are_those_shared_and_those_repaired(
    store: Store, shared: bool, mended: bool, expected: list[int]
) -> None:
    crowd = [
        client(1, 5, 8),
        client(2, 5, 7),
        repaired(client(3, 6)),
        repaired(client(4, 7)),
        client(9, 8),  # leaves, and then 8 is no longer shared
    ]
    store.catalogue.replace_clients(ALPHA, crowd, NOW)
    store.catalogue.replace_clients(ALPHA, crowd[:4], NOW + HOUR)
    store.catalogue.replace_clients(BETA, [client(1, 8)], NOW)
    rows = {
        5: NumberRow(number_of(5), ("c0001", "c0002"), repaired=False),
        6: NumberRow(number_of(6), ("c0003",), repaired=True),
        7: NumberRow(number_of(7), ("c0002", "c0004"), repaired=True),
    }
    found = store.overview.numbers(ALPHA, shared=shared, repaired=mended, limit=9)
    assert [rows[n] for n in expected] == found


def test_numbers_are_told_up_to_the_limit(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [repaired(client(n)) for n in range(5)], NOW)
    found = store.overview.numbers(ALPHA, shared=False, repaired=False, limit=2)
    assert [number_of(0), number_of(1)] == [row.number for row in found]


def test_a_client_with_the_same_number_twice_does_not_share_it(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1, 5, 5), client(2, 6, 6), client(3, 6)], NOW)
    expected = [NumberRow(number_of(6), ("c0002", "c0003"), repaired=False)]
    assert expected == store.overview.numbers(ALPHA, shared=True, repaired=False, limit=9)


def test_a_shared_number_is_told_wherever_telephones_are_told(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1, 5, 6), client(2, 5)], NOW)
    store.catalogue.replace_clients(BETA, [client(1, 6)], NOW)  # another instance knows 6 too: no matter
    store.catalogue.replace_bills(ALPHA, [bill(1)], NOW)
    store.catalogue.replace_contracts(ALPHA, [contract(1, access=Access.BLOCKED_AUTO)], NOW)
    expected = (replace(phone(5), shared=True), phone(6))
    (one,) = store.overview.debtors(ALPHA, date(2025, 3, 1), date(2026, 3, 1), TODAY)
    store.queue.apply(ALPHA, [Open(one)], NOW)
    (waiting,) = store.queue.waiting(ALPHA, NOW, 9)
    (known,) = store.queue.dossier(number_of(6)).waiting
    (blocked,) = store.overview.blocked(ALPHA, TODAY)
    assert [expected] * 3 == [waiting.phones, known.phones, blocked.phones]
    assert (phone(5), phone(6)) == one.phones  # summing up does not look at numbers
