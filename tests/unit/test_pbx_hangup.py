"""Ending calls without ARI, and files that Asterisk has not begun to dial; on a real folder and a told console."""

import os
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from tests.unit.world import NOON
from worker import settings
from worker.core.enums import AttemptState, Origination
from worker.core.model import Attempt
from worker.errors import PbxUnavailable
from worker.pbx.hangup import LiveCutter, console_of

MINE, ALSO, FOREIGN = "01JABCDEFGHJKMNPQRSTVWXYZ0", "01JABCDEFGHJKMNPQRSTVWXYZ1", "01JABCDEFGHJKMNPQRSTVWXYZ2"


def attempt(attempt_id: str, origination: Origination = Origination.CALLFILE) -> Attempt:
    return Attempt(
        attempt_id, "fibra", 1, "1", "Ana", "+5511961010001", origination, AttemptState.DIALING,
        Decimal(1), 1, date(2026, 1, 1), NOON,
    )  # fmt: skip


class Told:
    """A console: command -> answer; what it was asked."""

    def __init__(self, answers: Mapping[str, str]) -> None:
        self.answers = {"core show channels concise": "", **answers}
        self.asked: list[str] = []

    def __call__(self, command: str) -> str:
        self.asked.append(command)
        if command not in self.answers and not command.startswith("channel request hangup"):
            raise PbxUnavailable("the console does not answer")
        return self.answers.get(command, "")

    @property
    def hung_up(self) -> list[str]:
        start = "channel request hangup "
        return [one.removeprefix(start) for one in self.asked if one.startswith(start)]


@pytest.fixture
def pbx(tmp_path: Path) -> settings.Pbx:
    for name in ("outgoing", "aside"):
        (tmp_path / name).mkdir()
    return settings.Pbx(spool=tmp_path / "outgoing", spool_aside=tmp_path / "aside", config=tmp_path, owner="")


def spooled(pbx: settings.Pbx, attempt_id: str, content: str = "Channel: PJSIP/1@t\n") -> Path:
    file = pbx.spool / f"{attempt_id}.call"
    file.write_text(content)
    return file


def channel(name: str, account: str = "fibra") -> str:
    return f"{name}!collector-out!1!1!Up!AGI!agi://!1!{account}!!3!9!!1795.1\n"


def shown(attempt_id: str) -> str:
    return f" -- General --\n   Name: x\n  Variables:\nCOLLECTOR_ATTEMPT={attempt_id}\nSIPCALLID=1\n"


def test_a_file_not_dialled_yet_is_taken_and_one_being_dialled_is_left(pbx: settings.Pbx) -> None:
    fresh = spooled(pbx, MINE)
    begun = spooled(pbx, ALSO, "Channel: PJSIP/1@t\n\nStartRetry: 7 0 (1795237667)\n")
    other = spooled(pbx, FOREIGN)
    assert {MINE} == LiveCutter(None, pbx, Told({})).cut([attempt(MINE), attempt(ALSO)])
    assert (False, True, True) == (fresh.exists(), begun.exists(), other.exists())
    assert [f"{MINE}.swept"] == os.listdir(pbx.spool_aside)


def test_a_channel_is_hung_up_by_the_attempt_it_carries_not_by_its_account(pbx: settings.Pbx) -> None:
    console = Told(
        {
            "core show channels concise": channel("PJSIP/t-01")
            + channel("PJSIP/t-02")
            + channel("PJSIP/t-03", "radio"),
            "core show channel PJSIP/t-01": shown(MINE),
            "core show channel PJSIP/t-02": shown(FOREIGN),
        }
    )
    assert {MINE} == LiveCutter(None, pbx, console).cut([attempt(MINE), attempt(ALSO)])
    assert ["PJSIP/t-01"] == console.hung_up


def test_a_name_that_is_no_channels_never_reaches_the_console(pbx: settings.Pbx) -> None:
    console = Told({"core show channels concise": channel("PJSIP/t; core stop now")})
    assert set() == LiveCutter(None, pbx, console).cut([attempt(MINE)])
    assert ["core show channels concise"] == console.asked


def test_a_console_that_does_not_answer_leaves_the_files_to_be_taken(pbx: settings.Pbx) -> None:
    spooled(pbx, MINE)

    def silent(command: str) -> str:
        raise PbxUnavailable(command)

    assert {MINE} == LiveCutter(None, pbx, silent).cut([attempt(MINE)])


def test_a_file_of_a_call_over_ari_is_nobodys_and_a_file_gone_is_no_trouble(pbx: settings.Pbx) -> None:
    spooled(pbx, MINE)
    cutter = LiveCutter(None, pbx, Told({}))
    assert set() == cutter.cut([attempt(MINE, Origination.ARI), attempt(ALSO)])


def test_a_file_that_cannot_be_taken_is_not_counted(pbx: settings.Pbx) -> None:
    spooled(pbx, MINE)
    pbx.spool_aside.rmdir()
    pbx.spool_aside.write_text("a file where a folder should be")
    assert set() == LiveCutter(None, pbx, Told({})).cut([attempt(MINE)])


def test_a_console_that_is_not_there_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PbxUnavailable, match="could not be asked"):
        console_of(tmp_path)("core show channels concise")
    program = tmp_path / "asterisk"
    program.write_text("#!/bin/sh\necho no remote >&2\nexit 1\n")
    program.chmod(0o755)
    with pytest.raises(PbxUnavailable, match="refuses us: no remote"):
        console_of(tmp_path)("core show channels concise")
