"""A private Redis server on a free loopback port: nothing is written to disk, nothing left behind."""

import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Self

from tests.lab.mariadb import free_port

PASSWORD = "private-redis"
_START_SECONDS = 20
_STOP_SECONDS = 10


class PrivateRedis:
    """`with PrivateRedis() as broker:`. It wants a password, as a careful administrator's does."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="collector-redis-"))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:{PASSWORD}@127.0.0.1:{self.port}/0"

    @property
    def socket_url(self) -> str:
        return f"redis+socket://:{PASSWORD}@{self.folder / 'redis.sock'}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Also after `stop()`, on the same port and empty. RuntimeError when it does not answer."""
        if shutil.which("redis-server") is None:
            raise RuntimeError("redis-server is not installed: apt-get install redis-server")
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--requirepass", PASSWORD]
        command += ["--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", str(self.folder)]
        command += ["--unixsocket", str(self.folder / "redis.sock")]
        if shutil.which("setpriv"):  # so that it dies with us even when we are killed
            command = ["setpriv", "--pdeathsig", "KILL", *command]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("redis-server did not start")
            time.sleep(0.05)

    def stop(self) -> None:
        """At once; what was in it is lost."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(_STOP_SECONDS)

    def ask(self, *words: str) -> str:
        """One command as redis-cli would send it; the answer as it comes on the wire."""
        with socket.create_connection(("127.0.0.1", self.port), 5) as line:
            line.sendall(_wire("AUTH", PASSWORD) + _wire(*words))
            line.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: line.recv(65536), b""))
        return answer.removeprefix(b"+OK\r\n").decode()

    def _answers(self) -> bool:
        try:
            return self.ask("PING") == "+PONG\r\n"
        except OSError:
            return False


def _wire(*words: str) -> bytes:
    parts = [f"*{len(words)}\r\n".encode()]
    parts += [b"$%d\r\n%s\r\n" % (len(word.encode()), word.encode()) for word in words]
    return b"".join(parts)
