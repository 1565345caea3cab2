"""ARI's event half: one websocket an application, for ever reconnected. It parses and hands over, nothing else."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aiohttp
import structlog

from worker.errors import PbxError
from worker.pbx.ari_events import ApplicationReplaced, Event, parse_event
from worker.pbx.ari_http import AriHttp
from worker.pbx.ari_router import Counts

FIRST_PAUSE = 0.25  # seconds before the first reconnection; doubles
LONGEST_PAUSE = 5.0
GREET_AGAIN = 1.0  # seconds before `on_connect` is tried again
HEARTBEAT = 10.0  # seconds between pings; half of it without a pong and the socket counts as dead

log = structlog.get_logger(__name__)


class EventSocket:
    """`run` until `stop`. `on_event` must not block; `on_connect` runs beside the reader after each connection."""

    def __init__(
        self,
        http: AriHttp,
        app: str,
        on_event: Callable[[Event], None],
        on_connect: Callable[[], Awaitable[None]],
        counts: Counts,
        *,
        heartbeat: float = HEARTBEAT,
    ) -> None:
        self._http, self._app = http, app
        self._on_event, self._on_connect = on_event, on_connect
        self._counts = counts
        self._heartbeat = heartbeat
        self.connected = threading.Event()
        self.connections = 0
        self._task: asyncio.Task[None] | None = None
        self.replaced = False  # another process serves our application now: we do not take it back

    async def stop(self) -> None:
        """On the loop: end `run`, leave nothing open."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def run(self) -> None:
        self._task = asyncio.current_task()
        pause, told = FIRST_PAUSE, ""
        while not self.replaced:
            try:
                socket = await self._http.socket(self._app, self._heartbeat)
            except PbxError as error:
                if told != str(error):
                    told = str(error)
                    log.error("no event socket", app=self._app, problem=told)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
                continue
            pause, told = FIRST_PAUSE, ""
            await self._serve(socket)
            if not self.replaced:
                await asyncio.sleep(pause)

    async def _serve(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.connections += 1
        self.connected.set()
        log.info("event socket open", app=self._app, connections=self.connections)
        greeting = asyncio.create_task(self._greet())
        try:
            await self._read(socket)
        finally:
            self.connected.clear()
            greeting.cancel()
            with suppress(asyncio.CancelledError):
                await greeting
            await socket.close()
        log.warning("event socket closed", app=self._app, code=socket.close_code, replaced=self.replaced)

    async def _greet(self) -> None:
        while True:
            try:
                return await self._on_connect()
            except PbxError as error:
                log.error("after connecting", app=self._app, problem=str(error))
                if not error.again:
                    return None
            await asyncio.sleep(GREET_AGAIN)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        async for message in socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            self._take(message.data)
            if self.replaced:
                return

    def _take(self, text: str) -> None:
        """One message; whatever is wrong with it or with its handling, the reader lives on."""
        try:
            event = parse_event(text)
        except ValueError as error:
            self._counts.broken += 1
            log.warning("broken event", problem=str(error)[:120])
            return
        if event is None:
            self._counts.unknown += 1
            return
        if isinstance(event, ApplicationReplaced):
            self.replaced = True
            log.error("another process has taken our application", app=self._app, remedy="run one handler a PBX")
        try:
            self._on_event(event)
        except Exception:
            log.exception("an event could not be handled", kind=type(event).__name__)
