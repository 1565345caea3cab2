"""Every word that figures, amounts and days are said with: what a speaker must record once."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from worker.core import words

MOST_BILLS = 99  # of one debtor
YEARS_BACK = 10  # of a bill


def numbers(most: int) -> tuple[str, ...]:
    """Words of the numbers from 0 to `most`, masculine."""
    return _unique(words.number(n) for n in _telling(most))


def amounts(most: int) -> tuple[str, ...]:
    """Words of all amounts of money up to so many reais."""
    return _unique(
        text
        for n in _telling(max(most, 1))
        for text in (words.money(Decimal(n)), words.money(Decimal(n % 100) / 100))
    )


def counts(most: int = MOST_BILLS) -> tuple[str, ...]:
    """Words of so many bills: feminine."""
    return _unique(words.bills(n) for n in _telling(most))


def days(today: date) -> tuple[str, ...]:
    """Words of the day a bill fell due, and of a day near today that somebody promises to pay on."""
    whole_year = [date(2024, 1, 1) + timedelta(days=n) for n in range(366)]  # a leap year
    every = [date(today.year - back, 1, 1) for back in range(-1, YEARS_BACK + 1)] + whole_year
    return _unique(text for day in every for text in (words.day(day), words.on_day(day)))


def _telling(most: int) -> Iterator[int]:
    """Numbers in which every word of the numbers up to `most` occurs."""
    yield from range(min(most, 1000) + 1)
    scale = 1000
    while scale <= most:
        yield from (n for n in (scale, 2 * scale, scale + 1, 200 * scale) if n <= most)
        scale *= 1000


def _unique(texts: Iterable[str]) -> tuple[str, ...]:
    """Single words, in the order in which they come first; "segunda-feira" is one."""
    found: dict[str, None] = {}
    for text in texts:
        found.update(dict.fromkeys(text.replace(",", "").split()))
    return tuple(found)
