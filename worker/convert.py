"""Settings turned into the plain values that decisions take."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from worker.core import phone
from worker.core.enums import Origination
from worker.core.model import Attempt, LedgerRules
from worker.core.window import CallWindow
from worker.jobs.sync import SyncPlan
from worker.ports import DialOrder
from worker.settings import Instance, Settings


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
    """Daily cap and gap."""
    return LedgerRules(instance.rules.dial_per_day, timedelta(hours=instance.rules.dial_interval_hours))


def sync_plan(instance: Instance, *, dry_run: bool = False, accept_shrink: bool = False) -> SyncPlan:
    """What a sync of this instance must know."""
    return SyncPlan(
        instance=instance.id,
        zone=ZoneInfo(instance.zone),
        minimum_days=instance.rules.minimum_days_to_charge,
        maximum_days=instance.rules.maximum_days_overdue,
        shrink_percent=instance.rules.shrink_alarm_percent,
        dry_run=dry_run,
        accept_shrink=accept_shrink,
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
