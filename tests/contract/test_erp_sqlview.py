"""The SQL views over a real MariaDB: what columns may hold, and every way in which a server refuses or fails."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.contract.made_sql import PASSWORD, USER, Database, database, server
from tests.lab.certificate import make_certificate
from tests.lab.mariadb import PrivateMariaDb, find_programs, free_port
from worker.core.billing import BillKey
from worker.core.enums import Fate
from worker.core.model import Bill, Client, Rejected
from worker.erp import sqlview
from worker.erp.mysql_read import MySqlServer
from worker.erp.source import Reading
from worker.erp.sqlview import SqlViews
from worker.errors import SourceBroken, SourceError, SourceLacks, SourceRefused, SourceUnavailable
from worker.ports import Can

DUE = date(2026, 10, 20)
SPAN = (date(2026, 1, 1), date(2026, 12, 31))
# 40 MB: more than any buffer between the server and us takes
MANY = "SELECT seq AS id, REPEAT('x', 2000) AS name, 'F' AS person, '' AS phone1 FROM seq_1_to_20000"


@pytest.fixture
def db() -> Iterator[Database]:
    yield from database()


def _source(db: Database, **more: object) -> SqlViews:
    return SqlViews(db.settings(**more), Reading("11"))


def _bills(source: SqlViews) -> tuple[list[Bill], list[Rejected]]:
    pages = list(source.bills(*SPAN))
    return [bill for page in pages for bill in page.rows], [each for page in pages for each in page.rejected]


def _clients(source: SqlViews) -> tuple[list[Client], list[Rejected]]:
    pages = list(source.clients())
    return [client for page in pages for client in page.rows], [each for page in pages for each in page.rejected]


def _view(db: Database, name: str, select: str) -> None:
    db.run(f"CREATE OR REPLACE VIEW collector_{name} AS {select}")


def _title(db: Database, *rows: tuple[Any, ...]) -> None:
    db.fill(
        "titulo",
        ["id", "client_id", "due_date", "amount", "open_amount", "status"],
        [[*row, *(5, DUE, "9.90", "9.90", "aberto")[len(row) - 1 :]] for row in rows],
    )


def test_columns_of_any_type_are_read_as_text(db: Database) -> None:
    _view(
        db,
        "bills",
        "SELECT 1e0 AS ID, CAST('5' AS BINARY) AS client_id, TIMESTAMP '2026-10-20 13:05:00' AS due_date, "
        "'1.234,50' AS amount, 0.1e0 + 0.2e0 AS open_amount, 'aberto' AS status, NULL AS contract_id, "
        "CAST(1234.5 AS DECIMAL(15,6)) AS updated_amount, 'secret' AS note",
    )
    expected = Bill("1", "5", DUE, Decimal("1234.50"), Decimal("0.30"), updated_amount=Decimal("1234.50"))
    assert ([expected], []) == _bills(_source(db))


def test_bits_and_umlauts_of_a_latin_table_are_read(db: Database) -> None:
    db.run("CREATE TABLE old (id INT, name VARCHAR(40), ativo BIT(1)) CHARSET latin1")
    db.fill("old", ["id", "name", "ativo"], [[1, "Conceição", 1], [2, "Zé", 0]])
    select = "SELECT id, name, 'F' AS person, '(11) 98765-4321' AS phone1, ativo AS active, 'sp' AS state FROM old"
    _view(db, "clients", select)
    good, rejected = _clients(_source(db))
    found = [(client.name, client.state, [phone.number for phone in client.phones]) for client in good]
    assert ([("Conceição", "SP", ["+5511987654321"])], []) == (found, rejected)


def test_bad_rows_are_rejected_by_id_or_by_place(db: Database) -> None:
    _view(
        db,
        "bills",
        "SELECT 'A' AS id, 5 AS client_id, '2026-10-20' AS due_date, 1 AS amount, 1 AS open_amount, 'a' AS status "
        "UNION ALL SELECT 'B', 5, '0000-00-00', 1, 1, 'open' UNION ALL SELECT NULL, 5, '2026-10-20', 1, 1, 'open' "
        "UNION ALL SELECT 'A', 5, '2026-10-20', 1, 1, 'open'",
    )
    good, rejected = _bills(_source(db))
    expected = [("B", "due_date is empty"), ("row 3", "id is empty"), ("A", "id “A” stands in a line before")]
    assert (["A"], expected) == ([b.bill_id for b in good], [(each.source_id, each.reason) for each in rejected])


def test_bytes_that_are_no_text_reject_their_row(db: Database) -> None:
    _view(db, "clients", "SELECT 1 AS id, X'FFFE' AS name, 'F' AS person, '' AS phone1")
    assert [Rejected("client", "1", "name holds bytes that are no text", "1")] == _clients(_source(db))[1]


def test_client_types_need_a_column_of_that_name(db: Database) -> None:
    db.fill("cliente", ["id", "type"], [[1, "Rural"], [2, "Centro"], [3, "Rural"], [4, None]])
    assert ["Centro", "Rural"] == [each.name for each in _source(db).client_types()]
    _view(db, "clients", "SELECT id, name, person, phone1 FROM cliente")
    assert () == _source(db).client_types()


def test_open_now_is_about_one_client_to_the_letter(db: Database) -> None:
    select = "SELECT id, IF(client_id = 5, 'ana', 'ANA') AS client_id, due_date, amount, open_amount, status"
    _view(db, "bills", f"{select} FROM titulo")
    _title(db, (1,), (2, 6), (3, 5, date(2020, 1, 1)), (4, 5, DUE, 9, 0, "pago"))
    source = _source(db)
    assert ["1"] == [bill.bill_id for bill in source.open_now("ana", *SPAN)]
    for hostile in ("ana' OR '1'='1", "' OR 1=1 -- ", "ana\\", "%s", ""):
        assert () == source.open_now(hostile, *SPAN)


def test_fates_are_asked_in_batches(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlview, "IDS_AT_ONCE", 2)
    _title(db, (1, 5, DUE, 9, 0, "pago"), (2, 5, DUE, 9, 0, "cancelado"), (3, 5, DUE, 9, 0, "renegociado"))
    _title(db, (4,), (5, 5, date(2020, 1, 1)), (6, 5, DUE, 9, 0, "perdido"), (7,))
    expected = dict(zip("12345", (*Fate,)[:3], strict=False))
    expected |= {"4": Fate.OPEN, "5": Fate.OUT_OF_SPAN}
    gone = [BillKey(key, "5") for key in ("1", "2", "3", "4", "5", "6", "99", "1' OR '1'='1")]
    assert expected == _source(db).fates(gone, *SPAN)
    assert {} == _source(db, port=free_port()).fates([], *SPAN)  # nothing is asked


def test_contracts_are_lacking_and_it_says_so(db: Database) -> None:
    assert {Can.CLIENT_TYPES, Can.OPEN_NOW, Can.FATES} == _source(db).can
    with pytest.raises(SourceLacks, match="type sql has no contracts: use"):
        _source(db).contracts()


def test_nothing_can_be_written_even_with_the_right_to(db: Database) -> None:
    db.grant("INSERT ON titulo")
    with pytest.raises(SourceBroken, match="error 1792"), MySqlServer(db.settings()).snapshot() as snapshot:
        snapshot._connection.cursor().execute("INSERT INTO titulo (id) VALUES (1)")


def test_a_socket_is_used_when_there_is_one(db: Database) -> None:
    source = _source(db, host="erp.example", port=1, socket=server().socket)
    assert str(server().socket) in source.probe()
    gone = _source(db, socket="/nowhere/db.sock")
    with pytest.raises(SourceUnavailable, match=r"/nowhere/db\.sock cannot be reached"):
        gone.probe()


def _without(column: str) -> Callable[[Database], object]:
    names = [name for name in ("id", "client_id", "due_date", "amount", "open_amount", "status") if name != column]
    return lambda db: _view(db, "bills", f"SELECT {', '.join(names)} FROM titulo")


@pytest.mark.parametrize(
    ("spoil", "more", "error", "words"),
    [
        (None, {"password": "wrong-" + PASSWORD}, SourceRefused, "refuses the login: check source.user"),
        (None, {"user": "nobody"}, SourceRefused, "refuses the login"),
        (None, {"database": "elsewhere"}, SourceRefused, "lacks a right for database elsewhere: grant"),
        (None, {"bills_view": "titulo"}, SourceRefused, "lacks a right for view titulo: grant source.user SELECT"),
        (None, {"port": 9}, SourceUnavailable, "cannot be reached: check that it runs"),
        (None, {"bills_view": "x"}, SourceRefused, "lacks a right for view x"),
        (
            lambda db: db.run("DROP VIEW collector_bills"),
            {},
            SourceRefused,
            "has no view collector_bills: create it",
        ),
        (lambda db: db.run("DROP TABLE titulo"), {}, SourceRefused, "is gone or closed to it: create it anew"),
        (_without("open_amount"), {}, SourceBroken, "collector_bills of .* has no column open_amount"),
        (_without("id"), {}, SourceBroken, "has no column id: add it"),
    ],
)
def test_each_refusal_is_one_sentence_with_its_remedy(
    db: Database,
    spoil: Callable[[Database], object] | None,
    more: dict[str, object],
    error: type[SourceError],
    words: str,
) -> None:
    if spoil:
        spoil(db)
    source = _source(db, **more)
    for question in (source.probe, lambda: _bills(source)):
        with pytest.raises(error, match=words) as caught:
            question()
        assert PASSWORD not in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_connection_lost_in_the_middle_is_unavailable(db: Database) -> None:
    _view(db, "clients", MANY)
    pages = _source(db).clients()
    assert 500 == len(next(pages).rows)
    with server().root() as cursor:
        cursor.execute(f"KILL USER {USER}")
    with pytest.raises(SourceUnavailable, match="broke off the connection"):
        list(pages)


def test_a_listing_given_up_midway_is_not_read_to_its_end(db: Database) -> None:
    _view(db, "clients", MANY)
    pages = _source(db).clients()
    next(pages)
    del pages  # ResourceWarning or a complaint of the driver would fail the test
    left, until = 1, time.monotonic() + 5
    while left and time.monotonic() < until:
        with server().root() as cursor:
            cursor.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE user = %s", (USER,))
            (left,) = cursor.fetchone()
    assert 0 == left


def test_a_server_too_slow_in_the_middle_is_unavailable(db: Database) -> None:
    _title(db, (1,))
    _view(
        db,
        "bills",
        "SELECT id, client_id, due_date, amount, open_amount, IF(SLEEP(1), '', status) AS status FROM titulo",
    )
    with pytest.raises(SourceUnavailable, match=r"within 0\.2 seconds: .* raise source\.timeout_seconds"):
        _bills(_source(db, timeout_seconds=0.2))


@pytest.mark.parametrize(
    ("greeting", "error", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", SourceBroken, "does not answer as MySQL does"),
        (b"\x05\x00\x00\x00\x0aabc\x00", SourceBroken, "does not answer as MySQL does"),
        (b"", SourceUnavailable, "broke off"),  # closes at once
        (None, SourceUnavailable, "did not answer within"),  # says nothing
    ],
)
def test_what_is_no_mysql_is_told_in_one_sentence(
    db: Database, greeting: bytes | None, error: type[SourceError], words: str
) -> None:
    done = threading.Event()

    def serve(listener: socket.socket) -> None:
        with listener.accept()[0] as peer:
            if greeting is None:
                done.wait(5)
            else:
                peer.sendall(greeting)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        with pytest.raises(error, match=words) as caught:
            _source(db, port=listener.getsockname()[1], timeout_seconds=0.2).probe()
        done.set()
        thread.join()
    assert "127.0.0.1:" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("host", ["erp.example", "10.0.0.7", "192.168.1.5"])
def test_an_open_line_to_another_machine_is_refused_before_anything_is_sent(db: Database, host: str) -> None:
    with pytest.raises(SourceRefused, match=r"set source\.ca_file"):
        _source(db, host=host)


def test_this_machine_needs_no_authority(db: Database) -> None:
    _source(db, host="localhost")  # it would be refused when opened; a bare machine may not know that name
    assert "127.0.0.1:" in _source(db, host="127.0.0.1").probe()


def test_an_authority_file_that_is_none_is_refused(db: Database, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("no certificate")
    for path in (tmp_path / "ca.pem", tmp_path / "missing.pem"):
        with pytest.raises(SourceRefused, match=r"source\.ca_file is not there"):
            _source(db, ca_file=path)


@pytest.mark.skipif(find_programs().inside is not None, reason="a server in a chroot does not see the certificate")
def test_tls_is_verified_and_never_given_up(db: Database, tmp_path: Path) -> None:
    key, certificate = make_certificate(tmp_path, "server")
    _, other = make_certificate(tmp_path, "other")
    arguments = (f"--ssl-key={key}", f"--ssl-cert={certificate}", "--require-secure-transport=ON")
    with PrivateMariaDb(arguments=arguments) as secure:
        with secure.root() as cursor:
            cursor.execute("CREATE DATABASE collector")
            cursor.execute("CREATE TABLE collector.collector_clients (id INT, name INT, person INT, phone1 INT)")
        more = {"port": secure.port, "user": secure.user, "password": secure.password, "database": "collector"}
        assert [] == _clients(_source(db, **more, ca_file=certificate))[0]
        with pytest.raises(SourceRefused, match=r"certificate .* cannot be trusted"):
            list(_source(db, **more, ca_file=other).clients())
    with pytest.raises(SourceRefused, match="does not speak TLS"):
        _source(db, ca_file=certificate).probe()
