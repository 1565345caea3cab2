"""Collector's own programs, run as an administrator would run them, against a lab's configuration file."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

ROOT = Path(__file__).resolve().parents[2]


def wait_until(what: str, reached: Callable[[], bool], seconds: float, pause: float = 0.1) -> None:
    """Wait for something real to happen; TimeoutError names it."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(pause)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process so far, all threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Program:
    """A running `collector` command with its own log file. `module`: what Python runs as it."""

    def __init__(self, name: str, arguments: list[str], log: Path, module: str = "worker") -> None:
        self.name = name
        self.log = log
        self._stream: IO[bytes] = log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self._stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self.process.pid

    def rss_mb(self) -> float:
        """Peak resident memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) / 1024
        return 0.0

    def kill9(self) -> None:
        """As if the power went: no clean-up of its own."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._stream.close()

    def stop(self, seconds: float = 20.0) -> int:
        """SIGTERM, as systemd does it; the exit code. Killed when it does not obey."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return -9
        finally:
            self.kill9()


class Site:
    """One configuration file and the programs that run on it. A context manager that leaves nothing alive."""

    def __init__(self, config_file: Path, folder: Path, module: str = "worker") -> None:
        self.config_file, self.module = config_file, module
        self.folder = folder
        self._programs: list[Program] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop_all()

    def stop_all(self) -> None:
        """Whatever still runs, the youngest first."""
        for program in reversed(self._programs):
            program.stop()

    def run(self, *arguments: str, check: bool = True, seconds: float = 120.0) -> subprocess.CompletedProcess[str]:
        """One command to its end. With `check`, a failure raises AssertionError with all it printed."""
        done = subprocess.run(
            [sys.executable, "-m", self.module, "--config", str(self.config_file), *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check and done.returncode != 0:
            raise AssertionError(f"collector {' '.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def json(self, *arguments: str, check: bool = True) -> Any:
        """One command with --json, parsed."""
        return json.loads(self.run(*arguments, "--json", check=check).stdout)

    def start(self, *arguments: str) -> Program:
        """A command that goes on: handler, service, dial."""
        name = arguments[0]
        log = self.folder / f"{name}-{len(self._programs)}.log"
        program = Program(name, ["--config", str(self.config_file), *arguments], log, self.module)
        self._programs.append(program)
        return program
