"""Whatever happens, in whatever order, no invariant breaks: a state machine over the twin in memory, and four
workers at once over MariaDB that die at any statement.

    COLLECTOR_MACHINE_SECONDS=600 pytest tests/contract/test_store_machine.py -k four

lets the four run for ten minutes, and the town in memory go where it has not been; COLLECTOR_MACHINE_SEED=7 begins
with the seventh town. A failure names its town.
"""

import os
from collections import Counter
from random import Random
from time import monotonic

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.contract.conftest import empty
from tests.contract.machine_acts import Actor
from tests.contract.machine_calls import listen
from tests.contract.machine_oracle import judge
from tests.contract.machine_tables import of_memory
from tests.contract.machine_threads import Race
from tests.contract.machine_world import CHANNELS, Died, Town
from tests.lab.mariadb import PrivateMariaDb
from worker.store.memory import memory_store
from worker.store.memory_tables import Tables

SEED, SECONDS = "COLLECTOR_MACHINE_SEED", "COLLECTOR_MACHINE_SECONDS"
ROUND = 3.0  # seconds in one town
ACTS = (  # as often as they stand here
    *("step", "hang_up") * 6,
    *("recklessly_dial", "clock") * 5,
    *("look", "recklessly_look", "reserve", "reserve", "put_on_line"),
    *("answer", "reconcile", "sync", "pay", "owe", "forget"),
    *("list_somebody", "unlist", "pause", "resume", "resume"),
)


def two_actors(town: Town, tables: Tables) -> list[Actor]:
    store = memory_store(tables)
    listen(town, store)
    return [Actor(town, store, tables.cdr.append) for _ in range(2)]


class TownInMemory(RuleBasedStateMachine):
    """Two workers with their handlers; each act is one of the product's own steps, cut where a process may die."""

    def __init__(self) -> None:
        super().__init__()
        self.town, self.tables = Town(), Tables()
        self.actors = two_actors(self.town, self.tables)
        for instance in CHANNELS:
            self.actors[0].sync_with(instance, "whole", Random(0))

    @rule(name=st.sampled_from(ACTS), rng=st.randoms(use_true_random=False))
    def act(self, name: str, rng: Random) -> None:
        actor = self.actors[rng.randint(0, 1)]
        try:
            getattr(actor, name)(rng)
        except Died:
            actor.forget()

    @invariant()
    def nothing_is_broken(self) -> None:
        judge(self.town, of_memory(self.town, self.tables))

    def teardown(self) -> None:
        self.actors[0].settle()
        seen = of_memory(self.town, self.tables)
        judge(self.town, seen, last=True)
        assert [] == [one for one in seen.tries if one.is_open]


TestTownInMemory = TownInMemory.TestCase
TestTownInMemory.settings = settings(
    max_examples=30,
    stateful_step_count=80,
    deadline=None,
    derandomize=SECONDS not in os.environ,  # a suite fails for what was changed; new ground is for soaks
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.timeout(36000)
def test_four_workers_that_die_at_any_statement_break_no_invariant(
    server: PrivateMariaDb, capsys: pytest.CaptureFixture[str]
) -> None:
    first = seed = int(os.environ.get(SEED, "1"))
    until = monotonic() + float(os.environ.get(SECONDS, "25"))
    tally: Counter[str] = Counter()
    while monotonic() < until:
        empty(server)
        race = Race(server, seed, ACTS)
        try:
            race.run(ROUND)
        except BaseException:
            with capsys.disabled():
                print(f"\nbroken in town {seed}: {SEED}={seed} begins with it")  # noqa: T201 - to find it again
            raise
        tally, seed = tally + race.tally, seed + 1
    with capsys.disabled():
        print(f"\n{seed - first} towns: {dict(tally)}")  # noqa: T201 - a soak is judged by it
    assert tally["ended"] > 0
    assert tally["deaths"] > 0
