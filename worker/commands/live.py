"""Long work, watched: progress on a terminal, plain lines elsewhere, nothing at all when quiet."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from worker.ports import Progress, Watcher

LINE_SECONDS = 2.0  # between two plain lines about the same thing

DialWatcher = Callable[[str, int, int, str], None]  # instance, dialled, in flight, why not more


def say(text: str) -> None:
    """A plain line about progress; standard error, so that standard output stays for results."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextmanager
def progress(*, quiet: bool) -> Iterator[Watcher]:
    """For syncs: on a terminal one row an instance, elsewhere plain lines."""
    if quiet:
        yield lambda _: None
        return
    if not sys.stderr.isatty():
        lines = Lines(say, time.monotonic)
        try:
            yield lines
        finally:
            lines.flush()
        return
    board = Board()
    with Live(get_renderable=board.table, console=Console(stderr=True), refresh_per_second=4):
        yield board


class Lines:
    """A `Watcher` that tells each job of each instance its first step, one every LINE_SECONDS, and its last."""

    def __init__(self, tell: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._tell, self._clock = tell, clock
        self._lock = threading.Lock()  # syncs of several instances run side by side
        self._at: dict[tuple[str, str], float] = {}  # instance, job -> when it was told about
        self._untold: dict[str, Progress] = {}  # by instance: its latest step, if it was left out

    def __call__(self, step: Progress) -> None:
        key, now = (step.instance, step.job), self._clock()
        with self._lock:
            before = self._untold.pop(step.instance, None)
            if before and before.job != step.job:
                self._tell(_sentence(before))
            if key in self._at and now - self._at[key] < LINE_SECONDS:
                self._untold[step.instance] = step
                return
            self._at[key] = now
            self._tell(_sentence(step))

    def flush(self) -> None:
        """Where each instance came to; at the end."""
        with self._lock:
            for step in self._untold.values():
                self._tell(_sentence(step))
            self._untold.clear()


class Board:
    """A `Watcher` that keeps each instance's latest step, to be drawn."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: dict[str, Progress] = {}

    def __call__(self, step: Progress) -> None:
        with self._lock:
            self._steps[step.instance] = step

    def table(self) -> Table:
        with self._lock:
            steps = sorted(self._steps.items())
        table = Table.grid(padding=(0, 2))
        for instance, step in steps:
            of = f"of {step.expected}" if step.expected else ""
            table.add_row(escape(instance), escape(step.job), str(step.done), of, escape(step.note))
        return table


def _sentence(step: Progress) -> str:
    of = f" of {step.expected}" if step.expected else ""
    return f"{step.instance}: {step.job} {step.done}{of} {step.note}".rstrip()


@contextmanager
def dialling(*, quiet: bool) -> Iterator[DialWatcher]:
    """For `collector dial`: one row an instance."""
    if quiet:
        yield lambda *_: None
        return
    rows: dict[str, tuple[int, int, str]] = {}
    lock = threading.Lock()
    if not sys.stderr.isatty():
        yield _plain(lock)
        return
    with Live(_table(rows), console=Console(stderr=True), refresh_per_second=4) as live:

        def update(instance: str, placed: int, in_flight: int, why_not: str) -> None:
            with lock:
                rows[instance] = (placed, in_flight, why_not)
                live.update(_table(rows))

        yield update


def _plain(lock: threading.Lock) -> DialWatcher:
    said: dict[str, tuple[float, str]] = {}

    def update(instance: str, placed: int, in_flight: int, why_not: str) -> None:
        text = f"{instance}: {placed} dialled, {in_flight} in flight" + (f"; {why_not}" if why_not else "")
        with lock:
            at, last = said.get(instance, (0.0, ""))
            if text != last and time.monotonic() - at >= LINE_SECONDS:
                said[instance] = (time.monotonic(), text)
                say(text)

    return update


def _table(rows: dict[str, tuple[int, int, str]]) -> Table:
    table = Table("instance", "dialled", "in flight", "state")
    for instance, (placed, in_flight, why_not) in sorted(rows.items()):
        table.add_row(instance, str(placed), str(in_flight), why_not or "dialling")
    return table
