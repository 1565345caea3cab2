"""A private PBX, carrier and database under one folder: started together, gone together."""

import atexit
import contextlib
import secrets
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

from tests.lab import lab_settings, pbx_config
from tests.lab.asterisk import AsteriskNode
from tests.lab.mariadb import PrivateMariaDb
from tests.lab.numbers import national
from tests.lab.pbx_config import Cdr
from tests.lab.slots import Slot, busy
from worker.pbx import dialplan
from worker.settings import Settings

LONGEST_CALL_SECONDS = 10.0


class Lab:
    """Use as a context manager, or start() and stop(); stop() also runs at exit and on SIGTERM.

    `instances` are entries of `instances:` in the configuration file; they replace the two default ones
    (lab_settings.instances()). `cdr` chooses how Asterisk writes call records; "none" starts no database.
    `pbx_keys` replace keys of `pbx:` in the configuration file. `database` is another lab's, which outlives this
    one: a second PBX on it. `database_arguments`: more for the MariaDB server.
    """

    def __init__(
        self,
        instances: Sequence[dict[str, Any]] | None = None,
        cdr: Cdr = "mysql",
        keep: bool = False,
        verbose: int = 0,
        pbx_keys: Mapping[str, Any] | None = None,
        database: PrivateMariaDb | None = None,
        database_arguments: tuple[str, ...] = (),
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="collector-lab-"))
        self.cdr: Cdr = cdr
        self.keep = keep  # leave the folder behind, for a person to look into
        self.verbose = verbose  # 3: each step of the dialplan stands in the two logfiles
        self._slot = Slot()
        self.ports = self._slot.ports
        self.recordings = self.folder / "recordings"
        self.recordings.mkdir()
        self.config_file = self.folder / "collector.yaml"
        self.ari_user, self.ari_password = "collector", secrets.token_hex(12)
        self._instances = instances
        self.pbx_keys = dict(pbx_keys or {})
        self._mariadb = database
        self._own_database = database is None
        self._database_arguments = database_arguments
        self._settings: Settings | None = None
        self._stopped = True
        odbc = pbx_config.environ_of_odbc(self.folder / "pbx" / "etc") if cdr == "odbc" else {}
        self.pbx = AsteriskNode("pbx", self.folder / "pbx", odbc)
        self.carrier = AsteriskNode("carrier", self.folder / "carrier")

    @property
    def mariadb(self) -> PrivateMariaDb:
        if self._mariadb is None:
            raise RuntimeError("this lab runs without a database, or was not started")
        return self._mariadb

    @property
    def settings(self) -> Settings:
        """What the configuration file says, checked."""
        if self._settings is None:
            raise RuntimeError("this lab was not started")
        return self._settings

    def start(self) -> Self:
        self._stopped = False
        _stop_at_exit(self)
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def _start(self) -> None:
        pbx_config.write_carrier(self.carrier, self.ports, self.recordings, self.verbose)
        self.carrier.begin()
        database = None
        if self.cdr != "none":
            if self._own_database:
                self._mariadb = PrivateMariaDb(self.folder / "mariadb", arguments=self._database_arguments)
                self._mariadb.start()
            db = self.mariadb
            database = pbx_config.CdrDatabase(db.host, db.port, db.socket, db.asterisk_user, db.asterisk_password)
        parts = pbx_config.PbxParts(self.ports, self.cdr, database, self.ari_user, self.ari_password, self.verbose)
        pbx_config.write_pbx(self.pbx, parts)
        self.pbx.begin()
        self.configure(self._instances)
        self.carrier.wait_ready()
        self.pbx.wait_ready()

    def configure(self, instances: Sequence[dict[str, Any]] | None = None) -> Settings:
        """Write the configuration file anew (mode 0600), for instance once the stand-in ERP's address is known."""
        self._instances = instances
        document = lab_settings.document(self, instances)
        self._settings = lab_settings.write(self.config_file, document)
        return self._settings

    def secret(self, name: str, value: str) -> dict[str, str]:
        """A secret as the configuration wants it, `{file: PATH}`; also for a token in `instances`."""
        file = self.folder / f"{name}.secret"
        lab_settings.write_private(file, value)
        return {"file": str(file)}

    def install_dialplan(self) -> None:
        """Put our contexts on the PBX as the installer does: own files, one #include line each, reload."""
        files = dialplan.render(self.settings.pbx, self.settings.instances)
        for name, content in files.items():
            (self.pbx.etc / name).write_text(content, encoding="utf-8")
        includes = "".join(f"#include {name}\n" for name in sorted(files))
        (self.pbx.etc / "extensions_custom.conf").write_text(includes, encoding="utf-8")
        self.pbx.rx("dialplan reload")

    def heard(self, number: str) -> list[Path]:
        """Recordings of what a callee from RECORDED_FROM on heard, oldest first; a live one grows still."""
        return sorted(
            self.recordings.glob(f"heard-{national(number)}-*.wav"), key=lambda file: file.stat().st_mtime
        )

    def live_channels(self) -> list[str]:
        nodes = [node for node in (self.pbx, self.carrier) if node.running]
        return [f"{node.name} {channel}" for node in nodes for channel in node.channels()]

    def wait_quiet(self, seconds: float = LONGEST_CALL_SECONDS) -> None:
        """Return when no channel is left. AssertionError naming those that stay."""
        deadline = time.monotonic() + seconds
        while live := self.live_channels():
            if time.monotonic() > deadline:
                raise AssertionError(f"still on the line after {seconds} s: {', '.join(live)}")
            time.sleep(0.2)

    def stop(self) -> None:
        """End everything. AssertionError when something survived; may be called again."""
        if self._stopped:
            return
        self._stopped = True
        try:
            for node in (self.pbx, self.carrier):
                node.stop()
            if self._mariadb is not None and self._own_database:
                self._mariadb.stop()
            if left := self.leftovers():
                raise AssertionError(f"the lab left alive: {', '.join(left)}")
        finally:
            self._slot.release()
            _running.discard(self)
            if not self.keep:
                shutil.rmtree(self.folder, ignore_errors=True)

    def leftovers(self) -> list[str]:
        """Processes that name our folder, and ports of ours that are still bound."""
        return [f"process {pid}" for pid in _processes_naming(str(self.folder))] + busy(self.ports)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


_running: set[Lab] = set()


def _stop_at_exit(lab: Lab) -> None:
    if not _running:
        atexit.register(_stop_all)
        on_main = threading.current_thread() is threading.main_thread()
        if on_main and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _leave)  # so that atexit and `finally` run
    _running.add(lab)


def _stop_all() -> None:
    for lab in list(_running):
        with contextlib.suppress(AssertionError):
            lab.stop()


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def _processes_naming(text: str) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if text.encode() in (entry / "cmdline").read_bytes():
                yield int(entry.name)
