"""What every BillSource owes, run over each adapter: whole answers, counted rejections, errors and no halves."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.contract import made_altarede, made_csv, made_ixc, made_rbx, made_sql, made_xlsx
from tests.contract.erp_world import TODAY, YEAR_AGO, Erp, Maker
from tests.lab.invented import World, invent
from worker.core.billing import BillKey
from worker.core.enums import Fate
from worker.core.model import Bill
from worker.errors import SourceError, SourceLacks
from worker.ports import Can

ERPS: dict[str, Maker] = {
    "altarede": made_altarede.made,
    "csv": made_csv.made,
    "ixc": made_ixc.made,
    "rbx": made_rbx.made,
    "sql": made_sql.made,
    "xlsx": made_xlsx.made,
}


@pytest.fixture(scope="module")
def world() -> World:
    return invent(400, today=TODAY, seed=7)


@pytest.fixture(params=sorted(ERPS))
def maker(request: pytest.FixtureRequest) -> Maker:
    return ERPS[request.param]


@pytest.fixture
def erp(maker: Maker, world: World, tmp_path: Path) -> Iterator[Erp]:
    yield from maker(world, tmp_path)


def _bills(erp: Erp, first: date = YEAR_AGO, last: date = TODAY) -> list[Bill]:
    return [bill for page in erp.source.bills(first, last) for bill in page.rows]


def _told(bills: list[Bill]) -> set[tuple[object, ...]]:
    """What every system tells of a bill."""
    return {(bill.bill_id, bill.client_id, bill.due_date, bill.open_amount) for bill in bills}


def _owed(erp: Erp, world: World, first: date = YEAR_AGO, last: date = TODAY) -> list[Bill]:
    """What a listing of that span must hold."""
    people = {str(one.client_id) for one in world.chargeable()}
    return [bill for bill in world.owed(first, last) if not erp.by_client or bill.client_id in people]


def _someone(world: World) -> str:
    """The natural person with the most bills owed."""
    people = {str(one.client_id) for one in world.chargeable()}
    owners = [bill.client_id for bill in world.owed(YEAR_AGO, TODAY) if bill.client_id in people]
    return max(sorted(set(owners)), key=owners.count)


def test_every_chargeable_client_arrives_once_with_their_numbers(erp: Erp, world: World) -> None:
    expected = {(str(c.client_id), c.name, c.neighbourhood, frozenset(c.numbers)) for c in world.chargeable()}
    clients = [client for page in erp.source.clients() for client in page.rows]
    actual = {(c.client_id, c.name, c.neighbourhood, frozenset(p.number for p in c.phones)) for c in clients}
    assert (len(expected), expected) == (len(clients), actual)


def test_documents_arrive_without_their_mask(erp: Erp, world: World) -> None:
    expected = {str(c.client_id): c.document.replace(".", "").replace("-", "") for c in world.chargeable()}
    assert expected == {client.client_id: client.document for page in erp.source.clients() for client in page.rows}


def test_everybody_is_collectable_who_is_not_taken_out(erp: Erp) -> None:
    assert {True} == {client.collectable for page in erp.source.clients() for client in page.rows}


def test_exactly_the_bills_owed_and_due_in_the_span_arrive_once(erp: Erp, world: World) -> None:
    expected = _owed(erp, world)
    found = _bills(erp)
    assert len(expected) > 200
    assert (len(expected), _told(expected)) == (len(found), _told(found))


def test_both_ends_of_the_span_count(erp: Erp, world: World) -> None:
    day = _owed(erp, world)[0].due_date
    assert _told(_owed(erp, world, day, day)) == _told(_bills(erp, day, day))


def test_a_span_without_bills_is_a_whole_answer_of_none(erp: Erp) -> None:
    assert [] == _bills(erp, date(2001, 1, 1), date(2001, 1, 2))


def test_a_bad_bill_is_counted_and_the_others_arrive(erp: Erp, world: World) -> None:
    erp.add_bad_bill()
    rejected = [
        one for page in erp.source.bills(YEAR_AGO, TODAY) for one in page.rejected if one.kind != "pay_line"
    ]
    assert ["bill"] == [each.kind for each in rejected]
    assert rejected[0].reason
    assert _told(_owed(erp, world)) == _told(_bills(erp))


def test_a_digitable_line_arrives_bare_or_not_at_all_and_the_bad_ones_are_counted(erp: Erp, world: World) -> None:
    owed = {bill.bill_id: bill.pay_line for bill in _owed(erp, world)}
    pages = list(erp.source.bills(YEAR_AGO, TODAY))
    found = {bill.bill_id: bill.pay_line for page in pages for bill in page.rows}
    bad = {each.source_id for page in pages for each in page.rejected if each.kind == "pay_line"}
    if not erp.has_lines:
        assert ({None}, set()) == (set(found.values()), bad)
        return
    assert {47, 48} == {len(line) for line in owed.values() if line}
    assert owed == found
    assert {bill_id for bill_id in owed if bill_id.endswith("3")} == bad


def test_a_bad_client_is_counted_and_the_others_arrive(erp: Erp, world: World) -> None:
    erp.add_bad_client()
    pages = list(erp.source.clients())
    assert 1 == sum(each.kind == "client" for page in pages for each in page.rejected)
    assert len(world.chargeable()) == sum(len(page.rows) for page in pages)


def test_numbers_nobody_could_dial_are_rejected_one_by_one(erp: Erp, world: World) -> None:
    expected = sum(bool(p.raw) and p.number is None for c in world.chargeable() for p in c.phones)
    rejected = [each for page in erp.source.clients() for each in page.rejected]
    assert ({"phone"}, expected) == ({each.kind for each in rejected}, len(rejected))


def test_what_breaks_in_the_middle_raises_and_never_ends_by_itself(erp: Erp, world: World) -> None:
    erp.break_bills()
    got: list[Bill] = []
    with pytest.raises(SourceError):
        got.extend(bill for page in erp.source.bills(YEAR_AGO, TODAY) for bill in page.rows)
    assert len(got) < len(_owed(erp, world))


def test_what_a_source_lacks_is_said_in_one_sentence(erp: Erp, world: World) -> None:
    someone = _someone(world)
    questions: dict[Can, Callable[[], object]] = {
        Can.CLIENT_TYPES: erp.source.client_types,
        Can.CONTRACTS: lambda: list(erp.source.contracts()),
        Can.OPEN_NOW: lambda: erp.source.open_now(someone, YEAR_AGO, TODAY),
        Can.FATES: lambda: erp.source.fates([BillKey("1", someone)], YEAR_AGO, TODAY),
    }
    for can, question in questions.items():
        if can in erp.source.can:
            question()
            continue
        with pytest.raises(SourceLacks) as caught:
            question()
        assert (True, True) == (str(caught.value).isprintable(), len(str(caught.value)) < 400)


def test_clients_refer_to_the_client_types_by_their_id(erp: Erp) -> None:
    types = erp.source.client_types()
    known = {each.type_id for each in types}
    assert all(each.name for each in types)
    assert {client.client_type for page in erp.source.clients() for client in page.rows} <= known


def test_contracts_arrive_once_and_belong_to_somebody(erp: Erp) -> None:
    if Can.CONTRACTS not in erp.source.can:
        pytest.skip("this system has no contracts; see the test of what a source lacks")
    found = [one for page in erp.source.contracts() for one in page.rows]
    assert len(found) > 50
    assert len({one.contract_id for one in found}) == len(found)
    assert all(one.client_id for one in found)


def test_one_clients_open_bills_are_those_of_the_listing(erp: Erp, world: World) -> None:
    someone = _someone(world)
    expected = {one for one in _told(world.owed(YEAR_AGO, TODAY)) if one[1] == someone}
    assert len(expected) > 1
    assert expected == _told(list(erp.source.open_now(someone, YEAR_AGO, TODAY)))


def test_a_client_who_owes_nothing_has_no_open_bills(erp: Erp, world: World) -> None:
    owing = {bill.client_id for bill in world.owed(YEAR_AGO, TODAY)}
    free = next(str(one.client_id) for one in world.chargeable() if str(one.client_id) not in owing)
    assert () == erp.source.open_now(free, YEAR_AGO, TODAY)


def test_a_bill_paid_this_minute_is_not_open_now(erp: Erp, world: World) -> None:
    someone = _someone(world)
    before = erp.source.open_now(someone, YEAR_AGO, TODAY)
    erp.pay(before[0].bill_id)
    after = erp.source.open_now(someone, YEAR_AGO, TODAY)
    assert _told(list(before[1:])) == _told(list(after))


def test_a_bill_still_owed_is_called_open_and_a_paid_one_is_not(erp: Erp, world: World) -> None:
    first, second, *_ = _owed(erp, world)
    erp.pay(first.bill_id)
    keys = [BillKey(bill.bill_id, bill.client_id) for bill in (first, second)]
    fates = erp.source.fates(keys, YEAR_AGO, TODAY)
    assert Fate.OPEN == fates[second.bill_id]
    assert fates.get(first.bill_id, Fate.LEFT_SOURCE) in (Fate.PAID, Fate.LEFT_SOURCE)


def test_a_cancelled_bill_is_told_from_a_paid_one(erp: Erp, world: World) -> None:
    if erp.cancel is None:
        pytest.skip("this system does not tell why a bill is gone")
    first, second, *_ = _owed(erp, world)
    erp.pay(first.bill_id)
    erp.cancel(second.bill_id)
    keys = [BillKey(bill.bill_id, bill.client_id) for bill in (first, second)]
    expected = {first.bill_id: Fate.PAID, second.bill_id: Fate.CANCELLED}
    assert expected == erp.source.fates(keys, YEAR_AGO, TODAY)


def test_of_a_bill_nobody_knows_nothing_is_said(erp: Erp, world: World) -> None:
    owner = _someone(world)
    assert {} == erp.source.fates([BillKey("987654321", owner)], YEAR_AGO, TODAY)


def test_probing_says_in_one_line_what_answered(erp: Erp) -> None:
    assert 1 == len(erp.source.probe().splitlines())


def test_hostile_names_arrive_as_one_printable_line(maker: Maker, tmp_path: Path) -> None:
    hostile = invent(60, today=TODAY, seed=3, hostile=True)
    made = maker(hostile, tmp_path)
    erp = next(made)
    names = [client.name for page in erp.source.clients() for client in page.rows]
    assert len(hostile.chargeable()) == len(names)
    assert all(name.isprintable() and len(name) <= 200 for name in names)
    assert next(made, None) is None  # cleans up
