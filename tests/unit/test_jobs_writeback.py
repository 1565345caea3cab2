"""Write-back: each note reaches the ERP at most once, whatever happens on the way."""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import pytest

from tests.unit.test_jobs_dial import filled
from tests.unit.world import NOON, Clock, Line, dial_plan
from worker.core.enums import Answerer, EntryState, Heard, LineResult, Result
from worker.core.erp_note import ErpNote, NoteState
from worker.core.model import NextStep, Outcome, TalkFacts
from worker.errors import ActionRefused, SourceLacks, SourceRefused, SourceUnavailable, StoreUnavailable
from worker.jobs import dial
from worker.jobs.history import Report
from worker.jobs.writeback import UNKNOWN, write_back
from worker.ports import ErpActions
from worker.store.memory import memory_store
from worker.store.memory_notes import MemoryNotes
from worker.store.memory_tables import Tables
from worker.store_ports import Store

TEXT = "Ligação automática: nota"


@dataclass
class Erp:
    """An ERP that takes notes, and does to the one for a client what it is told."""

    does: dict[str, Exception] = field(default_factory=dict)
    asked: list[tuple[str, str | None, str, date]] = field(default_factory=list)

    def note(self, client_id: str, contract_id: str | None, text: str, day: date) -> None:
        self.asked.append((client_id, contract_id, text, day))
        if client_id in self.does:
            raise self.does[client_id]

    def unlock(self, contract_id: str) -> str:
        raise NotImplementedError(contract_id)

    def pix(self, bill_id: str) -> str:
        raise NotImplementedError(bill_id)

    def boleto(self, bill_id: str) -> bytes:
        raise NotImplementedError(bill_id)

    @property
    def clients(self) -> list[str]:
        return [one[0] for one in self.asked]


def noted(debtors: int = 3, tables: Tables | None = None) -> Store:
    """So many debtors of `fibra` were called, and of each the ERP is to be told something."""
    clock = Clock()
    store = filled(clock, debtors, memory_store(tables))
    dial.step(dial_plan(), store, Line(), clock, debtors)
    for attempt in store.attempts.open_since(NOON + timedelta(seconds=1)):
        talk = TalkFacts(Heard.GREETING, 3.0, Result.WRONG_PERSON, "2")
        ended = Outcome(
            attempt.attempt_id,
            "fibra",
            attempt.client_id,
            attempt.number,
            clock(),
            LineResult.ANSWERED,
            Answerer.HUMAN,
            talk,
        )
        assert store.outcomes.record(ended, NextStep(EntryState.DONE, "wrong", note=TEXT))
    return store


def run(store: Store, erp: ErpActions) -> Report:
    return write_back(store, "fibra", lambda: erp, Clock())


def states(store: Store) -> dict[str, tuple[NoteState, str]]:
    return {one.client_id: (one.state, one.error) for one in store.notes.unsent()}


def test_each_note_is_sent_once_with_the_day_of_its_call() -> None:
    store, erp = noted(), Erp()
    report = run(store, erp)
    assert [(client, None, TEXT, NOON.date()) for client in ("0", "1", "2")] == erp.asked
    assert ("done", {"unknown": 0, "sent": 3}) == (report.status, report.detail)
    assert {} == states(store)
    run(store, erp)
    assert 3 == len(erp.asked)
    assert "write_back" == store.runs.latest()[0].job


def test_when_it_is_asked_the_note_is_marked_already() -> None:
    store = noted(1)
    seen: list[NoteState] = []

    class Watching(Erp):
        def note(self, client_id: str, contract_id: str | None, text: str, day: date) -> None:
            seen.append(store.notes.unsent()[0].state)
            super().note(client_id, contract_id, text, day)

    run(store, Watching())
    assert [NoteState.SENDING] == seen


def test_a_refused_note_is_listed_with_the_sentence_and_the_others_go_on() -> None:
    store, erp = noted(), Erp({"1": ActionRefused("IXC says: client is locked")})
    report = run(store, erp)
    assert ["0", "1", "2"] == erp.clients
    assert {"1": (NoteState.FAILED, "IXC says: client is locked")} == states(store)
    assert ("failed", "IXC says: client is locked") == (report.status, report.error)
    run(store, erp)
    assert ["0", "1", "2"] == erp.clients


def test_an_erp_that_is_away_costs_one_note_and_the_others_wait() -> None:
    store, erp = noted(), Erp({"0": SourceUnavailable("no answer within 30 s")})
    run(store, erp)
    assert ["0"] == erp.clients
    waiting = (NoteState.WAITING, "")
    failed = (NoteState.FAILED, "no answer within 30 s")
    assert {"0": failed, "1": waiting, "2": waiting} == states(store)
    run(store, erp)
    assert ["0", "1", "2"] == erp.clients  # the one that may have arrived is not sent again


def test_a_note_found_half_sent_is_failed_and_never_repeated() -> None:
    store, erp = noted(2), Erp()
    first = store.notes.waiting("fibra", 1)[0]
    assert store.notes.take(first.attempt_id, NOON)
    report = run(store, erp)
    assert ["1"] == erp.clients
    assert {"0": (NoteState.FAILED, UNKNOWN)} == states(store)
    assert {"unknown": 1, "sent": 1} == report.detail


def test_a_program_that_dies_while_sending_sends_nothing_twice() -> None:
    store, erp = noted(2), Erp({"0": KeyboardInterrupt()})  # type: ignore[dict-item]  # as a kill would
    with pytest.raises(KeyboardInterrupt):
        run(store, erp)
    run(store, erp)
    assert ["0", "1"] == erp.clients


def test_when_the_database_goes_after_the_erp_was_told_the_note_is_not_sent_again() -> None:
    tables = Tables()
    store, erp = noted(1, tables), Erp()

    class Gone(MemoryNotes):
        def sent(self, attempt_id: str, now: object) -> bool:
            raise StoreUnavailable(f"gone: {attempt_id} {now}")

    assert "failed" == run(replace(store, notes=Gone(tables)), erp).status
    run(store, erp)
    assert ["0"] == erp.clients
    assert {"0": (NoteState.FAILED, UNKNOWN)} == states(store)


def test_where_no_adapter_can_write_notes_they_wait_without_an_error() -> None:
    store = noted()

    def none() -> ErpActions:
        raise SourceLacks("a source of type csv can only be read")

    for report in (
        write_back(store, "fibra", none, Clock()),
        run(store, Erp({"0": SourceLacks("nobody knows how")})),
    ):
        assert ("done", "", {"unknown": 0, "source_lacks": 3}) == (report.status, report.error, report.detail)
        assert [(NoteState.WAITING, "")] * 3 == list(states(store).values())


def test_an_erp_that_cannot_even_be_opened_leaves_the_notes_waiting_and_says_why() -> None:
    store = noted(1)

    def wrong() -> ErpActions:
        raise SourceRefused("the token is no token")

    report = write_back(store, "fibra", wrong, Clock())
    assert ("failed", "the token is no token") == (report.status, report.error)
    assert {"0": (NoteState.WAITING, "")} == states(store)


def test_with_nothing_to_tell_the_erp_is_not_opened() -> None:
    def never() -> ErpActions:
        raise AssertionError

    assert "done" == write_back(memory_store(), "fibra", never, Clock()).status


def test_two_write_backs_of_one_instance_do_not_run_side_by_side() -> None:
    store, erp = noted(1), Erp()
    with store.presence.lock("collector:write_back:fibra"):
        assert "failed" == run(store, erp).status
    assert [] == erp.asked


def test_a_note_that_another_took_meanwhile_is_left_to_it() -> None:
    tables = Tables()
    store, erp = noted(1, tables), Erp()

    class Late(MemoryNotes):
        def waiting(self, instance: str, limit: int) -> list[ErpNote]:
            found = super().waiting(instance, limit)
            assert all(self.take(one.attempt_id, NOON) for one in found)
            return found

    run(replace(store, notes=Late(tables)), erp)
    assert [] == erp.asked


def test_another_instance_s_notes_are_not_touched() -> None:
    store, erp = noted(1), Erp()
    write_back(store, "radio", lambda: erp, Clock())
    assert ([], {"0": (NoteState.WAITING, "")}) == (erp.asked, states(store))
