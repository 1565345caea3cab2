"""The queue's jobs: what a build reports, an order by the hour, a debtor put first and when he may be called."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.unit.world import NOON, TODAY, ZONE, Clock, Source, bill, client, dial_plan, sync_of
from worker.commands.bump import sentence
from worker.core.enums import Origination
from worker.core.model import Candidate, Waiting
from worker.core.priority import Order, Ranking
from worker.core.records import Change
from worker.errors import UsageError
from worker.jobs import queue, sync
from worker.store.memory import memory_store
from worker.store_ports import Store

RULES = dial_plan().rules
BY_AMOUNT = Ranking(Order.AMOUNT, zone=ZONE)


def synced(store: Store, source: Source, clock: Clock, **changes: object) -> object:
    return sync.sync_all(sync_of(source, store, clock, **changes))[-1]


def provider() -> Source:
    bills = [bill(1, 30, "10.00"), bill(2, 20, "30.00"), bill(3, 10, "20.00")]
    return Source([client(number) for number in (1, 2, 3)], bills)


def test_a_build_reports_what_it_did_and_writes_it_down() -> None:
    store, clock, source = memory_store(), Clock(), provider()
    synced(store, source, clock)
    source.bill_rows[1:] = [bill(2, 20, "31.00")]
    report = synced(store, source, clock, accept_shrink=True)
    assert Change(3, 2, 0, 1, 1) == report.change  # type: ignore[attr-defined]  # a Report
    assert {"refresh": 1, "close": 1, "changed": 2} == report.detail  # type: ignore[attr-defined]  # the same
    latest = store.runs.latest(1, "queue")[0]
    assert ("done", 3, 2) == (latest.status, latest.before, latest.after)


@pytest.mark.parametrize(("order", "clients"), [(Order.OLDEST, ["1", "2", "3"]), (Order.AMOUNT, ["2", "3", "1"])])
def test_the_queue_is_built_in_the_order_that_the_plan_says(order: Order, clients: list[str]) -> None:
    store, clock = memory_store(), Clock()
    synced(store, provider(), clock, ranking=Ranking(order, zone=ZONE))
    assert clients == [one.entry.client_id for one in store.queue.waiting("fibra", NOON, 9)]


def test_a_reordering_does_nothing_where_the_order_does_not_go_by_the_hour() -> None:
    store, clock = memory_store(), Clock()
    synced(store, provider(), clock)
    assert {"moved": 0} == queue.reorder("fibra", BY_AMOUNT, store, clock).detail
    by_score = Ranking(Order.SCORE, zone=ZONE)
    assert {"moved": 3} == queue.reorder("fibra", by_score, store, clock).detail
    assert "done" == store.runs.latest(1, "reorder")[0].status


def first(store: Store, client_id: str = "3") -> Waiting:
    found = store.queue.open_entry("fibra", client_id)
    assert found
    return found


def bumped(store: Store, clock: Clock, client_id: str = "3") -> str:
    done = queue.bump(first(store, client_id), RULES, store, clock)
    return sentence(done, undo=False, zone=ZONE, now=clock())


def test_who_is_put_first_is_told_when_he_may_be_called_for_every_rule_still_holds() -> None:
    store, clock = memory_store(), Clock()
    synced(store, provider(), clock)
    assert "client 3 of fibra is first in the queue and may be called now" == bumped(store, clock)
    assert "client 3 of fibra had been put first already and may be called now" == bumped(store, clock)
    clock.move(hours=8)  # 20:00
    assert bumped(store, clock, "2").startswith(
        "client 2 of fibra is first in the queue, but not before 19/11 08:00:00: "
    )
    assert ["3", "2", "1"] == [one.entry.client_id for one in store.queue.waiting("fibra", clock(), 9)]


def test_who_can_never_be_called_is_told_so() -> None:
    store, clock, source = memory_store(), Clock(), provider()
    source.client_rows[2] = replace(source.client_rows[2], phones=())
    synced(store, source, clock)
    assert (
        "client 3 of fibra is first in the queue, but may not be called: there is no telephone number"
        == bumped(store, clock)
    )


def test_who_is_being_called_cannot_be_put_first() -> None:
    store, clock = memory_store(), Clock()
    synced(store, provider(), clock)
    waiting = first(store)
    chosen = Candidate(waiting, waiting.phones[0].number, "01J" + 23 * "0", Origination.ARI, TODAY)
    assert store.attempts.reserve([chosen], channels=1, rules=RULES.ledger, now=NOON)
    with pytest.raises(UsageError, match="is being called now"):
        queue.bump(first(store), RULES, store, clock)


def test_undone_he_stands_where_his_debt_puts_him() -> None:
    store, clock = memory_store(), Clock()
    synced(store, provider(), clock, ranking=BY_AMOUNT)
    before = first(store).entry
    bumped(store, clock)
    clock.move(minutes=5)
    undone = [queue.unbump(first(store), BY_AMOUNT, RULES, store, clock) for _ in range(2)]
    assert before == first(store).entry
    assert -Decimal("20.00") * 100 == before.turn
    assert [
        "client 3 of fibra is back in his place",
        "client 3 of fibra had not been put first; nothing was changed",
    ] == [sentence(one, undo=True, zone=ZONE, now=clock() + timedelta(0)) for one in undone]
