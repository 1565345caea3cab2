"""Brakes and counts of calls: the twin in memory."""

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import date, datetime

from worker.core.brakes import Brake, CallCount, Endings, renewed
from worker.core.enums import LineResult
from worker.core.model import Outcome
from worker.store import rows
from worker.store.brakes import tidy
from worker.store.memory_tables import Tables


class MemoryBrakes:
    """`worker.brake_ports.Brakes`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def listing(self) -> list[Brake]:
        with self._tables.mutex:
            return [self._tables.brakes[key] for key in sorted(self._tables.brakes)]

    def put(self, brake: Brake, now: datetime) -> bool:
        new, key = tidy(brake), (brake.instance, brake.kind.value)
        with self._tables.mutex:
            old = self._tables.brakes.get(key)
            self._tables.brakes[key] = renewed(old, new, now)
            return old is None or not old.holds(now)

    def end(self, instance: str | None, now: datetime) -> list[Brake]:
        rows.utc(now)
        with self._tables.mutex:
            ended = [one for one in self.listing() if instance in (None, one.instance) and one.holds(now)]
            for one in ended:
                self._tables.brakes[one.instance, one.kind.value] = replace(one, until=now)
            return ended


class MemoryCounts:
    """`worker.brake_ports.Counts`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def recount(self, day: date, start: datetime, end: datetime) -> int:
        with self._tables.mutex:
            groups: dict[tuple[str, str, str], list[Outcome]] = defaultdict(list)
            for one in self._ended(start, end):
                groups[one.instance, *self._way(one.attempt_id)].append(one)
            others = [row for row in self._tables.call_counts if row.day != day]
            self._tables.call_counts = others + [_count(day, *key, group) for key, group in groups.items()]
            return sum(map(len, groups.values()))

    def between(self, first: date, last: date) -> list[CallCount]:
        with self._tables.mutex:
            found = [row for row in self._tables.call_counts if first <= row.day <= last]
        return sorted(found, key=lambda row: (row.day, row.instance, row.trunk, row.caller_id))

    def endings(self, instance: str, since: datetime, until: datetime) -> list[Endings]:
        with self._tables.mutex:
            counted = Counter(
                (self._way(one.attempt_id)[1], one.line_result, one.cause)
                for one in self._ended(since, until)
                if one.instance == instance
            )
        found = [Endings(*key, calls) for key, calls in counted.items()]
        return sorted(found, key=lambda one: (-one.calls, one.caller_id, one.line_result, one.cause or 0))

    def _ended(self, start: datetime, end: datetime) -> list[Outcome]:
        outcomes = (one.outcome for one in self._tables.outcomes.values())
        return [one for one in outcomes if start <= one.ended_at < end]

    def _way(self, attempt_id: str) -> tuple[str, str]:
        """(trunk, caller id)"""
        attempt = self._tables.attempts.get(attempt_id)
        return ("", "") if attempt is None else (attempt.trunk, attempt.caller_id)


def _count(day: date, instance: str, trunk: str, caller_id: str, group: list[Outcome]) -> CallCount:
    return CallCount(
        day=day,
        instance=instance,
        trunk=trunk,
        caller_id=caller_id,
        calls=len(group),
        short_calls=sum(one.short_call for one in group),
        answered=sum(one.line_result is LineResult.ANSWERED for one in group),
    )
