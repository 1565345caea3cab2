"""The do-not-call list of Issabel's own dialler (`call_center.dont_call`): read only, at most once a minute.

Whether it is there cannot be told by who may not read it: then nobody is called, unless the server's own folder,
where it can be seen, holds no such database.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Lock
from typing import Final, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from worker.core.issabel_list import IssabelList, marked, read_list
from worker.core.model import Waiting
from worker.errors import StoreUnavailable
from worker.settings import Database
from worker.store import faults
from worker.store.engine import Db, Tx
from worker.store.sqltext import load_queries

T = TypeVar("T")

EVERY_SECONDS: Final = 60.0
_NOT_THERE: Final = frozenset((1049, 1146))  # no such database, no such table
_TOO_MANY: Final = 1040
_DENIED: Final = frozenset((1044, 1142, 1143))
_LOOPBACK: Final = frozenset(("127.0.0.1", "::1", "localhost"))


class IssabelDnc:
    """What was last read, and whether it can be trusted."""

    def __init__(self, db: Db, clock: Callable[[], float] = time.monotonic) -> None:
        self._db, self._clock = db, clock
        self._queries = load_queries(db.database)
        self._lock = Lock()
        self._looked: float | None = None
        self._mark: tuple[int, int] | None = None  # of the content last read; None: nothing was
        self._list = IssabelList()
        self._why = ""

    def why_unreadable(self) -> str:
        """Empty, or one sentence with its remedy. StoreUnavailable when the server does not answer at all."""
        with self._lock:
            self._look()
            return self._why

    def known(self) -> IssabelList | None:
        """None: it is not there. What was once read counts until it can be read anew."""
        with self._lock:
            self._look()
            return None if self._mark is None else self._list

    def marked(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        """The same, with a line for each of their numbers that stands there."""
        listed = self.known()
        return list(waiting) if listed is None else [marked(one, listed) for one in waiting]

    def _look(self) -> None:
        now = self._clock()
        if self._looked is not None and now - self._looked < EVERY_SECONDS:
            return
        self._db.run(lambda _: None)  # whoever cannot open our own schema says so: what fails below is Issabel's
        try:
            self._why = ""
            self._read()
        except DBAPIError as error:
            code = 0 if error.connection_invalidated else faults.code_of(error.orig)
            if isinstance(sentence := faults.explain(code), StoreUnavailable):
                raise sentence from None  # asked again at the next look
            if code in _NOT_THERE or (code in _DENIED and _surely_absent(self._db)):
                self._mark, self._list = None, IssabelList()
            else:
                self._why = _why(code, self._db.database)
        except PoolTimeout:
            raise faults.explain(_TOO_MANY) from None
        self._looked = now

    def _read(self) -> None:
        """All of it only when it is not what was read last: the table has no index, and may be long."""
        row = self._ask(lambda tx: tx.one("issabel_mark"))
        mark = (0, 0) if row is None else (int(row.n), int(row.mark))
        if mark != self._mark:
            found = self._ask(lambda tx: tx.rows("issabel_lines"))
            self._list = read_list((str(one.caller_id or ""), one.status) for one in found)
            self._mark = mark

    def _ask(self, work: Callable[[Tx], T]) -> T:
        """Not `Db.run`: which error it is decides."""
        tx = Tx(self._queries)
        with self._db.engine.begin() as connection:
            tx.connection = connection
            return work(tx)


def _why(code: int, database: Database) -> str:
    table = f"{database.call_center_schema}.dont_call"
    if code in _DENIED:
        return (
            f"whether Issabel's own do-not-call list ({table}) is there, and whom it names, may not be read: as "
            f"root of the database, GRANT SELECT ON {database.call_center_schema}.* TO {database.user}@localhost "
            "(it does no harm where there is none)"
        )
    return f"Issabel's own do-not-call list ({table}) cannot be read (error {code}): mend the table or its rights"


def _surely_absent(db: Db) -> bool:
    """Whether the folder of the server's data, known by our own schema in it, holds no database of that name."""
    database = db.database
    if database.socket is None and database.host not in _LOOPBACK:
        return False
    with db.engine.connect() as connection:
        folder = Path(str(connection.exec_driver_sql("SELECT @@datadir").scalar()))
    try:
        names = {one.name.casefold() for one in folder.iterdir()}
    except OSError:
        return False
    return database.schema_name.casefold() in names and database.call_center_schema.casefold() not in names
