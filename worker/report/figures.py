"""What a tally of attempts adds up to, per instance and in all. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from worker.core.enums import Answerer, Heard, LineResult, Result
from worker.core.records import TallyRow

SHORT_CALL_LINE = 0.85  # Anatel blocks who has this share of short calls or more ...
SHORT_CALL_VOLUME = 100_000  # ... in a day of at least so many calls (Despacho Decisório 22/2024)

ValueT = TypeVar("ValueT")

# who says one of these has said to be the person called
RIGHT_PARTY = frozenset(
    {Result.CONFIRMED, Result.PROMISE, Result.SAYS_PAID, Result.WANTS_AGENT, Result.TRANSFERRED}
)


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole that is always shown with it."""

    part: int
    whole: int

    @property
    def ratio(self) -> float | None:
        """From 0 to 1; None of nothing."""
        return self.part / self.whole if self.whole else None


@dataclass(frozen=True, slots=True)
class Group:
    """The figures of one instance, or of all (`instance` empty). The four facts are counted side by side."""

    instance: str
    attempts: int
    line_results: dict[LineResult, int]  # every value, zeros too, as are the next three
    answerers: dict[Answerer, int]
    heard: dict[Heard, int]
    results: dict[Result, int]
    right_party: int  # said to be the person called: RIGHT_PARTY
    short_calls: int
    talk_seconds: float
    cdr_found: int

    @property
    def answered(self) -> int:
        return self.line_results[LineResult.ANSWERED]

    @property
    def debt_heard(self) -> int:
        """In part or to its end."""
        return self.heard[Heard.PART] + self.heard[Heard.ALL]

    @property
    def connection(self) -> Share:
        """Answered, by a person or a machine, of all attempts."""
        return Share(self.answered, self.attempts)

    @property
    def right_party_contact(self) -> Share:
        """Said to be the person called, of the answered calls."""
        return Share(self.right_party, self.answered)

    @property
    def short(self) -> Share:
        """Short calls in Anatel's sense, of all attempts."""
        return Share(self.short_calls, self.attempts)

    @property
    def with_cdr(self) -> Share:
        """Attempts whose CDR row has been found, of all attempts."""
        return Share(self.cdr_found, self.attempts)

    @property
    def over_short_line(self) -> bool:
        """At or above Anatel's ratio, whatever the volume."""
        return self.short.ratio is not None and self.short.ratio >= SHORT_CALL_LINE


@dataclass(frozen=True, slots=True)
class Figures:
    """`instances` by name; `total` over all of them."""

    instances: tuple[Group, ...]
    total: Group


def figures(tally: Sequence[TallyRow]) -> Figures:
    """Add up a tally; of an empty one everything is zero."""
    names = sorted({row.instance for row in tally})
    groups = tuple(_group(name, [row for row in tally if row.instance == name]) for name in names)
    return Figures(groups, _group("", tally))


def _group(instance: str, rows: Sequence[TallyRow]) -> Group:
    results = _counted(Result, rows, lambda row: row.result)
    return Group(
        instance=instance,
        attempts=sum(row.count for row in rows),
        line_results=_counted(LineResult, rows, lambda row: row.line_result),
        answerers=_counted(Answerer, rows, lambda row: row.answerer),
        heard=_counted(Heard, rows, lambda row: row.heard),
        results=results,
        right_party=sum(results[result] for result in RIGHT_PARTY),
        short_calls=sum(row.short_calls for row in rows),
        talk_seconds=sum(row.talk_seconds for row in rows),
        cdr_found=sum(row.cdr_found for row in rows),
    )


def _counted(
    values: Iterable[ValueT], rows: Sequence[TallyRow], of: Callable[[TallyRow], ValueT]
) -> dict[ValueT, int]:
    counts = dict.fromkeys(values, 0)
    for row in rows:
        counts[of(row)] += row.count
    return counts
