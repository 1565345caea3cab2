"""Job history: the twin in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from worker.core.model import Rejected
from worker.core.records import Change, JobRun
from worker.store.memory_tables import Tables
from worker.store.rows import fit, utc
from worker.store.runs import DIED, ERROR_LENGTH, changed_rows, detail_text, rejected_values


class MemoryRuns:
    """`worker.ports.Runs`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def start(self, job: str, instance: str, now: datetime) -> int:
        utc(now)
        with self._tables.mutex:
            run_id = len(self._tables.runs) + 1
            self._tables.runs[run_id] = JobRun(
                run_id, job, instance, now, None, "running", None, None, None, "", "{}"
            )
            return run_id

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
        utc(now)
        with self._tables.mutex:
            if run_id not in self._tables.runs:
                return
            self._tables.runs[run_id] = replace(
                self._tables.runs[run_id],
                finished_at=now,
                status=status,
                before=None if change is None else change.before,
                after=None if change is None else change.after,
                changed=changed_rows(change),
                error=fit(error, ERROR_LENGTH),
                detail=detail_text(detail),
            )

    def give_up(self, jobs: Sequence[str], instance: str, now: datetime) -> int:
        with self._tables.mutex:
            dead = [
                run
                for run in self._tables.runs.values()
                if run.status == "running" and run.instance == instance and run.job in jobs
            ]
        for run in dead:
            self.finish(run.run_id, now, "failed", error=DIED)
        return len(dead)

    def add_rejected(self, run_id: int, rejected: Sequence[Rejected]) -> None:
        with self._tables.mutex:
            kept = self._tables.rejected.setdefault(run_id, [])
            kept.extend(Rejected(**rejected_values(one)) for one in rejected)

    def rejected(self, run_id: int, limit: int = 100) -> list[Rejected]:
        with self._tables.mutex:
            return self._tables.rejected.get(run_id, [])[:limit]

    def latest(self, limit: int = 20, job: str | None = None, instance: str | None = None) -> list[JobRun]:
        with self._tables.mutex:
            runs = [
                run
                for run in self._tables.runs.values()
                if job in (None, run.job) and instance in (None, run.instance)
            ]
        return sorted(runs, key=lambda run: run.run_id, reverse=True)[:limit]
