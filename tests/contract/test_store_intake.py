"""Contract of `Intake`: compared as it comes in, written only when told, bounded, and by one sync at a time."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tests.contract.store_data import ALPHA, HOUR, LINE, NOW, bill, client, contract
from worker.core.billing import BillKey
from worker.core.enums import Fate, Verb
from worker.core.model import Bill
from worker.core.records import Change
from worker.errors import SourceBroken, SyncOvertaken
from worker.store import intake as parts
from worker.store_ports import Store

BETA = "beta"


def told(_: int) -> None:
    """Nobody watches."""


def take(store: Store, bills: Sequence[Bill], fates: dict[str, Fate] | None = None) -> Change:
    with store.catalogue.bills_in(ALPHA) as intake:
        intake.add(bills)
        return intake.apply(fates or {}, NOW, told)


def take_parts(store: Store, answer: Sequence[Sequence[Bill]]) -> Change:
    with store.catalogue.bills_in(ALPHA) as intake:
        for rows in answer:
            intake.add(rows)
        return intake.apply({}, NOW, told)


def open_ids(store: Store, *clients: int) -> list[str]:
    return [one.bill_id for n in clients for one in store.overview.open_bills(ALPHA, f"c{n:04}")]


def test_nothing_of_an_answer_is_seen_before_it_is_applied(store: Store) -> None:
    with store.catalogue.bills_in(ALPHA) as intake:
        intake.add([bill(1), bill(2)])
        assert Change(0, 2, 2, 0, 0) == intake.difference()
        assert 0 == store.overview.count_bills(ALPHA)
    assert 0 == store.overview.count_bills(ALPHA)
    assert store.overview.answer(ALPHA, "bills") is None


def test_an_answer_comes_in_many_parts(store: Store) -> None:
    with store.catalogue.bills_in(ALPHA) as intake:
        for n in range(7):
            intake.add([bill(n)])
        intake.add([])
        assert Change(0, 7, 7, 0, 0) == intake.apply({}, NOW, told)
    answer = store.overview.answer(ALPHA, "bills")
    assert answer is not None
    assert (NOW, 7, False) == (answer.complete_at, answer.rows, answer.applying)


def test_the_steps_are_what_apply_does(store: Store) -> None:
    take(store, [bill(n) for n in range(5)])
    with store.catalogue.bills_in(ALPHA) as intake:
        intake.add([bill(0), replace(bill(1), open_amount=Decimal("1.50")), bill(2), bill(9)])
        assert Change(5, 4, 1, 1, 2) == intake.difference()
        assert [BillKey(one.bill_id, one.client_id) for one in (bill(3), bill(4))] == list(intake.gone())
        fates = {bill(3).bill_id: Fate.CANCELLED}
        assert [
            (Verb.REFRESH, bill(1).bill_id, None),
            (Verb.OPEN, bill(9).bill_id, None),
            (Verb.CLOSE, bill(3).bill_id, Fate.CANCELLED),
            (Verb.CLOSE, bill(4).bill_id, Fate.LEFT_SOURCE),
        ] == [(step.verb, step.key, step.fate) for step in intake.steps(fates)]
        assert Change(5, 4, 1, 1, 2) == intake.apply(fates, NOW, told)
    assert 4 == store.overview.count_bills(ALPHA)


@pytest.mark.parametrize("again", [bill(1), replace(bill(1), open_amount=Decimal("1.50"))])
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("same_part", [True, False])
def test_an_id_that_comes_twice_breaks_the_answer(store: Store, again: Bill, known: bool, same_part: bool) -> None:
    if known:
        take(store, [bill(1), bill(2)])
    before = store.overview.count_bills(ALPHA)
    rows = [[bill(1), bill(2), again]] if same_part else [[bill(1), bill(2)], [again]]
    with pytest.raises(SourceBroken, match=f"listed bills {bill(1).bill_id} twice"):
        take_parts(store, rows)
    assert before == store.overview.count_bills(ALPHA)


def test_a_spared_row_stays_as_it_was(store: Store) -> None:
    take(store, [bill(1), bill(2), bill(3)])
    with store.catalogue.bills_in(ALPHA) as intake:
        intake.add([bill(1)])
        intake.spare([bill(2).bill_id, "nobody"])
        assert [bill(3).bill_id] == [key.bill_id for key in intake.gone()]
        assert Change(3, 2, 0, 0, 1) == intake.apply({}, NOW, told)
    assert 2 == store.overview.count_bills(ALPHA)


def test_when_all_is_spared_nothing_is_closed_and_the_rest_is_written(store: Store) -> None:
    take(store, [bill(1), bill(2)])
    with store.catalogue.bills_in(ALPHA) as intake:
        intake.add([replace(bill(1), open_amount=Decimal("1.50")), bill(3)])
        intake.spare_all()
        assert [] == list(intake.gone())
        assert Change(2, 3, 1, 1, 0) == intake.apply({}, NOW, told)
    assert 3 == store.overview.count_bills(ALPHA)


def test_a_closed_bill_that_comes_back_is_open_again(store: Store) -> None:
    take(store, [bill(1), bill(2)])
    take(store, [bill(1)], {bill(2).bill_id: Fate.PAID})
    assert Change(1, 2, 1, 0, 0) == take(store, [bill(1), bill(2)])


def test_clients_and_contracts_that_are_gone_are_not_told_as_bills(store: Store) -> None:
    store.catalogue.replace_clients(ALPHA, [client(1), client(2)], NOW)
    store.catalogue.replace_contracts(ALPHA, [contract(1), contract(2)], NOW)
    with store.catalogue.clients_in(ALPHA) as clients, store.catalogue.contracts_in(ALPHA) as contracts:
        clients.add([client(1)])
        contracts.add([contract(1)])
        assert ([], []) == (list(clients.gone()), list(contracts.gone()))
        assert [(Verb.CLOSE, None)] == [(step.verb, step.fate) for step in clients.steps({})]
        assert Change(2, 1, 0, 0, 1) == clients.apply({}, NOW, told)
        assert Change(2, 1, 0, 0, 1) == contracts.apply({}, NOW, told)


def test_another_instance_is_left_alone(store: Store) -> None:
    take(store, [bill(1)])
    store.catalogue.replace_bills(BETA, [bill(2)], NOW)
    assert Change(1, 1, 0, 0, 0) == take(store, [bill(1)])
    assert 1 == store.overview.count_bills(BETA)


def test_an_older_intake_may_not_write_after_a_newer_one_was_opened(store: Store) -> None:
    with store.catalogue.bills_in(ALPHA) as older:
        older.add([bill(1)])
        with store.catalogue.bills_in(ALPHA) as newer:
            with pytest.raises(SyncOvertaken):
                older.apply({}, NOW, told)
            newer.add([bill(2)])
            newer.apply({}, NOW, told)
    assert [bill(2).bill_id] == open_ids(store, 1, 2)


def test_kinds_do_not_overtake_each_other(store: Store) -> None:
    with store.catalogue.bills_in(ALPHA) as bills, store.catalogue.clients_in(ALPHA) as clients:
        bills.add([bill(1)])
        clients.add([client(1)])
        bills.apply({}, NOW, told)
        clients.apply({}, NOW, told)


@pytest.mark.parametrize(
    "text", ["a\x1fb", "a\x1eb", "a\x1db", 'O\'Brien \\ %s {rows} "x"', "\x1e", "–“é”😀", "a\nb\tc"]
)
def test_no_text_can_pass_for_a_separator_or_for_sql(store: Store, text: str) -> None:
    one = replace(client(1), name=text, neighbourhood=text, city=text)
    store.catalogue.replace_clients(ALPHA, [one, client(2)], NOW)
    assert Change(2, 2, 0, 0, 0) == store.catalogue.replace_clients(ALPHA, [one, client(2)], NOW + HOUR)
    store.catalogue.replace_bills(ALPHA, [replace(bill(1), contract_id=f"k{text}"), bill(2)], NOW)
    (debtor,) = store.overview.debtors(ALPHA, date(2020, 1, 1), date(2030, 1, 1), date(2026, 3, 8))
    clean = text.translate(dict.fromkeys((0x1C, 0x1D, 0x1E, 0x1F)))
    assert clean == debtor.name
    assert f"k{clean}" == store.overview.open_bills(ALPHA, one.client_id)[0].contract_id


def test_progress_is_told_in_bounded_steps(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "CHUNK", 3)
    monkeypatch.setattr(parts, "PART", 2)
    monkeypatch.setattr(parts, "PAGE", 2)
    monkeypatch.setattr(parts, "SCANNED", 2)
    steps: list[int] = []
    with store.catalogue.bills_in(ALPHA) as intake:
        intake.add([bill(n) for n in range(10)])
        intake.apply({}, NOW, steps.append)
    assert (10, sorted(steps)) == (steps[-1], steps)
    assert Change(10, 4, 1, 2, 7) == take(
        store,
        [bill(0), replace(bill(1), amount=Decimal("3.00")), replace(bill(2), amount=Decimal("3.00")), bill(20)],
    )
    assert 4 == store.overview.count_bills(ALPHA)


def test_a_new_digitable_line_is_written_and_the_same_one_costs_nothing(store: Store) -> None:
    lined = replace(bill(1), pay_line=LINE)
    take(store, [bill(1), bill(2)])
    assert Change(2, 2, 0, 1, 0) == take(store, [lined, bill(2)])
    assert [LINE, None] == [one.pay_line for one in store.overview.open_bills(ALPHA, "c0001")]
    assert Change(2, 2, 0, 0, 0) == take(store, [lined, bill(2)])
    assert Change(2, 2, 0, 1, 0) == take(store, [bill(1), bill(2)])
    assert [None, None] == [one.pay_line for one in store.overview.open_bills(ALPHA, "c0001")]


def test_rows_whose_digest_was_taken_away_are_compared_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "SCANNED", 1)
    take(store, [bill(n) for n in range(5)])
    less = Decimal("1.00")
    assert 3 == store.overview.restate(ALPHA, {bill(n).bill_id: less for n in (0, 1, 2)}, NOW)
    assert Change(5, 4, 0, 2, 1) == take(store, [bill(n) for n in (0, 1, 3, 4)])
    assert {bill(0).open_amount} == {one.open_amount for one in store.overview.open_bills(ALPHA, "c0001")}
