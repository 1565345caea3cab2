"""CPU time of the programs a benchmark started, so that what a call costs is told apart by who pays it."""

import os
from collections.abc import Mapping
from pathlib import Path

from tests.lab.site import cpu_seconds


def child(name: str, naming: str = "") -> int:
    """The process id of the only program of that name that this process started, `naming` among its arguments.

    RuntimeError without one.
    """
    found = [
        int(entry.name)
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and _is(entry, name) and naming.encode() in (entry / "cmdline").read_bytes()
    ]
    if len(found) != 1:
        raise RuntimeError(f"{len(found)} programs called {name} were started here, not one")
    return found[0]


def _is(entry: Path, name: str) -> bool:
    try:
        before, _, after = (entry / "stat").read_text(encoding="utf-8").rpartition(")")
    except OSError:  # it ended while we looked
        return False
    return before.partition("(")[2] == name and int(after.split()[1]) == os.getpid()


class Meter:
    """Starts when made; `spent` is milliseconds of CPU for each of so many calls, by program."""

    def __init__(self, programs: Mapping[str, int]) -> None:
        """`programs`: name -> process id."""
        self._programs = dict(programs)
        self._before = self._now()

    def spent(self, calls: int) -> dict[str, float]:
        now = self._now()
        return {f"{name}_cpu_ms": 1000 * (now[name] - self._before[name]) / calls for name in self._programs}

    def _now(self) -> dict[str, float]:
        return {name: cpu_seconds(pid) for name, pid in self._programs.items()}
