"""What was heard of calls: the twin in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from worker.core.heard_call import HeardCall, Label, read, written
from worker.core.hearing import Audio
from worker.store import rows
from worker.store.memory_tables import Tables


class MemoryHeard:
    """`worker.heard_ports.HeardCalls`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def add(self, calls: Sequence[HeardCall]) -> None:
        with self._tables.mutex:
            for one in calls:
                rows.utc(one.heard_at)
                tidy = replace(
                    one,
                    seconds=rows.seconds(one.seconds),
                    status=rows.fit(one.status, 10),
                    cause=rows.fit(one.cause, 80),
                    segments=read(written(one.segments)),
                    audio=None if one.audio is None else _tidy(one.audio),
                    label=None,
                    number="",
                    keys="",
                )
                self._tables.heard.setdefault(one.attempt_id, tidy)

    def label(self, labels: Mapping[str, Label], now: datetime) -> list[str]:
        rows.utc(now)
        with self._tables.mutex:
            for attempt_id, label in labels.items():
                if attempt_id in self._tables.heard:
                    self._tables.heard[attempt_id] = replace(self._tables.heard[attempt_id], label=label)
            return sorted(set(labels) - set(self._tables.heard))

    def listing(self, instance: str | None, since: datetime, limit: int) -> list[HeardCall]:
        with self._tables.mutex:
            found = [
                one
                for one in self._tables.heard.values()
                if one.heard_at >= since and instance in (None, one.instance)
            ]
            found.sort(key=lambda one: (one.heard_at, one.attempt_id), reverse=True)
            return [self._with_outcome(one) for one in found[:limit]]

    def forget(self, instance: str, before: datetime, limit: int = 1000) -> int:
        with self._tables.mutex:
            old = sorted(
                (one.heard_at, key)
                for key, one in self._tables.heard.items()
                if one.instance == instance and one.heard_at < before
            )[:limit]
            for _, key in old:
                del self._tables.heard[key]
            return len(old)

    def _with_outcome(self, call: HeardCall) -> HeardCall:
        recorded = self._tables.outcomes.get(call.attempt_id)
        if recorded is None:
            return call
        return replace(call, number=recorded.outcome.number, keys=recorded.outcome.talk.keys)


def _tidy(audio: Audio) -> Audio:
    """As a table would keep it."""
    return Audio(read(written(audio.voice)), read(written(audio.tones)))
