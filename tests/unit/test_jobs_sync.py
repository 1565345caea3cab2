"""Sync: a complete answer replaces what we knew; anything less changes nothing and says why."""

import json
from dataclasses import replace

import pytest

from tests.unit.world import TODAY, Clock, Source, bill, client, sync_of
from worker.core.billing import Contract
from worker.core.enums import Access, Fate, Verb
from worker.core.model import Rejected
from worker.core.naming import fold
from worker.errors import SourceBroken, SourceError, SourceRefused, SourceUnavailable
from worker.jobs import sync
from worker.store.memory import memory_store
from worker.store.memory_tables import Tables
from worker.store_ports import Store


def run(store: Store, source: Source, clock: Clock, **changes: object) -> list[str]:
    return [one.status for one in sync.sync_all(sync_of(source, store, clock, **changes))]


def many(amount: int) -> Source:
    return Source([client(index) for index in range(amount)], [bill(index) for index in range(amount)])


def test_a_first_sync_fills_the_queue_with_one_entry_a_debtor() -> None:
    store, clock = memory_store(), Clock()
    source = many(5)
    source.bill_rows[0] = bill(0, overdue=6)  # below the minimum: no debtor
    assert ["done"] * 4 == run(store, source, clock)
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
    assert 10 == store.overview.count_bills("fibra")
    latest = store.runs.latest(1)[0]
    assert ("failed", "the ERP is on fire") == (latest.status, latest.error)


@pytest.mark.parametrize("left", [0, 6])
def test_an_empty_or_much_smaller_answer_is_an_alarm_that_closes_nothing(left: int) -> None:
    store, clock = memory_store(), Clock()
    run(store, many(10), clock)
    source = many(10)
    source.bill_rows = source.bill_rows[:left]
    assert ["done", "done", "alarm"] == run(store, source, clock)
    assert 10 == len(store.queue.open_entries("fibra"))
    assert ["done"] * 4 == run(store, source, clock, accept_shrink=True)
    assert left == len(store.queue.open_entries("fibra"))


def test_the_same_row_twice_means_the_answer_cannot_be_trusted() -> None:
    store, clock, source = memory_store(), Clock(), many(4)
    source.bill_rows.append(source.bill_rows[0])
    assert "failed" == run(store, source, clock)[-1]
    assert 0 == store.overview.count_bills("fibra")


def test_a_dry_run_stores_nothing() -> None:
    store, clock = memory_store(), Clock()
    assert ["dry_run"] * 3 == run(store, many(4), clock, dry_run=True)
    assert (0, 0) == (store.overview.count_clients("fibra"), store.overview.count_bills("fibra"))
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
    assert ["done"] == [one.status for one in sync.sync_client_types(sync_of(many(1), store, clock))]
    assert {"1": "Residencial"} == store.overview.client_types("fibra")
    (dry,) = sync.sync_client_types(sync_of(many(1), store, clock, dry_run=True))
    assert "dry_run" == dry.status


def test_what_became_of_a_bill_is_stored_with_its_close() -> None:
    tables, clock, source = Tables(), Clock(), many(10)
    store = memory_store(tables)
    run(store, source, clock)
    source.bill_rows, source.gone = source.bill_rows[2:], {"b0": Fate.PAID}
    assert ["done"] * 4 == run(store, source, clock)
    expected = {"b0": Fate.PAID, "b1": Fate.LEFT_SOURCE}
    assert expected == {key: fate for (_, key), (_, fate) in tables.closed_bills.items()}


def test_a_bill_left_out_that_is_still_open_means_the_list_was_not_whole() -> None:
    store, clock, source = memory_store(), Clock(), many(10)
    run(store, source, clock)
    source.bill_rows, source.gone = source.bill_rows[1:], {"b0": Fate.OPEN}
    assert "failed" == run(store, source, clock)[-1]
    assert 10 == store.overview.count_bills("fibra")
    assert "left out bill b0, which it calls open" in store.runs.latest(1)[0].error


def test_an_erp_that_does_not_say_what_became_of_bills_is_believed() -> None:
    store, clock, source = memory_store(), Clock(), many(10)
    run(store, source, clock)
    source.bill_rows = source.bill_rows[1:]
    source.breaks = ("fates", 0, SourceUnavailable("gone for lunch"))
    assert ["done"] * 4 == run(store, source, clock)
    assert 9 == store.overview.count_bills("fibra")


def test_a_row_that_cannot_be_read_keeps_what_was_known_of_it() -> None:
    store, clock, source = memory_store(), Clock(), many(10)
    run(store, source, clock)
    source.bill_rows, source.rejected = source.bill_rows[2:], (Rejected("bill", "b0", "its amount is none"),)
    run(store, source, clock)
    assert 9 == store.overview.count_bills("fibra")
    assert ["b0"] == [one.bill_id for one in store.overview.open_bills("fibra", "0")]


def test_nothing_is_closed_while_a_row_has_not_even_an_id_to_read() -> None:
    store, clock, source = memory_store(), Clock(), many(10)
    run(store, source, clock)
    source.bill_rows, source.rejected = source.bill_rows[2:], (Rejected("bill", "line 7", "too short", ""),)
    assert ["done"] * 4 == run(store, source, clock)
    assert 10 == store.overview.count_bills("fibra")


def test_an_alarm_stands_until_somebody_has_seen_it_and_ends_with_a_good_answer() -> None:
    store, clock, source = memory_store(), Clock(), many(10)
    run(store, source, clock)
    source.bill_rows = source.bill_rows[:3]
    run(store, source, clock)
    run(store, source, clock)
    (alarm,) = store.alarms.listing()
    assert ("bills", 2, None) == (alarm.kind, alarm.times, alarm.over_at)
    source.bill_rows = many(10).bill_rows
    run(store, source, clock)
    (alarm,) = store.alarms.listing()
    assert clock() == alarm.over_at
    assert store.alarms.acknowledge(alarm.alarm_id, "ana", clock())
    assert [] == store.alarms.listing()


def test_contracts_that_cannot_be_read_stop_neither_bills_nor_what_was_known_of_them() -> None:
    store, clock, source = memory_store(), Clock(), many(3)
    run(store, source, clock)
    source.breaks = ("contracts", 0, SourceUnavailable("gone for lunch"))
    assert ["done", "failed", "done", "done"] == run(store, source, clock)


def test_nobody_is_queued_while_the_contracts_were_never_read() -> None:
    store, clock, source = memory_store(), Clock(), many(3)
    source.breaks = ("contracts", 0, SourceRefused("no right to cliente_contrato"))
    assert ["done", "failed", "done", "failed"] == run(store, source, clock)
    assert [] == store.queue.open_entries("fibra")
    assert "set rules.read_contracts: false" in store.runs.latest(1)[0].error
    assert ["done"] * 3 == run(store, source, clock, read_contracts=False)
    assert 3 == len(store.queue.open_entries("fibra"))


def test_a_client_who_wants_no_notices_until_a_day_waits_outside_the_queue() -> None:
    store, clock, source = memory_store(), Clock(), many(3)
    source.contract_rows = [Contract("k1", "1", Access.ACTIVE, no_notice_until=TODAY)]
    run(store, source, clock)
    assert {"0", "2"} == {one.client_id for one in store.queue.open_entries("fibra")}
    clock.move(days=1)
    run(store, source, clock)
    assert {"0", "1", "2"} == {one.client_id for one in store.queue.open_entries("fibra")}


def test_clients_of_a_type_left_out_are_not_stored() -> None:
    store, clock, source = memory_store(), Clock(), many(3)
    source.client_rows[1] = replace(source.client_rows[1], client_type="1")
    left_out = frozenset({fold("RESIDENCIAL")})
    assert ["done"] * 5 == run(store, source, clock, leave_out_types=left_out)  # the types come first
    assert 2 == store.overview.count_clients("fibra")


def test_a_type_to_leave_out_that_nobody_knows_stops_the_clients() -> None:
    store, clock = memory_store(), Clock()
    assert ["done", "failed"] == run(store, many(3), clock, leave_out_types=frozenset({"condominio"}))
    assert "condominio, which is no client type" in store.runs.latest(1)[0].error


def test_a_run_that_died_is_told_by_the_next_one() -> None:
    store, clock = memory_store(), Clock()
    store.runs.start("bills", "fibra", clock())
    run(store, many(1), clock)
    assert {"failed", "done"} == {one.status for one in store.runs.latest(9, "bills")}


def test_a_dry_run_names_each_step() -> None:
    store, clock, source = memory_store(), Clock(), many(5)
    run(store, source, clock)
    source.bill_rows = [bill(0, amount="10.00"), *source.bill_rows[2:], bill(7)]
    source.gone = {"b1": Fate.CANCELLED}
    report = sync.sync_all(sync_of(source, store, clock, dry_run=True))[-1]
    assert [
        (Verb.REFRESH, "b0", None),
        (Verb.OPEN, "b7", None),
        (Verb.CLOSE, "b1", Fate.CANCELLED),
    ] == [(step.verb, step.key, step.fate) for step in report.steps]


def test_the_history_holds_counts_and_timing() -> None:
    store, clock = memory_store(), Clock()
    run(store, many(3), clock)
    (one,) = store.runs.latest(1, "bills")
    told = json.loads(one.detail)
    assert (0, 3, 3, {"rejected", "left_out", "fetch_seconds", "store_seconds"}) == (
        one.before,
        one.after,
        one.changed,
        set(told),
    )
