"""`collector dial` in the foreground: one thread an instance, watched, until nobody is left to call."""

import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import structlog

from worker.app import App, utc_now
from worker.commands import live
from worker.errors import CollectorError
from worker.jobs import dial, dial_loop
from worker.jobs.pace import Pace
from worker.service import run_reconcile
from worker.settings import Instance

log = structlog.get_logger(__name__)

PATIENCE_SECONDS = 30.0  # with an obstacle that turned up while dialling: a handler may be restarting


@dataclass
class Progress:
    """One instance's part."""

    instance: Instance
    pace: Pace
    over: threading.Event = field(default_factory=threading.Event)
    why_not: str = ""
    postponed: Counter[str] = field(default_factory=Counter)  # reason -> debtors
    obstacle_since: float | None = None

    @property
    def dialled(self) -> int:
        return self.pace.spent

    def conclude(self) -> None:
        """Nobody dialled and everybody postponed because the ERP was silent: that is an obstacle."""
        if self.dialled == 0 and not self.why_not and set(self.postponed) == {dial.NO_ANSWER}:
            self.why_not = f"nobody was called: {dial.NO_ANSWER}; is it reachable? `collector doctor` asks it"

    def hopeless(self, now: float) -> bool:
        """Something stands against dialling: from the start, or for longer than we are patient."""
        if not self.why_not:
            self.obstacle_since = None
            return False
        if self.obstacle_since is None:
            self.obstacle_since = now
        return self.dialled == 0 or now - self.obstacle_since > PATIENCE_SECONDS


def run(running: App, instances: list[Instance], limit: int | None, *, quiet: bool) -> list[Progress]:
    """Blocks; Ctrl-C stops dialling and waits for the calls in flight."""
    stop = threading.Event()
    parts = [Progress(one, _pace(one, limit)) for one in instances]
    with live.dialling(quiet=quiet) as watch:
        threads = [threading.Thread(target=_dial, args=(running, part, stop, watch)) for part in parts]
        for thread in threads:
            thread.start()
        try:
            _wait(running, threads)
        except KeyboardInterrupt:
            stop.set()
        for thread in threads:
            thread.join()
    for part in parts:
        part.conclude()
    return parts


def _pace(one: Instance, limit: int | None) -> Pace:
    dialling = one.dialling
    return Pace(dialling.calls_per_second, time.monotonic, limit, dialling.ramp_up_seconds)


def _wait(running: App, threads: list[threading.Thread]) -> None:
    """Reconciles now and then: a handler may die while we wait for the end of its calls."""
    pause, looked = running.settings.schedule.reconcile_every_seconds, time.monotonic()
    while any(thread.is_alive() for thread in threads):
        time.sleep(0.2)
        if time.monotonic() - looked > pause:
            looked = time.monotonic()
            with suppress(CollectorError):  # the next run tries again
                run_reconcile(running)


def _dial(running: App, part: Progress, stop: threading.Event, watch: live.DialWatcher) -> None:
    """Until nobody is left, the limit is reached or we are stopped; then wait for the calls in flight."""

    def on_step(done: dial.Step) -> None:
        part.why_not = done.why_not
        part.postponed += done.refused
        try:
            in_flight = running.store.attempts.count_open(part.instance.id)
        except CollectorError as error:
            part.why_not = str(error)
            if stop.is_set() or part.hopeless(time.monotonic()):
                part.over.set()
            return
        watch(part.instance.id, part.dialled, in_flight, done.why_not)
        nobody = part.pace.exhausted or done.empty or part.hopeless(time.monotonic())
        if stop.is_set() or (nobody and in_flight == 0):
            part.over.set()

    try:
        plan, dialler = running.dial_plan(part.instance), running.dialler(part.instance)
        dial_loop.run(plan, running.store, dialler, utc_now, part.pace, part.over, on_step=on_step)
    except CollectorError as error:
        part.why_not = str(error)
    except Exception:  # a defect of ours: the other instances go on, and a person is told
        log.exception("dialling stopped by a defect", instance=part.instance.id)
        part.why_not = "dialling stopped by a defect; the log says which"
