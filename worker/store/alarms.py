"""Alarms over MariaDB: answers of an ERP that could not be believed, until a person has seen them.

Whoever acknowledges an alarm silences it until it is over, however often it is raised meanwhile; the next one
after that is a new alarm and is seen again.
"""

from datetime import datetime
from typing import Any, Final

from worker.core.records import AlarmRow
from worker.store import rows
from worker.store.engine import Db, Tx

LISTED: Final = 100  # how many `listing(everything=True)` shows
REASON, BY = 255, 64  # lengths of the columns


class SqlAlarms:
    """`worker.catalogue_ports.Alarms` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def raise_alarm(self, instance: str, kind: str, reason: str, now: datetime) -> int:
        told = rows.fit(reason, REASON)

        def work(tx: Tx) -> int:
            alarm_id = _not_over(tx, instance, kind)
            if alarm_id is None:
                return tx.add("add_alarm", instance=instance, kind=kind, reason=told, now=now)
            tx.change("raise_again", alarm_id=alarm_id, reason=told, now=now)
            return alarm_id

        return self._db.run(work)

    def over(self, instance: str, kind: str, now: datetime) -> None:
        def work(tx: Tx) -> None:
            alarm_id = _not_over(tx, instance, kind)
            if alarm_id is not None:
                tx.change("end_alarm", alarm_id=alarm_id, now=now)

        self._db.run(work)

    def listing(self, *, everything: bool = False) -> list[AlarmRow]:
        def work(tx: Tx) -> list[AlarmRow]:
            found = tx.rows("latest_alarms", limit=LISTED) if everything else tx.rows("alarms_to_see")
            return [_alarm(row) for row in found]

        return self._db.run(work)

    def acknowledge(self, alarm_id: int, by: str, now: datetime) -> bool:
        who = rows.fit(by, BY)
        return self._db.run(lambda tx: tx.change("acknowledge_alarm", alarm_id=alarm_id, by=who, now=now) == 1)


def _not_over(tx: Tx, instance: str, kind: str) -> int | None:
    """Under the lock of the instance's alarms: without it two at once would both find none and both add one."""
    tx.lock(f"alarm:{instance}")
    row = tx.one("alarm_not_over", instance=instance, kind=kind)
    return None if row is None else int(row.alarm_id)


def _alarm(row: Any) -> AlarmRow:
    return AlarmRow(
        alarm_id=row.alarm_id,
        instance=row.instance,
        kind=row.kind,
        reason=row.reason,
        raised_at=rows.aware(row.raised_at),
        last_at=rows.aware(row.last_at),
        times=row.times,
        over_at=rows.aware_or_none(row.over_at),
        acknowledged_at=rows.aware_or_none(row.acknowledged_at),
        acknowledged_by=row.acknowledged_by,
    )
