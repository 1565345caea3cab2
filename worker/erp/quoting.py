"""Foreign text made fit for our sentences: decoded, one line, short, no tags, no secrets, no personal data."""

import json
import re
from collections.abc import Callable, Iterable
from html import unescape

from worker.erp.source import clean_text

QUOTE_LIMIT = 120

_PRIVATE = re.compile(
    r"\b[0-9a-fA-F]{32,}"  # hashes
    r"|[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}"  # CPF
    r"|\(?\b[0-9]{2}\)? ?9?[0-9]{4}-[0-9]{4}"  # telephone
    r"|[0-9]{8,}"
    r"|(?<=://)[^/\s@]+(?=@)"  # user and password in an address
)
_LOGIN = re.compile(r"type\s*=\s*[\"']?password|<form|\blogin\b", re.IGNORECASE)


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
    """They say UTF-8; some installations hold mixed encodings, and one bad letter must not stop a sync."""
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return body.decode("cp1252", "replace")


def is_login_page(text: str) -> bool:
    return _LOGIN.search(text[:20_000]) is not None


def parsed(text: str) -> object:
    """Foreign JSON. Numbers stay text, spelt as they came: ids and amounts are no floats. Raises ValueError."""
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str, strict=False)
    except RecursionError:
        raise ValueError("nested too deep") from None


def message_of(body: bytes, quote: Quoting, said: Callable[[dict[str, object], Quoting], str]) -> str:
    """What an HTTP error says, quoted; of JSON only what `said` finds in it, for the rest may be rows."""
    text = decode(body)
    if text.lstrip()[:1] not in ("{", "["):
        return quote(text)
    try:
        data: object = json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return ""
    return said(data, quote) if isinstance(data, dict) else ""
