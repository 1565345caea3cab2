"""Events find their conversation, in order; one that cannot keep up ends loudly and touches no other."""

import threading

from worker.pbx.ari_events import ChannelDtmfReceived, Event, PlaybackStarted, StasisEnd
from worker.pbx.ari_router import Arrived, LineLost, Mailbox, Router

A, B = "01ARZ3NDEKTSV4RRFFQ69G5FAA", "01ARZ3NDEKTSV4RRFFQ69G5FAB"


def opened(router: Router, channel_id: str) -> Mailbox:
    box = router.open(channel_id)
    assert box is not None
    return box


def drain(box: Mailbox) -> list[Event]:
    events = []
    while (arrived := box.get(0)) is not None:
        events.append(arrived.event)
    return events


def test_events_come_in_order_and_only_to_their_channel() -> None:
    router = Router()
    first, second = opened(router, A), opened(router, B)
    for digit in "123":
        router.deliver(ChannelDtmfReceived(A, digit))
    router.deliver(StasisEnd(B))
    assert [ChannelDtmfReceived(A, digit) for digit in "123"] == drain(first)
    assert [StasisEnd(B)] == drain(second)


def test_the_start_of_a_playback_wakes_nobody_and_is_read_before_what_follows() -> None:
    box = opened(Router(), A)
    got: list[Event | None] = []
    reader = threading.Thread(
        target=lambda: got.extend(one.event if one else None for one in (box.get(5), box.get(5)))
    )
    reader.start()
    box.put(PlaybackStarted(A, "p"))
    reader.join(0.05)
    assert [] == got
    box.put(StasisEnd(A))
    reader.join(5)
    assert [PlaybackStarted(A, "p"), StasisEnd(A)] == got


def test_a_playback_that_began_is_known_when_the_wait_ends_without_another_event() -> None:
    box = opened(Router(), A)
    threading.Timer(0.02, box.put, [PlaybackStarted(A, "p")]).start()
    arrived = box.get(0.1)
    assert arrived is not None
    assert PlaybackStarted(A, "p") == arrived.event


def test_an_event_for_nobody_is_counted_and_dropped() -> None:
    router = Router()
    assert not router.deliver(StasisEnd(A))
    assert (0, 1) == (router.counts.delivered, router.counts.unrouted)


def test_a_channel_has_one_mailbox_until_it_is_closed() -> None:
    router = Router()
    opened(router, A)
    assert router.open(A) is None
    router.close(A)
    router.close(A)
    assert set() == router.ids()
    opened(router, A)


def test_an_overflow_ends_that_call_and_no_other() -> None:
    router = Router(capacity=3)
    flooded, other = opened(router, A), opened(router, B)
    router.deliver(StasisEnd(B))
    for digit in "12345":
        router.deliver(ChannelDtmfReceived(A, digit))
    assert [LineLost(A, "too many events were waiting for this conversation")] == drain(flooded)
    assert [StasisEnd(B)] == drain(other)
    assert 1 == router.counts.overflowed


def test_nothing_comes_after_a_line_is_lost() -> None:
    router = Router()
    box = opened(router, A)
    router.lose({A, B}, "gone")
    router.deliver(StasisEnd(A))
    assert [LineLost(A, "gone")] == drain(box)


def test_an_event_carries_the_instant_at_which_it_came_not_at_which_it_was_read() -> None:
    instants = iter([10.0, 20.0])
    box = Mailbox(A, now=lambda: next(instants))
    box.put(StasisEnd(A))
    box.put(StasisEnd(A))
    assert [Arrived(10.0, StasisEnd(A)), Arrived(20.0, StasisEnd(A))] == [box.get(0), box.get(0)]


def test_who_waits_is_woken_and_who_does_not_want_to_wait_is_not_kept() -> None:
    box = Mailbox(A)
    assert box.get(0) is None
    assert box.get(-1) is None
    later = threading.Timer(0.02, box.put, [StasisEnd(A)])
    later.start()
    arrived = box.get(5)
    later.join()
    assert arrived is not None
    assert StasisEnd(A) == arrived.event
