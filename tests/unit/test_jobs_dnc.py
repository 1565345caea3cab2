"""Lists by hand and from files: all or nothing, idempotent, and nobody is dropped by a file that is not whole."""

import codecs
import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.world import NOON, Clock, watch
from worker.core.do_not_call import DoNotCall, Search
from worker.core.model import Block
from worker.core.records import Change
from worker.erp.seen_ids import SeenIds
from worker.errors import SourceBroken, UsageError
from worker.jobs import dnc
from worker.jobs.dnc import ImportPlan
from worker.jobs.dnc_file import look_at
from worker.jobs.history import Report
from worker.store.memory import memory_store
from worker.store.memory_tables import Tables
from worker.store_ports import Store

ALL = Search()
NINE = "+5511987650009"


def number(index: int) -> str:
    return f"+551198765{index:04}"


def text(count: int, header: str = "telefone") -> str:
    return "\n".join([header, *(number(index)[3:] for index in range(count))]) + "\n"


class Bench:
    """A store in memory, a file, and imports of it."""

    def __init__(self, folder: Path) -> None:
        self.tables = Tables()
        self.store: Store = memory_store(self.tables)
        self.plan = ImportPlan(folder / "lista.csv", "procon")
        self.clock = Clock()

    def load(self, content: str | bytes, **changes: object) -> Report:
        self.clock.move(minutes=1)
        self.plan.path.write_bytes(content.encode() if isinstance(content, str) else content)
        plan = replace(self.plan, **changes)  # type: ignore[arg-type]  # a table of changes has no one type
        return dnc.import_list(plan, self.store, self.clock, watch, SeenIds().add)

    def listed(self) -> list[DoNotCall]:
        return self.store.do_not_call.listing(ALL, 1000)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_list_is_imported_and_a_second_time_nothing_changes(bench: Bench) -> None:
    assert Change(0, 3, 3, 0, 0) == bench.load(text(3)).change
    first = bench.listed()
    assert [number(0), number(1), number(2)] == [line.number for line in first]
    again = bench.load(text(3))
    assert (Change(3, 3, 0, 0, 0), 3) == (again.change, again.detail["renewed"])
    assert first == bench.listed()
    runs = bench.store.runs.latest(5, "dnc_import")
    assert ["done", "done"] == [run.status for run in runs]
    assert {"source": "procon", "lines": 3, "bad": 0, "without_last_day": 0, "renewed": 0} == json.loads(
        runs[1].detail
    )


@pytest.mark.parametrize(
    "content",
    [
        "telefone;motivo\n11987650000;não ligar\n".encode(),
        "telefone;motivo\n11987650000;não ligar\n".encode("cp1252"),
        codecs.BOM_UTF8 + "telefone,motivo\r\n11987650000,não ligar\r\n".encode(),
        'telefone\tmotivo\n"(11) 98765-0000"\t"não ligar"'.encode(),
        "\n\n;;\ntelefone;motivo\n\n11987650000;não ligar\n".encode(),
    ],
    ids=["utf-8", "cp1252", "bom and comma", "tab and quotes", "blank lines"],
)
def test_files_are_read_however_they_are_written(bench: Bench, content: bytes) -> None:
    assert "done" == bench.load(content).status
    assert [(number(0), "não ligar")] == [(line.number, line.reason) for line in bench.listed()]


HOSTILE = {
    "empty": b"",
    "blank": b"\n \n",
    "only a header": b"telefone;cpf\n",
    "zero bytes": b"telefone\n1198765\x000000\n",
    "utf-16": "telefone\n11987650000\n".encode("utf-16"),
    "utf-32": "telefone\n11987650000\n".encode("utf-32"),
    "a line of ten megabytes": b"telefone\n" + b"1" * 10_000_000 + b"\n",
    "a quotation mark never closed": b'telefone;motivo\n11987650000;"a\n' + b"11987650001;b\n" * 20_000,
    "a quotation mark never closed, and few lines": b'telefone;motivo\n11987650000;"a\n11987650001;b\n',
    "a stray quotation mark": b'telefone;motivo\n11987650000;"a"b\n',
    "no encoding at all": b"telefone;motivo\n11987650000;\x81\x8d\n",
    "other columns": b"nome;cidade\nMaria;Salto\n",
    "a spreadsheet": b"PK\x03\x04\x14\x00\x06\x00",
    "formulas alone": b"telefone\n=cmd|' /C calc'!A0\n",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("replaces", [False, True])
def test_a_file_that_is_no_list_gets_one_sentence_and_changes_nothing(
    bench: Bench, content: bytes, replaces: bool
) -> None:
    bench.load(text(3))
    before = bench.listed()
    report = bench.load(content, replace=replaces, accept_shrink=True, accept_bad=True)
    assert ("failed", True, 1) == (report.status, "lista.csv" in report.error, len(report.error.splitlines()))
    assert "98765" not in report.error
    assert before == bench.listed()
    assert "failed" == bench.store.runs.latest(1, "dnc_import")[0].status


@pytest.mark.parametrize("make", [Path.exists, Path.mkdir], ids=["nothing", "a folder"])
def test_a_file_that_is_not_there_is_named(bench: Bench, make: object) -> None:
    make(bench.plan.path)  # type: ignore[operator]
    report = dnc.import_list(bench.plan, bench.store, bench.clock, watch, lambda _: True)
    assert ("failed", True) == (report.status, "lista.csv" in report.error)


def test_bad_lines_are_counted_and_shown_with_their_number(bench: Bench) -> None:
    report = bench.load("telefone;validade\n11987650000;\n119;\n11987650001;logo\n=1+1;\n")
    assert ["line 3", "line 4", "line 5"] == [one.source_id for one in report.rejected]
    assert ["dnc", "expiry", "dnc"] == [one.kind for one in report.rejected]
    assert (4, 2, 1) == tuple(report.detail[name] for name in ("lines", "bad", "without_last_day"))
    assert [number(0), number(1)] == [line.number for line in bench.listed()]


def test_replacing_takes_out_what_this_source_dropped_and_nothing_of_others(bench: Bench) -> None:
    bench.load(text(10))
    bench.load(text(10), source="outro")
    bench.load(text(10), instance="fibra")
    report = bench.load(text(8), replace=True)
    assert Change(10, 8, 0, 0, 2) == report.change
    whose = [(line.source, line.instance) for line in bench.listed()]
    assert [8, 10, 10] == [whose.count(one) for one in (("procon", ""), ("outro", ""), ("procon", "fibra"))]


def test_without_replacing_nothing_is_taken_out(bench: Bench) -> None:
    bench.load(text(10))
    assert Change(10, 10, 0, 0, 0) == bench.load(text(1)).change


@pytest.mark.parametrize(("left", "status"), [(7, "done"), (6, "failed")])
def test_a_list_that_shrank_by_more_than_30_percent_is_not_believed(bench: Bench, left: int, status: str) -> None:
    bench.load(text(10))
    twice = text(left) + text(left, header="")  # said twice it is no longer
    assert (status, left if status == "done" else 10) == (
        bench.load(twice, replace=True).status,
        len(bench.listed()),
    )
    assert "done" == bench.load(text(left), replace=True, accept_shrink=True).status
    assert left == len(bench.listed())


def test_lines_that_cannot_be_read_keep_replacing_from_taking_anybody_out(bench: Bench) -> None:
    bench.load(text(10))
    report = bench.load(text(9) + "119876\n", replace=True)
    assert ("failed", True) == (report.status, "line 11" in report.error)
    assert 10 == len(bench.listed())
    assert "done" == bench.load(text(9) + "119876\n", replace=True, accept_bad=True).status
    assert 9 == len(bench.listed())


def test_a_dry_run_says_what_would_be_done_and_does_nothing(bench: Bench) -> None:
    bench.load(text(10))
    report = bench.load(text(8) + "11987650099\n", replace=True, dry_run=True)
    assert ("dry_run", Change(10, 9, 1, 0, 2)) == (report.status, report.change)
    assert 10 == len(bench.listed())


def test_a_file_that_changes_between_the_two_readings_changes_nothing(bench: Bench) -> None:
    def tamper(_: object) -> None:
        with bench.plan.path.open("a") as file:
            file.write("11987650099\n")

    bench.plan.path.write_text(text(3))
    report = dnc.import_list(bench.plan, bench.store, bench.clock, tamper, lambda _: True)
    assert ("failed", True, []) == (report.status, "was changed" in report.error, bench.listed())


def test_a_file_that_changes_while_it_is_read_is_no_whole_list(bench: Bench) -> None:
    bench.plan.path.write_text(text(3))
    rows = look_at(bench.plan.path).rows()
    assert ["telefone"] == next(rows)[1]
    with bench.plan.path.open("a") as file:
        file.write("\n")
    with pytest.raises(SourceBroken, match="was changed"):
        list(rows)


def test_two_imports_at_once_are_one_too_many(bench: Bench) -> None:
    with bench.store.presence.lock(dnc.LOCK):
        assert "failed" == bench.load(text(3)).status
    assert [] == bench.listed()


def test_lines_by_hand_carry_who_why_and_until_when(bench: Bench) -> None:
    line = DoNotCall(NINE, "", "fibra", "pediu", "ana", expires_on=NOON.date())
    dnc.add(bench.store, bench.clock, [line])
    assert [replace(line, added_at=NOON)] == bench.listed()
    assert [replace(line, added_at=NOON)] == dnc.remove(bench.store, Search(NINE), force=False)
    assert [] == bench.listed()


def test_an_opt_out_is_listed_and_removed_only_by_force_with_all_lines_of_the_number(bench: Bench) -> None:
    bench.store.outcomes.block(Block(NINE, "opt_out"), "a", NOON)
    bench.store.outcomes.block(Block(number(1), "invalid_number"), "b", NOON)
    dnc.add(bench.store, bench.clock, [DoNotCall(NINE, source="ana")])
    assert ["ana", "tecla 9"] == [line.source for line in bench.listed()]
    with pytest.raises(UsageError, match="--force"):
        dnc.remove(bench.store, Search(NINE), force=False)
    assert 2 == len(bench.listed())
    assert ["ana", "tecla 9"] == [line.source for line in dnc.remove(bench.store, Search(NINE), force=True)]
    assert [] == bench.listed()
    assert [number(1)] == [block.number for block in bench.tables.blocks.values()]


def test_who_is_on_no_list_of_ours_cannot_be_removed_and_issabels_list_is_told(bench: Bench) -> None:
    with pytest.raises(UsageError, match="no such line"):
        dnc.remove(bench.store, Search(NINE), force=False)
    bench.tables.issabel = [("11987650009", "A")]
    with pytest.raises(UsageError, match="Issabel's own list alone"):
        dnc.remove(bench.store, Search(NINE), force=True)
    assert ["Issabel"] == [line.source for line in bench.store.do_not_call.listing(Search(NINE), 5)]


@pytest.mark.parametrize("name", ["", "tecla 9", "Issabel", "ISSABEL"])
def test_a_source_may_not_take_the_name_of_what_is_no_list_of_ours(name: str) -> None:
    with pytest.raises(UsageError, match="source"):
        dnc.checked_source(name)


def test_a_clock_that_moves_by_a_second_is_another_import(bench: Bench) -> None:
    bench.load(text(4))
    bench.clock.now -= timedelta(hours=2)  # stepped back
    assert Change(4, 3, 0, 0, 1) == bench.load(text(3), replace=True).change
    assert 3 == len(bench.listed())
