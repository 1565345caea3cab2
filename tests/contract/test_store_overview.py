"""Contract of `Overview`: what is told of clients, bills and contracts as they are stored."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from tests.contract.store_data import ALPHA, HOUR, LINE, NOW, TODAY, bill, client, contract, phone
from tests.lab.mariadb import PrivateMariaDb
from worker.core.billing import Contract
from worker.core.enums import Access, BillStatus, Fate, TrustUnlock
from worker.core.records import Answer, BlockedRow, StandingRow
from worker.store.mariadb import OpenStore
from worker.store.overview import BLOCKED
from worker.store.sqltext import load_queries
from worker.store_ports import Store

DAY = timedelta(days=1)
SPAN = (date(2025, 3, 1), date(2026, 3, 1), TODAY)
BETA = "beta"


def debtors(store: Store) -> list[str]:
    return [one.client_id for one in store.overview.debtors(ALPHA, *SPAN)]


def test_client_types_are_told_by_id(store: Store) -> None:
    store.catalogue.replace_client_types(ALPHA, [("1", "Residencial"), ("2", "Empresa")], NOW)
    store.catalogue.replace_client_types(BETA, [("1", "Rural")], NOW)
    assert {"1": "Residencial", "2": "Empresa"} == store.overview.client_types(ALPHA)
    assert {} == store.overview.client_types("gamma")


def test_the_last_whole_answer_of_each_kind_is_told(store: Store) -> None:
    assert store.overview.answer(ALPHA, "bills") is None
    store.catalogue.replace_bills(ALPHA, [bill(1), bill(2)], NOW)
    assert Answer(NOW, 2, applying=False) == store.overview.answer(ALPHA, "bills")
    store.catalogue.replace_bills(ALPHA, [bill(1)], NOW + HOUR)
    assert Answer(NOW + HOUR, 1, applying=False) == store.overview.answer(ALPHA, "bills")
    assert store.overview.answer(ALPHA, "clients") is None
    assert store.overview.answer(BETA, "bills") is None


def test_an_answer_that_was_only_begun_is_none(store: Store) -> None:
    with store.catalogue.contracts_in(ALPHA) as intake:
        intake.add([contract(1)])
        assert store.overview.answer(ALPHA, "contracts") is None
    assert store.overview.answer(ALPHA, "contracts") is None


def test_only_active_clients_and_open_bills_are_counted(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1), client(2), client(3)], NOW)
    store.catalogue.replace_clients(ALPHA, [client(1), client(3)], NOW + HOUR)
    store.catalogue.replace_clients(BETA, [client(1)], NOW)
    store.catalogue.replace_bills(ALPHA, [bill(1), bill(2), bill(3)], NOW)
    store.catalogue.replace_bills(ALPHA, [bill(1)], NOW + HOUR)
    assert (2, 1) == (store.overview.count_clients(ALPHA), store.overview.count_bills(ALPHA))


def test_a_client_the_erp_says_not_to_collect_from_is_no_debtor(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1), replace(client(2), collectable=False)], NOW)
    store.catalogue.replace_bills(ALPHA, [bill(1), bill(2, "c0002")], NOW)
    assert ["c0001"] == debtors(store)


@pytest.mark.parametrize(
    ("until", "left"),
    [
        (None, ["c0001", "c0002"]),  # wants notices
        (TODAY - DAY, ["c0001", "c0002"]),  # was quiet until yesterday
        (TODAY, ["c0002"]),  # the last day is still quiet
        (TODAY + 30 * DAY, ["c0002"]),
    ],
)
def test_a_client_who_wants_no_notice_yet_is_no_debtor(store: Store, until: date | None, left: list[str]) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1), client(2)], NOW)
    store.catalogue.replace_bills(ALPHA, [bill(1), bill(2, "c0002")], NOW)
    quiet = replace(contract(2, "c0001"), no_notice_until=until)
    store.catalogue.replace_contracts(ALPHA, [contract(1, "c0001"), quiet, contract(3, "c0002")], NOW)
    assert left == debtors(store)


def test_a_quiet_contract_of_another_instance_silences_nobody(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1)], NOW)
    store.catalogue.replace_bills(ALPHA, [bill(1)], NOW)
    store.catalogue.replace_contracts(BETA, [replace(contract(1, "c0001"), no_notice_until=TODAY)], NOW)
    assert ["c0001"] == debtors(store)


def test_several_contracts_of_a_debtor_do_not_multiply_his_debt(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1)], NOW)
    store.catalogue.replace_bills(ALPHA, [bill(1, amount="10.00"), bill(2, amount="5.00")], NOW)
    store.catalogue.replace_contracts(ALPHA, [contract(n, "c0001") for n in range(3)], NOW)
    (one,) = store.overview.debtors(ALPHA, *SPAN)
    assert (Decimal("15.00"), 2) == (one.total, one.bill_count)


def test_open_bills_of_one_client_come_whole_and_oldest_first(store: Store) -> None:
    part = replace(
        bill(3, due=date(2026, 1, 1)),
        open_amount=Decimal("40.00"),
        status=BillStatus.PARTIAL,
        contract_id="k0001",
        updated_amount=Decimal("41.27"),
        pay_line=LINE,
    )
    bills = [bill(2), part, bill(1), bill(4, "c0002"), bill(5, due=date(2027, 1, 1))]
    store.catalogue.replace_bills(ALPHA, bills, NOW)
    store.catalogue.replace_bills(BETA, [bill(9)], NOW)
    expected = [part, bill(1), bill(2), bill(5, due=date(2027, 1, 1))]
    assert expected == store.overview.open_bills(ALPHA, "c0001")


def test_open_bills_of_several_clients_come_by_one_question(store: Store) -> None:
    bills = [bill(2), bill(1), bill(3, "c0002"), bill(4, "c0004"), bill(5, due=date(2026, 1, 1))]
    store.catalogue.replace_bills(ALPHA, bills, NOW)
    store.catalogue.replace_bills(BETA, [bill(9)], NOW)
    store.overview.settle(ALPHA, {"b0002": Fate.PAID}, NOW)
    found = store.overview.open_bills_of(ALPHA, ["c0002", "c0001", "c0003", "c0001"])
    assert {"c0001", "c0002", "c0003"} == set(found)
    assert [["b0005", "b0001"], ["b0003"], []] == [
        [one.bill_id for one in found[client_id]] for client_id in ("c0001", "c0002", "c0003")
    ]
    assert {} == store.overview.open_bills_of(ALPHA, [])


def test_a_reckoned_amount_is_rounded_to_cents(store: Store) -> None:
    store.catalogue.replace_bills(ALPHA, [replace(bill(1), updated_amount=Decimal("10.005"))], NOW)
    (one,) = store.overview.open_bills(ALPHA, "c0001")
    assert Decimal("10.01") == one.updated_amount


def test_settling_closes_what_is_open_once(store: Store) -> None:
    store.catalogue.replace_bills(ALPHA, [bill(n) for n in range(1, 6)], NOW)
    store.catalogue.replace_bills(BETA, [bill(1)], NOW)
    fates = {
        "b0001": Fate.PAID,
        "b0002": Fate.CANCELLED,
        "b0003": Fate.PAID,
        "b0004": Fate.OPEN,  # still owed: left alone
        "b0099": Fate.PAID,  # never heard of
    }
    assert store.overview.settle(ALPHA, fates, NOW) == 3
    assert store.overview.settle(ALPHA, fates, NOW + HOUR) == 0
    assert store.overview.settle(ALPHA, {}, NOW) == 0
    assert ["b0004", "b0005"] == [one.bill_id for one in store.overview.open_bills(ALPHA, "c0001")]
    assert store.overview.count_bills(BETA) == 1


def test_a_settled_bill_that_the_source_still_lists_is_open_again(store: Store) -> None:
    store.catalogue.replace_bills(ALPHA, [bill(1), bill(2)], NOW)
    store.overview.settle(ALPHA, {"b0001": Fate.PAID}, NOW)
    change = store.catalogue.replace_bills(ALPHA, [bill(1), bill(2)], NOW + HOUR)
    assert (1, 2, 1) == (change.before, change.after, change.added)
    assert [bill(1), bill(2)] == store.overview.open_bills(ALPHA, "c0001")


def test_more_bills_are_settled_than_one_batch_holds(store: Store) -> None:
    store.catalogue.replace_bills(ALPHA, [bill(n) for n in range(2500)], NOW)
    assert store.overview.settle(ALPHA, {f"b{n:04}": Fate.RENEGOTIATED for n in range(2400)}, NOW) == 2400
    assert store.overview.count_bills(ALPHA) == 100


def test_the_fate_of_a_settled_bill_is_kept(opened: OpenStore, server: PrivateMariaDb) -> None:
    opened.store.catalogue.replace_bills(ALPHA, [bill(1), bill(2), bill(3)], NOW)
    opened.store.overview.settle(ALPHA, {"b0001": Fate.PAID, "b0002": Fate.OUT_OF_SPAN}, NOW)
    with server.root() as cursor:
        cursor.execute("SELECT close_reason, closed_at FROM collector.bill ORDER BY bill_id")
        plain = NOW.replace(tzinfo=None)
        assert [("paid", plain), ("out_of_span", plain), ("", None)] == list(cursor.fetchall())


def test_standings_sum_up_by_due_day_what_active_clients_owe(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1), client(2), client(3)], NOW)
    store.catalogue.replace_clients(ALPHA, [client(1), client(2)], NOW + HOUR)
    early, late = date(2026, 1, 5), date(2026, 4, 5)
    bills = [
        bill(1, "c0001", "10.00", late),
        bill(2, "c0002", "0.50", late),
        bill(3, "c0001", "7.00", early),
        bill(4, "c0003", "99.00", early),  # has left the source
        bill(5, "c0009", "99.00", early),  # nobody we know
        bill(6, "c0001", "0.00", early),  # nothing left to pay
        bill(7, "c0001", "99.00", early),  # settled below
    ]
    store.catalogue.replace_bills(ALPHA, bills, NOW)
    store.overview.settle(ALPHA, {"b0007": Fate.PAID}, NOW)
    expected = [StandingRow(early, 1, Decimal("7.00")), StandingRow(late, 2, Decimal("10.50"))]
    assert expected == store.overview.standings(ALPHA)
    assert [] == store.overview.standings(BETA)


def test_a_blocked_contract_comes_whole_with_its_client_and_the_oldest_overdue_bill(store: Store) -> None:
    whole = Contract(
        "k0001",
        "c0001",
        Access.BLOCKED_OVERDUE,
        "FA",
        TrustUnlock.OFFERED,
        "Fibra 500 Mega 'Ouro'",
        "São José",
        date(2026, 2, 20),
        date(2026, 3, 31),
    )
    store.catalogue.replace_clients(ALPHA, [replace(client(1, 5, 6), client_type="7"), client(2)], NOW)
    bills = [
        bill(1, amount="0.00", due=date(2026, 1, 1)),  # older, with nothing left to pay
        bill(3, amount="10.00", due=date(2026, 2, 5)),
        bill(2, amount="20.00", due=date(2026, 2, 5)),  # as old: the lower id
        bill(4, amount="5.00", due=TODAY),  # due today is not overdue, but owed
        bill(5, "c0002", "99.00", date(2025, 12, 1)),
    ]
    store.catalogue.replace_bills(ALPHA, bills, NOW)
    store.catalogue.replace_contracts(ALPHA, [whole], NOW)
    row = BlockedRow(whole, client(1).name, "7", (phone(5), phone(6)), "b0002", date(2026, 2, 5), Decimal("35.00"))
    assert [row] == store.overview.blocked(ALPHA, TODAY)
    assert [] == store.overview.blocked(BETA, TODAY)


def test_only_the_three_kinds_of_block_are_blocked(store: Store) -> None:
    crowd = list(enumerate(Access))
    store.catalogue.replace_clients(ALPHA, [client(n) for n, _ in crowd], NOW)
    store.catalogue.replace_contracts(ALPHA, [contract(n, access=access) for n, access in crowd], NOW)
    blocked = [row.contract.access for row in store.overview.blocked(ALPHA, TODAY)]
    assert [Access.BLOCKED_MANUAL, Access.BLOCKED_AUTO, Access.BLOCKED_OVERDUE] == blocked


def test_a_client_without_overdue_bills_may_be_blocked_too(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1), client(2)], NOW)
    store.catalogue.replace_bills(ALPHA, [bill(1, amount="8.00", due=TODAY)], NOW)
    manual = [contract(n, access=Access.BLOCKED_MANUAL) for n in (1, 2)]
    store.catalogue.replace_contracts(ALPHA, manual, NOW)
    found = [(row.oldest_bill, row.oldest_due, row.open_total) for row in store.overview.blocked(ALPHA, TODAY)]
    assert [(None, None, Decimal("8.00")), (None, None, Decimal(0))] == found


def test_the_longest_blocked_comes_first_and_whose_day_is_unknown_last(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(n) for n in range(1, 6)], NOW)
    since = {1: None, 2: TODAY, 3: TODAY - 9 * DAY, 4: TODAY, 5: None}
    contracts = [contract(n, "c0001", Access.BLOCKED_AUTO, day) for n, day in since.items()]
    store.catalogue.replace_contracts(ALPHA, contracts, NOW)
    ids = [row.contract.contract_id for row in store.overview.blocked(ALPHA, TODAY)]
    assert ["k0003", "k0002", "k0004", "k0001", "k0005"] == ids


def test_a_blocked_contract_whose_client_left_is_not_told(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1), client(2)], NOW)
    store.catalogue.replace_clients(ALPHA, [client(2)], NOW + HOUR)
    contracts = [contract(n, access=Access.BLOCKED_OVERDUE) for n in (1, 2, 3)]
    store.catalogue.replace_contracts(ALPHA, contracts, NOW)
    assert ["k0002"] == [row.contract.contract_id for row in store.overview.blocked(ALPHA, TODAY)]


def test_separators_and_half_characters_in_texts_come_back_as_plain_text(store: Store) -> None:
    odd = replace(
        contract(1, access=Access.BLOCKED_AUTO), plan="Fibra\x1c\x1d\x1e\x1f 500\ud83d", access_code="A" * 30
    )
    store.catalogue.replace_clients(ALPHA, [client(1)], NOW)
    store.catalogue.replace_contracts(ALPHA, [odd], NOW)
    (row,) = store.overview.blocked(ALPHA, TODAY)
    assert ("Fibra 500?", "A" * 20) == (row.contract.plan, row.contract.access_code)


def test_an_instant_without_zone_settles_nothing(store: Store) -> None:
    store.catalogue.replace_bills(ALPHA, [bill(1)], NOW)
    with pytest.raises(ValueError, match="time zone"):
        store.overview.settle(ALPHA, {"b0001": Fate.PAID}, datetime(2026, 3, 10, 13, 0))  # noqa: DTZ001 - the point
    assert store.overview.count_bills(ALPHA) == 1


FILLED = (
    """INSERT INTO client (instance, client_id, name, person, seen_at)
    SELECT 'alpha', seq, 'Ana', 'natural', NOW() FROM seq_1_to_3000""",
    """INSERT INTO contract (instance, contract_id, client_id, access, trust_unlock, digest, seen_at)
    SELECT 'alpha', seq, seq, IF(seq % 10 = 0, 'blocked_auto', 'active'), 'unknown', seq, NOW()
    FROM seq_1_to_3000""",
    """INSERT INTO bill (instance, bill_id, client_id, due_date, amount, open_amount, status, seen_at)
    SELECT 'alpha', seq, seq % 3000 + 1, '2026-01-01' + INTERVAL seq % 90 DAY, 9, 9, 'open', NOW()
    FROM seq_1_to_9000""",
)
EXPLAINED = [
    ("blocked_contracts", {"c": "PRIMARY", "o": "PRIMARY", "b": "open_by_client"}),
    ("open_bills_of", {"bill": "open_by_client"}),
]


@pytest.mark.parametrize(("name", "keys"), EXPLAINED)
def test_the_index_is_used(opened: OpenStore, server: PrivateMariaDb, name: str, keys: dict[str, str]) -> None:
    """One contract in ten is blocked. The optimiser looks at nearly empty tables without an index."""
    with server.root() as cursor:
        cursor.execute("USE collector")
        for fill in FILLED:
            cursor.execute(fill)
        cursor.execute("ANALYZE TABLE client, contract, bill")
    values: dict[str, object] = {"instance": ALPHA, "today": TODAY, "blocked": BLOCKED, "client_ids": ("7", "8")}
    with opened.db.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN {load_queries(server.database())[name]}", values)
        found = {(row.table, row.key) for row in plan}
    assert set(keys.items()) == {(table, key) for table, key in found if table in keys}
