"""Whole listings out of an ERP without pages that may cap its answers in silence: slices, halved on suspicion."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from statistics import median_low
from typing import Final

from worker.erp.rbx_answer import Row
from worker.erp.rbx_filter import Column, Condition, Sign
from worker.errors import SourceBroken

# A hidden LIMIT is a round number. Two answers of the same size are a coincidence or a limit that is not round.
FEWEST: Final = 50
ROUND: Final = 50

Piece = tuple["Slice", tuple[Row, ...]]


@dataclass(frozen=True, slots=True)
class Slice:
    """What one request asks for: days and codes, from the first to below the second; None: no limit."""

    codes: Column
    from_code: int = 0
    below_code: int | None = None
    days: Column | None = None
    from_day: date = date.min
    below_day: date = date.max

    def conditions(self) -> tuple[Condition, ...]:
        found = []
        if self.days:
            found += [
                Condition(self.days, Sign.FROM, self.from_day),
                Condition(self.days, Sign.BELOW, self.below_day),
            ]
        if self.from_code:
            found.append(Condition(self.codes, Sign.FROM, self.from_code))
        if self.below_code is not None:
            found.append(Condition(self.codes, Sign.BELOW, self.below_code))
        return tuple(found)

    def halves(self, codes: Collection[int]) -> tuple["Slice", "Slice"] | None:
        """By days down to one, then by codes at the middle one of those seen; None: no smaller question exists."""
        if self.days and (count := (self.below_day - self.from_day).days) > 1:
            day = self.from_day + timedelta(days=count // 2)
            return replace(self, below_day=day), replace(self, from_day=day)
        if not codes:
            return None
        middle = median_low(codes)
        code = middle if middle > self.from_code else middle + 1
        if code == self.below_code:
            return None
        return replace(self, below_code=code), replace(self, from_code=code)

    def holds(self, code: int) -> bool:
        return self.from_code <= code and (self.below_code is None or code < self.below_code)

    def is_filled_by(self, rows: Collection[Row]) -> bool:
        """Each code stands once and none is free: then nothing can be missing, however round the number."""
        return self.days is None and self.below_code is not None and len(rows) == self.below_code - self.from_code


def day_slices(codes: Column, days: Column, first: date, last: date, width: int) -> Iterator[Slice]:
    """From the first day to the last, both included, so many days a slice."""
    end = last + timedelta(days=1)
    while first < end:
        below = min(end, first + timedelta(days=width))
        yield Slice(codes, days=days, from_day=first, below_day=below)
        first = below


def code_of(row: Row, column: Column) -> int | None:
    text = row.get(column.value, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


def is_round(count: int) -> bool:
    return count >= FEWEST and count % ROUND == 0


class Listing:
    """Every row of a listing once. SourceBroken: what came cannot be the whole.

    An answer whose size looks like a hidden limit is asked again in halves, and theirs again, until none looks so;
    the halves must hold what the whole held. `key` names a row; empty: it has no name.
    """

    def __init__(self, ask: Callable[[Slice], tuple[Row, ...]], key: Callable[[Row], str]) -> None:
        self._ask, self._key = ask, key
        self._seen: set[str] = set()
        self._largest: Piece | None = None  # the largest answer believed at once
        self._limits: set[int] = set()  # sizes that came twice

    def take(self, part: Slice) -> list[Piece]:
        """The rows of one slice that were not handed out before, in as many pieces as it took to be sure."""
        rows = self._asked(part)
        if part.is_filled_by(rows):
            return self._new([(part, rows)], ())
        if self._is_suspect(rows):
            return self._new(self._in_halves(part, rows), ())
        twin = self._largest
        if len(rows) >= FEWEST and twin and len(rows) == len(twin[1]):
            self._limits.add(len(rows))
            earlier = self._new(self._in_halves(*twin), self._keys([twin]))
            return [*earlier, *self._new(self._in_halves(part, rows), ())]
        if twin is None or len(rows) > len(twin[1]):
            self._largest = part, rows
        return self._new([(part, rows)], ())

    def _is_suspect(self, rows: Collection[Row]) -> bool:
        return is_round(len(rows)) or len(rows) in self._limits

    def by_codes(self, codes: Column, width: int) -> Iterator[Piece]:
        """All rows by ascending code, so many codes a request, however wide the gaps between them."""
        start = 1
        while True:
            pieces = self.take(Slice(codes, start, start + width))
            yield from pieces
            if any(rows for _, rows in pieces):
                start += width
                continue
            found = self._next_code(codes, start)
            if found is None:
                return
            if found < start + width:
                raise SourceBroken(
                    f"RBX found no {codes} from {start} to {start + width - 1} and then {found}; try again later"
                )
            start = found

    def by_days(self, parts: Iterable[Slice]) -> Iterator[Piece]:
        for part in parts:
            pieces = self.take(part)
            if not any(rows for _, rows in pieces) and self._asked(part):
                raise SourceBroken(
                    f"RBX found nothing due from {part.from_day} to the day before {part.below_day} "
                    "and then something; try again later"
                )
            yield from pieces

    def _next_code(self, codes: Column, start: int) -> int | None:
        """The smallest code from `start` on. An open question may be cut short and its rows in any order.

        So what it shows is only an upper bound: the question is put again below it until nothing is left there.
        """
        below: int | None = None
        while below is None or below > start:
            part = Slice(codes, start, below)
            found = [code for code in _codes(part, self._asked(part)) if code is not None]
            if not found:
                break
            below = min(found)
        return below

    def _asked(self, part: Slice) -> tuple[Row, ...]:
        rows = self._ask(part)
        names = [name for name in map(self._key, rows) if name]
        if len(set(names)) < len(names):
            raise _twice()
        by_code = part.from_code or part.below_code is not None
        if by_code and not all(code is not None and part.holds(code) for code in _codes(part, rows)):
            raise SourceBroken(
                f"RBX sent rows with another {part.codes} than asked for, so some may be missing; ask its support"
            )
        return rows

    def _in_halves(self, part: Slice, rows: tuple[Row, ...]) -> list[Piece]:
        halves = part.halves([code for code in _codes(part, rows) if code is not None])
        if halves is None:
            raise SourceBroken(
                f"RBX sent {len(rows)} rows for a single {part.codes}, which looks like a limit of its own; "
                "ask RBX's support to lift it"
            )
        pieces = [piece for half in halves for piece in self._half(half)]
        lost = self._keys([(part, rows)]) - self._keys(pieces)
        if lost and lost & self._keys([(part, self._asked(part))]):  # if not: settled between the two questions
            raise SourceBroken("RBX sent rows for a span that it does not send for its halves; try again later")
        return pieces

    def _half(self, half: Slice) -> list[Piece]:
        rows = self._asked(half)
        return self._in_halves(half, rows) if self._is_suspect(rows) else [(half, rows)]

    def _keys(self, pieces: Iterable[Piece]) -> set[str]:
        return {name for _, rows in pieces for row in rows if (name := self._key(row))}

    def _new(self, pieces: list[Piece], known: Collection[str]) -> list[Piece]:
        """Without the rows known from an earlier answer to the same question; any other repetition is an error."""
        fresh: list[Piece] = []
        for part, rows in pieces:
            names = [self._key(row) for row in rows]
            chosen = tuple(row for row, name in zip(rows, names, strict=True) if not name or name not in known)
            added = [name for name in names if name and name not in known]
            if len(set(added)) < len(added) or not self._seen.isdisjoint(added):
                raise _twice()
            self._seen.update(added)
            fresh.append((part, chosen))
        return fresh


def _codes(part: Slice, rows: Iterable[Row]) -> list[int | None]:
    return [code_of(row, part.codes) for row in rows]


def _twice() -> SourceBroken:
    return SourceBroken("RBX sent the same rows twice, so others may be missing; try again later")
