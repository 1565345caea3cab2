"""The list of Issabel's own dialler as numbers that can be looked up, however they were typed in there."""

import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from worker.core.do_not_call import ISSABEL_SOURCE, DoNotCall
from worker.core.model import Phone, Waiting
from worker.core.phone import national_parts, read_phone

INACTIVE: Final = "I"  # Issabel writes A; what is neither counts as listed
_TAILS: Final = (11, 10)  # national digits of a mobile and of a fixed line, behind whatever is dialled before them


@dataclass(frozen=True)
class IssabelList:
    """Numbers as integers of their national digits; those without area code as their local ones."""

    lines: int = 0  # that count
    unreadable: int = 0  # of them, those that are no Brazilian number
    _digits: "array[int]" = field(default_factory=lambda: array("q"))  # ascending

    def lists(self, number: str) -> bool:
        """Whether that number (E.164) must not be called; one without area code stands for all area codes."""
        try:
            ddd, local = national_parts(number)
        except ValueError:  # not Brazilian: no trunk of ours takes it
            return False
        return self._has(int(ddd + local)) or self._has(int(local))

    def _has(self, digits: int) -> bool:
        place = bisect_left(self._digits, digits)
        return place < len(self._digits) and self._digits[place] == digits


def line_of(number: str) -> DoNotCall:
    """A number that Issabel lists, as a line of ours."""
    return DoNotCall(number, reason="call_center.dont_call", source=ISSABEL_SOURCE)


def marked(waiting: Waiting, listed: IssabelList) -> Waiting:
    """The same debtor, with a line for each number that stands there."""
    found = dict.fromkeys(phone.number for phone in waiting.phones if listed.lists(phone.number))
    return replace(waiting, do_not_call=waiting.do_not_call + tuple(map(line_of, found))) if found else waiting


def read_list(rows: Iterable[tuple[str, str | None]]) -> IssabelList:
    """Of (caller_id, status) as the table holds them."""
    digits: array[int] = array("q")
    lines = unreadable = 0
    for caller_id, status in rows:
        if (status or "").strip().upper() == INACTIVE:
            continue
        lines += 1
        if (found := _digits(caller_id)) is None:
            unreadable += 1
        else:
            digits.append(found)
    return IssabelList(lines, unreadable, array("q", sorted(digits)))


def _digits(caller_id: str) -> int | None:
    if (found := _national(caller_id)) is not None:
        return found
    bare = re.sub(r"[^0-9]", "", caller_id)
    local = bare.removeprefix("0")
    if re.fullmatch(r"9[0-9]{8}|[2-9][0-9]{7}", local):
        return int("9" + local if len(local) == 8 and local[0] in "6789" else local)  # the ninth digit
    tails = (_national(bare[-length:]) for length in _TAILS if len(bare) > length)
    return next((tail for tail in tails if tail is not None), None)


def _national(text: str) -> int | None:
    read = read_phone(text)
    return int("".join(national_parts(read.number))) if isinstance(read, Phone) else None
