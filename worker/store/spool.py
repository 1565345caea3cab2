"""Rows of an answer that differ from what is stored, on disk and in order of their ids, until the answer is whole.

An anonymous SQLite file: it has no name from the moment it is made, so nothing of it outlives the process, however
that ends. Memory stays the same for a thousand rows and for a million.
"""

import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

FIELD: Final = "\x1f"  # between the fields of a row
NULL: Final = "\x1e"  # a field that is NULL
CHILD: Final = "\x1d"  # before each row that hangs on this one: the telephones of a client

_GONE: Final = "FROM missing WHERE key NOT IN (SELECT key FROM fresh) AND key NOT IN (SELECT key FROM spared)"
_CACHE: Final = "-8192"  # KiB
_BUCKETS: Final = 4096
_SHIFT: Final = 63 - 12  # the first 12 of 63 bits choose the bucket


def digests(texts: Iterable[str]) -> list[int]:
    """63 bits over each row: among a million rows, a changed one is taken for known once in 10^13 changes."""
    return [int.from_bytes(blake2b(text.encode(), digest_size=8).digest()) >> 1 or 1 for text in texts]


class Known:
    """The digests of all stored rows, eight bytes each, and which of them have been seen again."""

    def __init__(self) -> None:
        self._digests = [array("q") for _ in range(_BUCKETS)]
        self._seen: list[bytearray] = []
        self.count = 0
        self.seen = 0

    def learn(self, digests: Iterable[int]) -> None:
        for each in digests:
            self._digests[each >> _SHIFT].append(each)

    def learnt(self) -> None:
        """To be called once, before the first `unknown`."""
        self._digests = [array("q", sorted(bucket)) for bucket in self._digests]
        self._seen = [bytearray(len(bucket)) for bucket in self._digests]
        self.count = sum(map(len, self._digests))

    def unknown(self, wanted: Sequence[int]) -> tuple[list[int], int | None]:
        """Places of those that no stored row has; and the place of one whose row was seen before, if any."""
        stored, seen = self._digests, self._seen
        fresh = []
        for at, each in enumerate(wanted):
            bucket = stored[each >> _SHIFT]
            place = bisect_left(bucket, each)
            if place == len(bucket) or bucket[place] != each:
                fresh.append(at)
            elif seen[each >> _SHIFT][place]:
                return fresh, at
            else:
                seen[each >> _SHIFT][place] = 1
        self.seen += len(wanted) - len(fresh)
        return fresh, None

    def missing(self) -> Iterator[int]:
        """Digests of the stored rows that have not been seen again, each once: rows without one all have 0."""
        for bucket, seen in zip(self._digests, self._seen, strict=True):
            last, place = -1, seen.find(0)
            while place >= 0:
                if bucket[place] != last:
                    last = bucket[place]
                    yield last
                place = seen.find(0, place + 1)


class Spooled(NamedTuple):
    key: str
    digest: int
    text: str


class Missing(NamedTuple):
    key: str
    client_id: str


class Spool:
    """New and changed rows by key, and the keys of stored rows that the answer does not hold unchanged."""

    def __init__(self) -> None:
        self._file = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = {_CACHE}"):
            self._file.execute(f"PRAGMA {pragma}")
        self._file.execute("CREATE TABLE fresh (key TEXT PRIMARY KEY, digest INTEGER, text TEXT) WITHOUT ROWID")
        self._file.execute("CREATE TABLE missing (key TEXT PRIMARY KEY, client_id TEXT) WITHOUT ROWID")
        self._file.execute("CREATE TABLE spared (key TEXT PRIMARY KEY) WITHOUT ROWID")
        self._file.execute("BEGIN")
        self.count = 0

    def close(self) -> None:
        self._file.close()

    def put(self, rows: Sequence[Spooled]) -> str | None:
        """None, or an id that was there before; then the spool is of no more use."""
        before = self._file.total_changes
        try:
            self._file.executemany("INSERT INTO fresh VALUES (?, ?, ?)", rows)
        except sqlite3.IntegrityError:
            return rows[self._file.total_changes - before].key  # those before it went in
        self.count += len(rows)
        return None

    def spare(self, keys: Sequence[str]) -> None:
        self._file.executemany("INSERT OR IGNORE INTO spared VALUES (?)", ((key,) for key in keys))

    def spare_missing(self) -> None:
        """All of them."""
        self._file.execute("INSERT OR IGNORE INTO spared SELECT key FROM missing")

    def miss(self, rows: Sequence[Missing]) -> None:
        self._file.executemany("INSERT INTO missing VALUES (?, ?)", rows)

    def count_changed(self) -> int:
        """Rows that are stored with other figures."""
        query = "SELECT COUNT(*) FROM fresh WHERE key IN (SELECT key FROM missing)"
        return int(self._file.execute(query).fetchone()[0])

    def count_gone(self) -> int:
        return int(self._file.execute(f"SELECT COUNT(*) {_GONE}").fetchone()[0])

    def fresh(self) -> Iterator[Spooled]:
        """By ascending key."""
        return map(Spooled._make, self._file.execute("SELECT key, digest, text FROM fresh ORDER BY key"))

    def fresh_keys(self) -> Iterator[tuple[str, bool]]:
        """Key, and whether it is stored with other figures; by ascending key."""
        query = "SELECT f.key, m.key IS NOT NULL FROM fresh f LEFT JOIN missing m ON m.key = f.key ORDER BY f.key"
        return ((key, bool(changed)) for key, changed in self._file.execute(query))

    def gone(self) -> Iterator[Missing]:
        """By ascending key."""
        return map(Missing._make, self._file.execute(f"SELECT key, client_id {_GONE} ORDER BY key"))
