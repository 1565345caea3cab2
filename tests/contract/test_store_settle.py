"""Contract of what is written of single bills just before a call: `settle` and `restate` of `Overview`."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.contract.store_data import ALPHA, HOUR, NOW, TODAY, bill, client
from tests.lab.mariadb import PrivateMariaDb
from worker.core.enums import BillStatus, Fate
from worker.core.model import Debtor
from worker.store.mariadb import OpenStore
from worker.store_ports import Store

BETA = "beta"
SPAN = (date(2025, 3, 1), date(2026, 3, 1), TODAY)


def known(store: Store, *bills: int) -> None:
    """Client 1 of both instances, with bills of 99.90 each."""
    for instance in (ALPHA, BETA):
        store.catalogue.replace_clients(instance, [client(1)], NOW)
        store.catalogue.replace_bills(instance, [bill(n) for n in bills], NOW)


def owed(store: Store, instance: str = ALPHA) -> dict[str, Decimal]:
    return {one.bill_id: one.open_amount for one in store.overview.open_bills(instance, "c0001")}


def debtors(store: Store) -> list[Debtor]:
    return store.overview.debtors(ALPHA, *SPAN)


def test_another_sum_is_owed_from_now_on_and_all_else_but_interest_stays(store: Store) -> None:
    known(store, 1, 2)
    part = replace(bill(3), status=BillStatus.PARTIAL, contract_id="k0001", updated_amount=Decimal("120.00"))
    store.catalogue.replace_bills(ALPHA, [bill(1), bill(2), part], NOW)
    assert 2 == store.overview.restate(ALPHA, {"b0001": Decimal("40.00"), "b0003": Decimal("7.50")}, NOW)
    expected = [
        replace(bill(1), open_amount=Decimal("40.00")),
        bill(2),
        replace(part, open_amount=Decimal("7.50"), updated_amount=None),  # interest on another sum
    ]
    assert expected == store.overview.open_bills(ALPHA, "c0001")
    (one,) = debtors(store)
    assert (Decimal("147.40"), 3) == (one.total, one.bill_count)


def test_nothing_is_restated_that_is_closed_unknown_or_of_another_instance(store: Store) -> None:
    known(store, 1, 2)
    store.overview.settle(ALPHA, {"b0001": Fate.PAID}, NOW)
    assert 0 == store.overview.restate(ALPHA, {"b0001": Decimal(1), "b0099": Decimal(1)}, NOW)
    assert 0 == store.overview.restate(ALPHA, {}, NOW)
    assert {"b0002": Decimal("99.90")} == owed(store)
    assert 1 == store.overview.restate(ALPHA, {"b0002": Decimal(1)}, NOW)
    assert {"b0001": Decimal("99.90"), "b0002": Decimal("99.90")} == owed(store, BETA)


def test_the_same_sum_may_be_stated_again(store: Store) -> None:
    known(store, 1)
    for _ in range(2):
        assert 1 == store.overview.restate(ALPHA, {"b0001": Decimal("40.00")}, NOW)
    assert {"b0001": Decimal("40.00")} == owed(store)


def test_a_sum_is_rounded_to_cents(store: Store) -> None:
    known(store, 1)
    store.overview.restate(ALPHA, {"b0001": Decimal("40.005")}, NOW)
    assert {"b0001": Decimal("40.01")} == owed(store)


def test_with_nothing_left_to_pay_nobody_is_a_debtor(store: Store) -> None:
    known(store, 1)
    store.overview.restate(ALPHA, {"b0001": Decimal(0)}, NOW)
    assert [] == debtors(store)
    assert 1 == store.overview.count_bills(ALPHA)


def test_settled_bills_are_nobody_s_debt_at_once(store: Store) -> None:
    known(store, 1, 2)
    assert 1 == store.overview.settle(ALPHA, {"b0001": Fate.PAID}, NOW)
    assert [(Decimal("99.90"), 1)] == [(one.total, one.bill_count) for one in debtors(store)]
    assert 1 == store.overview.settle(ALPHA, {"b0002": Fate.CANCELLED}, NOW)
    assert [] == debtors(store)


@pytest.mark.parametrize("listed", ["99.90", "40.00", "12.00"])  # as before, as restated, otherwise
def test_the_next_answer_is_right_whatever_was_restated(store: Store, listed: str) -> None:
    known(store, 1, 2)
    store.overview.restate(ALPHA, {"b0001": Decimal("40.00")}, NOW)
    answer = [replace(bill(1), open_amount=Decimal(listed)), bill(2)]
    change = store.catalogue.replace_bills(ALPHA, answer, NOW + HOUR)
    assert (2, 2, 0, 0) == (change.before, change.after, change.added, change.removed)
    assert answer == store.overview.open_bills(ALPHA, "c0001")
    assert 0 == store.catalogue.replace_bills(ALPHA, answer, NOW + 2 * HOUR).updated


def test_a_restated_bill_that_the_next_answer_no_longer_holds_is_closed(store: Store) -> None:
    known(store, 1, 2)
    store.overview.restate(ALPHA, {"b0001": Decimal("40.00")}, NOW)
    assert 1 == store.catalogue.replace_bills(ALPHA, [bill(2)], NOW + HOUR).removed
    assert {"b0002": Decimal("99.90")} == owed(store)


def test_a_settled_bill_that_the_next_answer_lacks_too_is_not_closed_twice(store: Store) -> None:
    known(store, 1, 2)
    store.overview.settle(ALPHA, {"b0001": Fate.PAID}, NOW)
    change = store.catalogue.replace_bills(ALPHA, [bill(2)], NOW + HOUR)
    assert (1, 1, 0) == (change.before, change.after, change.removed)


def test_when_two_settle_the_same_bills_each_is_closed_by_one_of_them(store: Store) -> None:
    known(store, *range(200))
    halves = [{f"b{n:04}": Fate.PAID for n in range(start, 200)} for start in (0, 50, 100, 0)]
    with ThreadPoolExecutor(len(halves)) as side_by_side:
        closed = list(side_by_side.map(lambda fates: store.overview.settle(ALPHA, fates, NOW), halves))
    assert 200 == sum(closed)
    assert {} == owed(store)


def test_a_bill_settled_and_restated_at_the_same_moment_is_closed(store: Store) -> None:
    known(store, *range(50))
    bills = [f"b{n:04}" for n in range(50)]

    def settle() -> None:
        store.overview.settle(ALPHA, dict.fromkeys(bills, Fate.PAID), NOW)

    def restate() -> None:
        store.overview.restate(ALPHA, dict.fromkeys(bills, Decimal(1)), NOW)

    with ThreadPoolExecutor(2) as side_by_side:
        for running in [side_by_side.submit(settle), side_by_side.submit(restate)]:
            running.result()
    assert {} == owed(store)


def test_an_instant_without_zone_restates_nothing(store: Store) -> None:
    known(store, 1)
    with pytest.raises(ValueError, match="time zone"):
        store.overview.restate(ALPHA, {"b0001": Decimal(1)}, datetime(2026, 3, 10, 13, 0))  # noqa: DTZ001 - the point
    assert {"b0001": Decimal("99.90")} == owed(store)


def test_when_and_why_single_bills_were_changed_is_kept(opened: OpenStore, server: PrivateMariaDb) -> None:
    known(opened.store, 1, 2, 3)
    later = NOW + HOUR
    opened.store.overview.settle(ALPHA, {"b0001": Fate.RENEGOTIATED}, later)
    opened.store.overview.restate(ALPHA, {"b0002": Decimal(1)}, later)
    with server.root() as cursor:
        cursor.execute(
            "SELECT bill_id, close_reason, closed_at, seen_at FROM collector.bill WHERE instance = 'alpha' "
            "ORDER BY bill_id"
        )
        before, after = NOW.replace(tzinfo=None), later.replace(tzinfo=None)
        expected = [
            ("b0001", "renegotiated", after, before),
            ("b0002", "", None, after),
            ("b0003", "", None, before),
        ]
        assert expected == list(cursor.fetchall())
