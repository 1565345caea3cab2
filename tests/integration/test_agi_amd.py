"""AMD() over AGI on a real Asterisk: under the greeting where that version can, else after it.

On another version than this machine's: tests/lab/other-asterisk.sh sid tests/integration/test_agi_amd.py.
"""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from agi.agi_call import AgiCall
from agi.call import Detection, Said
from agi.fastagi import FastAgiServer
from agi.playing import file_seconds
from agi.safe_agi import SafeAgi
from tests.integration.test_answering import GREETING, LONG, with_sounds
from tests.lab.lab import Lab
from tests.lab.numbers import Ending, national, number
from worker.pbx import versions
from worker.talk_settings import Amd

PATH = "greet"


@pytest.fixture(scope="module")
def lab(lab: Lab) -> Lab:
    return with_sounds(lab)


@dataclass(slots=True)
class Greeted:
    """One callee, greeted once."""

    lab: Lab
    sound: str = GREETING
    said: Said | None = None
    detection: Detection = field(default_factory=Detection)
    seconds: float = 0.0
    over: threading.Event = field(default_factory=threading.Event)

    def serve(self, agi: SafeAgi) -> None:
        seconds_of = file_seconds(self.lab.settings.pbx.sounds)
        call = AgiCall(agi, Amd(), seconds_of=seconds_of)
        began = time.monotonic()
        try:
            self.said = call.greet(self.sound)
            self.seconds, self.detection = time.monotonic() - began, call.detection
            call.hang_up()
        finally:
            self.over.set()

    def ring(self, n: int, ending: Ending, port: int) -> None:
        callee = national(number(ending, n))
        agi = f"agi://127.0.0.1:{port}/{PATH}"
        self.lab.pbx.rx(f"channel originate PJSIP/{callee}@carrier application AGI {agi}")
        assert self.over.wait(40)
        self.lab.wait_quiet()


@pytest.fixture
def greeted(lab: Lab) -> Iterator[tuple[Greeted, int]]:
    one = Greeted(lab)
    server = FastAgiServer("127.0.0.1", 0, {PATH: one.serve})
    server.start()
    yield one, server.port
    server.stop()


def plays_meanwhile(lab: Lab) -> bool:
    """Whether AMD() plays the greeting itself on this Asterisk."""
    return versions.can(versions.AMD_PLAYS, lab.pbx.rx("core show version").removeprefix("Asterisk "))


def test_a_machine_is_no_person_heard_under_the_greeting_where_that_can_be_and_the_greeting_is_whole(
    greeted: tuple[Greeted, int],
) -> None:
    one, port = greeted
    under = plays_meanwhile(one.lab)
    one.sound = LONG if under else GREETING  # after a long one the machine would have finished its own
    one.ring(31, Ending.MACHINE_WITH_BEEP, port)
    length = file_seconds(one.lab.settings.pbx.sounds)(one.sound)
    assert one.said is not None
    assert length is not None
    assert one.said.complete
    # on 22.10, under a long greeting, this machine is not told in the five seconds that AMD() takes at most
    assert one.detection.status in (("MACHINE", "NOTSURE") if under else ("MACHINE",))
    assert length == pytest.approx(one.said.seconds, abs=0.5)
    if under:
        assert length - 0.5 < one.seconds < length + 1.0
    else:
        assert one.seconds > length + 0.5


def test_a_person_who_says_a_word_and_waits_is_one(greeted: tuple[Greeted, int]) -> None:
    one, port = greeted
    one.ring(32, Ending.HUMAN_LISTENS, port)
    assert one.said is not None
    assert ("HUMAN", True) == (one.detection.status, one.said.complete)
