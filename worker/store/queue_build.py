"""Building and ordering the queue inside the database: by ranges of client ids, each in a transaction of its own.

Whoever dies in between leaves ranges that are right and ranges that are as they were; the next build finishes.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

from worker.core import priority
from worker.core.priority import Ranking
from worker.core.queueing import DO_NOT_CALL, NO_LONGER_OWED, PARKED, Built, Charge
from worker.store import rows
from worker.store.engine import Db, Tx

CHUNK: Final = 10_000  # clients a transaction
END: Final = "\U0010ffff"  # behind every client id
_NO_GROUP: Final = "-"  # an empty list is no SQL
OnRows = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Span:
    """Client ids after the one, up to and including the other."""

    after: str
    upto: str


class QueueBuild:
    """One build, or one reordering, of one instance's queue."""

    def __init__(self, db: Db, instance: str, now: datetime, on_rows: OnRows, chunk: int = CHUNK) -> None:
        self._db = db
        self._instance = instance
        self._now = now
        self._on_rows = on_rows
        self._chunk = chunk

    def build(self, charge: Charge) -> Built:
        """Open who is new, refresh and reorder who changed, close who owes no longer or must not be called."""
        ranker = Ranker(self._db, charge.ranking, self._now)
        parts: list[Built] = []
        before = self._count()
        for span in self._spans():
            parts.append(self._db.run(partial(self._bring_in_line, span=span, charge=charge, ranker=ranker)))
            self._on_rows(sum(part.opened + part.refreshed + part.closed for part in parts))
        return Built(
            before,
            self._count(),
            opened=sum(part.opened for part in parts),
            refreshed=sum(part.refreshed for part in parts),
            closed=sum(part.closed for part in parts),
            left=sum(part.left for part in parts),
            reordered=sum(part.reordered for part in parts),
        )

    def reorder(self, ranking: Ranking, today: date) -> int:
        """New places for those who have one, by the same figures. Entries moved."""
        ranker = Ranker(self._db, ranking, self._now)
        return sum(
            self._db.run(partial(self._order_again, span=span, today=today, ranker=ranker))
            for span in self._spans()
        )

    def _count(self) -> int:
        return self._db.run(lambda tx: tx.number("count_entries", instance=self._instance))

    def _spans(self) -> Iterator[Span]:
        """All client ids there can be: an entry may be of a client that is no longer known."""
        after = ""
        while (upto := self._db.run(partial(self._end, after=after))) is not None:
            yield Span(after, upto)
            after = upto
        yield Span(after, END)

    def _end(self, tx: Tx, after: str) -> str | None:
        row = tx.one("range_end", instance=self._instance, after=after, skip=self._chunk - 1)
        return None if row is None else str(row.client_id)

    def _bring_in_line(self, tx: Tx, span: Span, charge: Charge, ranker: "Ranker") -> Built:
        place = {"instance": self._instance, "after": span.after, "upto": span.upto}
        _empty(tx)
        due = {"due_from": charge.due_from, "due_until": charge.due_until, "today": charge.today}
        tx.change("fill_owed", **place, **due, numbers_listed=tx.number("any_number_listed"))
        ranker.rank(tx, charge.today, place)
        tx.change("match_owed", instance=self._instance)
        tx.change("wake_owed", at_once=rows.AT_ONCE, parked=PARKED)
        refreshed = tx.change("refresh_owed", now=self._now)
        reordered = tx.change("reorder_owed")
        closed, left = self._close(tx, place)
        opened = tx.change("open_owed", instance=self._instance, at_once=rows.AT_ONCE, now=self._now)
        tx.change("drop_owed")
        return Built(0, 0, opened, refreshed, closed, left, reordered)

    def _close(self, tx: Tx, place: dict[str, str]) -> tuple[int, int]:
        """Entries closed, and those left to their calls."""
        found = tx.rows("unowed_entries", **place)
        closed = 0
        for listed, reason in ((0, NO_LONGER_OWED), (1, DO_NOT_CALL)):
            ids = [row.entry_id for row in found if row.listed == listed]
            about = {"instance": self._instance, "reason": reason, "now": self._now}
            closed += tx.change_in("close_entries", "entry_ids", ids, **about)
        return closed, len(found) - closed

    def _order_again(self, tx: Tx, span: Span, today: date, ranker: "Ranker") -> int:
        place = {"instance": self._instance, "after": span.after, "upto": span.upto}
        _empty(tx)
        tx.change("fill_owed_again", **place)
        ranker.rank(tx, today, place)
        tx.change("match_owed", instance=self._instance)
        moved = tx.change("reorder_owed")
        tx.change("drop_owed")
        return moved


class Ranker:
    """Gives each row of `owed` its turn; what all share of the history is read once."""

    def __init__(self, db: Db, ranking: Ranking, now: datetime) -> None:
        self._ranking = ranking
        self._times = times(ranking, now)
        self._hour = ranking.hour(now, now)
        self._good: frozenset[str] = frozenset()
        if ranking.best_hour:
            self._good = priority.good_now(db.run(self._groups), self._hour)

    def _groups(self, tx: Tx) -> dict[str, priority.Rings]:
        found = tx.rows("hours_alike", **self._times)
        return counted((row.alike, row.hour, row.calls, row.persons) for row in found)

    def rank(self, tx: Tx, today: date, place: dict[str, str]) -> None:
        ranking = self._ranking
        if ranking.by_hour:
            good = sorted(self._good) or [_NO_GROUP]
            tx.change("learn_owed", hour=self._hour, good=good, **place, **self._times)
        tx.change(
            "rank_owed",
            order=ranking.order,
            today=today,
            best_hour=ranking.best_hour,
            most=priority.MOST,
        )


def times(ranking: Ranking, now: datetime) -> dict[str, object]:
    """Which calls of the past count, and how to read their hours."""
    return {
        "offset": ranking.offset(now) // timedelta(minutes=1),
        "since": now - timedelta(days=priority.LEARN_DAYS),
        "now": now,
        "rang": sorted(priority.RANG),
    }


def counted(found: Iterable[tuple[str, int, int, int]]) -> dict[str, priority.Rings]:
    """(whose, hour, calls, persons) -> counts by hour."""
    calls: dict[str, dict[int, int]] = {}
    persons: dict[str, dict[int, int]] = {}
    for whose, hour, rang, answered in found:
        calls.setdefault(whose, {})[int(hour)] = int(rang)
        persons.setdefault(whose, {})[int(hour)] = int(answered)
    return {whose: priority.Rings(calls[whose], persons[whose]) for whose in calls}


def _empty(tx: Tx) -> None:
    """A transaction that was undone leaves its table in the connection."""
    tx.change("drop_owed")
    tx.change("make_owed")
