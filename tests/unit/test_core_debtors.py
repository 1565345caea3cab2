"""Clients, bills and contracts -> debtors: who is among them, with which figures, in which order."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from worker.core.billing import Contract
from worker.core.debtors import merge
from worker.core.enums import Access, BillStatus, PhoneKind
from worker.core.model import Bill, Client, Debtor, Phone

TODAY = date(2026, 11, 21)
FROM, UNTIL = date(2026, 1, 1), date(2026, 11, 14)
PHONES = (Phone("+5511987654321", PhoneKind.MOBILE),)
ANA, BIA = Client("7", "Ana", phones=PHONES), Client("10", "Bia")


def bill(name: str, client_id: str, due: date, owed: str = "10.00", status: BillStatus = BillStatus.OPEN) -> Bill:
    return Bill(name, client_id, due, Decimal("99.00"), Decimal(owed), status)


def contract(client_id: str, silent_until: date | None, name: str = "c") -> Contract:
    return Contract(name, client_id, Access.ACTIVE, no_notice_until=silent_until)


def debtors(clients: list[Client], bills: list[Bill], contracts: list[Contract]) -> list[Debtor]:
    return merge(iter(clients), iter(bills), iter(contracts), FROM, UNTIL, TODAY)


def test_what_a_client_owes_is_summed_up_for_one_call() -> None:
    bills = [
        bill("1", "7", date(2026, 10, 1), "9.90", BillStatus.PARTIAL),
        bill("2", "7", date(2026, 9, 1), "0.11"),
    ]
    assert [Debtor("7", "Ana", PHONES, Decimal("10.01"), 2, date(2026, 9, 1))] == debtors([ANA], bills, [])


@pytest.mark.parametrize(
    ("counts", "due", "owed"),
    [
        (True, FROM, "10.00"),  # both ends belong to the span
        (True, UNTIL, "10.00"),
        (False, FROM - timedelta(days=1), "10.00"),
        (False, UNTIL + timedelta(days=1), "10.00"),
        (True, UNTIL, "0.01"),
        (False, UNTIL, "0.00"),  # paid
    ],
)
def test_a_bill_counts_when_owed_and_due_in_the_span(counts: bool, due: date, owed: str) -> None:
    assert counts == bool(debtors([ANA], [bill("1", "7", due, owed)], []))


def test_the_oldest_debt_comes_first_then_the_client_id_as_text() -> None:
    clients = [Client(name, name) for name in ("9", "10", "8")]
    bills = [bill("1", "9", UNTIL), bill("2", "10", UNTIL), bill("3", "8", FROM)]
    assert ["8", "10", "9"] == [debtor.client_id for debtor in debtors(clients, bills, [])]


def test_a_client_without_telephone_is_a_debtor_and_a_bill_of_nobody_is_not() -> None:
    found = debtors([ANA, BIA], [bill("1", "10", UNTIL), bill("2", "404", UNTIL)], [])
    assert [("10", ())] == [(debtor.client_id, debtor.phones) for debtor in found]


def test_a_client_whom_the_erp_says_not_to_collect_from_is_left_out() -> None:
    shielded = Client("7", "Ana", phones=PHONES, collectable=False)
    found = debtors([shielded, BIA], [bill("1", "7", FROM), bill("2", "10", UNTIL)], [])
    assert ["10"] == [debtor.client_id for debtor in found]


@pytest.mark.parametrize(
    ("called", "until"),
    [
        (True, None),
        (True, TODAY - timedelta(days=1)),
        (False, TODAY),  # up to and including this day
        (False, TODAY + timedelta(days=30)),
    ],
)
def test_who_wants_no_notice_is_left_out_until_that_day_is_over(called: bool, until: date | None) -> None:
    assert called == bool(debtors([ANA], [bill("1", "7", UNTIL)], [contract("7", until)]))


def test_one_contract_that_wants_no_notice_is_enough_and_speaks_for_its_own_client_only() -> None:
    contracts = [contract("7", None, "a"), contract("7", TODAY, "b"), contract("7", FROM, "c")]
    found = debtors([ANA, BIA], [bill("1", "7", UNTIL), bill("2", "10", UNTIL)], contracts)
    assert ["10"] == [debtor.client_id for debtor in found]
