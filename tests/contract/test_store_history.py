"""What explain, replay and plan read: the same from MariaDB and from its twin in memory."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest

from tests.contract.store_data import (
    ALPHA,
    HOUR,
    NOW,
    RULES,
    attempt_id,
    bill,
    candidate,
    client,
    contract,
    later,
    number_of,
    outcome,
    reserve_one,
    seed,
)
from tests.lab.mariadb import PrivateMariaDb
from worker.core.do_not_call import DoNotCall
from worker.core.enums import Answerer, AttemptState, EntryState, LineResult, Result
from worker.core.ledger import debtor_key
from worker.core.model import Attempt, Block, NextStep, Waiting
from worker.core.records import Change
from worker.store import rows
from worker.store.history import SqlHistory
from worker.store.issabel_dnc import IssabelDnc
from worker.store.mariadb import OpenStore
from worker.store.sqltext import load_queries
from worker.store_ports import Store

BUSY = LineResult.BUSY


def entry_of(store: Store, n: int) -> Waiting:
    return next(one for one in store.queue.dossier(number_of(n)).waiting if one.entry.client_id == f"c{n:04}")


def called(store: Store, n: int, *, after: timedelta, line: LineResult = BUSY) -> Attempt:
    """The first that waits is called then, for ten seconds; it waits for nothing after it."""
    attempt = reserve_one(store, n, now=NOW + after, day=(NOW + after).date())
    assert attempt is not None
    ended = outcome(attempt, ended=NOW + after + timedelta(seconds=10), line=line)
    store.outcomes.record(ended, NextStep(EntryState.WAITING, "busy", None))
    return attempt


def test_a_client_stands_with_open_bills_notices_and_type(store: Store) -> None:
    one = replace(client(1, 1, 2), document="52998224725", client_type="7", city="Campinas", collectable=False)
    store.catalogue.replace_clients(ALPHA, [one, client(2)], NOW)
    store.catalogue.replace_client_types(ALPHA, [("7", "Condomínio")], NOW)
    store.catalogue.replace_bills(ALPHA, [bill(2, due=date(2026, 2, 2)), bill(1), bill(3, "c0002")], NOW)
    kept = replace(contract(1), no_notice_until=date(2026, 3, 1))
    longer = replace(contract(2, "c0001"), no_notice_until=date(2026, 4, 1))
    store.catalogue.replace_contracts(ALPHA, [kept, longer, contract(3, "c0001")], NOW)
    found = store.history.client(ALPHA, "c0001")
    assert found is not None
    assert (one, True, "Condomínio", date(2026, 4, 1)) == (
        found.client,
        found.active,
        found.type_name,
        found.no_notice_until,
    )
    assert ["b0001", "b0002"] == [one.bill_id for one in found.bills]
    assert ((), None, "") == (
        (other := store.history.client(ALPHA, "c0002")) and other.do_not_call,
        other and other.no_notice_until,
        other and other.type_name,
    )
    assert store.history.client("beta", "c0001") is None


def test_a_client_that_left_the_source_is_known_as_gone(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1), client(2)], NOW)
    store.catalogue.replace_clients(ALPHA, [client(2)], NOW)
    found = store.history.client(ALPHA, "c0001")
    assert found is not None
    assert not found.active


def test_owners_are_found_in_all_instances(store: Store) -> None:
    store.catalogue.replace_clients("beta", [client(1, 9)], NOW)
    store.catalogue.replace_clients(ALPHA, [client(2, 9, 3), client(3)], NOW)
    assert [(ALPHA, "c0002"), ("beta", "c0001")] == store.history.owners(number_of(9))
    assert [] == store.history.owners(number_of(8))


def test_the_past_holds_all_tries_of_the_debtor_and_of_his_numbers_before_the_instant(store: Store) -> None:
    seed(store, [client(1)])
    first = called(store, 1, after=timedelta(0))
    second = called(store, 2, after=5 * HOUR)
    at = NOW + 10 * HOUR
    third = reserve_one(store, 3, now=NOW + 9 * HOUR)
    assert third is not None
    store.attempts.withdraw(third.attempt_id, "refused")
    past = store.history.past(entry_of(store, 1), at)
    assert [first.attempt_id, second.attempt_id, third.attempt_id] == [one.attempt_id for one in past.tries]
    assert [AttemptState.ENDED, AttemptState.ENDED, AttemptState.WITHDRAWN] == [one.state for one in past.tries]
    one = past.tries[0]
    assert (NOW, NOW + timedelta(seconds=10), first.debtor) == (one.reserved_at, one.ended_at, one.debtor)
    assert one.outcome is not None
    assert (BUSY, "SIP 200 OK") == (one.outcome.line_result, one.outcome.tech_text)
    assert past.tries[2].outcome is None
    before = store.history.past(entry_of(store, 1), NOW + 5 * HOUR)
    assert [first.attempt_id] == [one.attempt_id for one in before.tries]


def test_tries_for_another_instance_are_found_by_the_document_and_by_the_number(store: Store) -> None:
    same = replace(client(1, 1), document="52998224725")
    seed(store, [same])
    called(store, 1, after=timedelta(0))
    elsewhere = replace(client(5, 6), document="52998224725")
    neighbour = client(7, 1)
    seed(store, [elsewhere, neighbour], "beta")
    for waiting in store.queue.waiting("beta", NOW + HOUR, 10):
        assert [attempt_id(1)] == [one.attempt_id for one in store.history.past(waiting, NOW + HOUR).tries]
    assert debtor_key(ALPHA, "c0001", "52998224725") == store.history.past(waiting, NOW + HOUR).tries[0].debtor


def test_a_block_is_dated_by_the_call_that_made_it_and_the_bills_by_the_last_whole_reading(store: Store) -> None:
    seed(store, [client(1)])
    attempt = reserve_one(store, 1)
    assert attempt is not None
    block = Block(attempt.number, "wrong_person", ALPHA, "c0001")
    store.outcomes.record(outcome(attempt, ended=NOW + HOUR), replace(later(5), block=block))
    for job, status, hours in (
        ("bills", "done", 1),
        ("bills", "done", 2),
        ("bills", "failed", 3),
        ("queue", "done", 3),
    ):
        run = store.runs.start(job, ALPHA, NOW + (hours - 1) * HOUR)
        store.runs.finish(run, NOW + hours * HOUR, status, change=Change(0, 0, 0, 0, 0))
    past = store.history.past(entry_of(store, 1), NOW + 4 * HOUR)
    assert {(attempt.number, ALPHA, "c0001"): NOW + HOUR} == past.blocked_at
    assert NOW + 2 * HOUR == past.synced_at
    assert NOW + HOUR == store.history.past(entry_of(store, 1), NOW + 2 * HOUR).synced_at
    assert store.history.past(entry_of(store, 1), NOW + HOUR).synced_at is None


def test_endings_are_summed_by_the_hour_of_utc_and_how_they_ended(store: Store) -> None:
    seed(store, [client(1)])
    called(store, 1, after=timedelta(0))
    called(store, 2, after=24 * HOUR)
    called(store, 3, after=30 * HOUR, line=LineResult.ANSWERED)
    found = store.history.endings(ALPHA, NOW, NOW + 48 * HOUR)
    assert [(13, BUSY, 2, 79.5), (19, LineResult.ANSWERED, 1, 39.75)] == [
        (one.hour, one.line_result, one.calls, one.seconds) for one in found
    ]
    assert {(Answerer.HUMAN, Result.PROMISE)} == {(one.answerer, one.result) for one in found}
    assert 1 == sum(one.calls for one in store.history.endings(ALPHA, NOW, NOW + 24 * HOUR))
    assert [] == store.history.endings("beta", NOW, NOW + 48 * HOUR)


def test_everybody_comes_with_what_the_rules_ask_of_him(store: Store) -> None:
    clients = [replace(client(n, n, 50 + n), city="Campinas", document=f"{n:011}") for n in (1, 2, 3)]
    seed(store, [*clients, replace(client(4), phones=())])
    called(store, 1, after=timedelta(0))
    store.outcomes.block(Block(number_of(2), "opt_out"), attempt_id(1), NOW)
    (second,) = [one for one in store.queue.waiting(ALPHA, NOW + HOUR, 9) if one.entry.client_id == "c0002"]
    store.attempts.reserve([candidate(second, 9)], channels=9, rules=RULES, now=NOW + HOUR)
    found = [one for part in store.history.everybody(ALPHA) for one in part]
    assert ["c0001", "c0003", "c0004", "c0002"] == [one.entry.client_id for one in found]
    assert EntryState.CLAIMED is found[3].entry.state
    full = {one.entry.client_id: one for n in (1, 2, 3) for one in store.queue.dossier(number_of(n)).waiting}
    for one in (found[0], found[1], found[3]):
        same = full[one.entry.client_id]
        assert (same.entry, same.ledger, same.blocks) == (one.entry, one.ledger, one.blocks)
        assert (same.debtor, same.document, same.city) == (one.debtor, one.document, one.city)
        assert [phone.number for phone in same.phones] == [phone.number for phone in one.phones]
    assert () == found[2].phones
    assert [] == list(store.history.everybody("beta"))


def test_lines_of_the_list_come_with_who_they_name(store: Store) -> None:
    seed(store, [replace(client(n), document=f"{n:011}") for n in (1, 2, 3)])
    plain = DoNotCall(reason="asked", source="Procon")
    lines = [
        replace(plain, number=number_of(1)),
        replace(plain, document=f"{2:011}", instance=ALPHA),
        replace(plain, number=number_of(3), instance="beta"),
    ]
    store.do_not_call.put(lambda: lines, NOW)
    found = [one for part in store.history.everybody(ALPHA) for one in part]
    assert [[(number_of(1), "")], [("", f"{2:011}")], []] == [
        [(line.number, line.document) for line in one.do_not_call] for one in found
    ]
    named = [store.history.client(ALPHA, f"c{n:04}") for n in (1, 2, 3)]
    assert [1, 1, 0] == [len(one.do_not_call) for one in named if one]


# --- of MariaDB alone --------------------------------------------------------------------------------


@pytest.mark.parametrize("part", [1, 2, 100])
def test_parts_of_any_size_hold_everybody_once_in_order(opened: OpenStore, part: int) -> None:
    seed(opened.store, [client(n) for n in range(1, 6)])
    parts = list(SqlHistory(opened.db, IssabelDnc(opened.db), part).everybody(ALPHA))
    assert [f"c{n:04}" for n in range(1, 6)] == [one.entry.client_id for each in parts for one in each]
    assert max(len(each) for each in parts) <= part


def test_entries_of_one_turn_are_told_apart_by_their_number(opened: OpenStore, server: PrivateMariaDb) -> None:
    seed(opened.store, [client(n) for n in range(1, 6)])
    with server.root() as cursor:
        cursor.execute("UPDATE collector.queue_entry SET turn = -7")
    found = [
        one.entry.client_id
        for each in SqlHistory(opened.db, IssabelDnc(opened.db), 2).everybody(ALPHA)
        for one in each
    ]
    assert [f"c{n:04}" for n in range(1, 6)] == found


@pytest.mark.parametrize(
    ("name", "values", "key"),
    [
        ("tries_to_numbers", {"numbers": ["+1", "+2"], "since": NOW, "before": NOW + HOUR}, "by_number"),
        ("tries_of_debtor", {"debtor": "d:1", "since": NOW, "before": NOW + HOUR}, "by_debtor"),
        (
            "waiting_after",
            {"instance": ALPHA, "state": "waiting", "turn": 5, "entry_id": 5, "limit": 9},
            "next_up",
        ),
    ],
)
def test_the_index_is_used(
    opened: OpenStore, server: PrivateMariaDb, name: str, values: dict[str, object], key: str
) -> None:
    with server.root() as cursor:  # an optimiser looks at nearly empty tables without an index
        cursor.execute("USE collector")
        cursor.execute(
            "INSERT INTO queue_entry (instance, client_id, state, total, bill_count, oldest_due, next_attempt_at, "
            "opened_at, changed_at, turn) SELECT 'alpha', seq, 'waiting', 1, 1, NOW(), NOW(), NOW(), NOW(), seq "
            "FROM seq_1_to_2000"
        )
        cursor.execute(
            "INSERT INTO attempt (attempt_id, instance, entry_id, client_id, client_name, number, origination, "
            "state, total, bill_count, oldest_due, reserved_at, debtor) SELECT seq, 'alpha', seq, seq, '', "
            "CONCAT('+', seq), 'ari', 'ended', 1, 1, NOW(), '2026-03-10 13:30:00', CONCAT('d:', seq) "
            "FROM seq_1_to_2000"
        )
        cursor.execute("ANALYZE TABLE queue_entry, attempt")
    plain = {one: rows.utc(value) if isinstance(value, datetime) else value for one, value in values.items()}
    with opened.db.engine.connect() as connection:
        found = list(connection.exec_driver_sql("EXPLAIN " + load_queries(server.database())[name], plain))
    assert key == found[0].key
    assert "filesort" not in (found[0].Extra or "")


class Full(IssabelDnc):
    """Issabel's list, with everybody on it."""

    def marked(self, waiting: Sequence[Waiting]) -> list[Waiting]:
        return [replace(one, do_not_call=(DoNotCall(source="Issabel"),)) for one in waiting]


def test_issabels_own_list_is_honoured(opened: OpenStore) -> None:
    seed(opened.store, [client(1), client(2)])
    found = [one for part in SqlHistory(opened.db, Full(opened.db), 1).everybody(ALPHA) for one in part]
    assert ["Issabel", "Issabel"] == [one.do_not_call[0].source for one in found]


def test_an_entry_is_dated(opened: OpenStore) -> None:
    store = opened.store
    seed(store, [client(1)])
    attempt = reserve_one(store, 1)
    assert attempt is not None
    store.outcomes.record(outcome(attempt, ended=NOW + HOUR), NextStep(EntryState.DONE, "opt-out"))
    past = store.history.past(entry_of(store, 1), NOW + 2 * HOUR)
    assert (NOW, NOW + HOUR) == (past.opened_at, past.changed_at)
