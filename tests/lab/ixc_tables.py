"""IXC's tables in memory and the conditions its webservice takes: TB/OP/P joined with AND, sorting, paging."""

import json
import re
import threading
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.lab.ixc_rows import ALWAYS, Row

Condition = tuple[str, str, str]  # column, operator, value


class WrongQuestion(Exception):
    """IXC answers HTTP 500: a table part is missing, an operator is unknown, a number is none."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page: its number within the whole listing (from 1), how many rows match, and the rows."""

    page: int
    total: int
    rows: list[Row]
    size: int


def comparable(value: str) -> tuple[int, float, str]:
    """Numbers by size, days in either spelling by calendar, all else by letters."""
    if match := re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})(.*)", value):
        day, month, year, rest = match.groups()
        return (1, 0.0, f"{year}-{month}-{day}{rest}")
    if re.fullmatch(r"-?\d{1,15}(\.\d+)?", value):
        return (0, float(value), "")
    return (1, 0.0, value)


Comparable = tuple[int, float, str]
Test = Callable[[Comparable], bool]
OPERATORS: dict[str, Callable[[Comparable, Comparable], bool]] = {
    "=": lambda stored, asked: stored == asked,
    "!=": lambda stored, asked: stored != asked,
    ">": lambda stored, asked: stored > asked,
    "<": lambda stored, asked: stored < asked,
    ">=": lambda stored, asked: stored >= asked,
    "<=": lambda stored, asked: stored <= asked,
}
ONE_OF = "IN"  # for numbers, says the documentation; of letters it says nothing
OWNER = "id_cliente"  # questions about one client are answered from an index


class Tables:
    """Rows by table and id. `lock` guards them; whoever changes a row calls `changed` afterwards."""

    def __init__(self, rows: dict[str, Iterable[Row]]) -> None:
        self.rows: dict[str, dict[int, Row]] = {
            table: {int(row["id"]): row for row in content} for table, content in rows.items()
        }
        self.lock = threading.RLock()
        self._matching: dict[tuple[str, tuple[Condition, ...]], list[int]] = {}
        self._owned: dict[str, dict[str, list[int]]] = {}

    def changed(self) -> None:
        with self.lock:
            self._matching.clear()
            self._owned.clear()

    def find(self, table: str, question: dict[str, str], *, thinned: bool = False) -> Found:
        """Answer one list request. Matches are remembered: paging through 100,000 rows filters them once.

        `thinned`: as if two rows of five were not there, in listings; rows asked for by their ids are told.
        """
        conditions = _conditions(table, question)
        after = max((int(value) for column, sign, value in conditions if (column, sign) == ("id", ">")), default=0)
        others = tuple(dict.fromkeys(each for each in conditions if each[:2] != ("id", ">")))
        page, size = int(question.get("page") or "1"), int(question.get("rp") or "20")
        if question.get("sortname", f"{table}.id") != f"{table}.id" or question.get("sortorder", "asc") != "asc":
            raise WrongQuestion("the stand-in sorts by ascending id only")
        with self.lock:
            ids = self._ids(table, others)
            if thinned and not any(sign == ONE_OF for _, sign, _ in others):
                ids = [key for place, key in enumerate(ids) if place % 5 > 1]
            skipped = bisect_right(ids, after)
            start = skipped + (page - 1) * size
            rows = [{**ALWAYS.get(table, {}), **self.rows[table][key]} for key in ids[start : start + size]]
            return Found(start // size + 1, len(ids) - skipped, rows, size)

    def _ids(self, table: str, conditions: tuple[Condition, ...]) -> list[int]:
        if (few := self._few(table, conditions)) is not None:
            return self._filtered(table, sorted(few), conditions)
        key = (table, conditions)
        if key not in self._matching:
            self._matching[key] = self._filtered(table, sorted(self.rows[table]), conditions)
        return self._matching[key]

    def _few(self, table: str, conditions: tuple[Condition, ...]) -> Iterable[int] | None:
        """The only rows that can match, when the question names rows or their client; None when any may."""
        for column, sign, value in conditions:
            if (column, sign) == ("id", ONE_OF):
                return {int(part) for part in value.split(",")} & self.rows[table].keys()
            if (column, sign) == (OWNER, "="):
                return self._of_owner(table).get(value, [])
        return None

    def _of_owner(self, table: str) -> dict[str, list[int]]:
        if table not in self._owned:
            owned: dict[str, list[int]] = {}
            for key, row in self.rows[table].items():
                owned.setdefault(row.get(OWNER, ""), []).append(key)
            self._owned[table] = owned
        return self._owned[table]

    def _filtered(self, table: str, ids: Iterable[int], conditions: tuple[Condition, ...]) -> list[int]:
        tests = [(column, _test(sign, value)) for column, sign, value in conditions]
        rows = self.rows[table]
        return [key for key in ids if all(test(comparable(rows[key].get(column, ""))) for column, test in tests)]


def _test(sign: str, value: str) -> Test:
    if sign == ONE_OF:
        these = frozenset(comparable(part) for part in value.split(","))
        return lambda stored: stored in these
    asked = comparable(value)
    return lambda stored: OPERATORS[sign](stored, asked)


def _conditions(table: str, question: dict[str, str]) -> list[Condition]:
    asked = (
        [(question["qtype"], question.get("oper", "="), question.get("query", ""))] if "qtype" in question else []
    )
    grid = json.loads(question.get("grid_param") or "[]")
    asked += [(each["TB"], each["OP"], each["P"]) for each in grid]
    found: list[Condition] = []
    for field, sign, value in asked:
        owner, _, column = field.partition(".")
        known = sign in OPERATORS or (sign == ONE_OF and re.fullmatch(r"\d+(,\d+)*", value))
        if owner != table or not column or not known or not isinstance(value, str):
            raise WrongQuestion(f"{field} {sign}")
        found.append((column, sign, value))
    return found
