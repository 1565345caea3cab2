"""`collector dial` in the foreground: when nobody was called, and that is not because nobody is left."""

from collections import Counter
from typing import cast

import pytest

from worker.commands.foreground import Progress
from worker.jobs.dial import NO_ANSWER, SETTLED
from worker.jobs.pace import Pace
from worker.settings import Instance

SILENT = f"nobody was called: {NO_ANSWER}; is it reachable? `collector doctor` asks it"


@pytest.mark.parametrize(
    ("dialled", "postponed", "why_not", "expected"),
    [
        (0, {NO_ANSWER: 40}, "", SILENT),
        (1, {NO_ANSWER: 40}, "", ""),  # it answered for some
        (0, {NO_ANSWER: 40, SETTLED: 1}, "", ""),  # the same
        (0, {}, "", ""),  # nobody waits
        (0, {"the message could not be rendered": 3}, "", ""),
        (0, {NO_ANSWER: 40}, "no handler", "no handler"),  # what stood against dialling at the end
    ],
)
def test_a_silent_erp_is_an_obstacle_and_an_empty_queue_is_none(
    dialled: int, postponed: dict[str, int], why_not: str, expected: str
) -> None:
    part = Progress(cast("Instance", None), Pace(5, lambda: 0.0), why_not=why_not, postponed=Counter(postponed))
    part.pace.spend(dialled)
    part.conclude()
    assert (dialled, expected) == (part.dialled, part.why_not)  # the command ends with 1 when there is a reason
