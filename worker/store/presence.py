"""Which processes live, and server-wide locks that free themselves when their holder dies."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from hashlib import sha256

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from worker.store import faults
from worker.store.engine import SESSION, Db, connect_engine
from worker.store.rows import aware, fit

_LONGEST_NAME = 64  # of a lock, in MySQL
# A lock lives as long as its connection, and a leader may hold one for months without a query: ask for a year.
_PATIENT = f"{SESSION}, wait_timeout = 31536000"


class SqlPresence:
    """`worker.ports.Presence` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db
        self._locks = connect_engine(db.database, pooled=False, session=_PATIENT)  # held long: not from the pool

    def beat(self, kind: str, name: str, pid: int, detail: str, now: datetime) -> None:
        said = fit(detail, 255)
        self._db.run(lambda tx: tx.change("beat", kind=kind, name=name, pid=pid, detail=said, now=now))

    def leave(self, kind: str, name: str) -> None:
        self._db.run(lambda tx: tx.change("leave", kind=kind, name=name))

    def last_seen(self, kind: str, name: str) -> tuple[datetime, str] | None:
        row = self._db.run(lambda tx: tx.one("last_seen", kind=kind, name=name))
        return None if row is None else (aware(row.seen_at), row.detail)

    @contextmanager
    def lock(self, name: str) -> Iterator[bool]:
        """The lock is the connection's: freed when the block ends, the process dies or the server restarts."""
        whole = lock_name(self._db.database.schema_name, name)
        try:
            connection = self._locks.connect()
        except DBAPIError as error:
            raise faults.explain(faults.code_of(error.orig), "lock") from None
        try:
            yield _take(connection, whole)
        finally:
            with suppress(DBAPIError):  # a server that is gone has freed it already
                connection.exec_driver_sql("DO RELEASE_LOCK(%(name)s)", {"name": whole})
            connection.close()


def _take(connection: Connection, name: str) -> bool:
    try:
        got = connection.exec_driver_sql("SELECT GET_LOCK(%(name)s, 0)", {"name": name}).scalar()
        connection.commit()
    except DBAPIError as error:
        raise faults.explain(faults.code_of(error.orig), "lock") from None
    return got == 1


def lock_name(schema: str, name: str) -> str:
    """Locks are shared by the whole server, so the schema is part of the name."""
    whole = f"{schema}.{name}"
    return whole if len(whole) <= _LONGEST_NAME else f"{schema[:20]}.{sha256(whole.encode()).hexdigest()[:40]}"
