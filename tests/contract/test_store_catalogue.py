"""Contract of `Catalogue`: complete answers replace what was known, and nothing else does."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from tests.contract.store_data import ALPHA, HOUR, NOW, bill, client, phone
from worker.core.enums import BillStatus, PersonType, PhoneKind
from worker.core.model import Client, Debtor, Phone
from worker.core.records import Change
from worker.store_ports import Store

FROM, UNTIL = date(2025, 3, 1), date(2026, 3, 1)
TODAY = date(2026, 3, 8)


def test_first_answer_adds_everyone(store: Store) -> None:
    assert Change(0, 3, 3, 0, 0) == store.catalogue.replace_clients(ALPHA, [client(n) for n in (1, 2, 3)], NOW)
    assert store.overview.count_clients(ALPHA) == 3


def test_same_answer_again_changes_nothing(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1), client(2)], NOW)
    assert Change(2, 2, 0, 0, 0) == store.catalogue.replace_clients(ALPHA, [client(1), client(2)], NOW + HOUR)


def test_added_altered_and_missing_clients_are_counted_apart(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1), client(2), client(3)], NOW)
    changed = [client(1), client(2, name="Outro Nome"), client(4)]
    assert Change(3, 3, 1, 1, 1) == store.catalogue.replace_clients(ALPHA, changed, NOW + HOUR)


def test_a_new_phone_alone_is_an_update_and_keeps_the_order(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1, 5, 6)], NOW)
    assert Change(1, 1, 0, 1, 0) == store.catalogue.replace_clients(ALPHA, [client(1, 6, 5, 7)], NOW + HOUR)
    store.catalogue.replace_bills(ALPHA, [bill(1)], NOW)
    assert (phone(6), phone(5), phone(7)) == store.overview.debtors(ALPHA, FROM, UNTIL, TODAY)[0].phones


def test_a_client_who_returns_counts_as_added_and_has_the_new_phones(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1), client(2)], NOW)
    store.catalogue.replace_clients(ALPHA, [client(1)], NOW + HOUR)
    assert Change(1, 2, 1, 0, 0) == store.catalogue.replace_clients(
        ALPHA, [client(1), client(2, 9)], NOW + 2 * HOUR
    )
    store.catalogue.replace_bills(ALPHA, [bill(1, "c0002")], NOW)
    assert (phone(9),) == store.overview.debtors(ALPHA, FROM, UNTIL, TODAY)[0].phones


def test_every_field_comes_back_as_it_was_given(store: Store) -> None:
    whole = Client(
        "c0001",
        "Zé da Silva 'O\\'Reilly'; DROP TABLE client; -- 100% 😀",
        PersonType.LEGAL,
        "12ABC34501DE35",
        "7",
        "São José",
        (Phone("+551133330000", PhoneKind.FIXED, repaired=True, source="fone"),),
    )
    store.catalogue.replace_clients(ALPHA, [whole], NOW)
    assert Change(1, 1, 0, 0, 0) == store.catalogue.replace_clients(ALPHA, [whole], NOW)


def test_texts_too_long_for_a_column_are_cut_and_do_not_count_as_updates_for_ever(store: Store) -> None:
    endless = replace(client(1), name="ã" * 300, neighbourhood="b" * 300, client_type="c" * 99, document="d" * 99)
    store.catalogue.replace_clients(ALPHA, [endless], NOW)
    assert Change(1, 1, 0, 0, 0) == store.catalogue.replace_clients(ALPHA, [endless], NOW)


def test_half_a_surrogate_pair_in_a_name_stops_nothing(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1, name="Ana \ud83d")], NOW)
    store.catalogue.replace_bills(ALPHA, [bill(1)], NOW)
    assert store.overview.debtors(ALPHA, FROM, UNTIL, TODAY)[0].name == "Ana ?"


def test_an_answer_that_breaks_off_changes_nothing(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1), client(2)], NOW)

    def broken() -> Iterator[Client]:
        yield client(3)
        raise ConnectionError("the ERP went away")

    with pytest.raises(ConnectionError):
        store.catalogue.replace_clients(ALPHA, broken(), NOW)
    assert Change(2, 2, 0, 0, 0) == store.catalogue.replace_clients(ALPHA, [client(1), client(2)], NOW)


def test_instances_do_not_see_each_other(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1)], NOW)
    store.catalogue.replace_bills(ALPHA, [bill(1)], NOW)
    assert Change(0, 0, 0, 0, 0) == store.catalogue.replace_clients("beta", [], NOW)
    assert Change(0, 0, 0, 0, 0) == store.catalogue.replace_bills("beta", [], NOW)
    assert (1, 1) == (store.overview.count_clients(ALPHA), store.overview.count_bills(ALPHA))


def test_bills_missing_from_the_answer_are_closed_and_can_come_back(store: Store) -> None:
    assert Change(0, 2, 2, 0, 0) == store.catalogue.replace_bills(ALPHA, [bill(1), bill(2)], NOW)
    assert Change(2, 1, 0, 0, 1) == store.catalogue.replace_bills(ALPHA, [bill(1)], NOW + HOUR)
    assert store.overview.count_bills(ALPHA) == 1
    assert Change(1, 2, 1, 0, 0) == store.catalogue.replace_bills(ALPHA, [bill(1), bill(2)], NOW + 2 * HOUR)


def test_a_part_payment_is_an_update(store: Store) -> None:
    store.catalogue.replace_bills(ALPHA, [bill(1)], NOW)
    part = replace(bill(1), open_amount=Decimal("40.00"), status=BillStatus.PARTIAL, contract_id="k1")
    assert Change(1, 1, 0, 1, 0) == store.catalogue.replace_bills(ALPHA, [part], NOW)
    assert Change(1, 1, 0, 0, 0) == store.catalogue.replace_bills(ALPHA, [part], NOW)


def test_fractions_of_a_cent_are_rounded_once(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1)], NOW)
    odd = bill(1, amount="10.005")
    store.catalogue.replace_bills(ALPHA, [odd], NOW)
    assert Change(1, 1, 0, 0, 0) == store.catalogue.replace_bills(ALPHA, [odd], NOW)
    assert Decimal("10.01") == store.overview.debtors(ALPHA, FROM, UNTIL, TODAY)[0].total


def test_client_types_are_replaced_whole(store: Store) -> None:
    store.catalogue.replace_client_types(ALPHA, [("1", "Residencial"), ("2", "Empresa")], NOW)
    types = [("1", "Residência"), ("3", "Condomínio")]
    assert Change(2, 2, 1, 1, 1) == store.catalogue.replace_client_types(ALPHA, types, NOW)


def test_debtors_sum_up_open_bills_in_the_span_oldest_first(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1), client(2, 21, 22), client(3), client(4)], NOW)
    bills = [
        bill(1, "c0001", "10.00", date(2026, 2, 1)),
        bill(2, "c0001", "0.50", UNTIL),  # the last day is in
        bill(3, "c0001", "999.00", date(2026, 3, 2)),  # a day too young
        bill(4, "c0002", "7.00", FROM),  # the first day is in
        bill(5, "c0002", "999.00", date(2025, 2, 28)),  # a day too old
        bill(6, "c0003", "0.00", date(2026, 1, 1)),  # nothing left to pay
        bill(7, "c0009", "5.00", date(2026, 1, 1)),  # nobody we know
        bill(8, "c0004", "3.00", date(2026, 2, 1)),  # as old as c0001's: by client id
    ]
    store.catalogue.replace_bills(ALPHA, bills, NOW)
    expected = [
        Debtor("c0002", client(2).name, (phone(21), phone(22)), Decimal("7.00"), 1, FROM),
        Debtor("c0001", client(1).name, (phone(1),), Decimal("10.50"), 2, date(2026, 2, 1)),
        Debtor("c0004", client(4).name, (phone(4),), Decimal("3.00"), 1, date(2026, 2, 1)),
    ]
    assert expected == store.overview.debtors(ALPHA, FROM, UNTIL, TODAY)


def test_inactive_clients_are_no_debtors(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1)], NOW)
    store.catalogue.replace_bills(ALPHA, [bill(1)], NOW)
    store.catalogue.replace_clients(ALPHA, [], NOW)
    assert [] == store.overview.debtors(ALPHA, FROM, UNTIL, TODAY)


def test_a_debtor_without_phone_is_still_a_debtor(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [replace(client(1), phones=())], NOW)
    store.catalogue.replace_bills(ALPHA, [bill(1)], NOW)
    assert ["c0001"] == [one.client_id for one in store.overview.debtors(ALPHA, FROM, UNTIL, TODAY)]


def test_more_rows_than_one_batch_holds(store: Store) -> None:
    crowd = [client(n) for n in range(2500)]
    assert Change(0, 2500, 2500, 0, 0) == store.catalogue.replace_clients(ALPHA, crowd, NOW)
    assert Change(2500, 1, 0, 0, 2499) == store.catalogue.replace_clients(ALPHA, crowd[:1], NOW)


def test_an_instant_without_zone_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="time zone"):
        store.catalogue.replace_clients(ALPHA, [client(1)], datetime(2026, 3, 10, 13, 0))  # noqa: DTZ001 - the point
