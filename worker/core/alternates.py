"""Which of a debtor's numbers is tried first: those of use before those never tried, these before the useless."""

from datetime import datetime
from typing import Final

from worker.core.enums import CallEnding, LineResult
from worker.core.instant import aware
from worker.core.model import Phone, Waiting
from worker.core.retry_table import RetryTable, Which

_FRUITLESS: Final = (LineResult.INVALID_NUMBER, LineResult.UNREACHABLE)


def in_order(waiting: Waiting, table: RetryTable) -> list[Phone]:
    """Where a person picked up, the latest first; then numbers never tried, as the ERP has them; then those whose
    last try found a machine or nobody, the longest ago first; last those that reached no telephone.

    The number just tried stands before all or after all, as the table says of how that call ended.
    """
    latest, which = next(reversed(waiting.last_outcome), None), _of_the_latest(waiting, table)
    age = {number: place for place, number in enumerate(waiting.last_outcome)}

    def place(phone: Phone) -> tuple[int, float]:
        number = phone.number
        if number == latest and which is not None:
            return (0, 0) if which is Which.SAME else (5, 0)
        if reached := waiting.reached.get(number):
            return 1, -_seconds(reached)
        if number not in waiting.last_outcome:
            return 2, 0
        return (4 if waiting.last_outcome[number] in _FRUITLESS else 3), age[number]

    return sorted(waiting.phones, key=place)


def others_left(waiting: Waiting, number: str) -> bool:
    """Whether the debtor has another number than this one that is not blocked."""
    blocked = {block.number for block in waiting.blocks} | {number}
    return any(phone.number not in blocked for phone in waiting.phones)


def _of_the_latest(waiting: Waiting, table: RetryTable) -> Which | None:
    """None: nothing is known of the latest call, or there is no again after it."""
    ending = waiting.last_ending
    return None if ending in (None, CallEnding.OPT_OUT) else table.rule(ending).number


def _seconds(instant: datetime) -> float:
    return aware(instant).timestamp()
