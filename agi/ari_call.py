"""A call that reached us over ARI: the conversation's verbs as REST requests and awaited events."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import structlog

from agi.call import Detection, Hangup, Said
from worker.errors import NoSuchChannel, PbxError, PbxUnavailable, WrongState
from worker.pbx import variables
from worker.pbx.ari import AriClient
from worker.pbx.ari_events import (
    Channel,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    PlaybackFinished,
    PlaybackStarted,
    StasisEnd,
    StasisStart,
)
from worker.pbx.ari_router import Arrived, LineLost, Mailbox, RequestFailed
from worker.pbx.text import sound_name

START_SECONDS = 2.0  # ARI does not report every failure to play: what has not begun by then never will
MARGIN_SECONDS = 2.0  # beyond a sound's length, before we stop waiting for its end
LONGEST_SOUND = 120.0  # when its length is not known
SHORTFALL_SECONDS = 0.5  # a sound that ended this much early was not played to its end
LISTEN_SECONDS = 25.0  # the longest total_analysis_time that settings allow is 20
KEPT_KEYS = 40  # what the outcome table keeps

SecondsOf = Callable[[str], float | None]

# suffix, bytes a second at 8 kHz, bytes of header
FORMATS = ((".alaw", 8000, 0), (".al", 8000, 0), (".ulaw", 8000, 0), (".sln", 16000, 0), (".wav", 16000, 44))

log = structlog.get_logger(__name__)


def file_seconds(folder: Path) -> SecondsOf:
    """How long a sound of that folder lasts, by its size; None when it is not there in a format we know."""

    def seconds(name: str) -> float | None:
        for suffix, rate, header in FORMATS:
            with suppress(OSError):
                size = (folder / f"{sound_name(name)}{suffix}").stat().st_size
                return max(size - header, 0) / rate
        return None

    return seconds


@dataclass(slots=True)
class _Playing:
    playback_id: str
    length: float | None
    started_at: float | None = None

    def heard(self, at: float) -> float:
        """Seconds played by then."""
        played = max(0.0, at - self.started_at) if self.started_at is not None else 0.0
        return played if self.length is None else min(played, self.length)

    def end_by(self, at: float) -> float:
        return at + (LONGEST_SOUND if self.length is None else self.length) + MARGIN_SECONDS


class AriCall:
    """`agi.call.Call` over ARI, for one thread. `pressed` holds every key so far, asked for or not."""

    def __init__(
        self,
        client: AriClient,
        channel: Channel,
        mailbox: Mailbox,
        *,
        seconds_of: SecondsOf = lambda _: None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`mailbox`: of this channel, open since before its StasisStart was handed over."""
        self._client, self._channel, self._mailbox = client, channel, mailbox
        self._seconds_of, self._now = seconds_of, now
        self._playing: _Playing | None = None
        self._sounds = 0
        self._away = False  # in the dialplan, by our own doing
        self._gone = False
        self.pressed = ""

    def say(self, sound: str, *, keys: str = "") -> Said:
        """Keys pressed before it began are recorded, but answer nothing: they were for an earlier question."""
        self._catch_up()
        self._sounds += 1
        playing = self._playing = _Playing(f"{self._channel.id}.{self._sounds}", self._seconds_of(sound))
        try:
            self._client.channels.play(
                self._channel.id,
                media=f"sound:{sound}",
                playbackId=playing.playback_id,
                failed=lambda problem: self._mailbox.put(RequestFailed(self._channel.id, problem)),
            )
            return self._listen(playing, sound, keys)
        finally:
            self._playing = None

    def wait_key(self, keys: str, seconds: float) -> str | None:
        deadline = self._now() + seconds
        while (arrived := self._next(deadline)) is not None:
            if isinstance(arrived.event, ChannelDtmfReceived) and arrived.event.digit in keys:
                return arrived.event.digit
        return None

    def detect_answerer(self) -> Detection:
        """The dialplan runs AMD() with the instance's arguments and sends the channel back to us."""
        if not self._channel.accountcode:
            log.error("no account code, so no AMD", channel=self._channel.id)
            return Detection("", "")
        self._catch_up()
        self._away = True
        try:
            self._do(
                lambda: self._client.channels.continueInDialplan(
                    self._channel.id,
                    context=variables.CONTEXT_AMD,
                    extension=self._channel.accountcode,
                    priority=1,
                )
            )
            return self._await_return()
        finally:
            self._away = False

    def remember(self, talk: str) -> None:
        self._do(
            lambda: self._client.channels.setChannelVar(self._channel.id, variable=variables.TALK, value=talk)
        )

    def hang_up(self) -> None:
        if not self._gone:
            self._gone = True
            try:
                self._client.channels.hangup(self._channel.id)
            except PbxUnavailable:
                self._client.channels.hangup_soon(self._channel.id)
            except PbxError:
                return  # gone by itself

    def _listen(self, playing: _Playing, sound: str, keys: str) -> Said:
        deadline = self._now() + START_SECONDS
        while (arrived := self._next(deadline)) is not None:
            event = arrived.event
            if isinstance(event, ChannelDtmfReceived) and event.digit in keys:
                self._stop(playing)
                return Said(event.digit, playing.heard(arrived.at), complete=False)
            if isinstance(event, PlaybackStarted) and event.playback_id == playing.playback_id:
                playing.started_at = arrived.at
                deadline = playing.end_by(arrived.at)
            elif isinstance(event, PlaybackFinished) and event.playback_id == playing.playback_id:
                return self._finished(playing, sound, arrived.at, event.state)
        log.error("sound not played", sound=sound, channel=self._channel.id, began=playing.started_at is not None)
        self._stop(playing)
        return Said(None, playing.heard(self._now()), complete=False)

    def _finished(self, playing: _Playing, sound: str, at: float, state: str) -> Said:
        """Its end is not proof: "failed" is a missing file, and a sound cut short says "done" as well."""
        if state == "failed":
            log.error("sound not played", sound=sound, channel=self._channel.id, state=state)
            return Said(None, 0.0, complete=False)
        seconds = playing.heard(at)
        complete = playing.length is None or seconds >= playing.length - SHORTFALL_SECONDS
        if not complete:
            log.warning("sound cut short", sound=sound, channel=self._channel.id, seconds=round(seconds, 2))
        return Said(None, seconds, complete=complete)

    def _await_return(self) -> Detection:
        deadline = self._now() + LISTEN_SECONDS
        while (arrived := self._next(deadline)) is not None:
            event = arrived.event
            if isinstance(event, StasisStart) and event.args[:1] == (variables.STASIS_RESUME,):
                status, cause, *_ = *event.args[2:], "", ""
                return Detection(status, cause)
        log.error("AMD did not come back: the call is ended", channel=self._channel.id)
        self.hang_up()
        raise Hangup

    def _catch_up(self) -> None:
        """Record the keys that came since the last verb; notice a hang-up."""
        while self._next(0.0) is not None:
            pass

    def _next(self, deadline: float) -> Arrived | None:
        """The next event, its key recorded; None when time is up. Raises Hangup when the line has gone."""
        if self._gone:
            raise Hangup
        arrived = self._mailbox.get(deadline - self._now())
        if arrived is None:
            return None
        event = arrived.event
        if isinstance(event, ChannelDtmfReceived):
            self.pressed = (self.pressed + event.digit)[:KEPT_KEYS]
        elif isinstance(event, LineLost):
            log.warning("call ended", channel=self._channel.id, reason=event.reason)
            self.hang_up()
            raise Hangup(self._heard(arrived.at))
        elif isinstance(event, RequestFailed):
            self._refused(event.problem)
        elif isinstance(event, ChannelDestroyed | ChannelHangupRequest) or (
            isinstance(event, StasisEnd) and not self._away
        ):
            self._gone = True
            raise Hangup(self._heard(arrived.at))
        return arrived

    def _do(self, request: Callable[[], None]) -> None:
        """Whatever the PBX objects, to a conversation the line is gone."""
        if self._gone:
            raise Hangup
        try:
            request()
        except PbxError as problem:
            self._refused(problem)

    def _refused(self, problem: PbxError) -> NoReturn:
        self._gone = isinstance(problem, NoSuchChannel)
        if not isinstance(problem, NoSuchChannel | WrongState):
            log.error("call ended", channel=self._channel.id, reason=str(problem))
        raise Hangup from problem

    def _stop(self, playing: _Playing) -> None:
        with suppress(PbxError):  # over already
            self._client.playbacks.stop(playing.playback_id)

    def _heard(self, at: float) -> float:
        return self._playing.heard(at) if self._playing else 0.0
