"""The SQL source over a real, private MariaDB: a provider's tables, two views, a user who may read only these."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

from tests.contract.erp_world import Erp
from tests.contract.made_csv import BAD_CLIENT, bad_bill, read_table
from tests.lab.invented import World, write_csv
from tests.lab.mariadb import PrivateMariaDb
from worker.erp.source import Reading, read_date, read_money
from worker.erp.sqlview import SqlViews
from worker.source_settings import SqlSource

USER, PASSWORD = "leitor", "senha-do-leitor"
_HOSTS = ("127.0.0.1", "localhost")  # over TCP and over the socket
_NUMBERS = count(1)
_TABLES = (
    (
        "CREATE TABLE cliente (id INT PRIMARY KEY, name TEXT, person CHAR(1), document VARCHAR(20), "
        "type VARCHAR(40), neighbourhood VARCHAR(80), phone1 VARCHAR(40), phone2 VARCHAR(40), "
        "phone3 VARCHAR(40)) CHARSET utf8mb4"
    ),
    (
        "CREATE TABLE titulo (id BIGINT PRIMARY KEY, client_id INT, due_date DATE, amount DECIMAL(15,4), "
        "open_amount DECIMAL(15,4), status VARCHAR(20), contract_id INT, "
        "pay_line VARCHAR(80), KEY (client_id)) CHARSET utf8mb4"
    ),
    "CREATE VIEW collector_clients AS SELECT * FROM cliente",
    "CREATE VIEW collector_bills AS SELECT * FROM titulo",
)


@dataclass(frozen=True, slots=True)
class Database:
    """A fresh database of the provider's; `run` does in it what only its owner may."""

    name: str

    def run(self, statement: str, values: tuple[object, ...] = ()) -> None:
        with server().connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"USE {self.name}")
            cursor.execute(statement, values or None)

    def grant(self, right: str) -> None:
        for host in _HOSTS:
            self.run(f"GRANT {right} TO '{USER}'@'{host}'")

    def fill(self, table: str, names: list[str], rows: list[list[Any]]) -> None:
        with server().connect() as connection, connection.cursor() as cursor:
            places = ", ".join(["%s"] * len(names))
            cursor.executemany(f"INSERT INTO {self.name}.{table} ({', '.join(names)}) VALUES ({places})", rows)

    def settings(self, **more: object) -> SqlSource:
        settings = {
            "type": "sql",
            "port": server().port,
            "user": USER,
            "password": PASSWORD,
            "database": self.name,
        }
        return SqlSource.model_validate({**settings, "timeout_seconds": 10, **more})


@cache
def server() -> PrivateMariaDb:
    """One for all tests of this process, started when first needed; it stops itself when the process ends."""
    running = PrivateMariaDb().start()
    with running.root() as cursor:
        for host in _HOSTS:
            cursor.execute(f"CREATE USER '{USER}'@'{host}' IDENTIFIED BY '{PASSWORD}'")
    return running


def database() -> Iterator[Database]:
    """With empty tables and the two views."""
    made = Database(f"provedor_{next(_NUMBERS)}")
    with server().root() as cursor:
        cursor.execute(f"CREATE DATABASE {made.name}")
    for statement in _TABLES:
        made.run(statement)
    for view in ("collector_clients", "collector_bills"):
        made.grant(f"SELECT ON {view}")
    yield made
    with server().root() as cursor:
        cursor.execute(f"DROP DATABASE {made.name}")


def fill(world: World, folder: Path, database: Database) -> None:
    """The world as the provider's tables hold it."""
    clients, bills = (read_table(path, lambda _: None) for path in write_csv(world, folder))
    names = clients.header[:-1]  # the last one is no column of ours
    database.fill("cliente", names, [row[:-1] for row in clients.rows])
    database.fill("titulo", bills.header, [list(map(_typed, bills.header, row)) for row in bills.rows])


def _typed(name: str, text: str) -> str | date | Decimal | None:
    if name == "due_date":
        return read_date(text, name)
    return read_money(text, name, comma=True) if name.endswith("amount") else text or None


def made(world: World, folder: Path) -> Iterator[Erp]:
    for fresh in database():
        fill(world, folder, fresh)

        def settle(key: str, word: str, into: Database = fresh) -> None:
            into.run("UPDATE titulo SET status = %s, open_amount = 0 WHERE id = %s", (word, key))

        def add_bad_bill(into: Database = fresh) -> None:
            row = {**bad_bill(world), "amount": "10.00", "open_amount": None}
            into.fill("titulo", list(row), [list(row.values())])

        def add_bad_client(into: Database = fresh) -> None:
            into.fill("cliente", list(BAD_CLIENT), [list(BAD_CLIENT.values())])

        yield Erp(
            source=SqlViews(fresh.settings(), Reading("11"), sleep=lambda _: None),
            add_bad_bill=add_bad_bill,
            add_bad_client=add_bad_client,
            break_bills=lambda into=fresh: fail_at(into, 0.9),  # type: ignore[misc]  # bound early on purpose
            pay=lambda key: settle(key, "Pago"),
            cancel=lambda key: settle(key, "cancelado"),
        )


def fail_at(database: Database, part: float) -> None:
    """From now on the server fails at a row so far into the listing of bills: its sub-query has several rows."""
    with server().root() as cursor:
        cursor.execute(f"SELECT id FROM {database.name}.titulo ORDER BY id")
        ids = [row[0] for row in cursor.fetchall()]
    database.run(
        "CREATE OR REPLACE VIEW collector_bills AS SELECT id, client_id, due_date, amount, IF(id = %s, "
        "(SELECT other.id FROM titulo other WHERE other.id <= first.id), open_amount) AS open_amount, "
        "status, contract_id, pay_line FROM titulo first",
        (ids[int(len(ids) * part)],),
    )
