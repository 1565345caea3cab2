"""What was heard of calls, stored together after they have ended, and forgotten when it is old."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog

from agi.gather import Gatherer
from agi.listening import Listened
from agi.recordings import CALLS, Recordings
from worker.core.heard_call import HeardCall
from worker.errors import CollectorError
from worker.ports import Clock
from worker.store_ports import Store

GATHER_SECONDS: Final = 1.0  # nobody waits for it
REVIEW_EVERY: Final = 600.0  # seconds
MOST: Final = 5000  # rows that are forgotten at a time: what a busy day adds in ten minutes, and more

log = structlog.get_logger(__name__)


class Hearsay:
    """`put` never blocks. A call of which nothing was heard leaves no row: there is nothing to learn from it."""

    def __init__(
        self,
        store: Store,
        keep_days: Mapping[str, int],
        clock: Clock,
        *,
        recordings: Recordings | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`keep_days`: by instance. `recordings`: is taught now and then by what is kept."""
        self._store, self._keep_days, self._clock, self._now = store, keep_days, clock, now
        self._recordings = recordings or Recordings()
        self._review_at = now()
        self._gatherer = Gatherer("hearsay", GATHER_SECONDS, self._keep)
        self.start, self.stop = self._gatherer.start, self._gatherer.stop

    def put(self, listened: Listened) -> None:
        if listened.segments:
            self._gatherer.put(listened)

    def review(self, now: datetime) -> None:
        """Forget what is old, learn recordings from the rest. Raises StoreErrors."""
        for instance, days in self._keep_days.items():
            self._store.heard.forget(instance, now - timedelta(days=days), MOST)
        longest = timedelta(days=max(self._keep_days.values(), default=0))
        self._recordings.learn(self._store.heard.listing(None, now - longest, CALLS))

    def _keep(self, listened: Sequence[Listened]) -> Sequence[Listened]:
        now = self._clock()
        calls = [
            HeardCall(
                one.attempt_id,
                one.instance,
                now,
                one.seconds,
                one.detection.status,
                one.detection.cause,
                one.segments,
                one.audio,
                one.opening,
            )
            for one in listened
        ]
        try:
            self._store.heard.add(calls)
            if self._now() >= self._review_at:
                self._review_at = self._now() + REVIEW_EVERY
                self.review(now)
        except CollectorError as problem:  # the outcome is kept elsewhere: this is only to learn from
            log.error("what was heard is not kept", calls=len(calls), problem=str(problem))
        except Exception:
            log.exception("what was heard is not kept", calls=len(calls))
        return ()
