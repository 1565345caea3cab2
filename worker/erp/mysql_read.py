"""A foreign MySQL or MariaDB, only ever read: one read-only snapshot a question, row after row, as text."""

import ssl
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import pymysql
from pymysql.constants import FIELD_TYPE
from pymysql.converters import encoders
from pymysql.cursors import SSCursor
from pymysql.err import MySQLError

from worker.erp.cells import Field, float_text, plain_number
from worker.erp.csv_rows import Columns
from worker.erp.mysql_faults import explain
from worker.erp.quoting import Quoting
from worker.erp.source import BadValue
from worker.errors import SourceBroken, SourceError, SourceRefused
from worker.hosts import is_this_machine
from worker.source_settings import SqlSource

ROWS_AT_ONCE: Final = 500
_CONNECT_SECONDS: Final = 10.0
# Names and amounts come as the server writes them; only what would carry noise, zeros or bits is put into words.
_DECODERS: Final[dict[int, Callable[[Any], Field]]] = {
    FIELD_TYPE.BIT: lambda bits: str(int.from_bytes(bits, "big")),
    FIELD_TYPE.DECIMAL: plain_number,
    FIELD_TYPE.NEWDECIMAL: plain_number,
    FIELD_TYPE.FLOAT: lambda digits: float_text(float(digits)),
    FIELD_TYPE.DOUBLE: lambda digits: float_text(float(digits)),
}
_CONVERSIONS: Final[dict[Any, Callable[..., Any]]] = {**encoders, **_DECODERS}
_SESSION: Final = (
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "SET SESSION net_write_timeout = 600",  # we may be slower in storing than it is in sending
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)
_FAULTS: Final = (MySQLError, OSError, RuntimeError, UnicodeError)
_GARBLED: Final = (struct.error, LookupError, TypeError, ValueError)  # over the greeting of what is no MySQL


class Snapshot:
    """An open transaction that sees the tables as they were when it began."""

    def __init__(self, connection: "pymysql.Connection[SSCursor]", database: str) -> None:
        self._connection = connection
        self._database = database
        self.view = f"database {database}"  # what is read just now, for sentences

    def columns(self, view: str, columns: Columns) -> tuple[str, ...]:
        """Those of the columns that the view has. SourceBroken naming the first one needed and missing."""
        self.view = f"view {view}"
        with self._cursor(f"SELECT * FROM {self._named(view)} LIMIT 0") as cursor:  # noqa: S608  # checked names
            there = {name[0].casefold() for name in cursor.description or ()}
        for name in columns.required:
            if name not in there:
                raise SourceBroken(
                    f"the view {view} of {self._database} has no column {name}: add it to its SELECT"
                )
        return tuple(name for name in columns.all if name in there)

    def rows(
        self, view: str, names: Sequence[str], key: str = "", values: Sequence[str] = ()
    ) -> Iterator[list[list[Field]]]:
        """All rows, or those whose column `key` is one of `values`; some at a time, fields as named."""
        self.view = f"view {view}"
        wanted = ", ".join(f"`{name}`" for name in names)
        places = ", ".join(["%s"] * len(values))
        where = f" WHERE `{key}` IN ({places})" if key else ""
        with self._cursor(f"SELECT {wanted} FROM {self._named(view)}{where}", values) as cursor:  # noqa: S608  # checked names
            while rows := cursor.fetchmany(ROWS_AT_ONCE):
                yield [[_field(value) for value in row] for row in rows]

    def _named(self, view: str) -> str:
        return f"`{self._database}`.`{view}`"

    @contextmanager
    def _cursor(self, query: str, values: Sequence[str] = ()) -> Iterator[SSCursor]:
        cursor = self._connection.cursor()
        try:
            cursor.execute(query, tuple(values) or None)
            yield cursor
        except BaseException:
            _abandon(cursor)
            raise
        cursor.close()


class MySqlServer:
    """How the server is reached. Nothing is asked of it before `snapshot`."""

    def __init__(self, source: SqlSource) -> None:
        """SourceRefused when the line to it would be open to others, or source.ca_file is none."""
        self._source = source
        where = str(source.socket) if source.socket else f"{source.host}:{source.port}"
        self.name = f"the database server at {where}"
        self._quote = Quoting([source.password.get_secret_value()])
        if source.socket is None and source.ca_file is None and not is_this_machine(source.host):
            raise SourceRefused(
                f"{self.name} is another machine, and the line to it would be open: "
                "set source.ca_file to the authority of its TLS certificate"
            )
        self._tls = _tls(source)

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """A connection of its own, closed at the end. Every failure within is a leaf of SourceError."""
        view = f"database {self._source.database}"
        try:
            connection = self._connect()
        except (*_FAULTS, *_GARBLED) as error:
            raise self._explained(error, view) from None
        try:
            snapshot = Snapshot(connection, self._source.database)
            try:
                for statement in _SESSION:
                    with connection.cursor() as cursor:
                        cursor.execute(statement)
                yield snapshot
            finally:
                view = snapshot.view
                connection.close()
        except _FAULTS as error:
            raise self._explained(error, view) from None

    def _explained(self, error: Exception, view: str) -> SourceError:
        return explain(error, self.name, view, self._source.timeout_seconds, self._quote)

    def _connect(self) -> "pymysql.Connection[SSCursor]":
        source = self._source
        if source.socket is not None and not source.socket.is_socket():
            raise FileNotFoundError(source.socket)  # pymysql would leave its own end open
        return pymysql.connect(
            host=source.host,
            port=source.port,
            unix_socket=None if source.socket is None else str(source.socket),
            user=source.user,
            password=source.password.get_secret_value().encode(),  # text would be sent as latin-1
            database=source.database,
            charset="utf8mb4",
            conv=_CONVERSIONS,
            cursorclass=SSCursor,
            connect_timeout=min(source.timeout_seconds, _CONNECT_SECONDS),
            read_timeout=source.timeout_seconds,
            write_timeout=source.timeout_seconds,
            ssl=self._tls,
            ssl_disabled=source.socket is not None,
            local_infile=False,
        )


def _abandon(cursor: SSCursor) -> None:
    """Let go of an answer not read to its end: pymysql would fetch all the rest of it before it closes."""
    unread: Any = cursor  # its types do not name what must be changed here, and it has no public way to stop
    if unread._result is not None:  # noqa: SLF001
        unread._result.unbuffered_active = False  # noqa: SLF001
    unread.connection = None


def _tls(source: SqlSource) -> ssl.SSLContext | None:
    if source.ca_file is None or source.socket is not None:
        return None
    try:
        return ssl.create_default_context(cafile=str(source.ca_file))
    except OSError:  # also of what ssl finds wrong with its content
        raise SourceRefused(
            "source.ca_file is not there, cannot be read or holds no certificate: check its path and content"
        ) from None


def _field(value: str | bytes | BadValue | None) -> Field:
    if value is None:
        return ""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return BadValue("holds bytes that are no text")
