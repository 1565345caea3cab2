"""From a bill in IXC to what a provider's own service is handed: line and PIX, as the settings say."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.contract.store_data import attempt_id
from tests.lab.hook_server import HookServer
from tests.lab.invented import InventedBill, World, invent
from tests.lab.ixc_actions import pix_code
from tests.lab.ixc_server import TOKEN, IxcServer
from tests.lab.pay_lines import bare_line
from worker import convert
from worker.core.model import Bill
from worker.erp.registry import open_source
from worker.jobs import payments
from worker.jobs.payments import PaymentPlan
from worker.settings import Instance
from worker.store.memory import memory_store
from worker.store_ports import Store

NOW = datetime.now(UTC)
NUMBER = "+5511987654321"


@pytest.fixture(scope="module")
def world() -> World:
    return invent(80, today=NOW.date(), seed=5)


@pytest.fixture
def ixc(world: World) -> Iterator[IxcServer]:
    with IxcServer(world.clients, world.bills, world.contracts, world.cities) as server:
        yield server


@pytest.fixture
def hook() -> Iterator[HookServer]:
    with HookServer() as server:
        yield server


def instance(ixc: IxcServer, hook: HookServer, *send: str) -> Instance:
    return Instance.model_validate(
        {
            "id": "fibra",
            "company": "Fibra Serra",
            "caller_id": "+551133330000",
            "source": {"type": "ixc", "url": ixc.url, "token": TOKEN, "pause_seconds": 0},
            "trunk": {"endpoint": "PJSIP/{number}@carrier"},
            "payment_hook": {"url": hook.url, "send": send},
        }
    )


def synced(one: Instance) -> tuple[Store, PaymentPlan, list[Bill]]:
    """The charged bills of somebody with several, in a store that has read all of IXC."""
    store, plan = memory_store(), convert.payment_plan(one)
    assert plan
    first, last = plan.charged_span(NOW)
    source = open_source(one.source, convert.reading(one), sleep=lambda _: None)
    bills = [bill for page in source.bills(first, last) for bill in page.rows]
    store.catalogue.replace_bills("fibra", bills, NOW)
    owners = [bill.client_id for bill in bills if bill.pay_line]
    someone = max(sorted(set(owners)), key=owners.count)
    store.payments.request(attempt_id(1), "fibra", someone, NUMBER, NOW)
    return store, plan, store.overview.open_bills("fibra", someone)


def invented(world: World, bill: Bill) -> InventedBill:
    return next(one for one in world.bills if str(one.bill_id) == bill.bill_id)


def test_lines_and_the_pix_code_of_the_oldest_bill_are_handed_over(
    world: World, ixc: IxcServer, hook: HookServer
) -> None:
    store, plan, bills = synced(instance(ixc, hook, "line", "pix"))
    (report,) = payments.send(store, plan, lambda: NOW)
    assert ("done", "") == (report.status, report.error)
    body = json.loads(hook.posted[0].body)
    lines = {one.bill_id: bare_line(int(one.bill_id), invented(world, one).amount) for one in bills}
    assert len(lines) > 1
    assert lines == {one["id"]: one["line"] for one in body["bills"]}
    oldest = bills[0]
    code = pix_code(f"TX{oldest.bill_id}", f"{oldest.open_amount}")
    assert {"bill_id": oldest.bill_id, "code": code} == body["pix"]
    assert {oldest.bill_id: 1} == dict(ixc.actions.charges)  # IXC made one charge, and no other


def test_where_only_lines_are_sent_ixc_is_asked_to_make_no_charge(ixc: IxcServer, hook: HookServer) -> None:
    store, plan, _ = synced(instance(ixc, hook, "line"))
    payments.send(store, plan, lambda: NOW + timedelta(seconds=1))
    assert json.loads(hook.posted[0].body)["pix"] is None
    assert {} == dict(ixc.actions.charges)
