"""The do-not-call list over MariaDB. Opt-outs are blocks of a number; Issabel's list is read beside it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Final

from worker.core.do_not_call import OPT_OUT_SOURCE, REASON_LIMIT, SOURCE_LIMIT, DoNotCall, Search
from worker.core.issabel_list import line_of
from worker.store import rows
from worker.store.engine import BATCH, Db, Tx
from worker.store.issabel_dnc import IssabelDnc
from worker.store.waking import wake_removed, wake_unlisted

PART: Final = 10_000  # lines in memory at once
DROPPED: Final = 10_000  # lines a DELETE, as the query says
_NOBODY: Final = "-"  # IN () is no SQL, and '' would find every line that names the other


class SqlDoNotCall:
    """`worker.dialling_ports.DoNotCallList` over MariaDB."""

    def __init__(self, db: Db, issabel: IssabelDnc) -> None:
        self._db, self._issabel = db, issabel

    def put(
        self, lines: Callable[[], Iterable[DoNotCall]], now: datetime, *, replaces: tuple[str, str] | None = None
    ) -> int:
        def work(tx: Tx) -> int:
            rest = iter(lines())
            while part := list(islice(rest, PART)):
                tx.bulk("put_do_not_call", [_values(line, now) for line in part])
            return 0 if replaces is None else _drop(tx, *replaces, now)

        return self._db.run(work)

    def remove(self, search: Search, *, opt_outs: bool) -> list[DoNotCall]:
        def work(tx: Tx) -> list[DoNotCall]:
            gone = [line for line in _ours(tx, search, BATCH) if tx.change("remove_do_not_call", **_key(line))]
            if opt_outs:
                for line in _opt_outs(tx, search, BATCH):
                    tx.change("remove_opt_out", number=line.number)
                    gone.append(line)
            wake_removed(tx, gone)
            return gone

        return self._db.run(work)

    def listing(self, search: Search, limit: int) -> list[DoNotCall]:
        found = self._db.run(lambda tx: [*_ours(tx, search, limit), *_opt_outs(tx, search, limit)])
        listed = self._issabel.known()
        if search.number and listed is not None and listed.lists(search.number):
            found += filter(search.finds, [line_of(search.number)])
        return found[:limit]

    def count(self, source: str, instance: str) -> int:
        return self._db.run(lambda tx: tx.number("count_do_not_call", source=source, instance=instance))

    def known(self, lines: Sequence[DoNotCall]) -> int:
        if not lines:
            return 0
        whose = {"source": lines[0].source, "instance": lines[0].instance}
        numbers = [line.number for line in lines if line.number]
        documents = [line.document for line in lines if line.document]

        def work(tx: Tx) -> int:
            found = tx.rows_in("count_known_numbers", "numbers", numbers, **whose)
            found += tx.rows_in("count_known_documents", "documents", documents, **whose)
            return sum(int(row.n) for row in found)

        return self._db.run(work)

    def why_unreadable(self) -> str:
        return self._issabel.why_unreadable()

    def issabel(self) -> tuple[int, int] | None:
        listed = self._issabel.known()
        return None if listed is None else (listed.lines, listed.unreadable)


def lines_naming(
    tx: Tx, instance: str, numbers: Sequence[str], documents: Iterable[str | None]
) -> dict[str, tuple[DoNotCall, ...]]:
    """By number and by document, for all of a batch in one query."""
    people = sorted({document for document in documents if document})
    found: dict[str, list[DoNotCall]] = defaultdict(list)
    for start in range(0, max(len(numbers), len(people)), BATCH):
        part = {"numbers": numbers[start : start + BATCH], "documents": people[start : start + BATCH]}
        named = {key: list(values) or [_NOBODY] for key, values in part.items()}
        for row in tx.rows("do_not_call_of", instance=instance, **named):
            line = _line(row)
            found[line.number or line.document].append(line)
    return {key: tuple(lines) for key, lines in found.items()}


def stored(line: DoNotCall, now: datetime) -> DoNotCall:
    """As it is read back."""
    return DoNotCall(
        line.number,
        line.document,
        line.instance,
        rows.fit(line.reason, REASON_LIMIT),
        rows.fit(line.source, SOURCE_LIMIT),
        now,
        line.expires_on,
    )


def _drop(tx: Tx, source: str, instance: str, now: datetime) -> int:
    """In parts, so that no statement runs longer than a connection waits."""
    dropped = 0
    wake_unlisted(tx, source, instance, now)
    while part := tx.change("drop_unlisted", source=source, instance=instance, now=now):
        dropped += part
        if part < DROPPED:
            break
    return dropped


def _ours(tx: Tx, search: Search, limit: int) -> list[DoNotCall]:
    values = {
        "named": bool(search.number or search.document),
        "number": search.number,
        "document": search.document,
        "any_instance": search.instance is None,
        "instance": search.instance or "",
        "any_source": search.source is None,
        "source": search.source or "",
    }
    return [_line(row) for row in tx.rows("list_do_not_call", limit=limit, **values)]


def _opt_outs(tx: Tx, search: Search, limit: int) -> Iterator[DoNotCall]:
    if search.document and not search.number:
        return iter(())
    found = tx.rows("list_opt_outs", named=bool(search.number), number=search.number, limit=limit)
    return filter(search.finds, [opt_out(row.number, rows.aware(row.added_at)) for row in found])


def opt_out(number: str, since: datetime | None) -> DoNotCall:
    """A key pressed in a call, as a line of the list."""
    return DoNotCall(
        number, reason="asked in a call never to be called again", source=OPT_OUT_SOURCE, added_at=since
    )


def _key(line: DoNotCall) -> dict[str, object]:
    return {name: getattr(line, name) for name in ("number", "document", "instance", "source")}


def _values(line: DoNotCall, now: datetime) -> dict[str, object]:
    kept = stored(line, now)
    return {**_key(kept), "reason": kept.reason, "expires_on": kept.expires_on, "now": now}


def _line(row: Any) -> DoNotCall:
    return DoNotCall(
        row.number, row.document, row.instance, row.reason, row.source, rows.aware(row.added_at), row.expires_on
    )
