"""What `collector doctor` says of a sync's past: alarms, dead runs, answers half stored, old or never read."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.unit.world import NOON, Clock, Source, bill, client, sync_of
from worker.core.billing import Contract
from worker.core.brakes import ALL, Brake, BrakeKind
from worker.core.enums import Access
from worker.doctor import Finding, held_back, judge, look_up
from worker.jobs.sync import fetch_bills, sync_all, sync_bills
from worker.ports import Can, Progress
from worker.settings import Schedule
from worker.store.memory import memory_store
from worker.store_ports import Store

SCHEDULE = Schedule(bills_every_minutes=60, contracts_every_minutes=30)
LOCK = "collector:sync:fibra"


@pytest.fixture
def store() -> Store:
    """Synced once, at noon."""
    made = memory_store()
    assert {"done"} == {one.status for one in sync_all(sync_of(world(), made, Clock()))}
    return made


def world(amount: int = 10) -> Source:
    source = Source([client(index) for index in range(amount)], [bill(index) for index in range(amount)])
    source.contract_rows = [Contract("k1", "1", Access.ACTIVE)]
    return source


def found(store: Store, after: timedelta = timedelta(), *, contracts: bool = True) -> dict[str, Finding]:
    findings = list(judge("fibra", look_up(store, "fibra"), SCHEDULE, contracts, NOON + after))
    by_name = {one.what.removeprefix("fibra: "): one for one in findings}
    assert len(findings) == len(by_name)
    return by_name


def bad(findings: dict[str, Finding]) -> dict[str, str]:
    return {what: one.detail for what, one in findings.items() if one.ok is False}


def test_a_sound_past_is_good_in_all_its_parts(store: Store) -> None:
    findings = found(store, timedelta(minutes=12))
    stored = ("stored clients", "stored contracts", "stored bills")
    assert {"clients", "contracts", "bills", "queue", *stored} == set(findings)
    assert {True} == {one.ok for one in findings.values()}
    assert "10 rows, complete 12 min ago" == findings["stored bills"].detail


def test_an_instance_that_was_never_synced_is_a_note() -> None:
    findings = found(memory_store())
    assert {"clients", "contracts", "bills", "queue"} == set(findings)
    assert {(None, "never synced; run `collector sync`")} == {(one.ok, one.detail) for one in findings.values()}


def test_an_alarm_is_bad_until_it_is_acknowledged_and_says_how(store: Store) -> None:
    store.alarms.raise_alarm("radio", "bills", "of somebody else", NOON)
    sync_bills(sync_of(world(5), store, Clock()))
    assert bad(found(store)).keys() == {"alarm 2", "bills"}
    assert "bills went from 10 to 5" in bad(found(store))["alarm 2"]
    assert bad(found(store))["alarm 2"].endswith("run `collector alarms --acknowledge 2`")
    sync_bills(sync_of(world(), store, Clock()))  # over, and still to be seen
    assert bad(found(store)).keys() == {"alarm 2"}
    assert store.alarms.acknowledge(2, "ana", NOON)
    assert {} == bad(found(store))


@pytest.mark.parametrize(
    ("hours", "noted"),
    [
        (1.5, set()),  # three times thirty minutes, not more
        (1.6, {"stored contracts"}),
        (3.1, {"stored contracts", "stored bills"}),
        (73, {"stored contracts", "stored bills", "stored clients"}),
    ],
)
def test_an_answer_older_than_three_times_its_schedule_is_a_note(
    store: Store, hours: float, noted: set[str]
) -> None:
    findings = found(store, timedelta(hours=hours))
    assert noted == {what for what, one in findings.items() if one.ok is None}
    assert all("is `collector service` running?" in findings[what].detail for what in noted)


def test_an_answer_left_half_stored_is_bad_unless_a_sync_is_at_work(store: Store) -> None:
    later = world()
    later.bill_rows = [bill(index, amount="11.00") for index in range(10)]

    def dies(step: Progress) -> None:
        if step.note:  # at the first rows written
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch_bills(replace(sync_of(later, store, Clock()), watch=dies))
    assert {"bills", "stored bills"} == set(bad(found(store)))
    assert "a sync died while storing a newer answer; run `collector sync`" in bad(found(store))["stored bills"]
    with store.presence.lock(LOCK) as mine:
        assert mine
        assert None is found(store)["stored bills"].ok
    sync_bills(sync_of(later, store, Clock()))
    assert {} == bad(found(store))


def test_a_run_that_never_ended_is_bad_unless_a_sync_is_at_work(store: Store) -> None:
    store.runs.start("bills", "fibra", NOON)
    assert {"bills": "the run of 2026-11-18 15:00 UTC died; run `collector sync`"} == bad(found(store))
    with store.presence.lock(LOCK) as mine:
        assert mine
        assert {} == bad(found(store))
    assert {"bills"} == set(bad(found(store)))


def test_a_dry_run_hides_no_failure(store: Store) -> None:
    sync_bills(sync_of(world(5), store, Clock()))
    sync_bills(sync_of(world(), store, Clock(), dry_run=True))
    assert "dry_run" == store.runs.latest(1, "bills", "fibra")[0].status
    assert {"alarm 1", "bills"} == set(bad(found(store)))


def test_contracts_that_are_wanted_and_were_never_read_are_bad_once_anything_was_synced() -> None:
    store, source = memory_store(), world()
    source.can = frozenset(Can) - {Can.CONTRACTS}
    sync_all(sync_of(source, store, Clock()))
    findings = found(store)
    assert {"stored contracts"} == set(bad(findings))
    assert (
        "run `collector sync contracts`, or set rules.read_contracts: false" in bad(findings)["stored contracts"]
    )
    unwanted = found(store, contracts=False)
    assert {} == bad(unwanted)
    assert not {"contracts", "stored contracts"} & set(unwanted)


def test_a_pause_by_hand_is_a_note_and_one_by_the_dialler_itself_is_bad(store: Store) -> None:
    assert [("fibra: brakes", True)] == [(one.what, one.ok) for one in held_back(store, "fibra", NOON)]
    store.brakes.put(Brake("fibra", BrakeKind.CONGESTION, "congested", NOON), NOON)
    store.brakes.put(Brake(ALL, BrakeKind.BY_HAND, "repairs", NOON, set_by="ana@pbx"), NOON)
    by_hand, by_itself = held_back(store, "fibra", NOON)
    assert ("fibra: brake by_hand", None) == (by_hand.what, by_hand.ok)
    assert ("fibra: brake congestion", False) == (by_itself.what, by_itself.ok)
    assert "paused by ana@pbx" in by_hand.detail


def test_an_alarm_about_the_calls_does_not_send_people_to_the_erp(store: Store) -> None:
    store.alarms.raise_alarm("fibra", "handler", "nobody is dialled", NOON)
    (says,) = [detail for what, detail in bad(found(store)).items() if what.startswith("alarm")]
    assert "nobody is dialled; run `collector alarms --acknowledge 1`" == says
