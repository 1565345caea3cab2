"""Clients and bills -> debtors -> queue actions; and the alarm that keeps a bad answer from closing anything."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.debtors import merge
from worker.core.do_not_call import DoNotCall
from worker.core.enums import EntryState, PhoneKind
from worker.core.model import Alarm, Bill, Client, Close, Debtor, Open, Phone, QueueEntry, Refresh
from worker.core.queueing import decide, listed, shrink_alarm, turns

FROM, UNTIL = date(2026, 1, 1), date(2026, 11, 10)
PHONE = Phone("+5511987654321", PhoneKind.MOBILE)
ANA = Client("7", "Ana", phones=(PHONE,))
BIA = Client("8", "Bia")


def bill(bill_id: str, client_id: str, due: date, owed: str) -> Bill:
    return Bill(bill_id, client_id, due, Decimal("100.00"), Decimal(owed))


def entry(entry_id: int, debtor: Debtor, state: EntryState = EntryState.WAITING) -> QueueEntry:
    return QueueEntry(
        entry_id, "fibra", debtor.client_id, state, debtor.total, debtor.bill_count, debtor.oldest_due
    )


def debtor(client_id: str, total: str = "10.00", count: int = 1, oldest: date = date(2026, 10, 1)) -> Debtor:
    return Debtor(client_id, "Ana", (PHONE,), Decimal(total), count, oldest)


def test_open_bills_are_summed_up_by_client_and_a_client_without_phone_is_seen_too() -> None:
    bills = [
        bill("a", "8", date(2026, 10, 5), "10.10"),
        bill("b", "7", date(2026, 10, 6), "20.20"),
        bill("c", "7", date(2026, 10, 5), "0.01"),
        bill("d", "9", date(2026, 10, 5), "5.00"),  # of nobody we know
    ]
    assert [
        Debtor("7", "Ana", (PHONE,), Decimal("20.21"), 2, date(2026, 10, 5)),
        Debtor("8", "Bia", (), Decimal("10.10"), 1, date(2026, 10, 5)),
    ] == merge([BIA, ANA], bills, [], FROM, UNTIL, UNTIL)


def test_the_oldest_debt_comes_first() -> None:
    bills = [bill("a", "7", date(2026, 10, 5), "1.00"), bill("b", "8", date(2026, 9, 5), "1.00")]
    assert ["8", "7"] == [one.client_id for one in merge([ANA, BIA], bills, [], FROM, UNTIL, UNTIL)]


@pytest.mark.parametrize(
    ("counts", "due", "owed"),
    [
        (True, FROM, "0.01"),  # both ends of the span belong to it
        (True, UNTIL, "100.00"),
        (False, date(2025, 12, 31), "100.00"),
        (False, date(2026, 11, 11), "100.00"),
        (False, UNTIL, "0.00"),  # nothing owed any more
        (False, UNTIL, "-5.00"),  # paid too much
    ],
)
def test_only_what_is_owed_and_due_in_the_span_counts(counts: bool, due: date, owed: str) -> None:
    assert counts == bool(merge([ANA], [bill("a", "7", due, owed)], [], FROM, UNTIL, UNTIL))


BILLS = st.lists(
    st.builds(
        Bill,
        bill_id=st.uuids().map(str),
        client_id=st.sampled_from(["7", "8", "9"]),
        due_date=st.dates(date(2025, 12, 1), date(2026, 12, 1)),
        amount=st.just(Decimal("100.00")),
        open_amount=st.decimals(-10, 100, places=2),
    )
)


@settings(deadline=None)  # the machine may be busy
@given(BILLS)
def test_no_centavo_is_lost_or_invented(bills: list[Bill]) -> None:
    found = merge([ANA, BIA], bills, [], FROM, UNTIL, UNTIL)
    counted = [
        one for one in bills if one.client_id != "9" and one.open_amount > 0 and FROM <= one.due_date <= UNTIL
    ]
    assert sum(one.open_amount for one in counted) == sum(one.total for one in found)
    assert len(counted) == sum(one.bill_count for one in found)
    assert found == sorted(found, key=lambda one: (one.oldest_due, one.client_id))


def test_who_is_new_is_opened_who_changed_is_refreshed_who_paid_is_closed() -> None:
    same, changed, new, paid = debtor("1"), debtor("2", "20.00"), debtor("3"), debtor("4")
    entries = [entry(14, paid), entry(11, same), entry(12, debtor("2"))]
    assert [
        Refresh(12, changed),
        Open(new),
        Close(14, "4", "paid or no longer overdue"),
    ] == decide([same, changed, new], entries)


@pytest.mark.parametrize(
    "now",
    [
        debtor("1", "10.01"),  # total
        debtor("1", count=2),  # number of bills
        debtor("1", oldest=date(2026, 10, 2)),  # oldest due
    ],
)
def test_any_other_figure_is_a_refresh(now: Debtor) -> None:
    assert [Refresh(11, now)] == decide([now], [entry(11, debtor("1"))])


def test_the_same_amount_written_with_other_places_is_no_refresh() -> None:
    assert [] == decide([debtor("1", "10.0")], [entry(11, debtor("1", "10.00"))])


def test_done_entries_do_not_count() -> None:
    done = entry(11, debtor("1"), EntryState.DONE)
    assert [Open(debtor("1"))] == decide([debtor("1")], [done])
    assert [] == decide([], [done])


def test_a_claimed_entry_gets_a_close_too_the_store_leaves_it_to_its_call() -> None:
    assert [Close(11, "1", "paid or no longer overdue")] == decide(
        [], [entry(11, debtor("1"), EntryState.CLAIMED)]
    )


DEBTORS = st.lists(
    st.builds(debtor, st.sampled_from("12345"), st.sampled_from(["1.00", "2.00"]), st.integers(1, 2)),
    unique_by=lambda one: one.client_id,
)


@settings(deadline=None)  # the machine may be busy
@given(DEBTORS, DEBTORS)
def test_after_the_actions_there_is_nothing_left_to_decide(now: list[Debtor], before: list[Debtor]) -> None:
    entries = [entry(number, one) for number, one in enumerate(before)]
    queue = {one.entry_id: one for one in entries}
    for action in decide(now, entries):
        match action:
            case Open():
                queue[len(queue) + 100] = entry(len(queue) + 100, action.debtor)
            case Refresh():
                queue[action.entry_id] = entry(action.entry_id, action.debtor)
            case Close():
                del queue[action.entry_id]
    assert [] == decide(now, list(queue.values()))


@pytest.mark.parametrize(
    ("alarm", "before", "after"),
    [
        (False, 0, 0),  # never had any
        (False, 0, 10),  # the first answer
        (False, 100, 100),
        (False, 100, 170),
        (False, 100, 70),  # exactly 30 % fewer are believed
        (True, 100, 69),
        (True, 3, 2),  # 33 %
        (True, 1, 0),  # empty is never believed
        (True, 100, 0),
    ],
)
def test_an_answer_that_is_empty_or_shrank_too_much_is_an_alarm(alarm: bool, before: int, after: int) -> None:
    assert alarm == (shrink_alarm(before, after, 30, "bills") is not None)


def test_the_alarm_says_what_shrank_and_by_how_much() -> None:
    fewer = "bills went from 100 to 50, 50 % fewer where 30 % are believed; nothing was changed"
    assert Alarm(fewer) == shrink_alarm(100, 50, 30, "bills")
    gone = "the source has no clients any more, there were 100; nothing was changed"
    assert Alarm(gone) == shrink_alarm(100, 0, 100, "clients")


def test_who_is_on_the_list_is_not_opened_nor_refreshed_and_leaves_the_queue_for_that_reason() -> None:
    owing, paid = debtor("1", "20.00"), debtor("2")
    entries = [entry(11, debtor("1")), entry(12, paid)]
    assert [
        Close(11, "1", "do not call"),
        Close(12, "2", "paid or no longer overdue"),
    ] == decide([owing, debtor("3")], entries, {"1", "2", "3"})


TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("barred", "line"),
    [
        (True, DoNotCall(document="52998224725")),
        (True, DoNotCall(document="52998224725", instance="fibra")),
        (True, DoNotCall(document="52998224725", expires_on=TODAY + timedelta(days=1))),
        (False, DoNotCall(document="52998224725", expires_on=TODAY)),
        (False, DoNotCall(document="52998224725", instance="radio")),
        (False, DoNotCall(document="11144477735")),
        (True, DoNotCall(number="+5511987654321")),  # his only number
    ],
)
def test_a_client_is_barred_by_his_document_or_his_only_number(barred: bool, line: DoNotCall) -> None:
    clients = [replace(ANA, document="52998224725"), BIA]
    assert (frozenset("7") if barred else frozenset()) == listed(clients, [line], "fibra", TODAY)


def test_only_open_entries_with_the_same_figures_and_not_put_first_by_hand_change_their_place() -> None:
    bumped = replace(entry(12, debtor("2")), bumped_at=datetime(2026, 11, 21, 12, tzinfo=UTC))
    entries = [
        entry(11, debtor("1")),
        bumped,
        entry(13, debtor("3"), EntryState.DONE),
        entry(14, debtor("4"), EntryState.CLAIMED),
        replace(entry(15, debtor("5")), turn=5),  # there already
        entry(16, debtor("6", "9.00")),  # refreshed, and with it moved
        entry(17, debtor("7")),  # owes no longer
    ]
    debtors = [replace(debtor(str(number)), turn=5) for number in range(1, 7)]
    assert {11: 5, 14: 5} == turns(debtors, entries)


LINE = DoNotCall("+5511961000001", source="Procon")


@pytest.mark.parametrize(
    ("barred", "lines"),
    [
        (False, [LINE]),
        (True, [LINE, replace(LINE, number="+5511961000002", instance="fibra", source="ana")]),
        (False, [LINE, replace(LINE, number="+5511961000002", instance="radio")]),
        (False, [LINE, replace(LINE, number="+5511961000002", expires_on=TODAY)]),
        (False, [LINE, replace(LINE, source="ana")]),
    ],
)
def test_a_client_is_barred_when_all_his_numbers_are(barred: bool, lines: list[DoNotCall]) -> None:
    phones = tuple(Phone(f"+551196100000{n}", PhoneKind.MOBILE) for n in (1, 2))
    clients = [
        replace(ANA, client_id="two", phones=phones),
        replace(ANA, client_id="none", phones=(), document=None),
    ]
    assert (frozenset({"two"}) if barred else frozenset()) == listed(clients, lines, "fibra", TODAY)
