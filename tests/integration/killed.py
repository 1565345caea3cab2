"""A worker and a handler that are killed at a point of their work, counted from its beginning."""

import multiprocessing
import os
import secrets
import signal
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from sqlalchemy import event

from tests.unit.world import Clock, dial_plan
from worker.core.model import NextStep, Outcome
from worker.core.ulid import new_ulid
from worker.jobs import dial
from worker.ports import DialOrder, Placed, Placement
from worker.settings import Database
from worker.store.mariadb import OpenStore, open_store

SECONDS = 30.0
Work = Callable[..., None]


class Killer:
    """`point()` at each step of the work; at the one told the process is gone, as by kill -9."""

    def __init__(self, at: int) -> None:
        self._left = at

    def point(self) -> None:
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, opened: OpenStore) -> None:
        """Before each statement and commit; after one is before the next."""
        for name in ("before_cursor_execute", "commit"):
            event.listen(opened.db.engine, name, lambda *_: self.point())


class Witness:
    """A `Dialler` whose telephones really ring: each ring stays, whatever becomes of the process."""

    def __init__(self, rings: Path, killer: Killer) -> None:
        self._rings, self._killer = rings, killer

    def place(self, orders: Sequence[DialOrder]) -> list[Placement]:
        placements = []
        for order in orders:
            self._killer.point()
            with self._rings.open("a", encoding="utf-8") as file:
                file.write(f"{order.attempt_id} {order.number}\n")
            placements.append(Placement(order.attempt_id, Placed.ACCEPTED))
        self._killer.point()
        return placements

    def ready(self) -> str:
        return ""


def dial_once(database: Database, at: int, now: datetime, rings: Path) -> None:
    """One step of the dialler; `at` 0: it lives."""
    killer = Killer(at)
    plan = replace(dial_plan(), new_id=partial(new_ulid, randbits=secrets.randbits))
    with open_store(database) as opened:
        killer.watch(opened)
        dial.step(plan, opened.store, Witness(rings, killer), Clock(now), 10)


def end_once(database: Database, at: int, ending: Outcome, step: NextStep) -> None:
    """A conversation begins, and its hang-up is recorded."""
    killer = Killer(at)
    with open_store(database) as opened:
        killer.watch(opened)
        opened.store.attempts.answered(ending.attempt_id, ending.ended_at)
        opened.store.outcomes.record(ending, step)


def run(work: Work, *arguments: object) -> bool:
    """In a process of its own; False when it was killed. AssertionError when it failed otherwise."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=work, args=arguments)
    process.start()
    process.join(SECONDS)
    code = process.exitcode
    process.close()
    assert code in (0, -signal.SIGKILL), f"it ended with {code}"
    return code == 0
