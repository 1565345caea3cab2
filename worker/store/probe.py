"""Questions to the database server for `doctor`; the rights are tried with statements that touch no row."""

from dataclasses import dataclass

from sqlalchemy.exc import DBAPIError

from worker.store import faults
from worker.store.engine import Db
from worker.store.sqltext import place


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of doctor's list."""

    subject: str
    good: bool
    says: str


_RIGHTS = (
    ("our tables", "UPDATE queue_entry SET reason = reason WHERE 1 = 0"),
    ("our tables: delete", "DELETE FROM presence WHERE 1 = 0"),
    ("cdr: read", "SELECT uniqueid, calldate, disposition, userfield, duration, billsec FROM {cdr_table} LIMIT 0"),
    ("outcomes: insert", "INSERT INTO {cdr}.collector_outcome SELECT * FROM {cdr}.collector_outcome WHERE 1 = 0"),
    ("outcomes: update", "UPDATE {cdr}.collector_outcome SET source = source WHERE 1 = 0"),
)


def ask(db: Db) -> list[Finding]:
    """Version, modes and rights. Raises nothing."""
    try:
        findings = [_version(db), _sql_mode(db), _read_only(db), _binlog(db), _durable(db), _crowd(db)]
        findings.append(_cdr_index(db))
    except DBAPIError as error:
        return [Finding("server", good=False, says=str(faults.explain(faults.code_of(error.orig))))]
    return findings + [_right(db, subject, statement) for subject, statement in _RIGHTS]


def _value(db: Db, question: str) -> str:
    with db.engine.connect() as connection:
        return str(connection.exec_driver_sql(question).scalar())


def _version(db: Db) -> Finding:
    version = _value(db, "SELECT VERSION()")
    numbers = tuple(int(part) for part in version.split("-", 1)[0].split(".")[:2])
    oldest = (10, 3) if "mariadb" in version.lower() else (8, 0)
    return Finding("server", good=numbers >= oldest, says=f"{version}; needed {oldest[0]}.{oldest[1]} or newer")


def _sql_mode(db: Db) -> Finding:
    mode = _value(db, "SELECT @@global.sql_mode") or "none"
    return Finding("sql_mode", good=True, says=f"{mode}; our sessions set their own")


def _read_only(db: Db) -> Finding:
    writable = _value(db, "SELECT @@global.read_only") in ("0", "OFF")
    return Finding("read_only", good=writable, says="off" if writable else "on: nothing can be written")


def _binlog(db: Db) -> Finding:
    on, form = _value(db, "SELECT @@global.log_bin"), _value(db, "SELECT @@global.binlog_format")
    good = on in ("0", "OFF") or form != "STATEMENT"
    return Finding(
        "binlog_format", good=good, says=form if good else "STATEMENT: set MIXED, or every write is refused"
    )


def _durable(db: Db) -> Finding:
    """The ledger keeps people from being called again only as long as what was committed is not forgotten."""
    flush = _value(db, "SELECT @@global.innodb_flush_log_at_trx_commit")
    says = {
        "0": "0: a crash of the server forgets calls of the last second, and people may be called again; set 1",
        "1": "1",
        "2": "2: a power failure may forget calls of the last second; 1 is safer",
    }
    return Finding("innodb_flush_log_at_trx_commit", good=flush != "0", says=says.get(flush, flush))


def _crowd(db: Db) -> Finding:
    most = int(_value(db, "SELECT @@global.max_connections"))
    wanted = 2 * db.database.pool  # worker and handler have a pool each
    return Finding("max_connections", good=most > wanted, says=f"{most}; ours are up to {wanted}")


def _cdr_index(db: Db) -> Finding:
    with db.engine.connect() as connection:
        columns = {
            row.COLUMN_NAME
            for row in connection.exec_driver_sql(
                "SELECT COLUMN_NAME FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = %(schema)s "
                "AND TABLE_NAME = %(table)s AND SEQ_IN_INDEX = 1",
                {"schema": db.database.cdr_schema, "table": db.database.cdr_table},
            )
        }
    missing = sorted({"calldate", "uniqueid"} - columns)
    says = f"no index on {' and '.join(missing)}: reconciliation reads the whole table" if missing else "present"
    return Finding("cdr indexes", good=not missing, says=says)


def _right(db: Db, subject: str, statement: str) -> Finding:
    try:
        with db.engine.begin() as connection:
            connection.exec_driver_sql(place(statement, db.database))
    except DBAPIError as error:
        return Finding(subject, good=False, says=str(faults.explain(faults.code_of(error.orig))))
    return Finding(subject, good=True, says="allowed")
