"""A small ARI client with ari-py's vocabulary, `client.channels.originate(...)`: blocking, typed, thread-safe.

ari-py itself cannot be imported on Python 3. All input and output happens on one event-loop thread.
"""

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from worker.errors import PbxUnavailable
from worker.pbx.ari_events import Event
from worker.pbx.ari_http import AriHttp
from worker.pbx.ari_link import Link
from worker.pbx.ari_loop import LoopThread
from worker.pbx.ari_resources import Channels, Playbacks
from worker.pbx.ari_router import Router
from worker.pbx.ari_socket import HEARTBEAT, EventSocket
from worker.pbx.ari_system import Applications, AsteriskResource
from worker.settings import Ari


class AriClient:
    """`start` before use, `close` after; both may be called again. `listen` only where events are wanted."""

    def __init__(self, settings: Ari) -> None:
        self._settings = settings
        self.loop = LoopThread("ari")
        self._link = Link(self.loop, settings.timeout_seconds)
        self.channels = Channels(self._link)
        self.playbacks = Playbacks(self._link)
        self.applications = Applications(self._link)
        self.asterisk = AsteriskResource(self._link)
        self.router = Router()
        self._socket: EventSocket | None = None

    @property
    def app(self) -> str:
        """The configured application."""
        return self._settings.app

    @property
    def on_this_machine(self) -> bool:
        """Whether the PBX is reached without leaving this machine."""
        return self._settings.on_this_machine

    def start(self) -> None:
        """Open the loop; nothing is sent yet."""
        if self.loop.running:
            return
        self.loop.start()
        self._link.http = self.loop.run(self._open(), self._settings.timeout_seconds)

    async def _open(self) -> AriHttp:
        return AriHttp(self._settings)

    def listen(
        self,
        on_event: Callable[[Event], None],
        on_connect: Callable[[], Awaitable[None]],
        *,
        heartbeat: float = HEARTBEAT,
    ) -> EventSocket:
        """Serve the configured application until closed. Both callbacks run on the loop and must not block it.

        Returns at once; the socket's `connected` tells when it is up. RuntimeError when it listens already.
        """
        if self._link.http is None:
            raise PbxUnavailable("the ARI client is not started, or already closed")
        if self._socket is not None:
            raise RuntimeError("this client listens already")
        socket = self._socket = EventSocket(
            self._link.http, self.app, on_event, on_connect, self.router.counts, heartbeat=heartbeat
        )
        self.loop.spawn(socket.run())
        return socket

    def unlisten(self) -> None:
        """Serve the application no more; requests go on. May be called again."""
        socket, self._socket = self._socket, None
        if socket is not None and self.loop.running:
            self.loop.run(socket.stop(), self._settings.timeout_seconds)

    def close(self) -> None:
        """Everything that still waits gets PbxUnavailable; no thread, task or connection is left."""
        http, self._link.http = self._link.http, None
        if http is not None and self.loop.running:
            self.loop.run(self._shut(http), self._settings.timeout_seconds)
        self._socket = None
        self.loop.close()

    async def _shut(self, http: AriHttp) -> None:
        if self._socket is not None:
            await self._socket.stop()
        await http.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
