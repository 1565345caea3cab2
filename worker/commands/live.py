"""Long work, watched: progress on a terminal, plain lines elsewhere, nothing at all when quiet."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
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
    """For syncs."""
    if quiet:
        yield lambda _: None
        return
    if not sys.stderr.isatty():
        yield lambda step: say(_sentence(step))
        return
    console = Console(stderr=True)
    with console.status("sync") as status:
        yield lambda step: status.update(_sentence(step))


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
