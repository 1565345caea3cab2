"""Settings turned into what a call may say and offer."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from worker.core.enums import AttemptState, Origination
from worker.core.model import Attempt, Waiting
from worker.core.script import Offers
from worker.core.tables import zone_of
from worker.ports import Voice
from worker.settings import Instance
from worker.speech.messages import Messages
from worker.speech.script import Scripts


def imagined(instance: Instance, waiting: Waiting, number: str, now: datetime) -> Attempt:
    """The attempt that a call to this debtor would be."""
    entry = waiting.entry
    return Attempt(
        attempt_id="",
        instance=instance.id,
        entry_id=entry.entry_id,
        client_id=entry.client_id,
        client_name=waiting.client_name,
        number=number,
        origination=Origination(instance.dialling.origination),
        state=AttemptState.RESERVED,
        total=entry.total,
        bill_count=entry.bill_count,
        oldest_due=entry.oldest_due,
        updated_total=waiting.updated_total,
        reserved_at=now,
    )


def offers(instance: Instance) -> Offers:
    """What callees are offered once they have heard the debt."""
    talk = instance.conversation
    return Offers(
        repeats=talk.repeats,
        say_line=talk.pay.say_line,
        send=talk.pay.send,
        promise_days=tuple(sorted(set(talk.promise_days))),
        paid=talk.already_paid,
        agent=talk.agent is not None,
    )


def promised_days(offered: Iterable[int], number: str, now: datetime) -> tuple[date, ...]:
    """The days that may be promised, counted from today where the number lives."""
    today = now.astimezone(zone_of(number)).date()
    return tuple(today + timedelta(days=days) for days in sorted(set(offered)))


def scripts(instance: Instance, voice: Voice, messages: Messages, clock: Callable[[], float]) -> Scripts:
    """What its calls can say, by that voice."""
    recording = instance.recording
    told = recording.enabled and recording.announce
    return Scripts(voice, messages, instance.company, offers(instance), clock, recorded=told)
