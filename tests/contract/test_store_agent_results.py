"""Contract of `AgentResults`, and what the job makes of a result: over the twin in memory and over MariaDB."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from tests.contract.store_data import ALPHA, HOUR, NOW, attempt_id, client, number_of, outcome, reserve_one, seed
from worker.core.agent_result import AgentResult
from worker.core.do_not_call import Search
from worker.core.enums import EntryState, Result
from worker.core.model import NextStep, TalkFacts
from worker.jobs import agent_results
from worker.store_ports import Store

PROMISE = AgentResult(
    told_id=attempt_id(900),
    instance=ALPHA,
    client_id="c0001",
    number=number_of(1),
    result=Result.PROMISE,
    told_at=NOW,
    promise_day=date(2026, 3, 20),
    uniqueid="1700000000.1",
)
LATER = NOW + HOUR
STEP = NextStep(EntryState.WAITING, "promised", NOW + 5 * HOUR)


def clock() -> datetime:
    return LATER


def ended(store: Store, told: AgentResult) -> AgentResult:
    """A call to that debtor that has ended with nothing said; the result was told in it."""
    attempt = reserve_one(store, 1)
    assert attempt
    talk = TalkFacts(result=Result.TRANSFERRED)
    assert store.outcomes.record(replace(outcome(attempt), talk=talk), replace(STEP, reason="transferred"))
    return replace(told, attempt_id=attempt.attempt_id)


def test_it_is_kept_whole_and_once(store: Store) -> None:
    seed(store, [client(1)])
    store.agent_results.add(PROMISE)
    store.agent_results.add(replace(PROMISE, result=Result.OPT_OUT, promise_day=None))
    assert [PROMISE] == store.agent_results.to_settle(10)


def test_it_is_settled_once(store: Store) -> None:
    seed(store, [client(1)])
    store.agent_results.add(PROMISE)
    assert store.agent_results.settle(PROMISE, STEP, "", None, LATER)
    assert not store.agent_results.settle(PROMISE, replace(STEP, reason="again"), "", None, LATER)
    assert [] == store.agent_results.to_settle(10)
    known = store.queue.open_entry(ALPHA, "c0001")
    assert known
    assert ("promised", NOW + 5 * HOUR) == (known.entry.reason, known.entry.next_attempt_at)


def test_what_was_never_told_is_not_settled(store: Store) -> None:
    seed(store, [client(1)])
    assert not store.agent_results.settle(PROMISE, STEP, "", None, LATER)


def test_the_oldest_comes_first_and_no_more_than_asked(store: Store) -> None:
    seed(store, [client(1), client(2)])
    second = replace(PROMISE, told_id=attempt_id(1), client_id="c0002", told_at=LATER)
    store.agent_results.add(second)
    store.agent_results.add(PROMISE)
    assert [PROMISE] == store.agent_results.to_settle(1)
    assert [PROMISE, second] == store.agent_results.to_settle(2)


def test_a_promise_told_by_a_caller_holds_until_its_day(store: Store) -> None:
    seed(store, [client(1)])
    agent_results.tell(store, PROMISE, clock)
    known = store.queue.open_entry(ALPHA, "c0001")
    assert known
    assert "promised to pay by 2026-03-20" == known.entry.reason
    over = datetime.combine(date(2026, 3, 21), time(3), UTC)  # midnight in São Paulo
    assert over == known.ledger[known.debtor].quiet_until
    assert known.entry.next_attempt_at
    assert over <= known.entry.next_attempt_at
    assert [] == store.queue.waiting(ALPHA, over - timedelta(minutes=1), 10)


def test_the_outcome_of_the_call_says_what_the_agent_heard(store: Store) -> None:
    seed(store, [client(1)])
    told = ended(store, PROMISE)
    agent_results.tell(store, told, clock)
    (row,) = store.outcomes.listing(NOW - HOUR, NOW + HOUR)
    assert (Result.PROMISE, date(2026, 3, 20)) == (row.outcome.talk.result, row.outcome.talk.promise_day)


def test_while_the_call_goes_on_it_is_kept_and_drawn_when_it_has_ended(store: Store) -> None:
    seed(store, [client(1)])
    attempt = reserve_one(store, 1)
    assert attempt
    store.attempts.answered(attempt.attempt_id, NOW)
    told = replace(PROMISE, attempt_id=attempt.attempt_id)
    agent_results.tell(store, told, clock)
    assert 0 == agent_results.settle(store, clock)
    ours = replace(outcome(attempt), talk=TalkFacts(result=Result.TRANSFERRED))
    store.outcomes.record(ours, replace(STEP, reason="transferred"))
    assert 1 == agent_results.settle(store, clock)
    assert 0 == agent_results.settle(store, clock)
    known = store.queue.open_entry(ALPHA, "c0001")
    assert known
    assert "promised to pay by 2026-03-20" == known.entry.reason
    (row,) = store.outcomes.listing(NOW - HOUR, NOW + HOUR)
    assert Result.PROMISE is row.outcome.talk.result


def test_while_another_call_to_the_debtor_goes_on_it_waits_too(store: Store) -> None:
    seed(store, [client(1)])
    assert reserve_one(store, 1)
    store.agent_results.add(PROMISE)
    assert [] == store.agent_results.to_settle(10)


def test_a_wrong_number_is_blocked_for_that_client_and_the_erp_is_told(store: Store) -> None:
    seed(store, [client(1, 1, 2)])
    agent_results.tell(store, replace(PROMISE, result=Result.WRONG_PERSON, promise_day=None), clock)
    (block,) = store.queue.dossier(number_of(1)).blocks
    assert ("wrong_person", ALPHA, "c0001") == (block.reason, block.instance, block.client_id)
    known = store.queue.open_entry(ALPHA, "c0001")
    assert known
    assert "not this person's number: try another number" == known.entry.reason
    (note,) = store.notes.waiting(ALPHA, 10)
    assert note.text.startswith("Atendimento: ")
    assert number_of(1) not in note.text


def test_who_never_wants_to_be_called_again_is_listed_at_once_even_while_a_call_goes_on(store: Store) -> None:
    seed(store, [client(1)])
    assert reserve_one(store, 1)
    agent_results.tell(store, replace(PROMISE, result=Result.OPT_OUT, promise_day=None), clock)
    (line,) = store.do_not_call.listing(Search(number=number_of(1)), 10)
    assert ("atendente", "") == (line.source, line.instance)


def test_when_that_was_all_settled_he_is_out_of_the_queue(store: Store) -> None:
    seed(store, [client(1)])
    agent_results.tell(store, replace(PROMISE, result=Result.OPT_OUT, promise_day=None), clock)
    assert store.queue.open_entry(ALPHA, "c0001") is None
    assert ["opt_out"] == [block.reason for block in store.queue.dossier(number_of(1)).blocks]


def test_an_entry_that_is_done_stays_done(store: Store) -> None:
    seed(store, [client(1)])
    known = store.queue.open_entry(ALPHA, "c0001")
    assert known
    agent_results.tell(store, replace(PROMISE, result=Result.OPT_OUT, promise_day=None), clock)
    agent_results.tell(store, replace(PROMISE, told_id=attempt_id(901)), clock)
    assert store.queue.open_entry(ALPHA, "c0001") is None


def test_a_quiet_period_is_never_made_shorter(store: Store) -> None:
    seed(store, [client(1)])
    agent_results.tell(store, PROMISE, clock)
    agent_results.tell(store, replace(PROMISE, told_id=attempt_id(901), promise_day=date(2026, 3, 12)), clock)
    known = store.queue.open_entry(ALPHA, "c0001")
    assert known
    assert datetime(2026, 3, 21, 3, tzinfo=UTC) == known.ledger[known.debtor].quiet_until


def test_an_instant_without_zone_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="without time zone"):
        store.agent_results.add(replace(PROMISE, told_at=NOW.replace(tzinfo=None)))
