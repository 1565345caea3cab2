"""kill -9 at every point of the work, one after another: before each statement, commit and ring."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.contract.store_data import outcome
from tests.integration import killed
from tests.lab.mariadb import PrivateMariaDb
from tests.unit.test_jobs_dial import filled
from tests.unit.world import NOON, RULES, Clock, Switch
from worker.core.enums import EntryState
from worker.core.model import NextStep
from worker.jobs import reconcile
from worker.store.mariadb import OpenStore, open_store
from worker.store.migrate import migrate

PEOPLE = 3
TABLES = (
    "client",
    "client_phone",
    "bill",
    "queue_entry",
    "attempt",
    "ledger",
    "answer",
    "job_run",
    "instance_lock",
)


@pytest.fixture(scope="module")
def server() -> Iterator[PrivateMariaDb]:
    with PrivateMariaDb() as running:
        migrate(running.database())
        yield running


@pytest.fixture
def opened(server: PrivateMariaDb) -> Iterator[OpenStore]:
    with open_store(server.database()) as running:
        yield running


def begin(server: PrivateMariaDb, opened: OpenStore, people: int) -> None:
    """Nobody has been called yet."""
    with server.root() as cursor:
        for table in TABLES:
            cursor.execute(f"DELETE FROM collector.{table}")
        cursor.execute("DELETE FROM asteriskcdrdb.collector_outcome")
    filled(Clock(), people, opened.store)


def column(server: PrivateMariaDb, sql: str) -> list[Any]:
    with server.root() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def reconciled(opened: OpenStore) -> None:
    """Three minutes later; the PBX knows nothing of them any more."""
    later = Clock(NOON + timedelta(minutes=3))
    report = reconcile.reconcile(opened.store, Switch(set()), later, {"fibra": RULES}, timedelta(minutes=4))
    assert "done" == report.status


def test_a_worker_killed_at_any_point_rings_nobody_twice_and_leaves_nobody_out(
    server: PrivateMariaDb, opened: OpenStore, tmp_path: Path
) -> None:
    for at in count(1):
        begin(server, opened, PEOPLE)
        rings = tmp_path / f"rings-{at}"
        rings.touch()
        survived = killed.run(killed.dial_once, server.database(), at, NOON, rings)
        assert killed.run(killed.dial_once, server.database(), 0, NOON + timedelta(seconds=1), rings)
        reconciled(opened)
        rung = [line.split() for line in rings.read_text(encoding="utf-8").splitlines()]
        attempts = column(server, "SELECT attempt_id FROM collector.attempt WHERE state IN ('ended', 'lost')")
        numbers = column(server, "SELECT number FROM collector.attempt")
        assert PEOPLE == len(numbers) == len(set(numbers)), f"killed at {at}"
        assert len({number for _, number in rung}) == len(rung), f"killed at {at}"
        assert {attempt for attempt, _ in rung} <= set(attempts), f"killed at {at}"
        assert sorted(attempts) == column(
            server, "SELECT attempt_id FROM asteriskcdrdb.collector_outcome ORDER BY attempt_id"
        )
        assert [] == column(server, "SELECT entry_id FROM collector.queue_entry WHERE state = 'claimed'")
        assert {1} == set(column(server, "SELECT recent FROM collector.ledger"))
        if survived:
            assert at > 4 * PEOPLE  # it has been killed that often
            return


def test_a_handler_killed_at_any_point_leaves_one_outcome_and_the_entry_moved_once(
    server: PrivateMariaDb, opened: OpenStore, tmp_path: Path
) -> None:
    for at in count(1):
        begin(server, opened, 1)
        assert killed.run(killed.dial_once, server.database(), 0, NOON, tmp_path / "rings")
        (attempt,) = opened.store.attempts.open_since(NOON + timedelta(seconds=1))
        ending = outcome(attempt, ended=NOON + timedelta(minutes=1))
        survived = killed.run(
            killed.end_once, server.database(), at, ending, NextStep(EntryState.DONE, "promised")
        )
        reconciled(opened)
        assert 1 == len(column(server, "SELECT attempt_id FROM asteriskcdrdb.collector_outcome"))
        (state,) = column(server, "SELECT state FROM collector.attempt")
        (entry,) = column(server, "SELECT state FROM collector.queue_entry")
        assert (state, entry) in {("ended", "done"), ("lost", "waiting")}, f"killed at {at}"
        assert [1, 1] == column(server, "SELECT recent FROM collector.ledger")
        if survived:
            assert ("ended", "done") == (state, entry)
            assert at > 4
            return
