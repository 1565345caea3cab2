"""The lab itself: what every other acceptance test stands on."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab import probe
from tests.lab.lab import Lab
from tests.lab.numbers import KEYS, Ending, national, number
from tests.lab.pbx_config import Cdr
from tests.lab.probe import Record
from tests.lab.sipp import SippCallee, answers, refuses
from worker import configfile
from worker.pbx import variables

# How a call that nobody answers ends, as Asterisk tells it (facts: disposition alone cannot tell them apart).
UNANSWERED = {
    Ending.BUSY: Record("BUSY", "", 17, "SIP 486 Busy Here"),
    Ending.INVALID: Record("NO ANSWER", "", 1, "SIP 404 Not Found"),
    Ending.REJECTED: Record("NO ANSWER", "", 21, "SIP 403 Forbidden"),
    Ending.CONGESTION: Record("FAILED", "", 34, "SIP 503 Service Unavailable"),
    Ending.UNREACHABLE: Record("NO ANSWER", "", 19, "SIP 480 Temporarily Unavailable"),
    Ending.ANNOUNCEMENT_THEN_404: Record("NO ANSWER", "", 1, "SIP 404 Not Found"),
    Ending.NO_ANSWER: Record("FAILED", "", 0, "SIP 180 Ringing"),  # our own patience ended, not theirs
}
VERDICTS = {
    Ending.HUMAN_LISTENS: "HUMAN",
    Ending.HUMAN_HANGS_UP_AT_ONCE: "",  # gone before AMD() could tell
    Ending.MACHINE_WITH_BEEP: "MACHINE",
    Ending.SILENT_ANSWER: "MACHINE",  # INITIALSILENCE: AMD()'s own word for nobody speaking
}
ASKED = [ending for ending, keys in KEYS.items() if keys]
HOLDER = """
import signal
from tests.lab.lab import Lab
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job would inherit "ignore"
with Lab() as lab:
    print(lab.folder, flush=True)
    signal.pause()
"""
RECORDED = number(Ending.HUMAN_LISTENS, 9042)


@pytest.fixture(scope="module")
def called(lab: Lab) -> dict[str, Record]:
    """Every ending called once, all at the same time; records by the ending's name."""
    for ending in [*UNANSWERED, *VERDICTS]:
        probe.place(lab, ending.value, f"{national(number(ending, 42))}@carrier", ring_seconds=8)
    for ending in ASKED:
        probe.place(lab, ending.value, f"{national(number(ending, 43))}@carrier", context="lab-talk")
    probe.place(lab, "recorded", f"{national(RECORDED)}@carrier", context="lab-talk")
    tags = {ending.value for ending in [*UNANSWERED, *VERDICTS, *ASKED]} | {"recorded"}
    found = probe.records(lab, tags)
    lab.wait_quiet()
    return found


@pytest.mark.parametrize("ending", UNANSWERED, ids=str)
def test_an_unanswered_ending_has_its_cause_and_sip_final(called: dict[str, Record], ending: Ending) -> None:
    assert UNANSWERED[ending] == called[ending.value]


@pytest.mark.parametrize("ending", VERDICTS, ids=str)
def test_amd_hears_who_answered(called: dict[str, Record], ending: Ending) -> None:
    assert Record("ANSWERED", VERDICTS[ending], 16, "SIP 200 OK") == called[ending.value]


@pytest.mark.parametrize("ending", ASKED, ids=str)
def test_a_person_presses_a_key_after_each_question(called: dict[str, Record], ending: Ending) -> None:
    assert "".join(KEYS[ending][:2]) == called[ending.value].found


@pytest.mark.usefixtures("called")
def test_the_carrier_keeps_what_a_callee_heard(lab: Lab) -> None:
    (heard,) = lab.heard(RECORDED)
    seconds = (heard.stat().st_size - 44) / 16000
    assert 10 < seconds < 40, seconds


def test_the_configuration_file_says_what_the_settings_say(lab: Lab) -> None:
    lab.configure()  # the lab is shared: another module may have left its own
    assert lab.settings == configfile.load(lab.config_file, {})
    assert 0o600 == lab.config_file.stat().st_mode & 0o777
    assert ["fibra", "radio"] == [instance.id for instance in lab.settings.instances]


def test_our_dialplan_is_installed_as_the_installer_does_it(lab: Lab) -> None:
    lab.install_dialplan()
    shown = lab.pbx.rx(f"dialplan show {variables.CONTEXT_HANGUP}")
    assert f"Context '{variables.CONTEXT_HANGUP}' created by 'pbx_config'" in shown
    assert "#include extensions_collector.conf\n" == (lab.pbx.etc / "extensions_custom.conf").read_text()


@pytest.fixture
def own_lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """A lab for one test, with the CDR backend it asks for."""
    cdr: Cdr = request.param
    with Lab(cdr=cdr) as running:
        yield running


@pytest.mark.parametrize("own_lab", ["mysql", "odbc"], indirect=True)
def test_a_call_record_lands_by_either_backend_while_another_lab_runs(lab: Lab, own_lab: Lab) -> None:
    backend = {"mysql": "mysql", "odbc": "Adaptive ODBC"}[own_lab.cdr]
    listed = own_lab.pbx.rx("cdr show status").split("Registered Backends")[1].split("\n")
    assert [backend] == [line.strip() for line in listed if line.strip(" -*")]
    assert lab.ports != own_lab.ports
    with SippCallee(own_lab.ports.sipp_sip, refuses(603, "Nao quero")):
        probe.place(own_lab, "refused", "123@sipp")
        assert {"refused": Record("NO ANSWER", "", 21, "SIP 603 Nao quero")} == probe.records(own_lab, {"refused"})
    with SippCallee(own_lab.ports.sipp_sip, answers(hang_up_after_ms=300)) as callee:
        probe.place(own_lab, "short", "123@sipp")
        assert "ANSWERED" == probe.records(own_lab, {"short"})["short"].disposition
        time.sleep(1.1)  # SIPp writes its figures once a second
        assert {"calls": 1, "ok": 1, "failed": 0, "live": 0} == callee.figures()


def test_a_pbx_killed_and_started_again_takes_calls() -> None:
    with Lab() as lab:
        first = lab.pbx.pid
        lab.pbx.kill9()
        assert not lab.pbx.running
        lab.pbx.start()
        assert first != lab.pbx.pid
        probe.place(lab, "after", f"{national(number(Ending.BUSY, 1))}@carrier")
        assert UNANSWERED[Ending.BUSY] == probe.records(lab, {"after"})["after"]


def test_nothing_is_left_when_a_lab_ends_with_calls_up() -> None:
    with Lab(cdr="none") as lab:
        probe.place(lab, "open", f"{national(number(Ending.SILENT_ANSWER, 1))}@carrier")
        _wait_for_channels(lab)
    assert [] == lab.leftovers()
    assert not lab.folder.exists()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL], ids=str)
def test_nothing_is_left_alive_when_the_program_that_runs_a_lab_is_ended(end: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as child:
        assert child.stdout is not None
        folder = child.stdout.readline().strip()
        assert os.path.isdir(folder)
        child.send_signal(end)
        child.wait(20)
    deadline = time.monotonic() + 5
    while (alive := _naming(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)  # the kernel ends orphans a moment after their parent
    shutil.rmtree(folder, ignore_errors=True)  # a program ended by SIGKILL cannot
    assert [] == alive


def _naming(folder: str) -> list[str]:
    done = subprocess.run(["pgrep", "-af", folder], capture_output=True, text=True, check=False)
    return done.stdout.splitlines()


def _wait_for_channels(lab: Lab) -> None:
    deadline = time.monotonic() + 5
    while not lab.pbx.channels() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert lab.pbx.channels()
