"""The baseline of `bench sync`: what our sync stored, loaded by `LOAD DATA LOCAL INFILE` into the same tables."""

import io
import time
from contextlib import redirect_stdout
from typing import Any

import pymysql

from tests.lab.mariadb import ROOT_PASSWORD, PrivateMariaDb
from worker.store import migrate

SCHEMA, COPY = "collector", "baseline"
CLIENT_TABLES, BILL_TABLES = ("client", "client_phone"), ("bill",)
TABLES = (*CLIENT_TABLES, *BILL_TABLES)
# As a server comes out of the package, but with a buffer pool for so many rows. The lab's own settings do not
# write to the disk at a commit, and their small log makes either side wait for it.
ARGUMENTS = (
    "--innodb-buffer-pool-size=512M",
    "--innodb-log-file-size=96M",
    "--innodb-flush-log-at-trx-commit=1",
    "--local-infile=ON",
)


def fresh(server: PrivateMariaDb) -> None:
    """Our schema as after its first `migrate`, and no baseline."""
    with server.root() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {COPY}")
        cursor.execute(f"DROP DATABASE IF EXISTS {SCHEMA}")
        cursor.execute("DROP TABLE IF EXISTS asteriskcdrdb.collector_outcome")
    with redirect_stdout(io.StringIO()):  # it logs what it does, and our standard output is the result
        migrate.migrate(server.database())


def count(server: PrivateMariaDb, schema: str = SCHEMA) -> dict[str, int]:
    """Rows by table."""
    found = {}
    with server.root() as cursor:
        for table in TABLES:
            cursor.execute(f"SELECT COUNT(*) FROM {schema}.{table}")
            found[table] = int(cursor.fetchone()[0])
    return found


def dump(server: PrivateMariaDb) -> None:
    """The stored rows as files that LOAD DATA reads, in the server's folder, which goes with it."""
    with server.root() as cursor:
        for table in TABLES:
            file = server.folder / f"{table}.tsv"
            file.unlink(missing_ok=True)
            seen = server._programs.seen(file)  # the server writes it itself, and may live in a chroot
            what = f"SELECT {_columns(cursor, table)} INTO OUTFILE '{seen}' CHARACTER SET utf8mb4"
            cursor.execute(f"{what} FROM {SCHEMA}.{table}")


def load(server: PrivateMariaDb) -> dict[str, float]:
    """Seconds of each table's LOAD DATA, commit included, into fresh copies. RuntimeError if rows are missing."""
    settle(server, SCHEMA)
    seconds = {}
    with _local(server) as connection, connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {COPY}")
        cursor.execute(f"CREATE DATABASE {COPY}")
        for table in TABLES:
            cursor.execute(f"CREATE TABLE {COPY}.{table} LIKE {SCHEMA}.{table}")
            statement = (
                f"LOAD DATA LOCAL INFILE '{server.folder / table}.tsv' INTO TABLE {COPY}.{table} "
                f"CHARACTER SET utf8mb4 ({_columns(cursor, table)})"
            )
            started = time.monotonic()
            cursor.execute(statement)
            seconds[table] = time.monotonic() - started
    if count(server) != count(server, COPY):
        raise RuntimeError(f"LOAD DATA stored {count(server, COPY)}, our sync {count(server)}")
    settle(server, COPY)
    return seconds


def settle(server: PrivateMariaDb, schema: str) -> None:
    """What is still to be written back of one side must not slow down the other."""
    with server.root() as cursor:
        cursor.execute(f"FLUSH TABLES {', '.join(f'{schema}.{table}' for table in TABLES)} FOR EXPORT")
        cursor.execute("UNLOCK TABLES")


def _local(server: PrivateMariaDb) -> "pymysql.connections.Connection[Any]":
    return pymysql.connect(
        unix_socket=str(server.socket),
        user="root",
        password=ROOT_PASSWORD,
        charset="utf8mb4",
        autocommit=True,
        local_infile=True,
    )


def _columns(cursor: Any, table: str) -> str:
    """Those that can be written."""
    cursor.execute(
        "SELECT COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s "
        "AND IS_GENERATED = 'NEVER' ORDER BY ORDINAL_POSITION",
        (SCHEMA, table),
    )
    return ", ".join(f"`{name}`" for (name,) in cursor.fetchall())
