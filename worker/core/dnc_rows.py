"""What a row of somebody's do-not-call list means: columns found by names, numbers and documents strictly.

In doubt a line is listed rather than left out: one whose expiry cannot be read counts for ever, and eleven digits
that are a mobile number as well as a CPF list both.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from worker.core.do_not_call import REASON_LIMIT, DoNotCall
from worker.core.document import NoDocument, read_document
from worker.core.model import Phone
from worker.core.naming import fold
from worker.core.phone import read_phone

_NAMES: Final = {
    "number": r"(ddd ?(e )?)?(number|numero|telefone|phone|fone|tel|celular|linha)s?( ?[0-9]{1,2})?",
    "document": r"documento?s?|cpf|cnpj|cpf ?(ou )?cnpj|doc",
    "ddd": r"ddd",
    "reason": r"reason|motivo",
    "expires": r"expires|expira|validade|valid[oa] ate",
}
NAMES_TOLD: Final = "number or telefone, cpf, cnpj or documento, ddd, reason or motivo, expires or validade"
_CPF_MASK: Final = re.compile(r"[0-9]{3}\.[0-9]{3}\.[0-9]{3}[-/ ][0-9]{2}")
_CNPJ_MASK: Final = re.compile(r"[0-9A-Z]{2}\.[0-9A-Z]{3}\.[0-9A-Z]{3}/[0-9A-Z]{4}-[0-9]{2}", re.IGNORECASE)
_DAYS: Final = (
    re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{1,2})-(?P<day>[0-9]{1,2})([T ][0-9:.]+)?"),
    re.compile(r"(?P<day>[0-9]{1,2})/(?P<month>[0-9]{1,2})/(?P<year>[0-9]{4})( [0-9:.]+)?"),
)


class NotRead(ValueError):
    """Why a text, a row or a first line cannot be used; tells no whole number."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Places in a row, from 0. Without a header there is `either` alone."""

    width: int = 0  # 0: rows may have any
    numbers: tuple[int, ...] = ()
    documents: tuple[int, ...] = ()
    either: int | None = None
    ddd: int | None = None
    reason: int | None = None
    expires: int | None = None


@dataclass(frozen=True, slots=True)
class ListRow:
    """Lines to be listed, without instance and source; why a number or document of it cannot be; other remarks."""

    lines: tuple[DoNotCall, ...] = ()
    bad: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()


def columns_of(first: Sequence[str], default_ddd: str = "") -> tuple[Columns, bool]:
    """By the first line; and whether that is a header, which lists nobody itself. NotRead when it is neither."""
    kinds = [_kind(cell) for cell in first]
    if {"number", "document"} & set(kinds):
        for kind in ("ddd", "reason", "expires"):
            if kinds.count(kind) > 1:
                raise NotRead(f"names the column {kind} twice: leave one of them")
        single = {kind: kinds.index(kind) for kind in ("ddd", "reason", "expires") if kind in kinds}
        places = {
            kind: tuple(at for at, one in enumerate(kinds) if one == kind) for kind in ("number", "document")
        }
        return Columns(len(first), places["number"], places["document"], None, **single), True
    for place, cell in enumerate(first):
        try:
            if cell.strip() and read_either(cell, default_ddd):
                return Columns(either=place), False
        except NotRead:
            continue
    raise NotRead(f"neither names its columns ({NAMES_TOLD}) nor holds a telephone number, CPF or CNPJ")


def read_row(cells: Sequence[str], columns: Columns, *, default_ddd: str = "") -> ListRow:
    """Raises nothing: what cannot be read is told."""
    if columns.width and len(cells) != columns.width:
        return ListRow(bad=("it has more or fewer fields than the first line names",))
    bad: list[str] = []
    odd: list[str] = []
    written = _cell(cells, columns.ddd).strip().removeprefix("0")
    ddd = written if re.fullmatch(r"[1-9][1-9]", written) else default_ddd
    named = list(_named(cells, columns, ddd, bad))
    if not named and not bad:
        bad.append("it holds neither a number nor a document")
    expires = _expiry(_cell(cells, columns.expires), odd)
    reason = tidy(_cell(cells, columns.reason), REASON_LIMIT)
    lines = [
        DoNotCall(number, document, reason=reason, expires_on=expires) for number, document in dict.fromkeys(named)
    ]
    return ListRow(tuple(lines), tuple(bad), tuple(odd))


def read_either(text: str, default_ddd: str = "") -> tuple[tuple[str, str], ...]:
    """(number, document) pairs, of which one is empty: two where the same digits are both. NotRead when none is.

    A mask tells what is meant.
    """
    bare = text.strip()
    as_document = bool(_CPF_MASK.fullmatch(bare) or _CNPJ_MASK.fullmatch(bare))
    as_number = bare.startswith("+") or "(" in bare
    found: list[tuple[str, str]] = []
    why: list[str] = []
    if not as_document:
        try:
            found.append((read_number(bare, default_ddd), ""))
        except NotRead as reason:
            why.append(f"no telephone number: {reason}")
    if not as_number:
        try:
            found.append(("", read_person(bare)))
        except NotRead as reason:
            why.append(f"no CPF or CNPJ: {reason}")
    if not found:
        raise NotRead("; ".join(why))
    return tuple(found)


def read_number(text: str, default_ddd: str = "") -> str:
    """E.164. NotRead otherwise."""
    read = read_phone(text, default_ddd=default_ddd)
    if not isinstance(read, Phone):
        raise NotRead(read.reason)
    return read.number


def read_person(text: str) -> str:
    """CPF or CNPJ without mask. NotRead otherwise."""
    try:
        document = read_document(text)
    except NoDocument as why:
        raise NotRead(str(why)) from None
    if document is None:
        raise NotRead("the field holds no document")
    return document


def read_last_day(text: str) -> date | None:
    """The day after the one written, which is the last that counts. None: for ever (the year 9999). NotRead."""
    match = next((found for pattern in _DAYS if (found := pattern.fullmatch(text.strip()))), None)
    if match is None:
        raise NotRead("a day is written 31/12/2026 or 2026-12-31")
    try:
        day = date(int(match["year"]), int(match["month"]), int(match["day"]))
    except ValueError:
        raise NotRead("it is no day of the calendar") from None
    return None if day.year >= 9999 else day + timedelta(days=1)


def tidy(raw: str, limit: int) -> str:
    """One line that can be printed, and that no spreadsheet takes for a formula."""
    printable = "".join(letter if letter.isprintable() else " " for letter in raw)
    return " ".join(printable.split()).lstrip("=+-@ ")[:limit].rstrip()


def _kind(cell: str) -> str:
    name = fold(cell.replace("_", " "))
    return next((kind for kind, pattern in _NAMES.items() if re.fullmatch(pattern, name)), "")


def _named(cells: Sequence[str], columns: Columns, ddd: str, bad: list[str]) -> Iterator[tuple[str, str]]:
    if columns.either is not None:
        if text := _cell(cells, columns.either).strip():
            try:
                yield from read_either(text, ddd)
            except NotRead as why:
                bad.append(str(why))
        return
    for place in columns.numbers:
        if text := cells[place].strip():
            try:
                yield read_number(text, ddd), ""
            except NotRead as why:
                bad.append(f"the number: {why}")
    for place in columns.documents:
        if text := cells[place].strip():
            try:
                yield "", read_person(text)
            except NotRead as why:
                bad.append(f"the document: {why}")


def _cell(cells: Sequence[str], place: int | None) -> str:
    return cells[place] if place is not None and place < len(cells) else ""


def _expiry(text: str, odd: list[str]) -> date | None:
    if not text.strip():
        return None
    try:
        return read_last_day(text)
    except NotRead as why:
        odd.append(f"its last day cannot be read, so it counts for ever: {why}")
        return None
