# ruff: noqa: N802, N803  the names are ARI's own, as ari-py had them
"""What one can ask of Asterisk: channels, playbacks, applications. Blocking, from any thread, with a deadline."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from worker.errors import CollectorError, NoSuchChannel, PbxError, PbxRefused
from worker.pbx.ari_events import Channel, channel_of
from worker.pbx.ari_http import AriHttp
from worker.pbx.ari_loop import LoopThread
from worker.pbx.text import one_line, pbx_id, sound_name

MANY_SECONDS = 10.0  # by then every request of originate_many has been sent, or never will be
HANGUP_PAUSES = (1.0, 2.0, 4.0, 0.0)  # seconds; a channel left open would be dead air for somebody
REASONS = ("normal", "busy", "congestion", "no_answer", "timeout", "rejected", "unallocated", "normal_unspecified")


@dataclass(frozen=True, slots=True)
class OriginateRequest:
    """A call into a Stasis application. `timeout` is whole seconds of ringing."""

    endpoint: str
    app: str
    channelId: str  # noqa: N815  ARI's name
    appArgs: str = ""  # noqa: N815
    callerId: str = ""  # noqa: N815
    timeout: int = 30
    variables: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, object]:
        """Raises UnsafeText."""
        wanted: dict[str, object] = {
            "endpoint": one_line(self.endpoint),
            "app": pbx_id(self.app),
            "appArgs": one_line(self.appArgs),
            "callerId": one_line(self.callerId),
            "timeout": self.timeout,
            "variables": {one_line(name): one_line(value) for name, value in self.variables.items()},
        }
        return {key: value for key, value in wanted.items() if value not in ("", {})}


@dataclass(frozen=True, slots=True)
class Application:
    """A registered Stasis application and what it is subscribed to."""

    name: str
    channel_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Info:
    """Of the Asterisk that answers."""

    version: str
    started: str  # its start-up time, as it says it


ChannelList = list[Channel]
Failed = Callable[[PbxError], object]
Results = list[Channel | CollectorError]


@dataclass(slots=True)
class Link:
    """What every resource needs: the loop, the HTTP half once it is open, the configured timeout."""

    loop: LoopThread
    seconds: float
    http: AriHttp | None = None

    def ask(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        missing: type[PbxError] = NoSuchChannel,
    ) -> object:
        return self.loop.run(self.later(method, path, body, missing), 2 * self.seconds)

    async def later(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        missing: type[PbxError] = NoSuchChannel,
        deadline: float | None = None,
    ) -> object:
        if self.http is None:
            raise RuntimeError("the ARI client is not started")
        return await self.http.request(method, path, body, missing=missing, deadline=deadline)


class Channels:
    def __init__(self, link: Link) -> None:
        self._link = link

    def list(self) -> ChannelList:
        """All channels of the PBX, ours or not. Raises PbxError."""
        return self._link.loop.run(self.list_later(), 2 * self._link.seconds)

    async def list_later(self) -> ChannelList:
        """The same on the loop."""
        answer = await self._link.later("GET", "channels", missing=PbxRefused)
        if not isinstance(answer, list):
            raise PbxRefused("ARI's list of channels is not a list")
        return [_channel(one) for one in answer]

    def get(self, channelId: str) -> Channel:
        """Raises NoSuchChannel."""
        return _channel(self._link.ask("GET", _path(channelId)))

    def originate(
        self,
        *,
        endpoint: str,
        app: str,
        channelId: str,
        appArgs: str = "",
        callerId: str = "",
        timeout: int = 30,
        variables: Mapping[str, str] | None = None,
    ) -> Channel:
        """Start a call that enters `app` when answered. WrongState: that channelId is in use. Raises PbxError."""
        request = OriginateRequest(endpoint, app, channelId, appArgs, callerId, timeout, variables or {})
        return self._link.loop.run(self._originate(request, None), 2 * self._link.seconds)

    def originate_many(self, requests: Sequence[OriginateRequest]) -> Results:
        """At once, a bounded number at a time; one result each, in order. Raises PbxUnavailable when closed."""
        if not requests:
            return []
        return self._link.loop.run(self._many(requests), MANY_SECONDS + self._link.seconds)

    async def _many(self, requests: Sequence[OriginateRequest]) -> Results:
        deadline = asyncio.get_running_loop().time() + MANY_SECONDS

        async def one(request: OriginateRequest) -> Channel | CollectorError:
            try:
                return await self._originate(request, deadline)
            except CollectorError as error:
                return error

        return await asyncio.gather(*map(one, requests))

    async def _originate(self, request: OriginateRequest, deadline: float | None) -> Channel:
        path, body = _path(request.channelId), request.body()
        return _channel(await self._link.later("POST", path, body, PbxRefused, deadline))

    def hangup(self, channelId: str, reason: str = "normal") -> None:
        """Raises NoSuchChannel when it is gone already."""
        self._link.ask("DELETE", _hangup_path(channelId, reason))

    def hangup_soon(self, channelId: str, reason: str = "normal") -> None:
        """Without waiting; tried again while the PBX does not answer. Also for the event loop's own thread."""
        self._link.loop.spawn(self._hangup_later(channelId, reason))

    async def _hangup_later(self, channelId: str, reason: str = "normal") -> None:
        for pause in HANGUP_PAUSES:
            try:
                await self._link.later("DELETE", _hangup_path(channelId, reason))
            except PbxError as error:
                if error.again:
                    await asyncio.sleep(pause)
                    continue
            return  # done, or gone already

    def play(self, channelId: str, *, media: str, playbackId: str, failed: Failed) -> None:
        """Without waiting; `media` is "sound:" and a sound's name.

        `failed` is called on the loop's thread with what the PBX objects, for instance NoSuchChannel.
        """
        kind, _, name = media.partition(":")
        if kind != "sound":
            raise PbxRefused("only sound: media are played")
        body = {"media": f"sound:{sound_name(name)}"}
        path = f"{_path(channelId)}/play/{pbx_id(playbackId)}"
        self._link.loop.spawn(self._play_later(path, body, failed))

    async def _play_later(self, path: str, body: Mapping[str, object], failed: Failed) -> None:
        try:
            await self._link.later("POST", path, body)
        except PbxError as error:
            failed(error)

    def continueInDialplan(self, channelId: str, *, context: str, extension: str, priority: int = 1) -> None:
        """Leave Stasis; StasisEnd follows. Raises NoSuchChannel, WrongState."""
        body = {"context": pbx_id(context), "extension": pbx_id(extension), "priority": priority}
        self._link.ask("POST", f"{_path(channelId)}/continue", body)

    def setChannelVar(self, channelId: str, *, variable: str, value: str) -> None:
        body = {"variable": one_line(variable), "value": one_line(value)}
        self._link.ask("POST", f"{_path(channelId)}/variable", body)

    def getChannelVar(self, channelId: str, *, variable: str) -> str:
        """Empty when it is not set. NoSuchChannel: ARI says 404 for both, so the channel is asked for again."""
        path = f"{_path(channelId)}/variable?variable={quote(one_line(variable), safe='')}"
        try:
            answer = self._link.ask("GET", path)
        except NoSuchChannel:
            self.get(channelId)
            return ""
        return _text(answer, "value")


class Playbacks:
    def __init__(self, link: Link) -> None:
        self._link = link

    def stop(self, playbackId: str) -> None:
        """Raises NoSuchChannel when it has ended already."""
        self._link.ask("DELETE", f"playbacks/{pbx_id(playbackId)}")


class Applications:
    def __init__(self, link: Link) -> None:
        self._link = link

    def get(self, applicationName: str) -> Application | None:
        """None when nobody serves it. Raises PbxError."""
        try:
            return _application(self._link.ask("GET", f"applications/{pbx_id(applicationName)}"))
        except NoSuchChannel:
            return None

    def subscribe(self, applicationName: str, *, eventSource: str) -> Application:
        """`eventSource` is like "channel:ID". Raises PbxRefused when there is no such source."""
        kind, _, name = eventSource.partition(":")
        body = {"eventSource": f"{pbx_id(kind)}:{pbx_id(name)}"}
        path = f"applications/{pbx_id(applicationName)}/subscription"
        return _application(self._link.ask("POST", path, body))

    async def allow_later(self, applicationName: str, kinds: Sequence[str]) -> None:
        """On the loop: have only these kinds of events sent (Asterisk 16.3 and later)."""
        body = {"allowed": [{"type": kind} for kind in kinds]}
        await self._link.later("PUT", f"applications/{pbx_id(applicationName)}/eventFilter", body)


class AsteriskResource:
    def __init__(self, link: Link) -> None:
        self._link = link

    def ping(self) -> None:
        """Raises PbxError when ARI does not answer. Works from 13 on, where /asterisk/ping is missing."""
        self.info()

    def info(self) -> Info:
        answer = self._link.ask("GET", "asterisk/info?only=system%2Cstatus", missing=PbxRefused)
        fields: Any = answer if isinstance(answer, dict) else {}
        return Info(_text(fields.get("system"), "version"), _text(fields.get("status"), "startup_time"))


def _path(channelId: str) -> str:
    return f"channels/{pbx_id(channelId)}"


def _hangup_path(channelId: str, reason: str) -> str:
    if reason not in REASONS:
        raise PbxRefused("that is no reason to hang up that ARI knows")
    return f"{_path(channelId)}?reason={reason}"


def _channel(answer: object) -> Channel:
    try:
        return channel_of(answer)
    except ValueError as error:
        raise PbxRefused(f"ARI described a channel in a way we do not know: {error}") from None


def _application(answer: object) -> Application:
    ids = answer.get("channel_ids", []) if isinstance(answer, dict) else []
    return Application(_text(answer, "name"), tuple(str(one) for one in ids) if isinstance(ids, list) else ())


def _text(answer: object, key: str) -> str:
    value = answer.get(key, "") if isinstance(answer, dict) else ""
    return value if isinstance(value, str) else ""
