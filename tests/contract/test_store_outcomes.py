"""Contract of `Outcomes`: one outcome an attempt, all its consequences with it, and the look into `cdr`."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from tests.contract.store_data import (
    ALPHA,
    DONE,
    HOUR,
    NOW,
    RULES,
    Bed,
    attempt_id,
    candidate,
    client,
    later,
    number_of,
    outcome,
    reserve_one,
    seed,
)
from worker.core.enums import (
    Answerer,
    AttemptState,
    EntryState,
    Heard,
    LineResult,
    Origination,
    OutcomeSource,
    Result,
)
from worker.core.model import Attempt, Block, NextStep
from worker.core.records import CdrRow, OutcomeRow, TallyRow
from worker.store_ports import Store

DAY = timedelta(days=1)


def reserved(store: Store, n: int = 1) -> Attempt:
    seed(store, [client(n)])
    attempt = reserve_one(store, n)
    assert attempt
    return attempt


def everything(store: Store) -> list[OutcomeRow]:
    return store.outcomes.listing(NOW - 100 * DAY, NOW + 100 * DAY)


def test_recording_ends_the_attempt_moves_the_entry_and_stores_the_block(store: Store) -> None:
    attempt = reserved(store)
    block = Block(attempt.number, "opt_out")
    assert store.outcomes.record(outcome(attempt), NextStep(EntryState.WAITING, "busy", NOW + HOUR, block))
    ended = store.attempts.get(attempt.attempt_id)
    assert replace(attempt, state=AttemptState.ENDED, ended_at=NOW) == ended
    (entry,) = store.queue.open_entries(ALPHA)
    assert (EntryState.WAITING, "busy", NOW + HOUR) == (entry.state, entry.reason, entry.next_attempt_at)
    assert (block,) == store.queue.dossier(attempt.number).blocks
    assert store.attempts.count_open(ALPHA) == 0


def test_a_second_outcome_changes_nothing(store: Store) -> None:
    attempt = reserved(store)
    assert store.outcomes.record(outcome(attempt), later(1))
    other = replace(outcome(attempt, line=LineResult.FAILED), source=OutcomeSource.DEADLINE)
    assert not store.outcomes.record(other, replace(DONE, block=Block(attempt.number, "x")), lost=True)
    assert [outcome(attempt)] == [row.outcome for row in everything(store)]
    assert ((), EntryState.WAITING) == (
        store.queue.dossier(attempt.number).blocks,
        store.queue.open_entries(ALPHA)[0].state,
    )
    ended = store.attempts.get(attempt.attempt_id)
    assert ended
    assert AttemptState.ENDED == ended.state


def test_outcomes_recorded_together_are_each_written_once(store: Store) -> None:
    seed(store, [client(n) for n in (1, 2, 3)])
    first, second, third = (one for n in (1, 2, 3) if (one := reserve_one(store, n)))
    assert [True, True] == store.outcomes.record_many([(outcome(first), later(1)), (outcome(second), DONE)])
    assert [False, True] == store.outcomes.record_many([(outcome(first), DONE), (outcome(third), later(1))])
    assert 0 == store.attempts.count_open(ALPHA)
    assert 3 == len(everything(store))
    assert [] == store.outcomes.record_many([])


def test_many_attempts_are_found_at_once_and_unknown_ones_left_out(store: Store) -> None:
    seed(store, [client(n) for n in (1, 2)])
    known = [one for n in (1, 2) if (one := reserve_one(store, n))]
    ids = [one.attempt_id for one in known]
    assert dict(zip(ids, known, strict=True)) == store.attempts.get_many([*ids, "0" * 26, "none of ours"])
    assert {} == store.attempts.get_many([])


def test_a_lost_attempt_says_so(store: Store) -> None:
    attempt = reserved(store)
    assert store.outcomes.record(outcome(attempt), DONE, lost=True)
    lost = store.attempts.get(attempt.attempt_id)
    assert lost
    assert AttemptState.LOST == lost.state


def test_a_step_without_an_instant_may_be_called_at_once(store: Store) -> None:
    attempt = reserved(store)
    store.outcomes.record(outcome(attempt), NextStep(EntryState.WAITING, "again"))
    assert len(store.queue.waiting(ALPHA, NOW, 10)) == 1


def test_what_was_withdrawn_cannot_be_lost_any_more(store: Store) -> None:
    """Reconciliation saw it open a moment before the worker gave it back: there was no call to tell of."""
    seed(store, [client(1)])
    attempt = reserve_one(store, 1)
    assert attempt
    assert store.attempts.withdraw(attempt.attempt_id, "refused")
    assert not store.outcomes.record(outcome(attempt), later(9), lost=True)
    found = store.attempts.get(attempt.attempt_id)
    assert found
    assert AttemptState.WITHDRAWN == found.state
    assert [] == store.outcomes.listing(NOW - HOUR, NOW + HOUR)
    assert reserve_one(store, 2)


def test_the_outcome_of_a_withdrawn_attempt_is_kept_but_moves_nobody(store: Store) -> None:
    attempt = reserved(store)
    store.attempts.withdraw(attempt.attempt_id, "refused")
    second = reserve_one(store, 2)
    assert second
    assert store.outcomes.record(outcome(attempt), replace(DONE, block=Block(attempt.number, "opt_out")))
    assert [EntryState.CLAIMED] == [one.state for one in store.queue.open_entries(ALPHA)]
    withdrawn = store.attempts.get(attempt.attempt_id)
    assert withdrawn
    assert AttemptState.WITHDRAWN == withdrawn.state
    assert "opt_out" == store.queue.dossier(attempt.number).blocks[0].reason


def test_an_outcome_without_an_attempt_is_kept(store: Store) -> None:
    seed(store, [client(1)])
    (waiting,) = store.queue.waiting(ALPHA, NOW, 1)
    reserved_elsewhere = store.attempts.reserve([candidate(waiting, 1)], channels=1, rules=RULES, now=NOW)[0]
    stray = replace(outcome(reserved_elsewhere), attempt_id=attempt_id(77))
    assert store.outcomes.record(stray, DONE)
    assert [OutcomeRow(stray, "", Origination.ARI, Decimal(0), None)] == everything(store)


def test_texts_from_the_network_are_cut_and_kept_literally(store: Store) -> None:
    attempt = reserved(store)
    wild = replace(
        outcome(attempt), tech_text="SIP 486 'Busy'\n%s" + "x" * 200, amd_cause="y" * 200, talk_seconds=1e9
    )
    assert store.outcomes.record(wild, DONE)
    kept = everything(store)[0].outcome
    assert (wild.tech_text[:120], "y" * 80, 99999.99) == (kept.tech_text, kept.amd_cause, kept.talk_seconds)


def test_a_block_is_stored_once_and_what_the_person_asked_for_stays(store: Store) -> None:
    number = number_of(7)
    store.outcomes.block(Block(number, "invalid_number"), attempt_id(1), NOW)
    store.outcomes.block(Block(number, "opt_out"), attempt_id(2), NOW)
    store.outcomes.block(Block(number, "invalid_number"), attempt_id(3), NOW)
    assert (Block(number, "opt_out"),) == store.queue.dossier(number).blocks


def test_unmatched_outcomes_wait_for_their_row(store: Store) -> None:
    first, second = reserved(store, 1), reserved(store, 2)
    store.outcomes.record(outcome(second, ended=NOW), DONE)
    store.outcomes.record(outcome(first, ended=NOW + HOUR), DONE)
    wanted = [one.attempt_id for one in store.outcomes.unmatched(NOW + 2 * HOUR)]
    assert [second.attempt_id, first.attempt_id] == wanted
    assert [second.attempt_id] == [one.attempt_id for one in store.outcomes.unmatched(NOW + HOUR)]


def test_a_row_found_is_final_and_a_missing_one_is_looked_for_again_for_a_day(store: Store) -> None:
    first, second = reserved(store, 1), reserved(store, 2)
    for attempt in (first, second):
        store.outcomes.record(outcome(attempt), DONE)
    store.outcomes.mark_cdr({first.attempt_id: "1773147600.42"}, [second.attempt_id])
    found = {row.outcome.attempt_id: (row.cdr_found, row.outcome.uniqueid) for row in everything(store)}
    assert {first.attempt_id: (True, "1773147600.42"), second.attempt_id: (False, "")} == found
    assert [second.attempt_id] == [one.attempt_id for one in store.outcomes.unmatched(NOW + HOUR)]
    assert [] == store.outcomes.unmatched(NOW + DAY + HOUR)
    store.outcomes.mark_cdr({second.attempt_id: "x"}, [first.attempt_id])
    assert {True} == {row.cdr_found for row in everything(store)}


def test_those_never_looked_for_come_before_those_missing(store: Store) -> None:
    first, second = reserved(store, 1), reserved(store, 2)
    store.outcomes.record(outcome(first, ended=NOW), DONE)
    store.outcomes.record(outcome(second, ended=NOW + HOUR), DONE)
    store.outcomes.mark_cdr({}, [first.attempt_id])
    found = [one.attempt_id for one in store.outcomes.unmatched(NOW + 2 * HOUR)]
    assert [second.attempt_id, first.attempt_id] == found


def test_a_tally_counts_alike_endings_together(store: Store) -> None:
    attempts = [reserved(store, n) for n in (1, 2, 3)]
    store.outcomes.record(outcome(attempts[0]), DONE)
    store.outcomes.record(replace(outcome(attempts[1]), short_call=True), DONE)
    store.outcomes.record(outcome(attempts[2], line=LineResult.BUSY, ended=NOW + HOUR), DONE)
    store.outcomes.mark_cdr({attempts[0].attempt_id: "u"}, [attempts[1].attempt_id])
    same = (Answerer.HUMAN, Heard.ALL, Result.PROMISE)
    answered = TallyRow(ALPHA, Origination.ARI, LineResult.ANSWERED, *same, 2, 1, 63.0, 1)
    busy = TallyRow(ALPHA, Origination.ARI, LineResult.BUSY, *same, 1, 0, 31.5, 0)
    assert [answered, busy] == store.outcomes.tally(NOW, NOW + 2 * HOUR)
    assert [answered] == store.outcomes.tally(NOW, NOW + HOUR, ALPHA)  # the end is excluded
    assert [] == store.outcomes.tally(NOW, NOW + HOUR, "beta")


def test_a_listing_is_newest_first_and_says_who(store: Store) -> None:
    attempts = [reserved(store, n) for n in (1, 2, 3)]
    for n, attempt in enumerate(attempts):
        store.outcomes.record(outcome(attempt, ended=NOW + n * HOUR), DONE)
    rows = store.outcomes.listing(NOW, NOW + 3 * HOUR, ALPHA, limit=2)
    assert [attempts[2].attempt_id, attempts[1].attempt_id] == [row.outcome.attempt_id for row in rows]
    assert (client(3).name, Decimal("10.00"), None) == (rows[0].client_name, rows[0].total, rows[0].cdr_found)


def cdr(uniqueid: str, when: datetime, userfield: str = "", billsec: int = 0) -> CdrRow:
    return CdrRow(uniqueid, when.replace(microsecond=0), "ANSWERED", userfield, billsec + 5, billsec)


def test_cdr_rows_are_found_by_uniqueid_whenever_they_were_written(bed: Bed) -> None:
    row = cdr(attempt_id(1), NOW - 40 * DAY)
    bed.put_cdr(row)
    assert {attempt_id(1): row} == bed.store.outcomes.cdr_of({attempt_id(1): NOW, attempt_id(2): NOW})


def test_cdr_rows_of_call_files_are_found_by_the_start_of_userfield(bed: Bed) -> None:
    row = cdr("1773147600.7", NOW, f"{attempt_id(1)},+5511980000001,16")
    bed.put_cdr(row)
    bed.put_cdr(cdr("1773147600.8", NOW, f"somebody else's {attempt_id(1)}"))
    assert {attempt_id(1): row} == bed.store.outcomes.cdr_of({attempt_id(1): NOW, attempt_id(2): NOW})


def test_a_userfield_of_another_week_is_not_ours(bed: Bed) -> None:
    bed.put_cdr(cdr("1773147600.7", NOW - 7 * DAY, attempt_id(1)))
    assert {} == bed.store.outcomes.cdr_of({attempt_id(1): NOW})


def test_attempts_days_apart_are_all_found(bed: Bed) -> None:
    wanted = {attempt_id(n): NOW - n * DAY for n in range(5)}
    for n, when in enumerate(wanted.values()):
        bed.put_cdr(cdr(f"177314760{n}.1", when, attempt_id(n)))
    assert set(wanted) == set(bed.store.outcomes.cdr_of(wanted))


def test_of_several_rows_the_one_that_tells_most_is_taken(bed: Bed) -> None:
    best = cdr(attempt_id(1), NOW, f"{attempt_id(1)},cause=16", 20)
    for row in (cdr(attempt_id(1), NOW, "", 30), best, cdr(attempt_id(1), NOW, f"{attempt_id(1)},cause=16", 3)):
        bed.put_cdr(row)
    assert {attempt_id(1): best} == bed.store.outcomes.cdr_of({attempt_id(1): NOW})


def test_no_attempts_no_rows(store: Store) -> None:
    assert {} == store.outcomes.cdr_of({})
