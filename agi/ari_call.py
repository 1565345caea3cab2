"""A call that reached us over ARI: the conversation's verbs as REST requests and awaited events."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import NoReturn

import structlog

from agi.agent_card import AGENT_SECONDS, NO_CARD
from agi.call import Detection, Hangup, Said, Unmanned
from agi.listening import Listening
from agi.playing import Playing, SecondsOf, length_of
from worker.errors import NoSuchChannel, PbxError, PbxUnavailable, WrongState
from worker.pbx import variables
from worker.pbx.ari import AriClient
from worker.pbx.ari_events import (
    Channel,
    ChannelDestroyed,
    ChannelDtmfReceived,
    ChannelHangupRequest,
    ChannelTalkingFinished,
    ChannelTalkingStarted,
    Event,
    PlaybackFinished,
    PlaybackStarted,
    StasisEnd,
    StasisStart,
    UserEvent,
)
from worker.pbx.ari_router import Arrived, Detected, LineLost, Mailbox, RequestFailed

START_SECONDS = 2.0  # ARI does not report every failure to play: what has not begun by then never will
LINE_GONE = (ChannelHangupRequest, ChannelDestroyed, UserEvent)  # the last one: by our hang-up handler
KEPT_KEYS = 40  # what the outcome table keeps

log = structlog.get_logger(__name__)


def _nothing() -> None:
    """The PBX has no more to do than it does."""


class AriCall:
    """`agi.call.Call` over ARI, for one thread. `pressed` holds every key so far, asked for or not."""

    def __init__(
        self,
        client: AriClient,
        channel: Channel,
        mailbox: Mailbox,
        *,
        seconds_of: SecondsOf = lambda _: None,
        card: Mapping[str, str] = NO_CARD,
        now: Callable[[], float] = time.monotonic,
        listening: Listening | None = None,
        answered: tuple[float, float] | None = None,
        listen: Callable[[], None] = _nothing,
    ) -> None:
        """`mailbox`: of this channel, open since before its StasisStart was handed over.

        `card`: what an agent is told of the callee. `answered`: that instant by the clock of the PBX's events and
        by `now`. `listen`: has the PBX listen as well; it must not block.
        """
        self._listening, self._listen_too = listening or Listening(), listen
        self._answered_there, self._answered = answered or (0.0, now())
        self._told = False  # the conversation knows of the strong sign
        self._client, self._channel, self._mailbox = client, channel, mailbox
        self._seconds_of, self._card, self._now = seconds_of, card, now
        self._playing: Playing | None = None
        self._sounds = 0
        self._with_agent = False  # in the dialplan, by our own doing
        self._gone = False
        self.pressed = ""

    def say(self, sound: str | Sequence[str], *, keys: str = "") -> Said:
        """Keys pressed before it began are recorded, but answer nothing: they were for an earlier question."""
        self._catch_up()
        self._sounds += 1
        names = [sound] if isinstance(sound, str) else list(sound)
        playing = self._playing = Playing(f"{self._channel.id}.{self._sounds}", length_of(names, self._seconds_of))
        try:
            self._client.channels.play(
                self._channel.id,
                media=[f"sound:{name}" for name in names],
                playbackId=playing.playback_id,
                failed=lambda problem: self._mailbox.put(RequestFailed(self._channel.id, problem)),
            )
            listen, self._listen_too = self._listen_too, _nothing
            listen()
            return self._listen(playing, names[0], keys)
        finally:
            self._playing = None

    def wait_key(self, keys: str, seconds: float) -> str | None:
        deadline = self._now() + seconds
        while (arrived := self._next(deadline)) is not None:
            if isinstance(arrived.event, ChannelDtmfReceived) and arrived.event.digit in keys:
                return arrived.event.digit
        return None

    @property
    def detection(self) -> Detection:
        return self._listening.detection

    def greet(self, sound: str, *, keys: str = "") -> Said:
        """The sound goes first; what else the PBX is asked follows it, and nothing of that is waited for."""
        return self.say(sound, keys=keys)

    def wait_for_beep(self, seconds: float) -> bool:
        """False at once when a key is pressed: it is a person after all."""
        deadline = self._now() + seconds
        self._told = True  # the conversation knows by now
        known = len(self.pressed)
        while self._now() < deadline and len(self.pressed) == known:
            if self._listening.may_record(self._since_answer()):
                return True
            look = self._answered + self._listening.next_silence(self._since_answer())
            self._next(min(deadline, look))
        return False

    def transfer(self) -> bool:
        """The dialplan rings the instance's agents, and sends the channel back when nobody took it.

        When somebody did, it never comes back: the end of the line tells so by the checkpoint on the channel.
        """
        instance = self._channel.accountcode
        if not instance:
            log.error("no account code, so no agent", channel=self._channel.id)
            return False
        for variable, value in self._card.items():
            self._set(variable, value)
        self._listening.end_sound()  # what is said to an agent is not ours to hear
        self._catch_up()
        self._with_agent = True
        try:
            there = variables.CONTEXT_TO_AGENT
            self._do(
                lambda: self._client.channels.continueInDialplan(
                    self._channel.id, context=there, extension=instance
                )
            )
            self._await_return()
        finally:
            self._with_agent = False
        return False

    def remember(self, talk: str) -> None:
        self._set(variables.TALK, talk)

    def hang_up(self) -> None:
        if not self._gone:
            self._gone = True
            try:
                self._client.channels.hangup(self._channel.id)
            except PbxUnavailable:
                self._client.channels.hangup_soon(self._channel.id)
            except PbxError:
                return  # gone by itself

    def _listen(self, playing: Playing, sound: str, keys: str) -> Said:
        deadline = self._now() + START_SECONDS
        while (arrived := self._next(deadline)) is not None:
            event = arrived.event
            if isinstance(event, ChannelDtmfReceived) and event.digit in keys:
                self._stop(playing)
                return Said(event.digit, playing.heard(arrived.at), complete=False)
            if isinstance(event, PlaybackStarted) and event.playback_id == playing.playback_id:
                if playing.started_at is None:  # of several sounds each one is said to have started
                    playing.started_at = arrived.at
                    deadline = playing.end_by(arrived.at)
            elif isinstance(event, PlaybackFinished) and event.playback_id == playing.playback_id:
                return playing.finished(sound, arrived.at, event.state)
        log.error("sound not played", sound=sound, channel=self._channel.id, began=playing.started_at is not None)
        self._stop(playing)
        return Said(None, playing.heard(self._now()), complete=False)

    def _await_return(self) -> None:
        deadline = self._now() + AGENT_SECONDS
        while (arrived := self._next(deadline)) is not None:
            if isinstance(arrived.event, StasisStart):
                return
        log.error("the dialplan did not give the channel back: the call is ended", channel=self._channel.id)
        self.hang_up()
        raise Hangup

    def _set(self, variable: str, value: str) -> None:
        self._do(lambda: self._client.channels.setChannelVar(self._channel.id, variable=variable, value=value))

    def _catch_up(self) -> None:
        """Record the keys that came since the last verb; notice a hang-up."""
        while self._next(0.0) is not None:
            pass

    def _next(self, deadline: float) -> Arrived | None:
        """The next event, its key recorded; None when time is up. Raises Hangup when the line has gone."""
        if self._gone:
            raise Hangup
        arrived = self._wait(deadline)
        if arrived is None:
            return None
        event = arrived.event
        if isinstance(event, ChannelDtmfReceived):
            self.pressed = (self.pressed + event.digit)[:KEPT_KEYS]
        elif isinstance(event, LineLost):
            self._lost(event.reason)
            raise Hangup(self._heard(arrived.at))
        elif isinstance(event, RequestFailed):
            self._refused(event.problem)
        elif isinstance(event, LINE_GONE):
            self._gone = True
            raise Hangup(self._heard(arrived.at))
        elif isinstance(event, StasisEnd):
            if not self._with_agent:
                self._gone = True
                raise Hangup(self._heard(arrived.at))
        else:
            self._hear(event)
        return arrived

    def _lost(self, reason: str) -> None:
        """The talk with an agent needs us no more; any other is ended."""
        left = "call left to its agent" if self._with_agent else "call ended"
        log.warning(left, channel=self._channel.id, reason=reason)
        if not self._with_agent:
            self.hang_up()
        self._gone = True

    def _hear(self, event: Event) -> None:
        if isinstance(event, ChannelTalkingStarted):
            self._listening.began(event.at - self._answered_there)
        elif isinstance(event, ChannelTalkingFinished):
            self._listening.ended(event.at - self._answered_there, event.duration_ms)
        elif isinstance(event, Detected):
            self._listening.told(Detection(event.status, event.cause))

    def _wait(self, deadline: float) -> Arrived | None:
        """The next event; when all that came is read, what was heard is judged. Raises Unmanned."""
        while True:
            self._heed()
            if (arrived := self._mailbox.get(0.0)) is not None:
                return arrived
            if self._since_answer() >= self._listening.next_look:
                self._listening.look(self._since_answer())
            elif self._now() >= deadline:
                return None
            else:
                until = min(deadline, self._answered + self._listening.next_look)
                if (arrived := self._mailbox.get(until - self._now())) is not None:
                    return arrived

    def _heed(self) -> None:
        """Raises Unmanned once, and not after a key."""
        sign = self._listening.sign
        if sign is None or self._told or self.pressed:
            return
        self._told = True
        seconds = self._heard(self._now())
        if self._playing is not None:
            self._stop(self._playing)
        raise Unmanned(sign, seconds)

    def _since_answer(self) -> float:
        return self._now() - self._answered

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

    def _stop(self, playing: Playing) -> None:
        with suppress(PbxError):  # over already
            self._client.playbacks.stop(playing.playback_id)

    def _heard(self, at: float) -> float:
        return self._playing.heard(at) if self._playing else 0.0
