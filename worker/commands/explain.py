"""What `queue --explain` knows of an instance besides the database, and of which time it is asked."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from worker import convert
from worker.app import App
from worker.commands.room import room
from worker.core import retry
from worker.core.absence import Charging
from worker.core.model import NextStep, Outcome, Streak
from worker.core.policy import CallRules
from worker.core.verdict import Verdict
from worker.errors import CollectorError
from worker.jobs.explain import Around, Explanation, When, explain
from worker.settings import Instance

PRESENT = timedelta(minutes=1)  # a time so near is now


def explained(
    running: App, instances: Sequence[Instance], asked: str, at: datetime | None, now: datetime
) -> Explanation:
    """`at` without zone is in the first instance's."""
    then = now if at is None else at.replace(tzinfo=ZoneInfo(instances[0].zone)).astimezone(UTC)
    rules = {one.id: running.call_rules(one) for one in running.settings.instances}
    around = {one.id: _around(running, one, rules[one.id]) for one in instances}
    return explain(running.store, asked, rules, then, around, when=when_of(then, now))


def when_of(at: datetime, now: datetime) -> When:
    if abs(at - now) <= PRESENT:
        return When.NOW
    return When.PAST if at < now else When.FUTURE


def _around(running: App, one: Instance, rules: CallRules) -> Around:
    return Around(
        zone=ZoneInfo(one.zone),
        ranking=convert.ranking(one),
        charging=partial(_charging, one),
        step_of=partial(_step, rules),
        asks=one.rules.still_unpaid.ask,
        obstacles=partial(_of_this_moment, running, one),
    )


def _charging(one: Instance, now: datetime) -> Charging:
    plan = convert.sync_plan(one)
    return Charging(*plan.charged_span(now), plan.today(now), plan.leave_out_types)


def _step(rules: CallRules, outcome: Outcome, others_left: bool, streak: Streak) -> NextStep:
    return retry.next_step(
        outcome,
        now=outcome.ended_at,
        rules=rules.ledger,
        other_numbers_left=others_left,
        table=rules.retry,
        streak=streak,
    )


def _of_this_moment(running: App, one: Instance, now: datetime) -> list[Verdict]:
    """Obstacles, and whether a channel is free."""
    return [*obstacles(running, one, now), _channels(running, one, now)]


def _channels(running: App, one: Instance, now: datetime) -> Verdict:
    try:
        left = room(running.dial_plan(one), running.store, now)
    except CollectorError as error:
        return Verdict("channels", False, str(error), None)
    return Verdict("channels", left.free > 0, str(left), None)


def obstacles(running: App, one: Instance, now: datetime) -> list[Verdict]:
    """What stands against any call of this instance at this moment, besides brakes and hours; changes nothing."""
    if not running.settings.is_here(one):
        return _elsewhere(running, one, now)
    plan = running.dial_plan(one)
    asked: list[tuple[str, Callable[[], str], str]] = [
        ("handler", lambda: plan.handler_alive(now), "a handler lives"),
        ("pbx", running.dialler(one).ready, "the PBX takes calls"),
        ("lists", lambda: plan.lists(now), "every do-not-call list can be read"),
        ("trunk", plan.trunk_unread, "what others use of the trunk is known, or does not matter"),
    ]
    return [_verdict(rule, ask, well) for rule, ask, well in asked]


def _elsewhere(running: App, one: Instance, now: datetime) -> list[Verdict]:
    """What the database knows of it: the PBX that dials this instance cannot be asked from here."""
    there = f"PBX {one.pbx} dials it: whether that takes calls, `collector doctor` says there"
    return [
        _verdict("handler", lambda: running.handler_of(one.pbx, now), f"a handler of PBX {one.pbx} lives"),
        Verdict("pbx", True, there, None),
        _verdict("lists", running.store.do_not_call.why_unreadable, "every do-not-call list can be read"),
    ]


def _verdict(rule: str, ask: Callable[[], str], well: str) -> Verdict:
    """A question that fails speaks against calling, as it does for the dialler."""
    try:
        reason = ask()
    except CollectorError as error:
        reason = str(error)
    return Verdict(rule, not reason, reason or well, None)
