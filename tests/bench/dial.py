"""`install.sh bench dial`: Collector's whole path against the bare ARI loop, on one PBX, in alternating rounds.

Both ring the same SIPp callee, which answers and hangs up 200 ms later. Ours: claim, ledger, originate,
conversation begun, hang-up handler, outcome row, by the product's own processes. The voice cache is warm.
"""

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.bench import bare_ari, rounds
from tests.lab.lab import Lab
from tests.lab.lab_settings import instance
from tests.lab.numbers import Ending, number
from tests.lab.people import noon_zone
from tests.lab.sipp import SippCallee, answers
from tests.lab.site import ROOT, Program, Site, cpu_seconds, wait_until
from worker import convert
from worker.app import App, utc_now
from worker.core.enums import PhoneKind
from worker.core.model import Bill, Client, Phone
from worker.jobs import sync

NAME = "bench"
HOLD_MS = 200
WANTED = 0.35  # of the bare loop


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="install.sh bench dial", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    parser.add_argument("--calls", type=int, default=1500, help="calls a round (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--in-flight", type=int, default=100, help="calls at once, both sides (default %(default)s)"
    )
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        lab = stack.enter_context(Lab())
        lab.configure([bench_instance(lab, options.in_flight)])
        lab.install_dialplan()
        stack.enter_context(SippCallee(lab.ports.sipp_sip, answers(HOLD_MS), media_port=lab.ports.sipp_media))
        site = stack.enter_context(Site(lab.config_file, lab.folder))
        site.run("migrate")
        handler = site.start("handler")
        wait_until(
            "the handler", lambda: "nobody now" not in site.run("dial", "--dry-run", check=False).stdout, 20
        )
        first, second = rounds.alternate(
            options.rounds,
            lambda _: bare(lab, options.calls, options.in_flight),
            lambda index: ours(lab, handler, index, options.calls),
        )
        rss = handler.rss_mb()
    return report(first, second, rss, as_json=options.json)


def bench_instance(lab: Lab, channels: int) -> dict[str, Any]:
    one = instance(NAME, lab.folder, zone=noon_zone(datetime.now(UTC)))
    one["trunk"] = {"endpoint": "PJSIP/{number}@sipp"}
    one["dialling"] = {"origination": "ari", "channels": channels, "calls_per_second": 500, "ring_seconds": 10}
    return one


def bare(lab: Lab, calls: int, in_flight: int) -> rounds.Figures:
    """The least there can be."""
    ari = lab.settings.pbx.ari
    if ari is None:
        raise RuntimeError("the lab has ARI")
    before = cpu_seconds(lab.pbx.pid)
    seconds = asyncio.run(bare_ari.dial(ari, "bare", "PJSIP/11961000000@sipp", calls, in_flight))
    return {"calls_per_second": calls / seconds, "pbx_cpu_ms": 1000 * (cpu_seconds(lab.pbx.pid) - before) / calls}


def ours(lab: Lab, handler: Program, index: int, calls: int) -> rounds.Figures:
    """A round of fresh debtors through the product; every one of them must get his outcome."""
    fill(lab, index, calls)
    worker = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.dial_worker", str(lab.config_file)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=(lab.folder / "bench-worker.log").open("ab"),
        text=True,
    )
    if worker.stdout is None or worker.stdin is None or worker.stdout.readline() != "ready\n":
        raise RuntimeError(f"the bench worker did not start; see {lab.folder}/bench-worker.log")
    handler_before, pbx_before = cpu_seconds(handler.pid), cpu_seconds(lab.pbx.pid)
    answer, _ = worker.communicate("go\n", timeout=300)
    done = json.loads(answer.splitlines()[-1])
    ended = outcomes(lab, index, calls)
    if ended != calls:
        raise RuntimeError(f"{calls} calls but {ended} answered outcomes")
    return {
        "calls_per_second": calls / done["seconds"],
        "worker_cpu_ms": 1000 * done["cpu_seconds"] / calls,
        "handler_cpu_ms": 1000 * (cpu_seconds(handler.pid) - handler_before) / calls,
        "pbx_cpu_ms": 1000 * (cpu_seconds(lab.pbx.pid) - pbx_before) / calls,
        "worker_rss_mb": done["rss_mb"],
    }


def fill(lab: Lab, index: int, calls: int) -> None:
    """New clients and bills of this round, through the store's own sync path; all owe the same."""
    today = datetime.now(UTC).date()
    ids = [str(index * 100_000 + position) for position in range(calls)]
    clients = [
        Client(one, "Maria Souza", phones=(Phone(telephone(index, position), PhoneKind.MOBILE),))
        for position, one in enumerate(ids)
    ]
    due, amount = today - timedelta(days=30), Decimal("99.90")
    bills = [Bill(f"b{one}", one, due, amount, amount) for one in ids]
    with App(lab.settings) as app:
        (chosen,) = app.instances(NAME)
        app.store.catalogue.replace_clients(NAME, clients, utc_now())
        app.store.catalogue.replace_bills(NAME, bills, utc_now())
        sync.build_queue(convert.sync_plan(chosen), app.store, utc_now)


def telephone(index: int, position: int) -> str:
    """Another one for every call of every round; the trunk leads to SIPp whatever it is."""
    serial = index * 9000 + position
    return number(list(Ending)[serial // 10_000 % len(Ending)], serial % 10_000)


def outcomes(lab: Lab, index: int, calls: int) -> int:
    """Answered outcomes of this round's clients."""
    sql = (
        "SELECT COUNT(*) FROM asteriskcdrdb.collector_outcome "
        "WHERE line_result = 'answered' AND CAST(client_id AS UNSIGNED) BETWEEN %s AND %s"
    )
    with lab.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql, (index * 100_000, index * 100_000 + calls - 1))
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def report(first: list[rounds.Figures], second: list[rounds.Figures], rss: float, *, as_json: bool) -> int:
    baseline, own = rounds.medians(first), rounds.medians(second)
    ratio = own["calls_per_second"] / baseline["calls_per_second"]
    rss = max(rss, own["worker_rss_mb"])
    ours_only = f"{own['worker_cpu_ms']:>12.2f}{own['handler_cpu_ms']:>12.2f}"
    lines = [
        f"{'':24}{'calls/s':>10}{'PBX ms':>10}{'worker ms':>12}{'handler ms':>12}   (CPU a call)",
        f"{'bare ARI loop':24}{baseline['calls_per_second']:>10.1f}{baseline['pbx_cpu_ms']:>10.2f}",
        f"{'Collector':24}{own['calls_per_second']:>10.1f}{own['pbx_cpu_ms']:>10.2f}" + ours_only,
        f"ratio {ratio:.2f} (wanted: at least {WANTED}); peak memory {rss:.0f} MB",
    ]
    rounds.show(rounds.result("dial", ratio, baseline, own, rss, len(first)), as_json, lines)
    return 0 if ratio >= WANTED else 1


if __name__ == "__main__":
    raise SystemExit(main())
