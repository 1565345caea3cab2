"""The Stasis application: whoever answers gets a thread and a conversation; unanswered calls never need one."""

import asyncio
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from agi.agent_card import card
from agi.ari_call import AriCall
from agi.call import Call
from agi.ears import Ears
from agi.gather import Gatherer
from agi.listening import HearingPlan, Listened, Listening
from agi.playing import SecondsOf
from agi.sound_line import SoundLines
from worker.core.model import Attempt
from worker.errors import PbxError
from worker.pbx import variables
from worker.pbx.ari import AriClient
from worker.pbx.ari_events import ApplicationReplaced, Channel, Event, StasisStart, TalkEvent, UserEvent
from worker.pbx.ari_router import Mailbox
from worker.pbx.ari_socket import EventSocket
from worker.pbx.text import is_attempt_id

DOOR_SECONDS = 0.02  # who has answered waits so long for others: a greeting may begin within 0.3 s
ORPHAN_SECONDS = 1.0  # between two looks at a silent channel: its StasisStart may still be on its way to us
LAST_SECONDS = 10.0  # for conversations told to end, before they are left behind

# All that a conversation listens to. Variables and dialplan steps, most of the traffic, stay on the PBX; so does
# ChannelDestroyed: our hang-up handler has told the end by a ChannelUserevent.
WANTED = (
    "StasisStart",
    "StasisEnd",
    "ChannelHangupRequest",
    "ChannelDtmfReceived",
    "PlaybackStarted",
    "PlaybackFinished",
    "ChannelUserevent",
    "ApplicationReplaced",
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Callee:
    """Somebody who has answered."""

    channel: Channel
    box: Mailbox
    listening: Listening
    answered: tuple[float, float]  # by the clock of the PBX's events, and by ours


HungUp = Callable[[UserEvent], None]  # the dialplan's word on an ended call of ours


class Talker(Protocol):
    """Neither raises."""

    def admit(self, attempt_ids: Sequence[str]) -> Mapping[str, Attempt]:
        """Who may be talked to, of those who have answered."""
        ...

    def talk(self, call: Call, attempt_id: str, admitted: Attempt) -> None:
        """Hold the whole conversation, blocking."""
        ...


class StasisApp:
    """`start`, `stop`. At most `threads` conversations at once; one more is hung up, not left in silence."""

    def __init__(
        self,
        client: AriClient,
        switchboard: Talker,
        threads: int,
        *,
        seconds_of: SecondsOf = lambda _: None,
        hung_up: HungUp = lambda _: None,
        orphan_seconds: float = ORPHAN_SECONDS,
        hearing: Mapping[str, HearingPlan] | None = None,
        listened: Callable[[Listened], None] = lambda _: None,
        sound_lines: int = 0,
    ) -> None:
        """`client`: started, and closed by whoever made it, after our `stop`. `hung_up` and `listened` must not
        block. `hearing`: by instance, how it listens for who picks up; nobody does where it is left out.
        `sound_lines`: at most so many callees are heard by their sound at once."""
        self._client, self._switchboard, self._threads = client, switchboard, threads
        self._seconds_of, self._hung_up, self._orphan_seconds = seconds_of, hung_up, orphan_seconds
        self._ears, self._listened = Ears(client, hearing or {}), listened
        self._lines = SoundLines(client, sound_lines)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="talk")
        self._door = Gatherer("door", DOOR_SECONDS, self._let_in)
        self._socket: EventSocket | None = None
        self._changed = threading.Condition()
        self._talking = 0
        self._accepting = False

    @property
    def connected(self) -> bool:
        """Whether the PBX reaches us now."""
        return self._socket is not None and self._socket.connected.is_set()

    @property
    def replaced(self) -> bool:
        """Another process has taken the application: this one should end."""
        return self._socket is not None and self._socket.replaced

    @property
    def talking(self) -> int:
        """Conversations that are going on."""
        with self._changed:
            return self._talking

    def start(self) -> None:
        """Connect, and stay connected, in the background."""
        self._accepting = True
        self._door.start()
        self._socket = self._client.listen(self._on_event, self._reconcile)

    def wait_connected(self, seconds: float) -> bool:
        return self._socket is not None and self._socket.connected.wait(seconds)

    def stop(self) -> None:
        """Accept nobody any more, end the calls that are up, leave the application."""
        with self._changed:
            self._accepting = False
        self._client.router.lose(self._client.router.ids(), "the handler is stopping")
        with self._changed:
            over = self._changed.wait_for(lambda: self._talking == 0, LAST_SECONDS)
        if not over:
            log.error("conversations left behind", count=self.talking)
        self._door.stop()
        self._pool.shutdown(wait=over, cancel_futures=True)
        self._client.unlisten()

    # --- on the loop's thread: nothing below may block ------------------------------------------------

    def _on_event(self, event: Event) -> None:
        if isinstance(event, ApplicationReplaced):
            self._client.router.lose(self._client.router.ids(), "another handler has taken over")
        elif isinstance(event, UserEvent):
            self._ended(event)
        elif isinstance(event, StasisStart) and event.args[:1] != (variables.STASIS_RESUME,):
            if not self._ears.snooped(event):
                self._answered(event)
        elif not self._client.router.deliver(event):
            if isinstance(event, StasisStart):
                self._refuse(event.channel_id, "it came back from the dialplan, but nobody here talks to it")
            elif isinstance(event, TalkEvent):
                self._ears.hear(event)

    def _answered(self, event: StasisStart) -> None:
        channel_id = event.channel_id
        if not is_attempt_id(channel_id) or event.args[:1] != (channel_id,):
            self._refuse(channel_id, "it is not one of our attempts")
            return
        first = event.args[1:] == (variables.STASIS_RECORD,)  # it comes again as soon as it is being recorded
        with self._changed:
            if not self._accepting:
                reason = "the handler is stopping"
            elif self._talking >= self._threads:
                reason = f"all {self._threads} conversations are taken; raise pbx.talk_threads"
            else:
                reason = ""
                self._talking += not first
        if reason:
            self._refuse(channel_id, reason)
            return
        if first:
            self._client.channels.continue_soon(
                channel_id, context=variables.CONTEXT_RECORD, extension=variables.TELL_APP
            )
            return
        box = self._client.router.open(channel_id)
        if box is None:
            log.error("answered twice", channel=channel_id)
            self._left()
            return
        answered = (event.at, time.monotonic())
        self._door.put(_Callee(event.channel, box, self._ears.answered(event), answered))

    def _ended(self, event: UserEvent) -> None:
        """Other people's events, of the dialplan or over ARI, are none of ours."""
        if event.name == variables.EVENT_END and is_attempt_id(event.channel_id):
            self._ears.ended(event.channel_id)
            self._client.router.deliver(event)
            self._hung_up(event)

    def _refuse(self, channel_id: str, reason: str) -> None:
        log.error("hung up unheard", channel=channel_id[:64], reason=reason)
        self._client.channels.hangup_soon(channel_id)

    async def _reconcile(self) -> None:
        """After each connection: what did we miss while we heard nothing?"""
        await self._filter()
        held = self._client.router.ids()
        channels = await self._client.channels.list_later()
        gone = held - {channel.id for channel in channels}
        self._client.router.lose(gone, "its channel had gone when the event socket came back")
        silent = self._silent(channels)
        log.info("reconciled", channels=len(channels), gone=len(gone), silent=len(silent))
        if silent:
            await asyncio.sleep(self._orphan_seconds)
            for channel_id in silent & self._silent(await self._client.channels.list_later()):
                self._refuse(channel_id, "it waited in Stasis and nobody here talks to it")

    def _silent(self, channels: list[Channel]) -> set[str]:
        """Channels of ours that sit in Stasis without a conversation in this process."""
        here = self._client.router.ids()
        return {
            channel.id
            for channel in channels
            if channel.app == "Stasis" and is_attempt_id(channel.id) and channel.id not in here
        }

    async def _filter(self) -> None:
        try:
            await self._client.applications.allow_later(self._client.app, WANTED + self._ears.wanted)
        except PbxError as error:  # before 13.26 and 16.3: everything comes, and is counted as unknown
            log.info("this Asterisk cannot filter events", answer=str(error))

    # --- on the door's thread: those who answered at one moment are looked up together ------------------

    def _let_in(self, callees: Sequence[_Callee]) -> Sequence[_Callee]:
        admitted = self._switchboard.admit([one.channel.id for one in callees])
        for callee in callees:
            channel_id = callee.channel.id
            if not self._begin(callee, admitted.get(channel_id)):
                self._client.channels.hangup_soon(channel_id)
                self._client.router.close(channel_id)
                self._left()
        return ()

    def _begin(self, callee: _Callee, attempt: Attempt | None) -> bool:
        if attempt is None:
            log.warning("answered, but unknown or no longer open: not a word", channel=callee.channel.id)
            return False
        try:
            self._pool.submit(self._talk, callee, attempt)
        except RuntimeError:  # the system gives no more threads
            log.exception("conversation refused", channel=callee.channel.id)
            return False
        return True

    # --- on a conversation's thread -------------------------------------------------------------------

    def _talk(self, callee: _Callee, admitted: Attempt) -> None:
        channel, listening = callee.channel, callee.listening
        call = AriCall(
            self._client,
            channel,
            callee.box,
            seconds_of=self._seconds_of,
            card=card(admitted),
            listening=listening,
            answered=callee.answered,
            listen=partial(self._listen, callee),
        )
        try:
            self._switchboard.talk(call, channel.id, admitted)
        except Exception:
            log.exception("conversation broke", channel=channel.id)
        finally:
            listening.end_sound()
            call.hang_up()
            self._client.router.close(channel.id)
            lasted = time.monotonic() - callee.answered[1]
            self._listened(listening.remains(channel.id, admitted.instance, lasted))
            self._left()

    def _listen(self, callee: _Callee) -> None:
        """What else the PBX does to hear who it is, once the greeting is on its way."""
        channel = callee.channel
        self._ears.snoop(channel.id, channel.accountcode)
        open_line = partial(self._lines.open, channel.id, callee.answered[0])
        callee.listening.hear_over(open_line, time.monotonic() - callee.answered[1])

    def _left(self) -> None:
        with self._changed:
            self._talking -= 1
            self._changed.notify_all()
