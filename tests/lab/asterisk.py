"""One private Asterisk: own folders, own process group, dies with us; controlled by its own command line."""

import contextlib
import os
import select
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

DATA = Path("/usr/share/asterisk")  # documentation that the modules' options need to load
START_SECONDS = 30.0
STOP_SECONDS = 5.0


class AsteriskNode:
    """An Asterisk under `folder`; its configuration lies in `folder`/etc and is written by the caller."""

    def __init__(self, name: str, folder: Path, environ: dict[str, str] | None = None) -> None:
        self.name = name
        self.folder = folder
        self.etc = folder / "etc"
        self.spool = folder / "spool"
        self.data = folder / "data"
        self.logfile = folder / "log" / "full"
        self._environ = environ or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: socket.socket | None = None
        for part in (
            "etc",
            "spool/outgoing",
            "spool/collector",
            "spool/monitor",
            "spool/tmp",
            "log",
            "run",
            "db/keys",
            "data/sounds",
        ):
            (folder / part).mkdir(parents=True, exist_ok=True)
        for shared in ("documentation", "rest-api"):
            if not (self.data / shared).exists():
                (self.data / shared).symlink_to(DATA / shared)

    @property
    def directories(self) -> dict[str, Path]:
        """What stands under [directories] of asterisk.conf, the modules folder excepted."""
        return {
            "astetcdir": self.etc,
            "astvarlibdir": self.folder / "db",
            "astdbdir": self.folder / "db",
            "astkeydir": self.folder / "db",
            "astdatadir": self.data,
            "astagidir": self.data / "agi-bin",
            "astspooldir": self.spool,
            "astrundir": self.folder / "run",
            "astlogdir": self.folder / "log",
        }

    @property
    def pid(self) -> int:
        """Of the running Asterisk. Raises RuntimeError when there is none."""
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"the lab's {self.name} is not running")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def begin(self) -> None:
        """Start without waiting. From the main thread: the kernel ends the child with the starting thread."""
        if self.running:
            raise RuntimeError(f"the lab's {self.name} is already running")
        address = self.folder / "run" / "ready"
        address.unlink(missing_ok=True)
        self._ready = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._ready.bind(str(address))
        environ = {"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"), "HOME": str(self.folder)}
        environ |= {"NOTIFY_SOCKET": str(address), "TZ": "UTC", **self._environ}
        command = [_program("asterisk"), "-f", "-C", str(self.etc / "asterisk.conf")]
        with (self.folder / "log" / "console").open("ab") as console:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=self.folder,
            )

    def wait_ready(self) -> None:
        """Sleep until Asterisk says READY=1, as it would to systemd. RuntimeError with its log if it dies."""
        if self._process is None or self._ready is None:
            raise RuntimeError(f"the lab's {self.name} was not started")
        deadline = time.monotonic() + START_SECONDS
        ready, death = self._ready, os.pidfd_open(self._process.pid)
        try:
            while (left := deadline - time.monotonic()) > 0:
                readable, _, _ = select.select([ready.fileno(), death], [], [], left)
                if death in readable:
                    break
                if readable and b"READY=1" in ready.recv(4096):
                    return
        finally:
            os.close(death)
            ready.close()
            self._ready = None
        raise RuntimeError(f"the lab's {self.name} did not start:\n{self.log_end()}")

    def start(self) -> None:
        self.begin()
        self.wait_ready()

    def stop(self) -> None:
        """Asked first, killed after a few seconds; returns when nothing of it is alive. May be called again."""
        self._forget_ready()
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)  # whatever it started
        process.wait()

    def _forget_ready(self) -> None:
        """Nobody waits for READY=1 any more."""
        if self._ready is not None:
            self._ready.close()
            self._ready = None

    def kill9(self) -> None:
        """As a crash would: no goodbye to anyone, the spool left as it was."""
        os.killpg(self.pid, signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
            self._process = None
        self._forget_ready()

    def restart(self) -> None:
        self.stop()
        self.start()

    def rx(self, command: str) -> str:
        """What the command line prints. RuntimeError when Asterisk cannot be reached."""
        done = subprocess.run(
            [_program("asterisk"), "-C", str(self.etc / "asterisk.conf"), "-rx", command],
            env={"PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin"), "HOME": str(self.folder)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{self.name}: {command}: {(done.stdout + done.stderr).strip()[-500:]}")
        return done.stdout

    def channels(self) -> list[str]:
        """Names of the channels that exist now."""
        lines = self.rx("core show channels concise").splitlines()
        return [line.split("!", 1)[0] for line in lines if "!" in line]

    def log_end(self, lines: int = 30) -> str:
        text = ""
        for file in (self.folder / "log" / "console", self.logfile):
            if file.exists():
                text += "\n".join(file.read_text(errors="replace").splitlines()[-lines:]) + "\n"
        return text


def _program(name: str) -> str:
    """Asterisk lives in /usr/sbin, which a plain user's PATH may not hold."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin") or name
