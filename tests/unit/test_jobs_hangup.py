"""Who is hung up when a pause says so: those in flight, of the paused instances, on this PBX."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from tests.contract.store_data import candidate, seed
from tests.unit.world import NOON, RULES, client
from worker.core.brakes import ALL, Brake, BrakeKind
from worker.core.model import Attempt
from worker.core.route import Route
from worker.jobs import brakes
from worker.store.memory import memory_store
from worker.store_ports import Store

HAND = Brake("fibra", BrakeKind.BY_HAND, "repairs", NOON, set_by="ana@pbx")


@dataclass
class Scissors:
    """A `Cutter` that ends whom it is told."""

    asked: list[str] = field(default_factory=list)

    def cut(self, attempts: Sequence[Attempt]) -> set[str]:
        self.asked += [one.attempt_id for one in attempts]
        return {one.attempt_id for one in attempts[:1]}


def in_flight(store: Store, instance: str, trunk: str, number: int) -> str:
    seed(store, [client(number)], instance)
    (waiting,) = store.queue.waiting(instance, NOON, 1)
    chosen = replace(candidate(waiting, number), local_day=NOON.date())
    (attempt,) = store.attempts.reserve([chosen], channels=9, rules=RULES, now=NOON, route=Route(trunk, "", None))
    return attempt.attempt_id


def test_hanging_up_ends_what_is_in_flight_of_the_instance_on_this_pbx() -> None:
    store, scissors = memory_store(), Scissors()
    here, old = in_flight(store, "fibra", "local/OUT_1", 1), in_flight(store, "fibra", "", 2)
    in_flight(store, "fibra", "second/OUT_1", 3)
    radio = in_flight(store, "radio", "local/OUT_1", 4)
    cut = replace(HAND, hang_up=True)
    assert {here} == brakes.hang_up(store, scissors, [cut], "local", NOON)
    assert sorted([here, old]) == sorted(scissors.asked)
    brakes.hang_up(store, scissors, [replace(cut, instance=ALL)], "local", NOON)
    assert sorted([here, old, here, old, radio]) == sorted(scissors.asked)


def test_who_lets_calls_end_hangs_up_nobody_nor_does_a_brake_that_is_over() -> None:
    store, scissors = memory_store(), Scissors()
    in_flight(store, "fibra", "local/OUT_1", 1)
    over = replace(HAND, hang_up=True, until=NOON)
    assert set() == brakes.hang_up(store, scissors, [HAND, over], "local", NOON)
    assert set() == brakes.hang_up(store, scissors, [replace(HAND, hang_up=True)], "second", NOON)
    assert [] == scissors.asked
