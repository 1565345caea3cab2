"""Guards proved with four workers at once on a real server: caps, gaps, one outcome, deadlocks."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import timedelta
from threading import Barrier
from typing import TypeVar

import pytest

from tests.contract.store_data import (
    ALPHA,
    DONE,
    NOW,
    RULES,
    attempt_id,
    candidate,
    client,
    later,
    number_of,
    outcome,
    reserve_one,
    seed,
)
from tests.lab.mariadb import PrivateMariaDb
from worker.core.enums import AttemptState
from worker.core.model import LedgerRules
from worker.errors import SyncOvertaken
from worker.store.engine import Db, Tx
from worker.store.mariadb import OpenStore, open_store

T = TypeVar("T")
THREADS = 4


def at_once(work: Callable[[int, OpenStore], T], server: PrivateMariaDb) -> list[T]:
    """Run it in four threads, each with its own pool as in a process of its own, all starting together."""
    barrier = Barrier(THREADS)

    def one(n: int, opened: OpenStore) -> T:
        opened.store.runs.latest(1)  # connect before the start
        barrier.wait(20)
        return work(n, opened)

    with ExitStack() as stack, ThreadPoolExecutor(THREADS) as threads:
        stores = [stack.enter_context(open_store(server.database())) for _ in range(THREADS)]
        return list(threads.map(one, range(THREADS), stores))


def test_four_workers_never_pass_the_channel_cap_nor_try_a_number_twice(
    opened: OpenStore, server: PrivateMariaDb
) -> None:
    for name in (ALPHA, "beta"):
        seed(opened.store, [client(n, n % 10) for n in range(40)], instance=name)  # each number eight times in all

    def work(n: int, own: OpenStore) -> int:
        name = (ALPHA, "beta")[n % 2]
        waiting = own.store.queue.waiting(name, NOW, 40)
        chosen = [candidate(one, 1000 * n + place) for place, one in enumerate(waiting)]
        halves = (chosen[:20], chosen[20:])
        return sum(
            len(own.store.attempts.reserve(half, channels=6, rules=RULES, now=NOW + timedelta(seconds=place)))
            for place, half in enumerate(halves)
        )

    reserved = at_once(work, server)
    with server.root() as cursor:
        cursor.execute("SELECT number, COUNT(*) FROM collector.attempt GROUP BY number")
        assert {1} == {tries for _, tries in cursor.fetchall()}
        cursor.execute("SELECT COUNT(*) FROM collector.queue_entry WHERE state = 'claimed'")
        assert (sum(reserved),) == cursor.fetchone()
        cursor.execute("SELECT COUNT(*) FROM collector.ledger WHERE recent > 0 AND who LIKE '+%%'")
        assert (sum(reserved),) == cursor.fetchone()
    counts = [opened.store.attempts.count_open(name) for name in (ALPHA, "beta")]
    assert 6 >= max(counts)
    assert 10 == sum(counts)  # ten numbers, all taken once


def test_four_workers_with_nothing_else_in_common_share_the_channels(
    opened: OpenStore, server: PrivateMariaDb
) -> None:
    seed(opened.store, [client(n) for n in range(40)])
    everyone = opened.store.queue.waiting(ALPHA, NOW, 40)
    # The lock's row is there already, as after any reservation: making it would serialise them by itself.
    opened.store.attempts.reserve([candidate(everyone[0], 999)], channels=0, rules=RULES, now=NOW)

    def work(n: int, own: OpenStore) -> int:
        waiting = everyone[n * 10 : n * 10 + 10]
        chosen = [candidate(one, 100 * n + place) for place, one in enumerate(waiting)]
        return len(own.store.attempts.reserve(chosen, channels=6, rules=RULES, now=NOW))

    assert 6 == sum(at_once(work, server))
    assert 6 == opened.store.attempts.count_open(ALPHA)


def test_four_workers_never_pass_the_daily_cap(opened: OpenStore, server: PrivateMariaDb) -> None:
    seed(opened.store, [client(n, 7) for n in range(24)])
    rules = LedgerRules(per_day=3, gap=timedelta(0))

    def work(n: int, own: OpenStore) -> int:
        waiting = own.store.queue.waiting(ALPHA, NOW, 24)[n * 6 : n * 6 + 6]
        taken = 0
        for i in range(60):  # while another's call is open, ours is refused
            chosen = candidate(waiting[i % 6], 100 * n + i)
            for attempt in own.store.attempts.reserve([chosen], channels=99, rules=rules, now=NOW):
                own.store.outcomes.record(outcome(attempt), later(0))
                taken += 1
        return taken

    assert 3 == sum(at_once(work, server))
    assert 3 == opened.store.queue.dossier(number_of(7)).ledger.tries


def test_four_hang_ups_of_one_call_write_one_outcome(opened: OpenStore, server: PrivateMariaDb) -> None:
    seed(opened.store, [client(1)])
    attempt = reserve_one(opened.store, 1)
    assert attempt
    written = at_once(lambda _, own: own.store.outcomes.record(outcome(attempt), DONE), server)
    assert [False, False, False, True] == sorted(written)


def test_four_answers_and_a_withdrawal_agree_on_one_story(opened: OpenStore, server: PrivateMariaDb) -> None:
    seed(opened.store, [client(1)])
    assert reserve_one(opened.store, 1)

    def work(n: int, own: OpenStore) -> bool:
        attempts = own.store.attempts
        return (
            attempts.withdraw(attempt_id(1), "x") if n == 0 else attempts.answered(attempt_id(1), NOW) is not None
        )

    withdrawn, *answered = at_once(work, server)
    assert [not withdrawn] * 3 == answered
    stored = opened.store.attempts.get(attempt_id(1))
    assert stored
    assert (AttemptState.WITHDRAWN if withdrawn else AttemptState.ANSWERED) == stored.state


@pytest.mark.usefixtures("opened")
def test_two_syncs_at_once_leave_one_answer_whole(server: PrivateMariaDb) -> None:
    answers = [[client(n) for n in range(first, first + 50)] for first in (0, 25, 50, 75)]

    def replace(n: int, own: OpenStore) -> None:
        with suppress(SyncOvertaken):  # whoever was opened last is overtaken by nobody
            own.store.catalogue.replace_clients(ALPHA, answers[n], NOW)

    at_once(replace, server)
    with server.root() as cursor:
        cursor.execute("SELECT client_id FROM collector.client WHERE active = 1 ORDER BY client_id")
        active = [key for (key,) in cursor.fetchall()]
    assert active in [[one.client_id for one in answer] for answer in answers]


def test_a_deadlock_is_run_again(opened: OpenStore, server: PrivateMariaDb) -> None:
    opened.store.presence.beat("t", "a", 0, "", NOW)
    opened.store.presence.beat("t", "b", 0, "", NOW)
    barrier = Barrier(2)
    runs: list[str] = []

    def crossing(db: Db, first: str, second: str) -> None:
        fresh = [True]

        def work(tx: Tx) -> None:
            runs.append(first)
            tx.change("beat", kind="t", name=first, pid=1, detail=first, now=NOW)
            if fresh.pop():
                fresh.append(False)
                barrier.wait(20)
            else:
                fresh.append(False)
            tx.change("beat", kind="t", name=second, pid=1, detail=first, now=NOW)

        db.run(work)

    with open_store(server.database()) as other, ThreadPoolExecutor(2) as threads:
        done = [threads.submit(crossing, opened.db, "a", "b"), threads.submit(crossing, other.db, "b", "a")]
        assert [None, None] == [one.result(30) for one in done]
    assert len(runs) == 3
