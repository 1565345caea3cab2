"""What a cell of a spreadsheet or a database holds, as the text that a CSV file would have in its place."""

import math
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from types import NoneType
from typing import Any, Final

from worker.erp.source import BadValue, quoted

Field = str | BadValue  # the text, or why there is none: "holds the error “#REF!”", to stand after a column's name

ERRORS: Final = frozenset(
    ("#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!")
)
_EXACT: Final = 1e15  # a double holds every number of 15 digits


def float_text(value: float) -> Field:
    """`99.9`, `12`, `11987654321`: what was typed in, without the noise of binary fractions."""
    if not math.isfinite(value):
        return BadValue("holds a number without end")
    return plain_number(repr(value) if abs(value) >= _EXACT else f"{value:.15g}")


def plain_number(digits: str) -> str:
    """`1.5e3` as `1500`, `99.9000` as `99.9`."""
    plain = f"{Decimal(digits):f}"
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def cell_text(value: object) -> Field:
    """Days as 2026-10-20, numbers in plain digits without exponent, yes and no as `true` and `false`."""
    write = _WRITERS.get(type(value))
    return BadValue("holds neither text, number, day nor yes or no") if write is None else write(value)


def _text(value: str) -> Field:
    return BadValue(f"holds the error {quoted(value)}") if value in ERRORS else value


def _instant(value: datetime) -> Field:
    return value.date().isoformat() if value.time() == time() else value.isoformat(" ")


_WRITERS: Final[dict[type, Callable[[Any], Field]]] = {
    NoneType: lambda _: "",
    str: _text,
    bool: lambda value: "true" if value else "false",
    int: str,
    float: float_text,
    datetime: _instant,
    date: date.isoformat,
    BadValue: lambda value: value,
}
