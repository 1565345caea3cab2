"""The table of calling again: one rule an ending, and which ending a call had."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from worker.core.enums import Answerer, CallEnding, Heard, LineResult, Result

_AFTER_THE_GAP: Final = timedelta(0)
_NEXT_DAY: Final = timedelta(hours=24)
_FOR_EVER: Final = (CallEnding.INVALID_NUMBER, CallEnding.WRONG_PERSON)  # that number, for this debtor


class Which(StrEnum):
    """Which of a debtor's numbers comes first next time."""

    SAME = "same"  # the one just tried
    NEXT = "next"  # the one just tried comes after the others


@dataclass(frozen=True, slots=True)
class RetryRule:
    """After one ending. Never sooner than the ledger's gap, and not in a quiet period."""

    wait: timedelta = _AFTER_THE_GAP  # a promise: from the end of its day
    number: Which = Which.SAME
    in_a_row: int | None = None  # after so many such endings, one upon the other, the debtor is left alone ...
    rest: timedelta = timedelta(0)  # ... for so long
    after_sync: bool = False  # not before the bills have been read anew


_E, _SAME, _NEXT = CallEnding, Which.SAME, Which.NEXT
_THREE_DAYS, _WEEK = timedelta(days=3), timedelta(days=7)
DEFAULTS: Final[Mapping[CallEnding, RetryRule]] = MappingProxyType(
    {
        _E.BUSY: RetryRule(_AFTER_THE_GAP, _SAME, 9, _THREE_DAYS),
        _E.NO_ANSWER: RetryRule(_AFTER_THE_GAP, _NEXT, 9, _THREE_DAYS),
        _E.CONGESTION: RetryRule(_AFTER_THE_GAP, _SAME),  # the trunk's fault, not the number's
        _E.UNREACHABLE: RetryRule(_AFTER_THE_GAP, _NEXT, 6, _WEEK),
        _E.REJECTED: RetryRule(_NEXT_DAY, _NEXT, 3, _WEEK),  # somebody saw our number and pressed the red button
        _E.FAILED: RetryRule(_AFTER_THE_GAP, _SAME),
        _E.MACHINE: RetryRule(_AFTER_THE_GAP, _NEXT, 9, _THREE_DAYS),
        _E.NOT_SURE: RetryRule(_AFTER_THE_GAP, _NEXT, 9, _THREE_DAYS),
        _E.HUNG_UP_EARLY: RetryRule(_AFTER_THE_GAP, _SAME, 6, _WEEK),
        _E.HEARD: RetryRule(_NEXT_DAY, _SAME),
        _E.PROMISE: RetryRule(_AFTER_THE_GAP, _SAME),
        _E.SAYS_PAID: RetryRule(_NEXT_DAY, _SAME, after_sync=True),
        _E.WANTS_AGENT: RetryRule(_NEXT_DAY, _SAME),  # people have a day to call back
        _E.TRANSFERRED: RetryRule(_NEXT_DAY, _SAME),
        _E.INVALID_NUMBER: RetryRule(_AFTER_THE_GAP, _NEXT),
        _E.WRONG_PERSON: RetryRule(_AFTER_THE_GAP, _NEXT),
    }
)


@dataclass(frozen=True)
class RetryTable:
    """One instance's rules; an ending that is not in it follows the default."""

    rules: Mapping[CallEnding, RetryRule] = field(default_factory=lambda: DEFAULTS)

    def __post_init__(self) -> None:
        if CallEnding.OPT_OUT in self.rules:
            raise ValueError("who asked never to be called again is not called again")
        if any(self.rule(ending).number is not Which.NEXT for ending in _FOR_EVER):
            raise ValueError("a wrong or invalid number is not tried again")

    def rule(self, ending: CallEnding) -> RetryRule:
        """KeyError for an opt-out: after it there is no again."""
        return self.rules.get(ending) or DEFAULTS[ending]


_BY_RESULT: Final = {
    Result.OPT_OUT: CallEnding.OPT_OUT,
    Result.WRONG_PERSON: CallEnding.WRONG_PERSON,
    Result.PROMISE: CallEnding.PROMISE,
    Result.SAYS_PAID: CallEnding.SAYS_PAID,
    Result.WANTS_AGENT: CallEnding.WANTS_AGENT,
    Result.TRANSFERRED: CallEnding.TRANSFERRED,
}
_BY_LINE: Final = {
    LineResult.BUSY: CallEnding.BUSY,
    LineResult.NO_ANSWER: CallEnding.NO_ANSWER,
    LineResult.CONGESTION: CallEnding.CONGESTION,
    LineResult.UNREACHABLE: CallEnding.UNREACHABLE,
    LineResult.REJECTED: CallEnding.REJECTED,
    LineResult.INVALID_NUMBER: CallEnding.INVALID_NUMBER,
    LineResult.FAILED: CallEnding.FAILED,
    LineResult.UNKNOWN: CallEnding.FAILED,
}
_BY_ANSWERER: Final = {Answerer.MACHINE: CallEnding.MACHINE, Answerer.HUMAN: CallEnding.HUNG_UP_EARLY}


def ending_of(line: LineResult, who: Answerer, heard: Heard, result: Result) -> CallEnding:
    """What the callee said outweighs what the line said. All heard and nothing confirmed is no conversation."""
    if said := _BY_RESULT.get(result):
        return said
    if result is Result.CONFIRMED and heard is Heard.ALL:
        return CallEnding.HEARD
    return _BY_LINE.get(line) or _BY_ANSWERER.get(who, CallEnding.NOT_SURE)
