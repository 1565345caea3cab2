"""Celery's beat as we use it: sends only while the lease is ours, and later what the broker did not take."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from celery.beat import ScheduleEntry, Scheduler
from kombu.exceptions import OperationalError

from worker.errors import CollectorError
from worker.side_lease import Lease

log = structlog.get_logger(__name__)

LOOK_SECONDS = 5  # between two looks at clock and lease


def beat(open_lease: Callable[[], Lease], at_once: Sequence[str]) -> type:
    """A class of scheduler, which is what Celery asks for; the entries named are sent when it gets the lease."""

    class Beat(OneBeat):
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.lease = open_lease()
            self.at_once = at_once

    return Beat


class OneBeat(Scheduler):  # type: ignore[misc]  # Celery ships no types
    """What is due waits in `waiting` until it is sent; the same entry never waits twice."""

    max_interval = LOOK_SECONDS
    producer = None  # each message goes over a connection of its own: none is stale when the broker comes back
    lease: Lease
    at_once: Sequence[str] = ()

    def __init__(self, *args: Any, **options: Any) -> None:
        self.waiting: dict[str, ScheduleEntry] = {}
        self._keeps = False  # the times
        self._parent = os.getppid()
        self._error = ""
        super().__init__(*args, **options)

    def apply_entry(self, entry: ScheduleEntry, producer: object = None) -> None:
        del producer
        self.waiting[entry.name] = entry

    def tick(self) -> float:
        """Seconds until the next."""
        if os.getppid() != self._parent:
            raise SystemExit(0)  # the worker was killed; its successor has a beat of its own
        pause = float(super().tick())
        if pause > 0:  # else another entry is due as well
            self._send()
        return pause

    def _send(self) -> None:
        """Nothing may end the beat: nobody would see that it is gone, and nothing would ever be synced."""
        try:
            self._keep_times()
            if self.waiting:
                self._publish()
        except CollectorError as error:
            self._say("side work waits for the database", error)
        except Exception as error:
            self._say("beat", error)
            log.debug("beat", exc_info=True)
        else:
            self._error = ""

    def _keep_times(self) -> None:
        """Whoever takes over begins with what is wanted at once: who had it may have died before that was done."""
        had, self._keeps = self._keeps, self.lease.mine()
        if not self._keeps:
            self.waiting.clear()
        elif not had:
            self.waiting |= {name: self.schedule[name] for name in self.at_once}

    def _say(self, words: str, error: Exception) -> None:
        """Once, until all is well again."""
        if str(error) != self._error:
            log.error(words, error=str(error))
        self._error = str(error)

    def _publish(self) -> None:
        with self.app.connection_for_write() as connection:
            gone = (OperationalError, *connection.recoverable_connection_errors)
            try:
                connection.ensure_connection(max_retries=1, timeout=LOOK_SECONDS)
                for name, entry in list(self.waiting.items()):
                    task = self.app.tasks[entry.task]
                    task.apply_async(entry.args, connection=connection, retry=False, **entry.options)
                    del self.waiting[name]
            except gone as error:  # the worker beside us says so
                log.debug("not sent", error=str(error))

    def close(self) -> None:
        super().close()
        try:
            self.lease.leave()
        except CollectorError as error:
            log.debug("lease", error=str(error))  # it ends by itself
