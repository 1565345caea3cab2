"""Calls that are answered or end at the same moment: one transaction tells the same story as many."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Barrier
from typing import Any

import pytest

from tests.contract.store_data import ALPHA, DONE, HOUR, NOW, RULES, attempt_id, candidate, client, outcome, seed
from tests.contract.test_store_mariadb import statements
from tests.lab.mariadb import PrivateMariaDb
from worker.core.enums import CallEnding, EntryState, LineResult
from worker.core.model import Attempt, Block, NextStep, Outcome
from worker.store import rows
from worker.store.endings import Ending, UnusualError, record_together
from worker.store.mariadb import OpenStore

STEPS = (
    DONE,
    NextStep(EntryState.WAITING, "last try: busy", NOW + 4 * HOUR, ending=CallEnding.BUSY),
    NextStep(EntryState.WAITING, "at once", after_sync=True, ending=CallEnding.SAYS_PAID),
)
TABLES = (
    "SELECT * FROM asteriskcdrdb.collector_outcome ORDER BY attempt_id",
    "SELECT * FROM collector.attempt ORDER BY attempt_id",
    (
        "SELECT client_id, state, reason, next_attempt_at, changed_at, claim, after_sync, last_ending, in_a_row "
        "FROM collector.queue_entry ORDER BY client_id"
    ),
    "SELECT * FROM collector.number_block ORDER BY number",
    "SELECT who, quiet_until FROM collector.ledger ORDER BY who",
    "SELECT * FROM collector.erp_note ORDER BY attempt_id",
    "SELECT * FROM collector.do_not_call ORDER BY number",
)


def reserved(opened: OpenStore, amount: int) -> list[Attempt]:
    seed(opened.store, [client(n) for n in range(amount)])
    chosen = [candidate(one, n) for n, one in enumerate(opened.store.queue.waiting(ALPHA, NOW, amount))]
    return opened.store.attempts.reserve(chosen, channels=amount, rules=RULES, now=NOW)


def ended(attempts: list[Attempt]) -> list[tuple[Outcome, NextStep]]:
    """Each at its own instant; three kinds of next step, every fifth with block and note, every fourth quiet."""
    found = []
    for n, attempt in enumerate(attempts):
        at = NOW + timedelta(seconds=n, microseconds=7 * n)
        step = STEPS[n % 3]
        until = None if step.not_before is None else step.not_before + timedelta(seconds=n, microseconds=7 * n)
        block = Block(attempt.number, "opt_out") if n % 5 == 0 else None
        quiet = at + timedelta(days=n) if n % 4 == 0 else None
        note = f"nota {n}" if block else ""
        told = replace(step, not_before=until, block=block, quiet_until=quiet, note=note, never=n == 10)
        found.append((outcome(attempt, ended=at), told))
    return found


def story(server: PrivateMariaDb) -> list[Any]:
    with server.root() as cursor:
        told = []
        for sql in TABLES:
            cursor.execute(sql)
            told.append([row[:2] + row[3:] if "collector.attempt" in sql else row for row in cursor.fetchall()])
    return told  # without entry_id, which the server gives out anew


def endings(pairs: list[tuple[Outcome, NextStep]]) -> list[Ending]:
    return [Ending(rows.tidy_outcome(one), step, lost=False) for one, step in pairs]


def clear(server: PrivateMariaDb) -> None:
    with server.root() as cursor:
        for table in ("collector_outcome",):
            cursor.execute(f"DELETE FROM asteriskcdrdb.{table}")
        for table in (
            "attempt",
            "queue_entry",
            "number_block",
            "ledger",
            "client",
            "client_phone",
            "erp_note",
            "do_not_call",
        ):
            cursor.execute(f"DELETE FROM collector.{table}")


def test_recorded_together_they_leave_the_same_rows_as_one_by_one(
    opened: OpenStore, server: PrivateMariaDb
) -> None:
    for pair in ended(reserved(opened, 30)):
        assert opened.store.outcomes.record(*pair)
    one_by_one = story(server)
    clear(server)
    together = endings(ended(reserved(opened, 30)))
    opened.db.run(lambda tx: record_together(tx, together))
    assert one_by_one == story(server)


def test_a_group_costs_few_statements_however_large(opened: OpenStore) -> None:
    group = endings([(one, STEPS[1]) for one, _ in ended(reserved(opened, 90))])
    same = [
        Ending(g.outcome, NextStep(g.step.state, g.step.reason, g.outcome.ended_at + HOUR), False) for g in group
    ]
    with statements(opened) as seen:
        opened.db.run(lambda tx: record_together(tx, same))
    assert 3 == len(seen)  # outcomes, attempts, entries


def test_those_who_were_spoken_with_cost_a_group_one_statement_more(opened: OpenStore) -> None:
    step = NextStep(EntryState.WAITING, "heard all", ending=CallEnding.HEARD)
    pairs = [(one, replace(step, quiet_until=one.ended_at + HOUR)) for one, _ in ended(reserved(opened, 90))]
    with statements(opened) as seen:
        opened.db.run(lambda tx: record_together(tx, endings(pairs)))
    assert 4 == len(seen)
    until = [one.ended_at + HOUR for one, _ in pairs]
    quiet = [one.ledger[one.debtor].quiet_until for one in opened.store.queue.waiting(ALPHA, NOW + 9 * HOUR, 100)]
    assert sorted(until) == sorted(one for one in quiet if one)


@pytest.mark.parametrize("case", ["recorded before", "withdrawn", "twice", "lost"])
def test_an_unusual_one_among_them_undoes_the_group(opened: OpenStore, server: PrivateMariaDb, case: str) -> None:
    attempts = reserved(opened, 4)
    group = endings(ended(attempts))
    if case == "recorded before":
        opened.store.outcomes.record(group[1].outcome, group[1].step)
    elif case == "withdrawn":
        opened.store.attempts.withdraw(attempts[1].attempt_id, "no trunk")
    elif case == "twice":
        group.append(group[1])
    else:
        group[1] = Ending(group[1].outcome, group[1].step, lost=True)
    before = story(server)
    with pytest.raises(UnusualError):
        opened.db.run(lambda tx: record_together(tx, group))
    assert before == story(server)


def test_forty_hang_ups_at_once_and_each_of_them_twice_write_forty_outcomes(
    opened: OpenStore, server: PrivateMariaDb
) -> None:
    pairs = ended(reserved(opened, 40))
    opened.store.attempts.withdraw(pairs[7][0].attempt_id, "no trunk")
    barrier = Barrier(80)

    def hang_up(n: int) -> bool:
        barrier.wait(20)
        return opened.store.outcomes.record(*pairs[n % 40])

    with ThreadPoolExecutor(80) as threads:
        written = list(threads.map(hang_up, range(80)))
    assert 40 == sum(written)
    assert [1] * 40 == [written[n] + written[n + 40] for n in range(40)]
    with server.root() as cursor:
        cursor.execute("SELECT state, COUNT(*) FROM collector.attempt GROUP BY state ORDER BY state")
        assert (("ended", 39), ("withdrawn", 1)) == cursor.fetchall()


def test_forty_answers_at_once_keep_their_own_instants(opened: OpenStore) -> None:
    attempts = reserved(opened, 40)
    opened.store.outcomes.record(outcome(attempts[3], line=LineResult.BUSY), DONE)
    barrier = Barrier(40)

    def instant(n: int) -> datetime:
        return NOW + timedelta(seconds=n, microseconds=n)

    def answer(n: int) -> Attempt | None:
        barrier.wait(20)
        return opened.store.attempts.answered(attempts[n].attempt_id, instant(n))

    with ThreadPoolExecutor(40) as threads:
        found = list(threads.map(answer, range(40)))
    expected = [None if n == 3 else (attempts[n].attempt_id, instant(n)) for n in range(40)]
    assert expected == [one and (one.attempt_id, one.answered_at) for one in found]


@pytest.mark.parametrize(
    "text", ["", "x", attempt_id(0).lower(), attempt_id(0) + " ", f"{attempt_id(0)} 1999-01-01"]
)
def test_what_is_no_attempt_id_is_never_asked_for(opened: OpenStore, text: str) -> None:
    reserved(opened, 1)
    with statements(opened) as seen:
        assert (None, None) == (opened.store.attempts.answered(text, NOW), opened.store.attempts.get(text))
    assert [] == seen
