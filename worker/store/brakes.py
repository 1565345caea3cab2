"""Brakes over MariaDB: what holds dialling back, by instance and kind."""

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from worker.core.brakes import Brake, BrakeKind, renewed
from worker.store import rows
from worker.store.engine import Db, Tx

REASON, BY = 255, 64  # lengths of the columns
LOCK: Final = "brakes"  # one for all: they are set a few times a day


class SqlBrakes:
    """`worker.brake_ports.Brakes` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def listing(self) -> list[Brake]:
        return self._db.run(lambda tx: [_brake(row) for row in tx.rows("brakes")])

    def put(self, brake: Brake, now: datetime) -> bool:
        new = tidy(brake)

        def work(tx: Tx) -> bool:
            tx.lock(LOCK)
            row = tx.one("brake_of", instance=new.instance, kind=new.kind.value)
            old = None if row is None else _brake(row)
            tx.change("put_brake", **_values(renewed(old, new, now)))
            return old is None or not old.holds(now)

        return self._db.run(work)

    def end(self, instance: str | None, now: datetime) -> list[Brake]:
        def work(tx: Tx) -> list[Brake]:
            tx.lock(LOCK)
            ended = [_brake(row) for row in tx.rows("holding_brakes", instance=instance, now=now)]
            tx.change("end_brakes", instance=instance, now=now)
            return ended

        return self._db.run(work)


def tidy(brake: Brake) -> Brake:
    """As the columns hold it. ValueError for an instant without zone."""
    rows.utc(brake.since)
    if brake.until is not None:
        rows.utc(brake.until)
    return replace(brake, reason=rows.fit(brake.reason, REASON), set_by=rows.fit(brake.set_by, BY))


def _values(brake: Brake) -> dict[str, object]:
    return {
        "instance": brake.instance,
        "kind": brake.kind.value,
        "hang_up": int(brake.hang_up),
        "reason": brake.reason,
        "set_by": brake.set_by,
        "since": brake.since,
        "until": brake.until,
    }


def _brake(row: Any) -> Brake:
    return Brake(
        instance=row.instance,
        kind=BrakeKind(row.kind),
        reason=row.reason,
        since=rows.aware(row.since),
        until=rows.aware_or_none(row.until),
        hang_up=bool(row.hang_up),
        set_by=row.set_by,
    )
