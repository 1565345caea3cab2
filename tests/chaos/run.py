"""One chaos run from its first call to its tally."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pymysql

from tests.chaos import carrier_log, crowd, stepped, tally
from tests.chaos.mischief import Mischief
from tests.chaos.stage import CALLER_IDS, NEVER, Stage

TICK = 0.05
LOOK = 1.0  # seconds between two looks at the database
LOST_AFTER = 150.0  # an attempt without a trace is given up two minutes after it was reserved
QUIET_LOOKS = 3


def run(
    calls: int, seed: int, *, every: float, channels: int, hurry: bool, longest: float, say: Callable[[str], None]
) -> tally.Tally:
    """`hurry`: once no call is left the clock of Collector is put forward, so that it gives up at once what has no
    trace. `longest`: seconds in which things go wrong, at most."""
    rng = Random(seed)
    who = crowd.invent(calls, rng, datetime.now(UTC).date())
    started = time.monotonic()
    with Stage(channels, rng) as stage:
        stage.invite(who)
        say(f"{len(who.debtors)} debtors, {len(who.listed)} numbers on the list, seed {seed}")
        mischief = Mischief(stage, every)
        _trouble(stage, mischief, longest, say)
        troubled = time.monotonic() - started
        mischief.over()
        drained = _drain(stage, hurry, say)
        text = stage.lab.carrier.logfile.read_text(encoding="utf-8", errors="replace")
        limits = dict.fromkeys(CALLER_IDS.values(), channels)
        found = tally.judge(lambda sql: rows(stage, sql), carrier_log.read(text), who.listed, limits)
        facts: dict[str, object] = {"debtors": len(who.debtors)}
        facts |= {f"{kind}": f"{times} times" for kind, times in mischief.done.items()}
        facts["programs that ended by themselves"] = len(stage.ended_by_itself)
        facts["seconds of trouble, and until all was over"] = f"{troubled:.0f}, {time.monotonic() - started:.0f}"
        broken = [log.name for log in stage.lab.folder.glob("*.log") if "Traceback" in log.read_text()]
        faults = {"queue not drained": int(not drained), "programs that broke": len(broken)}
        return tally.Tally(found.faults | faults, facts | found.facts, found.examples)


def _trouble(stage: Stage, mischief: Mischief, longest: float, say: Callable[[str], None]) -> None:
    """Until nobody is left to call, and everything has gone wrong at least once."""
    began = time.monotonic()
    look_at = began + 10
    while time.monotonic() - began < longest:
        stage.tick()
        if kind := mischief.tick():
            say(f"{time.monotonic() - began:6.1f} s  {kind}")
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + LOOK
            left = waiting(stage)
            if left == 0 and mischief.each_had_its_turn:
                return
        time.sleep(TICK)


def _drain(stage: Stage, hurry: bool, say: Callable[[str], None], seconds: float = 400) -> bool:
    """Nothing goes wrong any more; wait until nothing is open, claimed or due."""
    say("nothing goes wrong any more; waiting for the end of every attempt")
    until, look_at, quiet = time.monotonic() + seconds, 0.0, 0
    told: tuple[int | None, ...] = ()
    while time.monotonic() < until:
        stage.tick()
        if time.monotonic() >= look_at:
            look_at = time.monotonic() + LOOK
            left, calls, rest = waiting(stage), live(stage), unfinished(stage)
            if (left, calls, rest) != told:
                told = (left, calls, rest)
                say(f"         {left} due, {rest} not over, {calls} on the line")
            if hurry and left == 0 and calls == 0:
                stepped.step_to(stage.clock, LOST_AFTER)
                hurry = False
            quiet = quiet + 1 if left == calls == rest == 0 else 0
            if quiet == QUIET_LOOKS:
                return True
        time.sleep(TICK)
    return False


def waiting(stage: Stage) -> int | None:
    """Queue entries that are due; None when the database does not answer."""
    now = datetime.now(UTC) + timedelta(seconds=stepped.offset(stage.clock))
    return _number(
        stage,
        "SELECT COUNT(*) n FROM collector.queue_entry "
        f"WHERE state = 'waiting' AND next_attempt_at <= '{now:%Y-%m-%d %H:%M:%S}'",
    )


def unfinished(stage: Stage) -> int | None:
    """Open attempts and claimed entries."""
    return _number(
        stage,
        "SELECT (SELECT COUNT(*) FROM collector.attempt WHERE open_in IS NOT NULL)"
        " + (SELECT COUNT(*) FROM collector.queue_entry WHERE state = 'claimed') n",
    )


def live(stage: Stage) -> int | None:
    """Channels of the PBX and call files in its spool; None while they cannot be counted."""
    if not stage.gate.is_open:
        return None
    try:
        channels = stage.lab.pbx.channels()
    except RuntimeError:
        return None
    return len(channels) + len(list((stage.lab.pbx.spool / "outgoing").glob("*.call")))


def rows(stage: Stage, sql: str) -> list[dict[str, Any]]:
    """A question to the lab's database, as root."""
    with stage.lab.mariadb.connect() as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _number(stage: Stage, sql: str) -> int | None:
    if stage.database_due < NEVER:
        return None
    (row,) = rows(stage, sql)
    return int(row["n"])
