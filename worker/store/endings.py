"""The transaction that ends an attempt: its outcome, its queue entry, its block; for one, and for many at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from worker.core.enums import AttemptState
from worker.core.model import Block, NextStep, Outcome
from worker.store import rows
from worker.store.engine import Tx

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Ending:
    """What is to be stored when an attempt ends."""

    outcome: Outcome  # tidied
    step: NextStep
    lost: bool


class UnusualError(Exception):
    """One of them is not as nearly all are: nothing of the group is kept, each is to be recorded on its own."""


def record_one(tx: Tx, ending: Ending) -> bool:
    """False when the attempt had its outcome already."""
    outcome, step = ending.outcome, ending.step
    if tx.change("add_outcome", **rows.outcome_values(outcome)) == 0:
        return False
    state = AttemptState.LOST if ending.lost else AttemptState.ENDED
    if tx.change("end_attempt", attempt_id=outcome.attempt_id, state=state, ended_at=outcome.ended_at):
        tx.change(
            "move_entry",
            attempt_id=outcome.attempt_id,
            state=step.state,
            reason=rows.fit(step.reason, 255),
            not_before=rows.next_attempt(step.not_before),
            now=outcome.ended_at,
        )
    if step.block is not None:
        tx.change("put_block", **block_values(step.block, outcome.attempt_id, outcome.ended_at))
    return True


def record_together(tx: Tx, endings: Sequence[Ending]) -> None:
    """The usual case in few statements: all new, none lost, every attempt open. UnusualError when it is not so.

    To be run in a transaction that the error undoes.
    """
    ids = sorted(ending.outcome.attempt_id for ending in endings)
    if any(ending.lost for ending in endings):
        raise UnusualError
    if tx.bulk("add_outcome", (rows.outcome_values(ending.outcome) for ending in endings)) != len(ids):
        raise UnusualError  # one has its outcome already, or comes twice
    if tx.change("end_attempts", attempt_ids=ids) != len(ids):
        raise UnusualError  # one was withdrawn: its entry is not moved
    for (state, reason, after), same in _by_step(endings).items():
        tx.change("move_entries", attempt_ids=same, state=state, reason=reason, after=after, at_once=rows.AT_ONCE)
    tx.bulk("put_block", _blocks(endings))


def block_values(block: Block, attempt_id: str, now: datetime) -> dict[str, object]:
    return {
        "number": block.number,
        "instance": block.instance or "",
        "client_id": block.client_id or "",
        "reason": block.reason,
        "attempt_id": attempt_id,
        "now": now,
    }


def _by_step(endings: Sequence[Ending]) -> dict[tuple[str, str, int | None], list[str]]:
    """Attempt ids by new state, reason, and microseconds from the end of the call to the next one."""
    found: dict[tuple[str, str, int | None], list[str]] = defaultdict(list)
    for ending in sorted(endings, key=lambda one: one.outcome.attempt_id):
        step, until = ending.step, ending.step.not_before
        after = None if until is None else (until - ending.outcome.ended_at) // _MICROSECOND
        found[step.state, rows.fit(step.reason, 255), after].append(ending.outcome.attempt_id)
    return found


def _blocks(endings: Sequence[Ending]) -> list[dict[str, object]]:
    """In the order of the numbers, so that two groups do not wait for each other."""
    return sorted(
        (
            block_values(ending.step.block, ending.outcome.attempt_id, ending.outcome.ended_at)
            for ending in endings
            if ending.step.block is not None
        ),
        key=lambda values: str(values["number"]),
    )
