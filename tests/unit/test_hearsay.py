"""What was heard of calls is kept for a while, and its loss harms no call."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from agi.call import Detection, Sign
from agi.hearsay import REVIEW_EVERY, Hearsay
from agi.listening import HearingPlan, Listened, Listening
from agi.recordings import Recordings
from worker.core.heard_call import HeardCall
from worker.core.hearing import Audio, Segment
from worker.errors import StoreUnavailable
from worker.store.memory import memory_store
from worker.store_ports import Store

NOW = datetime(2026, 11, 18, 15, 0, tzinfo=UTC)
SOUND = (Segment(0.9, 1.3),)


class Clocks:
    def __init__(self) -> None:
        self.seconds = 0.0

    def wall(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


def listened(name: str, segments: tuple[Segment, ...] = SOUND) -> Listened:
    return Listened(name, "fibra", Detection("HUMAN", "X-1"), 12.5, segments)


def tell(store: Store, clocks: Clocks, *calls: Listened, days: int = 10) -> None:
    one = Hearsay(store, {"fibra": days}, clocks.wall, now=clocks.monotonic)
    one.start()
    for call in calls:
        one.put(call)
    one.stop()


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agi.hearsay.GATHER_SECONDS", 0.0)


def test_what_was_heard_is_kept_and_silence_is_not() -> None:
    store, clocks = memory_store(), Clocks()
    tell(store, clocks, listened("A"), listened("B", ()))
    expected = HeardCall("A", "fibra", NOW, 12.5, "HUMAN", "X-1", SOUND)
    assert [expected] == store.heard.listing(None, NOW - timedelta(1), 9)


def test_its_audio_and_opening_are_kept_with_it() -> None:
    store, clocks = memory_store(), Clocks()
    audio = Audio(SOUND, (Segment(0.5, 0.7),))
    tell(store, clocks, replace(listened("A"), audio=audio, opening="T1BFTklORw=="))
    (kept,) = store.heard.listing(None, NOW - timedelta(1), 9)
    assert (audio, "T1BFTklORw==") == (kept.audio, kept.opening)


def test_what_is_old_is_forgotten_now_and_then() -> None:
    store, clocks = memory_store(), Clocks()
    old = HeardCall("OLD", "fibra", NOW - timedelta(days=11), 1.0, "", "", SOUND)
    store.heard.add([old, replace(old, attempt_id="YOUNG", heard_at=NOW - timedelta(days=9))])
    tell(store, clocks, listened("A"))
    assert ["A", "YOUNG"] == [one.attempt_id for one in store.heard.listing(None, NOW - timedelta(99), 9)]


def test_it_is_not_looked_for_what_is_old_with_every_call(monkeypatch: pytest.MonkeyPatch) -> None:
    store, clocks = memory_store(), Clocks()
    asked: list[float] = []
    monkeypatch.setattr(store.heard, "forget", lambda *_: asked.append(clocks.seconds))
    one = Hearsay(store, {"fibra": 10}, clocks.wall, now=clocks.monotonic)
    for clocks.seconds in (0.0, 1.0, REVIEW_EVERY - 1, REVIEW_EVERY, REVIEW_EVERY + 1):
        one._keep([listened("A")])
    assert [0.0, REVIEW_EVERY] == asked


def test_a_store_that_is_down_costs_what_was_heard_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    store = memory_store()

    def down(_: Sequence[HeardCall]) -> None:
        raise StoreUnavailable("the database does not answer")

    monkeypatch.setattr(store.heard, "add", down)
    with capture_logs() as logs:
        tell(store, Clocks(), listened("A"))
    assert ["what was heard is not kept"] == [entry["event"] for entry in logs]


def recorded(n: int, *, number: str, shift: float = 0.0) -> HeardCall:
    """A call whose machine opens as all of its carrier do."""
    words = ((0.9, 1.4), (1.5, 2.1), (2.3, 2.62), (2.74, 3.3), (3.42, 4.2))
    segments = tuple(Segment(start + shift, end + shift) for start, end in words)
    return HeardCall(f"R{n}", "fibra", NOW, 9.0, "MACHINE", "X", segments, number=number)


def test_an_opening_heard_from_several_numbers_is_recognised_while_it_plays() -> None:
    recordings = Recordings()
    calls = [recorded(n, number=f"+55119{n}", shift=n / 10) for n in range(4)]
    recordings.learn(calls)
    assert 1 == len(recordings.known)
    heard = [one for one in calls[2].segments if one.start < 3.5]
    assert recordings.recognise(heard, 3.6)
    assert "" == recordings.recognise(heard, 1.2)  # too early to say
    assert "" == recordings.recognise([Segment(0.5, 0.9)], 3.6)


def test_one_number_called_often_makes_no_recording() -> None:
    recordings = Recordings()
    recordings.learn([recorded(n, number="+551190") for n in range(9)])
    assert () == recordings.known


def test_what_opens_like_somebody_who_pressed_a_key_is_no_recording() -> None:
    recordings = Recordings()
    calls = [recorded(n, number=f"+55119{n}") for n in range(4)]
    recordings.learn([*calls, replace(recorded(5, number="+551195"), keys="1")])
    assert () == recordings.known


def test_a_known_recording_is_strong_evidence() -> None:
    recordings = Recordings()
    recordings.learn([recorded(n, number=f"+55119{n}") for n in range(4)])
    listening = Listening(HearingPlan(known=recordings.recognise))
    for one in recorded(1, number="").segments:
        listening.began(one.start)
        listening.ended(one.end + 0.06, round((one.seconds - 0.02) * 1000))
    assert 1.0 == listening.next_look
    listening.look(3.6)
    assert Sign.RECORDING is listening.sign
    assert listening.detection.cause.startswith("RECORDING-")
