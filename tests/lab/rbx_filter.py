"""Reads RBX's `Filtro` as MySQL would, as far as RBX's documentation and we use it: comparisons joined by AND."""

import re
from collections.abc import Callable

Row = dict[str, str]

_COMPARISON = re.compile(
    r"\s*([A-Za-z_]+(?:\.[A-Za-z_]+)?)\s*(<=|>=|!=|<>|=|<|>)\s*(?:([0-9]+)|'([^'\\]*)')\s*", re.ASCII
)
_AND = re.compile(r"AND\b", re.IGNORECASE)
_SIGNS: dict[str, Callable[[int], bool]] = {
    "=": lambda order: order == 0,
    "!=": lambda order: order != 0,
    "<>": lambda order: order != 0,
    "<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    ">": lambda order: order > 0,
    ">=": lambda order: order >= 0,
}


class UnknownColumn(Exception):
    """Error 165."""


class WrongFilter(Exception):
    """Text that MySQL would not take, or that nobody here has any business to write."""


def conditions(text: str) -> list[tuple[str, str, str | int]]:
    """(column, sign, value) of each comparison; the empty filter has none."""
    found: list[tuple[str, str, str | int]] = []
    place = 0
    while text.strip() and (not found or place < len(text)):
        if found:
            joined = _AND.match(text, place)
            if not joined:
                raise WrongFilter(text[place:])
            place = joined.end()
        match = _COMPARISON.match(text, place)
        if not match:
            raise WrongFilter(text[place:])
        column, sign, number, letters = match.groups()
        found.append((column, sign, int(number) if number is not None else letters))
        place = match.end()
    return found


def predicate(text: str, columns: dict[str, str]) -> Callable[[Row], bool]:
    """Whether a row matches. `columns`: name within the filter -> column of the row."""
    tests = []
    for column, sign, value in conditions(text):
        if column not in columns:
            raise UnknownColumn(column)
        tests.append((columns[column], _SIGNS[sign], value))
    return lambda row: all(sign(_order(row.get(column, ""), value)) for column, sign, value in tests)


def _order(stored: str, asked: str | int) -> int:
    """Below zero, zero or above, as MySQL compares: a number with a text by the number at its beginning."""
    if isinstance(asked, int):
        digits = re.match(r"[0-9]+", stored)
        number = int(digits[0]) if digits else 0
        return (number > asked) - (number < asked)
    return (stored > asked) - (stored < asked)
