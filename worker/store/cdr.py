"""Finds the rows that Asterisk wrote for our calls. Its table is only read."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from worker.core.records import CdrRow
from worker.store.engine import Tx

BEFORE = timedelta(minutes=10)  # the call began at most this long before the time we know
AFTER = timedelta(hours=2)
# Asterisk writes calldate in its own zone, which we cannot see from here: no zone in use is further off than this.
ZONES = timedelta(hours=14)
_TOGETHER = timedelta(hours=12)  # attempts this close share one look at the calldate index


def find_rows(tx: Tx, attempts: Mapping[str, datetime]) -> dict[str, CdrRow]:
    """By uniqueid (the ARI path, indexed); what is still missing by the start of userfield around its time."""
    found: dict[str, CdrRow] = {}
    for row in tx.rows_in("cdr_by_uniqueid", "ids", attempts):
        if row.uniqueid in attempts:  # the column compares without case; we do not
            keep_best(found, row.uniqueid, _cdr_row(row, attempts[row.uniqueid]))
    missing = {key: when for key, when in attempts.items() if key not in found}
    for length, group in clusters(missing):
        since = min(group.values()) - BEFORE - ZONES
        until = max(group.values()) + AFTER + ZONES
        for row in tx.rows_in("cdr_by_userfield", "ids", group, length=length, since=since, until=until):
            key = row.userfield[:length]
            if key in group:
                keep_best(found, key, _cdr_row(row, group[key]))
    return found


def clusters(attempts: Mapping[str, datetime]) -> list[tuple[int, dict[str, datetime]]]:
    """(length of the ids, attempts), split so that no look at `cdr` spans more than half a day and its margins."""
    by_length: dict[int, list[tuple[datetime, str]]] = defaultdict(list)
    for key, when in attempts.items():
        by_length[len(key)].append((when, key))
    groups: list[tuple[int, dict[str, datetime]]] = []
    for length, members in by_length.items():
        first: datetime | None = None
        for when, key in sorted(members):
            if first is None or when - first > _TOGETHER:
                first = when
                groups.append((length, {}))
            groups[-1][1][key] = when
    return groups


def keep_best(found: dict[str, CdrRow], key: str, row: CdrRow) -> None:
    """Of several rows of one call (forked, Local channels): whose userfield tells most, then the longest."""
    known = found.get(key)
    if known is None or _weight(row) > _weight(known):
        found[key] = row


def _weight(row: CdrRow) -> tuple[int, int, int]:
    return (len(row.userfield), row.billsec, row.duration)


def _cdr_row(row: Any, near: datetime) -> CdrRow:
    return CdrRow(
        uniqueid=row.uniqueid,
        calldate=local_instant(row.calldate, near),
        disposition=row.disposition or "",
        userfield=row.userfield or "",
        duration=int(row.duration or 0),
        billsec=int(row.billsec or 0),
    )


def local_instant(calldate: object, near: datetime) -> datetime:
    """calldate has no zone: we run on the PBX, so it is this machine's. A zero date becomes the time we know."""
    if not isinstance(calldate, datetime):
        return near
    return calldate.astimezone(UTC)
