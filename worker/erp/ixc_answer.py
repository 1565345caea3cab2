"""Tells a whole list answer from all else that IXC sends with HTTP 200: errors, web pages, broken-off JSON."""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape

from worker.erp.source import clean_text
from worker.errors import SourceBroken, SourceError, SourceRefused

Row = dict[str, str]

QUOTE_LIMIT = 120

_PRIVATE = re.compile(
    r"\b[0-9a-fA-F]{32,}"  # hashes
    r"|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}"  # CPF
    r"|\(?\b[0-9]{2}\)? ?9?[0-9]{4}-[0-9]{4}"  # telephone
    r"|[0-9]{8,}"
    r"|(?<=://)[^/\s@]+(?=@)"  # user and password in an address
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One list answer: how many rows match in all, and those of this page, only with the columns asked for."""

    total: int
    rows: tuple[Row, ...]


class Quoting:
    """Makes foreign text fit for an error: one line, without tags, at most 120 characters, secrets masked."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = sorted((secret for secret in secrets if len(secret) >= 4), key=len, reverse=True)

    def __call__(self, text: str) -> str:
        visible = re.sub(r"(?is)<(script|style)\b.*?</\1\s*>", " ", text[:20_000])
        line = clean_text(unescape(re.sub(r"<[^>]*>?", " ", visible)), 4_000)
        for secret in self._secrets:
            line = line.replace(secret, "***")
        line = _PRIVATE.sub("***", line)
        return line if len(line) <= QUOTE_LIMIT else line[: QUOTE_LIMIT - 1].rstrip() + "…"


def decode(body: bytes) -> str:
    """IXC says UTF-8; some installations hold mixed encodings, and one bad letter must not stop a sync."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def read_answer(body: bytes, columns: frozenset[str], quote: Quoting) -> Answer:
    """Parse the body of an HTTP 200. Every column outside `columns` (passwords among them) ends here.

    Numbers keep their own spelling as text, for IXC sends strings but not everywhere. SourceError leaf when it is
    anything but a list answer: `facts/erp.md` 1.3 and 1.4 say which shapes were seen.
    """
    text = decode(body)
    try:
        data: object = json.loads(text, parse_int=str, parse_float=str, parse_constant=str, strict=False)
    except (ValueError, RecursionError):
        raise _not_json(text, quote) from None
    if not isinstance(data, dict):
        raise SourceBroken("IXC answered JSON of an unknown shape, not a list of rows; try again later")
    if "total" not in data and "registros" not in data:
        raise _not_a_list(data, quote)
    return _list_answer(data, columns)


def _list_answer(data: dict[str, object], columns: frozenset[str]) -> Answer:
    total = str(data.get("total", "")).strip()
    if not re.fullmatch(r"[0-9]{1,12}", total):
        raise SourceBroken("IXC answered a list without saying how many rows there are; try again later")
    records = data.get("registros", [])
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise SourceBroken("IXC answered a list whose rows have an unknown shape; try again later")
    if int(total) and not records:
        raise SourceBroken(f"IXC says that {total} rows are left but sent none; try again later")
    if len(records) > int(total):
        raise SourceBroken(f"IXC says that {total} rows are left but sent {len(records)}; try again later")
    return Answer(int(total), tuple(_only(record, columns) for record in records))


def _only(record: dict[str, object], columns: frozenset[str]) -> Row:
    return {name: value for name in columns if isinstance(value := record.get(name), str)}


def _not_json(text: str, quote: Quoting) -> SourceError:
    start = text.lstrip()[:1]
    if not start:
        return SourceBroken("IXC answered nothing at all (HTTP 200 with an empty body); try again later")
    if start in ("{", "["):  # never quoted: rows hold passwords
        return SourceBroken("IXC's answer breaks off in the middle of its JSON; try again later")
    if re.search(r"type\s*=\s*[\"']?password|<form|\blogin\b", text[:20_000], re.IGNORECASE):
        return SourceRefused(
            "IXC answered a login page instead of data: check source.url, it must be the address of the IXC server"
        )
    return SourceBroken(f"IXC answered an error page: “{quote(text)}”; try again later or ask IXC's support")


def error_text(body: bytes, quote: Quoting) -> str:
    """What an HTTP error says, quoted; of JSON only its message, for the rest may be rows."""
    text = decode(body)
    if text.lstrip()[:1] not in ("{", "["):
        return quote(text)
    try:
        data: object = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return ""
    return _message(data, quote) if isinstance(data, dict) else ""


def _message(data: dict[str, object], quote: Quoting) -> str:
    message = data.get("message")
    return quote(message) if isinstance(message, str) else ""


def _not_a_list(data: dict[str, object], quote: Quoting) -> SourceError:
    said = _message(data, quote)
    if not said:
        return SourceBroken("IXC answered neither rows nor an error text; try again later")
    if re.search(r"\bIP\b.*liberad|redes? permitidas?", said, re.IGNORECASE):
        return SourceRefused(
            f"IXC does not allow this machine's address: “{said}”; "
            "add it to Redes Permitidas of the token's user group"
        )
    return SourceRefused(f"IXC refused: “{said}”; give the token's user group access to it in IXC")
