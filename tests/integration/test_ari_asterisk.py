"""ARI against a real Asterisk and a real carrier: events, AMD in the dialplan, keys, hang-ups, load, restarts."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest

from agi.call import Call, Hangup, Said
from agi.playing import file_seconds
from agi.stasis import StasisApp
from tests.integration.ari_orders import answered, attempt, order
from tests.lab import clips
from tests.lab.lab import Lab
from tests.lab.numbers import Ending, national, number
from tests.lab.site import wait_until
from worker.core.model import Attempt
from worker.pbx import variables
from worker.pbx.ari import AriClient
from worker.pbx.ari_dialler import AriDialler
from worker.pbx.live import LivePbx
from worker.ports import DialOrder, Placed

SOUND = "collector/question"


def to(n: int, ending: Ending, trunk: str = "carrier") -> DialOrder:
    callee = number(ending, n)
    return order(n, f"PJSIP/{national(callee)}@{trunk}", callee)


@pytest.fixture(scope="module")
def lab(lab: Lab) -> Lab:
    """With a sound to play."""
    (lab.pbx.data / "sounds" / "collector").mkdir(exist_ok=True)
    shutil.copy(clips.make() / "alo.wav", lab.pbx.data / "sounds" / f"{SOUND}.wav")
    return lab


class Talks:
    """What the test's conversation does with whoever answers, and what came of it."""

    def __init__(self) -> None:
        self.script: Callable[[Call], object] = lambda _: None
        self.endings: dict[str, str] = {}

    def admit(self, attempt_ids: Sequence[str]) -> dict[str, Attempt]:
        return {one: answered(one) for one in attempt_ids}

    def talk(self, call: Call, attempt_id: str, admitted: Attempt) -> None:
        assert attempt_id == admitted.attempt_id
        try:
            self.script(call)
            self.endings[attempt_id] = "done"
        except Hangup as gone:
            self.endings[attempt_id] = f"hangup {gone.seconds > 0}"


class Site:
    def __init__(self, lab: Lab) -> None:
        assert lab.settings.pbx.ari is not None
        self.lab = lab
        self.client = AriClient(lab.settings.pbx.ari)
        self.client.start()
        self.talks = Talks()
        self.app = StasisApp(
            self.client, self.talks, 32, seconds_of=file_seconds(lab.settings.pbx.sounds), orphan_seconds=0.2
        )
        self.app.start()
        assert self.app.wait_connected(5)
        self.dialler = AriDialler(self.client, "collector")
        assert "" == self.dialler.ready()

    def call(self, n: int, ending: Ending) -> str:
        """Place one call; how its conversation ended."""
        assert [Placed.ACCEPTED] == [one.placed for one in self.dialler.place([to(n, ending)])]
        self.until(lambda: attempt(n) in self.talks.endings)
        return self.talks.endings[attempt(n)]

    def until(self, what: Callable[[], bool], seconds: float = 20.0) -> None:
        wait_until("what was waited for", what, seconds, 0.05)

    def close(self) -> None:
        self.app.stop()
        self.client.close()


@pytest.fixture
def site(lab: Lab) -> Iterator[Site]:
    before = set(threading.enumerate())
    one = Site(lab)
    yield one
    one.close()
    lab.wait_quiet()
    assert set() == set(threading.enumerate()) - before


def test_sound_and_key_on_a_real_call(site: Site) -> None:
    heard: list[object] = []

    def script(call: Call) -> None:
        call.greet(SOUND)
        call.wait_key("", 3.5)  # he says alô twice before he listens
        heard.append(call.say(SOUND))
        heard.append(call.wait_key("1", 8))
        call.remember("h=all")
        call.wait_key("", 0.2)  # Asterisk sets it in the channel's own time
        heard.append(site.client.channels.getChannelVar(attempt(1), variable=variables.TALK))

    site.talks.script = script
    assert "done" == site.call(1, Ending.HUMAN_PRESSES_1)
    said, *rest = heard
    assert isinstance(said, Said)
    assert said.complete
    length = file_seconds(site.lab.settings.pbx.sounds)(SOUND)
    assert length == pytest.approx(said.seconds, abs=0.3)
    assert ["1", "h=all"] == rest


def test_several_sounds_are_one_and_a_missing_one_among_them_is_noticed(site: Site) -> None:
    said: list[Said] = []

    def script(call: Call) -> None:
        said.append(call.say([SOUND] * 4))
        said.append(call.say([SOUND, "collector/nosuch", SOUND]))

    site.talks.script = script
    assert "done" == site.call(13, Ending.HUMAN_LISTENS)
    length = file_seconds(site.lab.settings.pbx.sounds)(SOUND) or 0
    whole, gap = said
    assert (None, True) == (whole.key, whole.complete)
    assert 4 * length == pytest.approx(whole.seconds, abs=0.3)
    assert gap.seconds < 3 * length


def test_a_callee_who_goes_in_the_middle_of_a_sound_is_noticed_at_once(site: Site) -> None:
    def script(call: Call) -> None:
        while True:
            call.say(SOUND)

    site.talks.script = script
    began = time.monotonic()
    assert "hangup True" == site.call(2, Ending.HUMAN_HANGS_UP_AT_ONCE)
    assert time.monotonic() - began < 3
    assert set() == site.client.router.ids()


def test_a_callee_who_goes_while_we_wait_is_noticed_at_once(site: Site) -> None:
    site.talks.script = lambda call: call.wait_key("1", 10)
    began = time.monotonic()
    assert "hangup False" == site.call(3, Ending.HUMAN_HANGS_UP_AT_ONCE)
    assert time.monotonic() - began < 3


def test_a_missing_sound_is_said_not_to_have_been_played(site: Site) -> None:
    said: list[Said] = []
    site.talks.script = lambda call: said.append(call.say("collector/nosuch"))
    assert "done" == site.call(4, Ending.HUMAN_LISTENS)
    assert [Said(None, 0.0, complete=False)] == said


def test_a_missing_trunk_refuses_the_order(site: Site) -> None:
    placed = site.dialler.place([to(5, Ending.NO_ANSWER, trunk="nosuch")])[0]
    assert (Placed.REFUSED, "ARI said 500 (Allocation failed); is the trunk there?") == (
        placed.placed,
        placed.detail,
    )


def test_a_repeated_order_rings_once_and_its_conflict_does_not_hide_a_missing_trunk(site: Site) -> None:
    one = to(6, Ending.NO_ANSWER)
    assert [Placed.ACCEPTED] * 2 == [site.dialler.place([one])[0].placed for _ in range(2)]
    assert 1 == len(site.lab.pbx.channels())
    assert {attempt(6)} == LivePbx(site.client, site.lab.settings.pbx.spool).live_attempts()
    after = site.dialler.place([to(7, Ending.NO_ANSWER, trunk="nosuch")])[0].placed
    assert after in (Placed.UNKNOWN, Placed.REFUSED)  # 16.28 says 409 where it said one before
    site.client.channels.hangup(attempt(6))
    site.lab.wait_quiet()
    assert set() == LivePbx(site.client, site.lab.settings.pbx.spool).live_attempts()


def test_events_of_variables_and_dialplan_steps_stay_on_the_pbx(site: Site) -> None:
    site.talks.script = lambda call: call.greet(SOUND)
    time.sleep(0.3)  # the filter is set right after connecting
    before = site.client.router.counts.unknown
    site.call(11, Ending.HUMAN_LISTENS)
    site.lab.wait_quiet()
    assert before == site.client.router.counts.unknown


def test_two_hundred_failing_calls_at_once_leave_nothing_behind(site: Site) -> None:
    orders = [to(1000 + n, Ending.BUSY) for n in range(200)]
    began = time.monotonic()
    placements = site.dialler.place(orders)
    assert {Placed.ACCEPTED} == {one.placed for one in placements}
    assert time.monotonic() - began < 5
    site.lab.wait_quiet()
    assert set() == site.client.router.ids()
    assert 0 == site.app.talking


def test_callees_left_in_silence_by_a_dead_handler_are_hung_up_by_the_next(lab: Lab) -> None:
    assert lab.settings.pbx.ari is not None
    with AriClient(lab.settings.pbx.ari) as dead:

        async def nothing() -> None:
            """A handler that takes calls and never talks."""

        assert dead.listen(lambda _: None, nothing).connected.wait(5)
        AriDialler(dead, "collector").place([to(8, Ending.HUMAN_LISTENS)])
        deadline = time.monotonic() + 5
        while not any("Stasis" == channel.app for channel in dead.channels.list()):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        site = Site(lab)
        site.until(lambda: [] == site.client.channels.list(), 5)
        site.close()
    lab.wait_quiet()


def test_two_handlers_do_not_fight_over_the_application(site: Site) -> None:
    site.talks.script = lambda call: call.wait_key("1", 60)
    site.dialler.place([to(12, Ending.HUMAN_LISTENS)])
    site.until(lambda: 1 == site.app.talking)
    later = Site(site.lab)
    site.until(lambda: site.app.replaced and 0 == site.app.talking)
    assert "hangup False" == site.talks.endings[attempt(12)]
    assert (False, True) == (site.app.connected, later.app.connected)
    later.talks.script = lambda call: call.say(SOUND)
    assert "done" == later.call(13, Ending.HUMAN_LISTENS)
    later.close()


def test_a_crashed_asterisk_ends_the_conversations_and_is_found_again(site: Site) -> None:
    site.talks.script = lambda call: call.wait_key("1", 60)
    site.dialler.place([to(9, Ending.HUMAN_LISTENS)])
    site.until(lambda: 1 == site.app.talking)
    site.lab.pbx.kill9()
    site.lab.carrier.rx("channel request hangup all")  # the callee gives up: nobody will ever say goodbye
    site.until(lambda: not site.app.connected)
    assert LivePbx(site.client, site.lab.settings.pbx.spool).live_attempts() is None
    site.lab.pbx.start()
    site.until(lambda: attempt(9) in site.talks.endings)
    assert "hangup False" == site.talks.endings[attempt(9)]
    assert site.app.connected
    site.talks.script = lambda call: call.say(SOUND)
    assert "done" == site.call(10, Ending.HUMAN_LISTENS)
