"""ARI's events as frozen values. Unknown kinds give None; a broken one raises ValueError."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from worker.pbx import variables

Json = dict[str, Any]  # checked field by field below


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel as Asterisk describes it; what we do not use is left out."""

    id: str
    name: str = ""
    state: str = ""  # Down, Ring, Ringing, Up ...
    accountcode: str = ""  # our instance
    context: str = ""
    exten: str = ""
    app: str | None = None  # the dialplan application it is in now; None: this Asterisk does not say


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to one channel."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class StasisStart(Event):
    args: tuple[str, ...]
    channel: Channel
    at: float = 0.0  # by the PBX's clock, as of TalkEvent


@dataclass(frozen=True, slots=True)
class StasisEnd(Event):
    """It left the application: hung up, or continued in the dialplan."""


@dataclass(frozen=True, slots=True)
class ChannelDestroyed(Event):
    cause: int  # Q.850; 0 for a ring timeout before 20.18
    cause_text: str = ""


@dataclass(frozen=True, slots=True)
class ChannelHangupRequest(Event):
    cause: int | None = None
    soft: bool = False


@dataclass(frozen=True, slots=True)
class ChannelStateChange(Event):
    state: str


@dataclass(frozen=True, slots=True)
class ChannelDtmfReceived(Event):
    """At the release of the key."""

    digit: str
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class TalkEvent(Event):
    """TALK_DETECT's: sound from the callee's side began or ended, also before the answer."""

    at: float  # seconds of the epoch, by the PBX's clock: a slow reader distorts nothing
    up: bool = True  # answered
    instance: str = ""  # the channel's account code
    name: str = ""  # the channel's


@dataclass(frozen=True, slots=True)
class ChannelTalkingStarted(TalkEvent):
    pass


@dataclass(frozen=True, slots=True)
class ChannelTalkingFinished(TalkEvent):
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class ChannelVarset(Event):
    variable: str
    value: str


@dataclass(frozen=True, slots=True)
class Dial(Event):
    """Of the called channel; `status` is empty while it goes on."""

    status: str


@dataclass(frozen=True, slots=True)
class PlaybackStarted(Event):
    playback_id: str


@dataclass(frozen=True, slots=True)
class PlaybackFinished(Event):
    """Not proof of being heard: `state` says done also for a sound cut short."""

    playback_id: str
    state: str


@dataclass(frozen=True, slots=True)
class UserEvent(Event):
    """The dialplan's own UserEvent(), with one header that we ask for."""

    name: str
    text: str  # of the header variables.EVENT_TEXT
    at: datetime
    created_at: datetime  # the channel


@dataclass(frozen=True, slots=True)
class ApplicationReplaced(Event):
    """Another process has taken our application; `channel_id` is empty."""

    application: str = ""


def channel_of(data: object) -> Channel:
    """Raises ValueError."""
    fields = _object(data)
    plan = _object(fields.get("dialplan") or {})
    return Channel(
        id=_text(fields, "id", needed=True),
        name=_text(fields, "name"),
        state=_text(fields, "state"),
        accountcode=_text(fields, "accountcode"),
        context=_text(plan, "context"),
        exten=_text(plan, "exten"),
        app=_text(plan, "app_name") if "app_name" in plan else None,
    )


def parse_event(text: str) -> Event | None:
    """One message of the event socket. None: of a kind we have no use for. Raises ValueError when malformed."""
    data = _object(json.loads(text))
    maker = _KINDS.get(_text(data, "type", needed=True))
    return maker(data) if maker else None


def _object(data: object) -> Json:
    if not isinstance(data, dict):
        raise ValueError("an object was expected")  # noqa: TRY004  the sender's mistake, not the caller's
    return data


def _text(data: Json, key: str, *, needed: bool = False) -> str:
    value = data.get(key, "")
    if not isinstance(value, str) or (needed and not value):
        raise ValueError(f"{key} is missing or not a text")
    return value


def _whole(data: Json, key: str) -> int | None:
    value = data.get(key)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise ValueError(f"{key} is not a whole number")
    return value


def _channel_id(data: Json, key: str = "channel") -> str:
    return _text(_object(data.get(key)), "id", needed=True)


def _stasis_start(data: Json) -> StasisStart:
    channel = channel_of(data.get("channel"))
    args = data.get("args", [])
    if not isinstance(args, list) or not all(isinstance(arg, str) for arg in args):
        raise ValueError("args is not a list of texts")
    return StasisStart(channel.id, tuple(args), channel, _at(data) if "timestamp" in data else 0.0)


def _at(data: Json) -> float:
    return datetime.fromisoformat(_text(data, "timestamp", needed=True)).timestamp()


def _talk_began(data: Json) -> ChannelTalkingStarted:
    channel = channel_of(data.get("channel"))
    return ChannelTalkingStarted(channel.id, _at(data), channel.state == "Up", channel.accountcode, channel.name)


def _talk_ended(data: Json) -> ChannelTalkingFinished:
    began = _talk_began(data)
    lasted = _whole(data, "duration") or 0
    return ChannelTalkingFinished(began.channel_id, began.at, began.up, began.instance, began.name, lasted)


def _playback(data: Json) -> tuple[str, str, str]:
    """Channel, id and state; the target is empty when something else than a channel is played to."""
    fields = _object(data.get("playback"))
    kind, _, target = _text(fields, "target_uri").partition(":")
    return target if kind == "channel" else "", _text(fields, "id", needed=True), _text(fields, "state")


def _varset(data: Json) -> ChannelVarset:
    channel = _channel_id(data) if "channel" in data else ""  # global variables have no channel
    return ChannelVarset(channel, _text(data, "variable", needed=True), _text(data, "value"))


def _user_event(data: Json) -> UserEvent | None:
    if "channel" not in data:
        return None  # about something else
    headers = _object(data.get("userevent") or {})
    return UserEvent(
        _channel_id(data),
        _text(data, "eventname", needed=True),
        _text(headers, variables.EVENT_TEXT),
        datetime.fromisoformat(_text(data, "timestamp", needed=True)),
        datetime.fromisoformat(_text(_object(data["channel"]), "creationtime", needed=True)),
    )


_KINDS: dict[str, Callable[[Json], Event | None]] = {
    "StasisStart": _stasis_start,
    "StasisEnd": lambda data: StasisEnd(_channel_id(data)),
    "ChannelDestroyed": lambda data: ChannelDestroyed(
        _channel_id(data), _whole(data, "cause") or 0, _text(data, "cause_txt")
    ),
    "ChannelHangupRequest": lambda data: ChannelHangupRequest(
        _channel_id(data), _whole(data, "cause"), bool(data.get("soft", False))
    ),
    "ChannelStateChange": lambda data: ChannelStateChange(
        _channel_id(data), _text(_object(data.get("channel")), "state")
    ),
    "ChannelDtmfReceived": lambda data: ChannelDtmfReceived(
        _channel_id(data), _text(data, "digit", needed=True), _whole(data, "duration_ms") or 0
    ),
    "ChannelTalkingStarted": _talk_began,
    "ChannelTalkingFinished": _talk_ended,
    "ChannelVarset": _varset,
    "ChannelUserevent": _user_event,
    "Dial": lambda data: Dial(_channel_id(data, "peer"), _text(data, "dialstatus")),
    "PlaybackStarted": lambda data: PlaybackStarted(*_playback(data)[:2]),
    "PlaybackFinished": lambda data: PlaybackFinished(*_playback(data)),
    "ApplicationReplaced": lambda data: ApplicationReplaced("", _text(data, "application")),
}
