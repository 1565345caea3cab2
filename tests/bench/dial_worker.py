"""The worker of `bench dial` and `bench talk`, a process of its own: the product's dialling loop.

Begins at a line on stdin. Prints one JSON object when nobody waits and nothing is in flight: wall and CPU seconds
and peak memory.
"""

import json
import os
import resource
import sys
import threading
import time
from pathlib import Path

from worker import configfile
from worker import log as logging_setup
from worker.app import App, settle, utc_now
from worker.jobs import dial, dial_loop
from worker.jobs.pace import Pace


def main() -> None:
    settings = configfile.load(Path(sys.argv[1]), os.environ)
    logging_setup.configure(settings.log)
    with App(settings) as app:
        (instance,) = app.instances(sys.argv[2])
        plan, dialler, store = app.dial_plan(instance), app.dialler(instance), app.store
        store.attempts.count_open(instance.id)  # connect before the clock runs
        settle()  # as the service does
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.readline()
        before, started = os.times(), time.monotonic()
        stop = threading.Event()

        def on_step(done: dial.Step) -> None:
            if done.why_not or (done.empty and store.attempts.count_open(instance.id) == 0):
                stop.set()

        pace = Pace(instance.dialling.calls_per_second, time.monotonic)
        dial_loop.run(plan, store, dialler, utc_now, pace, stop, idle_seconds=0.02, on_step=on_step)
        after = os.times()
        answer = {
            "seconds": time.monotonic() - started,
            "cpu_seconds": after.user + after.system - before.user - before.system,
            "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    sys.stdout.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
