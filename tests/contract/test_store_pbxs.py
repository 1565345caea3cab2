"""Two PBXs on one store: caps, who judges which calls, how the calls of a PBX that is gone end, who leads."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from tests.contract.store_data import ALPHA, NOW, RULES, Bed, attempt_id, candidate, client, reserve_one, seed
from tests.unit.world import Clock, Switch
from worker.core.enums import AttemptState, LineResult
from worker.core.model import LedgerRules
from worker.core.records import CdrRow
from worker.core.route import Route
from worker.errors import StoreUnavailable
from worker.jobs import reconcile
from worker.jobs.leading import LEADER, SIDE, Office, SideWork, leader_of
from worker.jobs.reconcile import ANY_CALL, GONE, NEVER
from worker.store_ports import Store

LONGEST = timedelta(seconds=270)
HERE, THERE = "norte", "sul"
SECOND = timedelta(seconds=1)
ALL_RULES: Mapping[str, LedgerRules] = {ALPHA: RULES}


def on(pbx: str, trunk: str = "OUT_1", channels: int | None = None) -> Route:
    return Route(f"{pbx}/{trunk}" if pbx else "", "+551133330000", channels)


def dialled(store: Store, n: int, route: Route, *, channels: int = 100) -> bool:
    """The n-th debtor is reserved on that route."""
    (waiting,) = [
        one for one in store.queue.waiting(ALPHA, NOW, 100) if one.entry.client_id == client(n).client_id
    ]
    return bool(
        store.attempts.reserve([candidate(waiting, n)], channels=channels, rules=RULES, now=NOW, route=route)
    )


def state(store: Store, n: int) -> AttemptState:
    attempt = store.attempts.get(attempt_id(n))
    assert attempt
    return attempt.state


def end_orphans(store: Store, name: str, now: datetime, live: set[str] | None = None) -> tuple[int, int]:
    return reconcile.end_orphans(store, Switch(live, name), now, ALL_RULES, LONGEST)


# --- caps --------------------------------------------------------------------------------------------


def test_a_trunk_of_the_same_name_on_another_pbx_is_another_trunk(store: Store) -> None:
    seed(store, [client(n) for n in range(4)])
    for n, pbx in enumerate((HERE, THERE)):
        assert dialled(store, n, on(pbx, channels=1))
    for n, pbx in ((2, HERE), (3, THERE)):
        assert not dialled(store, n, on(pbx, channels=1))


def test_the_cap_of_an_instance_counts_its_calls_on_every_pbx(store: Store) -> None:
    seed(store, [client(n) for n in range(3)])
    assert dialled(store, 0, on(HERE), channels=2)
    assert dialled(store, 1, on(THERE), channels=2)
    assert not dialled(store, 2, on(THERE), channels=2)


# --- whose calls -------------------------------------------------------------------------------------


def test_calls_of_another_pbx_are_left_to_it_though_this_one_knows_nothing_of_them(bed: Bed) -> None:
    store = bed.store
    seed(store, [client(n) for n in range(3)])
    for n, pbx in enumerate((HERE, THERE, THERE)):
        assert dialled(store, n, on(pbx))
    bed.put_cdr(CdrRow("1795.2", NOW, "ANSWERED", f"{attempt_id(2)}|u=1", 30, 25))
    store.presence.beat(LEADER, leader_of(THERE), 1, "sul:1", NOW)
    for live in (set[str](), None):
        end_orphans(store, HERE, NOW + timedelta(minutes=30), live)
    assert (AttemptState.LOST, AttemptState.RESERVED, AttemptState.RESERVED) == tuple(
        state(store, n) for n in range(3)
    )
    assert (1, 1) == end_orphans(store, THERE, NOW + timedelta(minutes=30), set())


def test_a_call_that_lives_on_its_own_pbx_lives(store: Store) -> None:
    seed(store, [client(1)])
    assert dialled(store, 1, on(THERE))
    later = NOW + timedelta(hours=5)
    store.presence.beat(LEADER, leader_of(THERE), 1, "sul:1", later)
    for name in (HERE, THERE):
        assert (0, 0) == end_orphans(store, name, later, {attempt_id(1)} if name == THERE else set())


@pytest.mark.parametrize("name", [HERE, THERE])
def test_an_attempt_of_no_known_pbx_is_judged_by_whoever_looks(store: Store, name: str) -> None:
    seed(store, [client(1)])
    assert reserve_one(store, 1)
    assert (0, 1) == end_orphans(store, name, NOW + timedelta(minutes=3), set())


# --- a PBX that is gone ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "name", "seen_before", "left"),
    [
        ("", "", timedelta(), False),  # it left, or was never seen
        (LEADER, leader_of(THERE), GONE + SECOND, False),
        (LEADER, leader_of(THERE), GONE, True),
        ("handler", THERE, GONE, True),  # it may still write the outcome
        ("handler", HERE, timedelta(), False),  # ours says nothing of theirs
        (LEADER, leader_of(HERE), timedelta(), False),
    ],
)
def test_the_calls_of_a_pbx_that_is_gone_are_lost_when_their_last_moment_is_over(
    store: Store, kind: str, name: str, seen_before: timedelta, left: bool
) -> None:
    seed(store, [client(1)])
    assert dialled(store, 1, on(THERE))
    last_moment = NOW + ANY_CALL + NEVER
    if kind:
        store.presence.beat(kind, name, 1, "sul:1", last_moment + SECOND - seen_before)
    assert (0, 0) == end_orphans(store, HERE, last_moment, set())
    assert (0, 0 if left else 1) == end_orphans(store, HERE, last_moment + SECOND, set())
    assert (AttemptState.RESERVED if left else AttemptState.LOST) is state(store, 1)
    assert (0, 0) == end_orphans(store, HERE, last_moment + SECOND, set())


def test_one_pbx_that_is_gone_takes_no_other_with_it(store: Store) -> None:
    seed(store, [client(n) for n in range(2)])
    for n, pbx in enumerate((THERE, "leste")):
        assert dialled(store, n, on(pbx))
    now = NOW + ANY_CALL + NEVER + SECOND
    store.presence.beat(LEADER, leader_of("leste"), 1, "leste:1", now)
    assert (0, 1) == end_orphans(store, HERE, now, set())
    assert (AttemptState.LOST, AttemptState.RESERVED) == (state(store, 0), state(store, 1))


def test_a_lost_call_of_a_pbx_that_is_gone_keeps_its_try(store: Store) -> None:
    seed(store, [client(1)])
    assert dialled(store, 1, on(THERE))
    end_orphans(store, HERE, NOW + ANY_CALL + NEVER + SECOND)
    (row,) = store.outcomes.listing(NOW, NOW + timedelta(hours=9))
    assert LineResult.UNKNOWN is row.outcome.line_result
    assert 0 == store.attempts.count_open(ALPHA)
    ledger = store.queue.dossier(client(1).phones[0].number).ledger
    assert (1, NOW) == (ledger.tries, ledger.last_try_at)


def test_a_call_of_a_pbx_that_is_gone_ends_by_its_cdr_row_where_there_is_one(bed: Bed) -> None:
    seed(bed.store, [client(1)])
    assert dialled(bed.store, 1, on(THERE))
    bed.put_cdr(CdrRow("1795.2", NOW, "BUSY", f"{attempt_id(1)}", 3, 0))
    assert (1, 0) == end_orphans(bed.store, HERE, NOW + ANY_CALL + NEVER + SECOND, set())
    assert AttemptState.ENDED is state(bed.store, 1)


# --- who leads ---------------------------------------------------------------------------------------


@dataclass
class Worker:
    """One leader's side work: whether it runs, and how it was ended."""

    store: Store
    me: str
    clock: Clock = field(default_factory=Clock)
    running: bool = False
    waited: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.office = Office(self.store.presence, SIDE, self.me, os.getpid())
        self.side = SideWork(self.office, self.clock, self.start)

    def start(self) -> Callable[[bool], None]:
        assert not self.running
        self.running = True
        return self.end

    def end(self, wait: bool) -> None:
        self.running = False
        self.waited.append(wait)


def test_one_does_the_side_work_and_another_takes_over_when_it_is_let_go(store: Store) -> None:
    first, second = Worker(store, "norte:1"), Worker(store, "sul:2")
    for worker in (first, second, second, first):
        worker.side.turn()
    assert (True, False) == (first.running, second.running)
    assert "norte:1" == second.office.holder()
    first.side.drop()
    first.side.drop()
    assert ([True], "") == (first.waited, second.office.holder())
    second.side.turn()
    first.side.turn()
    assert (False, True) == (first.running, second.running)
    second.side.drop()


def test_who_has_lost_the_side_work_ends_it_without_waiting_and_leaves_the_row_to_the_other(store: Store) -> None:
    first, second = Worker(store, "norte:1"), Worker(store, "sul:2")
    first.side.turn()
    second.office.beat(second.clock)  # it got the lock after a restart of the database had freed it
    first.side.turn()
    assert (False, [False], "sul:2") == (first.running, first.waited, first.office.holder())


def test_side_work_that_cannot_begin_keeps_nobody_out(store: Store) -> None:
    def breaks() -> Callable[[bool], None]:
        raise StoreUnavailable("gone")

    broken, sound = Worker(store, "norte:1"), Worker(store, "sul:2")
    side = SideWork(broken.office, broken.clock, breaks)
    with pytest.raises(StoreUnavailable):
        side.turn()
    sound.side.turn()
    assert sound.running
    sound.side.drop()


def test_two_pbxs_have_a_leader_each_and_one_pbx_has_one(store: Store) -> None:
    norte, again, sul = (
        Office(store.presence, leader_of(pbx), me, 1) for pbx, me in ((HERE, "a:1"), (HERE, "b:2"), (THERE, "c:3"))
    )
    with norte.lock() as first, again.lock() as second, sul.lock() as third:
        assert (True, False, True) == (first, second, third)
    norte.beat(Clock())
    assert (False, True, True) == (norte.lost(), again.lost(), sul.lost())
    again.leave()  # not his row
    assert "a:1" == again.holder()
    norte.leave()
    assert ("", True) == (norte.holder(), norte.lost())
