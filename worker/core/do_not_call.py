"""The do-not-call list: numbers, and people by CPF or CNPJ, for one instance or for all."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

OPT_OUT_SOURCE: Final = "tecla 9"  # who pressed 9 in a call; stored as blocks of a number, shown with the list
ISSABEL_SOURCE: Final = "Issabel"  # the list of Issabel's own dialler
RESERVED: Final = frozenset((OPT_OUT_SOURCE.casefold(), ISSABEL_SOURCE.casefold()))
SOURCE_LIMIT: Final = 60  # widths of the columns
REASON_LIMIT: Final = 120

Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class DoNotCall:
    """One line of the list. Either the number or the document is given, never both."""

    number: str = ""  # E.164
    document: str = ""  # CPF or CNPJ, letters and digits only
    instance: str = ""  # empty: no instance may call
    reason: str = ""
    source: str = ""  # who says so: a list, a person
    added_at: datetime | None = None
    expires_on: date | None = None  # the first day on which it no longer counts

    @property
    def key(self) -> Key:
        """Of lines with the same key there is one."""
        return self.number, self.document, self.instance, self.source

    def concerns(self, number: str, today: date) -> bool:
        """Whether a call to that number of the listed debtor is forbidden on that day."""
        return self.number in ("", number) and self.counts(today)

    def counts(self, today: date) -> bool:
        """Not yet after its last day."""
        return self.expires_on is None or today < self.expires_on


@dataclass(frozen=True, slots=True)
class Search:
    """Which lines are meant. Number and document together: the lines of either."""

    number: str = ""
    document: str = ""
    instance: str | None = None  # None: any; empty: those that bind all
    source: str | None = None

    def finds(self, line: DoNotCall) -> bool:
        named = (self.number and line.number == self.number) or (self.document and line.document == self.document)
        return (
            (bool(named) or not (self.number or self.document))
            and self.instance in (None, line.instance)
            and self.source in (None, line.source)
        )


def counts_until(lines: Iterable[DoNotCall]) -> date | None:
    """The first day on which none of them counts any longer; None when one counts for ever. At least one line."""
    ends = [line.expires_on for line in lines]
    return None if None in ends else max(end for end in ends if end is not None)
