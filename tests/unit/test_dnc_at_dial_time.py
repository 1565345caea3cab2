"""The do-not-call list where it matters: at the moment of dialling, and where doctor looks."""

from dataclasses import replace

import pytest

from tests.unit.world import NOON, Clock, Line, bill, client, dial_plan, sync_of
from tests.unit.world import Source as Erp
from worker import doctor
from worker.core.do_not_call import DoNotCall, Search
from worker.errors import CollectorError
from worker.jobs import dial, sync
from worker.store.memory import memory_store
from worker.store.memory_tables import Tables

NUMBER, OTHER = "+5511961000001", "+5511961000002"
CPF = "52998224725"
LISTED = (
    [DoNotCall(NUMBER, source="procon")],
    [DoNotCall(document=CPF, source="procon")],
    [DoNotCall(NUMBER, instance="fibra", source="procon")],
)
NOT_LISTED = (
    [DoNotCall(OTHER, source="procon")],
    [DoNotCall(NUMBER, instance="radio", source="procon")],
    [DoNotCall(NUMBER, source="procon", expires_on=NOON.date())],
)


def queued() -> Tables:
    """One debtor in the queue."""
    tables = Tables()
    source = Erp([replace(client(1, NUMBER), document=CPF)], [bill(1)])
    assert {"done"} == {report.status for report in sync.sync_all(sync_of(source, memory_store(tables), Clock()))}
    return tables


@pytest.mark.parametrize(
    ("lines", "rung"), [(one, []) for one in LISTED] + [(one, [NUMBER]) for one in NOT_LISTED]
)
def test_who_is_listed_after_the_queue_was_built_is_not_rung(lines: list[DoNotCall], rung: list[str]) -> None:
    store, line = memory_store(queued()), Line()
    store.do_not_call.put(lambda: lines, NOON)
    done = dial.step(dial_plan(), store, line, Clock(), 10)
    assert rung == line.placed
    assert (1 - len(rung)) == done.refused["on the do-not-call list"]


def test_who_stands_on_issabels_list_is_not_rung() -> None:
    tables, line = queued(), Line()
    tables.issabel = [("0" + NUMBER[3:], "A")]
    dial.step(dial_plan(), memory_store(tables), line, Clock(), 10)
    assert [] == line.placed


def test_while_issabels_list_cannot_be_read_nobody_is_rung() -> None:
    tables, line = queued(), Line()
    store = memory_store(tables)
    plan = replace(dial_plan(), lists=lambda _: store.do_not_call.why_unreadable())
    tables.issabel_unreadable = "it may not be read"
    assert "it may not be read" == dial.step(plan, store, line, Clock(), 10).why_not
    assert [] == line.placed
    tables.issabel_unreadable = ""
    dial.step(plan, store, line, Clock(), 10)
    assert [NUMBER] == line.placed


def test_a_listed_person_leaves_the_queue_at_the_next_build_and_comes_back_when_removed() -> None:
    tables = queued()
    store = memory_store(tables)
    source = Erp([replace(client(1, NUMBER), document=CPF)], [bill(1)])
    for listed, reasons in ((True, ["do not call"]), (False, ["do not call", ""])):
        if listed:
            store.do_not_call.put(lambda: LISTED[1], NOON)
        else:
            store.do_not_call.remove(Search(document=CPF), opt_outs=False)
        sync.sync_all(sync_of(source, store, Clock()))
        assert reasons == [entry.reason for entry in tables.entries.values()]


def test_doctor_tells_whether_issabels_list_is_there_and_how_long_it_is() -> None:
    tables = Tables()
    store = memory_store(tables)
    assert "not on this server" == doctor._issabel_list(store)
    tables.issabel = [("11961000001", "A"), ("11961000002", "I")]
    assert "honoured: 1 lines" == doctor._issabel_list(store)
    tables.issabel.append(("ramal", "A"))
    assert "honoured: 2 lines, 1 of them no Brazilian number" == doctor._issabel_list(store)
    tables.issabel_unreadable = "it may not be read"
    with pytest.raises(CollectorError, match="may not be read"):
        doctor._issabel_list(store)
