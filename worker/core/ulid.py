"""Identities of attempts: ULIDs, 26 characters that sort by time (https://github.com/ulid/spec)."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from worker.core.instant import aware

LENGTH: Final = 26
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
_SHAPE: Final = re.compile(f"[0-7][{_ALPHABET}]{{25}}")  # 130 bits would fit, 128 are used
_RANDOM_BITS: Final = 80
_TIME_BITS: Final = 48
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def new_ulid(now: datetime, randbits: Callable[[int], int]) -> str:
    """48 bits of milliseconds and 80 of `randbits` (for instance `secrets.randbits`).

    ValueError: no zone, before 1970, or randbits gave something else than 80 bits.
    """
    milliseconds = (aware(now) - _EPOCH) // timedelta(milliseconds=1)
    noise = randbits(_RANDOM_BITS)
    if not 0 <= milliseconds < 1 << _TIME_BITS:
        raise ValueError("a ULID cannot hold a time before 1970")
    if not 0 <= noise < 1 << _RANDOM_BITS:
        raise ValueError("randbits did not give 80 bits")
    value = milliseconds << _RANDOM_BITS | noise
    return "".join(_ALPHABET[value >> shift & 31] for shift in range(5 * (LENGTH - 1), -1, -5))


def time_of(ulid: str) -> datetime:
    """The instant it was made. ValueError when it is no ULID."""
    if not is_ulid(ulid):
        raise ValueError("not a ULID")
    milliseconds = 0
    for letter in ulid[:10]:
        milliseconds = milliseconds << 5 | _ALPHABET.index(letter)
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise ValueError("a ULID of no time that there is") from None


def is_ulid(text: str) -> bool:
    """Exactly as we write them: upper case, no more and no less."""
    return _SHAPE.fullmatch(text) is not None
