"""The worker of `bench sync` in a process of its own: the product's sync of clients, then of bills.

Prints one JSON object: seconds of each, how many of them went into fetching and reading, rows, peak memory.
"""

import json
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

from worker import configfile, convert
from worker import log as logging_setup
from worker.app import App, utc_now
from worker.core.billing import BillKey, Contract
from worker.core.enums import Fate
from worker.core.model import Bill, Client
from worker.jobs import sync
from worker.jobs.history import Report
from worker.ports import BillSource, Can, ClientType, Page, Progress, RowT


class TimedSource:
    """A source that knows how long it was asked: the rest of a sync is the store's."""

    def __init__(self, source: BillSource) -> None:
        self._source = source
        self.seconds = 0.0

    @property
    def can(self) -> frozenset[Can]:
        return self._source.can

    def clients(self) -> Iterator[Page[Client]]:
        return self._timed(self._source.clients())

    def bills(self, due_from: date, due_until: date) -> Iterator[Page[Bill]]:
        return self._timed(self._source.bills(due_from, due_until))

    def contracts(self) -> Iterator[Page[Contract]]:
        return self._timed(self._source.contracts())

    def client_types(self) -> tuple[ClientType, ...]:
        return self._source.client_types()

    def open_now(self, client_id: str, due_from: date, due_until: date) -> tuple[Bill, ...]:
        return self._source.open_now(client_id, due_from, due_until)

    def fates(self, gone: Sequence[BillKey], due_from: date, due_until: date) -> dict[str, Fate]:
        started = time.monotonic()
        try:
            return self._source.fates(gone, due_from, due_until)
        finally:
            self.seconds += time.monotonic() - started

    def probe(self) -> str:
        return self._source.probe()

    def _timed(self, pages: Iterator[Page[RowT]]) -> Iterator[Page[RowT]]:
        while True:
            started = time.monotonic()
            page = next(pages, None)
            self.seconds += time.monotonic() - started
            if page is None:
                return
            yield page


def peak_mb() -> float:
    """Peak resident memory of this program; `ru_maxrss` would still hold that of whoever started it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


def watch(_: Progress) -> None:
    """Nobody watches."""


def figures(report: Report, seconds: float, fetch_seconds: float) -> dict[str, float]:
    """RuntimeError when the sync did not end well."""
    if report.status != "done" or report.change is None:
        raise RuntimeError(f"the sync of {report.job} ended as {report.status}: {report.error}")
    change = report.change
    return {
        "seconds": seconds,
        "fetch_seconds": fetch_seconds,
        "rows": change.after,
        "added": change.added,
        "updated": change.updated,
        "removed": change.removed,
    }


def main() -> None:
    settings = configfile.load(Path(sys.argv[1]), {})
    logging_setup.configure(settings.log)
    answer: dict[str, object] = {}
    with App(settings) as app:
        (instance,) = app.instances()
        plan, store = convert.sync_plan(instance), app.store
        store.runs.latest(1)  # connect before the clock runs
        for name, job in (("clients", sync.fetch_clients), ("bills", sync.fetch_bills)):
            source = TimedSource(app.source(instance))
            started = time.monotonic()
            report = job(sync.Sync(plan, source, store, utc_now, watch))
            answer[name] = figures(report, time.monotonic() - started, source.seconds)
    answer["rss_mb"] = peak_mb()
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
