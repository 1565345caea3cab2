"""A text as pieces that somebody has recorded: which piece says which words, and what nobody has recorded."""

import hashlib
import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

LONGEST_KEY: Final = 60  # of a file's name; longer texts end in a digest
JOINT, COMMA, STOP = 0.04, 0.18, 0.35  # seconds of silence behind a piece: within a phrase, a clause, a sentence

_WORD: Final = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_CONFUSED: Final = {"é": "eh"}  # "is": without its accent it would be "and", which stands in nearly every number
_STOPS: Final = re.compile(r"[.!?:]")


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of a text. `key`: of the piece that says it; empty when nobody has recorded it."""

    key: str
    text: str
    pause: float  # behind it


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    end: int
    key: str
    pause: float


def key_of(text: str) -> str:
    """What the file of a piece is called, without its suffix: small letters, digits and hyphens, no accents."""
    return _short("-".join(word.key for word in _words(text)))


def cut(text: str, known: Collection[str]) -> list[Part]:
    """The pieces that say a text, from left to right the longest one first. `known`: keys of the pieces there are.

    Words that no piece says come together, as they stand in the text.
    """
    words = _words(text)
    begins = {key.partition("-")[0] for key in known}
    parts: list[Part] = []
    at = unknown = 0
    while at < len(words):
        size = _longest(words, at, known) if words[at].key.partition("-")[0] in begins else 0
        if size:
            parts += _part("", text, words[unknown:at])
            chosen = words[at : at + size]
            parts += _part(_short("-".join(word.key for word in chosen)), text, chosen)
            unknown = at + size
        at += size or 1
    return parts + _part("", text, words[unknown:])


def missing(text: str, known: Collection[str]) -> list[str]:
    """The words of a text that no piece says."""
    return [part.text for part in cut(text, known) if not part.key]


def _longest(words: list[_Word], at: int, known: Collection[str]) -> int:
    keys = [word.key for word in words[at:]]
    for size in range(len(keys), 0, -1):
        if _short("-".join(keys[:size])) in known:
            return size
    return 0


def _part(key: str, text: str, words: list[_Word]) -> list[Part]:
    return [Part(key, text[words[0].start : words[-1].end], words[-1].pause)] if words else []


def _words(text: str) -> list[_Word]:
    found = list(_WORD.finditer(text))
    ends = [*(match.start() for match in found), len(text)][1:]
    return [
        _Word(match.start(), match.end(), _folded(match[0]), _pause(text[match.end() : end]))
        for match, end in zip(found, ends, strict=True)
    ]


def _pause(between: str) -> float:
    if _STOPS.search(between):
        return STOP
    return COMMA if re.search(r"[,;]|\s-\s|[–—]", between) else JOINT


def _folded(word: str) -> str:
    small = unicodedata.normalize("NFC", word).casefold()
    bare = unicodedata.normalize("NFKD", _CONFUSED.get(small, small)).lower()
    letters = (char for char in bare if not unicodedata.combining(char) and char not in "'’")
    return "".join(char if char.isascii() and char.isalnum() else f"{ord(char):x}" for char in letters)


def _short(key: str) -> str:
    if len(key) <= LONGEST_KEY:
        return key
    return f"{key[: LONGEST_KEY - 9].rstrip('-')}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
