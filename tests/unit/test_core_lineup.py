"""Who can be called on one day, and why the others cannot."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.world import NOON, RULES, WINDOW, ZONE
from worker.core import policy
from worker.core.do_not_call import DoNotCall
from worker.core.enums import EntryState, PhoneKind
from worker.core.forecast import Group
from worker.core.instant import day_start
from worker.core.law import Hours, Law, StateRule
from worker.core.lineup import BLOCKED, CAPS, LATER, LISTED, NO_NUMBER, OVER, QUIET, LineUp
from worker.core.model import Block, LedgerRow, LedgerRules, Phone, QueueEntry, Waiting
from worker.core.policy import CallRules
from worker.core.tables import zone_of

TODAY, TOMORROW = date(2026, 11, 18), date(2026, 11, 19)  # a Wednesday, a Thursday
HOLIDAY, SUNDAY = date(2026, 11, 20), date(2026, 11, 22)
NUMBER, OTHER, MANAUS = "+5511961000001", "+5511961000002", "+5592961000003"
DEBTOR = "c:fibra:1"
CALL_RULES = CallRules(Hours(WINDOW), RULES)
HOUR = timedelta(hours=1)


def waiting(*numbers: str, **changes: object) -> Waiting:
    entry = QueueEntry(1, "fibra", "1", EntryState.WAITING, Decimal("10"), 1, date(2026, 9, 1))
    phones = tuple(Phone(one, PhoneKind.MOBILE) for one in numbers)
    return replace(Waiting(entry, "", phones, {}, (), {}, debtor=DEBTOR), **changes)  # type: ignore[arg-type]


def later(when: datetime) -> Waiting:
    one = waiting(NUMBER)
    return replace(one, entry=replace(one.entry, next_attempt_at=when))


def line_up(day: date = TOMORROW, rules: CallRules = CALL_RULES, start: datetime | None = None) -> LineUp:
    return LineUp(rules, day, ZONE, start or day_start(day, ZONE))


def at(hour: int, minute: int = 0, day: date = TOMORROW) -> datetime:
    return datetime.combine(day, time(hour, minute), ZONE)


def clock(found: Group | str, on: LineUp) -> str:
    assert isinstance(found, Group)
    return on.instant(found.ready).astimezone(ZONE).strftime("%H:%M")


def test_a_debtor_never_tried_is_ready_when_the_window_opens_with_all_tries() -> None:
    on = line_up()
    found = on.place(waiting(NUMBER), 7)
    assert isinstance(found, Group)
    assert ("08:00", 7, 3, 48) == (clock(found, on), found.rank, found.tries, found.wait)
    assert 11 * 12 == found.hours.bit_count()


def test_a_number_of_another_zone_is_ready_when_both_windows_are_open() -> None:
    on = line_up()
    found = on.place(waiting(MANAUS), 0)
    assert "09:00" == clock(found, on)  # 08:00 in Manaus
    assert isinstance(found, Group)
    assert 10 * 12 == found.hours.bit_count()


def ledger(who: str, **changes: object) -> dict[str, LedgerRow]:
    return {who: replace(LedgerRow(who), **changes)}  # type: ignore[arg-type]


SPOKEN = {"quiet_until": at(0, day=date(2026, 11, 25))}
WEEK = CallRules(Hours(WINDOW), LedgerRules(3, timedelta(hours=4), per_week=7))
REFUSED = [
    (waiting(), NO_NUMBER),
    (waiting(NUMBER, do_not_call=(DoNotCall(number=NUMBER),)), LISTED),
    (waiting(NUMBER, do_not_call=(DoNotCall(document="1"),)), LISTED),
    (waiting(NUMBER, blocks=(Block(NUMBER, "opt_out"),)), BLOCKED),
    (later(at(19)), LATER),
    (later(datetime(9999, 1, 1, tzinfo=UTC)), LATER),  # parked
    (waiting(NUMBER, ledger=ledger(DEBTOR, **SPOKEN)), QUIET),
    (waiting(NUMBER, ledger=ledger(NUMBER, day=TOMORROW, tries=3, last_try_at=at(8))), CAPS),
    (waiting(NUMBER, ledger=ledger(DEBTOR, day=TOMORROW, tries=3, last_try_at=at(8))), CAPS),
    (waiting(NUMBER, ledger=ledger(NUMBER, day=TOMORROW, tries=1, last_try_at=at(15, 1))), CAPS),
]


@pytest.mark.parametrize(("debtor", "reason"), REFUSED)
def test_each_reason_is_told(debtor: Waiting, reason: str) -> None:
    assert reason == line_up().place(debtor, 0)


def test_closed_days_are_told_by_their_own_sentence() -> None:
    holiday = line_up(HOLIDAY).place(waiting(NUMBER), 0)
    assert isinstance(holiday, str)
    assert "2026-11-20 is a holiday" in holiday
    assert "Sunday is no day for calls" == line_up(SUNDAY).place(waiting(NUMBER), 0)
    saturdays_off = StateRule("SP", (*[(time(8), time(20))] * 5, None, None), "Lei 1", (), "confirmed")
    rules = replace(CALL_RULES, hours=Hours(WINDOW, Law({"SP": saturdays_off})))
    law = line_up(date(2026, 11, 21), rules).place(waiting(NUMBER), 0)
    assert "Saturday is no day for calls (SP: Lei 1)" == law


def test_what_is_left_of_today_is_what_counts() -> None:
    on = line_up(TODAY, start=NOON + timedelta(minutes=2))
    assert "12:05" == clock(on.place(waiting(NUMBER), 0), on)
    assert OVER == line_up(TODAY, start=at(19, 0, TODAY)).place(waiting(NUMBER), 0)
    assert LATER == on.place(later(at(8)), 0)


def test_the_gap_and_the_next_attempt_put_off_the_first_call() -> None:
    on = line_up()
    tried = waiting(NUMBER, ledger=ledger(NUMBER, day=TOMORROW, tries=1, last_try_at=at(8, 2)))
    found = on.place(tried, 0)
    assert isinstance(found, Group)
    assert ("12:05", 2) == (clock(found, on), found.tries)
    assert "10:35" == clock(on.place(later(at(10, 33)), 0), on)


def test_the_weekly_cap_bounds_the_tries_of_the_day() -> None:
    row = ledger(NUMBER, day=TODAY, tries=3, last_try_at=at(16, 0, TODAY), earlier=(3, 0, 0, 0, 0, 0))
    found = line_up(rules=WEEK).place(waiting(NUMBER, ledger=row), 0)
    assert isinstance(found, Group)
    assert 1 == found.tries
    full = {NUMBER: replace(row[NUMBER], earlier=(3, 1, 0, 0, 0, 0))}
    assert CAPS == line_up(rules=WEEK).place(waiting(NUMBER, ledger=full), 0)


def test_one_number_that_may_be_called_is_enough_and_several_give_the_debtors_tries() -> None:
    on = line_up()
    blocks = (Block(NUMBER, "invalid_number", "fibra", "1"),)
    found = on.place(waiting(NUMBER, OTHER, blocks=blocks), 0)
    assert isinstance(found, Group)
    assert 3 == found.tries
    quick = CallRules(Hours(WINDOW), replace(RULES, debtor=LedgerRules(5, HOUR)))
    assert (24, 5) == ((two := line_up(rules=quick).place(waiting(NUMBER, OTHER), 0)).wait, two.tries)  # type: ignore[union-attr]
    assert CAPS == on.place(
        waiting(NUMBER, OTHER, blocks=blocks, ledger=ledger(OTHER, day=TOMORROW, tries=3, last_try_at=at(8))),
        0,
    )  # the reason that may pass is told before the one for ever


def test_a_block_for_another_client_stops_nobody() -> None:
    found = line_up().place(waiting(NUMBER, blocks=(Block(NUMBER, "wrong_person", "fibra", "2"),)), 0)
    assert isinstance(found, Group)


def test_everybody_is_counted_once_and_the_order_is_kept_to_a_hundredth_of_the_place() -> None:
    on = line_up()
    for _ in range(3000):
        on.add(waiting(NUMBER))
    on.add(waiting())
    assert (3001, {NO_NUMBER: 1}) == (on.seen, dict(on.refused))
    sizes = {one.rank: count for one, count in on.groups.items()}
    assert (3000, list(range(len(sizes)))) == (sum(sizes.values()), list(sizes))
    assert ([1] * 200, 2) == ([sizes[rank] for rank in range(200)], sizes[200])
    assert len(sizes) < 500


def test_days_of_23_and_25_hours_have_as_many_slots() -> None:
    assert [276, 300, 288] == [line_up(day).slots for day in (date(2018, 11, 4), date(2018, 2, 17), TOMORROW)]


@settings(max_examples=60, deadline=None)
@given(
    number=st.sampled_from([NUMBER, MANAUS, "+5568961000004", "+5581961000005"]),
    day=st.integers(0, 40),
    tried=st.one_of(st.none(), st.integers(0, 60)),
    tries=st.integers(1, 3),
    wait=st.integers(-10, 40),
)
def test_the_first_slot_of_a_group_is_one_that_policy_allows_and_none_before_it_is(
    number: str, day: int, tried: int | None, tries: int, wait: int
) -> None:
    on = line_up(TODAY + timedelta(days=day))
    rows = {}
    if tried is not None:
        last = on.midnight - tried * HOUR + timedelta(hours=12)
        rows = ledger(number, day=last.astimezone(zone_of(number)).date(), tries=tries, last_try_at=last)
    one = waiting(number, ledger=rows)
    one = replace(one, entry=replace(one.entry, next_attempt_at=on.midnight + wait * HOUR))
    found = on.place(one, 0)
    open_slots = [
        slot
        for slot in range(on.slots)
        if isinstance(policy.choose(one, rules=CALL_RULES, now=on.instant(slot)), tuple)
    ]
    assert open_slots[:1] == ([found.ready] if isinstance(found, Group) else [])
