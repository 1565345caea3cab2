"""Recordings whose days are over are taken away; the history says how many."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from worker.core.records import Change
from worker.jobs.history import Report, recorded
from worker.ports import Clock
from worker.running_ports import Runs

JOB, ALL = "recordings", "-"  # instance name in the history: one run serves all


class Cleared(Protocol):
    """What was done. `strange`: of an instance that the settings do not know; `reason`: why some could not go."""

    removed: int
    bytes: int
    kept: int
    strange: int
    failed: int
    reason: str


def clear(runs: Runs, clock: Clock, work: Callable[[datetime], Cleared]) -> Report:
    """One run. Failed when one of them could not be removed: what was promised to be gone is still there."""

    def once() -> Report:
        done = work(clock())
        detail: dict[str, object] = {
            "removed": done.removed,
            "megabytes": round(done.bytes / 1e6, 1),
            "kept": done.kept,
            "of_unknown_instance": done.strange,
            "not_removed": done.failed,
        }
        left = done.kept + done.failed
        change = Change(done.removed + left, left, 0, 0, done.removed)
        if done.failed:
            error = f"{done.failed} recordings could not be removed: {done.reason}; see who may write pbx.monitor"
            return Report(JOB, ALL, "failed", change, error=error, detail=detail)
        return Report(JOB, ALL, change=change, detail=detail)

    return recorded(runs, clock, JOB, ALL, once)
