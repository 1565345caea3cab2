"""The callee's sound on a real Asterisk: what he plays comes here byte by byte, and nothing is left of it."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from agi import sound_line
from agi.ari_call import AriCall
from agi.call import Call
from agi.listening import HearingPlan
from tests.integration.ari_orders import attempt, order
from tests.integration.test_answering import Site
from tests.lab.lab import Lab
from worker.core.answering import HUMAN, Judgement
from worker.core.hearing import FRAME
from worker.core.sound import PACKET, Packet, frame
from worker.ports import Placed
from worker.settings import ROOT
from worker.speech.audio import RATE

KNOWN, SILENT, BRIEF = "77001", "77002", "77003"
CARRIER = f"""
[from-pbx]
exten => {KNOWN},1,Answer()
 same => n,Playback(known)
 same => n,Wait(60)
exten => {SILENT},1,Answer()
 same => n,Playtones(0/1000)
 same => n,Wait(60)
exten => {BRIEF},1,Answer()
 same => n,Playback(known-brief)
 same => n,Hangup()
"""
SECONDS = 4.0  # until the verdict
OWN = "collector/own"
LISTENER = """
import sys, time
from pathlib import Path
from agi.sound_line import SoundLines
from worker import configfile
from worker.pbx.ari import AriClient
with AriClient(configfile.load(Path(sys.argv[1]), {}).pbx.ari) as client:
    line = SoundLines(client, 1).open(sys.argv[2], time.time())
    while not line.take():
        time.sleep(0.02)
    print("heard", flush=True)
    time.sleep(60)
"""


@pytest.fixture(scope="module")
def said(lab: Lab) -> bytes:
    """What the callee KNOWN plays: noise of which every packet is unlike any other."""
    noise = random.Random(1)
    said = bytes(noise.randrange(256) for _ in range(20 * RATE))
    sounds = lab.carrier.data / "sounds"
    (sounds / "known.alaw").write_bytes(said)
    (sounds / "known-brief.alaw").write_bytes(said[:RATE])
    plan = lab.carrier.etc / "extensions.conf"
    plan.write_text(plan.read_text(encoding="utf-8") + CARRIER, encoding="utf-8")
    lab.carrier.rx("dialplan reload")
    (lab.pbx.data / "sounds" / "collector").mkdir(exist_ok=True)
    (lab.pbx.data / "sounds" / f"{OWN}.alaw").write_bytes(bytes(noise.randrange(256) for _ in range(9 * RATE)))
    return said


def patient(_segments: object, now: float, _audio: object = None) -> Judgement:
    status = HUMAN if now > SECONDS else ""
    return Judgement(status, "", None if status else now + 0.1, 0.0)


class Heard(Site):
    """A site whose callee is KNOWN, SILENT or BRIEF."""

    def __init__(self, lab: Lab, at_once: int) -> None:
        super().__init__(lab, HearingPlan(judge=patient, judge_audio=patient), sound_lines=at_once)
        self.taken: list[tuple[sound_line.SoundLine, Packet]] = []
        self.calls: list[AriCall] = []
        self.script = self.listen

    def listen(self, call: Call) -> None:
        assert isinstance(call, AriCall)
        self.calls.append(call)
        call.greet(OWN)

    def dial(self, n: int, callee: str) -> None:
        one = order(n, f"PJSIP/{callee}@carrier", "+5511961010001", listen=True)
        assert [Placed.ACCEPTED] == [placed.placed for placed in self.dialler.place([one])]

    @property
    def packets(self) -> list[Packet]:
        return [packet for _, packet in self.taken]


@pytest.fixture
def open_site(lab: Lab, said: bytes, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Heard]]:
    """Given how many lines at once; 0: nobody is heard by his sound."""
    assert said
    sites: list[Heard] = []
    take = sound_line.SoundLine.take

    def taken(line: sound_line.SoundLine) -> Sequence[Packet]:
        packets = take(line)
        sites[-1].taken += [(line, packet) for packet in packets]
        return packets

    monkeypatch.setattr(sound_line.SoundLine, "take", taken)

    def make(at_once: int) -> Heard:
        sites.append(Heard(lab, at_once))
        return sites[-1]

    yield make
    lab.pbx.rx("channel request hangup all")
    for one in sites:
        one.close()
        assert 0 == one.app._lines.count


@pytest.fixture
def site(open_site: Callable[[int], Heard]) -> Heard:
    return open_site(40)


def ears(lab: Lab) -> list[str]:
    return [one for one in lab.pbx.channels() if one.startswith("UnicastRTP/")]


def sockets() -> int:
    """UDP sockets of this process."""
    udp = {line.split()[9] for line in Path("/proc/net/udp").read_text(encoding="ascii").splitlines()[1:]}
    links = [os.readlink(one) for one in Path("/proc/self/fd").iterdir() if one.is_symlink()]
    return sum(link == f"socket:[{inode}]" for link in links for inode in udp)


def test_a_callee_is_heard_byte_by_byte_while_we_speak_to_him(lab: Lab, site: Heard, said: bytes) -> None:
    site.dial(1, KNOWN)
    site.until(lambda: bool(site.calls and site.calls[0].detection.status))
    site.until(lambda: [] == ears(lab), 2)  # who is known is heard no more
    assert 1 == len(lab.pbx.channels())
    assert 0 == sockets()
    places = [said.find(packet.payload) for packet in site.packets]
    assert -1 not in places
    assert places == sorted(places)
    assert len(places) >= 0.8 * (SECONDS - 0.5) / FRAME
    offsets = Counter(round(one.at - place / RATE, 2) for one, place in zip(site.packets, places, strict=True))
    assert max(offsets) - min(offsets) <= 3 * FRAME + 0.001  # when it was heard agrees with where it stands
    assert {PACKET} == {len(one.payload) for one in site.packets}
    assert all(after.at - before.at > 0.019 for before, after in pairwise(site.packets))
    assert 0.0 < site.packets[0].at < 0.6
    lab.pbx.rx("channel request hangup all")


def test_who_is_silent_is_heard_to_be_silent(lab: Lab, site: Heard) -> None:
    site.dial(2, SILENT)
    site.until(lambda: bool(site.calls))
    site.until(lambda: 0 == site.app._lines.count, 9)  # after the verdict, or LONGEST
    lab.pbx.rx("channel request hangup all")
    site.until(lambda: bool(site.listened))
    assert {0.0} == {frame(one.payload).level // 16 for one in site.packets}


def test_in_a_flood_of_answers_no_lines_are_opened(open_site: Callable[[int], Heard]) -> None:
    now = [0.0]
    site = open_site(0)
    lines = sound_line.SoundLines(site.client, 40, per_second=2, now=lambda: now[0])
    had = [lines.open(attempt(50 + n), time.time()) for n in range(3)]
    now[0] = 0.9
    had.append(lines.open(attempt(53), time.time()))
    now[0] = 2.1
    had.append(lines.open(attempt(54), time.time()))
    assert [True, True, False, False, True] == [line is not None for line in had]
    for line in filter(None, had):
        line.stop()
    site.until(lambda: 0 == lines.count, 3)


def test_a_callee_who_hangs_up_leaves_nothing(lab: Lab, site: Heard) -> None:
    site.dial(3, BRIEF)
    site.until(lambda: bool(site.listened))
    site.until(lambda: 0 == site.app._lines.count, 1)
    assert ([], 0) == (ears(lab), sockets())
    assert 20 < len(site.packets) <= 50


def test_a_line_is_ended_when_we_hang_up(lab: Lab, site: Heard) -> None:
    def briefly(call: Call) -> None:
        call.wait_key("1", 1.0)

    site.script = briefly
    site.dial(4, KNOWN)
    site.until(lambda: bool(site.listened))
    site.until(lambda: 0 == site.app._lines.count, 1)
    site.until(lambda: [] == lab.pbx.channels(), 1)
    assert 0 == sockets()


def test_no_more_lines_than_allowed_are_open(lab: Lab, open_site: Callable[[int], Heard]) -> None:
    site = open_site(2)
    for n in range(10, 14):
        site.dial(n, KNOWN)
    site.until(lambda: 4 == len(site.calls))
    time.sleep(1.0)
    assert (2, 2) == (site.app._lines.count, len(ears(lab)))
    lab.pbx.rx("channel request hangup all")
    site.until(lambda: 4 == len(site.listened))
    assert 2 == len({id(line) for line, _ in site.taken})


def test_a_handler_that_is_killed_leaves_no_channel_when_the_call_has_ended(
    lab: Lab, open_site: Callable[[int], Heard]
) -> None:
    site = open_site(0)
    site.dial(20, KNOWN)
    site.until(lambda: bool(site.calls))
    listener = subprocess.Popen(
        [sys.executable, "-c", LISTENER, str(lab.config_file), attempt(20)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert listener.stdout is not None
        assert "heard\n" == listener.stdout.readline()
    finally:
        listener.send_signal(signal.SIGKILL)
        listener.communicate()
    time.sleep(0.5)
    assert 1 == len(ears(lab))  # its packets go nowhere
    lab.pbx.rx("channel request hangup all")
    site.until(lambda: [] == lab.pbx.channels(), 2)


@pytest.mark.parametrize(
    ("without", "why"),
    [
        ("module unload chan_rtp.so", "Allocation failed"),
        ("dialplan remove context collector-ear", "app_chanspy.so"),
    ],
)
def test_where_no_line_can_be_had_the_call_goes_on_and_it_is_said_once(
    lab: Lab, site: Heard, monkeypatch: pytest.MonkeyPatch, without: str, why: str
) -> None:
    monkeypatch.setattr(sound_line, "FIRST", 0.5)
    lab.pbx.rx(without)
    try:
        with capture_logs() as logs:
            for n in (30, 31):
                site.dial(n, KNOWN)
                site.until(lambda n=n: n - 29 == len(site.calls))  # type: ignore[misc]
                time.sleep(1.0)
            told = [one["why"] for one in logs if "timing of sound alone" in one["event"]]
        assert [True] == [why in one for one in told]
        assert (2, []) == (len(lab.pbx.channels()), site.packets)
    finally:
        lab.pbx.rx("module load chan_rtp.so" if "chan_rtp" in without else "dialplan reload")
        lab.pbx.rx("channel request hangup all")
    site.until(lambda: 2 == len(site.listened))
    assert all(one.segments for one in site.listened)


def test_lines_are_tried_again_a_minute_after_a_failure(lab: Lab, open_site: Callable[[int], Heard]) -> None:
    now = [0.0]
    site = open_site(0)
    lines = sound_line.SoundLines(site.client, 1, now=lambda: now[0])
    lab.pbx.rx("module unload chan_rtp.so")
    assert lines.open(attempt(40), time.time()) is not None
    site.until(lambda: 0 == lines.count, 2)
    now[0] = 59.0
    assert lines.open(attempt(40), time.time()) is None
    now[0] = 60.0
    lab.pbx.rx("module load chan_rtp.so")
    line = lines.open(attempt(40), time.time())
    assert line is not None
    line.stop()
    line.stop()
    site.until(lambda: 0 == lines.count, 2)
