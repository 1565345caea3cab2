"""Names of people and places: as a person would write them, one spelling for one neighbourhood."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from worker.core.model import Client

FOLD_LIMIT: Final = 120  # what is stored of a place is no longer
_KNOWN: Final = 16_384  # words and places remembered: more than one provider's town has

_PARTICLES: Final = frozenset(("da", "de", "do", "das", "dos", "e"))
_APOSTROPHES: Final = "'’‘`´ʼ"  # what is typed for one
_WORD: Final = re.compile(r"[^\W_ʼ](?:[^\W_ʼ]|[\u0300-\u036f])*")  # with accents that stand apart
_ROMAN: Final = re.compile(r"x{0,3}(?:ix|iv|v?i{0,3})")  # up to 39: with L, C, D and M words would be (mix, di)


@dataclass(frozen=True, slots=True)
class Names:
    """Any spelling -> the right one; built by `names`."""

    right: Mapping[str, str]  # folded spelling -> right spelling

    def __call__(self, text: str) -> str:
        """The right spelling where one is laid down for this text, else `proper(text)`."""
        return self.right.get(_folded(text)) or _proper(text)


def names(reverse_map: Mapping[str, Iterable[str]]) -> Names:
    """Right spelling -> other spellings. ValueError with every sentence of `conflicts`, when there is any."""
    right, found = _read(reverse_map)
    if found:
        raise ValueError("; ".join(found))
    return Names(MappingProxyType(right))


def conflicts(reverse_map: Mapping[str, Iterable[str]]) -> list[str]:
    """One sentence for each spelling that would stand for two names, or for none."""
    return _read(reverse_map)[1]


def fold(text: str) -> str:
    """The key for comparing: no letter case, accents or punctuation, spaces single, at most 120 characters."""
    apart = unicodedata.normalize("NFKD", text).casefold()
    bare = "".join(_folded_letter(letter) for letter in apart)
    return " ".join(bare.split())[:FOLD_LIMIT].rstrip()


def proper(text: str) -> str:
    """MARIA DA SILVA E SOUZA, or the same in small letters -> Maria da Silva e Souza.

    Text in both cases is left as typed: somebody has chosen. Particles are small unless first or last, Roman
    numerals up to XXXIX capital, words that begin with a digit as typed. Applied twice it changes nothing more.
    """
    lower, upper = text.lower(), text.upper()
    if text not in (lower, upper) or lower.upper() != upper:  # of some foreign letters the way back is lost
        return text
    parts = text.split(" ")
    last = len(parts) - 1
    return " ".join(_part(part, at == 0, at == last) for at, part in enumerate(parts))


def normalise_client(client: Client, neighbourhoods: Names) -> Client:
    """The same client, properly written."""
    name, city = proper(client.name), _proper(client.city)
    neighbourhood = neighbourhoods(client.neighbourhood)
    if (name, neighbourhood, city) == (client.name, client.neighbourhood, client.city):
        return client
    return replace(client, name=name, neighbourhood=neighbourhood, city=city)


_folded = lru_cache(_KNOWN)(fold)
_proper = lru_cache(_KNOWN)(proper)


def _folded_letter(letter: str) -> str:
    if unicodedata.combining(letter):
        return ""
    return letter if letter.isalnum() else " "


def _read(reverse_map: Mapping[str, Iterable[str]]) -> tuple[dict[str, str], list[str]]:
    """Folded spelling -> right spelling, and what is wrong with it."""
    owners: dict[str, str] = {}
    found: list[str] = []
    for name in reverse_map:
        if not fold(name):
            found.append(f"the name “{name}” holds neither letter nor digit: take it out")
        elif (other := owners.setdefault(fold(name), name)) != name:
            found.append(f"“{other}” and “{name}” are one name for us: keep one of them")
    heads = dict(owners)
    for name, others in reverse_map.items():
        for spelling in others:
            key = fold(spelling)
            if not key:
                found.append(f"the spelling “{spelling}” of “{name}” holds neither letter nor digit: take it out")
            elif fold(owner := owners.setdefault(key, name)) != fold(name):
                what = "a name of its own" if key in heads else f"also a spelling of “{owner}”"
                found.append(f"the spelling “{spelling}” of “{name}” is {what}: leave it in one place only")
    return owners, found


@lru_cache(_KNOWN)
def _part(part: str, first: bool, last: bool) -> str:
    """What stands between two spaces; it may hold several words, as Pau-d'Alho does."""
    lower = part.lower()
    words = list(_WORD.finditer(lower))
    dressed, done = "", 0
    for at, word in enumerate(words):
        opening = first and at == 0
        edge = opening or (last and at == len(words) - 1)
        as_typed = part[word.start() : word.end()]
        new = as_typed if as_typed[0].isdigit() else _dressed(word, opening=opening, edge=edge)
        dressed += lower[done : word.start()] + new
        done = word.end()
    return dressed + lower[done:]


def _dressed(word: re.Match[str], *, opening: bool, edge: bool) -> str:
    text, letters, start, end = word.string, word[0], word.start(), word.end()
    if letters == "d" and text[end : end + 1] in _APOSTROPHES and text[end + 1 : end + 2].isalpha():
        return "D" if opening else "d"  # Caixa d'Água, but D'Ávila
    owned = len(letters) == 1 and start > 1 and text[start - 1] in _APOSTROPHES and text[start - 2].isalnum()
    if owned or (letters in _PARTICLES and not edge):  # owned: the s of McDonald's
        return letters
    if _ROMAN.fullmatch(letters):
        return letters.upper()
    capital = letters[0].upper()
    return capital + letters[1:] if capital.lower() == letters[0] else letters
