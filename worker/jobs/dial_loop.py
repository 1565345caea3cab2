"""The dialling loop of one instance: steps, one after another, at the pace and in the batches it is given."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final

import structlog

from worker.core.model import Attempt
from worker.errors import CollectorError
from worker.jobs.ahead import Ahead
from worker.jobs.dial import DialPlan, Step, claim, put_on_line, why_not
from worker.jobs.pace import Pace
from worker.ports import Clock, Dialler
from worker.store_ports import Store

log = structlog.get_logger(__name__)

REFUSED_SECONDS: Final = 5.0  # after a batch of which the PBX took nothing: it would refuse them again at once
AGAIN_SECONDS: Final = 30.0  # after a defect of ours


def run(
    plan: DialPlan,
    store: Store,
    dialler: Dialler,
    clock: Clock,
    pace: Pace,
    stop: threading.Event,
    *,
    idle_seconds: float = 1.0,
    busy_seconds: float = 0.05,
    refused_seconds: float = REFUSED_SECONDS,
    on_step: Callable[[Step], None] = lambda _: None,
) -> None:
    """Steps until told to stop. Errors of the outside world are logged and tried again; they dial nobody.

    While one batch is put on the line the next is claimed: the database and the PBX need not wait for each other.
    """
    delay = 0.0
    placing = _Placing(plan, store, dialler, pace)
    turns = _Turns(plan, store, dialler, clock)
    with placing.line, Ahead(plan, store, clock) as ahead:
        while not stop.wait(delay):
            attempts: list[Attempt] = []
            try:
                done, attempts = turns.claim(pace.allowance() - placing.size)
            except CollectorError as error:
                log.error("dialling", instance=plan.instance, error=str(error))
                done = Step(why_not=str(error))
            if not done.why_not:
                ahead.look()
            before = placing.size
            done = replace(done, placed=placing.exchange(attempts))
            on_step(done)
            delay = busy_seconds if done.busy or attempts else idle_seconds
            if before and not done.busy:
                delay = refused_seconds


def keep_running(work: Callable[[], None], instance: str, stop: threading.Event) -> None:
    """Run `work` until it is told to stop; after a defect of ours again, so that no instance is left undialled."""
    while not stop.is_set():
        try:
            work()
        except CollectorError as error:
            log.error("dialling", instance=instance, error=str(error))
        except Exception:
            log.exception("dialling stopped by a defect; it begins again", instance=instance, after=AGAIN_SECONDS)
        else:
            return
        stop.wait(AGAIN_SECONDS)


class _Turns:
    """What may be claimed now: all the time, or batch by batch."""

    def __init__(self, plan: DialPlan, store: Store, dialler: Dialler, clock: Clock) -> None:
        self._plan, self._store, self._dialler, self._clock = plan, store, dialler, clock
        self._over: datetime | None = None  # the batch of which nobody is left

    def claim(self, allowance: int) -> tuple[Step, list[Attempt]]:
        """A batch is over when nobody is left who was due at its beginning; whoever falls due later waits."""
        plan, batches, now = self._plan, self._plan.batches, self._clock()
        if batches is None:
            return claim(plan, self._store, self._dialler, self._clock, allowance)
        begun = batches.begun(now)
        if begun == self._over:  # not `<=`: a clock that was put back begins another
            at = batches.next(now).astimezone(batches.zone)
            return Step(why_not=why_not(plan, self._dialler, now) or f"next batch at {at:%H:%M}"), []
        done, attempts = claim(plan, self._store, self._dialler, self._clock, allowance, begun)
        if done.empty:
            self._over = begun
        return done, attempts


class _Placing:
    """The batch that is being put on the line, on a thread of its own; one at a time."""

    def __init__(self, plan: DialPlan, store: Store, dialler: Dialler, pace: Pace) -> None:
        self.line = ThreadPoolExecutor(1, thread_name_prefix="dial")
        self.size = 0  # claimed, and not known to the pace yet
        self._work = partial(put_on_line, plan, store, dialler)
        self._instance, self._pace = plan.instance, pace
        self._future: Future[int] | None = None

    def exchange(self, attempts: Sequence[Attempt]) -> int:
        """Wait for the batch before and begin this one. How many calls that one placed."""
        placed = self._settle()
        self._pace.spend(placed)
        self.size = len(attempts)
        self._future = self.line.submit(self._work, attempts) if attempts else None
        return placed

    def _settle(self) -> int:
        """Attempts whose fate is not known are left to reconciliation."""
        if self._future is None:
            return 0
        try:
            return self._future.result()
        except CollectorError as error:
            log.error("dialling", instance=self._instance, error=str(error))
            return 0
