"""Brings the schema up to this program: numbered files of sql/migrations, forward only, each recorded."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pymysql
import structlog

from worker.errors import SchemaMismatch, StoreError, StoreUnavailable
from worker.settings import Database
from worker.store import faults
from worker.store.engine import SESSION
from worker.store.sqltext import MIGRATIONS, place, statements

_LOCK_SECONDS = 60
_CONNECT_SECONDS = 5
# DDL cannot be rolled back: a migration that stopped goes on after its last recorded statement. These say that the
# statement itself was done but not recorded: table, column or key is there already, or gone already.
_DONE_BEFORE = frozenset({1050, 1060, 1061, 1091})

_HISTORY = """CREATE TABLE IF NOT EXISTS schema_migration (
  version     INT          NOT NULL,
  name        VARCHAR(100) NOT NULL,
  checksum    CHAR(64)     NOT NULL,
  statements  INT          NOT NULL DEFAULT 0,
  started_at  DATETIME(6)  NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  finished_at DATETIME(6)  NULL,
  PRIMARY KEY (version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Migration:
    version: int
    name: str  # file name
    statements: tuple[str, ...]

    @property
    def checksum(self) -> str:
        """Of what is run: comments may be mended later."""
        return sha256("\0".join(self.statements).encode()).hexdigest()


def load_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """In order. ValueError when a number is missing or stands twice."""
    found = []
    for file in sorted(folder.glob("*.sql")):
        match = re.fullmatch(r"(\d{4})_[a-z0-9_]+\.sql", file.name)
        if not match:
            raise ValueError(f"{file.name}: a migration is named like 0002_what_it_does.sql")
        found.append(Migration(int(match[1]), file.name, tuple(statements(file.read_text("utf-8")))))
    if [one.version for one in found] != list(range(1, len(found) + 1)):
        raise ValueError("migrations must be numbered 0001, 0002, ... without gaps")
    return found


def migrate(database: Database, folder: Path = MIGRATIONS) -> list[str]:
    """Create the schema if it is missing and run what has not been run. Names of the migrations applied now.

    Safe to run twice at once. Raises SchemaMismatch (database newer than this program, or a file changed after it
    was applied), StoreError (a right or Asterisk's database missing, a statement refused), StoreUnavailable.
    """
    known = load_migrations(folder)
    with _connected(database) as cursor, _locked(cursor, database):
        _need_schemas(cursor, database)
        cursor.execute(f"USE `{database.schema_name}`")
        _run(cursor, _HISTORY, "schema_migration")
        history = _history(cursor)
        _check(known, history)
        applied = []
        for migration in known:
            done, finished = history[migration.version][1:] if migration.version in history else (0, False)
            if not finished:
                _apply(cursor, migration, database, done)
                applied.append(migration.name)
    return applied


def status(database: Database, folder: Path = MIGRATIONS) -> tuple[int, int]:
    """(version of the database, newest known here); 0 when nothing has been applied yet."""
    newest = len(load_migrations(folder))
    with _connected(database) as cursor:
        if not _exists(cursor, database.schema_name, "schema_migration"):
            return 0, newest
        cursor.execute(f"USE `{database.schema_name}`")
        return max((version for version, row in _history(cursor).items() if row[2]), default=0), newest


def check(database: Database) -> None:
    """SchemaMismatch unless the database is exactly as new as this program."""
    current, newest = status(database)
    if current > newest:
        raise _newer(current, newest)
    if current < newest:
        raise SchemaMismatch(
            f"The database is at version {current}, this program needs {newest}: run `collector migrate`."
        )


def _newer(current: int, newest: int) -> SchemaMismatch:
    return SchemaMismatch(f"The database is at version {current}, this program knows only {newest}.")


def _check(known: list[Migration], history: dict[int, tuple[str, int, bool]]) -> None:
    current = max(history, default=0)
    if current > len(known):
        raise _newer(current, len(known))
    for migration in known:
        if migration.version in history and history[migration.version][0] != migration.checksum:
            raise SchemaMismatch(f"{migration.name} is not what was run on this database; restore the file.")


def _apply(cursor: Any, migration: Migration, database: Database, done: int) -> None:
    version, total = migration.version, len(migration.statements)
    cursor.execute(
        "INSERT IGNORE INTO schema_migration (version, name, checksum) VALUES (%s, %s, %s)",
        (version, migration.name, migration.checksum),
    )
    resumed = cursor.rowcount == 0
    for position in range(done + 1, total + 1):
        statement = place(migration.statements[position - 1], database)
        head = " ".join(statement.split()[:3])
        try:
            _run(cursor, statement, f"{migration.name} stopped at statement {position} of {total}, {head}")
        except _Refused as error:
            if not (resumed and position == done + 1 and error.code in _DONE_BEFORE):
                raise
        cursor.execute("UPDATE schema_migration SET statements = %s WHERE version = %s", (position, version))
    cursor.execute("UPDATE schema_migration SET finished_at = UTC_TIMESTAMP(6) WHERE version = %s", (version,))
    _log.info("migration applied", name=migration.name, statements=total - done)


def _history(cursor: Any) -> dict[int, tuple[str, int, bool]]:
    """version -> (checksum, statements run, finished)"""
    cursor.execute("SELECT version, checksum, statements, finished_at IS NOT NULL FROM schema_migration")
    return {version: (checksum, done, bool(finished)) for version, checksum, done, finished in cursor.fetchall()}


def _need_schemas(cursor: Any, database: Database) -> None:
    if not _exists(cursor, database.cdr_schema, database.cdr_table):
        raise StoreError(
            f"Asterisk's table {database.cdr_schema}.{database.cdr_table} is not there, or {database.user} may "
            "not read it; see database.cdr_schema and database.cdr_table."
        )
    cursor.execute("SELECT 1 FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = %s", (database.schema_name,))
    if cursor.fetchone() is None:
        _run(
            cursor,
            f"CREATE DATABASE `{database.schema_name}` DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            f"The database {database.schema_name} does not exist and {database.user} may not create it; "
            "let `install.sh pbx` or root do it",
        )


def _exists(cursor: Any, schema: str, table: str) -> bool:
    cursor.execute(
        "SELECT 1 FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s", (schema, table)
    )
    return cursor.fetchone() is not None


class _Refused(StoreError):
    """A statement the server would not run."""

    def __init__(self, sentence: str, code: int) -> None:
        super().__init__(f"{sentence}: error {code}.")
        self.code = code


def _run(cursor: Any, statement: str, sentence: str) -> None:
    try:
        cursor.execute(statement)
    except pymysql.MySQLError as error:
        explained = faults.explain(faults.code_of(error))
        if isinstance(explained, StoreUnavailable):
            raise explained from None
        raise _Refused(sentence, faults.code_of(error)) from None


@contextmanager
def _connected(database: Database) -> Iterator[Any]:
    """A cursor on a connection without a chosen database: ours may not exist yet."""
    try:
        connection = pymysql.connect(
            host=database.host,
            port=database.port,
            unix_socket=None if database.socket is None else str(database.socket),
            user=database.user,
            password=database.password.get_secret_value(),
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            init_command=SESSION,
        )
    except pymysql.MySQLError as error:
        raise faults.explain(faults.code_of(error)) from None
    try:
        with connection.cursor() as cursor:
            yield cursor
    except pymysql.MySQLError as error:
        raise faults.explain(faults.code_of(error), "migrate") from None
    finally:
        connection.close()


@contextmanager
def _locked(cursor: Any, database: Database) -> Iterator[None]:
    """One migration at a time; the lock goes with the connection."""
    name = f"{database.schema_name[:50]}.migrate"
    cursor.execute("SELECT GET_LOCK(%s, %s)", (name, _LOCK_SECONDS))
    if cursor.fetchone()[0] != 1:
        raise StoreUnavailable("Another migration has been running for a minute; look at it first.")
    yield
    cursor.execute("DO RELEASE_LOCK(%s)", (name,))
