"""`install.sh bench dial`: Collector's whole path against the bare ARI loop, on one PBX, in alternating rounds.

Both ring SIPp, which answers, and hold each call 200 ms; then the bare loop hangs up itself, and the callee hangs
up on ours. Both have as many calls in flight: so many that the bare loop is bound by the CPU. Ours: claim, ledger,
originate, conversation begun, hang-up handler, outcome row, by the product's own processes. The voice cache is
warm.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.bench import bare_ari, cpu, rounds
from tests.lab.lab import Lab
from tests.lab.lab_settings import instance
from tests.lab.numbers import Ending, number
from tests.lab.people import noon_zone
from tests.lab.sipp import SippCallee, answers
from tests.lab.site import ROOT, Program, Site, wait_until
from worker.app import App, utc_now
from worker.core.enums import PhoneKind
from worker.core.model import Bill, Client, Phone
from worker.jobs import sync

NAME = "bench"
HOLD_MS = 200
WANTED = 0.6  # of the bare loop
IN_FLIGHT = 300  # over the hold time: 1500 calls/s, twice what the bare loop can do, so that the CPU is its limit
REFUSED = "hung up unheard"  # agi/stasis.py's words for a caller it did not talk to


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="install.sh bench dial", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    parser.add_argument("--calls", type=int, default=4500, help="calls a round (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--in-flight", type=int, default=IN_FLIGHT, help="calls at once, both sides (default %(default)s)"
    )
    parser.add_argument("--bare-without-cdr", action="store_true", help="the bare loop's calls leave no CDR rows")
    options = parser.parse_args(arguments)
    with ExitStack() as stack:
        lab = stack.enter_context(Lab(pbx_keys={"talk_threads": 2 * options.in_flight}))
        lab.configure([bench_instance(lab, options.in_flight)])
        lab.install_dialplan()
        site = stack.enter_context(Site(lab.config_file, lab.folder))
        site.run("migrate")
        handler = site.start("handler")
        wait_until(
            "the handler", lambda: "nobody now" not in site.run("dial", "--dry-run", check=False).stdout, 20
        )
        first, second = rounds.alternate(
            options.rounds,
            lambda _: bare(lab, options.calls, options.in_flight, cdr=not options.bare_without_cdr),
            lambda index: ours(lab, handler, index, options.calls),
        )
        rss = handler.rss_mb()
    return report(first, second, rss, as_json=options.json)


def bench_instance(lab: Lab, channels: int) -> dict[str, Any]:
    one = instance(NAME, lab.folder, zone=noon_zone(datetime.now(UTC)))
    one["trunk"] = {"endpoint": "PJSIP/{number}@sipp"}
    one["rules"] = one["rules"] | {"still_unpaid": {"ask": False}}  # the bills are put straight into the store
    one["dialling"] = {"origination": "ari", "channels": channels, "calls_per_second": 500, "ring_seconds": 10}
    return one


def bare(lab: Lab, calls: int, in_flight: int, *, cdr: bool) -> rounds.Figures:
    """The least there can be."""
    ari = lab.settings.pbx.ari
    if ari is None:
        raise RuntimeError("the lab has ARI")
    with callee(lab, answers()):
        meter = cpu.Meter({"client": os.getpid()} | programs(lab))
        seconds = asyncio.run(
            bare_ari.dial(ari, "bare", "PJSIP/11961000000@sipp", calls, in_flight, HOLD_MS / 1000, cdr=cdr)
        )
        return {"calls_per_second": calls / seconds} | meter.spent(calls)


def callee(lab: Lab, scenario: str) -> SippCallee:
    return SippCallee(lab.ports.sipp_sip, scenario, media_port=lab.ports.sipp_media)


def ours(lab: Lab, handler: Program, index: int, calls: int) -> rounds.Figures:
    """A round of fresh debtors through the product; every one of them must get his conversation and outcome."""
    fill(lab, index, calls)
    worker = start_worker(lab, NAME)
    with callee(lab, answers(HOLD_MS)):
        meter = cpu.Meter({"handler": handler.pid} | programs(lab))
        answer, _ = worker.communicate("go\n", timeout=300)
        done = json.loads(answer.splitlines()[-1])
        spent = meter.spent(calls)
    return {
        "calls_per_second": calls / done["seconds"],
        "worker_cpu_ms": 1000 * done["cpu_seconds"] / calls,
        **spent,
        **check(lab, handler, index, calls),
        "worker_rss_mb": done["rss_mb"],
    }


def start_worker(lab: Lab, instance_id: str) -> "subprocess.Popen[str]":
    """The product's dialling loop; it begins when told "go", and says what it took."""
    with (lab.folder / "bench-worker.log").open("ab") as log:
        worker = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.dial_worker", str(lab.config_file), instance_id],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    if worker.stdout is None or worker.stdin is None or worker.stdout.readline() != "ready\n":
        raise RuntimeError(f"the bench worker did not start; see {lab.folder}/bench-worker.log")
    return worker


def programs(lab: Lab) -> dict[str, int]:
    """Who pays for a call beside the two sides' own processes."""
    return {"pbx": lab.pbx.pid, "mariadbd": cpu.child("mariadbd", str(lab.folder)), "sipp": cpu.child("sipp")}


def fill(lab: Lab, index: int, calls: int, instance_id: str = NAME) -> None:
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
        (chosen,) = app.instances(instance_id)
        app.store.catalogue.replace_clients(instance_id, clients, utc_now())
        app.store.catalogue.replace_bills(instance_id, bills, utc_now())
        sync.build_queue(app.sync(chosen, lambda _: None))


def telephone(index: int, position: int) -> str:
    """Another one for every call of every round; the trunk leads to SIPp whatever it is."""
    serial = index * 9000 + position
    return number(list(Ending)[serial // 10_000 % len(Ending)], serial % 10_000)


def check(lab: Lab, handler: Program, index: int, calls: int) -> rounds.Figures:
    """Shares of callees whose conversation began before they hung up, and who heard something of it.

    RuntimeError when one was refused or has another outcome than expected.
    """
    sql = (
        "SELECT COUNT(*), COALESCE(SUM(a.answered_at IS NOT NULL), 0), COALESCE(SUM(o.heard = 'greeting'), 0) "
        "FROM asteriskcdrdb.collector_outcome o JOIN collector.attempt a ON a.attempt_id = o.attempt_id "
        "WHERE o.line_result = 'answered' AND o.source = 'handler' AND o.heard IN ('nothing', 'greeting') "
        "AND a.state = 'ended' AND CAST(o.client_id AS UNSIGNED) BETWEEN %s AND %s"
    )
    with lab.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql, (index * 100_000, index * 100_000 + calls - 1))
        ended, talked, greeted = map(int, cursor.fetchone() or (0, 0, 0))
    said = handler.log.read_text(encoding="utf-8", errors="replace")
    if ended != calls or REFUSED in said:
        raise RuntimeError(
            f"{calls} calls, {ended} outcomes as expected, {said.count(REFUSED)} refused; "
            f"the handler said:\n{said[-2000:]}"
        )
    return {"talked": talked / calls, "greeted": greeted / calls}


def report(first: list[rounds.Figures], second: list[rounds.Figures], rss: float, *, as_json: bool) -> int:
    baseline, own = rounds.medians(first), rounds.medians(second)
    ratio = rounds.ratio(first, second, "calls_per_second")
    rss = max(rss, own["worker_rss_mb"])
    paid = [name for name in (*own, *baseline) if name.endswith("_cpu_ms")]
    columns = ["calls_per_second", *dict.fromkeys(paid)]
    titles = ["calls/s", *(name.removesuffix("_cpu_ms") + " ms" for name in columns[1:])]
    lines = [f"{'':16}" + "".join(f"{title:>13}" for title in titles) + "   (CPU a call)"]
    for name, row in (("bare ARI loop", baseline), ("Collector", own)):
        lines.append(f"{name:16}" + "".join(f"{row[key]:>13.2f}" if key in row else f"{'':13}" for key in columns))
    lines.append(f"talked to {own['talked']:.1%}, greeted before they hung up {own['greeted']:.1%}")
    lines.append(f"ratio {ratio:.2f} (wanted: at least {WANTED}); peak memory {rss:.0f} MB")
    rounds.show(rounds.result("dial", ratio, baseline, own, rss, len(first)), as_json, lines)
    return 0 if ratio >= WANTED else 1


if __name__ == "__main__":
    raise SystemExit(main())
