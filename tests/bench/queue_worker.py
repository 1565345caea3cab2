"""The worker of `bench queue` in a process of its own: the product builds the queue, or picks the next calls.

Prints one JSON object: seconds, what was done, peak memory.
"""

import json
import statistics
import sys
import time
from pathlib import Path

from tests.bench.sync_worker import peak_mb, watch
from worker import configfile, convert
from worker import log as logging_setup
from worker.app import App, utc_now
from worker.core.queueing import Charge
from worker.jobs import queue
from worker.jobs.history import Report, recorded

PICKED = 50
PICKS = 100


def build(app: App) -> dict[str, float]:
    """RuntimeError when it does not end well."""
    (instance,) = app.instances()
    plan, now = convert.sync_plan(instance), utc_now()
    charge = Charge(*plan.charged_span(now), plan.today(now), plan.ranking)

    def work() -> Report:
        return queue.build(plan.instance, charge, app.store, utc_now, watch)

    started = time.monotonic()
    report = recorded(app.store.runs, utc_now, "queue", plan.instance, work)
    seconds = time.monotonic() - started
    if report.change is None:
        raise RuntimeError(f"building the queue ended as {report.status}: {report.error}")
    change = report.change
    return {
        "seconds": seconds,
        "added": change.added,
        "updated": change.updated,
        "removed": change.removed,
        "after": change.after,
    }


def pick(app: App) -> dict[str, float]:
    """Milliseconds of the median pick."""
    (instance,) = app.instances()
    spent = []
    for _ in range(PICKS):
        started = time.monotonic()
        found = app.store.queue.waiting(instance.id, utc_now(), PICKED)
        spent.append((time.monotonic() - started) * 1000)
        if len(found) != PICKED or not all(one.phones for one in found):
            raise RuntimeError(f"{len(found)} were picked, not {PICKED} with their telephones")
    return {"ms": statistics.median(spent)}


def main() -> None:
    settings = configfile.load(Path(sys.argv[1]), {})
    logging_setup.configure(settings.log)
    with App(settings) as app:
        app.store.runs.latest(1)  # connect before the clock runs
        answer = (build if sys.argv[2] == "build" else pick)(app)
    sys.stdout.write(json.dumps(answer | {"rss_mb": peak_mb()}) + "\n")


if __name__ == "__main__":
    main()
