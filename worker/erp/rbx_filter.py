"""The text of RBX's `Filtro`, which is raw SQL: built here and nowhere else, from whole numbers and days alone."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

HIGHEST_CODE: Final = 10**15


class Column(StrEnum):
    """The only columns we ever compare. An installation that lacks one answers error 165."""

    CLIENT_CODE = "Codigo"
    CUSTOMER = "CliFor"
    DUE = "Vencimento"
    CONTRACT_NUMBER = "Numero"
    BLOCKED_NUMBER = "Contrato_Numero"
    MOVED = "Movimento.Data"


class Sign(StrEnum):
    EQUAL = "="
    FROM = ">="
    BELOW = "<"


class Fixed(StrEnum):
    """Conditions on letters; they are constants, so that no text need ever be escaped."""

    RECEIVABLE = "Historico = 'Documento a Receber'"
    CUSTOMERS_MOVE = "Movimento.Tipo = 'C'"


@dataclass(frozen=True, slots=True)
class Condition:
    column: Column
    sign: Sign
    value: int | date


def filter_text(*conditions: Condition | Fixed) -> str:
    """Conditions joined with AND; none: the empty filter, which matches everything.

    TypeError or ValueError for anything but our own columns, signs, constants, natural numbers and days: text that
    came from outside has no way into the SQL.
    """
    return " AND ".join(_written(condition) for condition in conditions)


def _written(condition: Condition | Fixed) -> str:
    if type(condition) is Fixed:
        return condition.value
    if type(condition) is not Condition:
        raise TypeError("a condition of Filtro is a Condition or one of the fixed ones")
    if type(condition.column) is not Column or type(condition.sign) is not Sign:
        raise TypeError("columns and signs of Filtro come from their own lists")
    return f"{condition.column.value} {condition.sign.value} {_literal(condition.value)}"


def _literal(value: int | date) -> str:
    """The exact types: bool is an int to Python, datetime a date, and a subclass may write itself as it likes."""
    if type(value) is int:
        if not 0 <= value <= HIGHEST_CODE:
            raise ValueError("a code in Filtro is a natural number of at most 15 digits")
        return str(value)
    if type(value) is date:
        return f"'{value.isoformat()}'"
    raise TypeError("a value in Filtro is a whole number or a day")
