"""The beat of side work, over a broker in memory: one keeps the times, and nothing that is due is lost."""

from typing import Any

import pytest
from celery import Celery
from structlog.testing import capture_logs

from tests.unit.test_side import made
from tests.unit.world import Clock
from worker import side, side_beat
from worker.errors import StoreUnavailable
from worker.side_lease import Lease
from worker.store.memory import memory_store


class Beats:
    """A beat over a broker in memory."""

    def __init__(self, name: str, store: Any, clock: Clock) -> None:
        self.app = made("memory://")
        kind = side_beat.beat(lambda: Lease(store.presence, name, 1, clock), ["bills fibra"])
        self.beat = kind(app=self.app)

    def sent(self) -> list[Any]:
        """What lies in the queue, taken out."""
        found = []
        with self.app.connection_for_write() as connection:
            queue = connection.SimpleQueue(side.QUEUE)
            while queue.qsize():
                message = queue.get_nowait()
                found.append(message.payload[0])
                message.ack()
            queue.close()
        return found


@pytest.fixture
def beats() -> Beats:
    made_one = Beats("a:1", memory_store(), Clock())
    made_one.sent()
    return made_one


def test_bills_are_sent_at_once_and_then_when_they_are_due(beats: Beats) -> None:
    assert 0 < beats.beat.tick() <= side_beat.LOOK_SECONDS
    assert [["bills", "fibra"]] == beats.sent()
    beats.beat.tick()
    assert [] == beats.sent()


def test_who_does_not_keep_the_times_sends_nothing_until_he_does() -> None:
    store, clock = memory_store(), Clock()
    assert Lease(store.presence, "other:1", 1, clock).mine()
    beats = Beats("a:1", store, clock)
    for _ in range(2):
        beats.beat.tick()
        beats.beat.apply_entry(beats.beat.schedule["clients fibra"])
    assert [] == beats.sent()
    beats.beat.tick()
    clock.move(hours=1)
    beats.beat.tick()
    assert [["bills", "fibra"]] == beats.sent()  # as its first work, now that the other is gone


def test_what_the_broker_did_not_take_is_sent_once_when_it_is_back(
    beats: Beats, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as gone:
        gone.setattr(beats.app.conf, "broker_url", "redis://127.0.0.1:1/0")
        gone.setattr(
            beats.app, "connection_for_write", lambda: Celery(broker="redis://127.0.0.1:1/0").connection()
        )
        with capture_logs() as logs:
            for _ in range(2):
                beats.beat.tick()
                beats.beat.apply_entry(beats.beat.schedule["bills fibra"])
    assert {"debug"} == {line["log_level"] for line in logs}
    beats.beat.tick()
    assert [["bills", "fibra"]] == beats.sent()


def test_a_database_that_is_away_is_told_once_and_what_is_due_waits(
    beats: Beats, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> bool:
        raise StoreUnavailable("The database does not answer")

    with monkeypatch.context() as gone, capture_logs() as logs:
        gone.setattr(beats.beat.lease, "mine", away)
        for _ in range(3):
            beats.beat.tick()
    assert ["side work waits for the database"] == [line["event"] for line in logs]
    beats.beat.tick()
    assert [["bills", "fibra"]] == beats.sent()


def test_a_defect_does_not_end_the_beat(beats: Beats, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken, capture_logs() as logs:
        broken.setattr(beats.beat.lease, "mine", lambda: 1 // 0)
        for _ in range(3):
            beats.beat.tick()
    assert 1 == sum(line["log_level"] == "error" for line in logs)


def test_a_beat_whose_worker_was_killed_ends(beats: Beats, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.side_beat.os.getppid", lambda: 1)
    with pytest.raises(SystemExit):
        beats.beat.tick()
