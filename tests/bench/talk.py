"""`install.sh bench talk`: how many conversations one handler holds before the first word comes late.

Callees answer, press 1 after the question, and hear the rest; each notes when our first word reached him after he
picked up, and after his key (tests/lab/listeners.py: RTP packets, not events). The baseline is a dialplan that
plays the same sounds and reads the same key. Both in alternating rounds, more callees each time; all of them are
on the line at once. Ours is the whole path: dialling loop, handler, database, hang-up handler, outcome rows.
"""

import argparse
import asyncio
import base64
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.bench import cpu, dial, rounds
from tests.bench.talk_figures import TITLE, figures_of, row
from tests.lab.lab import Lab
from tests.lab.site import ROOT, Program, Site, wait_until
from worker.app import App, utc_now
from worker.core.enums import AttemptState, Origination
from worker.core.model import Attempt
from worker.core.script import Line

WANTED = 300  # at once, without a late word
WANTED_CORES = 0.5  # of the handler, with so many
FIRST_WANTED = (0.3, 0.6)  # median and p99 over ARI
RATE = 25  # calls begun a second
KEY_WAIT = 5  # seconds of patience for a key
AMD_MS = 1000  # the callees are mute: AMD() must not make them wait for the question
MARGIN = 2.0  # seconds after the question's end at which the callee presses
QUIET_SECONDS = 120  # for the last conversation to end
FILE_CALLS = 50  # of the path by call files, once
SPOKEN = (Line.GREETING, Line.WHO, Line.DEBT, Line.MENU, Line.GOODBYE)


@dataclass(slots=True)
class Bed:
    """What all rounds use."""

    lab: Lab
    handler: Program
    sounds: dict[Line, tuple[str, float]]  # PBX's name, seconds
    index: int = 0  # of the next crowd of debtors

    @property
    def key_after(self) -> float:
        """Seconds after the answer: the question is over, our patience is not."""
        return self.sounds[Line.GREETING][1] + AMD_MS / 1000 + self.sounds[Line.WHO][1] + MARGIN


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="install.sh bench talk", description=__doc__)
    parser.add_argument("--json", action="store_true", help="the last line is one JSON object")
    parser.add_argument(
        "--steps", default="50,100,200,300,400", help="conversations at once (default %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, help=f"with {WANTED} at once (default %(default)s)")
    options = parser.parse_args(arguments)
    steps = [int(step) for step in options.steps.split(",")]
    with ExitStack() as stack:
        bed = prepare(stack, most=max(steps))
        climbed = climb(bed, steps)
        target = max([step for step in steps if step <= WANTED], default=steps[0])
        extra = rounds.alternate(options.rounds - 1, lambda _: bare(bed, target), lambda _: ours(bed, target))
        files = ours(bed, FILE_CALLS, "benchfile")
        rss = bed.handler.rss_mb()
    first = [pair[0] for pair in climbed if pair[0]["calls"] == target] + extra[0]
    second = [pair[1] for pair in climbed if pair[1]["calls"] == target] + extra[1]
    return report(climbed, first, second, files, rss, as_json=options.json)


def prepare(stack: ExitStack, most: int, words_per_minute: int = 150) -> Bed:
    lab = stack.enter_context(Lab(pbx_keys={"talk_threads": min(1000, 2 * most)}))
    both = [bench_instance(lab, dial.NAME, "ari", most), bench_instance(lab, "benchfile", "callfile", FILE_CALLS)]
    lab.configure([one | {"voice": {"words_per_minute": words_per_minute}} for one in both])
    lab.install_dialplan()
    site = stack.enter_context(Site(lab.config_file, lab.folder))
    site.run("migrate")
    handler = site.start("handler")
    dial.fill(lab, 0, 1)  # one debtor, to have the sounds rendered
    sounds = render(lab)
    wait_until("the handler", lambda: "nobody now" not in site.run("dial", "--dry-run", check=False).stdout, 20)
    return Bed(lab, handler, sounds, index=1)


def bench_instance(lab: Lab, name: str, origination: str, channels: int) -> dict[str, Any]:
    amd = {"initial_silence": 900, "total_analysis_time": AMD_MS}
    return dial.bench_instance(lab, channels) | {
        "id": name,
        "conversation": {"key_wait_seconds": KEY_WAIT, "amd": amd},
        "dialling": {
            "origination": origination,
            "channels": channels,
            "calls_per_second": RATE,
            "ring_seconds": 10,
        },
    }


def render(lab: Lab) -> dict[Line, tuple[str, float]]:
    """The sounds of any of the debtors, made now: all owe the same."""
    with App(lab.settings) as app:
        (chosen,) = app.instances(dial.NAME)
        waiting = app.store.queue.open_entry(dial.NAME, "0")
        if waiting is None:
            raise RuntimeError("the first debtor is not in the queue")
        entry = waiting.entry
        attempt = Attempt(
            attempt_id="",
            instance=dial.NAME,
            entry_id=entry.entry_id,
            client_id=entry.client_id,
            client_name=waiting.client_name,
            number=dial.telephone(0, 0),
            origination=Origination.ARI,
            state=AttemptState.RESERVED,
            total=entry.total,
            bill_count=entry.bill_count,
            oldest_due=entry.oldest_due,
            reserved_at=utc_now(),
        )
        return {line: (sound.name, sound.seconds) for line, sound in app.script(chosen, attempt).lines.items()}


def climb(bed: Bed, steps: Sequence[int]) -> list[tuple[rounds.Figures, rounds.Figures]]:
    """Both sides, more callees each time, until neither is in time."""
    done: list[tuple[rounds.Figures, rounds.Figures]] = []
    for step in steps:
        done.append((bare(bed, step), ours(bed, step)))
        for name, figures in zip(("bare", "ours"), done[-1], strict=True):
            rounds.say(row(name, figures))
        if all(figures["late"] for figures in done[-1]):
            break
    return done


def bare(bed: Bed, calls: int) -> rounds.Figures:
    """The same conversations held by a dialplan alone, begun over ARI at the same pace."""
    meter = cpu.Meter({"pbx": bed.lab.pbx.pid})
    with listeners(bed) as callees:
        asyncio.run(originate(bed, calls))
        bed.lab.wait_quiet(QUIET_SECONDS)
        heard = told(callees)
    return figures_of(heard, calls) | meter.spent(calls)


async def originate(bed: Bed, calls: int) -> None:
    ari = bed.lab.settings.pbx.ari
    if ari is None:
        raise RuntimeError("the lab has ARI")
    variables = {f"LAB_{line.name}": bed.sounds[line][0] for line in SPOKEN} | {"LAB_SECONDS": str(KEY_WAIT)}
    pair = f"{ari.user}:{ari.password.get_secret_value()}".encode()
    headers = {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    async with aiohttp.ClientSession(f"{ari.url}/", headers=headers) as session:
        for index in range(calls):
            number = f"1196100{index:04d}"
            body = {"context": "lab-bare-talk", "extension": number, "priority": 1, "timeout": 10}
            body |= {"endpoint": f"PJSIP/{number}@sipp", "variables": variables}
            async with session.post("ari/channels", json=body) as answer:
                answer.raise_for_status()
                await answer.read()
            await asyncio.sleep(1 / RATE)


def ours(bed: Bed, calls: int, instance_id: str = dial.NAME) -> rounds.Figures:
    """So many fresh debtors through the product; who did not hear his debt whole counts as late, too."""
    index, bed.index = bed.index, bed.index + 1
    dial.fill(bed.lab, index, calls, instance_id)
    worker = dial.start_worker(bed.lab, instance_id)
    meter = cpu.Meter(
        {
            "handler": bed.handler.pid,
            "pbx": bed.lab.pbx.pid,
            "mariadbd": cpu.child("mariadbd", str(bed.lab.folder)),
        },
    )
    with listeners(bed) as callees:
        worker.communicate("go\n", timeout=QUIET_SECONDS + calls / RATE)
        bed.lab.wait_quiet(QUIET_SECONDS)
        heard = told(callees)
    spent = meter.spent(calls)
    figures = figures_of(heard, calls) | spent
    figures["late"] += not_whole(bed, index, calls)
    return figures | {"handler_cores": spent["handler_cpu_ms"] / 1000 * calls / figures["seconds"]}


def not_whole(bed: Bed, index: int, calls: int) -> int:
    """How many did not confirm and hear their debt whole. RuntimeError when one was refused or has no outcome."""
    sql = (
        "SELECT COUNT(*), COALESCE(SUM(result = 'confirmed' AND heard = 'all' AND keys_pressed = '1'), 0) "
        "FROM asteriskcdrdb.collector_outcome "
        "WHERE source = 'handler' AND CAST(client_id AS UNSIGNED) BETWEEN %s AND %s"
    )
    with bed.lab.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute(sql, (index * 100_000, index * 100_000 + calls - 1))
        ended, whole = map(int, cursor.fetchone() or (0, 0))
    said = bed.handler.log.read_text(encoding="utf-8", errors="replace")
    bad = [line for line in said.splitlines() if "[error" in line or "[warning" in line]
    if ended != calls or dial.REFUSED in said:
        raise RuntimeError(f"{calls} calls, {ended} outcomes; the handler said:\n" + "\n".join(bad[-10:]))
    if whole != calls:
        rounds.say(f"{calls - whole} not told whole; the handler said:\n" + "\n".join(bad[-3:]))
    return calls - whole


@contextmanager
def listeners(bed: Bed) -> Iterator["subprocess.Popen[str]"]:
    """The callees, in a process of their own."""
    command = [sys.executable, "-m", "tests.lab.listeners", str(bed.lab.ports.sipp_sip), str(bed.key_after)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as callees:
        try:
            if callees.stdout is None or callees.stdout.readline() != "ready\n":
                raise RuntimeError("the callees did not start")
            yield callees
        finally:
            callees.kill()


def told(callees: "subprocess.Popen[str]") -> list[dict[str, float]]:
    answer, _ = callees.communicate("tell\n", timeout=30)
    heard: list[dict[str, float]] = json.loads(answer.splitlines()[-1])
    return heard


def report(
    climbed: Sequence[tuple[rounds.Figures, rounds.Figures]],
    first: list[rounds.Figures],
    second: list[rounds.Figures],
    files: rounds.Figures,
    rss: float,
    *,
    as_json: bool,
) -> int:
    baseline, own = rounds.medians(first), rounds.medians(second)
    held = [
        max([int(one[side]["calls"]) for one in climbed if not one[side]["late"]], default=0) for side in (0, 1)
    ]
    baseline["held"], own["held"] = float(held[0]), float(held[1])
    ratio = held[1] / held[0] if held[0] else 0.0
    lines = [TITLE]
    for pair in climbed:
        lines += [row("bare dialplan", pair[0]), row("Collector", pair[1])]
    lines += [row("by call files", files), f"medians of {len(first)} rounds:"]
    lines += [row("bare dialplan", baseline), row("Collector", own)]
    lines.append(f"at once without a late word: {held[1]}, bare {held[0]}; peak memory {rss:.0f} MB")
    in_time = own["first_median"] < FIRST_WANTED[0] and own["first_p99"] < FIRST_WANTED[1]
    good = held[1] >= WANTED and own["handler_cores"] < WANTED_CORES and in_time
    wanted = (
        f"{WANTED} at once, {WANTED_CORES} of a core, first word in {FIRST_WANTED[0]} s, p99 {FIRST_WANTED[1]} s"
    )
    lines.append(f"wanted: {wanted}: {'reached' if good else 'not reached'}")
    rounds.show(rounds.result("talk", ratio, baseline, own, rss, len(first)), as_json, lines)
    return 0 if good else 1


if __name__ == "__main__":
    raise SystemExit(main())
