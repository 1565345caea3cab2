"""What only a real server can show: costs, indexes, faults, server modes, doctor's findings."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import event

from tests.contract.store_data import (
    ALPHA,
    DONE,
    HOUR,
    NOW,
    RULES,
    attempt_id,
    candidate,
    client,
    outcome,
    reserve_one,
    seed,
)
from tests.lab.mariadb import PrivateMariaDb, free_port
from worker.errors import SchemaMismatch, StoreError, StoreUnavailable
from worker.store.mariadb import OpenStore, open_store
from worker.store.sqltext import load_queries


@contextmanager
def statements(opened: OpenStore) -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(opened.db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(opened.db.engine, "before_cursor_execute", note)


def test_reserving_costs_the_same_number_of_statements_for_one_and_for_many(opened: OpenStore) -> None:
    seed(opened.store, [client(n) for n in range(50)])
    chosen = [candidate(one, n) for n, one in enumerate(opened.store.queue.waiting(ALPHA, NOW, 50))]
    opened.store.attempts.reserve(chosen[:1], channels=99, rules=RULES, now=NOW)  # the lock's row exists now
    costs = []
    for part in (chosen[1:2], chosen[2:]):
        with statements(opened) as seen:
            assert len(part) == len(opened.store.attempts.reserve(part, channels=99, rules=RULES, now=NOW))
        costs.append(len(seen))
    # lock, count; claim, ours; rows of the ledger, those being rung; numbers, granted; debtors, granted; attempts
    assert [11, 11] == costs


def test_waiting_costs_the_same_number_of_statements_for_one_and_for_many(opened: OpenStore) -> None:
    seed(opened.store, [client(n) for n in range(200)])
    costs = []
    for limit in (1, 200):
        with statements(opened) as seen:
            assert limit == len(opened.store.queue.waiting(ALPHA, NOW, limit))
        costs.append(len(seen))
    assert [6, 6] == costs


EXPLAINED = [
    ("cdr_by_uniqueid", {"ids": [attempt_id(1), attempt_id(2)]}, "uniqueid"),
    ("cdr_by_userfield", {"ids": ["x"], "length": 26, "since": NOW, "until": NOW + HOUR}, "calldate"),
    ("count_open", {"instance": ALPHA}, "open_attempts"),
    ("get_attempts", {"attempt_ids": [attempt_id(1), attempt_id(2)]}, "PRIMARY"),
    ("ledger_of", {"who": ["x", "y"]}, "PRIMARY"),
]


@pytest.mark.parametrize(("name", "values", "key"), EXPLAINED)
def test_the_index_is_used(
    opened: OpenStore, server: PrivateMariaDb, name: str, values: dict[str, Any], key: str
) -> None:
    with server.root() as cursor:  # an optimiser looks at nearly empty tables without an index
        cursor.execute("USE collector")  # the table of numbers lives in whatever schema is asked
        cursor.execute(
            "INSERT INTO asteriskcdrdb.cdr (calldate, uniqueid) "
            "SELECT '2026-01-01' + INTERVAL seq HOUR, CONCAT('17', seq) FROM seq_1_to_2000"
        )
        cursor.execute(
            "INSERT INTO collector.ledger (who, last_try_at) SELECT CONCAT('+', seq), NOW() FROM seq_1_to_2000"
        )
        cursor.execute("ANALYZE TABLE asteriskcdrdb.cdr, collector.ledger, collector.attempt")
    seed(opened.store, [client(1)])
    reserve_one(opened.store, 1)
    explain = "EXPLAIN " + load_queries(server.database())[name]
    plain = {
        one: value.replace(tzinfo=None) if hasattr(value, "tzinfo") else value for one, value in values.items()
    }
    with opened.db.engine.connect() as connection:
        found = [row.key for row in connection.exec_driver_sql(explain, plain)]
    assert {key} == set(found)  # a join looks into two tables


def test_a_killed_connection_is_replaced_unnoticed(opened: OpenStore, server: PrivateMariaDb) -> None:
    opened.store.runs.latest(1)
    with server.root() as cursor:
        cursor.execute("SELECT id FROM information_schema.processlist WHERE user = 'collector'")
        ids = [row[0] for row in cursor.fetchall()]
        for number in ids:
            cursor.execute(f"KILL {number}")
    assert ids
    assert [] == opened.store.runs.latest(1)


def test_a_server_that_is_not_there_is_unavailable(server: PrivateMariaDb) -> None:
    nowhere = server.database().model_copy(update={"port": free_port()})
    with open_store(nowhere) as opened:
        with pytest.raises(StoreUnavailable, match="does not answer"):
            opened.store.runs.latest()
        with pytest.raises(StoreUnavailable, match="does not answer"), opened.store.presence.lock("x"):
            pass
        assert [False] == [finding.good for finding in opened.probe()]


def test_a_read_only_server_is_unavailable_for_writing(opened: OpenStore, server: PrivateMariaDb) -> None:
    with server.root() as cursor:
        cursor.execute("SET GLOBAL read_only = 1")
        try:
            with pytest.raises(StoreUnavailable, match="read-only"):
                opened.store.runs.start("x", "", NOW)
            assert {"read_only"} <= {finding.subject for finding in opened.probe() if not finding.good}
        finally:
            cursor.execute("SET GLOBAL read_only = 0")


def test_wrong_passwords_and_missing_schemas_are_not_tried_again(server: PrivateMariaDb) -> None:
    wrong = server.database().model_copy(update={"password": SecretStr("s3cret-of-ours")})
    with open_store(wrong) as opened, pytest.raises(StoreError, match="refuses") as raised:
        opened.store.runs.latest()
    assert not raised.value.again
    assert "s3cret" not in str(raised.value)
    with (
        open_store(server.database(schema="collector_x")) as opened,
        pytest.raises(StoreError, match="lacks a right"),
    ):
        opened.store.runs.latest()


def test_a_missing_table_asks_for_migrate(opened: OpenStore, server: PrivateMariaDb) -> None:
    with server.root() as cursor:
        cursor.execute("RENAME TABLE collector.presence TO collector.hidden")
        try:
            with pytest.raises(SchemaMismatch, match="migrate"):
                opened.store.presence.last_seen("a", "b")
        finally:
            cursor.execute("RENAME TABLE collector.hidden TO collector.presence")


def test_an_error_quotes_nothing_of_what_was_stored(opened: OpenStore) -> None:
    with pytest.raises(StoreError) as raised:
        opened.store.presence.beat("handler", "+5511987654321" * 9, 1, "", NOW)
    assert "98765" not in str(raised.value)
    assert raised.value.__suppress_context__
    assert not raised.value.again


def test_a_pool_that_is_used_up_says_so(server: PrivateMariaDb, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.store.engine._POOL_SECONDS", 0.05)
    with open_store(server.database(pool=2)) as opened, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(opened.db.engine.connect())
        with pytest.raises(StoreUnavailable, match="in use"):
            opened.store.runs.latest()


def test_the_socket_serves_as_well(server: PrivateMariaDb, opened: OpenStore) -> None:
    run = opened.store.runs.start("x", "", NOW)
    with open_store(server.database(over_socket=True)) as other:
        assert [run] == [one.run_id for one in other.store.runs.latest()]


MODES = ["", "TRADITIONAL", "ANSI,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT", "STRICT_ALL_TABLES,ONLY_FULL_GROUP_BY"]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.usefixtures("opened")
def test_any_sql_mode_of_the_server_will_do(server: PrivateMariaDb, mode: str) -> None:
    with server.root() as cursor:
        cursor.execute("SELECT @@global.sql_mode")
        (usual,) = cursor.fetchone()
        cursor.execute("SET GLOBAL sql_mode = %s", (mode,))
        try:
            with open_store(server.database()) as fresh:
                seed(fresh.store, [client(1, name="D'Ávila \\ \"x\" || 'y'")])
                attempt = reserve_one(fresh.store, 1)
                assert attempt
                assert fresh.store.outcomes.record(outcome(attempt), DONE)
                (row,) = fresh.store.outcomes.listing(NOW - HOUR, NOW + HOUR)
                assert "D'Ávila \\ \"x\" || 'y'" == row.client_name
        finally:
            cursor.execute("SET GLOBAL sql_mode = %s", (usual,))


def test_doctor_finds_everything_in_order(opened: OpenStore) -> None:
    assert [] == [finding for finding in opened.probe() if not finding.good]
    opened.check()


@pytest.mark.parametrize(
    ("flush", "good", "word"), [(0, False, "called again"), (1, True, "1"), (2, True, "power")]
)
def test_doctor_names_a_server_that_forgets_what_was_committed(
    opened: OpenStore, server: PrivateMariaDb, flush: int, good: bool, word: str
) -> None:
    with server.root() as cursor:
        cursor.execute("SET GLOBAL innodb_flush_log_at_trx_commit = %s", (flush,))
        try:
            (found,) = (one for one in opened.probe() if one.subject == "innodb_flush_log_at_trx_commit")
        finally:
            cursor.execute("SET GLOBAL innodb_flush_log_at_trx_commit = 2")
    assert (good, True) == (found.good, word in found.says)


def test_doctor_names_a_missing_right(opened: OpenStore, server: PrivateMariaDb) -> None:
    hosts = ("127.0.0.1", "localhost")
    with server.root() as cursor:
        for host in hosts:
            cursor.execute(f"REVOKE UPDATE ON asteriskcdrdb.collector_outcome FROM 'collector'@'{host}'")
        try:
            assert ["outcomes: update"] == [one.subject for one in opened.probe() if not one.good]
        finally:
            for host in hosts:
                cursor.execute(f"GRANT UPDATE ON asteriskcdrdb.collector_outcome TO 'collector'@'{host}'")
