# ruff: noqa: N802, N803  the names are ARI's own, as ari-py had them
"""What one can ask of Asterisk about calls: channels, playbacks. Blocking, from any thread, with a deadline."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from urllib.parse import quote

from worker.errors import CollectorError, NoSuchChannel, PbxError, PbxRefused
from worker.pbx.ari_events import Channel, channel_of
from worker.pbx.ari_link import Link, text_of
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


ChannelList = list[Channel]
Failed = Callable[[PbxError], object]
Results = list[Channel | CollectorError]


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

    async def originate_into_later(self, channelId: str, *, endpoint: str, context: str, timeout: int) -> None:
        """On the loop: a call without a CDR row that runs that context's extension s.

        NotMade: no such channel can be made. The row is left out from the first on: the context may never run.
        """
        body = {
            "endpoint": one_line(endpoint),
            "context": pbx_id(context),
            "extension": "s",
            "priority": 1,
            "timeout": timeout,
            "variables": {"CDR_PROP(disable)": "1"},
        }
        await self._link.later("POST", _path(channelId), body, PbxRefused)

    async def there_later(self, channelId: str) -> bool:
        """On the loop: whether there is such a channel. Raises PbxError."""
        try:
            await self._link.later("GET", _path(channelId))
        except NoSuchChannel:
            return False
        return True

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

    def play(self, channelId: str, *, media: str | Sequence[str], playbackId: str, failed: Failed) -> None:
        """Without waiting; `media` is "sound:" and a sound's name, or several, played without a pause between.

        `failed` is called on the loop's thread with what the PBX objects, for instance NoSuchChannel.
        """
        names = []
        for one in [media] if isinstance(media, str) else media:
            kind, _, name = one.partition(":")
            if kind != "sound":
                raise PbxRefused("only sound: media are played")
            names.append(f"sound:{sound_name(name)}")
        body = {"media": names[0] if len(names) == 1 else names}
        path = f"{_path(channelId)}/play/{pbx_id(playbackId)}"
        self._link.loop.spawn(self._play_later(path, body, failed))

    async def _play_later(self, path: str, body: Mapping[str, object], failed: Failed) -> None:
        try:
            await self._link.later("POST", path, body)
        except PbxError as error:
            failed(error)

    def continueInDialplan(self, channelId: str, *, context: str, extension: str) -> None:
        """Leave Stasis for priority 1 there; StasisEnd follows. Raises NoSuchChannel, WrongState."""
        self._link.loop.run(self._continue_later(channelId, context, extension), 2 * self._link.seconds)

    def continue_soon(self, channelId: str, *, context: str, extension: str) -> None:
        """The same without waiting, for the event loop's own thread; what will not go is hung up."""
        self._link.loop.spawn(self._continue_or_end(channelId, context, extension))

    async def _continue_or_end(self, channelId: str, context: str, extension: str) -> None:
        try:
            await self._continue_later(channelId, context, extension)
        except NoSuchChannel:
            return
        except PbxError:
            await self._hangup_later(channelId)

    async def _continue_later(self, channelId: str, context: str, extension: str) -> None:
        body = {"context": pbx_id(context), "extension": pbx_id(extension), "priority": 1}
        await self._link.later("POST", f"{_path(channelId)}/continue", body)

    def snoop_soon(self, channelId: str, *, snoopId: str, app: str, appArgs: str) -> None:
        """Without waiting: a channel into `app` that hears what comes in on this one. Failing, it is not there."""
        body = {"spy": "in", "app": pbx_id(app), "appArgs": one_line(appArgs)}
        self._link.loop.spawn(self._quietly("POST", f"{_path(channelId)}/snoop/{pbx_id(snoopId)}", body))

    def setChannelVar(self, channelId: str, *, variable: str, value: str) -> None:
        body = {"variable": one_line(variable), "value": one_line(value)}
        self._link.ask("POST", f"{_path(channelId)}/variable", body)

    async def _quietly(self, method: str, path: str, body: Mapping[str, object]) -> None:
        with suppress(PbxError):
            await self._link.later(method, path, body)

    def getChannelVar(self, channelId: str, *, variable: str) -> str:
        """Empty when it is not set. NoSuchChannel: ARI says 404 for both, so the channel is asked for again."""
        path = f"{_path(channelId)}/variable?variable={quote(one_line(variable), safe='')}"
        try:
            answer = self._link.ask("GET", path)
        except NoSuchChannel:
            self.get(channelId)
            return ""
        return text_of(answer, "value")


class Playbacks:
    def __init__(self, link: Link) -> None:
        self._link = link

    def stop(self, playbackId: str) -> None:
        """Raises NoSuchChannel when it has ended already."""
        self._link.ask("DELETE", f"playbacks/{pbx_id(playbackId)}")


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
