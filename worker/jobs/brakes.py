"""Brakes at work: who may not dial now, the watch that stops dialling by itself, counting calls, hanging up."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

import structlog

from worker.brake_ports import Brakes, Cutter
from worker.core import brakes
from worker.core.brakes import ALL, Brake, BrakeKind, BrakeRules, CallCount
from worker.core.instant import day_start, local_day
from worker.core.route import is_on
from worker.errors import StoreReadOnly
from worker.ports import Clock
from worker.store_ports import Store

log = structlog.get_logger(__name__)

READ_SECONDS = 1.0  # so long what was read is believed: a pause is felt within two seconds
SOON = timedelta(minutes=1)  # an attempt reserved by a machine whose clock is ahead is open all the same


class Board:
    """The brakes as last read, at most once a second for all who ask. What cannot be read holds everybody."""

    def __init__(self, store: Brakes, ticks: Callable[[], float]) -> None:
        self._store, self._ticks = store, ticks
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._brakes: list[Brake] = []

    def all(self) -> list[Brake]:
        """Raises StoreError."""
        with self._lock:
            if self._ticks() - self._read_at >= READ_SECONDS:
                self._brakes = self._store.listing()
                self._read_at = self._ticks()
            return self._brakes

    def why_not(self, instance: str, now: datetime) -> str:
        """Empty when nothing holds the instance; else one sentence. Raises StoreError: then nobody is dialled."""
        return brakes.why_braked(self.all(), instance, now)


def hang_up(store: Store, cutter: Cutter, held: Sequence[Brake], pbx: str, now: datetime) -> set[str]:
    """End the calls of this PBX that a brake wants hung up; ids of those ended now.

    Asked again while the brake holds: a batch that was being put on the line when it was set rings later.
    """
    cutting = [one for one in held if one.hang_up and one.holds(now)]
    if not cutting:
        return set()
    wanted = [
        attempt
        for attempt in store.attempts.open_since(now + SOON)
        if is_on(attempt.trunk, pbx) and any(one.instance in (ALL, attempt.instance) for one in cutting)
    ]
    ended = cutter.cut(wanted) if wanted else set()
    if ended:
        log.warning("hung up", calls=len(ended), reason=cutting[0].reason)
    return ended


def count(store: Store, now: datetime, zone: tzinfo) -> int:
    """Rewrite the counts of yesterday and today; calls of today. An outcome never lands further back."""
    today = local_day(now, zone)
    for day in (today - timedelta(days=1), today):
        calls = store.counts.recount(day, day_start(day, zone), day_start(day + timedelta(days=1), zone))
    return calls


@dataclass(frozen=True, slots=True)
class Watched:
    """One instance as the watch sees it."""

    instance: str
    rules: BrakeRules
    handler_alive: Callable[[datetime], str]  # empty when a handler lives; else one sentence
    ready: Callable[[], str]  # empty when calls can be placed; else one sentence
    pbx: str = ""  # our own, where others may dial the instance too


class Watch:
    """Looks every few seconds; brakes and alarms, and takes alarms back when their cause is over."""

    def __init__(self, store: Store, watched: Sequence[Watched], clock: Clock, zone: tzinfo) -> None:
        self._store, self._watched, self._clock, self._zone = store, watched, clock, zone
        self._told: dict[tuple[str, str], bool] = {}  # (instance, kind of alarm) -> whether it is raised
        self._since: dict[tuple[str, str], datetime] = {}  # (instance, obstacle) -> first seen
        self._read_only: datetime | None = None

    def look(self) -> None:
        """Raises StoreError, but for a database that is read-only: that is told when it can be written."""
        now = self._clock()
        try:
            self._writable(now)
        except StoreReadOnly as error:
            if self._read_only is None:
                self._read_only = now
                log.error("database read-only, nobody is dialled", error=str(error))
            return
        held = self._store.brakes.listing()
        month = self._store.counts.between(local_day(now, self._zone).replace(day=1), local_day(now, self._zone))
        asked: dict[Callable[[], str], str] = {}  # a PBX that is gone is waited for once, not for each instance
        for one in self._watched:
            if one.ready not in asked:
                asked[one.ready] = one.ready()
            reasons = self._obstacles(one, asked[one.ready], now)
            reasons |= self._brake(one, held, month, now)
            for kind in brakes.ALARMS:
                if kind != brakes.READ_ONLY:
                    self._tell(one.instance, brakes.alarm_kind(kind, one.pbx), reasons.get(kind, ""), now)

    def _writable(self, now: datetime) -> None:
        """A small write proves it. Raises StoreReadOnly."""
        self._store.presence.beat("watch", "brakes", 0, "", now)
        if self._read_only is None:
            return
        reason = f"the database was read-only from {self._read_only:%Y-%m-%d %H:%M:%S} UTC; nobody was dialled"
        for one in self._watched:
            self._store.alarms.raise_alarm(one.instance, brakes.READ_ONLY, reason, now)
            self._store.alarms.over(one.instance, brakes.READ_ONLY, now)
        log.warning("database can be written again", reason=reason)
        self._read_only = None

    def _obstacles(self, one: Watched, pbx: str, now: datetime) -> dict[str, str]:
        """Kind -> sentence, of those that have lasted too long."""
        found = {}
        for kind, sentence in ((brakes.HANDLER, one.handler_alive(now)), (brakes.PBX, pbx)):
            key = (one.instance, kind)
            if not sentence:
                self._since.pop(key, None)
            elif now - self._since.setdefault(key, now) >= one.rules.alarm_after:
                where = f" by PBX {one.pbx}" if one.pbx else ""
                found[kind] = f"nobody is dialled{where}: {sentence}"
        return found

    def _brake(
        self, one: Watched, held: Sequence[Brake], month: Sequence[CallCount], now: datetime
    ) -> dict[str, str]:
        """Set the brakes that are due; kind -> sentence of all that holds or is near."""
        own = {brake.kind: brake for brake in held if brake.instance == one.instance}
        reasons = {brake.kind.value: brake.reason for brake in own.values() if brake.holds(now)}
        reasons.pop(BrakeKind.BY_HAND.value, None)
        found = brakes.near_lines(one.instance, month, one.rules, now, self._zone)
        if not any(kind.value in reasons for kind in brakes.STORMS):
            since = brakes.counted_from(held, one.instance, one.rules, now)
            storm = brakes.storm(self._store.counts.endings(one.instance, since, now), one.rules, now)
            found += [storm] if storm else []
        for trouble in found:
            last = own.get(trouble.kind)
            due = trouble.brake and trouble.kind.value not in reasons
            if due and not brakes.overruled(trouble, last, now, self._zone):
                brake = Brake(one.instance, trouble.kind, trouble.reason, now, trouble.until)
                self._store.brakes.put(brake, now)
            reasons[trouble.kind.value] = trouble.reason
        return reasons

    def _tell(self, instance: str, kind: str, reason: str, now: datetime) -> None:
        """Raise an alarm once, and take it back once; what an earlier process raised is taken back too."""
        key = (instance, kind)
        if self._told.get(key) is bool(reason):
            return
        if reason:
            self._store.alarms.raise_alarm(instance, kind, reason, now)
            log.warning("alarm", instance=instance, kind=kind, reason=reason)
        else:
            self._store.alarms.over(instance, kind, now)
        self._told[key] = bool(reason)
