"""Migrations on a real server: once, in order, resumable, safe to run twice at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr

from tests.lab.mariadb import PrivateMariaDb, free_port
from worker.errors import SchemaMismatch, StoreError, StoreUnavailable
from worker.settings import Database
from worker.store.mariadb import open_store
from worker.store.migrate import check, load_migrations, migrate, status
from worker.store.sqltext import QUERIES, named, statements

ONE = """-- a comment; with a semicolon and Asterisk's quote
CREATE TABLE one (name VARCHAR(20) NOT NULL DEFAULT 'a;b -- c');  -- the end's comment
CREATE TABLE two (n INT);
"""
TWO = "ALTER TABLE two ADD COLUMN m INT;\nINSERT INTO two VALUES (1, 2);\n"


@pytest.fixture(scope="module")
def server() -> Iterator[PrivateMariaDb]:
    with PrivateMariaDb(sql_mode="") as server:
        yield server


@pytest.fixture
def database(server: PrivateMariaDb) -> Database:
    """Nothing of ours is there yet."""
    with server.root() as cursor:
        cursor.execute("DROP DATABASE IF EXISTS collector")
        cursor.execute("DROP TABLE IF EXISTS asteriskcdrdb.collector_outcome")
    return server.database()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "0001_one.sql").write_text(ONE, "utf-8")
    (tmp_path / "0002_two.sql").write_text(TWO, "utf-8")
    return tmp_path


def test_the_first_run_makes_the_schema_and_the_second_does_nothing(database: Database) -> None:
    shipped = [one.name for one in load_migrations()]
    assert (0, len(shipped)) == status(database)
    with pytest.raises(SchemaMismatch, match="version 0"):
        check(database)
    assert shipped == migrate(database)
    assert (len(shipped), len(shipped)) == status(database)
    check(database)
    assert [] == migrate(database)


def test_strings_and_comments_survive_the_splitting(
    database: Database, folder: Path, server: PrivateMariaDb
) -> None:
    assert ["0001_one.sql", "0002_two.sql"] == migrate(database, folder)
    with server.root() as cursor:
        cursor.execute("INSERT INTO collector.one VALUES ()")
        cursor.execute("SELECT name FROM collector.one")
        assert ("a;b -- c",) == cursor.fetchone()


def test_four_at_once_apply_everything_once(database: Database) -> None:
    with ThreadPoolExecutor(4) as threads:
        applied = list(threads.map(migrate, [database] * 4))
    assert [one.name for one in load_migrations()] == [name for names in applied for name in names]


def test_a_newer_database_is_refused(database: Database, folder: Path) -> None:
    migrate(database, folder)
    (folder / "0002_two.sql").unlink()
    with pytest.raises(SchemaMismatch, match="version 2, this program knows only 1"):
        migrate(database, folder)
    assert (2, 1) == status(database, folder)


def test_a_file_changed_after_it_was_applied_is_refused_but_a_comment_may_be_mended(
    database: Database, folder: Path
) -> None:
    migrate(database, folder)
    (folder / "0001_one.sql").write_text(ONE.replace("a comment", "a better comment"), "utf-8")
    assert [] == migrate(database, folder)
    (folder / "0001_one.sql").write_text(ONE.replace("n INT", "n BIGINT"), "utf-8")
    with pytest.raises(SchemaMismatch, match=r"0001_one\.sql is not what was run"):
        migrate(database, folder)


def test_a_statement_that_fails_is_named_and_the_next_run_goes_on_after_the_last_done(
    database: Database, folder: Path, server: PrivateMariaDb
) -> None:
    migrate(database, folder)
    (folder / "0003_three.sql").write_text(
        "CREATE TABLE three (n INT);\nINSERT INTO four VALUES (1);\nCREATE TABLE five (n INT);", "utf-8"
    )
    expected = r"0003_three\.sql stopped at statement 2 of 3, INSERT INTO four: error 1146"
    for _ in range(2):
        with pytest.raises(StoreError, match=expected):
            migrate(database, folder)
    assert (2, 3) == status(database, folder)
    with server.root() as cursor:
        cursor.execute("CREATE TABLE collector.four (n INT)")
    assert ["0003_three.sql"] == migrate(database, folder)
    assert (3, 3) == status(database, folder)


def test_a_statement_done_but_not_recorded_is_not_an_error_on_the_next_run(
    database: Database, folder: Path, server: PrivateMariaDb
) -> None:
    migrate(database, folder)
    with server.root() as cursor:  # as if the machine had stopped between the two
        cursor.execute(
            "UPDATE collector.schema_migration SET statements = 1, finished_at = NULL WHERE version = 1"
        )
    assert ["0001_one.sql"] == migrate(database, folder)


def test_a_table_that_was_there_before_the_first_try_is_an_error(
    database: Database, folder: Path, server: PrivateMariaDb
) -> None:
    with server.root() as cursor:
        cursor.execute("CREATE DATABASE collector")
        cursor.execute("CREATE TABLE collector.one (n INT)")
    with pytest.raises(StoreError, match="statement 1 of 2, CREATE TABLE one"):
        migrate(database, folder)


def test_without_asterisks_table_nothing_is_begun(database: Database, server: PrivateMariaDb) -> None:
    missing = database.model_copy(update={"cdr_table": "cdr2"})
    with pytest.raises(StoreError, match=r"asteriskcdrdb\.cdr2 is not there"):
        migrate(missing)
    with server.root() as cursor:
        cursor.execute("SHOW DATABASES LIKE 'collector'")
        assert cursor.fetchone() is None


def test_a_user_who_may_not_create_the_schema_is_told_so(database: Database) -> None:
    with pytest.raises(StoreError, match="collector_two does not exist and collector may not create it"):
        migrate(database.model_copy(update={"schema_name": "collector_two"}))


def test_faults_of_the_connection_have_their_own_errors(database: Database) -> None:
    with pytest.raises(StoreUnavailable):
        migrate(database.model_copy(update={"port": free_port()}))
    with pytest.raises(StoreError, match="refuses"):
        status(database.model_copy(update={"password": SecretStr("wrong")}))


def test_another_migration_that_does_not_end_is_reported(
    database: Database, server: PrivateMariaDb, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.store.migrate._LOCK_SECONDS", 0)
    with server.root() as cursor:
        cursor.execute("SELECT GET_LOCK('collector.migrate', 0)")
        with pytest.raises(StoreUnavailable, match="Another migration"):
            migrate(database)


def test_two_private_servers_run_side_by_side_and_leave_nothing(server: PrivateMariaDb, tmp_path: Path) -> None:
    with PrivateMariaDb(tmp_path / "second", sql_mode="TRADITIONAL") as second:
        assert second.port != server.port
        migrate(second.database())
        with open_store(second.database()) as opened:
            assert [] == [one for one in opened.probe() if not one.good]
        folder = second.folder
        assert folder.is_dir()
    assert not folder.exists()


@pytest.mark.parametrize("names", [["1_x.sql"], ["0002_x.sql"], ["0001_a.sql", "0001_b.sql"]])
def test_badly_numbered_files_are_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("SELECT 1", "utf-8")
    with pytest.raises(ValueError, match="migration"):
        load_migrations(tmp_path)


def test_a_named_query_is_one_statement_given_once() -> None:
    assert {"a": "SELECT ';'"} == named("-- name: a\n-- why\nSELECT ';';\n")
    for wrong in ("-- name: a\nSELECT 1; SELECT 2;\n", "-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;\n"):
        with pytest.raises(ValueError, match="query a"):
            named(wrong)


def test_quotes_and_backticks_hide_semicolons() -> None:
    assert ["SELECT 'it''s; \\'; --'", "SELECT `a;b` - 1"] == statements(
        "SELECT 'it''s; \\'; --'; SELECT `a;b` - 1; -- end"
    )


def test_every_query_is_used_and_every_query_used_is_there() -> None:
    shipped = {name for file in QUERIES.glob("*.sql") for name in named(file.read_text("utf-8"))}
    code = "".join(file.read_text("utf-8") for file in Path(str(QUERIES.parents[1] / "worker/store")).glob("*.py"))
    assert [] == [name for name in sorted(shipped) if f'"{name}"' not in code]
