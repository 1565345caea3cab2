"""Sending what callees asked for: what is handed over, what is tried again, and what is given up."""

import json
import stat
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Barrier

import pytest
from structlog.testing import capture_logs

from tests.lab.hook_server import Fault, HookServer
from tests.unit.test_jobs_dial import filled
from tests.unit.world import NOON, Clock, Line, bill, dial_plan, sync_plan
from worker.core.enums import Fate
from worker.core.model import Bill
from worker.core.payment import MOST_TRIES, PaymentRequest, RequestState, next_try
from worker.errors import ActionRefused, HookFailed, SourceBroken, SourceLacks, StoreUnavailable
from worker.hook.program import ProgramHook
from worker.hook.web import WebHook
from worker.hook_settings import PaymentHook
from worker.jobs import dial, payments
from worker.jobs.payments import ALONE, DIED, NOTHING, SETTLED, PaymentPlan
from worker.store.memory import memory_store
from worker.store.memory_payments import MemoryPayments
from worker.store.memory_tables import Tables

LINE = "00190500954014481606906809350314337370000000100"
CODE = "00020101021226490014br.gov.bcb.pix6304ABCD"


@dataclass
class Hook:
    """Takes what it is given, or does first what it is told, in order."""

    does: list[HookFailed | StoreUnavailable | None] = field(default_factory=list)
    got: list[Mapping[str, object]] = field(default_factory=list)
    during: Callable[[], None] = lambda: None

    def send(self, payload: Mapping[str, object]) -> None:
        self.got.append(payload)
        self.during()
        if self.does and (error := self.does.pop(0)):
            raise error


@dataclass
class Erp:
    """Knows a PIX code of each bill, or says why not."""

    error: Exception | None = None
    asked: list[str] = field(default_factory=list)

    def pix(self, bill_id: str) -> str:
        self.asked.append(bill_id)
        if self.error:
            raise self.error
        return CODE

    def unlock(self, contract_id: str) -> str:
        raise NotImplementedError(contract_id)

    def note(self, client_id: str, contract_id: str | None, text: str, day: date) -> None:
        raise NotImplementedError(client_id, contract_id, text, day)

    def boleto(self, bill_id: str) -> bytes:
        raise NotImplementedError(bill_id)


class Bench:
    """One debtor of `fibra`, called, who asked for the line; his bills are as told."""

    def __init__(self, *bills: Bill, debtors: int = 1) -> None:
        self.clock, self.tables, self.hook, self.erp = Clock(), Tables(), Hook(), Erp()
        self.store = filled(self.clock, debtors, memory_store(self.tables))
        dial.step(dial_plan(), self.store, Line(), self.clock, debtors)
        if bills:
            self.store.catalogue.replace_bills("fibra", bills, NOON)
        self.attempts = self.store.attempts.open_since(NOON + timedelta(seconds=1))
        for one in self.attempts:
            self.store.payments.request(one.attempt_id, "fibra", one.client_id, one.number, NOON)

    def plan(self, **others: object) -> PaymentPlan:
        values: dict[str, object] = {"line": True, "pix": True, "hook": self.hook, "actions": lambda: self.erp}
        told = {"instance": "fibra", "company": "Fibra Serra", "charged_span": sync_plan().charged_span}
        return PaymentPlan(**(told | values | others))  # type: ignore[arg-type]  # a table has no one type

    def run(self, **others: object) -> str:
        """Statuses of the run, if there was one."""
        return " ".join(one.status for one in payments.send(self.store, self.plan(**others), self.clock))

    @property
    def request(self) -> PaymentRequest:
        return self.store.payments.listing("fibra", 10)[0]

    @property
    def alarms(self) -> list[str]:
        return [one.reason for one in self.store.alarms.listing() if one.over_at is None]


def lined(overdue: int = 30, bill_id: str = "b0", line: str | None = LINE) -> Bill:
    return replace(bill(0, overdue), bill_id=bill_id, pay_line=line)


def test_where_nothing_is_due_nothing_is_done_and_the_history_is_silent() -> None:
    bench = Bench(lined())
    bench.clock.move(seconds=-1)
    assert "" == bench.run()
    assert [] == bench.store.runs.latest(job="payments")


def test_all_that_a_message_needs_is_handed_over_once() -> None:
    dear = replace(lined(20, "b1", None), open_amount=Decimal("50.00"), updated_amount=Decimal("51.23"))
    young = lined(3, "b2")  # nobody is called for it yet
    bench = Bench(lined(30), dear, young)
    assert "done" == bench.run()
    expected = {
        "attempt_id": bench.request.attempt_id,
        "instance": "fibra",
        "company": "Fibra Serra",
        "client_id": "0",
        "first_name": "Cliente",
        "number": "+5511961000000",
        "total": "149.90",
        "bills": [
            {"id": "b0", "due_date": "2026-10-19", "amount": "99.90", "with_interest": None, "line": LINE},
            {"id": "b1", "due_date": "2026-10-29", "amount": "50.00", "with_interest": "51.23", "line": None},
        ],
        "pix": {"bill_id": "b0", "code": CODE},
    }
    assert [expected] == bench.hook.got
    assert json.loads(json.dumps(expected)) == expected  # nothing that JSON could not carry
    assert (RequestState.SENT, ["b0"]) == (bench.request.state, bench.erp.asked)
    assert "" == bench.run()
    assert 1 == len(bench.hook.got)


def test_only_what_the_instance_wants_is_sent() -> None:
    bench = Bench(lined())
    bench.run(pix=False)
    assert (LINE, None, []) == (bench.hook.got[0]["bills"][0]["line"], bench.hook.got[0]["pix"], bench.erp.asked)  # type: ignore[index]  # a JSON value
    bench = Bench(lined())
    bench.run(line=False)
    assert (None, CODE) == (bench.hook.got[0]["bills"][0]["line"], bench.hook.got[0]["pix"]["code"])  # type: ignore[index]  # the same


@pytest.mark.parametrize("error", [SourceLacks("none"), SourceBroken("later"), ActionRefused("no")])
def test_a_line_does_not_wait_for_a_pix_code(error: Exception) -> None:
    bench = Bench(lined())
    bench.erp.error = error
    assert "done" == bench.run()
    assert (None, RequestState.SENT) == (bench.hook.got[0]["pix"], bench.request.state)


def test_what_the_erp_may_give_later_is_asked_for_again_and_what_it_refuses_is_not() -> None:
    bench = Bench(lined(line=None))
    bench.erp.error = SourceBroken("IXC is out for lunch")
    assert "failed" == bench.run()
    assert (RequestState.WAITING, "IXC is out for lunch", []) == (
        bench.request.state,
        bench.request.error,
        bench.alarms,
    )
    bench.erp.error = ActionRefused("IXC says no")
    bench.clock.move(minutes=1)
    assert "failed" == bench.run()
    assert (RequestState.FAILED, []) == (bench.request.state, bench.hook.got)
    assert ["IXC says no"] == [reason for reason in ("IXC says no",) if reason in bench.alarms[0]]


def test_where_there_is_nothing_to_send_that_is_said_at_once() -> None:
    bench = Bench(lined(line=None))
    bench.erp.error = SourceLacks("it can only be read")
    bench.run()
    assert (RequestState.FAILED, NOTHING, 1) == (bench.request.state, bench.request.error, len(bench.alarms))


def test_who_owes_nothing_any_more_is_sent_nothing_and_that_alarms_nobody() -> None:
    bench = Bench(lined())
    bench.store.overview.settle("fibra", {"b0": Fate.PAID}, NOON)
    assert "done" == bench.run()
    assert ([], [], []) == (bench.hook.got, bench.erp.asked, bench.alarms)
    assert (RequestState.FAILED, SETTLED) == (bench.request.state, bench.request.error)


def test_a_failure_is_tried_again_ever_later_and_in_the_end_given_up_with_an_alarm() -> None:
    bench = Bench(lined())
    bench.hook.does = [HookFailed("HTTP 500")] * 6
    waits = []
    while bench.request.state is not RequestState.FAILED:
        assert "failed" == bench.run()
        waits.append((bench.request.due_at - bench.clock()).total_seconds())
        assert "" == bench.run()  # not before its time
        bench.clock.now = max(bench.clock.now, bench.request.due_at)
    assert [15, 60, 300, 1200, 3600] == waits[:-1]
    assert (6, 6, "HTTP 500") == (bench.request.tries, len(bench.hook.got), bench.request.error)
    assert ["not sent to who asked for it, after 6 tries: HTTP 500 (see collector payments)"] == bench.alarms
    bench.clock.move(days=1)
    assert "" == bench.run()


def test_the_next_that_is_taken_ends_the_alarm() -> None:
    bench = Bench(lined())
    bench.store.alarms.raise_alarm("fibra", payments.ALARM, "broken", NOON)
    bench.hook.does = [HookFailed("HTTP 500")]
    bench.run()
    assert ["broken"] == bench.alarms
    bench.clock.move(seconds=15)
    assert "done" == bench.run()
    assert [] == bench.alarms


def test_one_that_fails_does_not_hold_up_the_others() -> None:
    bench = Bench(*(replace(bill(n), pay_line=LINE) for n in range(3)), debtors=3)
    bench.hook.does = [None, HookFailed("HTTP 500"), None]
    assert "failed" == bench.run()
    assert ["0", "1", "2"] == [one["client_id"] for one in bench.hook.got]
    (run,) = bench.store.runs.latest(job="payments")
    assert {"sent": 2, "again": 1} == json.loads(run.detail)


def test_who_dies_over_one_is_followed_after_a_while_with_the_same_key() -> None:
    bench = Bench(lined())
    bench.hook.does = [StoreUnavailable("the program ends here")]
    assert "failed" == bench.run()
    assert RequestState.SENDING is bench.request.state
    bench.clock.now += ALONE - timedelta(seconds=1)
    assert "" == bench.run()
    bench.clock.move(seconds=1)
    assert "done" == bench.run()
    assert 2 == len(bench.hook.got)
    assert 1 == len({str(one["attempt_id"]) for one in bench.hook.got})


def test_what_everybody_dies_over_is_given_up_too() -> None:
    bench = Bench(lined())
    bench.hook.does = [StoreUnavailable("the program ends here")] * 99
    while bench.request.state is not RequestState.FAILED:
        assert "failed" == bench.run()
        bench.clock.now += ALONE
    assert (DIED, MOST_TRIES, 1) == (bench.request.error, len(bench.hook.got), len(bench.alarms))


def test_of_two_workers_at_once_one_sends_each() -> None:
    bench = Bench(*(replace(bill(n), pay_line=LINE) for n in range(5)), debtors=5)
    both = Barrier(2)

    class Together(MemoryPayments):
        def due(self, instance: str, now: datetime, limit: int) -> list[PaymentRequest]:
            found = super().due(instance, now, limit)
            both.wait(10)  # both have seen the same before either takes one
            return found

    bench.store = replace(bench.store, payments=Together(bench.tables))
    with ThreadPoolExecutor(2) as side_by_side:
        list(side_by_side.map(lambda _: bench.run(), range(2)))
    assert ["0", "1", "2", "3", "4"] == sorted(str(one["client_id"]) for one in bench.hook.got)


def test_no_whole_number_and_no_line_is_logged() -> None:
    bench = Bench(lined())
    bench.hook.does = [HookFailed("HTTP 500")]
    with capture_logs() as logs:
        bench.run()
        bench.clock.move(seconds=15)
        bench.run()
    assert logs
    assert not [one for one in logs for secret in ("61000000", LINE, CODE) if secret in str(one)]


def test_a_real_service_and_a_real_program_are_handed_the_same(tmp_path: Path) -> None:
    script = tmp_path / "send"
    script.write_text(f"#!/bin/sh\ncat > '{tmp_path}/got'\n")
    script.chmod(stat.S_IRWXU)
    program = Bench(lined())
    assert "done" == program.run(hook=ProgramHook(PaymentHook(command=(str(script),))))
    with HookServer() as server:
        served = Bench(lined())
        hook = WebHook(PaymentHook(url=server.url, timeout_seconds=0.5))
        server.faults = [Fault.ERROR, Fault.HANG, Fault.CUT, Fault.NONE]
        for _ in server.faults[:]:
            served.run(hook=hook)
            served.clock.move(hours=1)
    assert RequestState.SENT is served.request.state
    assert 4 == len(server.posted) == served.request.tries
    assert 1 == len({posted.headers["Idempotency-Key"] for posted in server.posted})
    got = json.loads((tmp_path / "got").read_text(encoding="utf-8"))
    assert got == json.loads(server.posted[-1].body)


def test_the_waits_are_bounded() -> None:
    assert next_try(6, NOON) is None
    assert NOON + timedelta(seconds=15) == next_try(1, NOON)
