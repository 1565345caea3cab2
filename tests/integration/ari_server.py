"""A small real ARI, REST and websocket on loopback, with faults that a healthy Asterisk cannot be made to show."""

import asyncio
import base64
import re
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from aiohttp import WSCloseCode, web
from pydantic import SecretStr

from tests.integration.ari_faults import PASSWORD, STAMP, USER, Fault, channel_of, error
from worker.pbx import variables
from worker.pbx.ari_loop import LoopThread
from worker.settings import Ari

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class AriServer:
    """`start`, then point a client at `settings`; `stop` leaves nothing open.

    Endpoints beginning with "Local/answer" are answered at once, others end busy at once. A sound lasts
    `sound_seconds`. Event types in `lost` never reach anybody.
    """

    sound_seconds: float = 0.05
    timeout_seconds: float = 1.0
    lost: set[str] = field(default_factory=set)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    bodies: list[dict[str, object]] = field(default_factory=list)
    channels: dict[str, dict[str, object]] = field(default_factory=dict)
    variables: dict[tuple[str, str], str] = field(default_factory=dict)
    port: int = 0
    _loop: LoopThread = field(default_factory=lambda: LoopThread("ari-server"))
    _sockets: set[web.WebSocketResponse] = field(default_factory=set)
    _playing: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _runner: web.AppRunner | None = None
    refuse_sockets: bool = False
    seen: threading.Condition = field(default_factory=threading.Condition)

    @property
    def settings(self) -> Ari:
        return Ari(
            url=f"http://127.0.0.1:{self.port}",
            user=USER,
            password=SecretStr(PASSWORD),
            timeout_seconds=self.timeout_seconds,
        )

    def start(self) -> None:
        self._loop.start()
        self._loop.run(self._serve(), 5)

    def stop(self) -> None:
        if self._loop.running:
            self._loop.run(self._close(), 5)
        self._loop.close()

    def emit(self, kind: str, **fields: object) -> None:
        """Send one event to everybody who listens; from a test's thread."""
        self._loop.run(self._emit(kind, **fields), 5)

    def send_text(self, text: str) -> None:
        """The same, raw."""
        self._loop.run(self._send(text), 5)

    def press(self, channel_id: str, keys: str) -> None:
        for key in keys:
            self.emit("ChannelDtmfReceived", digit=key, duration_ms=100, channel=self.channels[channel_id])

    def enter(self, channel_id: str, *args: str, tell: bool = True) -> None:
        """A channel comes into Stasis."""
        self.channels[channel_id] = channel_of(channel_id, "Stasis")
        if tell:
            self.emit("StasisStart", args=list(args), channel=self.channels[channel_id])

    def hang_up(self, channel_id: str, *, tell: bool = True) -> None:
        """The callee goes."""
        self._loop.run(self._end(channel_id, tell=tell), 5)

    def cut(self) -> None:
        """Every event socket breaks, without a goodbye."""
        self._loop.run(self._cut(), 5)

    def wait_for(self, pattern: str, seconds: float = 5.0) -> bool:
        """Until a request "METHOD path" that fits has been made."""
        with self.seen:
            return self.seen.wait_for(lambda: any(re.search(pattern, one) for one in self.requests), seconds)

    @property
    def sockets(self) -> int:
        return len(self._sockets)

    async def _serve(self) -> None:
        app = web.Application(middlewares=[self._gate])
        app.add_routes(
            [
                web.get("/ari/events", self._events),
                web.get("/ari/asterisk/info", self._info),
                web.post("/ari/asterisk/variable", self._set),
                web.post("/ari/channels/{id}/snoop/{snoop}", self._snoop),
                web.get("/ari/applications/{name}", self._application),
                web.put("/ari/applications/{name}/eventFilter", self._application),
                web.get("/ari/channels", self._list),
                web.get("/ari/channels/{id}", self._get),
                web.post("/ari/channels/{id}", self._originate),
                web.delete("/ari/channels/{id}", self._hangup),
                web.post("/ari/channels/{id}/play/{playback}", self._play),
                web.post("/ari/channels/{id}/continue", self._continue),
                web.post("/ari/channels/{id}/variable", self._set),
                web.get("/ari/channels/{id}/variable", self._variable),
                web.delete("/ari/playbacks/{playback}", self._stop_playback),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        for task in self._playing.values():
            task.cancel()
        await self._cut()
        if self._runner is not None:
            await self._runner.cleanup()
        await asyncio.sleep(0.05)  # sockets being taken in or given up are closed a step later

    @web.middleware
    async def _gate(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        line = f"{request.method} {request.path_qs}"
        with self.seen:
            self.requests.append(line)
            self.seen.notify_all()
        wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {wanted}":
            return error(401, "Authentication required")
        fault = next((one for one in self.faults if one.times and re.search(one.pattern, line)), None)
        if fault is not None:
            fault.times -= 1
            await asyncio.sleep(fault.seconds)
            if fault.drop and request.transport is not None:
                request.transport.abort()
            return error(fault.status, fault.message)
        if request.can_read_body:
            self.bodies.append(await request.json())
        return await handler(request)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self.refuse_sockets:
            return error(503, "not now")
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            async for _ in socket:
                pass
        finally:
            self._sockets.discard(socket)
        return socket

    async def _emit(self, kind: str, **fields: object) -> None:
        if kind in self.lost:
            return
        for socket in list(self._sockets):
            if not socket.closed:
                await socket.send_json(STAMP | {"type": kind, "application": "collector", **fields})

    async def _send(self, text: str) -> None:
        for socket in list(self._sockets):
            await socket.send_str(text)

    async def _cut(self) -> None:
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY, drain=False)

    async def _end(self, channel_id: str, *, tell: bool = True) -> None:
        channel = self.channels.pop(channel_id, None)
        if channel is not None and tell:
            await self._emit("ChannelHangupRequest", channel=channel, cause=16)
            await self._emit("StasisEnd", channel=channel)
            await self._emit("ChannelDestroyed", channel=channel, cause=16, cause_txt="Normal Clearing")

    async def _info(self, _: web.Request) -> web.Response:
        return web.json_response({"system": {"version": "16.28.0"}, "status": {"startup_time": "now"}})

    async def _application(self, request: web.Request) -> web.Response:
        if not self._sockets:
            return error(404, "Application not found")
        return web.json_response({"name": request.match_info["name"], "channel_ids": list(self.channels)})

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response(list(self.channels.values()))

    async def _get(self, request: web.Request) -> web.Response:
        channel = self.channels.get(request.match_info["id"])
        return web.json_response(channel) if channel else error(404, "Channel not found")

    async def _originate(self, request: web.Request) -> web.Response:
        channel_id, body = request.match_info["id"], await request.json()
        if channel_id in self.channels:
            return error(409, "Channel with given unique ID already exists")
        channel = self.channels[channel_id] = channel_of(channel_id, "AppDial2", "Down")
        if str(body["endpoint"]).startswith("Local/answer"):
            channel = self.channels[channel_id] = channel_of(channel_id, "Stasis")
            await self._emit("StasisStart", args=[body["appArgs"]], channel=channel)
        else:
            await self._emit("Dial", peer=channel, dialstatus="BUSY")
            await self._end(channel_id)
        return web.json_response(channel)

    async def _hangup(self, request: web.Request) -> web.Response:
        if request.match_info["id"] not in self.channels:
            return error(404, "Channel not found")
        await self._end(request.match_info["id"])
        return web.Response(status=204)

    async def _play(self, request: web.Request) -> web.Response:
        channel_id, playback_id = request.match_info["id"], request.match_info["playback"]
        if channel_id not in self.channels:
            return error(404, "Channel not found")
        media = (await request.json())["media"]
        sounds = len(media) if isinstance(media, list) else 1
        task = asyncio.create_task(self._sound(channel_id, playback_id, sounds))
        self._playing[playback_id] = task
        task.add_done_callback(lambda _: self._playing.pop(playback_id, None))
        return web.json_response({"id": playback_id, "state": "queued"}, status=201)

    async def _sound(self, channel_id: str, playback_id: str, sounds: int) -> None:
        """Asterisk says of each of several sounds that it has started."""
        playback: dict[str, object] = {
            "id": playback_id,
            "target_uri": f"channel:{channel_id}",
            "state": "playing",
        }
        with suppress(asyncio.CancelledError):
            for _ in range(sounds):
                await self._emit("PlaybackStarted", playback=playback)
                await asyncio.sleep(self.sound_seconds)
        await self._emit("PlaybackFinished", playback=playback | {"state": "done"})

    async def _stop_playback(self, request: web.Request) -> web.Response:
        task = self._playing.get(request.match_info["playback"])
        if task is None:
            return error(404, "Playback not found")
        task.cancel()
        return web.Response(status=204)

    async def _continue(self, request: web.Request) -> web.Response:
        channel_id = request.match_info["id"]
        channel = self.channels.get(channel_id)
        if channel is None:
            return error(404, "Channel not found")
        await self._emit("StasisEnd", channel=channel)
        context = (await request.json())["context"]
        if context == variables.CONTEXT_RECORD:
            await self._emit("StasisStart", args=[channel_id], channel=channel)
        elif context == variables.CONTEXT_TO_AGENT:
            await self._emit("StasisStart", args=[variables.STASIS_RESUME, channel_id], channel=channel)
        return web.Response(status=204)

    async def _snoop(self, request: web.Request) -> web.Response:
        name, body = request.match_info["snoop"], await request.json()
        snoop = self.channels[name] = channel_of(name, "Stasis")
        await self._emit("StasisStart", args=str(body["appArgs"]).split(","), channel=snoop)
        return web.json_response(snoop)

    async def _set(self, request: web.Request) -> web.Response:
        body, channel_id = await request.json(), request.match_info.get("id", "")
        if channel_id and channel_id not in self.channels:
            return error(404, "Channel not found")
        self.variables[channel_id, body["variable"]] = body["value"]
        return web.Response(status=204)

    async def _variable(self, request: web.Request) -> web.Response:
        value = self.variables.get((request.match_info["id"], request.query["variable"]))
        return web.json_response({"value": value}) if value is not None else error(404, "Variable not found")
