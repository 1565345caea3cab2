"""The Stasis application: who gets a thread, who is refused, what a lost socket and a stop do to living calls."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from agi.call import Call, Hangup
from agi.stasis import StasisApp
from tests.integration.ari_faults import Fault
from tests.integration.ari_orders import answered, attempt
from tests.integration.ari_server import AriServer
from worker.core.model import Attempt
from worker.pbx.ari import AriClient
from worker.pbx.ari_events import UserEvent
from worker.pbx.ari_resources import OriginateRequest


class Talks:
    """A switchboard whose conversations wait for a key, and which remembers how they ended."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.patience = 5.0
        self.fails = False
        self.closed: set[str] = set()
        self.may_leave = threading.Event()  # cleared: who was hung up on stays until it is set
        self.may_leave.set()

    def admit(self, attempt_ids: Sequence[str]) -> dict[str, Attempt]:
        return {one: answered(one) for one in attempt_ids if one not in self.closed}

    def talk(self, call: Call, attempt_id: str, admitted: Attempt) -> None:
        assert attempt_id == admitted.attempt_id
        self.begun.append(attempt_id)
        if self.fails:
            raise ZeroDivisionError
        try:
            call.wait_key("1", self.patience)
            self.ended.append("by itself")
        except Hangup:
            self.ended.append("hangup")
            self.may_leave.wait(self.patience)


def born(channel_id: str) -> dict[str, str]:
    return {"id": channel_id, "creationtime": "2026-11-21T05:09:03.588+0000"}


class Site:
    """Stand-in, client and application under test."""

    def __init__(self) -> None:
        self.server = AriServer()
        self.server.start()
        self.client = AriClient(self.server.settings)
        self.client.start()
        self.talks = Talks()
        self.ends: list[UserEvent] = []
        self.app = StasisApp(self.client, self.talks, 3, hung_up=self.ends.append, orphan_seconds=0.05)

    def up(self) -> None:
        self.app.start()
        assert self.app.wait_connected(5)
        self.until(lambda: any("eventFilter" in one for one in self.server.requests))

    def answer(self, *numbers: int) -> None:
        for n in numbers:
            self.server.enter(attempt(n), attempt(n))

    def until(self, what: Callable[[], bool], seconds: float = 5.0) -> None:
        deadline = time.monotonic() + seconds
        while not what():
            assert time.monotonic() < deadline, "it did not come to pass"
            time.sleep(0.01)

    def close(self) -> None:
        self.app.stop()
        self.client.close()
        self.server.stop()


@pytest.fixture
def site() -> Iterator[Site]:
    before = set(threading.enumerate())
    one = Site()
    yield one
    one.close()
    assert set() == {thread.name for thread in set(threading.enumerate()) - before}


def test_who_answers_is_talked_to_and_hung_up_in_the_end(site: Site) -> None:
    site.up()
    site.answer(1, 2)
    site.until(lambda: 2 == site.app.talking)
    site.server.press(attempt(1), "1")
    site.until(lambda: attempt(1) not in site.server.channels)
    site.server.hang_up(attempt(2))
    site.until(lambda: 0 == site.app.talking)
    assert ["by itself", "hangup"] == site.talks.ended
    assert set() == site.client.router.ids()


def test_whoever_answers_for_an_attempt_that_is_over_is_hung_up_and_the_next_is_talked_to(site: Site) -> None:
    site.talks.closed.add(attempt(1))
    site.up()
    site.answer(1, 2)
    site.until(lambda: attempt(1) not in site.server.channels and [attempt(2)] == site.talks.begun)
    site.until(lambda: {attempt(2)} == site.client.router.ids())
    assert 1 == site.app.talking


def test_the_dialplans_word_on_an_ended_call_is_handed_on_and_other_peoples_events_are_not(site: Site) -> None:
    site.up()
    site.server.emit("ChannelUserevent", eventname="Other", userevent={"said": "a"}, channel=born(attempt(1)))
    site.server.emit("ChannelUserevent", eventname="CollectorEnd", userevent={"said": "b"}, channel=born("17.1"))
    site.server.emit("ChannelUserevent", eventname="CollectorEnd", userevent={"said": "c"})
    site.server.emit(
        "ChannelUserevent", eventname="CollectorEnd", userevent={"said": "d"}, channel=born(attempt(2))
    )
    site.until(lambda: bool(site.ends))
    assert [("d", attempt(2))] == [(one.text, one.channel_id) for one in site.ends]


def test_one_more_than_there_are_threads_is_hung_up_not_left_in_silence(site: Site) -> None:
    site.up()
    site.answer(1, 2, 3, 4)
    site.until(lambda: attempt(4) not in site.server.channels and len(site.talks.begun) == 3)
    assert [attempt(1), attempt(2), attempt(3)] == sorted(site.talks.begun)
    site.server.hang_up(attempt(1))
    site.until(lambda: 2 == site.app.talking)
    site.answer(5)
    site.until(lambda: attempt(5) in site.talks.begun)


@pytest.mark.parametrize(
    ("channel_id", "args"),
    [
        ("1700000000.1", ["1700000000.1"]),  # somebody else's dialplan sent it here
        (attempt(1), [attempt(2)]),  # it names another attempt
        (attempt(1), []),
        (attempt(1), ["resume", attempt(1)]),  # its handler died before no agent took it
    ],
)
def test_a_stranger_in_our_application_is_hung_up(site: Site, channel_id: str, args: list[str]) -> None:
    site.up()
    site.server.enter(channel_id, *args)
    site.until(lambda: {} == site.server.channels)
    assert [] == site.talks.begun


def test_a_conversation_that_breaks_still_ends_the_call(site: Site) -> None:
    site.talks.fails = True
    site.up()
    site.answer(1)
    site.until(lambda: {} == site.server.channels)
    site.until(lambda: 0 == site.app.talking)
    assert set() == site.client.router.ids()


def test_a_hang_up_that_the_pbx_did_not_take_is_tried_again(site: Site) -> None:
    site.talks.patience = 0
    site.server.faults.append(Fault("DELETE /ari/channels", status=503, times=2))
    site.up()
    site.answer(1)
    site.until(lambda: {} == site.server.channels)


def test_a_flooded_conversation_ends_and_its_neighbour_goes_on(site: Site) -> None:
    site.client.router.capacity = 5
    blocked = threading.Event()
    talk = site.talks.talk

    def slow(call: Call, attempt_id: str, admitted: Attempt) -> None:
        if attempt_id == attempt(1):
            blocked.wait(5)
        talk(call, attempt_id, admitted)

    site.talks.talk = slow  # type: ignore[method-assign]
    site.up()
    site.answer(1, 2)
    site.until(lambda: 2 == site.app.talking)
    site.server.press(attempt(1), "222222222")
    site.until(lambda: 1 == site.client.router.counts.overflowed)
    blocked.set()
    site.until(lambda: ["hangup"] == site.talks.ended and attempt(1) not in site.server.channels)
    site.server.press(attempt(2), "1")
    site.until(lambda: 0 == site.app.talking)
    assert ["hangup", "by itself"] == site.talks.ended


def test_calls_that_ended_while_the_socket_was_down_get_their_hang_up(site: Site) -> None:
    site.up()
    site.answer(1, 2)
    site.until(lambda: 2 == site.app.talking)
    site.server.refuse_sockets = True
    site.server.cut()
    site.until(lambda: not site.app.connected)
    site.server.hang_up(attempt(1))
    site.server.refuse_sockets = False
    site.until(lambda: 1 == site.app.talking)
    assert site.app.connected
    site.server.press(attempt(2), "1")
    site.until(lambda: 0 == site.app.talking)
    assert ["hangup", "by itself"] == site.talks.ended


def test_callees_who_wait_in_silence_when_we_connect_are_hung_up(site: Site) -> None:
    site.server.enter(attempt(1))
    site.server.enter("1700000000.1")  # not ours to touch
    site.up()
    site.until(lambda: ["1700000000.1"] == list(site.server.channels))


def test_a_call_whose_start_was_only_late_is_not_taken_for_a_silent_one(site: Site) -> None:
    site.app._orphan_seconds = 0.5
    site.server.enter(attempt(1), tell=False)
    site.up()
    site.until(lambda: "GET /ari/channels" in site.server.requests)
    site.answer(1)
    site.until(lambda: 2 == site.server.requests.count("GET /ari/channels"))
    time.sleep(0.1)
    assert [attempt(1)] == list(site.server.channels)


def test_reconciliation_is_tried_again_when_the_pbx_is_not_ready(site: Site) -> None:
    site.server.enter(attempt(1))
    site.server.faults.append(Fault("GET /ari/channels", status=503))
    site.up()
    site.until(lambda: {} == site.server.channels)


def test_another_handler_taking_over_ends_our_calls_and_we_do_not_fight(site: Site) -> None:
    site.up()
    site.answer(1)
    site.until(lambda: 1 == site.app.talking)
    site.server.emit("ApplicationReplaced")
    site.until(lambda: 0 == site.app.talking)
    assert site.app.replaced
    time.sleep(0.4)
    assert not site.app.connected
    assert 1 == sum("/ari/events" in one for one in site.server.requests)


def test_a_stop_ends_the_calls_that_are_up(site: Site) -> None:
    site.up()
    site.answer(1, 2)
    site.until(lambda: 2 == site.app.talking)
    site.app.stop()
    assert ["hangup", "hangup"] == site.talks.ended
    assert {} == site.server.channels
    assert not site.app.connected
    site.until(lambda: 0 == site.server.sockets)


def test_a_stop_takes_no_new_calls_while_the_last_conversation_ends(site: Site) -> None:
    site.talks.may_leave.clear()
    site.up()
    site.answer(1)
    site.until(lambda: 1 == site.app.talking)
    stopping = threading.Thread(target=site.app.stop)
    stopping.start()
    site.until(lambda: not site.app._accepting)
    site.answer(2)
    site.until(lambda: attempt(2) not in site.server.channels)
    site.talks.may_leave.set()
    stopping.join(5)
    assert [attempt(1)] == site.talks.begun
    assert ["hangup"] == site.talks.ended
    assert not site.app.connected


def test_hundreds_of_failing_and_short_calls_leave_nothing_behind(site: Site) -> None:
    site.talks.patience = 0
    site.up()
    for round_ in range(2):
        requests = [
            OriginateRequest(
                "Local/answer@x" if n % 10 == 0 else "Local/busy@x",
                "collector",
                attempt(1000 * round_ + n),
                appArgs=attempt(1000 * round_ + n),
            )
            for n in range(200)
        ]
        site.client.channels.originate_many(requests)
    site.until(lambda: 0 == site.app.talking and {} == site.server.channels)
    assert set() == site.client.router.ids()
    assert set() == site.client.loop._pending
    site.until(lambda: 1 == len(site.client.loop._tasks))  # hang-ups in flight go, the socket's stays
    assert 0 == site.client.router.counts.overflowed
