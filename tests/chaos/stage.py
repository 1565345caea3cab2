"""The stage of the chaos run: the lab, Collector's own programs on it, and whatever brings each of them back."""

import os
import signal
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

from tests.chaos import crowd, stepped
from tests.chaos.gate import HOST, Gate
from tests.lab.lab import Lab
from tests.lab.lab_settings import instance
from tests.lab.people import noon_zone
from tests.lab.site import Program, Site
from worker.pbx import callfile

CALLER_IDS = {"fibra": "+551133330000", "radio": "+551133330001"}
PATHS = {"fibra": "ari", "radio": "callfile"}
DURABLE = ("--innodb-flush-log-at-trx-commit=1",)  # MariaDB's default: what was committed survives a crash
CREW = {"first worker": "service", "second worker": "service", "handler": "handler"}
NEVER = float("inf")


@dataclass(slots=True)
class Role:
    """A program that is started again whenever it ended, as systemd would."""

    command: str
    program: Program | None = None
    due: float = 0.0  # when to start it
    frozen: bool = False

    @property
    def up(self) -> bool:
        return self.program is not None and self.program.process.poll() is None


class Stage:
    """A context manager. Everything is started from the thread that calls `tick`."""

    def __init__(self, channels: int, rng: Random) -> None:
        self.rng, self.channels = rng, channels
        self._stack = ExitStack()
        self.lab = Lab(database_arguments=DURABLE)
        self.gate = Gate(self.lab.ports.source + 1, self.lab.ports.pbx_http)
        self.clock = self.lab.folder / stepped.FILE
        self.crew = {name: Role(command) for name, command in CREW.items()}
        self.ended_by_itself: list[str] = []
        self.pbx_due = self.database_due = NEVER

    def __enter__(self) -> Self:
        lab = self.lab
        with ExitStack() as stack:
            stack.enter_context(self.gate)
            ari = {"user": lab.ari_user, "password": lab.secret("ari", lab.ari_password), "app": "collector"}
            lab.pbx_keys["ari"] = ari | {"url": f"http://{HOST}:{self.gate.port}", "timeout_seconds": 3}
            stack.enter_context(lab)
            lab.configure([self._instance(name) for name in PATHS])
            lab.install_dialplan()
            self.gate.open()
            self.site = stack.enter_context(Site(lab.config_file, lab.folder, "tests.chaos.stepped"))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for role in self.crew.values():
            self.thaw(role)
        self._stack.close()

    def _instance(self, name: str) -> dict[str, Any]:
        brisk: dict[str, Any] = {"conversation": {"key_wait_seconds": 3}, "voice": {"words_per_minute": 230}}
        zone = noon_zone(datetime.now(UTC))
        one = instance(name, self.lab.folder, zone=zone, caller_id=CALLER_IDS[name], **brisk)
        one["dialling"] = {
            "origination": PATHS[name],
            "channels": self.channels,
            "calls_per_second": 20,
            "ring_seconds": 6,
        }
        return one

    def invite(self, who: crowd.Crowd) -> None:
        """A migrated installation that knows these debtors and the list of who must not be called."""
        folder = self.lab.folder
        crowd.write(who.debtors, folder)
        (folder / "procon.csv").write_text("numero\n" + "\n".join(sorted(who.listed)) + "\n", encoding="utf-8")
        self.site.run("migrate")
        self.site.run("dnc", "import", str(folder / "procon.csv"), "--source", "procon")
        self.site.run("sync")

    # --- what brings them back ------------------------------------------------------------------------

    def tick(self) -> None:
        """Start whatever is due."""
        now = time.monotonic()
        if self.database_due <= now:
            self.database_due = NEVER
            self.lab.mariadb.revive()
        if self.pbx_due == NEVER and not self.lab.pbx.running:
            self.ended_by_itself.append("PBX")
            self.pbx_due = now
        if self.pbx_due <= now:
            self.pbx_due = NEVER
            self._start_pbx()
        if not self.gate.is_open and self.lab.pbx.running and self._pbx_listens():
            self.gate.open()
        for name, role in self.crew.items():
            if role.program is not None and not role.up:  # nobody killed it: it gave up, and says why in its log
                self.ended_by_itself.append(name)
                role.program.kill9()
                role.program, role.due = None, now + self.rng.uniform(0, 3)
            if role.program is None and role.due <= now:
                role.program, role.frozen = self.site.start(role.command), False

    def _start_pbx(self) -> None:
        """As its systemd unit does with our drop-in: the spool is swept first, whatever comes of that."""
        self._end_calls_at_the_carrier()  # an INVITE may have been on its way when the others were ended
        with suppress(OSError):
            callfile.sweep(self.lab.settings.pbx.spool, self.lab.settings.pbx.spool_aside)
        self.lab.pbx.begin()

    def _end_calls_at_the_carrier(self) -> None:
        """A provider notices after a while that nobody sends sound any more; ours at once."""
        with suppress(RuntimeError):
            self.lab.carrier.rx("channel request hangup all")

    def _pbx_listens(self) -> bool:
        try:
            socket.create_connection((HOST, self.lab.ports.pbx_http), 0.2).close()
        except OSError:
            return False
        return True

    # --- what befalls them ----------------------------------------------------------------------------

    def kill(self, role: Role, down_for: float) -> bool:
        """False when it is down already."""
        if role.program is None or not role.up:
            return False
        role.program.kill9()
        role.program, role.due = None, time.monotonic() + down_for
        return True

    def freeze(self, role: Role) -> bool:
        """SIGSTOP, until `thaw`."""
        if role.program is None or not role.up or role.frozen:
            return False
        os.killpg(role.program.pid, signal.SIGSTOP)
        role.frozen = True
        return True

    def thaw(self, role: Role) -> None:
        if role.program is not None and role.up and role.frozen:
            os.killpg(role.program.pid, signal.SIGCONT)
        role.frozen = False

    def kill_pbx(self, down_for: float) -> bool:
        if not self.lab.pbx.running:
            return False
        self.lab.pbx.kill9()
        self.gate.shut()
        self.pbx_due = time.monotonic() + down_for
        self._end_calls_at_the_carrier()
        return True

    def kill_database(self, down_for: float) -> bool:
        if self.database_due < NEVER:
            return False
        self.lab.mariadb.crash()
        self.database_due = time.monotonic() + down_for
        return True

    def hide_spool(self) -> Callable[[], None]:
        """The folder in which call files are written is not there; what it returns brings it back."""
        aside = self.lab.settings.pbx.spool_aside
        hidden = aside.with_name("hidden")
        aside.rename(hidden)

        def bring_back() -> None:
            Path(hidden).rename(aside)

        return bring_back
