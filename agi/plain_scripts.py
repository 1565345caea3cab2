"""What the plain AGI scripts do; `plain.py` sees to it that none of them holds the call."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

from agi import caller
from agi.plain_status import Status, Stopped
from agi.safe_agi import SafeAgi
from worker import configfile
from worker import log as logging_setup
from worker.core import phone
from worker.core.agent_result import AgentResult, read_result
from worker.core.dnc_rows import tidy
from worker.core.do_not_call import REASON_LIMIT, DoNotCall
from worker.core.instant import local_day
from worker.core.tables import zone_of
from worker.core.ulid import is_ulid, new_ulid
from worker.settings import Settings
from worker.store.mariadb import open_store

Alarm = Callable[[int], object]  # seconds until the script is given up; 0: no longer
SOURCE = "ligação recebida"  # who says so, in the do-not-call list


def _settings() -> Settings:
    settings = configfile.load(configfile.from_environment(None), os.environ)
    logging_setup.configure(settings.log)
    return settings


def _now() -> datetime:
    return datetime.now(UTC)


def _who(agi: SafeAgi) -> str:
    """The first argument, else who is ringing."""
    return agi.argument(1).strip() or agi.env.get("agi_callerid", "")


def outcome(agi: SafeAgi, alarm: Alarm) -> tuple[Status, str]:
    """WHO, RESULT, [DAY], [INSTANCE]."""
    del alarm
    from worker import convert  # noqa: PLC0415  the other scripts start sooner without
    from worker.jobs import agent_results  # noqa: PLC0415

    settings = _settings()
    instances = caller.instances_of(settings.instances, agi.argument(4).strip())
    with open_store(settings.database) as opened:
        opened.check()
        known, number, attempt = caller.debtor(opened.store, _who(agi), instances)
        now = _now()
        try:
            result, day = read_result(agi.argument(2), agi.argument(3), local_day(now, zone_of(number)))
        except ValueError as why:
            raise Stopped(Status.INVALID, str(why)) from None
        told = AgentResult(
            told_id=new_ulid(now, secrets.randbits),
            instance=known.entry.instance,
            client_id=known.entry.client_id,
            number=number,
            result=result,
            told_at=now,
            promise_day=day,
            attempt_id=attempt.attempt_id if attempt else "",
            uniqueid=agi.env.get("agi_uniqueid", ""),
        )
        agent_results.tell(opened.store, told, _now, convert.terms(settings))
    return Status.DONE, f"{result}{f' {day}' if day else ''} for client {told.client_id} of {told.instance}"


def optout(agi: SafeAgi, alarm: Alarm) -> tuple[Status, str]:
    """[NUMBER or attempt], [REASON], [INSTANCE]: listed first, then said."""
    settings = _settings()
    instances = caller.instances_of(settings.instances, agi.argument(3).strip())
    who = _who(agi)
    with open_store(settings.database) as opened:
        opened.check()
        attempt = opened.store.attempts.get(who) if is_ulid(who) else None
        if is_ulid(who) and attempt is None:
            raise Stopped(Status.NOTFOUND, "there is no such attempt")
        number = attempt.number if attempt else caller.number_of(who, instances)
        line = DoNotCall(number=number, reason=tidy(agi.argument(2), REASON_LIMIT), source=SOURCE)
        opened.store.do_not_call.put(lambda: [line], _now())
    said = f"{phone.mask(number)} is on the do-not-call list"
    from agi.plain_message import confirm_opt_out  # noqa: PLC0415  what it needs to speak comes after the list

    try:
        confirm_opt_out(agi, settings, instances[0], alarm)
    except Exception as error:  # it is listed all the same
        said += f"; not said aloud: {type(error).__name__}"
    return Status.DONE, said


def message(agi: SafeAgi, alarm: Alarm) -> tuple[Status, str]:
    """[WHO], [INSTANCE]: the conversation, with what is owed at this moment."""
    from agi.plain_message import talk  # noqa: PLC0415
    from worker.app import App  # noqa: PLC0415

    settings = _settings()
    instances = caller.instances_of(settings.instances, agi.argument(2).strip())
    with App(settings) as app:
        app.database.check()
        known, number, _ = caller.debtor(app.store, _who(agi), instances)
        instance = settings.instance(known.entry.instance)
        entry = known.entry
        if (ask := app.still_unpaid(instance)) is not None:
            owed = ask([entry.client_id], _now()).get(entry.client_id)
            if owed is None:
                raise Stopped(Status.UNAVAILABLE, "the ERP does not say what is owed now")
            if not owed:
                raise Stopped(Status.NOTFOUND, f"client {entry.client_id} of {instance.id} owes nothing any more")
            total = sum((bill.open_amount for bill in owed), Decimal(0))
            oldest = min(bill.due_date for bill in owed)
            entry = replace(entry, total=total, bill_count=len(owed), oldest_due=oldest)
        return talk(agi, app, instance, replace(known, entry=entry), number, alarm)


SCRIPTS: Mapping[str, Callable[[SafeAgi, Alarm], tuple[Status, str]]] = MappingProxyType(
    {"message": message, "outcome": outcome, "optout": optout}
)
