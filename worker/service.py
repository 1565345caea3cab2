"""`collector service`: the worker unattended. APScheduler for what has a time, one dialling thread an instance.

Each PBX has its own leader, who dials its instances; one of the leaders does the side work of the database.
With `schedule.runner: celery` side work is left to `collector side`; leading, dialling, reconciling, brakes stay.
"""

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from worker import convert, schedule, side_jobs
from worker.app import App, process_name, settle, utc_now
from worker.errors import CollectorError
from worker.jobs import agent_results, brakes, dial, dial_loop, leading, reconcile, recordings
from worker.jobs.history import Report
from worker.jobs.leading import Office, SideWork
from worker.jobs.pace import Pace
from worker.pbx.recordings import clear
from worker.settings import Instance

log = structlog.get_logger(__name__)

BEAT_SECONDS = 2.0
LOOK_SECONDS = 5.0  # between two tries to become the leader
OTHER_PBX = "on another machine; if that is another PBX, give this one a pbx.name of its own"
EXECUTORS = {"reorder": "default", "payments": "payments"}  # of side work; all else: "sync"
STEP_SECONDS = 5.0  # a clock that goes back by more was put back


def clock_ahead() -> float:
    """Seconds by which the clock is ahead of the one that nobody can set."""
    return utc_now().timestamp() - time.monotonic()


Work = Callable[[], list[Report]]


class Service:
    """Starts everything, waits for SIGTERM or SIGINT, stops everything."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.stop = threading.Event()
        self._turns = {instance.id: threading.Lock() for instance in app.instances()}
        presence, me = app.store.presence, process_name()
        self._office = Office(presence, leading.leader_of(app.settings.pbx.name), me, os.getpid())
        self._side_work = SideWork(Office(presence, leading.SIDE, me, os.getpid()), utc_now, self._begin_side_work)

    def run(self) -> None:
        """Blocks until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        self.app.database.check()
        settle()
        last = ""
        while not self.stop.is_set():
            reason = self._turn()
            if reason and reason != last:
                log.info("waiting", reason=reason)
            last = reason
            self.stop.wait(LOOK_SECONDS)
        log.info("stopped")

    def _turn(self) -> str:
        """Lead for as long as we may; else why not."""
        try:
            with self._office.lock() as leader:
                if not leader:
                    return who_leads(self.app.settings.pbx.name, self._office.holder(), process_name())
                self._lead()
        except CollectorError as error:  # the database is gone: it comes back
            return str(error)
        return ""

    def _lead(self) -> None:
        """Dial, and do side work where nobody else does, until told to stop, another leads or the clock goes back.

        A schedule made before that would be idle until the clock has caught up: nothing reconciled or hung up.
        """
        over, ahead = threading.Event(), clock_ahead()
        self._beat()
        guarding = self._guarding()
        guarding.start()
        here = self.app.dialled_here()
        threads = [
            threading.Thread(target=self._dial, args=(instance, over), name=f"dial-{instance.id}")
            for instance in here
        ]
        for thread in threads:
            thread.start()
        log.info("service", pbx=self.app.settings.pbx.name, instances=[one.id for one in here])
        try:
            while not self.stop.wait(BEAT_SECONDS):
                if self._office.lost():
                    log.warning("another worker leads now; this one waits")
                    break
                before, ahead = ahead, clock_ahead()
                if ahead < before - STEP_SECONDS:
                    log.warning("the clock was put back: the schedule is made anew", seconds=round(before - ahead))
                    break
                self._beat()
        finally:
            over.set()
            for thread in threads:
                thread.join()
            self._side_work.drop()
            guarding.shutdown(wait=True)
            self._office.leave()
            self.app.store.presence.leave("worker", process_name())

    def _beat(self) -> None:
        """That we live, that it is we who lead, and whether the side work is ours."""
        try:
            pbx = self.app.settings.pbx.name
            self.app.store.presence.beat("worker", process_name(), os.getpid(), pbx, utc_now())
            self._office.beat(utc_now)
            if self.app.settings.schedule.runner == "scheduler":  # else `collector side` does it
                self._side_work.turn()
        except CollectorError as error:
            log.error("presence", error=str(error))

    def _begin_side_work(self) -> Callable[[bool], None]:
        scheduler = self._schedule()
        scheduler.start()
        return partial(_end, scheduler)

    def _dial(self, instance: Instance, over: threading.Event) -> None:
        last = ""

        def on_step(done: dial.Step) -> None:
            nonlocal last
            if done.why_not != last:  # say it once, when it changes: the first question at 7 in the morning
                log.info("dialling", instance=instance.id, state=done.why_not or "open")
                last = done.why_not

        def work() -> None:
            dialling = instance.dialling
            pace = Pace(dialling.calls_per_second, time.monotonic, ramp_up=dialling.ramp_up_seconds)
            plan, dialler = self.app.dial_plan(instance), self.app.dialler(instance)
            dial_loop.run(plan, self.app.store, dialler, utc_now, pace, over, on_step=on_step)

        dial_loop.keep_running(work, instance.id, over)

    def _guarding(self) -> BackgroundScheduler:
        """What the leader of each PBX does besides dialling: reconcile its calls, keep the brakes."""
        times = self.app.settings.schedule
        hang_up = ThreadPoolExecutor(1)  # apart: who says "hang up now" does not wait for other work
        scheduler = _scheduler(times.zone, {"default": ThreadPoolExecutor(2), "hang_up": hang_up})
        watching = self._watching()
        for due in schedule.watch_work(times):
            self._add(scheduler, due, watching[due.job], "hang_up" if due.job == "hang_up" else "default")
        return scheduler

    def _schedule(self) -> BackgroundScheduler:
        """The side work of all instances, whichever PBX dials them."""
        times = self.app.settings.schedule
        # apart: an ERP that hangs may hold up other syncs, for so long as it has threads, and nothing else
        syncs = ThreadPoolExecutor(times.parallel_syncs)
        sending = ThreadPoolExecutor(2)  # apart again: a callee waits for it
        scheduler = _scheduler(times.zone, {"default": ThreadPoolExecutor(2), "payments": sending, "sync": syncs})
        for due in schedule.side_work(times, self.app.instances()):
            self._add(scheduler, due, self._side(due), EXECUTORS.get(due.job, "sync"))
        return scheduler

    def _add(self, scheduler: BackgroundScheduler, due: schedule.Due, work: Work, executor: str) -> None:
        trigger = _trigger(due.when, self.app.settings.schedule.zone)
        soon = {"next_run_time": utc_now() + timedelta(seconds=1)} if due.at_once else {}
        scheduler.add_job(self._guard, trigger, args=[work], name=due.name, executor=executor, **soon)

    def _side(self, due: schedule.Due) -> Work:
        """Two syncs of one instance that fall due together run one after the other."""
        instance = self.app.settings.instance(due.instance)
        turn = self._turns[due.instance] if due.job in side_jobs.SYNCS else nullcontext()

        def work() -> list[Report]:
            with turn:
                return side_jobs.run(due.job, self.app, instance)

        return work

    def _watching(self) -> dict[str, Work]:
        """What keeps an eye on the calls. Reconciliation and the clearing of recordings are in the history."""
        app = self.app
        zone = ZoneInfo(app.settings.schedule.zone)
        board, watch = app.brakes, app.watch  # made here, before threads want them

        def hang_up() -> list[Report]:
            app.hang_up(board.all())
            return []

        def look() -> list[Report]:
            watch.look()
            return []

        def count() -> list[Report]:
            brakes.count(app.store, utc_now(), zone)
            return []

        return {
            "reconcile": lambda: [run_reconcile(app)],
            "hang_up": hang_up,
            "watch": look,
            "count": count,
            "recordings": lambda: [run_recordings(app)],
        }

    def _guard(self, work: Work) -> None:
        """A job that fails is in the history and the log; the service goes on."""
        try:
            for report in work():
                if report.job == "sync":  # it has not begun, so the history does not know of it
                    log.warning("job", instance=report.instance, error=report.error)
        except CollectorError as error:
            log.error("job", error=str(error))


def who_leads(pbx: str, leader: str, me: str) -> str:
    """Why this worker waits. Two PBXs of one name have one leader: the second is told how to mend it."""
    elsewhere = leader and leader.rpartition(":")[0] != me.rpartition(":")[0]
    where = f" {OTHER_PBX}" if elsewhere else ""
    return f"another worker is the leader of PBX {pbx}{where}"


def _scheduler(zone: str, executors: dict[str, ThreadPoolExecutor]) -> BackgroundScheduler:
    once = {"max_instances": 1, "coalesce": True, "misfire_grace_time": 3600}
    return BackgroundScheduler(timezone=zone, executors=executors, job_defaults=once)


def _end(scheduler: BackgroundScheduler, wait: bool) -> None:
    scheduler.shutdown(wait=wait)


def _trigger(when: schedule.When, zone: str) -> BaseTrigger:
    if isinstance(when, schedule.Every):
        return IntervalTrigger(seconds=when.seconds, timezone=zone)
    return CronTrigger(day_of_week=when.weekday, hour=when.hour, minute=when.minute, timezone=when.zone)


def run_reconcile(app: App) -> Report:
    """Reconciliation over all instances, as the service and `collector run reconcile` do it."""
    rules = {one.id: convert.ledger_rules(one) for one in app.settings.instances}
    tables = {one.id: convert.retry_table(one) for one in app.settings.instances}
    report = reconcile.reconcile(app.store, app.pbx, utc_now, rules, convert.longest_call(app.settings), tables)
    agent_results.settle(app.store, utc_now, convert.terms(app.settings))
    return report


def run_recordings(app: App) -> Report:
    """Recordings on this PBX whose days are over are removed; also those of an instance that records no more."""
    monitor = app.settings.pbx.monitor
    days = {one.id: one.recording.days for one in app.settings.instances}
    return recordings.clear(app.store.runs, utc_now, partial(clear, monitor, days))
