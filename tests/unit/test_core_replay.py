"""Replay: the facts of a past instant, rebuilt from attempts and outcomes, decide as the dialler did then."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.world import NOON, WINDOW
from worker.core import policy, replay, retry
from worker.core.do_not_call import DoNotCall
from worker.core.enums import Answerer, AttemptState, EntryState, Heard, LineResult, PhoneKind, Result
from worker.core.law import Hours
from worker.core.ledger import take
from worker.core.model import (
    Block,
    LedgerRow,
    LedgerRules,
    NextStep,
    Outcome,
    Phone,
    QueueEntry,
    Streak,
    TalkFacts,
    Waiting,
)
from worker.core.policy import CallRules
from worker.core.replay import Past, Try, ledger_row, rebuilt
from worker.core.tables import zone_of

NUMBER, OTHER, MANAUS = "+5511961000001", "+5511961000002", "+5592961000003"
DEBTOR = "c:fibra:1"
RULES = LedgerRules(3, timedelta(hours=4))
CALL_RULES = CallRules(Hours(WINDOW), RULES)
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
UTC = ZoneInfo("UTC")


def entry(state: EntryState = EntryState.WAITING, reason: str = "") -> QueueEntry:
    return QueueEntry(1, "fibra", "1", state, Decimal("10"), 1, date(2026, 9, 1), None, reason)


def waiting(*numbers: str, **changes: object) -> Waiting:
    phones = tuple(Phone(one, PhoneKind.MOBILE) for one in numbers or (NUMBER,))
    plain = Waiting(entry(), "Ana", phones, {}, (), {}, debtor=DEBTOR)
    return replace(plain, **changes)  # type: ignore[arg-type]  # a table of changes has no one type


def outcome(number: str, ended: datetime, **changes: object) -> Outcome:
    plain = Outcome(
        f"a{ended:%m%d%H%M%S}",
        "fibra",
        "1",
        number,
        ended,
        LineResult.NO_ANSWER,
        Answerer.NOBODY,
        TalkFacts(),
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def tried(at: datetime, number: str = NUMBER, seconds: int = 30, **changes: object) -> Try:
    """An attempt that ended without answer after so many seconds; changes are of its outcome."""
    ended = at + timedelta(seconds=seconds)
    result = outcome(number, ended, **changes)
    return Try(result.attempt_id, 1, number, DEBTOR, AttemptState.ENDED, at, ended, result)


def step_of(one: Outcome, others_left: bool, streak: Streak) -> NextStep:
    return retry.next_step(one, now=one.ended_at, rules=RULES, other_numbers_left=others_left, streak=streak)


def then(past: Past, at: datetime, now: Waiting | None = None) -> Waiting:
    return rebuilt(now or waiting(), past, at, step_of)


# --- the ledger --------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(st.sampled_from([NUMBER, OTHER, MANAUS]), st.integers(1, 40_000)), max_size=25),
    st.integers(0, 300_000),
)
def test_the_ledger_rebuilt_is_the_ledger_that_was_written(steps: list[tuple[str, int]], ahead: int) -> None:
    at, rows = NOON, {who: LedgerRow(who) for who in (NUMBER, OTHER, MANAUS, DEBTOR)}
    generous = LedgerRules(per_day=15, gap=timedelta(0))
    tries: list[Try] = []
    for number, seconds in steps:
        at += timedelta(seconds=seconds)
        day = at.astimezone(zone_of(number)).date()
        taken = {who: take(rows[who], generous, at, day) for who in (number, DEBTOR)}
        if None not in taken.values():
            rows |= {who: row for who, row in taken.items() if row}
            tries.append(Try(str(len(tries)), 1, number, DEBTOR, AttemptState.ENDED, at))
    later = at + timedelta(seconds=ahead + 1)
    assert rows == {who: ledger_row(who, tries, later) for who in rows}


def test_tries_at_or_after_the_instant_and_withdrawn_ones_do_not_count() -> None:
    kept, same, back = tried(NOON - HOUR), tried(NOON), tried(NOON - 2 * HOUR)
    withdrawn = replace(back, state=AttemptState.WITHDRAWN, outcome=None)
    row = ledger_row(NUMBER, [kept, same, withdrawn], NOON)
    assert (1, NOON - HOUR) == (row.tries, row.last_try_at)


# --- a whole history ---------------------------------------------------------------------------------

ENDINGS: list[dict[str, Any]] = [
    {},
    {"line_result": LineResult.BUSY},
    {"line_result": LineResult.ANSWERED, "answerer": Answerer.MACHINE},
    {
        "line_result": LineResult.ANSWERED,
        "answerer": Answerer.HUMAN,
        "talk": TalkFacts(Heard.ALL, 20.0, Result.CONFIRMED),
    },
    {
        "line_result": LineResult.ANSWERED,
        "answerer": Answerer.HUMAN,
        "talk": TalkFacts(Heard.ALL, 20.0, Result.PROMISE, "3", date(2026, 11, 24)),
    },
]


def dialled(choices: list[tuple[int, int]], numbers: tuple[str, ...]) -> list[Try]:
    """A dialler of its own: it keeps the ledger and the entry as the store does and asks policy before each call.

    Each choice: minutes to wait before looking again, and how the call ends.
    """
    now, at, tries = waiting(*numbers), NOON, list[Try]()
    streak = Streak()
    for minutes, ending in choices:
        at += minutes * MINUTE
        choice = policy.choose(now, rules=CALL_RULES, now=at)
        if not isinstance(choice, tuple):
            continue
        number, day = choice[0].number, choice[1]
        rows = dict(now.ledger)
        for who in (number, DEBTOR):
            row = take(rows.get(who, LedgerRow(who)), RULES, at, day)
            assert row is not None
            rows[who] = row
        tries.append(tried(at, number, **ENDINGS[ending]))
        result = tries[-1].outcome
        assert result is not None
        step = step_of(result, len(numbers) > 1, streak)
        streak = Streak(step.ending, streak.count + 1 if streak.ending is step.ending else 1)
        rows[DEBTOR] = replace(rows[DEBTOR], quiet_until=step.quiet_until or rows[DEBTOR].quiet_until)
        last = {key: line for key, line in now.last_outcome.items() if key != number} | {
            number: result.line_result
        }
        now = replace(
            now,
            entry=replace(now.entry, next_attempt_at=step.not_before, reason=step.reason),
            ledger=rows,
            last_outcome=last,
            last_ending=step.ending,
            reached=now.reached | ({number: result.ended_at} if result.answerer is Answerer.HUMAN else {}),
        )
        at = result.ended_at
    return tries


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, len(ENDINGS) - 1)), min_size=5, max_size=40),
    st.sampled_from([(NUMBER,), (NUMBER, OTHER), (NUMBER, MANAUS)]),
)
def test_just_before_each_call_it_is_allowed_on_that_number_and_just_after_it_is_not(
    choices: list[tuple[int, int]], numbers: tuple[str, ...]
) -> None:
    tries = dialled(choices, numbers)
    past, now = Past(tuple(tries)), waiting(*numbers)
    for one in tries:
        before = policy.choose(then(past, one.reserved_at, now), rules=CALL_RULES, now=one.reserved_at)
        assert isinstance(before, tuple)
        assert one.number == before[0].number
        soon = one.reserved_at + timedelta(seconds=1)
        phone = Phone(one.number, PhoneKind.MOBILE)
        verdicts = policy.judge(then(past, soon, now), phone, rules=CALL_RULES, now=soon)
        refusing = {verdict.rule for verdict in verdicts if not verdict.allowed}
        assert {"entry_state", "gap", "debtor_gap"} <= refusing
        hung_up = one.reserved_at + 2 * MINUTE
        verdicts = policy.judge(then(past, hung_up, now), phone, rules=CALL_RULES, now=hung_up)
        assert {"next_attempt", "gap"} <= {verdict.rule for verdict in verdicts if not verdict.allowed}


# --- the entry ---------------------------------------------------------------------------------------


def test_an_entry_that_came_later_was_not_in_the_queue() -> None:
    found = then(Past(opened_at=NOON), NOON - MINUTE).entry
    assert (EntryState.DONE, "it came into the queue only at 2026-11-18 15:00 UTC") == (found.state, found.reason)


def test_what_was_done_before_is_done_and_what_was_done_later_still_waited() -> None:
    closed = waiting(entry=entry(EntryState.DONE, "paid"))
    past = Past(opened_at=NOON - 9 * HOUR, changed_at=NOON)
    assert "paid" == then(past, NOON + MINUTE, closed).entry.reason
    assert (EntryState.WAITING, "") == (
        then(past, NOON - MINUTE, closed).entry.state,
        then(past, NOON - MINUTE, closed).entry.reason,
    )


def test_a_call_that_is_still_on_the_line_holds_its_entry() -> None:
    flying = Try("a", 1, NUMBER, DEBTOR, AttemptState.DIALING, NOON - MINUTE)
    assert EntryState.CLAIMED is then(Past((flying,)), NOON).entry.state
    assert EntryState.WAITING is then(Past((flying,)), NOON - MINUTE).entry.state
    assert EntryState.WAITING is then(Past((replace(flying, entry_id=2),)), NOON).entry.state


def test_an_entry_whose_end_is_not_dated_ends_as_its_last_call_says() -> None:
    stopped = tried(NOON - HOUR, talk=TalkFacts(result=Result.OPT_OUT))
    closed = waiting(entry=entry(EntryState.DONE, "asked never to be called again"))
    assert EntryState.DONE is then(Past((stopped,)), NOON, closed).entry.state
    assert EntryState.WAITING is then(Past((stopped,)), NOON).entry.state


def test_so_many_endings_in_a_row_are_counted_again() -> None:
    calls = [tried(NOON - ahead * HOUR, line_result=LineResult.REJECTED) for ahead in (60, 40, 20)]
    found = then(Past(tuple(calls)), NOON).entry
    assert "last try: rejected, 3 in a row: left alone for 7 days" == found.reason
    ended = [one.outcome for one in calls if one.outcome]
    assert 3 == replay.streak(ended).count
    assert 1 == replay.streak([*ended, outcome(NUMBER, NOON)]).count
    assert Streak() == replay.streak([])


def test_who_says_it_is_paid_waits_for_the_sync_that_was_or_was_not_there_yet() -> None:
    paid = tried(
        NOON - 30 * HOUR,
        line_result=LineResult.ANSWERED,
        answerer=Answerer.HUMAN,
        talk=TalkFacts(Heard.ALL, 9.0, Result.SAYS_PAID),
    )
    found = then(Past((paid,), synced_at=NOON - 31 * HOUR), NOON)
    assert paid.ended_at == found.entry.after_sync
    assert NOON - 31 * HOUR == found.synced_at
    quiet = found.ledger[DEBTOR].quiet_until
    assert quiet is not None
    assert quiet > NOON


# --- blocks, lists, numbers --------------------------------------------------------------------------


def test_blocks_and_lines_made_later_did_not_hold_and_those_without_a_date_did() -> None:
    early, late, unknown = (Block(one, "opt_out") for one in (NUMBER, OTHER, MANAUS))
    lines = tuple(DoNotCall(number=NUMBER, source=name, added_at=at) for name, at in (("a", NOON), ("b", None)))
    now = waiting(NUMBER, OTHER, MANAUS, blocks=(early, late, unknown), do_not_call=lines)
    past = Past(blocked_at={(NUMBER, "", ""): NOON - HOUR, (OTHER, "", ""): NOON})
    found = then(past, NOON, now)
    assert (early, unknown) == found.blocks
    assert ["b"] == [one.source for one in found.do_not_call]


def test_a_number_counts_as_reached_from_the_end_of_the_call_in_which_a_person_answered() -> None:
    call = tried(NOON - HOUR, line_result=LineResult.ANSWERED, answerer=Answerer.HUMAN)
    past = Past((call, tried(NOON - 9 * HOUR, OTHER)))
    numbers = waiting(NUMBER, OTHER)
    assert {} == then(past, NOON - HOUR, numbers).reached
    found = then(past, NOON, numbers)
    assert {NUMBER: call.ended_at} == found.reached
    assert [OTHER, NUMBER] == list(found.last_outcome)  # the latest tried last
    assert [LineResult.NO_ANSWER, LineResult.ANSWERED] == list(found.last_outcome.values())


def test_calls_of_the_same_person_for_another_instance_count_in_the_ledger_and_not_as_his_last_outcome() -> None:
    call = tried(NOON - HOUR, instance="norte")
    found = then(Past((replace(call, entry_id=9),)), NOON)
    assert {} == found.last_outcome
    assert NOON - HOUR == (found.ledger[DEBTOR].last_try_at or NOON)
