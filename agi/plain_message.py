"""Talking to somebody who rang us: the same conversation as in our own calls, on the administrator's channel."""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import structlog

from agi.agi_call import AgiCall
from agi.call import Detection, Said
from agi.conversation import hold
from agi.house import StoreDesk, plan
from agi.plain_status import Status, TooLong
from agi.safe_agi import SafeAgi
from worker import convert
from worker.app import App
from worker.core.agent_result import ACCEPTED, AgentResult
from worker.core.enums import AttemptState, Heard, Origination, Result
from worker.core.model import Attempt, TalkFacts, Waiting
from worker.core.script import Line
from worker.core.ulid import new_ulid
from worker.errors import CollectorError
from worker.jobs import agent_results
from worker.settings import Instance, Settings

WRITE_SECONDS = 5  # for what was told; the caller hears nothing meanwhile
AT_ONCE = (Result.OPT_OUT, Result.WRONG_PERSON)  # written the moment the key is pressed

log = structlog.get_logger(__name__)

Alarm = Callable[[int], object]


class CallerCall(AgiCall):
    """Who rings us is a person: nobody listens for a machine."""

    @property
    def detection(self) -> Detection:
        return Detection("HUMAN", "")

    def greet(self, sound: str, *, keys: str = "") -> Said:
        return self.say(sound, keys=keys)


def talk(
    agi: SafeAgi, app: App, instance: Instance, known: Waiting, number: str, alarm: Alarm
) -> tuple[Status, str]:
    """Everything is rendered before we answer: until then it rings. Raises AGIError, CollectorError."""
    entry = known.entry
    attempt = replace(
        _nobody(instance),
        entry_id=entry.entry_id,
        client_id=entry.client_id,
        client_name=known.client_name,
        number=number,
        total=entry.total,
        bill_count=entry.bill_count,
        oldest_due=entry.oldest_due,
    )
    script = app.script(instance, attempt)
    spoken = plan(instance)
    spoken = replace(spoken, offers=replace(spoken.offers, agent=False))  # that is for his own dialplan to do
    agi.execute("ANSWER")
    alarm(0)
    notes = _Notes(app, attempt, agi.env.get("agi_uniqueid", ""), alarm)
    facts = hold(
        CallerCall(agi, instance.conversation.amd),
        script,
        spoken,
        StoreDesk(app.store, attempt, lambda: datetime.now(UTC)),
        notes.remember,
    )
    alarm(WRITE_SECONDS)
    notes.write(facts)
    agi.execute("SET VARIABLE", "COLLECTOR_RESULT", facts.result)
    agi.execute("SET VARIABLE", "COLLECTOR_HEARD", facts.heard)
    return Status.DONE, f"client {attempt.client_id} of {instance.id} heard {facts.heard}, result {facts.result}"


class _Notes:
    """What the caller told, as a result that an agent was told: once, however often it is heard of."""

    def __init__(self, app: App, attempt: Attempt, uniqueid: str, alarm: Alarm) -> None:
        self._app, self._attempt, self._uniqueid, self._alarm = app, attempt, uniqueid, alarm
        self._written = False

    def remember(self, facts: TalkFacts) -> None:
        """During the talk: a database that hangs holds it up for a moment only; `write` comes again after it."""
        if facts.result in AT_ONCE:
            self._alarm(WRITE_SECONDS)
            try:
                self.write(facts)
            except (CollectorError, TooLong) as error:
                log.error("result not stored yet", error=str(error) or "it took too long")
            finally:
                self._alarm(0)

    def write(self, facts: TalkFacts) -> None:
        """Raises CollectorError."""
        talked = facts.result is not Result.CONFIRMED or facts.heard in (Heard.PART, Heard.ALL)
        if self._written or facts.result not in ACCEPTED or not talked:
            return
        one = self._attempt
        told = AgentResult(
            told_id=one.attempt_id,
            instance=one.instance,
            client_id=one.client_id,
            number=one.number,
            result=facts.result,
            told_at=datetime.now(UTC),
            promise_day=facts.promise_day,
            uniqueid=self._uniqueid,
        )
        agent_results.tell(self._app.store, told, lambda: datetime.now(UTC), convert.terms(self._app.settings))
        self._written = True


def confirm_opt_out(agi: SafeAgi, settings: Settings, instance: Instance, alarm: Alarm) -> None:
    """The polite end that our own calls have. Raises AGIError, CollectorError."""
    with App(settings) as app:
        sound = app.script(instance, _nobody(instance)).lines[Line.GOODBYE_OPT_OUT]
        agi.execute("ANSWER")
        alarm(0)
        AgiCall(agi, instance.conversation.amd).say(sound.name)


def _nobody(instance: Instance) -> Attempt:
    """A call that is none of ours; its id names what is written down of it."""
    now = datetime.now(UTC)
    return Attempt(
        attempt_id=new_ulid(now, secrets.randbits),
        instance=instance.id,
        entry_id=0,
        client_id="",
        client_name="cliente",
        number=instance.caller_id,  # days are counted where a number lives
        origination=Origination(instance.dialling.origination),
        state=AttemptState.ANSWERED,
        total=Decimal(1),
        bill_count=1,
        oldest_due=now.date(),
        reserved_at=now,
    )
