"""The store's contract suite runs over the twin in memory and over a real, private MariaDB."""

from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.contract.store_data import Bed
from tests.lab.mariadb import PrivateMariaDb
from worker.core.records import CdrRow
from worker.store.mariadb import OpenStore, open_store
from worker.store.memory import memory_store
from worker.store.memory_tables import Tables
from worker.store.migrate import migrate
from worker.store_ports import Store

_TABLES = (
    "client",
    "client_phone",
    "client_type",
    "contract",
    "answer",
    "alarm",
    "bill",
    "queue_entry",
    "attempt",
    "ledger",
    "instance_lock",
    "number_block",
    "job_run",
    "rejected_row",
    "presence",
    "brake",
    "do_not_call",
    "call_count",
    "erp_note",
    "payment_request",
    "agent_result",
    "heard_call",
)


@pytest.fixture(scope="session")
def server() -> Iterator[PrivateMariaDb]:
    with PrivateMariaDb() as server:
        migrate(server.database())
        yield server


@pytest.fixture(scope="session")
def session_store(server: PrivateMariaDb) -> Iterator[OpenStore]:
    with open_store(server.database()) as opened:
        yield opened


@pytest.fixture
def opened(server: PrivateMariaDb, session_store: OpenStore) -> OpenStore:
    """The MariaDB store, emptied."""
    empty(server)
    return session_store


def empty(server: PrivateMariaDb) -> None:
    with server.root() as cursor:
        for table in _TABLES:
            cursor.execute(f"DELETE FROM collector.{table}")
        cursor.execute("DELETE FROM asteriskcdrdb.collector_outcome")
        cursor.execute("DELETE FROM asteriskcdrdb.cdr")


@pytest.fixture(params=["memory", "mariadb"])
def bed(request: pytest.FixtureRequest) -> Bed:
    if request.param == "memory":
        tables = Tables()
        return Bed("memory", memory_store(tables), tables.cdr.append)
    opened: OpenStore = request.getfixturevalue("opened")
    server: PrivateMariaDb = request.getfixturevalue("server")
    return Bed("mariadb", opened.store, lambda row: put_cdr(server, row))


@pytest.fixture
def store(bed: Bed) -> Store:
    return bed.store


def put_cdr(server: PrivateMariaDb, row: CdrRow) -> None:
    """As Asterisk writes it: calldate in this machine's own zone, whole seconds."""
    local: datetime = row.calldate.astimezone().replace(tzinfo=None, microsecond=0)
    with server.root() as cursor:
        cursor.execute(
            "INSERT INTO asteriskcdrdb.cdr (calldate, uniqueid, disposition, userfield, duration, billsec) "
            "VALUES (%s, %s, %s, %s, %s, %s)",
            (local, row.uniqueid, row.disposition, row.userfield, row.duration, row.billsec),
        )
