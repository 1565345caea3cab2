"""Progress of long work: few plain lines where nobody watches, one row an instance where somebody does."""

import io
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from worker.commands import live
from worker.commands.live import LINE_SECONDS, Lines
from worker.ports import Progress, Watcher


class Heard:
    """What was told, and a clock that stands still until moved."""

    def __init__(self) -> None:
        self.now = 100.0
        self.said: list[str] = []
        self.lines = Lines(self.said.append, lambda: self.now)

    def step(self, instance: str, job: str, done: int, expected: int | None = None, note: str = "") -> None:
        self.lines(Progress(job, instance, done, expected, note))


def test_the_first_step_is_told_then_one_every_two_seconds_and_the_last() -> None:
    heard = Heard()
    for page in range(100):  # 5 s of a listing
        heard.step("fibra", "bills", page * 500, 50_000)
        heard.now += 0.05
    heard.lines.flush()
    told = [int(re.findall(r"[0-9]+", line)[0]) // 500 for line in heard.said]
    assert (0, 99) == (told[0], told[-1])
    assert 4 == len(told)
    assert "fibra: bills 0 of 50000" == heard.said[0]


def test_the_last_step_of_a_job_is_told_before_the_next_job_begins() -> None:
    heard = Heard()
    heard.step("fibra", "clients", 500)
    heard.step("fibra", "clients", 930)
    heard.step("fibra", "bills", 10)
    assert ["fibra: clients 500", "fibra: clients 930", "fibra: bills 10"] == heard.said


def test_storing_after_fetching_does_not_make_more_lines() -> None:
    heard = Heard()
    heard.step("fibra", "bills", 500, 900)
    heard.step("fibra", "bills", 900, 900)
    heard.step("fibra", "bills", 900, 900, "storing")
    assert ["fibra: bills 500 of 900"] == heard.said
    heard.lines.flush()
    assert ["fibra: bills 900 of 900 storing"] == heard.said[1:]


def test_instances_side_by_side_do_not_silence_each_other() -> None:
    heard = Heard()
    for done in (1, 2):
        heard.step("fibra", "bills", done)
        heard.step("radio", "bills", done)
    heard.now += LINE_SECONDS
    heard.step("fibra", "bills", 3)
    heard.lines.flush()
    assert ["fibra: bills 1", "radio: bills 1", "fibra: bills 3", "radio: bills 2"] == heard.said


def test_nothing_is_told_twice_at_the_end() -> None:
    heard = Heard()
    heard.step("fibra", "queue", 1)
    heard.lines.flush()
    heard.lines.flush()
    assert ["fibra: queue 1"] == heard.said


def hammer(watch: Watcher, instances: list[str]) -> None:
    """Each instance from a thread of its own, all at once."""
    together = Barrier(len(instances))

    def sync(name: str) -> None:
        together.wait()
        for done in range(300):
            watch(Progress("bills", name, done))

    with ThreadPoolExecutor(len(instances)) as pool:
        assert [None] * len(instances) == list(pool.map(sync, instances))


NAMES = [f"norte{index}" for index in range(8)]


def test_threads_lose_no_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    with live.progress(quiet=False) as watch:
        hammer(watch, NAMES)
    lines = capsys.readouterr().err.splitlines()
    assert {f"{name}: bills 299" for name in NAMES} <= set(lines)
    assert {f"{name}: bills 0" for name in NAMES} <= set(lines)


def test_the_last_line_is_told_also_when_the_work_breaks_off(capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted() -> None:
        with live.progress(quiet=False) as watch:
            watch(Progress("bills", "fibra", 1))
            watch(Progress("bills", "fibra", 2))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert ["fibra: bills 1", "fibra: bills 2"] == capsys.readouterr().err.splitlines()


def test_quiet_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    with live.progress(quiet=True) as watch:
        watch(Progress("bills", "fibra", 1))
    assert ("", "") == capsys.readouterr()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_row_for_each_instance_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    with live.progress(quiet=False) as watch:
        hammer(watch, NAMES)
        watch(Progress("bills", "[red]", 7, 9, "storing"))
    drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue()).replace("\r", "").splitlines()
    rows = [line.split() for line in drawn]
    for name in NAMES:
        assert [name, "bills", "299"] in rows
    assert ["[red]", "bills", "7", "of", "9", "storing"] in rows
