"""Counts of calls over MariaDB: rewritten from the outcomes, so that counting twice counts once."""

from datetime import date, datetime
from typing import Final

from worker.core.brakes import CallCount, Endings
from worker.core.enums import LineResult
from worker.store.engine import Db, Tx

LOCK: Final = "counts"


class SqlCounts:
    """`worker.brake_ports.Counts` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def recount(self, day: date, start: datetime, end: datetime) -> int:
        def work(tx: Tx) -> int:
            tx.lock(LOCK)  # two at once would both find the day empty and both write it
            tx.change("forget_counts", day=day)
            tx.change("recount", day=day, start=start, end=end)
            return tx.number("counted", day=day)

        return self._db.run(work)

    def between(self, first: date, last: date) -> list[CallCount]:
        def work(tx: Tx) -> list[CallCount]:
            return [
                CallCount(
                    row.day, row.instance, row.trunk, row.caller_id, row.calls, row.short_calls, row.answered
                )
                for row in tx.rows("counts_between", first=first, last=last)
            ]

        return self._db.run(work)

    def endings(self, instance: str, since: datetime, until: datetime) -> list[Endings]:
        def work(tx: Tx) -> list[Endings]:
            return [
                Endings(row.caller_id, LineResult(row.line_result), row.cause, int(row.calls))
                for row in tx.rows("endings", instance=instance, since=since, until=until)
            ]

        return self._db.run(work)
