"""Who is next is asked about before his turn, on a thread of its own, so that no channel waits for the ERP."""

import threading
from types import TracebackType
from typing import Final, Self

import structlog

from worker.core.model import NotNow
from worker.errors import CollectorError
from worker.jobs.dial import DialPlan, choose_number
from worker.ports import Clock
from worker.store_ports import Store

log = structlog.get_logger(__name__)

PAUSE_SECONDS: Final = 0.5  # between two looks at who is next, when of all of them enough is known
REST_SECONDS: Final = 10.0  # when the ERP, or the database, gave no answer
AT_A_TIME: Final = 16  # asked about before it is seen whether we are to stop


class Ahead:
    """Looks only after `look` was called, so that at night, or while paused, nobody is asked about."""

    def __init__(self, plan: DialPlan, store: Store, clock: Clock) -> None:
        self._plan, self._store, self._clock = plan, store, clock
        self._wanted, self._over = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        if self._plan.ask_early is not None and self._plan.ahead > 0:
            self._thread = threading.Thread(target=self._run, name=f"ahead-{self._plan.instance}")
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> None:
        """Dialling goes on: who comes next may be asked about."""
        self._wanted.set()

    def _run(self) -> None:
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if self._over.is_set():
                return
            rest = REST_SECONDS
            try:
                rest = self.ask()
            except CollectorError as error:
                log.warning("ahead", instance=self._plan.instance, error=str(error))
            except Exception:  # a defect of ours: dialling goes on, and asks for itself
                log.exception("ahead", instance=self._plan.instance)
            self._over.wait(rest)

    def ask(self) -> float:
        """One look. Seconds to rest: none while there was somebody to ask about, many when the ERP is silent."""
        now, plan = self._clock(), self._plan
        if plan.ask_early is None:
            return PAUSE_SECONDS
        rest = PAUSE_SECONDS
        waiting = self._store.queue.waiting(plan.instance, now, plan.ahead)
        due = [one.entry.client_id for one in waiting if not isinstance(choose_number(plan, one, now), NotNow)]
        for start in range(0, len(due), AT_A_TIME):
            owed = plan.ask_early(due[start : start + AT_A_TIME], self._clock())
            if self._over.is_set():
                break
            if owed and all(one is None for one in owed.values()):
                return REST_SECONDS
            rest = 0.0 if owed else rest
        return rest
