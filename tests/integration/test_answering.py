"""Who picks up, on a real Asterisk and a real carrier: heard beside the greeting, and before the answer."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

import pytest

from agi.call import Call, Detection, Hangup, Sign, Unmanned
from agi.listening import Early, HearingPlan, Listened
from agi.playing import file_seconds
from agi.stasis import StasisApp
from tests.integration.ari_orders import answered, attempt, order
from tests.lab import clips
from tests.lab.lab import Lab
from tests.lab.numbers import Ending, national, number
from tests.lab.site import wait_until
from tests.unit.small_model import MODEL
from worker.core import answering
from worker.core.model import Attempt
from worker.core.userfield import parse
from worker.pbx.ari import AriClient
from worker.pbx.ari_dialler import AriDialler
from worker.pbx.ari_events import UserEvent
from worker.ports import Placed

GREETING, LONG = "collector/greeting", "collector/long"
TIMING = HearingPlan(judge=partial(answering.judge, MODEL))
SOUND = replace(TIMING, judge_audio=partial(answering.judge, MODEL))


def with_sounds(lab: Lab) -> Lab:
    """GREETING and LONG."""
    folder = lab.pbx.data / "sounds" / "collector"
    folder.mkdir(exist_ok=True)
    shutil.copy(clips.make() / "alo.wav", folder / "greeting.wav")
    shutil.copy(clips.make() / "voicemail.wav", folder / "long.wav")
    return lab


@pytest.fixture(scope="module")
def lab(lab: Lab) -> Lab:
    return with_sounds(lab)


class Site:
    """One Stasis application whose conversation the test gives; what it saw, and when, since the answer."""

    def __init__(self, lab: Lab, plan: HearingPlan, *, sound_lines: int = 0) -> None:
        assert lab.settings.pbx.ari is not None
        self.lab, self.client = lab, AriClient(lab.settings.pbx.ari)
        self.client.start()
        self.script: Callable[[Call], object] = lambda _: None
        self.seen: list[object] = []
        self.over = threading.Event()
        self.ends: list[UserEvent] = []
        self.listened: list[Listened] = []
        self.app = StasisApp(
            self.client,
            self,
            8,
            seconds_of=file_seconds(lab.settings.pbx.sounds),
            hung_up=self.ends.append,
            hearing={"fibra": plan},
            listened=self.listened.append,
            sound_lines=sound_lines,
        )
        self.app.start()
        assert self.app.wait_connected(5)
        time.sleep(0.2)  # the filter is set right after connecting
        self.dialler = AriDialler(self.client, "collector")

    def admit(self, attempt_ids: Sequence[str]) -> dict[str, Attempt]:
        return {one: answered(one) for one in attempt_ids}

    def talk(self, call: Call, attempt_id: str, admitted: Attempt) -> None:
        assert attempt_id == admitted.attempt_id
        try:
            self.script(call)
        except Unmanned as found:
            self.seen.append(found.sign)
        except Hangup:
            self.seen.append("hangup")
        finally:
            self.over.set()

    def call(self, n: int, ending: Ending, seconds: float = 25.0) -> list[object]:
        """Place one call; what its conversation saw. Returns when both have ended."""
        self.ring(n, ending)
        assert self.over.wait(seconds)
        self.until(lambda: bool(self.ends and self.listened))
        return self.seen

    def ring(self, n: int, ending: Ending) -> None:
        callee = number(ending, n)
        one = order(n, f"PJSIP/{national(callee)}@carrier", callee, listen=True)
        assert [Placed.ACCEPTED] == [placed.placed for placed in self.dialler.place([one])]

    def until(self, what: Callable[[], bool], seconds: float = 20.0) -> None:
        wait_until("what was waited for", what, seconds, 0.05)

    def close(self) -> None:
        self.app.stop()
        self.client.close()
        self.lab.wait_quiet()


@pytest.fixture
def open_site(lab: Lab) -> Iterator[Callable[..., Site]]:
    """Given a plan, and how many callees are heard by their sound at once."""
    sites: list[Site] = []

    def make(plan: HearingPlan, sound_lines: int = 0) -> Site:
        sites.append(Site(lab, plan, sound_lines=sound_lines))
        return sites[-1]

    yield make
    for one in sites:
        one.close()


def until_decided(call: Call, seconds: float = 8.0) -> Detection:
    deadline = time.monotonic() + seconds
    while not call.detection.status and time.monotonic() < deadline:
        call.wait_key("", 0.1)
    return call.detection


def greeted_and_decided(site: Site) -> Callable[[Call], None]:
    def script(call: Call) -> None:
        call.greet(GREETING)
        site.seen.append(until_decided(call).status)

    return script


def test_the_greeting_begins_at_once_and_the_verdict_comes_while_we_speak(
    open_site: Callable[[HearingPlan], Site],
) -> None:
    site = open_site(TIMING)

    def script(call: Call) -> None:
        site.seen.append(call.greet(LONG).complete)
        site.seen.append(call.detection.status)

    site.script = script
    assert [True, "MACHINE"] == site.call(21, Ending.MACHINE_WITH_BEEP)
    (listened,) = site.listened
    assert (attempt(21), "fibra", "MACHINE") == (
        listened.attempt_id,
        listened.instance,
        listened.detection.status,
    )
    assert len(listened.segments) > 5
    assert 0.3 < listened.segments[0].start < 2.0


def test_a_person_is_known_by_a_short_word_and_silence(open_site: Callable[[HearingPlan], Site]) -> None:
    site = open_site(TIMING)

    site.script = greeted_and_decided(site)
    assert ["HUMAN"] == site.call(22, Ending.HUMAN_LISTENS)


def test_asterisks_own_amd_listens_on_a_snoop_beside_the_greeting(
    open_site: Callable[[HearingPlan], Site], lab: Lab
) -> None:
    site = open_site(HearingPlan(amd=True))

    def script(call: Call) -> None:
        said = call.greet(LONG)
        site.seen.extend([said.complete, call.detection.status, bool(call.detection.cause)])
        site.until(lambda: 1 == len(lab.pbx.channels()))  # the snoop has gone by itself

    site.script = script
    assert [True, "MACHINE", True] == site.call(23, Ending.MACHINE_WITH_BEEP)


def test_an_announcement_before_the_answer_makes_whoever_answers_a_machine(
    open_site: Callable[[HearingPlan], Site],
) -> None:
    site = open_site(TIMING)
    site.script = lambda call: call.greet(LONG)
    assert [Sign.ANNOUNCEMENT] == site.call(24, Ending.ANNOUNCEMENT_THEN_MACHINE)
    assert site.listened[0].detection.cause.startswith("ANNOUNCEMENT-")


def test_a_ringing_tone_before_the_answer_is_no_announcement(open_site: Callable[[HearingPlan], Site]) -> None:
    site = open_site(TIMING)

    site.script = greeted_and_decided(site)
    assert ["HUMAN"] == site.call(25, Ending.RINGBACK_THEN_HUMAN)
    assert min(one.start for one in site.listened[0].segments) < 0  # it was heard all the same


def test_a_call_nobody_answers_says_in_its_end_that_a_voice_spoke_and_costs_no_thread(
    open_site: Callable[[HearingPlan], Site],
) -> None:
    site = open_site(TIMING)
    site.ring(26, Ending.ANNOUNCEMENT_THEN_404)
    site.until(lambda: bool(site.ends))
    line = parse(site.ends[0].text)
    assert (False, 1, "MACHINE") == (line.answered, line.cause, line.amd_status)
    assert line.amd_cause.startswith("ANNOUNCEMENT-")
    assert not [one.name for one in threading.enumerate() if one.name.startswith("talk")]


def test_a_voice_before_the_answer_may_end_the_call_before_anybody_pays(
    open_site: Callable[[HearingPlan], Site],
) -> None:
    site = open_site(HearingPlan(early=Early.HANG_UP))
    began = time.monotonic()
    site.ring(27, Ending.ANNOUNCEMENT_THEN_404)
    site.until(lambda: bool(site.ends))
    assert time.monotonic() - began < 5.5  # the announcement alone lasts longer
    line = parse(site.ends[0].text)
    assert (False, "MACHINE") == (line.answered, line.amd_status)


def test_a_ringing_tone_does_not_end_a_call(open_site: Callable[[HearingPlan], Site]) -> None:
    site = open_site(HearingPlan(early=Early.HANG_UP))
    site.ring(28, Ending.RINGBACK_NO_ANSWER)
    site.until(lambda: bool(site.ends))  # our own ring time is over
    assert "" == parse(site.ends[0].text).amd_status


def test_a_message_begins_after_the_beep(open_site: Callable[[HearingPlan], Site]) -> None:
    site = open_site(HearingPlan())

    def script(call: Call) -> None:
        call.greet(GREETING)
        site.seen.append(call.wait_for_beep(25))

    site.script = script
    assert [True] == site.call(29, Ending.MACHINE_WITH_BEEP)
    *_, before, beep = site.listened[0].segments
    assert 0.5 < beep.seconds < 0.8
    assert beep.start - before.end > 0.5


def test_nobody_who_is_silent_for_ever_is_waited_for_longer_than_asked(
    open_site: Callable[[HearingPlan], Site],
) -> None:
    site = open_site(HearingPlan())
    site.script = lambda call: site.seen.append(call.wait_for_beep(1.0))
    assert [False] == site.call(30, Ending.SILENT_ANSWER)


def test_a_fax_is_known_by_its_tone(open_site: Callable[..., Site]) -> None:
    site = open_site(SOUND, 8)
    site.script = lambda call: (call.greet(LONG), call.wait_key("1", 5))
    assert [Sign.FAX] == site.call(31, Ending.FAX_ANSWERS)
    assert site.listened[0].detection.cause.startswith("FAX-")


def test_faxes_that_answer_together_are_known_and_leave_the_pbx_alive(
    lab: Lab, open_site: Callable[..., Site]
) -> None:
    """TONE_DETECT() with a Goto locked up all of a 16.28 here, once in a few such crowds."""
    site = open_site(SOUND, 8)
    site.script = lambda call: (call.greet(LONG), call.wait_key("1", 5))
    for n in range(8):
        site.ring(40 + n, Ending.FAX_ANSWERS)
    site.until(lambda: 8 == len(site.ends) == len(site.listened))
    assert [Sign.FAX] * 8 == site.seen
    lab.wait_quiet()


def test_where_nobody_listens_nothing_is_heard(open_site: Callable[[HearingPlan], Site]) -> None:
    site = open_site(HearingPlan(early=Early.IGNORE))
    site.script = lambda call: call.greet(GREETING)
    site.ring(32, Ending.ANNOUNCEMENT_THEN_404)
    site.until(lambda: bool(site.ends))
    assert "" == parse(site.ends[0].text).amd_status
