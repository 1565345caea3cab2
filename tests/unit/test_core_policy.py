"""May a debtor be called, on which number, and when is it worth looking again?"""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core import policy
from worker.core.enums import CallEnding, EntryState, LineResult, PhoneKind
from worker.core.law import Hours
from worker.core.model import Block, LedgerRow, LedgerRules, NotNow, Phone, QueueEntry, Waiting
from worker.core.policy import CallRules
from worker.core.queueing import PARKED
from worker.core.window import CallWindow, is_open

WORK = (time(8), time(19))
WINDOW = CallWindow(ZoneInfo("America/Sao_Paulo"), (WORK, WORK, WORK, WORK, WORK, (time(8), time(13)), None))
RULES = LedgerRules()
NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)  # Wednesday, noon in São Paulo, 10:00 in Acre
TODAY = date(2026, 11, 18)
FIRST = Phone("+5511987654321", PhoneKind.MOBILE)
SECOND = Phone("+551133334444", PhoneKind.FIXED)
IN_ACRE = Phone("+5568987654321", PhoneKind.MOBILE)
ENTRY = QueueEntry(1, "fibra", "7", EntryState.WAITING, Decimal("99.90"), 1, date(2026, 10, 1))


def waiting(*phones: Phone, **changes: object) -> Waiting:
    plain = Waiting(ENTRY, "Ana", phones or (FIRST,), {}, (), {})
    return replace(plain, **changes)  # type: ignore[arg-type]


def tried(phone: Phone, hours: float, tries: int = 1) -> dict[str, LedgerRow]:
    return {phone.number: LedgerRow(phone.number, TODAY, tries, NOW - timedelta(hours=hours))}


def judged(
    case: Waiting, phone: Phone = FIRST, now: datetime = NOW
) -> dict[str, tuple[bool, str, datetime | None]]:
    verdicts = policy.judge(case, phone, rules=CallRules(Hours(WINDOW), RULES), now=now)
    return {one.rule: (one.allowed, one.detail, one.until) for one in verdicts}


def chosen(case: Waiting, window: CallWindow = WINDOW, now: datetime = NOW) -> tuple[Phone, date] | NotNow:
    return policy.choose(case, rules=CallRules(Hours(window), RULES), now=now)


OTHERS = {  # of a debtor of whom nothing is known but one number
    "after_sync": (True, "waits for no sync", None),
    "do_not_call": (True, "on no list", None),
    "debtor_daily_cap": (True, "0 of 3 tries used on 2026-11-18", None),
    "debtor_weekly_cap": (True, "0 of any number of tries used in seven days", None),
    "debtor_gap": (True, "never tried", None),
    "quiet": (True, "no conversation to rest from", None),
}


def test_every_rule_says_what_it_saw() -> None:
    case = waiting(ledger=tried(FIRST, 5, 2), entry=replace(ENTRY, next_attempt_at=NOW - timedelta(hours=1)))
    assert {
        "entry_state": (True, "the entry is waiting", None),
        "next_attempt": (True, "not before 2026-11-18 14:00 UTC", None),
        "window": (True, "open, it is 2026-11-18 12:00 in America/Sao_Paulo", None),
        "number_window": (True, "open, it is 2026-11-18 12:00 in America/Sao_Paulo", None),
        "block": (True, "not blocked", None),
        "daily_cap": (True, "2 of 3 tries used on 2026-11-18", None),
        "gap": (True, "last tried at 2026-11-18 10:00 UTC", None),
        "weekly_cap": (True, "2 of any number of tries used in seven days", None),
        **OTHERS,
    } == judged(case)


def test_all_rules_are_judged_even_when_the_first_has_refused() -> None:
    midnight = datetime(2026, 11, 19, 3, 0, tzinfo=UTC)
    night = datetime(2026, 11, 19, 0, 30, tzinfo=UTC)
    case = waiting(
        entry=replace(ENTRY, state=EntryState.DONE, reason="paid", next_attempt_at=midnight),
        ledger={FIRST.number: LedgerRow(FIRST.number, TODAY, 3, night - timedelta(hours=1))},
        blocks=(Block(FIRST.number, "opt_out"),),
    )
    opening = datetime(2026, 11, 19, 11, 0, tzinfo=UTC)
    closed = "it is 21:30 in America/Sao_Paulo, calls are made from 08:00 to 19:00"
    assert {
        "entry_state": (False, "the entry is done (paid)", None),
        "next_attempt": (False, "not before 2026-11-19 03:00 UTC: paid", midnight),
        "window": (False, closed, opening),
        "number_window": (False, closed, opening),
        "block": (False, "blocked for anybody: opt_out", None),
        "daily_cap": (False, "3 of 3 tries used on 2026-11-18", midnight),
        "gap": (False, "tried less than 4 h ago: last tried at 2026-11-18 23:30 UTC", night + timedelta(hours=3)),
        "weekly_cap": (True, "3 of any number of tries used in seven days", None),
        **OTHERS,
    } == judged(case, now=night)


def test_nothing_known_of_a_number_speaks_for_it() -> None:
    verdicts = judged(waiting())
    assert (True, "as soon as allowed", None) == verdicts["next_attempt"]
    assert (True, "0 of 3 tries used on 2026-11-18", None) == verdicts["daily_cap"]
    assert (True, "never tried", None) == verdicts["gap"]


@pytest.mark.parametrize(
    ("allowed", "block"),
    [
        (False, Block(FIRST.number, "opt_out")),  # for anybody
        (False, Block(FIRST.number, "wrong_person", "fibra", "7")),  # for this client
        (True, Block(FIRST.number, "wrong_person", "fibra", "8")),  # for another client
        (True, Block(FIRST.number, "wrong_person", "radio", "7")),  # the same id in another instance
        (True, Block(SECOND.number, "opt_out")),  # another number
        (False, Block(FIRST.number, "opt_out", "radio", "8")),  # never again means by nobody
        (False, Block(FIRST.number, "wrong_person", None, "7")),  # half a block is taken for a whole one
        (False, Block(FIRST.number, "invalid_number", "", "")),
    ],
)
def test_a_block_holds_for_anybody_or_for_one_client(allowed: bool, block: Block) -> None:
    assert allowed == judged(waiting(blocks=(block,)))["block"][0]
    assert allowed == (chosen(waiting(blocks=(block,))) == (FIRST, TODAY))


def test_the_first_number_is_chosen_with_the_day_where_it_lives() -> None:
    assert (FIRST, TODAY) == chosen(waiting(FIRST, SECOND))
    always = replace(WINDOW, days=((time(0), time(23, 59, 59)),) * 7)
    late = datetime(2026, 11, 19, 4, 0, tzinfo=UTC)  # 01:00 in São Paulo, still the 18th in Acre
    assert (IN_ACRE, TODAY) == chosen(waiting(IN_ACRE), always, late)


def test_the_next_number_is_chosen_when_the_first_is_refused() -> None:
    assert (SECOND, TODAY) == chosen(waiting(FIRST, SECOND, ledger=tried(FIRST, 1)))


@pytest.mark.parametrize("last", [LineResult.INVALID_NUMBER, LineResult.UNREACHABLE])
def test_numbers_that_reached_nobody_come_last(last: LineResult) -> None:
    assert (SECOND, TODAY) == chosen(waiting(FIRST, SECOND, last_outcome={FIRST.number: last}))
    assert (FIRST, TODAY) == chosen(waiting(FIRST, last_outcome={FIRST.number: last}))


def test_numbers_that_were_busy_keep_their_place() -> None:
    busy = {"last_outcome": {FIRST.number: LineResult.BUSY}, "last_ending": CallEnding.BUSY}
    assert (FIRST, TODAY) == chosen(waiting(FIRST, SECOND, **busy))


@pytest.mark.parametrize(
    ("expected", "case"),
    [
        # nobody to call
        (NotNow("there is no telephone number", None), replace(waiting(), phones=())),
        # the earliest of two gaps
        (
            NotNow("the number was tried too recently", NOW + timedelta(hours=1)),
            waiting(FIRST, SECOND, ledger=tried(FIRST, 1) | tried(SECOND, 3)),
        ),
        # the cap ends at midnight, but calls begin at 08:00
        (
            NotNow("no try to the number is left today", datetime(2026, 11, 19, 11, 0, tzinfo=UTC)),
            waiting(ledger=tried(FIRST, 5, 3)),
        ),
        # two numbers, one blocked for ever
        (
            NotNow("the number was tried too recently", NOW + timedelta(hours=2)),
            waiting(FIRST, SECOND, ledger=tried(SECOND, 2), blocks=(Block(FIRST.number, "opt_out"),)),
        ),
        # blocked for ever, whatever else refuses
        (
            NotNow("the number is blocked", None),
            waiting(ledger=tried(FIRST, 2), blocks=(Block(FIRST.number, "opt_out"),)),
        ),
        # not waiting
        (NotNow("the entry is not waiting", None), waiting(entry=replace(ENTRY, state=EntryState.CLAIMED))),
        # its time has not come
        (
            NotNow("the entry waits for its time", NOW + timedelta(minutes=5)),
            waiting(entry=replace(ENTRY, next_attempt_at=NOW + timedelta(minutes=5))),
        ),
        # the gap ends after hours
        (
            NotNow("the number was tried too recently", NOW + timedelta(hours=3)),
            waiting(ledger=tried(FIRST, 1)),
        ),
        # what it waits for is told
        (
            NotNow("the entry waits for its time (busy)", NOW + timedelta(minutes=5)),
            waiting(entry=replace(ENTRY, next_attempt_at=NOW + timedelta(minutes=5), reason="busy")),
        ),
        # parked: until what forbids it changes, and by what it was parked for
        (
            NotNow("the entry waits for its time", None),
            waiting(entry=replace(ENTRY, next_attempt_at=PARKED)),
        ),
        (
            NotNow("on the do-not-call list", None),
            waiting(entry=replace(ENTRY, next_attempt_at=PARKED, reason="on the do-not-call list")),
        ),
    ],
)
def test_a_refusal_says_why_and_when_to_look_again(expected: NotNow, case: Waiting) -> None:
    assert expected == chosen(case, replace(WINDOW, holidays_of=None))


def test_when_it_is_closed_the_next_opening_is_the_time_to_look_again() -> None:
    evening = datetime(2026, 11, 19, 23, 0, tzinfo=UTC)  # Thursday, 20:00; Friday is a holiday
    assert NotNow("outside the window", datetime(2026, 11, 21, 11, 0, tzinfo=UTC)) == chosen(
        waiting(), now=evening
    )


def test_nobody_is_called_before_it_is_time_where_the_number_lives() -> None:
    morning = datetime(2026, 11, 18, 12, 0, tzinfo=UTC)  # 09:00 in São Paulo, 07:00 in Acre
    expected = NotNow("outside the window where the number lives", datetime(2026, 11, 18, 13, 0, tzinfo=UTC))
    assert expected == chosen(waiting(IN_ACRE), now=morning)
    assert (FIRST, TODAY) == chosen(waiting(IN_ACRE, FIRST), now=morning)


def test_nobody_is_called_after_hours_of_the_instance_though_it_is_early_where_the_number_lives() -> None:
    evening = datetime(2026, 11, 18, 22, 30, tzinfo=UTC)  # 19:30 in São Paulo, 17:30 in Acre
    # the next hour in both windows begins at 08:00 in Acre
    assert NotNow("outside the window", datetime(2026, 11, 19, 13, 0, tzinfo=UTC)) == chosen(
        waiting(IN_ACRE), now=evening
    )


def test_a_window_without_opening_is_looked_at_again_after_its_horizon() -> None:
    never = replace(WINDOW, days=(None,) * 7)
    assert NotNow("outside the window", NOW + timedelta(days=60)) == chosen(waiting(), never)


def test_a_datetime_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without time zone"):
        chosen(waiting(), now=NOW.replace(tzinfo=None))


PHONES = st.lists(st.sampled_from([FIRST, SECOND, IN_ACRE]), unique=True, max_size=3).map(tuple)
INSTANTS = st.datetimes(datetime(2026, 11, 10), datetime(2026, 11, 30), timezones=st.just(UTC))  # noqa: DTZ001
STATES = st.sampled_from([EntryState.WAITING, EntryState.WAITING, EntryState.CLAIMED, EntryState.DONE])


@st.composite
def cases(draw: st.DrawFn) -> Waiting:
    phones = draw(PHONES)
    days = st.dates(date(2026, 11, 9), date(2026, 12, 1))
    rows = {
        one.number: LedgerRow(
            one.number, draw(st.none() | days), draw(st.integers(0, 4)), draw(st.none() | INSTANTS)
        )
        for one in phones
        if draw(st.booleans())
    }
    blocks = tuple(
        Block(one.number, "wrong_person", "fibra", draw(st.sampled_from(["7", "8"])))
        for one in phones
        if draw(st.integers(0, 3)) == 0
    )
    entry = replace(ENTRY, state=draw(STATES), next_attempt_at=draw(st.none() | INSTANTS))
    return Waiting(entry, "Ana", phones, rows, blocks, {})


@settings(deadline=None)  # the machine may be busy
@given(cases(), INSTANTS)
def test_a_chosen_number_is_allowed_by_every_rule_and_until_keeps_its_word(case: Waiting, now: datetime) -> None:
    choice = chosen(case, now=now)
    if not isinstance(choice, NotNow):
        verdicts = policy.judge(case, choice[0], rules=CallRules(Hours(WINDOW), RULES), now=now)
        assert all(verdict.allowed for verdict in verdicts)
        assert is_open(WINDOW, now)
    elif choice.until is not None:
        assert choice.until > now
        assert not isinstance(chosen(case, now=choice.until), NotNow)  # then it may be called
    else:
        later = [chosen(case, now=now + timedelta(days=day)) for day in range(1, 40, 13)]
        assert all(isinstance(one, NotNow) for one in later)
