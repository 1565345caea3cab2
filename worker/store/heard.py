"""What was heard of calls, over MariaDB."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from worker.core.heard_call import HeardCall, Label, read, written
from worker.core.hearing import Audio
from worker.store import rows
from worker.store.engine import Db, Tx


class SqlHeard:
    """`worker.heard_ports.HeardCalls` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def add(self, calls: Sequence[HeardCall]) -> None:
        values = [_values(one) for one in calls]
        if values:
            self._db.run(lambda tx: tx.bulk("add_heard", values))

    def label(self, labels: Mapping[str, Label], now: datetime) -> list[str]:
        def work(tx: Tx) -> list[str]:
            known = {row.attempt_id for row in tx.rows_in("heard_ids", "attempt_ids", sorted(labels))}
            changes = [
                {"attempt_id": key, "label": label, "now": now}
                for key, label in sorted(labels.items())
                if key in known
            ]
            if changes:
                tx.bulk("label_heard", changes)
            return sorted(set(labels) - known)

        return self._db.run(work) if labels else []

    def listing(self, instance: str | None, since: datetime, limit: int) -> list[HeardCall]:
        def work(tx: Tx) -> list[HeardCall]:
            return [_call(row) for row in tx.rows("heard_calls", instance=instance, since=since, limit=limit)]

        return self._db.run(work)

    def forget(self, instance: str, before: datetime, limit: int = 1000) -> int:
        return self._db.run(lambda tx: tx.change("forget_heard", instance=instance, before=before, limit=limit))


def _values(call: HeardCall) -> dict[str, object]:
    return {
        "attempt_id": call.attempt_id,
        "instance": call.instance,
        "heard_at": call.heard_at,
        "seconds": rows.seconds(call.seconds),
        "status": rows.fit(call.status, 10),
        "cause": rows.fit(call.cause, 80),
        "segments": written(call.segments),
        "voice": None if call.audio is None else written(call.audio.voice),
        "tones": None if call.audio is None else written(call.audio.tones),
        "opening": call.opening,
    }


def _call(row: Any) -> HeardCall:
    return HeardCall(
        attempt_id=row.attempt_id,
        instance=row.instance,
        heard_at=rows.aware(row.heard_at),
        seconds=float(row.seconds),
        status=row.status,
        cause=row.cause,
        segments=read(row.segments),
        audio=None if row.voice is None else Audio(read(row.voice), read(row.tones or "")),
        opening=row.opening,
        label=Label(row.label) if row.label else None,
        number=row.number,
        keys=row.keys_pressed,
    )
