"""What every billing system owes, and the strict reading that all adapters share.

An adapter is a `worker.ports.BillSource`. A row that cannot be used becomes a `Rejected` with its reason; an
answer that is not whole raises a leaf of `SourceError`, and nothing after it is handed out.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from worker.core.enums import PersonType

ID_LIMIT = 40  # widths of the columns that the values are stored in
NAME_LIMIT = 200
PLACE_LIMIT = 120

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[ T][0-9:.]+)?")
_BRAZILIAN = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})(?: [0-9:.]+)?")
_PLAIN_MONEY = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?")
_BRAZILIAN_MONEY = re.compile(r"([0-9]{1,3}(\.[0-9]{3}){1,3}|[0-9]{1,10}),[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Reading:
    """What an instance asks of its adapter, whichever it is."""

    default_ddd: str = ""  # area code of numbers stored without one
    persons: frozenset[PersonType] = frozenset((PersonType.NATURAL,))  # the others are left out


USUAL: Final = Reading()


class BadValue(ValueError):
    """One value of a row cannot be used; `str()` says why, in words fit for `Rejected.reason`.

    `row_id`: where it stands for a whole row, the id that could be read of it.
    """

    def __init__(self, reason: str, row_id: str = "") -> None:
        super().__init__(reason)
        self.row_id = row_id


def clean_text(raw: str, limit: int) -> str:
    """One line of printable text, spaces single, at most `limit` characters.

    Line breaks become spaces; control, formatting (text direction, zero width) and half characters are dropped.
    """
    if raw.isprintable() and "  " not in raw and unicodedata.is_normalized("NFC", raw):  # nearly every text is so
        return raw.strip()[:limit].rstrip()
    spaced = "".join(" " if letter.isspace() else letter for letter in raw)
    printable = "".join(letter for letter in spaced if not unicodedata.category(letter).startswith("C"))
    return " ".join(unicodedata.normalize("NFC", printable).split())[:limit].rstrip()


def quoted(raw: str) -> str:
    """A foreign value as it may stand in a reason: short, one line, in quotes."""
    return f"“{clean_text(raw, 30)}”"


def read_id(raw: str, what: str) -> str:
    """An id of a row or of what it refers to. BadValue when empty, all zeros or longer than we can store."""
    text = clean_text(raw, ID_LIMIT + 1)
    if not text.strip("0"):
        raise BadValue(f"{what} is empty")
    if len(text) > ID_LIMIT:
        raise BadValue(f"{what} is longer than {ID_LIMIT} characters")
    return text


def read_date(raw: str, what: str) -> date:
    """A day written 2026-10-20 or 20/10/2026; a time of day after it is ignored. BadValue otherwise."""
    text = raw.strip()
    if not text.strip("0/-:. T"):
        raise BadValue(f"{what} is empty")
    if match := _ISO.fullmatch(text):
        year, month, day = match.groups()
    elif match := _BRAZILIAN.fullmatch(text):
        day, month, year = match.groups()
    else:
        raise BadValue(f"{what} {quoted(raw)} is not a date")
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise BadValue(f"{what} {quoted(raw)} is not a day of the calendar") from None


def read_money(raw: str, what: str, *, comma: bool) -> Decimal:
    """Reais with two decimals, zero or more: `1234.56`, and with `comma` also `1.234,56` and `1234,56`.

    With `comma`, `1.234` is refused: it may be a thousand or one and a bit. Empty is refused, never taken as zero.
    """
    text = raw.strip()
    if not text:
        raise BadValue(f"{what} is empty")
    if comma and _BRAZILIAN_MONEY.fullmatch(text):
        text = text.replace(".", "").replace(",", ".")
    if not _PLAIN_MONEY.fullmatch(text):
        raise BadValue(f"{what} {quoted(raw)} is not an amount")
    return Decimal(text).quantize(Decimal("0.01"))


def read_document(raw: str) -> str | None:
    """CPF (11) or CNPJ (14, which may hold letters) without its mask; None when it is neither."""
    bare = re.sub(r"[\s./-]", "", raw).upper()
    return bare if re.fullmatch(r"[0-9]{11}|[0-9A-Z]{12}[0-9]{2}", bare) else None
