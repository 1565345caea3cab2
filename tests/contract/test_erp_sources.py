"""What every BillSource owes, run over each adapter: whole answers, counted rejections, errors and no halves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.lab.invented import TYPES, World, invent, write_csv
from tests.lab.ixc_faults import Fault, Kind
from tests.lab.ixc_server import TOKEN, IxcServer
from worker.core.model import Bill
from worker.erp.registry import open_source
from worker.errors import SourceError
from worker.ports import BillSource
from worker.settings import CsvSource, IxcSource

TODAY = date(2026, 11, 20)
YEAR_AGO = TODAY - timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Erp:
    """A source over an invented world, and the hands to spoil it."""

    source: BillSource
    add_bad_bill: Callable[[], None]  # its amount is no amount
    break_bills: Callable[[], None]  # from now on bills cannot be read to their end


@pytest.fixture(scope="module")
def world() -> World:
    return invent(400, today=TODAY, seed=7)


@pytest.fixture(params=["ixc", "csv"])
def erp(request: pytest.FixtureRequest, world: World, tmp_path: Path) -> Iterator[Erp]:
    yield from (_ixc(world) if request.param == "ixc" else _csv(world, tmp_path))


def _ixc(world: World) -> Iterator[Erp]:
    with IxcServer(world.clients, world.bills) as server:
        settings = IxcSource.model_validate(
            {"type": "ixc", "url": server.url, "token": TOKEN, "page_size": 150, "pause_seconds": 0, "retries": 1}
        )

        def add_bad_bill() -> None:
            due = TODAY.isoformat()
            server.edit("fn_areceber", 800000, status="A", liberado="S", data_vencimento=due, valor_aberto="x")

        def break_bills() -> None:
            server.fault = Fault(Kind.SERVER_ERROR, page=2, table="fn_areceber")

        yield Erp(open_source(settings, default_ddd="11", sleep=lambda _: None), add_bad_bill, break_bills)


def _csv(world: World, folder: Path) -> Iterator[Erp]:
    clients, bills = write_csv(world, folder)

    def append(line: bytes) -> Callable[[], None]:
        def write() -> None:
            with bills.open("ab") as file:
                file.write(line)

        return write

    settings = CsvSource.model_validate({"type": "csv", "clients": clients, "bills": bills})
    source = open_source(settings, default_ddd="11")
    yield Erp(source, append(b"800000;2;2026-11-20;10,00;x;open;\r\n"), append(b"800001;2;\xff\xfe;1;1;open;\r\n"))


def _bills(erp: Erp) -> list[Bill]:
    return [bill for page in erp.source.bills(YEAR_AGO, TODAY) for bill in page.rows]


def test_every_chargeable_client_arrives_once_with_their_numbers(erp: Erp, world: World) -> None:
    expected = {(str(c.client_id), c.name, c.neighbourhood, frozenset(c.numbers)) for c in world.chargeable()}
    clients = [client for page in erp.source.clients() for client in page.rows]
    actual = {(c.client_id, c.name, c.neighbourhood, frozenset(p.number for p in c.phones)) for c in clients}
    assert (len(expected), expected) == (len(clients), actual)


def test_documents_arrive_without_their_mask(erp: Erp, world: World) -> None:
    expected = [c.document.replace(".", "").replace("-", "") for c in world.chargeable()]
    assert expected == [client.document for page in erp.source.clients() for client in page.rows]


def test_exactly_the_bills_owed_and_due_in_the_span_arrive(erp: Erp, world: World) -> None:
    expected = world.owed(YEAR_AGO, TODAY)
    assert len(expected) > 300
    assert expected == _bills(erp)


def test_both_ends_of_the_span_count(erp: Erp, world: World) -> None:
    day = world.owed(YEAR_AGO, TODAY)[0].due_date
    actual = [bill for page in erp.source.bills(day, day) for bill in page.rows]
    assert world.owed(day, day) == actual


def test_a_span_without_bills_is_a_whole_answer_of_none(erp: Erp) -> None:
    actual = [page.rows for page in erp.source.bills(date(2001, 1, 1), date(2001, 1, 2))]
    assert [] == [row for rows in actual for row in rows]


def test_a_bad_row_is_counted_and_the_others_arrive(erp: Erp, world: World) -> None:
    erp.add_bad_bill()
    rejected = [each for page in erp.source.bills(YEAR_AGO, TODAY) for each in page.rejected]
    assert ["bill"] == [each.kind for each in rejected]
    assert "amount" in rejected[0].reason
    assert world.owed(YEAR_AGO, TODAY) == _bills(erp)


def test_numbers_nobody_could_dial_are_rejected_one_by_one(erp: Erp, world: World) -> None:
    expected = sum(bool(p.raw) and p.number is None for c in world.chargeable() for p in c.phones)
    rejected = [each for page in erp.source.clients() for each in page.rejected]
    assert ({"phone"}, expected) == ({each.kind for each in rejected}, len(rejected))


def test_what_breaks_in_the_middle_raises_and_never_ends_by_itself(erp: Erp, world: World) -> None:
    erp.break_bills()
    got: list[Bill] = []
    with pytest.raises(SourceError):
        got.extend(bill for page in erp.source.bills(YEAR_AGO, TODAY) for bill in page.rows)
    assert len(got) < len(world.owed(YEAR_AGO, TODAY))


def test_client_types_have_an_id_and_a_name(erp: Erp) -> None:
    assert set(TYPES.values()) == {each.name for each in erp.source.client_types()}


def test_clients_refer_to_the_client_types_by_their_id(erp: Erp) -> None:
    known = {each.type_id for each in erp.source.client_types()}
    assert {client.client_type for page in erp.source.clients() for client in page.rows} <= known


def test_probing_says_in_one_line_what_answered(erp: Erp) -> None:
    assert 1 == len(erp.source.probe().splitlines())


def test_hostile_names_arrive_as_one_printable_line(tmp_path: Path) -> None:
    hostile = invent(60, today=TODAY, seed=3, hostile=True)
    for made in (_ixc(hostile), _csv(hostile, tmp_path)):
        erp = next(made)
        names = [client.name for page in erp.source.clients() for client in page.rows]
        assert len(hostile.chargeable()) == len(names)
        assert all(name.isprintable() and len(name) <= 200 for name in names)
        made.close()  # type: ignore[attr-defined]  # both are generators
