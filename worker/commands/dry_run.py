"""`dial --dry-run`: whom a step would call now, whom not, and every obstacle; it changes and renders nothing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from worker.app import App, utc_now
from worker.commands.explain import obstacles
from worker.commands.room import Room, room, shares
from worker.commands.show import as_json, grid, local
from worker.core import phone, window
from worker.core.model import NotNow, Phone, Waiting
from worker.core.verdict import Verdict
from worker.jobs import dial as dialling
from worker.jobs.dial import DialPlan
from worker.settings import Instance

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


@dataclass(frozen=True, slots=True)
class _Looked:
    """What one instance finds at this moment."""

    one: Instance
    obstacles: tuple[Verdict, ...]
    room: Room
    choices: tuple[tuple[Waiting, Choice], ...]

    @property
    def held(self) -> bool:
        return any(not verdict.allowed for verdict in self.obstacles)

    @property
    def more(self) -> int:
        """Calls it would like to begin."""
        numbers = {choice[0].number for _, choice in self.choices if not isinstance(choice, NotNow)}
        return 0 if self.held else len(numbers)


def would_dial(running: App, instances: Sequence[Instance]) -> list[WouldDial]:
    """Of all these together: they may share a trunk, or a debtor's number."""
    now = utc_now()
    looked = [_look(running, one, now) for one in instances]
    granted = shares(
        {found.one.id: found.room for found in looked}, {found.one.id: found.more for found in looked}
    )
    numbers: set[str] = set()
    return [
        WouldDial(
            found.one.id,
            ZoneInfo(found.one.zone),
            found.obstacles,
            _channels(found, [other.room for other in looked if other is not found], granted[found.one.id]),
            found.one.rules.still_unpaid.ask,
            told(found.choices, granted[found.one.id], numbers, held=found.held),
        )
        for found in looked
    ]


def _look(running: App, one: Instance, now: datetime) -> _Looked:
    plan = running.dial_plan(one)
    left = room(plan, running.store, now)
    waiting = running.store.queue.waiting(one.id, now, max(1, left.free) * dialling.LOOK_AHEAD)
    choices = tuple((row, dialling.choose_number(plan, row, now)) for row in waiting)
    return _Looked(one, (*_held(plan, now), *obstacles(running, one, now)), left, choices)


def _channels(found: _Looked, others: Iterable[Room], granted: int) -> str:
    trunk, carries = found.room.route.trunk, found.room.route.channels
    sharing = carries is not None and any(other.route.trunk == trunk for other in others)
    return f"{found.room}; its share of what is free: {granted}" if sharing else str(found.room)


def _held(plan: DialPlan, now: datetime) -> list[Verdict]:
    """Brakes and the instance's window: `dial.why_not` asks the same."""
    brake = plan.brakes(now)
    closed = "" if plan.rules.test_numbers else window.why_closed(plan.rules.hours.window, now)
    return [
        Verdict("brake", not brake, brake or "no brake holds", None),
        Verdict("window", not closed, closed or "open", None),
    ]


def told(
    choices: Iterable[tuple[Waiting, Choice]], free: int, numbers: set[str], *, held: bool
) -> tuple[Told, ...]:
    """In the order of the queue. Two debtors with one number are not called together; `numbers`: rung so far."""
    found: list[Told] = []
    begun = 0
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
            said = "yes" if begun < free else NO_ROOM
            begun += 1
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
