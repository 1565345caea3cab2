"""Names of cities and states, which IXC's clients only refer to by number. A name that is missing stops nobody."""

from collections.abc import Callable, Iterator
from typing import Final

import structlog

from worker.core.tables import STATES
from worker.erp.ixc_answer import Row
from worker.erp.ixc_http import Table
from worker.erp.ixc_map import row_id
from worker.erp.source import PLACE_LIMIT, clean_text
from worker.errors import SourceError

_log = structlog.get_logger(__name__)

Listing = Callable[[Table], Iterator[tuple[Row, ...]]]

# Neither the tables nor their columns are documented: the first of these that holds something is taken.
_CITY_COLUMNS: Final = ("nome", "cidade", "descricao")
_STATE_COLUMNS: Final = ("sigla", "uf", "nome", "descricao")


class Places:
    """The names for one listing of clients. Each table is asked for at the first row that needs it, and once."""

    def __init__(self, listing: Listing, city_table: str, state_table: str) -> None:
        self._listing = listing
        self._city_table = Table(city_table, frozenset(("id", *_CITY_COLUMNS)))
        self._state_table = Table(state_table, frozenset(("id", *_STATE_COLUMNS)))
        self._cities: dict[str, str] | None = None
        self._states: dict[str, str] | None = None
        self._problems: dict[str, str] = {}  # by setting, the first each

    def city(self, row: Row) -> str:
        """Newer installations send the name along; for the others it is looked up."""
        described = clean_text(row.get("cidade_descricao", ""), PLACE_LIMIT)
        key = clean_text(row.get("cidade", ""), PLACE_LIMIT)
        if described or not key.strip("0"):
            return described
        if not key.isdecimal():
            return key  # a name already
        if self._cities is None:
            self._cities = self._names(self._city_table, "source.city_table", _city)
        return self._found(self._cities, key, "source.city_table")

    def state(self, row: Row) -> str:
        """One of the 27 codes of two letters, or empty."""
        key = clean_text(row.get("uf", ""), PLACE_LIMIT)
        if not key.strip("0"):
            return ""
        if not key.isdecimal():
            return _code(key)
        if self._states is None:
            self._states = self._names(self._state_table, "source.state_table", _state)
        return self._found(self._states, key, "source.state_table")

    def report(self) -> None:
        """One warning for the whole listing, if a name was missing."""
        if self._problems:
            _log.warning("ixc_places_unnamed", **{name.split(".")[1]: why for name, why in self._problems.items()})

    def _names(self, table: Table, setting: str, name: Callable[[Row], str]) -> dict[str, str]:
        try:
            return {str(row_id(row)): name(row) for rows in self._listing(table) for row in rows}
        except SourceError as error:  # some answer HTTP 500 for a table they do not have
            self._problems[setting] = (
                f"IXC's table {table.name} cannot be read, so clients have no such name: {error}"
            )
            return {}

    def _found(self, names: dict[str, str], key: str, setting: str) -> str:
        name = names.get(str(int(key)), "")
        if not name:
            self._problems.setdefault(setting, f"IXC has no name for number {key[:8]}: check {setting}")
        return name


def _city(row: Row) -> str:
    return next((name for column in _CITY_COLUMNS if (name := clean_text(row.get(column, ""), PLACE_LIMIT))), "")


def _state(row: Row) -> str:
    return next((code for column in _STATE_COLUMNS if (code := _code(row.get(column, "")))), "")


def _code(raw: str) -> str:
    code = raw.strip().upper()
    return code if code in STATES else ""
