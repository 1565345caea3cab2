"""`install.sh bench sync`: what a sync stores, against LOAD DATA of the same rows into the same tables.

The rows come from a stand-in that speaks IXC's protocol over loopback; fetching and reading them is told apart.
Each sync is a process of its own, so that its peak memory is the product's alone. A second sync finds one row in a
hundred changed and one in a thousand settled.
"""

import argparse
import json
import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.bench import rounds, sync_load
from tests.bench.feed import TOKEN, Feed
from tests.bench.feed_rows import Provider
from tests.lab import lab_settings
from tests.lab.mariadb import PASSWORD, USER, PrivateMariaDb
from tests.lab.site import ROOT

NAME = "bench"
WANTED = 0.3  # of LOAD DATA's rate
RSS_MB = 250
SECOND = 1 / 3  # of what the first sync took in the store
CHANGED_PERCENT = 1.0
_SECONDS = 3600  # no sync takes longer

Done = dict[str, Any]  # what the worker printed


@dataclass(frozen=True, slots=True)
class Bench:
    """One size on one server."""

    server: PrivateMariaDb
    folder: Path
    provider: Provider

    def sync(self, provider: Provider) -> Done:
        """One sync by the product's own jobs. RuntimeError when it fails."""
        with Feed(provider) as feed:
            file = self.folder / "collector.yaml"
            lab_settings.write(file, self._document(feed.url))
            done = subprocess.run(
                [sys.executable, "-m", "tests.bench.sync_worker", str(file)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        if done.returncode != 0:
            raise RuntimeError(f"the sync failed:\n{done.stderr[-2000:]}")
        answer: Done = json.loads(done.stdout.splitlines()[-1])
        return answer

    def first(self) -> Done:
        """Into an empty schema."""
        sync_load.fresh(self.server)
        done = self.sync(self.provider)
        clients, bills = self.provider.clients, self.provider.bills
        check(done, "clients", rows=clients, added=clients, updated=0, removed=0)
        check(done, "bills", rows=bills, added=bills, updated=0, removed=0)
        return done

    def second(self) -> Done:
        """Over the first."""
        one = self.provider
        later = Provider(one.clients, one.bills, one.today, CHANGED_PERCENT)
        done = self.sync(later)
        for what, size in (("clients", one.clients), ("bills", one.bills)):
            gone = later.settled_before(size)
            updated = later.count_changed(size)
            check(done, what, rows=size - gone, added=0, updated=updated, removed=gone)
        return done

    def _document(self, url: str) -> dict[str, Any]:
        server = self.server
        instance = lab_settings.instance(
            NAME,
            self.folder,
            source={"type": "ixc", "url": url, "token": self._secret("token", TOKEN), "pause_seconds": 0},
            dialling={"origination": "callfile"},
        )
        database = {
            "host": server.host,
            "port": server.port,
            "socket": str(server.socket),
            "user": USER,
            "password": self._secret("password", PASSWORD),
        }
        return {
            "database": database,
            "pbx": {"owner": ""},
            "instances": [instance],
            "log": {"level": "warning"},
        }

    def _secret(self, name: str, value: str) -> dict[str, str]:
        file = self.folder / f"{name}.secret"
        lab_settings.write_private(file, value)
        return {"file": str(file)}


def check(done: Done, what: str, **expected: int) -> None:
    """A sync that stored something else is no measurement: RuntimeError."""
    found = {name: done[what][name] for name in expected}
    if found != expected:
        raise RuntimeError(f"{what}: the feed has {expected}, the sync stored {found}")


def main(arguments: Sequence[str] | None = None) -> int:
    options = read_options(arguments)
    today = datetime.now(UTC).date()
    provider = Provider(options.clients, options.bills, today)
    tenth = Provider(max(1, options.clients // 10), max(1, options.bills // 10), today)
    with (
        TemporaryDirectory(prefix="collector-bench-") as folder,
        PrivateMariaDb(arguments=sync_load.ARGUMENTS) as server,
    ):
        rounds.say(f"{tenth.clients} clients and {tenth.bills} bills first, for their peak memory")
        small = peak(Bench(server, Path(folder), tenth))
        bench = Bench(server, Path(folder), provider)
        first, second = [], []
        for index in range(options.rounds):
            baseline, ours = one_round(bench)
            first.append(baseline)
            second.append(ours)
            say_round(f"round {index + 1}/{options.rounds}", baseline, ours)
    return report(first, second, small, as_json=options.json)


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="install.sh bench sync", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    parser.add_argument("--bills", type=int, default=100_000, help="(default %(default)s)")
    parser.add_argument("--clients", type=int, default=30_000, help="(default %(default)s)")
    parser.add_argument("--rounds", type=int, help="(default 3, from 500000 bills on 1)")
    options = parser.parse_args(arguments)
    if options.rounds is None:
        options.rounds = 1 if options.bills >= 500_000 else 3
    if min(options.rounds, options.bills, options.clients) < 1:
        parser.error("--bills, --clients and --rounds must be at least 1")
    return options


def peak(bench: Bench) -> float:
    """MB over a first and a second sync."""
    return max(float(done["rss_mb"]) for done in (bench.first(), bench.second()))


def one_round(bench: Bench) -> tuple[rounds.Figures, rounds.Figures]:
    """Our first sync, LOAD DATA of what it stored, our second sync."""
    done = bench.first()
    sync_load.dump(bench.server)
    rows = sync_load.count(bench.server)
    loaded = sync_load.load(bench.server)
    again = bench.second()
    return baseline_figures(loaded, rows), our_figures(done, again, rows)


def say_round(name: str, baseline: rounds.Figures, ours: rounds.Figures) -> None:
    stored, again = ours["store_seconds"], ours["second_store_seconds"]
    rounds.say(f"{name} LOAD DATA {baseline['seconds']:.2f} s, storing {stored:.2f} s, then {again:.2f} s")


def baseline_figures(loaded: dict[str, float], rows: dict[str, int]) -> rounds.Figures:
    seconds = sum(loaded.values())
    return {
        "seconds": seconds,
        "rows": sum(rows.values()),
        "rows_per_second": sum(rows.values()) / seconds,
        "clients_seconds": sum(loaded[table] for table in sync_load.CLIENT_TABLES),
        "bills_seconds": sum(loaded[table] for table in sync_load.BILL_TABLES),
    }


def our_figures(done: Done, again: Done, rows: dict[str, int]) -> rounds.Figures:
    """`store_seconds` is all of a sync but its waiting for, and reading of, the ERP's answers."""
    stored = {what: store_seconds(done, what) for what in ("clients", "bills")}
    stored_again = {what: store_seconds(again, what) for what in ("clients", "bills")}
    seconds = sum(stored.values())
    return {
        "seconds": total(done, "seconds"),
        "fetch_seconds": total(done, "fetch_seconds"),
        "store_seconds": seconds,
        "rows": sum(rows.values()),
        "rows_per_second": sum(rows.values()) / seconds,
        "clients_seconds": stored["clients"],
        "bills_seconds": stored["bills"],
        "second_seconds": total(again, "seconds"),
        "second_fetch_seconds": total(again, "fetch_seconds"),
        "second_store_seconds": sum(stored_again.values()),
        "second_share": sum(stored_again.values()) / seconds,
        "rss_mb": max(done["rss_mb"], again["rss_mb"]),
    }


def total(done: Done, name: str) -> float:
    return float(done["clients"][name] + done["bills"][name])


def store_seconds(done: Done, what: str) -> float:
    return float(done[what]["seconds"] - done[what]["fetch_seconds"])


def report(first: list[rounds.Figures], second: list[rounds.Figures], small_rss: float, *, as_json: bool) -> int:
    baseline, ours = rounds.medians(first), rounds.medians(second)
    ratio = rounds.ratio(first, second, "rows_per_second")
    rss = max(small_rss, *(row["rss_mb"] for row in second))
    share = statistics.median(row["second_share"] for row in second)
    failed = shortcomings(ratio, rss, share)
    ours["tenth_rss_mb"] = round(small_rss, 1)
    result = rounds.result("sync", ratio, baseline, ours, rss, len(first))
    rounds.show(result, as_json, [*table(baseline, ours), *verdict(ratio, rss, share, ours), *failed])
    return 1 if failed else 0


def shortcomings(ratio: float, rss: float, share: float) -> list[str]:
    """A sentence for each limit that was missed."""
    missed = []
    if ratio < WANTED:
        missed.append(f"MISSED: storing reaches {ratio:.3f} of LOAD DATA's rate, wanted at least {WANTED}")
    if rss >= RSS_MB:
        missed.append(f"MISSED: peak memory is {rss:.0f} MB, wanted under {RSS_MB} MB")
    if share > SECOND:
        missed.append(f"MISSED: the second sync costs {share:.2f} of the first, wanted at most a third")
    return missed


def table(baseline: rounds.Figures, ours: rounds.Figures) -> list[str]:
    columns = {
        "rows_per_second": "rows/s",
        "seconds": "s",
        "clients_seconds": "clients s",
        "bills_seconds": "bills s",
    }
    stored = ours | {"seconds": ours["store_seconds"]}
    lines = [f"{'':20}" + "".join(f"{title:>12}" for title in columns.values())]
    for name, row in (("LOAD DATA", baseline), ("Collector, storing", stored)):
        lines.append(f"{name:20}" + "".join(f"{row[key]:>12,.1f}" for key in columns))
    return lines


def verdict(ratio: float, rss: float, share: float, ours: rounds.Figures) -> list[str]:
    second = f"second sync, {CHANGED_PERCENT:g} % changed"
    return [
        f"{ours['rows']:,.0f} rows; fetching and reading them took {ours['fetch_seconds']:.1f} s beside that",
        f"ratio {ratio:.2f} (wanted: at least {WANTED}); peak memory {rss:.0f} MB (wanted: under {RSS_MB})",
        f"{second}: storing costs {share:.2f} of the first (wanted: at most 0.33)",
        f"with fetching: first sync {ours['seconds']:.1f} s, second sync {ours['second_seconds']:.1f} s",
        f"RSS at a tenth of the size {ours['tenth_rss_mb']:.0f} MB, at the whole {ours['rss_mb']:.0f} MB",
    ]


if __name__ == "__main__":
    raise SystemExit(main())
