"""The raw tables for `machine_oracle`: of the twin in memory, and of MariaDB by plain SQL in one snapshot."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from tests.contract.machine_oracle import Entry, Kept, Tables, Try
from tests.contract.machine_world import Town
from worker.core.enums import Answerer, Heard, LineResult, Result
from worker.core.model import Outcome, TalkFacts
from worker.store import memory_tables


def of_memory(town: Town, tables: memory_tables.Tables) -> Tables:
    seen = Tables(town.tick())
    seen.tries = [
        Try(
            one.attempt_id,
            one.instance,
            one.entry_id,
            one.client_id,
            one.number,
            one.state.value,
            float(one.total),
            one.reserved_at,
        )
        for one in tables.attempts.values()
    ]
    seen.outcomes = {key: one.outcome for key, one in tables.outcomes.items()}
    seen.ledger = {
        who: Kept(row.day, (row.tries, *row.earlier), row.last_try_at) for who, row in tables.ledger.items()
    }
    seen.entries = [
        Entry(one.entry_id, one.instance, one.client_id, one.state.value, one.reason)
        for one in tables.entries.values()
    ]
    seen.closed_bills = list(tables.closed_bills)
    seen.inactive = sorted(tables.inactive)
    return seen


def of_mariadb(town: Town, connection: Any) -> Tables:
    """`connection` may read everything; all is as of one instant, whoever writes meanwhile."""
    got = set(town.pbx.got)
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute("START TRANSACTION WITH CONSISTENT SNAPSHOT")
        found = _read(cursor)
        cursor.execute("ROLLBACK")
    found.event = town.tick()
    assert got <= {one.attempt_id for one in found.tries}, "dialled, and not committed"
    return found


def _read(cursor: Any) -> Tables:
    seen = Tables(0)
    cursor.execute(
        "SELECT attempt_id, instance, entry_id, client_id, number, state, total, reserved_at "
        "FROM collector.attempt"
    )
    seen.tries = [_try(*row) for row in cursor.fetchall()]
    cursor.execute("SELECT who, day, recent, last_try_at FROM collector.ledger")
    for who, day, recent, last in cursor.fetchall():
        tries = tuple(recent // 16**n % 16 for n in range(7))
        seen.ledger[who] = Kept(day, tries, None if last is None else _utc(last))
    cursor.execute(
        "SELECT entry_id, instance, client_id, state, reason, claim FROM collector.queue_entry ORDER BY entry_id"
    )
    seen.entries = [Entry(*row) for row in cursor.fetchall()]
    cursor.execute("SELECT instance, bill_id FROM collector.bill WHERE closed_at IS NOT NULL")
    seen.closed_bills = list(cursor.fetchall())
    cursor.execute("SELECT instance, client_id FROM collector.client WHERE active <> 1")
    seen.inactive = list(cursor.fetchall())
    cursor.execute(
        "SELECT attempt_id, instance, client_id, number, ended_at, line_result, answerer, heard, result, "
        "keys_pressed, promise_day FROM asteriskcdrdb.collector_outcome"
    )
    seen.outcomes = {row[0]: _outcome(*row) for row in cursor.fetchall()}
    return seen


def _try(
    attempt_id: str, instance: str, entry: int, client: str, number: str, state: str, total: Decimal, at: datetime
) -> Try:
    return Try(attempt_id, instance, entry, client, number, state, float(total), _utc(at))


def _outcome(attempt_id: str, instance: str, client_id: str, number: str, ended: datetime, *said: Any) -> Outcome:
    line, who, heard, result, keys, promised = said
    talk = TalkFacts(Heard(heard), 0.0, Result(result), keys, promised)
    return Outcome(attempt_id, instance, client_id, number, _utc(ended), LineResult(line), Answerer(who), talk)


def _utc(instant: datetime) -> datetime:
    return instant.replace(tzinfo=UTC)
