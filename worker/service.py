"""`collector service`: the worker unattended. APScheduler for what has a time, one dialling thread an instance."""

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from worker import convert
from worker.app import App, process_name, utc_now
from worker.errors import CollectorError
from worker.jobs import dial, reconcile, sync
from worker.jobs.history import Report
from worker.jobs.pace import Pace
from worker.ports import Progress
from worker.settings import Instance

log = structlog.get_logger(__name__)

LEADER = "collector:service"  # one worker at a time schedules and dials for this database
BEAT_SECONDS = 2.0


def quiet(_: Progress) -> None:
    """Nobody watches a service."""


class Service:
    """Starts everything, waits for SIGTERM or SIGINT, stops everything."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def run(self) -> None:
        """Blocks until told to stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.stop.set())
        self.app.database.check()
        told = False
        while not self.stop.is_set():
            with self.app.store.presence.lock(LEADER) as leader:
                if leader:
                    self._lead()
                elif not told:
                    log.info("waiting", reason="another worker is the leader")
                    told = True
            self.stop.wait(5)
        log.info("stopped")

    def _lead(self) -> None:
        scheduler = self._schedule()
        scheduler.start()
        for instance in self.app.instances():
            self._start(f"dial-{instance.id}", partial(self._dial, instance))
        log.info("service", instances=[one.id for one in self.app.instances()])
        try:
            while not self.stop.wait(BEAT_SECONDS):
                self._beat()
        finally:
            self.stop.set()
            for thread in self._threads:
                thread.join()
            scheduler.shutdown(wait=True)
            self.app.store.presence.leave("worker", process_name())

    def _start(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=name)
        thread.start()
        self._threads.append(thread)

    def _beat(self) -> None:
        try:
            self.app.store.presence.beat("worker", process_name(), os.getpid(), "", utc_now())
        except CollectorError as error:
            log.error("presence", error=str(error))

    def _dial(self, instance: Instance) -> None:
        last = ""

        def on_step(done: dial.Step) -> None:
            nonlocal last
            if done.why_not != last:  # say it once, when it changes: the first question at 7 in the morning
                log.info("dialling", instance=instance.id, state=done.why_not or "open")
                last = done.why_not

        pace = Pace(instance.dialling.calls_per_second, time.monotonic)
        plan, dialler = self.app.dial_plan(instance), self.app.dialler(instance)
        dial.run(plan, self.app.store, dialler, utc_now, pace, self.stop, on_step=on_step)

    def _schedule(self) -> BackgroundScheduler:
        times = self.app.settings.schedule
        scheduler = BackgroundScheduler(
            timezone=times.zone,
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": 3600},
        )
        every = IntervalTrigger(minutes=times.bills_every_minutes, timezone=times.zone)
        daily = CronTrigger(hour=times.clients_at.hour, minute=times.clients_at.minute, timezone=times.zone)
        weekly = CronTrigger(
            day_of_week=times.client_types_weekday,
            hour=times.client_types_at.hour,
            minute=times.client_types_at.minute,
            timezone=times.zone,
        )
        soon = utc_now() + timedelta(seconds=1)
        for instance in self.app.instances():
            scheduler.add_job(self._bills, every, args=[instance], name=f"bills {instance.id}", next_run_time=soon)
            scheduler.add_job(self._clients, daily, args=[instance], name=f"clients {instance.id}")
            scheduler.add_job(self._types, weekly, args=[instance], name=f"client_types {instance.id}")
        pause = IntervalTrigger(seconds=times.reconcile_every_seconds, timezone=times.zone)
        scheduler.add_job(self._reconcile, pause, name="reconcile", next_run_time=soon)
        return scheduler

    def _clients(self, instance: Instance) -> None:
        self._guard(
            lambda: [
                sync.sync_clients(
                    convert.sync_plan(instance), self.app.source(instance), self.app.store, utc_now, quiet
                )
            ]
        )

    def _bills(self, instance: Instance) -> None:
        """Bills and queue; the clients too where there are none yet, for a bill needs its client."""

        def work() -> list[Report]:
            plan, source, store = convert.sync_plan(instance), self.app.source(instance), self.app.store
            if store.catalogue.count_clients(instance.id) == 0:
                return sync.sync_all(plan, source, store, utc_now, quiet)
            return sync.sync_bills_and_queue(plan, source, store, utc_now, quiet)

        self._guard(work)

    def _types(self, instance: Instance) -> None:
        plan = convert.sync_plan(instance)
        self._guard(lambda: [sync.sync_client_types(plan, self.app.source(instance), self.app.store, utc_now)])

    def _reconcile(self) -> None:
        self._guard(lambda: [run_reconcile(self.app)])

    def _guard(self, work: Callable[[], list[Report]]) -> None:
        """A job that fails is in the history and the log; the service goes on."""
        try:
            work()
        except CollectorError as error:
            log.error("job", error=str(error))


def run_reconcile(app: App) -> Report:
    """Reconciliation over all instances, as the service and `collector run reconcile` do it."""
    rules = {one.id: convert.ledger_rules(one) for one in app.settings.instances}
    return reconcile.reconcile(app.store, app.pbx, utc_now, rules, convert.longest_call(app.settings))
