"""What the server's error numbers mean to an administrator: one sentence each, never the server's own text,
which may quote a telephone number or a name."""

from worker.errors import SchemaMismatch, StoreError, StoreReadOnly, StoreUnavailable

BUSY = frozenset({1205, 1213})  # lock wait timeout, deadlock: the same transaction again may well pass

_UNREACHABLE = frozenset({0, 2002, 2003, 2005, 2006, 2013, 2014, 2055})  # as the client says it
_CUT_OFF = frozenset({1053, 1152, 1158, 1159, 1160, 1161, 1317, 1927})  # as the server says it
_CROWDED = frozenset({1040, 1129, 1203, 1226})
_READ_ONLY = frozenset({1290, 1792, 1836})
_FULL = frozenset({1021, 1114, 1030})
_LOGIN = frozenset({1045, 1698, 1130, 1251})
_RIGHTS = frozenset({1044, 1142, 1143, 1227, 1370})
_MISSING = frozenset({1049, 1146, 1054})
_BINLOG = 1665


def explain(code: int, what: str = "") -> StoreError:
    """The error to raise for a server or client error number. `what` names our query."""
    where = f" ({what})" if what else ""
    table: tuple[tuple[frozenset[int], StoreError], ...] = (
        (
            _UNREACHABLE | _CUT_OFF,
            StoreUnavailable(f"The database does not answer (error {code}); is MariaDB running?"),
        ),
        (
            _CROWDED,
            StoreUnavailable(f"The database takes no more connections (error {code})."),
        ),
        (_READ_ONLY, StoreReadOnly(f"The database is read-only now (error {code}); nothing was written.")),
        (_FULL, StoreUnavailable(f"The database cannot write (error {code}); is the disk full?")),
        (BUSY, StoreUnavailable(f"The database is busy with other work (error {code}){where}; try again.")),
        (
            _LOGIN,
            StoreError(f"The database refuses our user or password (error {code}); see `database:`."),
        ),
        (
            _RIGHTS,
            StoreError(f"The database user lacks a right (error {code}){where}; see README, grants."),
        ),
        (_MISSING, SchemaMismatch(f"A table is missing or old (error {code}){where}; run `collector migrate`.")),
        (
            frozenset({_BINLOG}),
            StoreError("The server logs by STATEMENT, which cannot carry our writes; set binlog_format=MIXED."),
        ),
    )
    for codes, error in table:
        if code in codes:
            return error
    return StoreError(f"The database refused a statement (error {code}){where}.")


def code_of(error: BaseException | None) -> int:
    """The number a pymysql exception carries; 0 when it has none (a connection that is gone)."""
    args = error.args if error is not None else ()
    return args[0] if args and isinstance(args[0], int) else 0
