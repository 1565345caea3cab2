"""Contract of `Runs` and `Presence`: what was done, and who is alive."""

import json
from datetime import date
from decimal import Decimal

from tests.contract.store_data import ALPHA, HOUR, NOW
from worker.core.model import Rejected
from worker.core.records import Change, JobRun
from worker.store_ports import Store


def test_a_run_begins_as_running_and_ends_with_its_figures(store: Store) -> None:
    run = store.runs.start("bills", ALPHA, NOW)
    assert [JobRun(run, "bills", ALPHA, NOW, None, "running", None, None, None, "", "{}")] == store.runs.latest()
    detail = {"pages": 3, "day": date(2026, 3, 10), "sum": Decimal("1.50"), "note": "ação"}
    store.runs.finish(run, NOW + HOUR, "done", change=Change(5, 6, 2, 3, 1), detail=detail)
    (ended,) = store.runs.latest()
    assert (NOW + HOUR, "done", 5, 6, 6) == (
        ended.finished_at,
        ended.status,
        ended.before,
        ended.after,
        ended.changed,
    )
    assert {"pages": 3, "day": "2026-03-10", "sum": "1.50", "note": "ação"} == json.loads(ended.detail)


def test_a_failed_run_keeps_its_error_cut(store: Store) -> None:
    run = store.runs.start("clients", ALPHA, NOW)
    store.runs.finish(run, NOW, "failed", error="não " * 5000)
    (ended,) = store.runs.latest()
    assert ("failed", 4000, None) == (ended.status, len(ended.error), ended.changed)


def test_finishing_an_unknown_run_is_harmless(store: Store) -> None:
    store.runs.finish(999_999, NOW, "done")
    assert [] == store.runs.latest()


def test_the_latest_runs_come_first_and_can_be_picked(store: Store) -> None:
    ids = [store.runs.start(job, name, NOW) for job, name in (("a", "x"), ("b", "x"), ("a", "y"), ("a", "x"))]
    assert ids[::-1] == [run.run_id for run in store.runs.latest()]
    assert [ids[3], ids[0]] == [run.run_id for run in store.runs.latest(job="a", instance="x")]
    assert [ids[3]] == [run.run_id for run in store.runs.latest(limit=1)]


def test_rejected_rows_keep_their_order_over_several_pages(store: Store) -> None:
    run = store.runs.start("clients", ALPHA, NOW)
    rows = [Rejected("client", str(n), "no name") for n in range(5)]
    store.runs.add_rejected(run, rows[:2])
    store.runs.add_rejected(run, [])
    store.runs.add_rejected(run, rows[2:])
    assert rows == store.runs.rejected(run)
    assert rows[:3] == store.runs.rejected(run, limit=3)
    assert [] == store.runs.rejected(run + 1)


def test_rejected_texts_are_cut(store: Store) -> None:
    run = store.runs.start("clients", ALPHA, NOW)
    store.runs.add_rejected(run, [Rejected("k" * 99, "s" * 99, "r" * 999)])
    assert [Rejected("k" * 10, "s" * 80, "r" * 255)] == store.runs.rejected(run)


def test_a_process_is_seen_until_it_leaves(store: Store) -> None:
    assert store.presence.last_seen("handler", "pbx") is None
    store.presence.beat("handler", "pbx", 42, "starting", NOW)
    store.presence.beat("handler", "pbx", 42, "ready", NOW + HOUR)
    assert (NOW + HOUR, "ready") == store.presence.last_seen("handler", "pbx")
    store.presence.leave("handler", "pbx")
    assert store.presence.last_seen("handler", "pbx") is None


def test_a_lock_is_held_by_one_at_a_time_and_freed_at_the_end(store: Store) -> None:
    with store.presence.lock("leader") as first:
        with store.presence.lock("leader") as second, store.presence.lock("other") as third:
            assert (True, False, True) == (first, second, third)
        with store.presence.lock("leader") as fourth:
            assert not fourth
    with store.presence.lock("leader") as fifth:
        assert fifth


def test_a_lock_with_an_endless_name_is_a_lock_too(store: Store) -> None:
    with store.presence.lock("x" * 300) as first, store.presence.lock("x" * 300) as second:
        assert (True, False) == (first, second)
