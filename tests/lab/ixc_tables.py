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


OPERATORS: dict[str, Callable[[tuple[int, float, str], tuple[int, float, str]], bool]] = {
    "=": lambda stored, asked: stored == asked,
    "!=": lambda stored, asked: stored != asked,
    ">": lambda stored, asked: stored > asked,
    "<": lambda stored, asked: stored < asked,
    ">=": lambda stored, asked: stored >= asked,
    "<=": lambda stored, asked: stored <= asked,
}


class Tables:
    """Rows by table and id. `lock` guards them; whoever changes a row calls `changed` afterwards."""

    def __init__(self, rows: dict[str, Iterable[Row]]) -> None:
        self.rows: dict[str, dict[int, Row]] = {
            table: {int(row["id"]): row for row in content} for table, content in rows.items()
        }
        self.lock = threading.RLock()
        self._matching: dict[tuple[str, tuple[Condition, ...]], list[int]] = {}

    def changed(self) -> None:
        with self.lock:
            self._matching.clear()

    def find(self, table: str, question: dict[str, str]) -> Found:
        """Answer one list request. Matches are remembered: paging through 100,000 rows filters them once."""
        conditions = _conditions(table, question)
        after = max((int(value) for column, sign, value in conditions if (column, sign) == ("id", ">")), default=0)
        others = tuple(each for each in conditions if each[:2] != ("id", ">"))
        page, size = int(question.get("page") or "1"), int(question.get("rp") or "20")
        if question.get("sortname", f"{table}.id") != f"{table}.id" or question.get("sortorder", "asc") != "asc":
            raise WrongQuestion("the stand-in sorts by ascending id only")
        with self.lock:
            ids = self._ids(table, others)
            skipped = bisect_right(ids, after)
            start = skipped + (page - 1) * size
            rows = [{**ALWAYS[table], **self.rows[table][key]} for key in ids[start : start + size]]
            return Found(start // size + 1, len(ids) - skipped, rows, size)

    def _ids(self, table: str, conditions: tuple[Condition, ...]) -> list[int]:
        key = (table, conditions)
        if key not in self._matching:
            tests = [(column, OPERATORS[sign], comparable(value)) for column, sign, value in conditions]
            self._matching[key] = sorted(
                row_id
                for row_id, row in self.rows[table].items()
                if all(test(comparable(row.get(column, "")), asked) for column, test, asked in tests)
            )
        return self._matching[key]


def _conditions(table: str, question: dict[str, str]) -> list[Condition]:
    asked = (
        [(question["qtype"], question.get("oper", "="), question.get("query", ""))] if "qtype" in question else []
    )
    grid = json.loads(question.get("grid_param") or "[]")
    asked += [(each["TB"], each["OP"], each["P"]) for each in grid]
    found: list[Condition] = []
    for field, sign, value in asked:
        owner, _, column = field.partition(".")
        if owner != table or not column or sign not in OPERATORS or not isinstance(value, str):
            raise WrongQuestion(f"{field} {sign}")
        found.append((column, sign, value))
    return found
