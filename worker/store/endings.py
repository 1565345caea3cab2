"""The transaction that ends an attempt: its outcome, its queue entry, its block; for one, and for many at once."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from worker.core.do_not_call import OPT_OUT_SOURCE
from worker.core.enums import AttemptState
from worker.core.model import Block, NextStep, Outcome
from worker.store import rows
from worker.store.engine import Tx
from worker.store.notes import note_values, waiting_note

ASKED = "the debtor asked in a call never to be called again"
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
    """False when the attempt had its outcome already, or is to be lost and is no longer open."""
    outcome, step = ending.outcome, ending.step
    state = AttemptState.LOST if ending.lost else AttemptState.ENDED
    end = {"attempt_id": outcome.attempt_id, "state": state, "ended_at": outcome.ended_at}
    if ending.lost and tx.change("end_attempt", **end) == 0:
        return False  # withdrawn meanwhile: there was no call, and nothing to tell of it
    if tx.change("add_outcome", **rows.outcome_values(outcome)) == 0:
        return False
    if ending.lost or tx.change("end_attempt", **end):
        tx.change(
            "move_entry",
            attempt_id=outcome.attempt_id,
            state=step.state,
            reason=rows.fit(step.reason, 255),
            not_before=rows.next_attempt(step.not_before),
            now=outcome.ended_at,
            after_sync=step.after_sync,
            ending=step.ending or "",
        )
    if step.block is not None:
        tx.change("put_block", **block_values(step.block, outcome.attempt_id, outcome.ended_at))
    _keep_quiet(tx, [ending])
    _list_opt_outs(tx, [ending])
    _add_notes(tx, [ending])
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
    for move, same in _by_step(endings).items():
        tx.change("move_entries", attempt_ids=same, at_once=rows.AT_ONCE, **asdict(move))
    tx.bulk("put_block", _blocks(endings))
    _keep_quiet(tx, endings)
    _list_opt_outs(tx, endings)
    _add_notes(tx, endings)


def block_values(block: Block, attempt_id: str, now: datetime) -> dict[str, object]:
    return {
        "number": block.number,
        "instance": block.instance or "",
        "client_id": block.client_id or "",
        "reason": block.reason,
        "attempt_id": attempt_id,
        "now": now,
    }


@dataclass(frozen=True, slots=True)
class _Move:
    """What becomes of a queue entry: those that take the same step are moved by one statement."""

    state: str
    reason: str
    after: int | None  # microseconds from the end of the call to the next one
    after_sync: bool
    ending: str


def _by_step(endings: Sequence[Ending]) -> dict[_Move, list[str]]:
    """Attempt ids by the move of their entries."""
    found: dict[_Move, list[str]] = defaultdict(list)
    for ending in sorted(endings, key=lambda one: one.outcome.attempt_id):
        step, until = ending.step, ending.step.not_before
        after = None if until is None else (until - ending.outcome.ended_at) // _MICROSECOND
        move = _Move(step.state, rows.fit(step.reason, 255), after, step.after_sync, step.ending or "")
        found[move].append(ending.outcome.attempt_id)
    return found


def _keep_quiet(tx: Tx, endings: Sequence[Ending]) -> None:
    """One statement for all of them, and none when nobody was spoken with."""
    until = {
        one.outcome.attempt_id: rows.utc(one.step.quiet_until).isoformat(" ", "microseconds")
        for one in endings
        if one.step.quiet_until is not None
    }
    if until:
        told = ";".join(f"{attempt_id} {instant}" for attempt_id, instant in until.items())
        tx.change("keep_quiet", attempt_ids=sorted(until), until=told)


def _list_opt_outs(tx: Tx, endings: Sequence[Ending]) -> None:
    """One by one: hardly anybody asks."""
    for ending in endings:
        if ending.step.never:
            tx.change(
                "never_call_again",
                attempt_id=ending.outcome.attempt_id,
                source=OPT_OUT_SOURCE,
                reason=ASKED,
                now=ending.outcome.ended_at,
            )


def _add_notes(tx: Tx, endings: Sequence[Ending]) -> None:
    notes = [waiting_note(one.outcome, one.step.note) for one in endings if one.step.note]
    tx.bulk("add_note", [note_values(one) for one in notes])


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
