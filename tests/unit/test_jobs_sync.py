"""Sync: a complete answer replaces what we knew; anything less changes nothing and says why."""

import pytest

from tests.unit.world import Clock, Source, bill, client, sync_plan, watch
from worker.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from worker.jobs import sync
from worker.store.memory import memory_store
from worker.store_ports import Store


def run(store: Store, source: Source, clock: Clock, **changes: object) -> list[str]:
    return [one.status for one in sync.sync_all(sync_plan(**changes), source, store, clock, watch)]


def many(amount: int) -> Source:
    return Source([client(index) for index in range(amount)], [bill(index) for index in range(amount)])


def test_a_first_sync_fills_the_queue_with_one_entry_a_debtor() -> None:
    store, clock = memory_store(), Clock()
    source = many(5)
    source.bill_rows[0] = bill(0, overdue=6)  # below the minimum: no debtor
    assert ["done", "done", "done"] == run(store, source, clock)
    assert {"1", "2", "3", "4"} == {one.client_id for one in store.queue.open_entries("fibra")}


def test_a_paid_debtor_leaves_the_queue() -> None:
    store, clock, source = memory_store(), Clock(), many(10)
    run(store, source, clock)
    source.bill_rows.pop(3)
    run(store, source, clock)
    assert "3" not in {one.client_id for one in store.queue.open_entries("fibra")}
    assert 9 == len(store.queue.open_entries("fibra"))


@pytest.mark.parametrize("what", ["clients", "bills"])
@pytest.mark.parametrize("page", [0, 2, 4])  # first, middle, last
@pytest.mark.parametrize("kind", [SourceUnavailable, SourceRefused, SourceBroken])
def test_a_broken_answer_changes_nothing_and_is_told(what: str, page: int, kind: type[SourceError]) -> None:
    store, clock = memory_store(), Clock()
    run(store, many(10), clock)
    before = store.queue.open_entries("fibra")
    source = many(10)
    source.bill_rows = source.bill_rows[:9]
    source.breaks = (what, page, kind("the ERP is on fire"))
    assert "failed" == run(store, source, clock)[-1]
    assert before == store.queue.open_entries("fibra")
    assert 10 == store.catalogue.count_bills("fibra")
    latest = store.runs.latest(1)[0]
    assert ("failed", "the ERP is on fire") == (latest.status, latest.error)


@pytest.mark.parametrize("left", [0, 6])
def test_an_empty_or_much_smaller_answer_is_an_alarm_that_closes_nothing(left: int) -> None:
    store, clock = memory_store(), Clock()
    run(store, many(10), clock)
    source = many(10)
    source.bill_rows = source.bill_rows[:left]
    assert ["done", "alarm"] == run(store, source, clock)
    assert 10 == len(store.queue.open_entries("fibra"))
    assert ["done", "done", "done"] == run(store, source, clock, accept_shrink=True)
    assert left == len(store.queue.open_entries("fibra"))


def test_the_same_row_twice_means_the_answer_cannot_be_trusted() -> None:
    store, clock, source = memory_store(), Clock(), many(4)
    source.bill_rows.append(source.bill_rows[0])
    assert "failed" == run(store, source, clock)[-1]
    assert 0 == store.catalogue.count_bills("fibra")


def test_a_dry_run_stores_nothing() -> None:
    store, clock = memory_store(), Clock()
    assert ["dry_run", "dry_run", "dry_run"] == run(store, many(4), clock, dry_run=True)
    assert (0, 0) == (store.catalogue.count_clients("fibra"), store.catalogue.count_bills("fibra"))
    assert [] == store.queue.open_entries("fibra")


def test_two_syncs_of_one_instance_never_run_at_once() -> None:
    store, clock = memory_store(), Clock()
    with store.presence.lock("collector:sync:fibra") as mine:
        assert mine
        assert ["failed"] == run(store, many(2), clock)


def test_a_defect_of_ours_is_written_down_and_raised() -> None:
    store, clock = memory_store(), Clock()
    source = many(2)
    source.client_rows = None  # type: ignore[assignment]  # the defect
    with pytest.raises(TypeError):
        run(store, source, clock)
    assert "failed" == store.runs.latest(1)[0].status


def test_client_types_are_stored() -> None:
    store, clock = memory_store(), Clock()
    assert "done" == sync.sync_client_types(sync_plan(), many(1), store, clock).status
    assert "dry_run" == sync.sync_client_types(sync_plan(dry_run=True), many(1), store, clock).status
