"""`dial --dry-run`: whom a step would call now, whom not, and every obstacle; it changes and renders nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from worker.app import App, utc_now
from worker.commands.explain import obstacles
from worker.commands.show import as_json, grid, local
from worker.core import phone, window
from worker.core.model import NotNow, Phone, Waiting
from worker.core.route import Route
from worker.core.verdict import Verdict
from worker.jobs import dial as dialling
from worker.jobs.dial import DialPlan
from worker.settings import Instance
from worker.store_ports import Store

HELD = "later: nobody may be dialled now"
NO_ROOM = "later: no free channel"
SAME_NUMBER = "later: a debtor before has the same number"
Choice = tuple[Phone, date] | NotNow


@dataclass(frozen=True, slots=True)
class Told:
    """What is said of one debtor."""

    client_id: str
    number: str  # empty: none
    dial: str  # "yes", or "no: ..." or "later: ..."
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class WouldDial:
    """One instance."""

    instance: str
    zone: ZoneInfo
    obstacles: tuple[Verdict, ...]
    channels: str
    asks: bool
    debtors: tuple[Told, ...]


def would_dial(running: App, one: Instance) -> WouldDial:
    now, plan = utc_now(), running.dial_plan(one)
    against = (*_held(plan, now), *obstacles(running, one, now))
    free, channels = room(plan, running.store, now)
    waiting = running.store.queue.waiting(one.id, now, max(1, free) * dialling.LOOK_AHEAD)
    choices = [(row, dialling.choose_number(plan, row, now)) for row in waiting]
    held = any(not verdict.allowed for verdict in against)
    return WouldDial(
        one.id, ZoneInfo(one.zone), against, channels, one.rules.still_unpaid.ask, told(choices, free, held=held)
    )


def _held(plan: DialPlan, now: datetime) -> list[Verdict]:
    """Brakes and the instance's window: `dial.why_not` asks the same."""
    brake = plan.brakes(now)
    closed = "" if plan.rules.test_numbers else window.why_closed(plan.rules.hours.window, now)
    return [
        Verdict("brake", not brake, brake or "no brake holds", None),
        Verdict("window", not closed, closed or "open", None),
    ]


def room(plan: DialPlan, store: Store, now: datetime) -> tuple[int, str]:
    """How many calls could be begun now, and a sentence about it."""
    flying = store.attempts.open_since(now)
    own, route = sum(one.instance == plan.instance for one in flying), plan.route()
    free = plan.channels - own
    said = f"{own} of {plan.channels} channels in use"
    if route.channels is None:
        return max(0, free), f"{said}; trunk {route.trunk} has no limit"
    on_trunk = sum(one.trunk == route.trunk for one in flying)
    free = min(free, route.channels - on_trunk)
    return max(0, free), f"{said}; {_trunk(route, on_trunk)}"


def _trunk(route: Route, ours: int) -> str:
    return f"trunk {route.trunk} may carry {route.channels} calls of ours now, {ours} are up"


def told(choices: Iterable[tuple[Waiting, Choice]], free: int, *, held: bool) -> tuple[Told, ...]:
    """In the order of the queue. Two debtors with one number are not called together."""
    found: list[Told] = []
    numbers: set[str] = set()
    for row, choice in choices:
        client = row.entry.client_id
        if isinstance(choice, NotNow):
            found.append(Told(client, "", f"no: {choice.reason}", choice.until))
            continue
        number = choice[0].number
        if held:
            said = HELD
        elif number in numbers:
            said = SAME_NUMBER
        else:
            said = "yes" if len(numbers) < free else NO_ROOM
            numbers.add(number)
        found.append(Told(client, number, said))
    return tuple(found)


def shown(items: Sequence[WouldDial], json_wanted: bool) -> str:
    if json_wanted:
        return as_json([row for one in items for row in _document(one)])
    return "\n".join(_text(one) for one in items)


def _text(one: WouldDial) -> str:
    asks = "the dialler asks the ERP before each call, a dry run does not" if one.asks else "the ERP is not asked"
    lines = [f"{one.instance}: {one.channels}; still unpaid: {asks}"]
    lines += [f"nobody now: {against.rule}: {against.detail}" for against in one.obstacles if not against.allowed]
    rows = [
        (told.client_id, phone.mask(told.number) if told.number else "", told.dial, local(told.until, one.zone))
        for told in one.debtors
    ]
    lines.append(grid(("client", "number", "would be dialled now", "not before"), rows))
    return "\n".join(lines)


def _document(one: WouldDial) -> list[dict[str, object]]:
    """One row an obstacle, then one a debtor."""
    nobody = [
        Told("", "", f"nobody now: {against.rule}: {against.detail}", against.until)
        for against in one.obstacles
        if not against.allowed
    ]
    return [
        {
            "instance": one.instance,
            "client": told.client_id,
            "number": told.number,
            "dial": told.dial,
            "until": told.until,
        }
        for told in (*nobody, *one.debtors)
    ]
