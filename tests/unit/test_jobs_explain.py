"""Explain: by number or by client, now, later or as it was; and the sentence it ends with."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.unit.world import NOON, RULES, WINDOW, ZONE, Clock, Line, Source, bill, client, dial_plan, sync_of
from worker.core import retry
from worker.core.absence import Charging
from worker.core.brakes import Brake, BrakeKind
from worker.core.enums import Answerer, EntryState, Heard, LineResult, Result
from worker.core.law import Hours
from worker.core.model import Attempt, Block, NextStep, Outcome, Streak, TalkFacts
from worker.core.policy import CallRules
from worker.core.priority import Ranking
from worker.core.verdict import Verdict
from worker.errors import UsageError
from worker.jobs import dial, explain, sync
from worker.jobs.explain import Around, Explanation, When
from worker.store.memory import memory_store
from worker.store_ports import Store

RULES_OF = {"fibra": CallRules(Hours(WINDOW), RULES)}
HOUR = timedelta(hours=1)
DEAF = Verdict("handler", False, "no handler has been seen yet", None)


def step_of(outcome: Outcome, others_left: bool, streak: Streak) -> NextStep:
    return retry.next_step(
        outcome, now=outcome.ended_at, rules=RULES, other_numbers_left=others_left, streak=streak
    )


def charging(now: datetime) -> Charging:
    today = now.astimezone(ZONE).date()
    return Charging(today - timedelta(days=365), today - timedelta(days=7), today)


def around(*obstacles: Verdict) -> dict[str, Around]:
    def of_now(_: datetime) -> tuple[Verdict, ...]:
        return obstacles

    return {"fibra": Around(ZoneInfo("America/Sao_Paulo"), Ranking(), charging, step_of, True, of_now)}


def known(source: Source, clock: Clock) -> Store:
    store = memory_store()
    sync.sync_all(sync_of(source, store, clock))
    return store


def one_debtor(clock: Clock, *numbers: str) -> Store:
    return known(Source([client(1, *numbers)], [bill(1)]), clock)


def ask(store: Store, text: str, at: datetime = NOON, when: When = When.NOW, *obstacles: Verdict) -> Explanation:
    return explain.explain(store, text, RULES_OF, at, around(*obstacles), when=when)


def refusing(found: Explanation) -> set[str]:
    return {one.rule for case in found.cases for one in case.verdicts if not one.allowed}


def call(store: Store, clock: Clock, seconds: int = 20, **changes: object) -> Attempt:
    """One dial step, and how its only call ended."""
    line = Line()
    assert 1 == dial.step(dial_plan(), store, line, clock, 1).placed
    (attempt,) = store.attempts.open_since(clock() + HOUR)
    plain = Outcome(
        attempt.attempt_id,
        "fibra",
        attempt.client_id,
        attempt.number,
        clock() + timedelta(seconds=seconds),
        LineResult.NO_ANSWER,
        Answerer.NOBODY,
        TalkFacts(),
    )
    outcome = replace(plain, **changes)  # type: ignore[arg-type]  # a table of changes has no one type
    store.outcomes.record(outcome, step_of(outcome, False, Streak()))
    return attempt


NUMBER, SECOND = "+5511961000001", "+5511961000009"


@pytest.mark.parametrize("writing", [NUMBER, "(11) 96100-0001", "011961000001", "11 96100 0001"])
def test_a_number_is_found_in_any_writing(writing: str) -> None:
    found = ask(one_debtor(Clock()), writing)
    assert (NUMBER, 1) == (found.number, len(found.cases))
    assert found.cases[0].allowed


def test_a_client_is_found_by_id_with_all_his_numbers() -> None:
    found = ask(one_debtor(Clock(), NUMBER, SECOND), "1")
    assert ["", NUMBER, SECOND] == [found.number, *(case.phone.number for case in found.cases if case.phone)]
    (standing,) = found.standings
    assert "would be called now, on +5511*******01" == standing.answer
    assert "+5511*******01 would be called, the first of 2 that every rule allows" == standing.choice
    assert "place in the queue: 1 of 1, by oldest debt" == standing.place
    assert standing.owed.startswith("1 bills stored as owed, 99.90 in all, read whole at 2026-11-18 12:00; asked")


def test_a_text_that_is_neither_is_refused_with_the_reason() -> None:
    with pytest.raises(UsageError, match=r"^abc: .*; nor is it the id of a client that is known here$"):
        ask(one_debtor(Clock()), "abc")


def test_a_number_nobody_has_is_no_error() -> None:
    found = ask(one_debtor(Clock()), "11987654321")
    assert ((), (), ()) == (found.cases, found.standings, found.absent)


def test_an_instance_left_out_is_not_asked() -> None:
    store = one_debtor(Clock())
    found = explain.explain(store, NUMBER, RULES_OF, NOON, {"norte": around()["fibra"]})
    assert () == found.cases


# --- the answer --------------------------------------------------------------------------------------


def test_the_number_before_the_chosen_one_is_told_with_what_is_against_it() -> None:
    clock = Clock()
    store = one_debtor(clock, NUMBER, SECOND)
    store.outcomes.block(block_of(NUMBER), "x", NOON)
    (standing,) = ask(store, "1").standings
    assert standing.choice.startswith("+5511*******09 would be called")
    assert standing.choice.endswith("; before it +5511*******01 (the number is blocked)")
    store.outcomes.block(block_of(SECOND), "x", NOON)
    (standing,) = ask(store, "1").standings
    assert "none of 2 now: " in standing.choice
    assert "not called because the number is blocked; no time in sight" == standing.answer


def block_of(number: str) -> Block:
    return Block(number, "opt_out")


def test_outside_the_window_the_answer_says_when_and_why() -> None:
    at = NOON + 8 * HOUR  # 20:00 of a Wednesday
    (standing,) = ask(one_debtor(Clock()), NUMBER, at).standings
    assert "not called before 2026-11-19 08:00 because outside the window" == standing.answer


def test_a_brake_or_a_deaf_pbx_holds_what_the_rules_allow() -> None:
    clock = Clock()
    store = one_debtor(clock)
    (standing,) = ask(store, NUMBER, NOON, When.NOW, DEAF).standings
    assert "not called now because of handler: no handler has been seen yet" == standing.answer
    brake = Brake("", BrakeKind.BY_HAND, "lunch", NOON - HOUR, NOON + HOUR)
    store.brakes.put(brake, NOON - HOUR)
    (standing,) = ask(store, NUMBER, NOON, When.NOW, DEAF).standings
    assert "not called before 2026-11-18 13:00 because of brake: by_hand: lunch" == standing.answer
    (standing,) = ask(store, NUMBER, NOON + 2 * HOUR, When.FUTURE, DEAF).standings
    assert "would be called at that time, on +5511*******01" == standing.answer
    assert ["brake"] == [one.rule for one in standing.obstacles]  # the handler of that time nobody knows


def test_a_brake_set_later_did_not_hold_then() -> None:
    store = one_debtor(Clock())
    store.brakes.put(Brake("fibra", BrakeKind.BY_HAND, "lunch", NOON), NOON)
    for at, held in ((NOON - HOUR, False), (NOON, True)):
        (standing,) = ask(store, NUMBER, at, When.PAST).standings
        assert [not held] == [one.allowed for one in standing.obstacles]
    store.brakes.put(Brake("norte", BrakeKind.BY_HAND, "rain", NOON), NOON)
    store.brakes.end("fibra", NOON + HOUR)
    (standing,) = ask(store, NUMBER, NOON + 2 * HOUR).standings
    assert [True] == [one.allowed for one in standing.obstacles]


# --- not in the queue --------------------------------------------------------------------------------


def test_a_client_who_is_not_in_the_queue_is_told_why() -> None:
    source = Source([client(1), client(2)], [bill(1), bill(2, overdue=3)])
    store = known(source, Clock())
    for asked in ("2", "+5511961000002"):
        (absent,) = ask(store, asked).absent
        assert ("fibra", "2") == (absent.instance, absent.client_id)
        assert absent.reason.startswith("no overdue bill in the span: 1 open, due 2026-11-15")
    assert () == ask(store, "1").absent


def test_who_paid_is_shown_with_the_entry_that_was_closed() -> None:
    clock, source = Clock(), Source([client(1), client(2)], [bill(1), bill(2)])
    store = known(source, clock)
    sync.sync_all(sync_of(replace(source, bill_rows=[bill(2)]), store, clock, accept_shrink=True))
    found = ask(store, "1")
    assert [EntryState.DONE] == [case.waiting.entry.state for case in found.cases]
    assert ["no overdue bill in the span"] == [one.reason.split(":")[0] for one in found.absent]


def test_a_client_without_telephone_is_in_the_queue_and_not_called() -> None:
    store = known(Source([replace(client(1), phones=())], [bill(1)]), Clock())
    found = ask(store, "1")
    (standing,) = found.standings
    assert ("there is no telephone number to choose", "", ()) == (standing.choice, standing.place, found.absent)
    assert "not called because there is no telephone number; no time in sight" == standing.answer


def test_of_a_clients_entries_the_one_that_was_open_counts_else_the_newest() -> None:
    (waiting,) = one_debtor(Clock()).queue.dossier(NUMBER).waiting
    done = replace(waiting.entry, state=EntryState.DONE)
    old, new = replace(waiting, entry=done), replace(waiting, entry=replace(done, entry_id=9))
    opened = replace(waiting, entry=replace(waiting.entry, entry_id=5))
    assert [old, new, opened] == sorted((opened, new, old), key=explain._open_last)


# --- replay ------------------------------------------------------------------------------------------


def test_as_it_was_before_and_after_a_call() -> None:
    clock = Clock()
    store = one_debtor(clock)
    call(store, clock)
    second = timedelta(seconds=1)
    before = ask(store, NUMBER, NOON, When.PAST)
    assert set() == refusing(before)
    assert "might have been called at that time, on +5511*******01" == before.standings[0].answer
    assert () == before.attempts
    during = ask(store, NUMBER, NOON + second, When.PAST)
    assert {"entry_state", "gap", "debtor_gap"} == refusing(during)
    assert 1 == len(during.attempts)
    after = ask(store, NUMBER, NOON + 60 * second, When.PAST)
    assert {"next_attempt", "gap", "debtor_gap"} == refusing(after)


def test_a_quiet_period_is_known_again_in_replay() -> None:
    clock = Clock()
    store = one_debtor(clock)
    promised = TalkFacts(Heard.ALL, 9.0, Result.PROMISE, "3", date(2026, 11, 23))
    call(store, clock, talk=promised, line_result=LineResult.ANSWERED, answerer=Answerer.HUMAN)
    later = ask(store, NUMBER, NOON + 24 * HOUR, When.PAST)
    assert {"next_attempt", "quiet"} == refusing(later)
    because = "because the entry waits for its time (promised to pay by 2026-11-23)"
    assert f"not called before 2026-11-24 08:00 {because}" == later.standings[0].answer


def test_every_call_of_a_dialler_that_ran_for_days_was_allowed_just_before_and_not_just_after() -> None:
    clock = Clock()
    store = one_debtor(clock, NUMBER, SECOND)
    attempts, plan = list[Attempt](), dial_plan()
    for _ in range(400):
        if dial.step(plan, store, Line(), clock, 1).placed:
            (attempt,) = store.attempts.open_since(clock() + HOUR)
            attempts.append(attempt)
            outcome = outcome_of(attempt, clock() + timedelta(seconds=20))
            store.outcomes.record(outcome, step_of(outcome, True, attempt.streak))
        clock.move(minutes=47)
    assert len(attempts) >= 12  # nine, three days of rest, and more
    for one in attempts:
        said = ask(store, "1", one.reserved_at, When.PAST).standings[0].answer
        assert said.startswith("might have been called at that time, on ")
        assert said.endswith(one.number[-2:])
        assert {"gap", "debtor_gap"} <= refusing(ask(store, one.number, one.reserved_at + HOUR, When.PAST))


def outcome_of(attempt: Attempt, ended: datetime) -> Outcome:
    return Outcome(
        attempt.attempt_id,
        "fibra",
        attempt.client_id,
        attempt.number,
        ended,
        LineResult.BUSY,
        Answerer.NOBODY,
        TalkFacts(),
    )
