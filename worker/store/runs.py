"""Job history over MariaDB."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from worker.core.model import Rejected
from worker.core.records import Change, JobRun
from worker.store.engine import Db, Tx
from worker.store.rows import aware, fit

DIED = "it died half way; nothing of a half answer was believed"
ERROR_LENGTH = 4000


class SqlRuns:
    """`worker.ports.Runs` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def start(self, job: str, instance: str, now: datetime) -> int:
        return self._db.run(lambda tx: tx.add("start_run", job=job, instance=instance, now=now))

    def finish(
        self,
        run_id: int,
        now: datetime,
        status: str,
        *,
        change: Change | None = None,
        error: str = "",
        detail: Mapping[str, object] | None = None,
    ) -> None:
        self._db.run(
            lambda tx: tx.change(
                "finish_run",
                run_id=run_id,
                now=now,
                status=status,
                before=None if change is None else change.before,
                after=None if change is None else change.after,
                changed=changed_rows(change),
                error=fit(error, ERROR_LENGTH),
                detail=detail_text(detail),
            )
        )

    def give_up(self, jobs: Sequence[str], instance: str, now: datetime) -> int:
        return self._db.run(
            lambda tx: tx.change("give_up_runs", jobs=list(jobs), instance=instance, now=now, error=DIED)
        )

    def add_rejected(self, run_id: int, rejected: Sequence[Rejected]) -> None:
        if not rejected:
            return

        def work(tx: Tx) -> None:
            tx.one("lock_run", run_id=run_id)  # positions are given out by one writer at a time
            first = tx.number("next_rejected", run_id=run_id)
            tx.bulk(
                "add_rejected",
                (
                    {"run_id": run_id, "position": position, **rejected_values(one)}
                    for position, one in enumerate(rejected, start=first)
                ),
            )

        self._db.run(work)

    def rejected(self, run_id: int, limit: int = 100) -> list[Rejected]:
        return self._db.run(
            lambda tx: [
                Rejected(row.kind, row.source_id, row.reason)
                for row in tx.rows("rejected_of", run_id=run_id, limit=limit)
            ]
        )

    def latest(self, limit: int = 20, job: str | None = None, instance: str | None = None) -> list[JobRun]:
        """Newest first."""

        def work(tx: Tx) -> list[JobRun]:
            return [
                JobRun(
                    run_id=row.run_id,
                    job=row.job,
                    instance=row.instance,
                    started_at=aware(row.started_at),
                    finished_at=None if row.finished_at is None else aware(row.finished_at),
                    status=row.status,
                    before=row.before_count,
                    after=row.after_count,
                    changed=row.changed,
                    error=row.error,
                    detail=row.detail,
                )
                for row in tx.rows("latest_runs", limit=limit, job=job, instance=instance)
            ]

        return self._db.run(work)


def changed_rows(change: Change | None) -> int | None:
    return None if change is None else change.added + change.updated + change.removed


def detail_text(detail: Mapping[str, object] | None) -> str:
    """One JSON object; dates and amounts as text."""
    return json.dumps(dict(detail or {}), default=str, sort_keys=True)


def rejected_values(one: Rejected) -> dict[str, str]:
    return {"kind": fit(one.kind, 10), "source_id": fit(one.source_id, 80), "reason": fit(one.reason, 255)}
