"""Settings turned into the plain values that decisions take."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

from worker.core import naming, phone
from worker.core.brakes import BrakeRules
from worker.core.enums import Origination, PersonType
from worker.core.law import Hours, Law, city_key
from worker.core.model import Attempt, Client, LedgerRules
from worker.core.pacing import Batches
from worker.core.policy import CallRules
from worker.core.priority import Order, Ranking
from worker.core.recording import recording_of
from worker.core.retry_table import DEFAULTS, RetryRule, RetryTable, Which
from worker.core.route import Route
from worker.core.script import AGENT_GRACE_SECONDS, TRANSFERS_AT_MOST
from worker.core.tables import DDD_TO_UF
from worker.core.window import CallWindow
from worker.erp.registry import open_actions
from worker.erp.source import Reading
from worker.hook.program import ProgramHook
from worker.hook.web import WebHook
from worker.jobs.agent_results import Terms
from worker.jobs.payments import PaymentPlan
from worker.jobs.sync import SyncPlan
from worker.jobs.unpaid import UnpaidRules
from worker.pbx.trunk_use import Way
from worker.ports import DialOrder
from worker.settings import Instance, Settings
from worker.source_settings import Source, SqlSource, WebSource
from worker.talk_settings import Agent

PIX_SECONDS: Final = 30.0  # the time-out of a PIX code; a body that trickles in may take four times that


def call_window(instance: Instance) -> CallWindow:
    """When this instance may call, in its own zone."""
    window = instance.rules.window
    spans = (
        window.monday,
        window.tuesday,
        window.wednesday,
        window.thursday,
        window.friday,
        window.saturday,
        window.sunday,
    )
    return CallWindow(
        zone=ZoneInfo(instance.zone),
        days=tuple((span.start, span.end) if span else None for span in spans),
        closed=frozenset(window.closed_days),
        holidays_of=((window.state,) if window.state else ()) if window.holidays else None,
        optional=window.optional_days,
    )


def own_state(instance: Instance) -> str:
    """The UF where this instance is, as far as its settings tell; empty when they do not."""
    told = instance.rules.window.state or DDD_TO_UF.get(instance.default_ddd)
    return told or DDD_TO_UF.get(instance.caller_id.removeprefix("+55")[:2], "")


def ledger_rules(instance: Instance) -> LedgerRules:
    """Caps, gaps and quiet period."""
    rules = instance.rules
    quiet = timedelta(days=rules.quiet_days)
    debtor = LedgerRules(
        rules.debtor_per_day, timedelta(hours=rules.debtor_interval_hours), rules.debtor_per_week, quiet=quiet
    )
    return LedgerRules(
        rules.dial_per_day, timedelta(hours=rules.dial_interval_hours), rules.dial_per_week, debtor, quiet
    )


def call_rules(instance: Instance, law: Law, *, debug: bool = False) -> CallRules:
    """All that this instance's decisions are made by. `debug`: its test numbers are called at any hour."""
    cities: dict[str, frozenset[date]] = {}
    for name, days in instance.rules.window.cities.items():
        key = city_key(name)
        cities[key] = cities.get(key, frozenset()) | frozenset(days)
    test_numbers = frozenset(instance.dialling.test_numbers if debug else ())
    hours = Hours(call_window(instance), law, cities)
    return CallRules(hours, ledger_rules(instance), test_numbers, retry_table(instance))


def retry_table(instance: Instance) -> RetryTable:
    """When, and on which number, a debtor is called again."""
    table = {}
    for ending in DEFAULTS:
        section = getattr(instance.rules.retry, ending)
        in_a_row = getattr(section, "in_a_row", None)
        table[ending] = RetryRule(
            wait=timedelta(hours=getattr(section, "after_hours", 0), days=getattr(section, "days_after", 1) - 1),
            number=Which(getattr(section, "number", Which.NEXT)),
            in_a_row=in_a_row,
            rest=timedelta(days=section.rest_days if in_a_row else 0),
            after_sync=getattr(section, "after_sync", False),
        )
    return RetryTable(table)


def route(settings: Settings, instance: Instance, others: Callable[[str], int | None]) -> Route:
    """The way out, and what others leave of it. `others` is asked by the trunk's name; None: it cannot be read."""
    trunk = instance.trunk
    carries = None if trunk.channels is None else trunk.channels - trunk.keep_free
    if carries is not None and trunk.group:
        used = others(trunk.known_as)
        carries = 0 if used is None else max(0, carries - used)
    return Route(f"{settings.pbx.name}/{trunk.known_as}", instance.caller_id, carries)


def ways(settings: Settings) -> dict[str, Way]:
    """The trunks of this PBX on which Issabel counts the calls, by instance."""
    here = [one for one in settings.instances if settings.is_here(one)]
    return {one.id: Way(one.trunk.known_as, one.trunk.group) for one in here if one.trunk.group}


def batches(instance: Instance) -> Batches | None:
    """When dialling begins again; None: it never pauses."""
    minutes = instance.dialling.batch_every_minutes
    return Batches(minutes, ZoneInfo(instance.zone)) if minutes else None


def brake_rules(instance: Instance) -> BrakeRules:
    """When this instance stops by itself."""
    says = instance.brakes
    return BrakeRules(
        storm_calls=says.storm_calls,
        storm_percent=says.storm_percent,
        storm=timedelta(minutes=says.storm_minutes),
        pause=timedelta(minutes=says.pause_minutes) if says.pause_minutes else None,
        short_call_ratio=says.short_call_ratio,
        short_call_calls=says.short_call_calls,
        margin=says.short_call_margin,
        calls_per_month=says.calls_per_month,
        stop_at_calls_per_month=says.stop_at_calls_per_month,
        alarm_after=timedelta(seconds=says.alarm_after_seconds),
    )


def reading(instance: Instance) -> Reading:
    """What this instance asks of its adapter."""
    return Reading(instance.default_ddd, frozenset(PersonType(person) for person in instance.clients.persons))


def normaliser(instance: Instance) -> Callable[[Client], Client]:
    """Names as people write them, neighbourhoods by the instance's own map."""
    return partial(naming.normalise_client, neighbourhoods=naming.names(instance.reverse_map.neighbourhoods))


def ranking(instance: Instance) -> Ranking:
    """In which order its debtors are called."""
    return Ranking(Order(instance.rules.order), instance.rules.best_hour, ZoneInfo(instance.zone))


def sync_plan(instance: Instance, *, dry_run: bool = False, accept_shrink: bool = False) -> SyncPlan:
    """What a sync of this instance must know."""
    return SyncPlan(
        instance=instance.id,
        zone=ZoneInfo(instance.zone),
        minimum_days=instance.rules.minimum_days_to_charge,
        maximum_days=instance.rules.maximum_days_overdue,
        shrink_percent=instance.rules.shrink_alarm_percent,
        due_soon_days=instance.rules.due_soon_days,
        leave_out_types=frozenset(map(naming.fold, instance.clients.leave_out_types)),
        read_contracts=instance.rules.read_contracts,
        ranking=ranking(instance),
        normalise=normaliser(instance),
        type_name=naming.names(instance.reverse_map.client_types),
        dry_run=dry_run,
        accept_shrink=accept_shrink,
    )


def impatient(instance: Instance) -> Source:
    """The same source for a question that somebody waits for: asked once, and not for long."""
    source, patience = instance.source, instance.rules.still_unpaid.timeout_seconds
    if isinstance(source, WebSource):
        return source.model_copy(update={"timeout_seconds": min(patience, source.timeout_seconds), "retries": 0})
    if isinstance(source, SqlSource):
        return source.model_copy(update={"timeout_seconds": min(patience, source.timeout_seconds)})
    return source


def patient_enough(source: Source) -> Source:
    """The same source for one question of a job that others wait behind."""
    if isinstance(source, WebSource):
        return source.model_copy(update={"timeout_seconds": min(PIX_SECONDS, source.timeout_seconds)})
    return source


def payment_plan(instance: Instance) -> PaymentPlan | None:
    """What is handed to its hook, and how; None: it has none."""
    if (hook := instance.payment_hook) is None:
        return None
    return PaymentPlan(
        instance=instance.id,
        company=instance.company,
        charged_span=sync_plan(instance).charged_span,
        line="line" in hook.send,
        pix="pix" in hook.send,
        actions=partial(open_actions, patient_enough(instance.source)),
        hook=WebHook(hook) if hook.url else ProgramHook(hook),
    )


def unpaid_rules(instance: Instance) -> UnpaidRules:
    """How to ask whether a debt is still open."""
    rules = instance.rules.still_unpaid
    return UnpaidRules(
        instance=instance.id,
        charged_span=sync_plan(instance).charged_span,
        remember=timedelta(minutes=rules.remember_minutes),
        trust_sync=timedelta(minutes=rules.trust_sync_minutes),
    )


def dial_order(instance: Instance, attempt: Attempt) -> DialOrder:
    """A reserved attempt as the trunk wants it."""
    national = phone.format_for_trunk(attempt.number, instance.trunk.number_format)
    return DialOrder(
        attempt_id=attempt.attempt_id,
        instance=instance.id,
        number=attempt.number,
        endpoint=instance.trunk.endpoint.replace("{number}", national),
        caller_id=instance.caller_id.lstrip("+"),
        ring_seconds=instance.dialling.ring_seconds,
        max_call_seconds=instance.dialling.max_call_seconds,
        origination=Origination(instance.dialling.origination),
        trunk_group=instance.trunk.group,
        recording=recording_of(attempt.attempt_id, instance.id, ZoneInfo(instance.zone))
        if instance.recording.enabled
        else None,
        listen=instance.conversation.answering.listens,
    )


def terms(settings: Settings) -> dict[str, Terms]:
    """What each instance's rules make of a result that an agent was told."""
    return {one.id: Terms(ledger_rules(one), retry_table(one)) for one in settings.instances}


def longest_call(settings: Settings) -> timedelta:
    """No channel of ours can live longer than this: TIMEOUT(absolute) of the most patient instance.

    That stands still while an agent is rung, and is another one while he talks.
    """
    return timedelta(
        seconds=max(
            one.dialling.ring_seconds + one.dialling.max_call_seconds + _with_agents(one.conversation.agent)
            for one in settings.instances
        )
    )


def _with_agents(agent: Agent | None) -> int:
    if agent is None:
        return 0
    return TRANSFERS_AT_MOST * (agent.ring_seconds + AGENT_GRACE_SECONDS) + agent.max_seconds
