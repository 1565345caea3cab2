"""Who can be called on one day: every debtor put into a group of those alike, or given the reason why not."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from worker.core import law, ledger, policy
from worker.core.forecast import SLOT, Group
from worker.core.instant import aware, day_start, local_day
from worker.core.law import Place
from worker.core.model import LedgerRow, LedgerRules, Phone, Waiting
from worker.core.policy import CallRules
from worker.core.tables import zone_of
from worker.core.window import is_open

FINE: Final = 100  # the order is kept to a hundredth of a debtor's place: a thousand ranks for 300,000 debtors
NO_NUMBER: Final = "no telephone number"
LISTED: Final = "do not call"
BLOCKED: Final = "blocked"
LATER: Final = "waits until later"
CAPS: Final = "caps and gaps leave no try that day"
QUIET: Final = "spoken with, and left alone for some days"
OVER: Final = "the hours of that day are over"
_WORST_LAST: Final = (LISTED, BLOCKED)  # of several numbers refused, the reason that tells most is another


@dataclass(frozen=True, slots=True)
class _Chance:
    """One number that can be called that day."""

    slot: int
    tries: int
    hours: int


@dataclass(slots=True)
class LineUp:
    """One instance's day. `start` is the first instant that still counts: the day's, or now."""

    rules: CallRules
    day: date
    zone: ZoneInfo
    start: datetime
    groups: Counter[Group] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    seen: int = 0
    _rank: int = 0
    _full: int = 1  # so many seen end the rank
    midnight: datetime = field(init=False)
    slots: int = field(init=False)
    _first: int = field(init=False)  # the slot of `start`
    _hours: dict[tuple[str, str], int | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.midnight = day_start(self.day, self.zone)
        self.slots = self.slot_of(day_start(self.day + timedelta(days=1), self.zone))
        self._first = self.slot_of(self.start)

    def instant(self, slot: int) -> datetime:
        return self.midnight + slot * SLOT

    def slot_of(self, instant: datetime) -> int:
        """The first slot that begins no sooner."""
        return max(0, -((self.midnight - aware(instant)) // SLOT))

    def add(self, waiting: Waiting) -> None:
        """In the order of the queue."""
        if self.seen >= self._full:
            self._rank += 1
            self._full = self.seen + max(1, self.seen // FINE)
        self.seen += 1
        found = self.place(waiting, self._rank)
        if isinstance(found, Group):
            self.groups[found] += 1
        else:
            self.refused[found] += 1

    def place(self, waiting: Waiting, rank: int) -> Group | str:
        """The group, or why nobody calls him that day. Who waits for a sync is taken to have had it."""
        if not waiting.phones:
            return NO_NUMBER
        due = waiting.entry.next_attempt_at
        first = self._first if due is None else max(self._first, self.slot_of(due))
        found = [self._chance(waiting, phone, first) for phone in waiting.phones]
        chances = [one for one in found if isinstance(one, _Chance)]
        if not chances:
            reasons = [one for one in found if isinstance(one, str)]
            return min(reasons, key=lambda one: one in _WORST_LAST)
        person = waiting.ledger.get(waiting.debtor, LedgerRow(waiting.debtor))
        tries = min(self._tries(person, self.rules.ledger.of_debtor), sum(one.tries for one in chances))
        best = min(chances, key=lambda one: one.slot)
        return Group(rank, tries, best.slot, self._wait(len(chances)), best.hours)

    def _wait(self, numbers: int) -> int:
        """Slots between two tries: the debtor's gap, or the number's where they are too few to go round."""
        limits = self.rules.ledger
        return -(-max(limits.of_debtor.gap, limits.gap / numbers) // SLOT)

    def _chance(self, waiting: Waiting, phone: Phone, first: int) -> _Chance | str:
        if reason := self._forbidden(waiting, phone):
            return reason
        hours = self._hours_of(phone, waiting.city)
        if isinstance(hours, str):
            return hours
        slot = _next(hours, first)
        if slot is None:
            return LATER
        return self._within_limits(waiting, phone, hours, slot)

    def _within_limits(self, waiting: Waiting, phone: Phone, hours: int, slot: int) -> _Chance | str:
        zone, limits = zone_of(phone.number), self.rules.ledger
        asked = [(phone.number, limits), (waiting.debtor, limits.of_debtor)]
        rows = [(waiting.ledger[who], rules) for who, rules in asked if who in waiting.ledger]
        number = waiting.ledger.get(phone.number, LedgerRow(phone.number))
        while True:
            at = self.instant(slot)
            refusals = [ledger.may_try(row, rules, at, local_day(at, zone), zone) for row, rules in rows]
            until = max((one.until for one in refusals if one and one.until), default=None)
            if until is None:
                return _Chance(slot, self._tries(number, limits), hours)
            later = _next(hours, max(slot + 1, self.slot_of(until)))
            if later is None:
                return QUIET if any(ledger.quiet(row, at) for row, _ in rows) else CAPS
            slot = later

    def _tries(self, row: LedgerRow, limits: LedgerRules) -> int:
        used = row.tries if row.day == self.day else 0
        left = limits.per_day - used
        if limits.per_week is not None:
            left = min(left, limits.per_week - ledger.tries_in_week(row, self.day))
        return max(1, left)  # that one is left the caller has asked the ledger's own rule

    def _forbidden(self, waiting: Waiting, phone: Phone) -> str:
        """Asked of policy itself, and only of the few whom it may concern."""
        if not waiting.blocks and not waiting.do_not_call:
            return ""
        noon = datetime.combine(self.day, time(12), zone_of(phone.number))
        verdicts = {one.rule: one.allowed for one in policy.judge(waiting, phone, rules=self.rules, now=noon)}
        if not verdicts["do_not_call"]:
            return LISTED
        return "" if verdicts["block"] else BLOCKED

    def _hours_of(self, phone: Phone, city: str) -> int | str:
        """The open slots from `start` on; or the sentence that says why there is none."""
        key = phone.number[:5], city if self.rules.hours.cities else ""  # +55 and the area code tell the place
        if key not in self._hours:
            self._hours[key] = self._reckon(Place(phone.number, key[1]))
        return self._hours[key]

    def _reckon(self, place: Place) -> int | str:
        windows = list(law.windows(self.rules.hours, place).values())
        first = self._first
        whole = [all(is_open(one, self.instant(slot)) for one in windows) for slot in range(self.slots)]
        if any(whole[first:]):
            return sum(1 << slot for slot in range(first, self.slots) if whole[slot])
        if any(whole):
            return OVER
        noon = datetime.combine(self.day, time(12), zone_of(place.number))
        against = [one for one in law.verdicts(self.rules.hours, place, noon) if not one.allowed]
        return against[0].detail if against else "the windows have no hour of that day in common"


def _next(hours: int, slot: int) -> int | None:
    """The first open slot from that one on."""
    rest = hours >> slot
    return slot + (rest & -rest).bit_length() - 1 if rest else None
