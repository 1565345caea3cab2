"""Contract of `Payments`: the line of the oldest open bill, and requests that one sender at a time has."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.contract.store_data import ALPHA, HOUR, LINE, NOW, attempt_id, bill, number_of
from tests.contract.test_store_overview import FILLED
from tests.lab.mariadb import PrivateMariaDb
from tests.lab.pay_lines import bank_line
from worker.core.enums import Fate
from worker.core.model import Bill
from worker.core.payment import PaymentRequest, RequestState
from worker.store.mariadb import OpenStore
from worker.store.sqltext import load_queries
from worker.store_ports import Store

BETA = "beta"
UNTIL = NOW + HOUR
SOON = NOW + timedelta(seconds=15)
OTHER = bank_line("341", "1" * 25, 1000, 4200)


def lined(n: int, due: date, line: str | None = LINE, client_id: str = "c0001") -> Bill:
    return replace(bill(n, client_id, due=due), pay_line=line)


def asked(store: Store, n: int, now: datetime = NOW, instance: str = ALPHA) -> PaymentRequest:
    store.payments.request(attempt_id(n), instance, f"c{n:04}", number_of(n), now)
    return next(one for one in store.payments.listing(instance, 100) if one.attempt_id == attempt_id(n))


def taken(store: Store, n: int) -> PaymentRequest:
    got = store.payments.take(asked(store, n), NOW, UNTIL)
    assert got
    return got


def states(store: Store) -> dict[str, RequestState]:
    return {one.attempt_id: one.state for one in store.payments.listing(None, 100)}


def test_the_line_is_that_of_the_oldest_open_bill_that_has_one(store: Store) -> None:
    bills = [
        lined(1, date(2026, 2, 1), OTHER),
        lined(2, date(2026, 1, 1), None),
        lined(3, date(2026, 1, 2)),
        lined(4, date(2025, 1, 1), OTHER, "c0002"),
    ]
    store.catalogue.replace_bills(ALPHA, bills, NOW)
    assert LINE == store.payments.line(ALPHA, "c0001")
    store.overview.settle(ALPHA, {"b0003": Fate.PAID}, NOW)
    assert OTHER == store.payments.line(ALPHA, "c0001")
    store.overview.restate(ALPHA, {"b0001": Decimal(0)}, NOW)
    assert "" == store.payments.line(ALPHA, "c0001")


def test_there_is_no_line_of_nobody_and_none_of_another_instance(store: Store) -> None:
    store.catalogue.replace_bills(ALPHA, [lined(1, date(2026, 2, 1)), bill(2, "c0002")], NOW)
    assert [LINE, "", "", ""] == [
        store.payments.line(ALPHA, "c0001"),
        store.payments.line(BETA, "c0001"),
        store.payments.line(ALPHA, "c0002"),
        store.payments.line(ALPHA, "nobody"),
    ]


def test_of_two_bills_due_on_one_day_the_lower_id_counts(store: Store) -> None:
    store.catalogue.replace_bills(ALPHA, [lined(2, date(2026, 2, 1), OTHER), lined(1, date(2026, 2, 1))], NOW)
    assert LINE == store.payments.line(ALPHA, "c0001")


def test_what_is_asked_for_twice_in_one_call_is_one_request(store: Store) -> None:
    expected = PaymentRequest(attempt_id(1), ALPHA, "c0001", number_of(1), RequestState.WAITING, 0, NOW, NOW)
    assert expected == asked(store, 1)
    store.payments.request(attempt_id(1), ALPHA, "c0009", number_of(9), UNTIL)
    assert [expected] == store.payments.listing(None, 10)
    assert store.payments.sent(taken(store, 1), NOW)
    store.payments.request(attempt_id(1), ALPHA, "c0001", number_of(1), UNTIL)
    assert {attempt_id(1): RequestState.SENT} == states(store)


def test_the_longest_due_come_first_each_instance_for_itself(store: Store) -> None:
    for n, now, instance in ((1, SOON, ALPHA), (2, NOW, ALPHA), (3, NOW, BETA), (4, UNTIL, ALPHA)):
        asked(store, n, now, instance)
    assert [attempt_id(2), attempt_id(1)] == [one.attempt_id for one in store.payments.due(ALPHA, SOON, 10)]
    assert [attempt_id(2)] == [one.attempt_id for one in store.payments.due(ALPHA, SOON, 1)]
    assert [attempt_id(3)] == [one.attempt_id for one in store.payments.due(BETA, SOON, 10)]
    assert [attempt_id(4), attempt_id(1), attempt_id(2)] == [
        one.attempt_id for one in store.payments.listing(ALPHA, 10)
    ]
    assert [attempt_id(4)] == [one.attempt_id for one in store.payments.listing(None, 1)]


def test_a_request_goes_its_way_and_nobody_else_can_take_it_meanwhile(store: Store) -> None:
    seen = asked(store, 1)
    got = store.payments.take(seen, NOW, UNTIL)
    assert replace(seen, state=RequestState.SENDING, tries=1, due_at=UNTIL) == got
    assert [got] == store.payments.listing(ALPHA, 10)
    assert store.payments.take(seen, NOW, UNTIL) is None
    assert store.payments.take(got, NOW, UNTIL) is None  # it is his, but only once
    assert [] == store.payments.due(ALPHA, SOON, 10)
    assert store.payments.again(got, "o serviço disse 500\x1f" + "x" * 300, NOW, SOON)
    (waits,) = store.payments.due(ALPHA, SOON, 10)
    assert (RequestState.WAITING, 1, SOON) == (waits.state, waits.tries, waits.due_at)
    assert ("o serviço disse 500" + "x" * 300)[:255] == waits.error
    assert store.payments.take(waits, NOW, UNTIL) is None  # not yet due
    last = store.payments.take(waits, SOON, UNTIL)
    assert last
    assert store.payments.sent(last, SOON)
    assert ("", RequestState.SENT) == (asked(store, 1).error, asked(store, 1).state)
    assert [] == store.payments.due(ALPHA, UNTIL, 10)
    assert store.payments.take(last, UNTIL, UNTIL) is None


def test_a_failed_request_stays_listed_and_is_never_taken_again(store: Store) -> None:
    got = taken(store, 1)
    assert store.payments.failed(got, "no", SOON)
    assert ("no", RequestState.FAILED) == (asked(store, 1).error, asked(store, 1).state)
    assert [] == store.payments.due(ALPHA, UNTIL, 10)
    assert store.payments.take(replace(got, due_at=NOW), UNTIL, UNTIL) is None


def test_who_died_over_one_is_followed_and_who_comes_back_ends_nothing(store: Store) -> None:
    late = taken(store, 1)
    (left,) = store.payments.due(ALPHA, UNTIL, 10)
    second = store.payments.take(left, UNTIL, UNTIL + HOUR)
    assert second
    assert 2 == second.tries
    assert not store.payments.sent(late, UNTIL)
    assert not store.payments.again(late, "late", UNTIL, UNTIL)
    assert not store.payments.failed(late, "late", UNTIL)
    assert {attempt_id(1): RequestState.SENDING} == states(store)
    assert store.payments.sent(second, UNTIL)
    assert not store.payments.sent(second, UNTIL)


def test_who_looked_before_another_tried_gets_nothing_though_it_is_due_again(store: Store) -> None:
    seen = asked(store, 1)
    first = store.payments.take(seen, NOW, UNTIL)
    assert first
    assert store.payments.again(first, "no", NOW, SOON)
    assert store.payments.take(seen, SOON, UNTIL) is None
    assert {attempt_id(1): RequestState.WAITING} == states(store)


def test_of_eight_workers_at_once_one_gets_each_request(store: Store) -> None:
    for n in range(1, 6):
        asked(store, n)

    def work(_: int) -> list[str]:
        found = store.payments.due(ALPHA, NOW, 10)
        return [one.attempt_id for one in found if store.payments.take(one, NOW, UNTIL)]

    with ThreadPoolExecutor(8) as side_by_side:
        got = [attempt for part in side_by_side.map(work, range(8)) for attempt in part]
    assert [attempt_id(n) for n in range(1, 6)] == sorted(got)


def test_an_unknown_request_and_an_instant_without_zone_change_nothing(store: Store) -> None:
    seen = asked(store, 1)
    assert store.payments.take(replace(seen, attempt_id=attempt_id(99)), NOW, UNTIL) is None
    with pytest.raises(ValueError, match="time zone"):
        store.payments.take(seen, datetime(2026, 3, 10, 13, 0), UNTIL)  # noqa: DTZ001 - the point
    assert [seen] == store.payments.due(ALPHA, NOW, 10)


@pytest.mark.parametrize(("name", "key"), [("pay_line_of", "open_by_client"), ("due_payment_requests", "to_send")])
def test_a_call_and_a_sender_look_into_an_index(
    opened: OpenStore, server: PrivateMariaDb, name: str, key: str
) -> None:
    """Thousands of bills and of old requests. The optimiser looks at nearly empty tables without an index."""
    with server.root() as cursor:
        cursor.execute("USE collector")
        for fill in FILLED:
            cursor.execute(fill)
        cursor.execute(
            "INSERT INTO payment_request (attempt_id, instance, client_id, number, state, requested_at, due_at, "
            "changed_at) SELECT LPAD(seq, 26, '0'), 'alpha', seq, '+5511987654321', "
            "IF(seq % 500, 'sent', 'waiting'), NOW(), NOW(), NOW() FROM seq_1_to_5000"
        )
        cursor.execute("ANALYZE TABLE bill, payment_request")
    values = {"instance": ALPHA, "client_id": "7", "now": NOW + timedelta(days=999), "limit": 20}
    with opened.db.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN {load_queries(server.database())[name]}", values)
        (row,) = plan.fetchall()
    assert (key, True) == (row.key, int(row.rows) < 100)
