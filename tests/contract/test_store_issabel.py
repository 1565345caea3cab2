"""Issabel's own do-not-call list: honoured where it is there, silent where it is not, and nobody rung in doubt."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tests.contract.store_data import ALPHA, NOW, client, number_of, seed
from tests.lab.mariadb import PrivateMariaDb
from worker.core.do_not_call import DoNotCall, Search
from worker.core.issabel_list import IssabelList, read_list
from worker.errors import StoreUnavailable
from worker.settings import Database
from worker.store import issabel_dnc
from worker.store.do_not_call import SqlDoNotCall, lines_naming
from worker.store.engine import Db
from worker.store.issabel_dnc import IssabelDnc
from worker.store.mariadb import OpenStore
from worker.store.queue import SqlQueue

# As Issabel's installer makes it: no index on caller_id.
TABLE = """CREATE TABLE call_center.dont_call (
  id int(11) NOT NULL auto_increment, caller_id varchar(15) NOT NULL, date_income datetime default NULL,
  status varchar(1) default NULL, PRIMARY KEY (id)) ENGINE=InnoDB DEFAULT CHARSET=latin1"""


class Time:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def cursor(server: PrivateMariaDb) -> Iterator[Any]:
    with server.root() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS call_center")
        yield cursor
        cursor.execute("DROP DATABASE IF EXISTS call_center")
        cursor.execute("DROP USER IF EXISTS stranger@'127.0.0.1'")


def install(cursor: Any, *rows: tuple[str, str]) -> None:
    cursor.execute("CREATE DATABASE call_center")
    cursor.execute(TABLE)
    write(cursor, *rows)


def write(cursor: Any, *rows: tuple[str, str]) -> None:
    query = "INSERT INTO call_center.dont_call (caller_id, date_income, status) VALUES (%s, NOW(), %s)"
    for row in rows:
        cursor.execute(query, row)


class Bench:
    """The store's parts with a clock of our own."""

    def __init__(self, database: Database) -> None:
        self.db, self.time = Db(database), Time()
        self.issabel = IssabelDnc(self.db, self.time)
        self.listed = SqlDoNotCall(self.db, self.issabel)
        self.queue = SqlQueue(self.db, self.issabel)

    def refused(self) -> list[str]:
        return [one.entry.client_id for one in self.queue.waiting(ALPHA, NOW, 10) if one.do_not_call]


@pytest.fixture
def bench(server: PrivateMariaDb, opened: OpenStore) -> Iterator[Bench]:
    del opened  # emptied
    bench = Bench(server.database())
    yield bench
    bench.db.close()


def test_numbers_on_the_list_come_with_the_debtor_whatever_their_writing(
    bench: Bench, opened: OpenStore, cursor: Any
) -> None:
    seed(opened.store, [client(n) for n in range(1, 6)])
    national = number_of(1)[3:]
    install(
        cursor, (national, "A"), ("0" + number_of(2)[3:], "A"), (number_of(3)[1:], "A"), (number_of(4)[5:], "A")
    )
    assert ["c0001", "c0002", "c0003", "c0004"] == bench.refused()
    (found,) = bench.queue.dossier(number_of(1)).waiting
    assert ["Issabel"] == [line.source for line in found.do_not_call]
    assert ["Issabel"] == [line.source for line in bench.listed.listing(Search(number_of(1)), 5)]
    assert [] == bench.listed.listing(Search(number_of(5)), 5)
    assert ((4, 0), "") == (bench.listed.issabel(), bench.listed.why_unreadable())


def test_inactive_lines_do_not_count_and_nonsense_is_counted(bench: Bench, opened: OpenStore, cursor: Any) -> None:
    seed(opened.store, [client(1), client(2)])
    install(cursor, (number_of(1)[3:], "I"), (number_of(2)[3:], "A"), ("ramal", "A"))
    assert ["c0002"] == bench.refused()
    assert (2, 1) == bench.listed.issabel()


def test_it_is_read_once_a_minute_and_only_when_it_has_changed(
    bench: Bench, opened: OpenStore, cursor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []

    def reading(rows: Iterable[tuple[str, str | None]]) -> IssabelList:
        reads.append(1)
        return read_list(rows)

    monkeypatch.setattr(issabel_dnc, "read_list", reading)
    seed(opened.store, [client(1)])
    install(cursor, ("1133334444", "A"))
    assert [] == bench.refused()
    write(cursor, (number_of(1)[3:], "A"))
    bench.time.now = 59.0
    assert ([], 1) == (bench.refused(), len(reads))
    bench.time.now = 61.0
    assert (["c0001"], 2) == (bench.refused(), len(reads))
    bench.time.now = 122.0
    assert (["c0001"], 2) == (bench.refused(), len(reads))
    cursor.execute("UPDATE call_center.dont_call SET status = 'I'")
    bench.time.now = 183.0
    assert ([], 3) == (bench.refused(), len(reads))


def test_two_equal_lines_that_go_are_seen_to_be_gone(bench: Bench, opened: OpenStore, cursor: Any) -> None:
    seed(opened.store, [client(1), client(2)])
    install(cursor, *[(number_of(1)[3:], "A")] * 2)
    assert ["c0001"] == bench.refused()
    cursor.execute("UPDATE call_center.dont_call SET caller_id = %s", (number_of(2)[3:],))
    bench.time.now = 61.0
    assert ["c0002"] == bench.refused()


def test_an_empty_list_and_a_schema_without_the_table_say_nothing(bench: Bench, cursor: Any) -> None:
    cursor.execute("CREATE DATABASE call_center")
    assert ("", None) == (bench.listed.why_unreadable(), bench.listed.issabel())
    cursor.execute(TABLE)
    bench.time.now = 61.0
    assert ("", (0, 0)) == (bench.listed.why_unreadable(), bench.listed.issabel())


def test_a_list_that_is_taken_away_no_longer_counts(bench: Bench, opened: OpenStore, cursor: Any) -> None:
    seed(opened.store, [client(1)])
    install(cursor, (number_of(1)[3:], "A"))
    assert ["c0001"] == bench.refused()
    cursor.execute("DROP DATABASE call_center")
    bench.time.now = 61.0
    assert ([], "", None) == (bench.refused(), bench.listed.why_unreadable(), bench.listed.issabel())


def test_a_list_that_can_no_longer_be_read_stops_dialling_and_what_it_said_still_counts(
    bench: Bench, opened: OpenStore, cursor: Any
) -> None:
    seed(opened.store, [client(1)])
    install(cursor, (number_of(1)[3:], "A"))
    assert ["c0001"] == bench.refused()
    cursor.execute("ALTER TABLE call_center.dont_call DROP COLUMN status")
    bench.time.now = 61.0
    assert "call_center.dont_call" in bench.listed.why_unreadable()
    assert ["c0001"] == bench.refused()
    cursor.execute("ALTER TABLE call_center.dont_call ADD COLUMN status varchar(1) DEFAULT 'A'")
    bench.time.now = 122.0
    assert ("", ["c0001"]) == (bench.listed.why_unreadable(), bench.refused())


@pytest.fixture
def stranger(server: PrivateMariaDb, cursor: Any) -> Iterator[Bench]:
    """A user who has every right but the one."""
    cursor.execute("CREATE USER stranger@'127.0.0.1' IDENTIFIED BY 'x'")
    cursor.execute("GRANT ALL ON collector.* TO stranger@'127.0.0.1'")
    database = server.database().model_copy(update={"user": "stranger", "password": SecretStr("x")})
    bench = Bench(database)
    yield bench
    bench.db.close()


def test_who_may_not_read_the_list_that_is_there_calls_nobody_and_is_told_the_remedy(
    stranger: Bench, cursor: Any
) -> None:
    install(cursor)
    reason = stranger.listed.why_unreadable()
    assert "GRANT SELECT ON call_center.* TO stranger@" in reason
    assert 1 == len(reason.splitlines())
    cursor.execute("GRANT SELECT ON call_center.* TO stranger@'127.0.0.1'")
    assert reason == stranger.listed.why_unreadable()
    stranger.time.now = 61.0
    assert "" == stranger.listed.why_unreadable()


def test_who_may_not_ask_sees_in_the_servers_folder_that_there_is_none(
    server: PrivateMariaDb, stranger: Bench
) -> None:
    if server.database().host != "127.0.0.1" or not (server.folder / "data").is_dir():
        pytest.skip("the server's folder cannot be seen from here")
    assert ("", None) == (stranger.listed.why_unreadable(), stranger.listed.issabel())


def test_a_folder_that_is_not_surely_the_servers_proves_nothing(
    stranger: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "iterdir", lambda _: iter([Path("mysql")]))  # another server's: ours is not in it
    assert "GRANT SELECT" in stranger.listed.why_unreadable()


def test_a_folder_that_may_not_be_looked_into_proves_nothing(
    stranger: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> Iterator[Path]:
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", refuse)
    assert "GRANT SELECT" in stranger.listed.why_unreadable()


def test_a_server_that_does_not_answer_is_no_unreadable_list(server: PrivateMariaDb) -> None:
    database = server.database().model_copy(update={"port": 1})
    bench = Bench(database)
    with pytest.raises(StoreUnavailable):
        bench.listed.why_unreadable()
    bench.db.close()


def test_the_schema_is_the_one_of_the_settings(server: PrivateMariaDb, cursor: Any) -> None:
    install(cursor, ("1133334444", "A"))
    bench = Bench(server.database().model_copy(update={"call_center_schema": "asteriskcdrdb"}))
    assert "GRANT SELECT ON asteriskcdrdb.*" in bench.listed.why_unreadable()
    assert None is bench.listed.issabel()
    bench.db.close()


def test_debtors_without_a_listed_number_are_handed_on_as_they_are(
    bench: Bench, opened: OpenStore, cursor: Any
) -> None:
    seed(opened.store, [client(1)])
    install(cursor, ("1133334444", "A"))
    (found,) = bench.queue.waiting(ALPHA, NOW, 10)
    assert replace(found, do_not_call=()) == found


def test_whoever_names_only_one_kind_does_not_fetch_all_lines_of_the_other(bench: Bench) -> None:
    lines = [DoNotCall(number_of(1), source="a"), DoNotCall(document="52998224725", source="a")]
    bench.listed.put(lambda: lines, NOW)
    found = bench.db.run(lambda tx: lines_naming(tx, ALPHA, [number_of(2)], []))
    assert {} == found
    found = bench.db.run(lambda tx: lines_naming(tx, ALPHA, [], ["11222333000181", None]))
    assert {} == found
