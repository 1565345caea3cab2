"""Settings turned into the plain values that decisions take."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from zoneinfo import ZoneInfo

from worker.core import naming, phone
from worker.core.enums import Origination, PersonType
from worker.core.model import Attempt, Client, LedgerRules
from worker.core.policy import CallRules
from worker.core.route import Route
from worker.core.window import CallWindow
from worker.erp.source import Reading
from worker.jobs.sync import SyncPlan
from worker.jobs.unpaid import UnpaidRules
from worker.ports import DialOrder
from worker.settings import Instance, Settings
from worker.source_settings import Source, SqlSource, WebSource


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
        holidays_of=window.state if window.holidays else None,
    )


def ledger_rules(instance: Instance) -> LedgerRules:
    """Caps and gaps."""
    rules = instance.rules
    debtor = LedgerRules(rules.debtor_per_day, timedelta(hours=rules.debtor_interval_hours), rules.debtor_per_week)
    return LedgerRules(rules.dial_per_day, timedelta(hours=rules.dial_interval_hours), rules.dial_per_week, debtor)


def call_rules(instance: Instance) -> CallRules:
    """All that this instance's decisions are made by."""
    return CallRules(call_window(instance), ledger_rules(instance))


def route(instance: Instance) -> Route:
    """The way out, as configured."""
    trunk = instance.trunk
    return Route(trunk.known_as, instance.caller_id, trunk.channels)


def reading(instance: Instance) -> Reading:
    """What this instance asks of its adapter."""
    return Reading(instance.default_ddd, frozenset(PersonType(person) for person in instance.clients.persons))


def normaliser(instance: Instance) -> Callable[[Client], Client]:
    """Names as people write them, neighbourhoods by the instance's own map."""
    return partial(naming.normalise_client, neighbourhoods=naming.names(instance.reverse_map.neighbourhoods))


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
    )


def longest_call(settings: Settings) -> timedelta:
    """No channel of ours can live longer than this: TIMEOUT(absolute) of the most patient instance."""
    return timedelta(
        seconds=max(one.dialling.ring_seconds + one.dialling.max_call_seconds for one in settings.instances)
    )
