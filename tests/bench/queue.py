"""`install.sh bench queue`: building the day's queue, against one hand-written INSERT ... SELECT ... GROUP BY.

Both make the same entries from the same clients and bills on the same server, in alternating rounds; ours is the
product's job in a process of its own, so that its peak memory is the product's alone. Then a second build, which
finds one bill in a hundred changed, and the picking of the next fifty calls with all their facts.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from zoneinfo import ZoneInfo

from tests.bench import rounds, sync_load
from tests.bench.queue_load import NAME, Load
from tests.lab import lab_settings
from tests.lab.mariadb import PASSWORD, USER, PrivateMariaDb, find_programs
from tests.lab.site import ROOT

WANTED = 3.0  # times the statement's seconds
RSS_MB = 300
PICK_MS = 20.0
CALLED = (
    10  # a tenth of the queue waits for its next time: of 300,000, what 60 channels call within the gap of 4 h
)
_SECONDS = 3600
ZONE = ZoneInfo("America/Sao_Paulo")  # the instance's


@dataclass(frozen=True, slots=True)
class Bench:
    """One size on one server."""

    load: Load
    folder: Path

    def work(self, what: str) -> rounds.Figures:
        """One run of the product. RuntimeError when it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.queue_worker", str(self._settings()), what],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{what} failed:\n{done.stderr[-2000:]}")
        answer: rounds.Figures = json.loads(done.stdout.splitlines()[-1])
        return answer

    def baseline(self, _: int) -> rounds.Figures:
        self.load.empty()
        return {"seconds": self.load.baseline()}

    def ours(self, _: int) -> rounds.Figures:
        built = self.work("build")
        entries = self.load.same()
        self.load.change()
        again = self.work("build")
        return {
            "seconds": built["seconds"],
            "entries": entries,
            "second_seconds": again["seconds"],
            "second_changed": again["updated"],
            "rss_mb": max(built["rss_mb"], again["rss_mb"]),
        }

    def picks(self, entries: int) -> rounds.Figures:
        """Of the queue as it was built, and as it is when its first tenth has been called."""
        fresh = self.work("pick")
        self.load.at_work(entries // CALLED)
        return {"pick_ms": fresh["ms"], "pick_at_work_ms": self.work("pick")["ms"]}

    def _settings(self) -> Path:
        file, secret, server = self.folder / "collector.yaml", self.folder / "password.secret", self.load.server
        lab_settings.write_private(secret, PASSWORD)
        database = {
            "port": server.port,
            "socket": str(server.socket),
            "user": USER,
            "password": {"file": str(secret)},
        }
        instance = lab_settings.instance(NAME, self.folder, dialling={"origination": "callfile"})
        content = {
            "database": database,
            "pbx": {"owner": ""},
            "instances": [instance],
            "log": {"level": "warning"},
        }
        lab_settings.write(file, content)
        return file


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    with (
        TemporaryDirectory(prefix="collector-bench-") as folder,
        PrivateMariaDb(arguments=(*sync_load.ARGUMENTS, *own_room(folder))) as server,
    ):
        load = Load(server, options.clients, options.bills, datetime.now(ZONE).date())
        rounds.say(f"making {options.clients} clients and {options.bills} bills")
        load.make()
        bench = Bench(load, Path(folder))
        first, second = rounds.alternate(options.rounds, bench.baseline, bench.ours)
        picked = bench.picks(int(second[-1]["entries"]))
    return report(first, second, picked, as_json=options.json)


def own_room(folder: str) -> tuple[str, ...]:
    """A server that starts clears the temporary tables out of its folder: those of all who share it."""
    return () if find_programs().inside else (f"--tmpdir={folder}",)  # inside a chroot there is no such folder


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="install.sh bench queue", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    parser.add_argument("--bills", type=int, default=100_000, help="(default %(default)s)")
    parser.add_argument("--clients", type=int, help="(default: three for each ten bills)")
    parser.add_argument("--rounds", type=int, default=3, help="(default %(default)s)")
    options = parser.parse_args(arguments)
    if options.clients is None:
        options.clients = max(1, options.bills * 3 // 10)
    if min(options.rounds, options.bills, options.clients) < 1:
        parser.error("--bills, --clients and --rounds must be at least 1")
    return options


def report(
    first: list[rounds.Figures], second: list[rounds.Figures], picked: rounds.Figures, *, as_json: bool
) -> int:
    baseline, ours = rounds.medians(first), rounds.medians(second)
    ratio = rounds.ratio(first, second, "seconds")
    rss = max(row["rss_mb"] for row in second)
    ours |= {name: round(value, 2) for name, value in picked.items()}
    failed = shortcomings(ratio, rss, picked)
    lines = [*verdict(ratio, rss, baseline, ours, picked), *failed]
    rounds.show(rounds.result("queue", ratio, baseline, ours, rss, len(first)), as_json, lines)
    return 1 if failed else 0


def verdict(
    ratio: float, rss: float, baseline: rounds.Figures, ours: rounds.Figures, picked: rounds.Figures
) -> list[str]:
    statement, own, again = baseline["seconds"], ours["seconds"], ours["second_seconds"]
    fresh, at_work = picked["pick_ms"], picked["pick_at_work_ms"]
    return [
        f"{ours['entries']:,.0f} entries: INSERT ... SELECT {statement:.2f} s, Collector {own:.2f} s",
        f"ratio {ratio:.2f} (wanted: at most {WANTED}); peak memory {rss:.0f} MB (wanted: under {RSS_MB})",
        f"built again, 1 % of the bills changed: {again:.2f} s, {ours['second_changed']:,.0f} entries refreshed",
        f"picking the next 50 with all facts: median {fresh:.1f} ms (wanted: under {PICK_MS:g})",
        f"the same when the first tenth waits for its next time: median {at_work:.1f} ms",
    ]


def shortcomings(ratio: float, rss: float, picked: rounds.Figures) -> list[str]:
    """A sentence for each limit that was missed."""
    missed = []
    if ratio > WANTED:
        missed.append(f"MISSED: building takes {ratio:.2f} times the statement, wanted at most {WANTED}")
    if rss >= RSS_MB:
        missed.append(f"MISSED: peak memory is {rss:.0f} MB, wanted under {RSS_MB} MB")
    if picked["pick_ms"] >= PICK_MS:
        missed.append(f"MISSED: picking the next 50 takes {picked['pick_ms']:.1f} ms, wanted under {PICK_MS:g} ms")
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
