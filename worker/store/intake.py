"""An answer of the ERP on its way into the database: compared as it comes in, written only once it is whole.

What costs time is a write, so rows that are stored already are told by their digests and cost none. Who opens an
intake takes the `token` of that instance and kind: an older one that is still being written stops at its next
transaction, so what was compared cannot change before it is written.
"""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, Final, Generic

from pymysql.converters import escape_string
from sqlalchemy.engine import Row

from worker.core.billing import BillKey, Step
from worker.core.enums import Fate, Verb
from worker.core.records import Change
from worker.errors import SourceBroken, StoreError, SyncOvertaken
from worker.store.engine import Db, Tx
from worker.store.rows import utc
from worker.store.shelves import RowT, Shelf
from worker.store.spool import CHILD, FIELD, NULL, Known, Missing, Spool, Spooled, digests
from worker.store.waking import wake_clients

PAGE: Final = 10_000  # stored rows compared at once; packed into one row, for the driver is slow by the row
PART: Final = 2_000  # rows an INSERT
CHUNK: Final = 10_000  # rows a transaction
SCANNED: Final = 50_000  # digests looked for by one scan of the table


class SqlIntake(Generic[RowT]):
    """`worker.catalogue_ports.Intake` over MariaDB. Made by `SqlCatalogue`, which closes it."""

    def __init__(self, db: Db, shelf: Shelf[RowT], instance: str) -> None:
        self._db = db
        self._shelf: Shelf[RowT] = shelf
        self._instance = instance
        self._token = secrets.token_hex(16)
        self._spool = Spool()
        self._known = Known()
        self._change: Change | None = None
        self._spares_all = False
        self._db.run(self._take)
        for packed in self._pages():
            self._known.learn(map(int, packed.split(",")))
        self._known.learnt()

    def close(self) -> None:
        self._spool.close()

    def add(self, rows: Sequence[RowT]) -> None:
        texts = list(map(self._shelf.text, rows))
        marks = digests(texts)
        unknown, twice = self._known.unknown(marks)
        if twice is not None:
            raise self._twice(self._shelf.key(rows[twice]))
        fresh = [Spooled(self._shelf.key(rows[at]), marks[at], texts[at]) for at in unknown]
        if (again := self._spool.put(fresh)) is not None:
            raise self._twice(again)

    def spare(self, keys: Sequence[str]) -> None:
        self._spool.spare(keys)

    def spare_all(self) -> None:
        self._spares_all = True

    def difference(self) -> Change:
        if self._change is None:
            known = self._known
            if known.seen < known.count:
                self._find_missing()
            if self._spares_all:
                self._spool.spare_missing()
            changed = self._spool.count_changed()
            self._refuse_halves()
            removed = self._spool.count_gone()
            self._change = Change(
                before=known.count,
                after=known.count + self._spool.count - changed - removed,
                added=self._spool.count - changed,
                updated=changed,
                removed=removed,
            )
        return self._change

    def gone(self) -> Iterator[BillKey]:
        if not self._shelf.has_fate or not self.difference().removed:
            return iter(())
        return (BillKey(row.key, row.client_id) for row in self._spool.gone())

    def steps(self, fates: Mapping[str, Fate]) -> Iterator[Step]:
        self.difference()
        for key, changed in self._spool.fresh_keys():
            yield Step(Verb.REFRESH if changed else Verb.OPEN, key)
        for row in self._spool.gone():
            yield Step(Verb.CLOSE, row.key, self._fate(fates, row.key))

    def apply(self, fates: Mapping[str, Fate], now: datetime, on_rows: Callable[[int], None]) -> Change:
        change, written = self.difference(), 0
        self._in_turn(lambda tx: tx.change("begin_answer", **self._own()))
        for part in _chunks(self._spool.fresh(), CHUNK):
            self._in_turn(partial(self._put, part=part, now=now))
            written += len(part)
            on_rows(written)
        if change.removed:
            for missing in _chunks(self._spool.gone(), CHUNK):
                self._in_turn(partial(self._remove, missing=missing, fates=fates, now=now))
                written += len(missing)
                on_rows(written)
        self._in_turn(lambda tx: tx.change("end_answer", now=now, rows=change.after, **self._own()))
        return change

    # --- comparing ------------------------------------------------------------------------------------

    def _own(self) -> dict[str, object]:
        return {"instance": self._instance, "kind": self._shelf.kind}

    def _take(self, tx: Tx) -> None:
        tx.change("take_answer", token=self._token, **self._own())

    def _pages(self) -> Iterator[str]:
        """The digests of the stored rows by ascending key, PAGE of them packed into one text."""
        after = ""
        while (row := self._db.run(partial(self._page, after))) is not None and row.found:
            if row.packed.count(",") != row.found - 1:
                raise StoreError("the database cut a packed answer short; raise its group_concat_max_len")
            yield row.packed
            after = row.last

    def _page(self, after: str, tx: Tx) -> Row[Any] | None:
        return tx.one(self._shelf.digests, instance=self._instance, after=after, page=PAGE)

    def _find_missing(self) -> None:
        for part in _chunks(self._known.missing(), SCANNED):
            found = self._db.run(partial(self._missing, part))
            self._spool.miss([Missing(str(row[0]), str(row[1])) for row in found])

    def _missing(self, digests: list[int], tx: Tx) -> Sequence[Any]:
        return tx.rows(self._shelf.missing, instance=self._instance, digests=digests)

    def _refuse_halves(self) -> None:
        """An id that came once as it is stored and once with other figures is as bad as one that came twice."""
        if not self._known.count:
            return
        new = (key for key, changed in self._spool.fresh_keys() if not changed)
        for part in _chunks(new, CHUNK):
            found = self._db.run(partial(self._present, part))
            if found:
                raise self._twice(found[0][0])

    def _present(self, keys: list[str], tx: Tx) -> list[Row[Any]]:
        return tx.rows_in(self._shelf.present, "keys", keys, instance=self._instance)

    def _twice(self, key: str) -> SourceBroken:
        return SourceBroken(
            f"the ERP listed {self._shelf.kind} {key} twice; its answer cannot be trusted, sync again later"
        )

    def _fate(self, fates: Mapping[str, Fate], key: str) -> Fate | None:
        return fates.get(key, Fate.LEFT_SOURCE) if self._shelf.has_fate else None

    # --- writing --------------------------------------------------------------------------------------

    def _in_turn(self, work: Callable[[Tx], Any]) -> None:
        """One transaction, under the row that holds our token."""

        def fenced(tx: Tx) -> None:
            row = tx.one("lock_answer", **self._own())
            if row is None or row.token != self._token:
                raise SyncOvertaken(
                    f"another sync of {self._instance} took over while {self._shelf.kind} were stored; "
                    "run this one again"
                )
            work(tx)

        self._db.run(fenced)

    def _put(self, tx: Tx, part: Sequence[Spooled], now: datetime) -> None:
        instance, at = escape_string(self._instance), f"{utc(now):%Y-%m-%d %H:%M:%S.%f}"
        parents, children = [], []
        for _, mark, text in part:
            own, *others = escape_string(text).split(CHILD)
            parents.append(_values(f"{instance}{FIELD}{own}{FIELD}{mark}{FIELD}{at}"))
            children += [_values(f"{instance}{FIELD}{other}") for other in others]
        touched = sum(tx.put(self._shelf.put, some) for some in _chunks(iter(parents), PART))
        if self._shelf.children:
            drop, put = self._shelf.children
            keys = [row.key for row in part]
            if touched > len(part):  # an altered row counts twice: some were there before, with their children
                tx.change_in(drop, "client_ids", keys, instance=self._instance)
            wake_clients(tx, self._instance, keys)
            for some in _chunks(iter(children), PART):
                tx.put(put, some)

    def _remove(self, tx: Tx, missing: Sequence[Missing], fates: Mapping[str, Fate], now: datetime) -> None:
        by_fate: dict[Fate | None, list[str]] = {}
        for row in missing:
            by_fate.setdefault(self._fate(fates, row.key), []).append(row.key)
        for fate, keys in by_fate.items():
            tx.change_in(self._shelf.remove, "keys", keys, instance=self._instance, fate=fate, now=now)


def _values(escaped: str) -> str:
    """A row of VALUES. The separators are control characters, which escaping leaves as they are."""
    return f"('{escaped}')".replace(FIELD, "','").replace(f"'{NULL}'", "NULL")


def _chunks(items: Iterator[Any], size: int) -> Iterator[list[Any]]:
    while part := list(islice(items, size)):
        yield part
