"""Of several side workers on one database one keeps the times."""

import pytest

from tests.unit.world import Clock
from worker.doctor import Finding
from worker.doctor_side import examine
from worker.running_ports import Presence
from worker.settings import Schedule
from worker.side_lease import KIND, NAME, TTL, Lease
from worker.store.memory import memory_store


@pytest.fixture
def presence() -> Presence:
    return memory_store().presence


def two(presence: Presence, clock: Clock) -> tuple[Lease, Lease]:
    return Lease(presence, "a:1", 1, clock), Lease(presence, "b:2", 2, clock)


def test_who_comes_first_has_it_for_as_long_as_he_renews_it(presence: Presence) -> None:
    clock = Clock()
    first, second = two(presence, clock)
    for _ in range(5):
        assert (True, False) == (first.mine(), second.mine())
        clock.move(seconds=TTL.total_seconds() - 1)


def test_who_has_died_is_replaced_and_does_not_get_it_back(presence: Presence) -> None:
    clock = Clock()
    first, second = two(presence, clock)
    assert first.mine()
    clock.move(seconds=TTL.total_seconds())
    assert (True, False) == (second.mine(), first.mine())


def test_who_leaves_is_replaced_at_once_and_nobody_gives_up_what_is_not_his(presence: Presence) -> None:
    first, second = two(presence, Clock())
    assert first.mine()
    second.leave()
    assert not second.mine()
    first.leave()
    assert second.mine()


def test_two_who_look_at_the_same_moment_do_not_both_get_it(presence: Presence) -> None:
    first, second = two(presence, Clock())
    with presence.lock(NAME):
        assert not first.mine()
    assert first.mine()
    with presence.lock(NAME):
        assert (True, False) == (first.mine(), second.mine())  # who has it has it still


CELERY = Schedule.model_validate({"runner": "celery", "broker": "redis://127.0.0.1:6379/0"})


def test_doctor_says_when_nobody_keeps_the_times(presence: Presence) -> None:
    clock = Clock()

    def said() -> list[Finding]:
        return list(examine(CELERY, presence, clock()))

    absent = "no `collector side` has been seen {}: nothing is synced; start it"
    assert [Finding("side work", False, absent.format("yet"))] == said()
    presence.beat(KIND, NAME, 1, "pbx:1", clock())
    assert [Finding("side work", True, "on Celery; pbx:1 keeps the times")] == said()
    clock.move(seconds=30)
    assert [Finding("side work", False, absent.format("since 2026-11-18 15:00:00 UTC"))] == said()
    assert [] == list(examine(Schedule(), presence, clock()))


def test_doctor_says_when_celery_is_not_installed(presence: Presence, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.doctor_side.find_spec", lambda _: None)
    (finding,) = examine(CELERY, presence, Clock()())
    assert Finding("side work", False, "Celery is not installed here; run ./install.sh pbx again") == finding
