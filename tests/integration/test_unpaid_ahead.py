"""An ERP that thinks before it answers, over real HTTP: who is asked ahead keeps no channel waiting."""

import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from tests.lab.invented import InventedBill, InventedClient, InventedPhone
from tests.lab.ixc_server import TOKEN, IxcServer
from tests.unit.world import NOON, dial_plan, sync_of, sync_plan
from tests.unit.world import Clock as StandingClock
from worker.core.enums import Answerer, EntryState, LineResult
from worker.core.model import Bill, NextStep, Outcome, TalkFacts
from worker.erp.ixc import Ixc
from worker.erp.source import Reading
from worker.jobs import dial_loop, sync
from worker.jobs.dial import Step
from worker.jobs.pace import Pace
from worker.jobs.unpaid import StillUnpaid, UnpaidRules
from worker.ports import DialOrder, Placed, Placement
from worker.source_settings import IxcSource
from worker.store.memory import memory_store
from worker.store_ports import Store

TODAY = date(2026, 11, 18)  # the day of NOON
CHANNELS = 60
SHORTEST, LONGEST = 2.0, 6.0  # seconds a call lasts: short ones are the hard case, fifteen debtors a second
THINKS_SECONDS = 0.3
FULL_AFTER, MEASURED = 4.0, 8.0  # seconds


class Running:
    """A clock that begins at noon of the lab's day."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        return NOON + timedelta(seconds=time.monotonic() - self._began)


class Talks(threading.Thread):
    """A dialler whose calls last some seconds, and then have their outcome."""

    def __init__(self, store: Store, clock: Running) -> None:
        super().__init__(name="talks")
        self._store, self._clock = store, clock
        self._random = Random(1)
        self._living: list[tuple[float, DialOrder]] = []
        self.placed: list[str] = []  # attempt ids
        self.over = threading.Event()

    def place(self, orders: Sequence[DialOrder]) -> list[Placement]:
        now = time.monotonic()
        self._living += [(now + self._random.uniform(SHORTEST, LONGEST), order) for order in orders]
        self.placed += [order.attempt_id for order in orders]
        return [Placement(order.attempt_id, Placed.ACCEPTED) for order in orders]

    def ready(self) -> str:
        return ""

    def run(self) -> None:
        while not self.over.wait(0.01):
            for one in list(self._living):
                if one[0] <= time.monotonic():
                    self._living.remove(one)
                    self._end(one[1])

    def _end(self, order: DialOrder) -> None:
        outcome = Outcome(
            order.attempt_id,
            "fibra",
            "",
            order.number,
            self._clock(),
            LineResult.BUSY,
            Answerer.NOBODY,
            TalkFacts(),
        )
        self._store.outcomes.record(outcome, NextStep(EntryState.DONE, "over"))


class Noted(Ixc):
    """Notes about whom it was asked."""

    def __init__(self, settings: IxcSource) -> None:
        super().__init__(settings, Reading("11"), sleep=lambda _: None, today=lambda: TODAY)
        self.asked: list[str] = []

    def open_now(self, client_id: str, due_from: date, due_until: date) -> tuple[Bill, ...]:
        self.asked.append(client_id)
        return super().open_now(client_id, due_from, due_until)


def busy(server: IxcServer, *, asked: bool, ahead: int) -> float:
    """The share of channel seconds in use, of the seconds measured, with so many debtors asked about ahead."""
    store, clock = memory_store(), Running()
    settings = IxcSource.model_validate(
        {"type": "ixc", "url": server.url, "token": TOKEN, "pause_seconds": 0, "retries": 0}
    )
    source = Noted(settings)
    server.latency = 0.0
    sync.sync_all(sync_of(source, store, StandingClock(NOON - timedelta(minutes=1)), read_contracts=False))
    server.latency = THINKS_SECONDS
    rules = UnpaidRules("fibra", sync_plan().charged_span, timedelta(minutes=5), timedelta(0))
    unpaid = StillUnpaid(rules, source, store)
    plan = replace(
        dial_plan(CHANNELS),
        still_unpaid=unpaid.ask if asked else None,
        ask_early=unpaid.ask_early if ahead else None,
        ahead=ahead,
    )
    talks, stop, seen = Talks(store, clock), threading.Event(), list[int]()
    talks.start()
    began = time.monotonic()

    def on_step(_: Step) -> None:
        if time.monotonic() - began > FULL_AFTER + MEASURED:
            stop.set()

    def sample() -> None:
        while not stop.wait(0.05):
            if time.monotonic() - began > FULL_AFTER:
                seen.append(store.attempts.count_open("fibra"))

    watcher = threading.Thread(target=sample)
    watcher.start()
    dial_loop.run(plan, store, talks, clock, Pace(200, time.monotonic), stop, idle_seconds=0.05, on_step=on_step)
    talks.over.set()
    talks.join()
    watcher.join()
    if asked:
        called = {one.client_id for one in map(store.attempts.get, talks.placed) if one is not None}
        assert set() == called - set(source.asked)  # nobody was called unasked
    return sum(seen) / len(seen) / CHANNELS


def test_channels_stay_as_busy_as_if_nobody_were_asked(capsys: pytest.CaptureFixture[str]) -> None:
    """Prints the ratio; what it is, is a matter of the machine, and not asserted."""
    numbers = range(1, 601)
    phones = {n: f"119{61000000 + n}" for n in numbers}
    clients = [InventedClient(n, f"Cliente {n}", "", (InventedPhone(phones[n], None),)) for n in numbers]
    bills = [InventedBill(n, n, TODAY - timedelta(days=30), Decimal("99.90"), Decimal("99.90")) for n in numbers]
    with IxcServer(clients, bills) as server:
        none = busy(server, asked=False, ahead=0)
        at_their_turn = busy(server, asked=True, ahead=0)
        ahead = busy(server, asked=True, ahead=60)
    with capsys.disabled():
        sys.stdout.write(
            f"\nERP of {THINKS_SECONDS:g} s, {CHANNELS} channels, calls of {SHORTEST:g} to {LONGEST:g} s: "
            f"busy {none:.2f} unasked, {at_their_turn:.2f} asked at their turn, {ahead:.2f} asked ahead: "
            f"{ahead / none:.2f} of unasked\n"
        )
    assert 0 < ahead <= 1
