"""A private MariaDB server: data in a temporary folder, a free loopback port, nothing left behind.

COLLECTOR_TEST_MARIADBD chooses another server: the path of a mariadbd, or `chroot:DIR` for one inside DIR.
"""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pymysql
from pydantic import SecretStr

from worker.settings import Database
from worker.store.sqltext import statements

ISSABEL_CDR = Path(__file__).with_name("issabel_cdr.sql")
ROOT_PASSWORD = "private-root"
USER, PASSWORD = "collector", "private-collector"
ASTERISK_USER, ASTERISK_PASSWORD = "asteriskuser", "private-asterisk"

_START_SECONDS = 60
_STOP_SECONDS = 20
_SMALL = (  # a lab needs little memory, and to remember only what a crash of the server would leave
    "--innodb-buffer-pool-size=64M",
    "--innodb-log-file-size=16M",
    "--innodb-flush-log-at-trx-commit=2",
    "--skip-log-bin",
    "--performance-schema=OFF",
)
_GRANTS = (
    "CREATE USER '{user}'@'{host}' IDENTIFIED BY '{password}'",
    "GRANT ALL ON collector.* TO '{user}'@'{host}'",
    # On a PBX ours may only read these two; here the lab's Asterisk logs in as the same user.
    "GRANT SELECT, INSERT ON asteriskcdrdb.cdr TO '{user}'@'{host}'",
    "GRANT SELECT, INSERT ON asteriskcdrdb.cel TO '{user}'@'{host}'",
    (
        "GRANT CREATE, ALTER, INDEX, SELECT, INSERT, UPDATE, DELETE ON asteriskcdrdb.collector_outcome "
        "TO '{user}'@'{host}'"
    ),
    "GRANT SELECT ON call_center.* TO '{user}'@'{host}'",  # whether it is there or not
    "CREATE USER '{asterisk}'@'{host}' IDENTIFIED BY '{asterisk_password}'",
    "GRANT SELECT, INSERT ON asteriskcdrdb.* TO '{asterisk}'@'{host}'",
)


@dataclass(frozen=True, slots=True)
class Programs:
    """How to run the server and its installer; `inside` is what a path loses when seen by them (a chroot)."""

    server: tuple[str, ...]
    install: tuple[str, ...]
    inside: Path | None = None

    def seen(self, path: Path) -> str:
        return str(path) if self.inside is None else "/" + str(path.relative_to(self.inside))


def find_programs(choice: str | None = None) -> Programs:
    """RuntimeError, with what to install, when there is no server."""
    choice = os.environ.get("COLLECTOR_TEST_MARIADBD", "") if choice is None else choice
    if choice.startswith("chroot:"):
        root = Path(choice.removeprefix("chroot:")).resolve()
        prefix = ("chroot", str(root))
        return Programs((*prefix, "/usr/sbin/mariadbd"), (*prefix, "/usr/bin/mariadb-install-db"), root)
    server = shutil.which(choice or "mariadbd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/libexec")
    if server is None:
        raise RuntimeError("mariadbd is not installed: apt-get install mariadb-server")
    near = Path(server).resolve().parent
    for folder in (near, near.parent / "bin", near.parent / "scripts"):
        for name in ("mariadb-install-db", "mysql_install_db"):
            if (folder / name).exists():
                return Programs((server,), (str(folder / name),))
    raise RuntimeError(f"no mariadb-install-db beside {server}")


class PrivateMariaDb:
    """`with PrivateMariaDb() as server:`, or start() and stop(). Several may run side by side.

    Holds Issabel's `asteriskcdrdb` and users with the rights the installer gives; `collector` itself is left to
    `migrate`. `folder` is made, and removed at the end; without one it is temporary.
    """

    host = "127.0.0.1"
    user, password = USER, PASSWORD
    asterisk_user, asterisk_password = ASTERISK_USER, ASTERISK_PASSWORD

    def __init__(
        self, folder: Path | None = None, *, sql_mode: str | None = None, arguments: tuple[str, ...] = ()
    ) -> None:
        self._wanted, self._sql_mode, self._arguments = folder, sql_mode, arguments
        self._programs = find_programs()
        self._process: subprocess.Popen[str] | None = None
        self._said: deque[str] = deque(maxlen=50)
        self._ready = threading.Event()
        self._reader: threading.Thread | None = None
        self.folder = Path()
        self.port = 0

    @property
    def socket(self) -> Path:
        return self.folder / "db.sock"

    def __enter__(self) -> Self:
        return self.start()

    def start(self) -> Self:
        """Returns when it takes connections; about a second. RuntimeError with its last words when it does not."""
        self.folder, self.port = self._make_folder(), free_port()
        atexit.register(self.stop)
        try:
            self._install()
            self._start()
            self._populate()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Idempotent: end the server and remove its data."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()  # nothing in it is worth an orderly end
            process.wait(_STOP_SECONDS)
        if self._reader is not None:
            self._reader.join(_STOP_SECONDS)
            self._reader = None
        if process is not None and process.stderr is not None:
            process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        atexit.unregister(self.stop)

    def crash(self) -> None:
        """Kill the server; its data stay. `revive()` starts it again, on the same socket and port."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(_STOP_SECONDS)

    def revive(self) -> None:
        """Start it again after `crash()`. RuntimeError with its last words when it does not."""
        if self._reader is not None:
            self._reader.join(_STOP_SECONDS)
        if self._process is not None and self._process.stderr is not None:
            self._process.stderr.close()
        self._ready.clear()
        self._start()

    def _make_folder(self) -> Path:
        inside = self._programs.inside
        if self._wanted is None or inside is not None:  # a server in a chroot sees only what lies in there
            below = None if inside is None else str(inside / "tmp")
            return Path(tempfile.mkdtemp(prefix="collector-db-", dir=below))
        self._wanted.mkdir(parents=True, exist_ok=True)
        return self._wanted

    def database(self, *, schema: str = "collector", over_socket: bool = False, pool: int = 16) -> Database:
        """Settings for the unprivileged user that the installer would create."""
        return Database(
            host=self.host,
            port=self.port,
            socket=self.socket if over_socket else None,
            user=USER,
            password=SecretStr(PASSWORD),
            schema=schema,
            pool=pool,
        )

    @contextmanager
    def root(self) -> Iterator[Any]:
        """A cursor that may do anything; every statement commits."""
        with self.connect() as connection, connection.cursor() as cursor:
            yield cursor

    def connect(self) -> "pymysql.connections.Connection[Any]":
        """As root, autocommit; for a `with`, which closes it."""
        return pymysql.connect(
            unix_socket=str(self.socket), user="root", password=ROOT_PASSWORD, charset="utf8mb4", autocommit=True
        )

    def _common(self) -> tuple[str, ...]:
        seen = self._programs.seen(self.folder / "data")
        # As root the server refuses to start unless it is told that this is meant.
        owner = ("--user=root",) if os.geteuid() == 0 else ()
        return ("--no-defaults", f"--datadir={seen}", *owner, *_SMALL)

    def _install(self) -> None:
        (self.folder / "data").mkdir()
        command = [*self._programs.install, *self._common(), "--auth-root-authentication-method=normal"]
        command += ["--skip-test-db", "--force"]  # force: a machine that cannot look up its own name will do
        # a folder of its own for temporary tables: two that install at one moment were seen to meet in /tmp
        own = {**os.environ, "TMPDIR": self._programs.seen(self.folder)}
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, env=own)
        if done.returncode != 0:
            raise RuntimeError(f"mariadb-install-db failed: {(done.stdout + done.stderr)[-800:]}")

    def _start(self) -> None:
        command = [*self._programs.server, *self._common(), *self._arguments, "--bind-address=127.0.0.1"]
        command += [f"--port={self.port}", f"--socket={self._programs.seen(self.socket)}"]
        command += [f"--pid-file={self._programs.seen(self.folder / 'db.pid')}", "--skip-name-resolve"]
        if self._sql_mode is not None:
            command.append(f"--sql-mode={self._sql_mode}")
        if shutil.which("setpriv"):  # so that it dies with us even when we are killed
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._reader.start()
        if not self._ready.wait(_START_SECONDS) or self._process.poll() is not None:
            raise RuntimeError("mariadbd did not start:\n" + "".join(self._said))

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stderr is not None
        for line in process.stderr:
            self._said.append(line)
            if "ready for connections" in line:
                self._ready.set()
        self._ready.set()  # it ended: whoever waits looks at the process

    def _populate(self) -> None:
        connection = pymysql.connect(unix_socket=str(self.socket), user="root", autocommit=True)
        with connection, connection.cursor() as cursor:
            cursor.execute(f"SET PASSWORD = PASSWORD('{ROOT_PASSWORD}')")
        with self.root() as cursor:
            cursor.execute("SET sql_mode = ''")  # Issabel's own tables have zero dates
            for statement in statements(ISSABEL_CDR.read_text("utf-8")):
                cursor.execute(statement)
            for host in ("127.0.0.1", "localhost"):
                for grant in _GRANTS:
                    cursor.execute(
                        grant.format(
                            user=USER,
                            password=PASSWORD,
                            asterisk=ASTERISK_USER,
                            asterisk_password=ASTERISK_PASSWORD,
                            host=host,
                        )
                    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
