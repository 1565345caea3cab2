"""`install.sh demo`: the main job on real calls; two providers, one over ARI and one over call files."""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from typing import Any

from rich.console import Console

from tests.lab import demo_data, demo_view
from tests.lab.ixc_server import IxcServer
from tests.lab.lab import Lab
from tests.lab.lab_settings import instance
from tests.lab.people import noon_zone
from tests.lab.site import ROOT, Site, wait_until

REPORT = ROOT / "var" / "demo-report.html"
CHANNELS = 14
CALLS = 24  # of each provider; the queue is longer
console = Console()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="install.sh demo", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="leave everything running to play with")
    options = parser.parse_args(arguments)
    started = time.monotonic()
    with ExitStack() as stack:
        site, lab = build(stack)
        job(site, lab)
        console.print(f"\n[b]{time.monotonic() - started:.0f} s[/b] from the start of the lab to the report")
        if options.keep:
            stay(site, lab)
    return 0


def build(stack: ExitStack) -> tuple[Site, Lab]:
    """The lab, the stand-in ERP with some hundreds of clients, the configuration, the handler."""
    step("Starting a private PBX, a carrier, a database and a stand-in ERP (loopback only)")
    today = datetime.now(UTC).date()
    world = demo_data.world(today)
    erp = stack.enter_context(
        IxcServer(world.clients, world.bills, world.contracts, world.cities, token=demo_data.TOKEN)
    )
    lab = stack.enter_context(Lab())
    demo_data.write_exports(lab.folder, today)
    lab.configure(providers(lab, erp.url))
    lab.install_dialplan()
    site = stack.enter_context(Site(lab.config_file, lab.folder))
    site.run("migrate")
    return site, lab


def providers(lab: Lab, erp_url: str) -> list[dict[str, Any]]:
    """fibra: IXC, over ARI. radio: CSV exports, over call files."""
    zone = noon_zone(datetime.now(UTC))
    dialling = {"channels": CHANNELS, "calls_per_second": 5, "ring_seconds": 12}
    token = lab.folder / "ixc.token"
    token.write_text(demo_data.TOKEN, encoding="utf-8")
    token.chmod(0o600)
    fibra = instance("fibra", lab.folder, zone=zone, company="Fibra Serra")
    fibra["source"] = {"type": "ixc", "url": erp_url, "token": {"file": str(token)}, "page_size": 100}
    fibra["dialling"] = dialling | {"origination": "ari"}
    radio = instance("radio", lab.folder, zone=zone, company="Rádio Vale", caller_id="+551133330001")
    radio["dialling"] = dialling | {"origination": "callfile"}
    return [fibra, radio]


def job(site: Site, lab: Lab) -> None:
    """The main job, by the commands an administrator would type."""
    step("collector sync: clients, contracts and bills from IXC and CSV, then the queue")
    show(site.run("sync").stdout)
    handler = site.start("handler")
    wait_until("the handler", lambda: "nobody now" not in site.run("dial", "--dry-run").stdout, 20, 0.5)
    step("collector doctor")
    show(site.run("doctor", check=False).stdout)
    step(f"collector dial: {2 * CALLS} real calls, ARI and call files under one ledger")
    dialler = site.start("dial", "--limit", str(CALLS))
    demo_view.watch(lab, console, lambda: dialler.process.poll() is not None)
    wait_until("the outcomes", lambda: all_found(site), 60, 1.0)
    step("collector outcomes")
    show(site.run("outcomes", "--limit", "60").stdout)
    step("collector report")
    show(site.run("report").stdout)
    REPORT.parent.mkdir(exist_ok=True)
    site.run("report", "--format", "html", "--output", str(REPORT))
    console.print(f"HTML report: {REPORT}")
    if handler.process.poll() is not None:
        raise AssertionError(f"the handler died: {handler.log.read_text(encoding='utf-8')[-2000:]}")


def all_found(site: Site) -> bool:
    """Every outcome has found its CDR row (reconciliation looks for them)."""
    site.run("run", "reconcile")
    rows = site.json("outcomes", "--limit", "1000")
    return bool(rows) and all(row["cdr"] == "found" for row in rows)


def show(text: str) -> None:
    """What a command printed, as it printed it."""
    sys.stdout.write(text)
    sys.stdout.flush()


def step(text: str) -> None:
    console.rule(f"[b]{text}[/b]", align="left")


def stay(site: Site, lab: Lab) -> None:
    """--keep: everything runs on until Enter or Ctrl-C."""
    demo_view.explain_keep(lab, console, site.config_file)
    with suppress(KeyboardInterrupt, EOFError):
        input()


if __name__ == "__main__":
    raise SystemExit(main())
