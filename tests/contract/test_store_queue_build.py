"""Contract of building the queue: the database and the core's functions do the same, to any provider."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.queue_worlds import CHARGE, DAYS, Day, World, build, known, queue_of, quiet
from tests.contract.store_data import ALPHA, HOUR, NOW, TODAY, client, contract, number_of, reserve_one
from worker.core.do_not_call import DoNotCall
from worker.core.enums import EntryState
from worker.core.priority import Order, Ranking
from worker.core.queueing import Built
from worker.store.mariadb import OpenStore
from worker.store.memory import memory_store
from worker.store.queue_build import QueueBuild
from worker.store_ports import Store

BY_AMOUNT = Ranking(Order.AMOUNT)
_serial = count(1)


def test_who_is_new_is_opened_who_changed_is_refreshed_who_paid_is_closed(store: Store) -> None:
    known(store, "10.00", "20.00", "30.00")
    assert Built(0, 3, opened=3) == build(store)
    known(store, "10.00", "25.00", "", "40.00")
    assert Built(3, 3, opened=1, refreshed=1, closed=1) == build(store)
    totals = {key: one.total for key, one in queue_of(store).items()}
    assert {"c0001": Decimal("10.00"), "c0002": Decimal("25.00"), "c0004": Decimal("40.00")} == totals
    assert Built(3, 3) == build(store)


def test_another_instance_is_left_alone(store: Store) -> None:
    known(store, "10.00")
    build(store)
    assert Built(0, 0) == store.queue.build("beta", CHARGE, NOW, quiet)
    assert 1 == len(queue_of(store))


def test_a_claimed_entry_is_refreshed_and_is_left_to_its_call_when_paid(store: Store) -> None:
    known(store, "10.00", "20.00")
    build(store)
    assert reserve_one(store, 1)
    known(store, "11.00", "20.00")
    assert Built(2, 2, refreshed=1) == build(store)
    known(store, "", "20.00")
    assert Built(2, 2, left=1) == build(store)
    entry = queue_of(store)["c0001"]
    assert (EntryState.CLAIMED, Decimal("11.00")) == (entry.state, entry.total)


def test_a_parked_entry_wakes_when_the_debt_changes_and_not_when_only_its_place_does(store: Store) -> None:
    known(store, "10.00", "20.00")
    build(store)
    for entry in queue_of(store).values():
        store.queue.postpone(entry.entry_id, None, "no number left")
    assert Built(2, 2, reordered=2) == build(store, replace(CHARGE, ranking=BY_AMOUNT))
    assert [] == store.queue.waiting(ALPHA, NOW, 10)
    known(store, "10.00", "20.01")
    build(store, replace(CHARGE, ranking=BY_AMOUNT))
    assert [("c0002", "")] == [(w.entry.client_id, w.entry.reason) for w in store.queue.waiting(ALPHA, NOW, 10)]


def test_who_waits_for_a_time_goes_on_waiting_when_the_debt_changes(store: Store) -> None:
    known(store, "10.00")
    build(store)
    store.queue.postpone(queue_of(store)["c0001"].entry_id, NOW + HOUR, "outside the window")
    known(store, "11.00")
    build(store)
    entry = queue_of(store)["c0001"]
    assert (NOW + HOUR, "outside the window") == (entry.next_attempt_at, entry.reason)


ANA = "52998224725"


@pytest.mark.parametrize(
    ("queued", "line"),
    [
        (False, DoNotCall("", ANA, "", "asked", "Procon", NOW)),
        (False, DoNotCall("", ANA, ALPHA, "asked", "Procon", NOW)),
        (False, DoNotCall("", ANA, "", "asked", "Procon", NOW, TODAY + timedelta(days=1))),
        (
            True,
            DoNotCall("", ANA, "", "asked", "Procon", NOW, TODAY),
        ),  # the first day on which it no longer counts
        (True, DoNotCall("", ANA, "beta", "asked", "Procon", NOW)),
        (True, DoNotCall("", "11144477735", "", "asked", "Procon", NOW)),
        (True, DoNotCall(number_of(1), "", "", "asked", "Procon", NOW)),  # one of two numbers: asked at dial time
    ],
)
def test_who_is_listed_by_document_is_not_queued_and_leaves_the_queue(
    store: Store, queued: bool, line: DoNotCall
) -> None:
    known(store, "10.00", clients=[replace(client(1, 1, 11), document=ANA)])
    build(store)
    store.do_not_call.put(lambda: [line], NOW)
    assert Built(1, int(queued), closed=int(not queued)) == build(store)
    assert Built(int(queued), int(queued)) == build(store)
    if not queued:
        (closed,) = store.queue.dossier(number_of(1)).waiting
        assert (EntryState.DONE, "do not call") == (closed.entry.state, closed.entry.reason)


def test_who_is_listed_with_all_his_numbers_is_not_queued_until_one_counts_no_longer(store: Store) -> None:
    known(store, "10.00", "20.00", "30.00", clients=[client(1, 1, 11), client(2), replace(client(3), phones=())])
    lines = [
        DoNotCall(number_of(1), source="Procon"),
        DoNotCall(number_of(11), instance=ALPHA, source="ana", expires_on=TODAY + timedelta(days=1)),
        DoNotCall(number_of(2), instance="beta", source="ana"),
    ]
    store.do_not_call.put(lambda: lines, NOW)
    build(store)
    assert {"c0002", "c0003"} == set(queue_of(store))
    build(store, replace(CHARGE, today=TODAY + timedelta(days=1)))
    assert {"c0001", "c0002", "c0003"} == set(queue_of(store))
    store.do_not_call.put(lambda: [DoNotCall(number_of(2), source="ana")], NOW)
    build(store)
    assert {"c0003"} == set(queue_of(store))  # and the first again: on that day his lines still count


def test_who_paid_and_is_not_listed_leaves_for_that_reason(store: Store) -> None:
    known(store, "10.00")
    build(store)
    known(store, "")
    store.catalogue.replace_clients(ALPHA, [client(1), client(2)], NOW)
    build(store)
    (closed,) = store.queue.dossier(number_of(1)).waiting
    assert "paid or no longer overdue" == closed.entry.reason


def test_who_wants_no_notice_leaves_the_queue_for_so_long(store: Store) -> None:
    known(store, "10.00", "20.00")
    build(store)
    store.catalogue.replace_contracts(ALPHA, [replace(contract(1), no_notice_until=TODAY)], NOW)
    assert Built(2, 1, closed=1) == build(store)
    tomorrow = replace(CHARGE, today=TODAY + timedelta(days=1))
    assert Built(1, 2, opened=1) == build(store, tomorrow)


# --- both stores, any provider -----------------------------------------------------------------------


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(DAYS, min_size=1, max_size=4))
def test_the_database_builds_the_queue_that_the_core_asks_for(opened: OpenStore, days: list[Day]) -> None:
    serial = next(_serial)
    core = World(serial, memory_store())
    base = World(serial, opened.store)
    for day in days:
        expected = core.live(day, lambda charge: core._store.queue.build(core.instance, charge, core.now, quiet))
        by_twos = QueueBuild(opened.db, base.instance, base.now + timedelta(hours=25), quiet, chunk=2)
        assert expected == base.live(day, by_twos.build)
        for hours in (0, 7):
            ranking, at = Ranking(day.order, day.best_hour), core.now + hours * HOUR
            moved = [one._store.queue.reorder(one.instance, ranking, at.date(), at) for one in (core, base)]
            assert moved[0] == moved[1]
            assert core.standing() == base.standing()


# --- a crash between two transactions ----------------------------------------------------------------


def dies_after(ranges: int) -> Callable[[int], None]:
    left = iter(range(ranges))

    def on_rows(_: int) -> None:
        if next(left, None) is None:
            raise KeyboardInterrupt

    return on_rows


@pytest.mark.parametrize("ranges", [0, 1, 2])
def test_a_build_that_dies_leaves_each_entry_right_or_as_it_was_and_the_next_one_finishes(
    opened: OpenStore, ranges: int
) -> None:
    store = opened.store
    known(store, "1.00", "2.00", "3.00", "4.00", "5.00", "")
    build(store)
    before = {key: one.total for key, one in queue_of(store).items()}
    known(store, "1.50", "", "3.50", "", "5.50", "6.50")
    after = {"c0001": "1.50", "c0003": "3.50", "c0005": "5.50", "c0006": "6.50"}
    right = {key: Decimal(total) for key, total in after.items()}
    with pytest.raises(KeyboardInterrupt):
        QueueBuild(opened.db, ALPHA, NOW, dies_after(ranges), chunk=2).build(CHARGE)
    found = {key: one.total for key, one in queue_of(store).items()}
    done = {f"c{n:04}" for n in range(1, 2 * ranges + 3)}
    for key in set(before) | set(right):
        assert (right if key in done else before).get(key) == found.get(key)
    build(store)
    assert right == {key: one.total for key, one in queue_of(store).items()}


def test_a_transaction_that_fails_half_way_changes_nothing_and_can_be_run_again(
    opened: OpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    known(opened.store, "1.00", "2.00")
    build(opened.store)
    known(opened.store, "1.50", "", "3.50")

    def breaks(*_: object) -> tuple[int, int]:
        raise KeyboardInterrupt

    before = queue_of(opened.store)
    with monkeypatch.context() as patch:
        patch.setattr(QueueBuild, "_close", breaks)
        with pytest.raises(KeyboardInterrupt):
            build(opened.store)
    assert before == queue_of(opened.store)
    assert Built(2, 2, opened=1, refreshed=1, closed=1) == build(opened.store)
