"""Side work on Celery: one task, which carries the name of a job and of an instance, and the worker that runs it.

There is no task that dials, and none is given anything that could: what a broker may deliver twice must be fit to
run twice. A job whose worker was killed is delivered again, by Redis after `Limits.redelivered_after`.
"""

import logging
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any, NoReturn

import structlog
from celery import Celery, signals
from celery.schedules import crontab, schedule
from celery.worker.consumer.consumer import CONNECTION_ERROR, CONNECTION_RETRY

from worker.errors import CollectorError, JobTooLong
from worker.jobs.history import Report
from worker.schedule import Due, Every, When, next_of_its_kind
from worker.side_consumer import SideConsumer
from worker.side_jobs import busy

log = structlog.get_logger(__name__)

TASK = "collector.side"
QUEUE = "collector"
TRIES = 10  # of a sync that finds another sync of its instance under way
CONSUMER, CONNECTED = "celery.worker.consumer.consumer", "celery.worker.consumer.connection"

Runner = Callable[[str, str], list[Report]]  # job, instance; raises CollectorError


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one job, in seconds."""

    longest: int

    @property
    def asked_to_stop_after(self) -> float:
        return self.longest * 0.9

    @property
    def redelivered_after(self) -> float:
        """Redis gives a job away again when nobody acknowledged it for so long: never while it may still run."""
        return self.longest * 1.2

    @property
    def pause(self) -> float:
        """Until a sync that met another one is tried again; what is put off is not acknowledged meanwhile."""
        return min(60.0, self.longest / 10)


def make(broker: str, plan: Sequence[Due], zone: str, longest: int, run: Runner) -> Celery:
    """The Celery application. Nothing connects yet."""
    limits = Limits(longest)
    for name in [name for name in os.environ if name.startswith("CELERY_")]:
        del os.environ[name]  # Celery would believe them more than our settings
    app = Celery("collector", set_as_current=False, fixups=())
    app.conf.update(
        broker_url=broker,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # for ever
        task_default_queue=QUEUE,
        task_serializer="json",
        accept_content=["json"],
        task_ignore_result=True,  # results stand in the job history
        task_acks_late=True,
        task_time_limit=limits.longest,
        task_soft_time_limit=limits.asked_to_stop_after,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        timezone=zone,
        beat_schedule={due.name: _entry(due) for due in plan},
        **_of_broker(broker, limits),
    )
    _task(app, limits, run)
    return app


def _of_broker(broker: str, limits: Limits) -> dict[str, Any]:
    if broker.startswith("redis"):
        options = {
            "visibility_timeout": limits.redelivered_after,
            "unacked_restore_throttle": 1,  # look for such jobs every ten seconds, not every hundred
            "global_keyprefix": "collector:",
        }
        return {"broker_transport_options": options}
    # RabbitMQ drops whoever does not acknowledge for half an hour, unless its queue says otherwise
    patience = {"x-consumer-timeout": int(limits.redelivered_after * 1000)}
    return {"task_queues": {QUEUE: {"queue_arguments": patience}}}


def _entry(due: Due) -> dict[str, Any]:
    return {
        "task": TASK,
        "args": (due.job, due.instance),
        "schedule": _times(due.when),
        "options": {"expires": next_of_its_kind(due.when)},
    }


def _times(when: When) -> Any:
    """Crontabs go by the schedule's zone. Those of another name only a minute, and zones lie whole hours apart."""
    if isinstance(when, Every):
        return schedule(when.seconds)
    hour, weekday = when.hour, when.weekday
    return crontab(minute=when.minute, hour="*" if hour is None else hour, day_of_week=weekday or "*")


def _task(app: Celery, limits: Limits, run: Runner) -> None:
    @app.task(name=TASK, bind=True, shared=False, max_retries=TRIES)  # type: ignore[untyped-decorator]  # Celery ships no types
    def side(task: Any, job: str, instance: str) -> None:
        """A job that fails is in the history and the log, and comes again when it is due."""
        signal.signal(signal.SIGUSR1, _too_long)  # which is how Celery's pool asks for an end
        try:
            reports = run(job, instance)
        except CollectorError as error:
            log.error("side work", job=job, instance=instance, error=str(error))
            return
        if not busy(reports):
            return
        if task.request.retries >= TRIES:
            log.warning("side work left out", job=job, instance=instance, error=reports[-1].error)
            return
        log.info("side work waits", job=job, instance=instance, reason=reports[-1].error)
        raise task.retry(countdown=limits.pause)


def _too_long(number: int, frame: FrameType | None) -> NoReturn:
    del number, frame
    raise JobTooLong(
        "it took longer than schedule.longest_job_seconds allows; allow more, or see why the ERP is slow"
    )


def work(app: Celery, concurrency: int, beat: type) -> int:
    """Run jobs and keep the times until told to stop; the exit code. `beat` is a Celery scheduler."""
    signals.setup_logging.connect(_logging_is_set_up, weak=False)
    talk = BrokerTalk()
    logging.getLogger(CONSUMER).addFilter(talk)
    logging.getLogger(CONNECTED).addFilter(talk)
    logging.getLogger(CONNECTED).setLevel(logging.INFO)
    worker = app.Worker(
        concurrency=concurrency,
        pool="prefork",  # the only one that can end a job
        beat=True,
        scheduler=beat,
        consumer_cls=SideConsumer,
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def _logging_is_set_up(**_: object) -> None:
    """That somebody listens is how Celery knows that it shall leave our logging alone."""


class BrokerTalk(logging.Filter):
    """Celery tells of each try to reach its broker; we tell when it went and when it came back."""

    def __init__(self) -> None:
        super().__init__()
        self._there: bool | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        args = record.args if isinstance(record.args, tuple) else ()
        if record.name == CONNECTED:
            self._tell(True, "")
        elif record.msg == CONNECTION_ERROR or CONNECTION_RETRY in args:
            self._tell(False, str(args[1]))
        else:
            return True
        return False

    def _tell(self, there: bool, error: str) -> None:
        if there == self._there:
            return
        self._there = there
        if there:
            log.info("broker", state="connected: side work goes on")
        else:
            log.error("broker", error=f"the broker does not answer; side work waits until it does ({error})")
