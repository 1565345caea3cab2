"""Four workers in one town over MariaDB, each with connections of its own that may die at any statement."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random
from time import monotonic
from typing import Any

from sqlalchemy import event

from tests.contract.conftest import put_cdr
from tests.contract.machine_acts import Actor
from tests.contract.machine_calls import listen
from tests.contract.machine_oracle import judge
from tests.contract.machine_tables import of_mariadb
from tests.contract.machine_world import CHANNELS, Died, Town
from tests.lab.mariadb import PrivateMariaDb
from worker.errors import StoreError
from worker.store.mariadb import open_store

THREADS = 4
DEATHS = 0.04  # of acts
FARTHEST = 25  # statements into an act


class Mortal:
    """A process with its store. After the statements told to `die_in`, its socket is closed and nothing works."""

    def __init__(self, server: PrivateMariaDb, town: Town) -> None:
        self.opened = open_store(server.database(pool=6))
        self._left: int | None = None
        self.dead = False
        for moment in ("before_cursor_execute", "after_cursor_execute"):
            event.listen(self.opened.db.engine, moment, lambda connection, *_: self._boundary(connection))
        event.listen(self.opened.db.engine, "commit", self._boundary)
        listen(town, self.opened.store)
        self.actor = Actor(town, self.opened.store, lambda row: put_cdr(server, row))

    def die_in(self, statements: int | None) -> None:
        self._left = statements

    def _boundary(self, connection: Any) -> None:
        if self._left is not None:
            self._left -= 1
            self.dead = self.dead or self._left < 0
        if self.dead:
            connection.connection.dbapi_connection._force_close()
            raise Died


class Race:
    """One town for some seconds. `problems`: what went wrong in a thread."""

    def __init__(self, server: PrivateMariaDb, seed: int, acts: Sequence[str]) -> None:
        self._server, self._seed, self._acts = server, seed, acts
        self.town = Town()
        self.problems: list[BaseException] = []
        self.tally: Counter[str] = Counter()
        self._over = threading.Event()

    def run(self, seconds: float) -> None:
        """AssertionError when an invariant broke, then or in between; what a thread raised is raised here."""
        first = Mortal(self._server, self.town)
        with first.opened:
            for instance in CHANNELS:
                first.actor.sync_with(instance, "whole", Random(0))
            threads = [threading.Thread(target=self._live, args=(n,)) for n in range(THREADS)]
            for thread in threads:
                thread.start()
            try:
                with self._server.connect() as connection:
                    until = monotonic() + seconds
                    while monotonic() < until and not self.problems:
                        self._over.wait(0.25)
                        judge(self.town, of_mariadb(self.town, connection))
                        self.tally["looks"] += 1
            finally:
                self._over.set()
                for thread in threads:
                    thread.join(60)
            assert not any(thread.is_alive() for thread in threads), "a worker hangs"
            if self.problems:
                raise self.problems[0]
            self._settle(first)

    def _settle(self, actor: Mortal) -> None:
        actor.actor.settle()
        with self._server.connect() as connection:
            seen = of_mariadb(self.town, connection)
        judge(self.town, seen, last=True)
        assert [] == [one for one in seen.tries if one.is_open]
        self.tally.update(one.state for one in seen.tries)

    def _live(self, n: int) -> None:
        rng = Random(f"{self._seed}/{n}")
        mortal = Mortal(self._server, self.town)
        try:
            while not self._over.is_set():
                if mortal.dead:
                    mortal.opened.close()
                    mortal = Mortal(self._server, self.town)
                    self.tally["deaths"] += 1
                mortal.die_in(rng.randrange(FARTHEST) if rng.random() < DEATHS else None)
                self._act(getattr(mortal.actor, rng.choice(self._acts)), rng, mortal)
        except BaseException as problem:
            self.problems.append(problem)
        finally:
            with suppress(Exception):
                mortal.opened.close()

    def _act(self, act: Callable[[Random], None], rng: Random, mortal: Mortal) -> None:
        self.tally["acts"] += 1
        try:
            act(rng)
        except Died:
            mortal.actor.forget()
        except StoreError:
            if not mortal.dead:  # too many deadlocks, or a lock held too long: the next act tries again
                self.tally["refused by the database"] += 1
