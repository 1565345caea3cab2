"""Connections to MariaDB or MySQL: a pool, one transaction as a function, named queries."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

import structlog
from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.engine import CursorResult, Row
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import NullPool, QueuePool

from worker.errors import StoreUnavailable
from worker.settings import Database
from worker.store import faults
from worker.store.rows import utc
from worker.store.sqltext import load_queries

T = TypeVar("T")

BATCH = 1000  # rows an INSERT, values an IN (...)
AGAIN = 3  # how often a transaction that lost a deadlock is run again
_CONNECT_SECONDS = 5
_READ_SECONDS = 60  # no query of ours may hang a call longer
_POOL_SECONDS = 10
_SOON = 1.0  # seconds in which a connection is found dead; what takes longer is the server's trouble, not its age
_COMMIT = "commit"

# Our own session, whatever the server's defaults: strict, so that nothing is cut in silence; instants in UTC;
# waiting for a lock is short, because a caller may be on the line.
SESSION = (
    "SET time_zone = '+00:00', sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', "
    "innodb_lock_wait_timeout = 10, group_concat_max_len = 16777216"
)

_log = structlog.get_logger(__name__)


def connect_engine(database: Database, *, pooled: bool, session: str = SESSION) -> Engine:
    """An engine that has not connected yet.

    READ COMMITTED: an UPDATE guarded by a WHERE locks only the rows it changes (no gaps), so concurrent workers
    hardly ever deadlock; and a count read after waiting for a lock sees what the lock's last holder committed.
    """
    url = URL.create(
        "mysql+pymysql",
        username=database.user,
        password=database.password.get_secret_value(),
        host=database.host,
        port=database.port,
        database=database.schema_name,
        query={"charset": "utf8mb4"},
    )
    arguments: dict[str, object] = {
        "connect_timeout": _CONNECT_SECONDS,
        "read_timeout": _READ_SECONDS,
        "write_timeout": _READ_SECONDS,
        "init_command": session,
    }
    if database.socket is not None:
        arguments["unix_socket"] = str(database.socket)
    pool: dict[str, object] = {"poolclass": NullPool}
    if pooled:
        pool = {
            "poolclass": QueuePool,
            "pool_size": database.pool,
            "max_overflow": 0,
            "pool_timeout": _POOL_SECONDS,
            # `Db.run` ends every transaction itself and runs it again on a connection that was dead: the pool need
            # neither ask whether a connection lives nor roll back what is over, two round trips a transaction.
            "pool_reset_on_return": None,
        }
    return create_engine(
        url, connect_args=arguments, isolation_level="READ COMMITTED", hide_parameters=True, **pool
    )


class Tx:
    """One open transaction. Values are pyformat; zone-aware datetimes are sent as UTC, lists as (a, b, c)."""

    connection: Connection  # set once there is one

    def __init__(self, queries: Mapping[str, str]) -> None:
        self._queries = queries
        self.running = ""  # the query that runs, "commit" after the last one, empty while connecting

    def rows(self, name: str, /, **values: object) -> Sequence[Row[Any]]:
        return self._execute(name, _plain(values)).fetchall()

    def rows_in(self, name: str, key: str, wanted: Iterable[object], /, **values: object) -> list[Row[Any]]:
        """Like `rows`, for a long list: one query for each thousand of `wanted`; none when it is empty."""
        found: list[Row[Any]] = []
        for part in _batches(list(wanted)):
            found.extend(self.rows(name, **{key: part}, **values))
        return found

    def one(self, name: str, /, **values: object) -> Row[Any] | None:
        return self._execute(name, _plain(values)).fetchone()

    def number(self, name: str, /, **values: object) -> int:
        """The only value of the only row."""
        row = self.one(name, **values)
        return 0 if row is None else int(row[0])

    def change(self, name: str, /, **values: object) -> int:
        """Rows that met the WHERE (the driver asks the server for found, not for altered rows)."""
        return int(self._execute(name, _plain(values)).rowcount)

    def change_in(self, name: str, key: str, wanted: Iterable[object], /, **values: object) -> int:
        """Like `change`, for a long list."""
        return sum(self.change(name, **{key: part}, **values) for part in _batches(list(wanted)))

    def lock(self, name: str) -> None:
        """Wait for the row lock of an instance and hold it until the end of the transaction."""
        if self.one("lock_instance", name=name) is None:
            self.change("add_lock", name=name)
            self.one("lock_instance", name=name)

    def add(self, name: str, /, **values: object) -> int:
        """Insert one row; the number the server gave it."""
        return int(self._execute(name, _plain(values)).lastrowid)

    def bulk(self, name: str, rows: Iterable[Mapping[str, object]]) -> int:
        """The same statement for many rows; an INSERT becomes multi-row statements. Row count of all."""
        changed = 0
        for part in _batches([_plain(row) for row in rows]):
            changed += int(self._execute(name, part).rowcount)
        return changed

    def put(self, name: str, rows: Sequence[str]) -> int:
        """An INSERT of many rows that are written as SQL already: each `(…)` with every value escaped.

        Row count; where there is ON DUPLICATE KEY UPDATE, a row that was there counts twice when it is altered.
        """
        self.running = name
        statement = self._queries[name].replace("{rows}", ",".join(rows))
        return int(self.connection.exec_driver_sql(statement, execution_options={"no_parameters": True}).rowcount)

    def _execute(self, name: str, values: Any) -> CursorResult[Any]:
        self.running = name
        return self.connection.exec_driver_sql(self._queries[name], values)


class Db:
    """The pool. Every unit of work is one call of `run`."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.engine = connect_engine(database, pooled=True)
        self._queries = load_queries(database)

    def run(self, work: Callable[[Tx], T]) -> T:
        """Run `work` in one transaction and commit. Raises StoreErrors.

        All of it is run again after a deadlock, and once after a connection that turned out dead before the
        commit: the server undoes what was not committed.
        """
        until = time.monotonic() + _SOON
        for more in reversed(range(AGAIN + 1)):
            tx = Tx(self._queries)
            try:
                with self.engine.begin() as connection:
                    tx.connection = connection
                    result = work(tx)
                    tx.running = _COMMIT
            except PoolTimeout:
                raise StoreUnavailable(
                    "All connections to the database are in use; raise database.pool."
                ) from None
            except DBAPIError as error:
                if more and _dead_before(error, tx) and time.monotonic() < until:
                    until = 0.0
                    continue
                code = 0 if error.connection_invalidated else faults.code_of(error.orig)
                if code not in faults.BUSY or not more:
                    # from None: the driver's own text may quote what was being stored
                    raise faults.explain(code, tx.running) from None
                _log.info("transaction runs again", query=tx.running, code=code)
                time.sleep(0.01 * (AGAIN + 1 - more))
            else:
                return result
        raise AssertionError  # pragma: no cover: the last round returns or raises

    def close(self) -> None:
        self.engine.dispose()


def _dead_before(error: DBAPIError, tx: Tx) -> bool:
    """The pool's connection had died, killed or by a restart of the server, and nothing was committed."""
    return error.connection_invalidated and tx.running not in ("", _COMMIT)


def _plain(values: Mapping[str, object]) -> dict[str, object]:
    return {key: utc(value) if isinstance(value, datetime) else value for key, value in values.items()}


def _batches(values: list[Any]) -> Iterable[list[Any]]:
    return (values[start : start + BATCH] for start in range(0, len(values), BATCH))
