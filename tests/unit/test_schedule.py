"""What is due when, and which of it may run apart from who dials."""

from datetime import time
from typing import Any

import pytest

from worker import schedule, side_jobs
from worker.schedule import At, Due, Every
from worker.settings import Instance, Schedule

DIALLING = {"dial", "dialer", "reconcile", "hang_up", "watch", "count"}


def instance(name: str = "fibra", *, hook: bool = False, **rules: Any) -> Instance:
    return Instance.model_validate(
        {
            "payment_hook": {"command": ["/bin/true"]} if hook else None,
            "id": name,
            "company": "Fibra",
            "zone": "America/Manaus",
            "caller_id": "+551133330000",
            "source": {"type": "csv", "clients": "c.csv", "bills": "b.csv"},
            "trunk": {"endpoint": "PJSIP/{number}@carrier"},
            "rules": rules,
        }
    )


def test_every_part_of_the_schedule_becomes_a_time() -> None:
    times = Schedule(
        zone="America/Bahia",
        clients_at=time(7, 15),
        client_types_weekday="sun",
        client_types_at=time(6, 30),
        bills_every_minutes=20,
        contracts_every_minutes=10,
    )
    assert [
        Due("bills", "fibra", Every(1200), at_once=True),
        Due("contracts", "fibra", Every(600)),
        Due("clients", "fibra", At("America/Bahia", 15, 7)),
        Due("client_types", "fibra", At("America/Bahia", 30, 6, "sun")),
        Due("write_back", "fibra", Every(300)),
    ] == schedule.side_work(times, [instance()])


@pytest.mark.parametrize("rules", [{"order": "score"}, {"best_hour": True}])
def test_a_queue_that_goes_by_the_hour_is_ordered_anew_at_each_hour(
    rules: dict[str, Any],
) -> None:
    plan = schedule.side_work(Schedule(), [instance(), instance("serra", **rules)])
    assert [Due("reorder", "serra", At("America/Manaus", 0))] == [due for due in plan if due.job == "reorder"]


def test_what_callees_asked_for_is_looked_for_every_ten_seconds_where_a_hook_sends_it() -> None:
    plan = schedule.side_work(Schedule(), [instance(), instance("serra", hook=True)])
    assert [Due("payments", "serra", Every(10))] == [due for due in plan if due.job == "payments"]


def test_each_side_job_is_due_at_some_time_and_has_a_name_of_its_own() -> None:
    plan = schedule.side_work(
        Schedule(), [instance(name, hook=True, best_hour=True) for name in ("fibra", "serra")]
    )
    assert set(side_jobs.JOBS) == {due.job for due in plan}
    assert len(plan) == len({due.name for due in plan}) == 2 * len(side_jobs.JOBS)


def test_what_dials_or_ends_calls_is_no_side_work() -> None:
    watching = schedule.watch_work(Schedule(reconcile_every_seconds=30))
    assert Due("reconcile", "", Every(30), at_once=True) in watching
    assert {due.job for due in watching} <= DIALLING | {"recordings"}  # those lie on the PBX that dialled
    assert set() == DIALLING & set(side_jobs.JOBS)


@pytest.mark.parametrize(
    ("when", "seconds"),
    [
        (Every(90), 90),
        (At("UTC", 0), 3600),
        (At("UTC", 15, 7), 86400),
        (At("UTC", 15, 7, "mon"), 7 * 86400),
    ],
)
def test_a_job_waits_no_longer_than_until_the_next_of_its_kind(when: At | Every, seconds: int) -> None:
    assert seconds == schedule.next_of_its_kind(when)
