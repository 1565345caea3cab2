"""Tells rows of RBX from all else that it sends with HTTP 200: errors, web pages, broken-off JSON."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from worker.erp.quoting import Quoting, decode, is_login_page, message_of, parsed
from worker.errors import SourceBroken, SourceError, SourceRefused

Row = dict[str, str]

BAD_KEY: Final = "97"  # "Chave de integracao invalida ou inativa"
BAD_COLUMN: Final = "165"
NOTHING_FOUND: Final = "1"  # "A consulta nao retornou resultados"
_SAID: Final = ("erro_desc", "error_description", "erro_inf", "erro_detail")
_LATER: Final = "try again later"


@dataclass(frozen=True, slots=True)
class Service:
    """A query of RBX and the only columns of it that leave the HTTP edge."""

    name: str
    columns: frozenset[str]


def read_rows(body: bytes, service: Service, quote: Quoting) -> tuple[Row, ...]:
    """The rows in the body of an HTTP 200, of v1 or v2; every column outside `service.columns` ends here.

    No result is an error to RBX and an empty answer to us, but only when it says so in words: a code 1 that means
    something else must never pass for "nothing is owed". Numbers keep their own spelling as text.
    """
    text = decode(body)
    try:
        data = parsed(text)
    except ValueError:
        raise _not_json(text, service, quote) from None
    if not isinstance(data, dict):
        raise _unknown_shape(service)
    status = _plain(data.get("status"))
    if status == "1":
        return tuple(_only(record, service.columns) for record in _records(data, service))
    if status != "0":
        raise _unknown_shape(service)
    if _is_empty_answer(data):
        return ()
    raise _refusal(data, service, quote)


def error_text(body: bytes, quote: Quoting) -> str:
    """What an HTTP error says, quoted."""
    return message_of(body, quote, _said)


def _records(data: dict[str, object], service: Service) -> list[dict[str, object]]:
    """`result` was seen as a list, one object, an object keyed by position (PHP), and empty as "" or []."""
    result = data.get("result")
    if result in ("", [], {}):
        return []
    if isinstance(result, dict):
        rows = list(result.values())
        numbered = all(key.isascii() and key.isdigit() for key in result)
        return _objects(rows if numbered else [result], service)
    return _objects(result, service)


def _objects(rows: object, service: Service) -> list[dict[str, object]]:
    if not isinstance(rows, list):
        raise _unknown_shape(service)
    objects = [row for row in rows if isinstance(row, dict)]
    if len(objects) != len(rows):
        raise _unknown_shape(service)
    return objects


def _only(record: dict[str, object], columns: frozenset[str]) -> Row:
    return {name: _text(record[name]) for name in columns if name in record}


def _text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(_plain(each) for each in value)
    return _plain(value)


def _plain(value: object) -> str:
    """Numbers have become text while parsing; null, true and nested objects are no value of any column we read."""
    return value.strip() if isinstance(value, str) else ""


def _code(data: dict[str, object]) -> str:
    """Never trust that it is there: seen as text, number, "" and under two names."""
    return next((code for name in ("erro_code", "error_code") if (code := _plain(data.get(name))).strip("0")), "")


def _is_empty_answer(data: dict[str, object]) -> bool:
    words = " ".join(_plain(data.get(name)) for name in _SAID)
    bare = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    return _code(data) == NOTHING_FOUND and re.search(r"nao\s+retornou\s+(nenhum\s+)?resultado", bare) is not None


def _said(data: dict[str, object], quote: Quoting) -> str:
    return quote(next((words for name in _SAID if (words := _plain(data.get(name)))), ""))


def _refusal(data: dict[str, object], service: Service, quote: Quoting) -> SourceError:
    code, said = quote(_code(data)), _said(data, quote)
    quoted = f": “{said}”" if said else ""
    if code == BAD_KEY:
        return SourceRefused(
            f"RBX refuses the key (error 97){quoted}; check source.key against Empresa > Parâmetros > Web Services"
        )
    if code == BAD_COLUMN:
        return SourceBroken(
            f"RBX does not know a column that {service.name} is filtered by (error 165){quoted}; "
            "ask RBX's support what this version calls it"
        )
    number = f"error {code}" if code else "an error without a number"
    return SourceBroken(f"RBX answered {service.name} with {number}{quoted}; {_LATER} or ask RBX's support")


def _unknown_shape(service: Service) -> SourceBroken:
    return SourceBroken(f"RBX answered {service.name} with JSON of an unknown shape; {_LATER}")


def _not_json(text: str, service: Service, quote: Quoting) -> SourceError:
    start = text.lstrip()[:1]
    if not start:
        return SourceBroken(f"RBX answered {service.name} with nothing at all (an empty body); {_LATER}")
    if start in ("{", "["):  # never quoted: rows hold personal data
        return SourceBroken(f"RBX's answer to {service.name} breaks off in the middle of its JSON; {_LATER}")
    if is_login_page(text):
        return SourceRefused(
            "RBX answered a login page instead of data: check source.url, it must be the address of the RBX server"
        )
    return SourceBroken(
        f"RBX answered {service.name} with an error page: “{quote(text)}”; {_LATER} or ask RBX's support"
    )
