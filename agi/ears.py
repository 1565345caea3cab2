"""What is heard of calls that nobody talks on yet: voices before the answer, and AMD() on a snoop beside a call.

On the event loop's thread: nothing here may block, and a call nobody answers costs no thread.
"""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog

from agi.call import Detection
from agi.listening import Early, HearingPlan, Listening
from worker.core import machine_sounds
from worker.core.hearing import Ear
from worker.core.userfield import format_early
from worker.errors import PbxError, UnsafeText
from worker.pbx import variables
from worker.pbx.ari import AriClient
from worker.pbx.ari_events import ChannelTalkingFinished, StasisStart, TalkEvent
from worker.pbx.ari_router import Detected
from worker.pbx.text import is_attempt_id

KEPT = 5000  # calls that ring with sound at once; more are not listened to
KEPT_EVENTS = 400  # of one call: minutes of a voice

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Ringing:
    """What was heard of a call before its answer."""

    events: list[TalkEvent] = field(default_factory=list)
    announced: bool = False

    def ear(self, zero: float) -> Ear:
        """Times counted from `zero`."""
        ear = Ear()
        for event in self.events:
            if isinstance(event, ChannelTalkingFinished):
                ear.ended(event.at - zero, event.duration_ms)
            else:
                ear.began(event.at - zero)
        return ear


class Ears:
    """`plans`: by instance; of one that is not there nothing is heard."""

    def __init__(self, client: AriClient, plans: Mapping[str, HearingPlan]) -> None:
        self._client, self._plans = client, plans
        self._ringing: OrderedDict[str, _Ringing] = OrderedDict()

    @property
    def wanted(self) -> tuple[str, ...]:
        """Kinds of events that somebody here needs."""
        return ("ChannelTalkingStarted", "ChannelTalkingFinished") if self._plans else ()

    def plan(self, instance: str) -> HearingPlan:
        return self._plans.get(instance) or HearingPlan(early=Early.IGNORE)

    def hear(self, event: TalkEvent) -> None:
        """Of a channel that nobody talks on."""
        plan = self.plan(event.instance)
        if plan.early is Early.IGNORE or not is_attempt_id(event.channel_id):
            return
        ringing = self._ringing.get(event.channel_id)
        if ringing is None:
            if len(self._ringing) >= KEPT:
                self._ringing.popitem(last=False)
            ringing = self._ringing[event.channel_id] = _Ringing()
        if len(ringing.events) < KEPT_EVENTS:
            ringing.events.append(event)
        if not event.up and not ringing.announced and isinstance(event, ChannelTalkingFinished):
            self._judge(event, ringing, plan)

    def answered(self, event: StasisStart) -> Listening:
        """Forgets the ringing; what was heard of it goes on into the call."""
        ringing = self._ringing.pop(event.channel_id, None) or _Ringing()
        return Listening(self.plan(event.channel.accountcode), ringing.ear(event.at), announced=ringing.announced)

    def ended(self, channel_id: str) -> None:
        self._ringing.pop(channel_id, None)

    def _judge(self, event: TalkEvent, ringing: _Ringing, plan: HearingPlan) -> None:
        ear = ringing.ear(event.at)
        if machine_sounds.announced(ear.segments(0.0)):
            ringing.announced = True
            detection = Listening(ear=ear, announced=True).detection
            end = plan.early is Early.HANG_UP
            self._client.loop.spawn(self._note(event.channel_id, event.name, detection, end=end))

    async def _note(self, channel_id: str, name: str, detection: Detection, *, end: bool) -> None:
        """On the channel, so that the CDR has it whoever dies: one request, of calls with such a voice only."""
        said = format_early(detection.status, detection.cause)
        try:
            await self._client.asterisk.share_later(name, variable=variables.TALK, value=said)
        except (PbxError, UnsafeText) as problem:
            log.warning("what was heard before the answer is not noted", attempt=channel_id, problem=str(problem))
        if end:
            log.info("ended before the answer", attempt=channel_id, heard=detection.cause)
            self._client.channels.hangup_soon(channel_id)

    # --- AMD() on a snoop ------------------------------------------------------------------------------

    def snoop(self, channel_id: str, instance: str) -> None:
        """Have Asterisk's AMD() listen beside the call. From any thread, without waiting."""
        if self.plan(instance).amd:
            self._client.channels.snoop_soon(
                channel_id,
                snoopId=channel_id + variables.SNOOP_SUFFIX,
                app=self._client.app,
                appArgs=f"{variables.STASIS_SNOOP},{instance}",
            )

    def snooped(self, event: StasisStart) -> bool:
        """Whether this is a snoop of ours: sent to AMD() when it has come, hung up when it has told."""
        attempt_id, kind = event.channel_id.removesuffix(variables.SNOOP_SUFFIX), event.args[:1]
        if attempt_id == event.channel_id or not is_attempt_id(attempt_id):
            return False
        if kind == (variables.STASIS_SNOOP,) and len(event.args) == 2:
            self._client.channels.continue_soon(
                event.channel_id, context=variables.CONTEXT_AMD, extension=event.args[1]
            )
        else:
            if kind == (variables.STASIS_HEARD,):
                status, cause, *_ = *event.args[1:], "", ""
                self._client.router.deliver(Detected(attempt_id, status, cause))
            self._client.channels.hangup_soon(event.channel_id)
        return True
