"""Contract of `Alarms`: raised once until it is over, seen until a person has acknowledged it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from threading import Barrier

import pytest

from tests.contract.store_data import ALPHA, HOUR, NOW
from worker.core.records import AlarmRow
from worker.store_ports import Store

BETA = "beta"
NAIVE = datetime(2026, 3, 10, 13, 0)  # noqa: DTZ001 - what must be refused


def seen(store: Store) -> list[int]:
    return [alarm.alarm_id for alarm in store.alarms.listing()]


def test_a_new_alarm_is_listed_with_what_is_known_of_it(store: Store) -> None:
    assert [] == store.alarms.listing()
    number = store.alarms.raise_alarm(ALPHA, "bills", "half of the bills are gone", NOW)
    row = AlarmRow(number, ALPHA, "bills", "half of the bills are gone", NOW, NOW, 1, None, None, "")
    assert [row] == store.alarms.listing()
    assert [row] == store.alarms.listing(everything=True)


def test_raised_again_before_it_is_over_it_stays_one_alarm_with_the_latest_reason(store: Store) -> None:
    first = store.alarms.raise_alarm(ALPHA, "bills", "half is gone", NOW)
    assert first == store.alarms.raise_alarm(ALPHA, "bills", "all is gone", NOW + HOUR)
    row = AlarmRow(first, ALPHA, "bills", "all is gone", NOW, NOW + HOUR, 2, None, None, "")
    assert [row] == store.alarms.listing()


def test_instances_and_kinds_have_alarms_of_their_own_and_the_newest_comes_first(store: Store) -> None:
    ids = [
        store.alarms.raise_alarm(instance, kind, "so", NOW)
        for instance, kind in ((ALPHA, "bills"), (ALPHA, "clients"), (BETA, "bills"))
    ]
    assert len(set(ids)) == 3
    assert ids[::-1] == seen(store)


def test_an_alarm_that_is_over_is_shown_until_it_is_acknowledged(store: Store) -> None:
    number = store.alarms.raise_alarm(ALPHA, "bills", "so", NOW)
    store.alarms.raise_alarm(ALPHA, "clients", "so", NOW)
    store.alarms.over(ALPHA, "bills", NOW + HOUR)
    store.alarms.over(ALPHA, "bills", NOW + 2 * HOUR)  # it was over already
    store.alarms.over(BETA, "bills", NOW)
    clients, bills = store.alarms.listing()
    assert (None, number, NOW + HOUR) == (clients.over_at, bills.alarm_id, bills.over_at)


def test_after_it_is_over_the_next_one_is_a_new_alarm(store: Store) -> None:
    first = store.alarms.raise_alarm(ALPHA, "bills", "so", NOW)
    store.alarms.over(ALPHA, "bills", NOW + HOUR)
    second = store.alarms.raise_alarm(ALPHA, "bills", "so again", NOW + 2 * HOUR)
    assert first != second
    assert [(second, 1), (first, 1)] == [(one.alarm_id, one.times) for one in store.alarms.listing()]


def test_an_acknowledged_alarm_is_silent_until_it_is_over_and_comes_back_as_a_new_one(store: Store) -> None:
    first = store.alarms.raise_alarm(ALPHA, "bills", "so", NOW)
    assert store.alarms.acknowledge(first, "ana", NOW + HOUR)
    assert first == store.alarms.raise_alarm(ALPHA, "bills", "so again", NOW + 2 * HOUR)
    assert [] == store.alarms.listing()
    row = AlarmRow(first, ALPHA, "bills", "so again", NOW, NOW + 2 * HOUR, 2, None, NOW + HOUR, "ana")
    assert [row] == store.alarms.listing(everything=True)
    store.alarms.over(ALPHA, "bills", NOW + 3 * HOUR)
    second = store.alarms.raise_alarm(ALPHA, "bills", "once more", NOW + 4 * HOUR)
    assert [second] == seen(store)


def test_only_the_first_to_acknowledge_has_done_it(store: Store) -> None:
    number = store.alarms.raise_alarm(ALPHA, "bills", "so", NOW)
    assert store.alarms.acknowledge(number, "ana", NOW)
    assert not store.alarms.acknowledge(number, "bia", NOW + HOUR)
    assert not store.alarms.acknowledge(number + 1, "ana", NOW)
    (alarm,) = store.alarms.listing(everything=True)
    assert ("ana", NOW) == (alarm.acknowledged_by, alarm.acknowledged_at)


def test_everything_is_the_last_hundred(store: Store) -> None:
    ids = []
    for n in range(103):
        ids.append(store.alarms.raise_alarm(ALPHA, "bills", str(n), NOW))
        store.alarms.over(ALPHA, "bills", NOW)
    assert ids[:2:-1] == [one.alarm_id for one in store.alarms.listing(everything=True)]
    assert ids[::-1] == seen(store)


def test_texts_too_long_for_their_columns_are_cut(store: Store) -> None:
    number = store.alarms.raise_alarm(ALPHA, "bills", "ã" * 300, NOW)
    store.alarms.raise_alarm(ALPHA, "bills", "ã" * 299, NOW)
    store.alarms.acknowledge(number, "b" * 99, NOW)
    (alarm,) = store.alarms.listing(everything=True)
    assert ("ã" * 255, "b" * 64) == (alarm.reason, alarm.acknowledged_by)


def test_those_who_raise_at_once_raise_one_alarm(store: Store) -> None:
    together, rounds = 4, 12
    gate = Barrier(together)

    def cry(n: int) -> int:
        gate.wait(10)
        return store.alarms.raise_alarm(ALPHA, "bills", f"number {n}", NOW)

    with ThreadPoolExecutor(together) as pool:
        for _ in range(rounds):
            (number,) = set(pool.map(cry, range(together)))
            assert store.alarms.listing()[0].alarm_id == number
            store.alarms.over(ALPHA, "bills", NOW)
    assert [together] * rounds == [alarm.times for alarm in store.alarms.listing()]


def test_an_instant_without_zone_is_refused(store: Store) -> None:
    number = store.alarms.raise_alarm(ALPHA, "bills", "so", NOW)
    with pytest.raises(ValueError, match="time zone"):
        store.alarms.raise_alarm(ALPHA, "bills", "so", NAIVE)
    with pytest.raises(ValueError, match="time zone"):
        store.alarms.over(ALPHA, "bills", NAIVE)
    with pytest.raises(ValueError, match="time zone"):
        store.alarms.acknowledge(number, "ana", NAIVE)
    (alarm,) = store.alarms.listing()
    assert (1, None, None) == (alarm.times, alarm.over_at, alarm.acknowledged_at)
