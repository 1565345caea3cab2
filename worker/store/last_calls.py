"""How a debtor's latest call to each of his numbers ended, and where a person picked up; for both stores."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from worker.core.enums import Answerer, CallEnding, Heard, LineResult, Result
from worker.core.retry_table import ending_of


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is over."""

    number: str
    ended_at: datetime
    line_result: LineResult
    answerer: Answerer
    heard: Heard
    result: Result


@dataclass(frozen=True, slots=True)
class LastCalls:
    """As in `Waiting`."""

    last_outcome: dict[str, LineResult]
    reached: dict[str, datetime]
    last_ending: CallEnding | None


def last_calls(calls: Iterable[Call], numbers: Collection[str]) -> LastCalls:
    """`calls` of one debtor, the latest last; those to numbers that are no longer his do not count."""
    found = LastCalls({}, {}, None)
    latest: Call | None = None
    for latest in (call for call in calls if call.number in numbers):
        found.last_outcome.pop(latest.number, None)  # so that the latest tried stands last
        found.last_outcome[latest.number] = latest.line_result
        if latest.answerer is Answerer.HUMAN:
            found.reached[latest.number] = latest.ended_at
    if latest is None:
        return found
    ending = ending_of(latest.line_result, latest.answerer, latest.heard, latest.result)
    return LastCalls(found.last_outcome, found.reached, ending)
