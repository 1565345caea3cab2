"""Plays a written-down exchange with RBX over real HTTP, in its order, and keeps what was asked."""

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, cast

FOLDER = Path(__file__).resolve().parents[1] / "contract" / "transcripts" / "rbx"


@dataclass(frozen=True, slots=True)
class Asked:
    path: str
    body: Any  # JSON
    key: str | None  # header authentication_key


def written(name: str) -> dict[str, Any]:
    """`exchanges`, and `fact`: where they are documented."""
    return cast("dict[str, Any]", json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8")))


class Transcript:
    """Serves on 127.0.0.1 while the `with` lasts."""

    def __init__(self, name: str) -> None:
        self.exchanges: list[dict[str, Any]] = written(name)["exchanges"]
        self.asked: list[Asked] = []
        self._http = _Http(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name=f"rbx-{name}")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def expected(self) -> list[tuple[str, Any]]:
        """Path and question of each exchange, as they are written down."""
        return [(exchange["path"], exchange["request"]) for exchange in self.exchanges]

    def __enter__(self) -> "Transcript":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()


class _Http(HTTPServer):
    owner: Transcript


class _Handler(BaseHTTPRequestHandler):
    """HTTP/1.0: one question a connection, so that one thread serves them in order."""

    def do_POST(self) -> None:
        owner = cast("_Http", self.server).owner
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        owner.asked.append(Asked(self.path, body, self.headers.get("authentication_key")))
        if len(owner.asked) > len(owner.exchanges):
            return self.send_error(404, "the transcript ends before this question")
        exchange = owner.exchanges[len(owner.asked) - 1]
        answer = exchange["text"] if "text" in exchange else json.dumps(exchange["body"], ensure_ascii=False)
        self.send_response(exchange["status"])
        for name, value in exchange["headers"].items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.encode())
        return None

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
        """Silence: `owner.asked` is the log."""
