"""Judges the town by its own history and by raw tables, not by the code under test: DESIGN's invariants 1 to 5."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from tests.contract.machine_world import (
    CHANNELS,
    CLOSED_DAYS,
    LEDGER,
    OPEN_DAYS,
    SAO_PAULO,
    TRUNK_CHANNELS,
    Ban,
    Town,
    day_of,
    numbers_of,
    person,
    zone_of,
)
from worker.core.model import LedgerRules, Outcome

WEEK = timedelta(days=6)  # today and the six days before it
CONVERSATIONS = ("promise", "says_paid", "wants_agent", "transferred")
CALL_KEPT = "paid or no longer overdue"


@dataclass(frozen=True, slots=True)
class Try:
    """A row of `attempt`."""

    attempt_id: str
    instance: str
    entry_id: int
    client_id: str
    number: str
    state: str
    total: float
    reserved_at: datetime

    @property
    def is_open(self) -> bool:
        return self.state in ("reserved", "dialing", "answered")

    @property
    def day(self) -> date:
        return day_of(self.number, self.reserved_at)

    @property
    def person(self) -> str:
        return person(self.instance, self.client_id)


@dataclass(frozen=True, slots=True)
class Kept:
    """A row of `ledger`: tries of `day` and of the six days before it."""

    day: date | None
    tries: tuple[int, ...]
    last_try_at: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of `queue_entry`; `claim` is None where the store keeps no such column."""

    entry_id: int
    instance: str
    client_id: str
    state: str
    reason: str
    claim: str | None = None


@dataclass(slots=True)
class Tables:
    """All that is stored, at one instant; `event`: what the town counted then."""

    event: int
    tries: list[Try] = field(default_factory=list)
    outcomes: dict[str, Outcome] = field(default_factory=dict)
    ledger: dict[str, Kept] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    closed_bills: list[tuple[str, str]] = field(default_factory=list)
    inactive: list[tuple[str, str]] = field(default_factory=list)


def judge(town: Town, seen: Tables, *, last: bool = False) -> None:
    """AssertionError with the rule and the rows that break it. `last`: all attempts, not the new ones alone."""
    count_tries(seen)
    weigh_ledger(seen)
    learn(town, seen)
    new = [one for one in seen.tries if last or one.attempt_id not in town.judged]
    look_for_banned(town, new)
    look_at_clock(town, new)
    look_for_paid(town, new)
    town.judged |= {one.attempt_id for one in new}
    match_endings(town, seen)
    count_open(seen)
    match_entries(seen)
    ask_erp(town, seen)


# --- 1: caps and gaps --------------------------------------------------------------------------------


def count_tries(seen: Tables) -> None:
    """A number's and a person's tries, those that were given back left out; each by the rules of who made it."""
    rung = sorted((one for one in seen.tries if one.state != "withdrawn"), key=lambda one: one.reserved_at)
    for key, rules in (
        (lambda one: one.number, LEDGER.__getitem__),
        (lambda one: one.person, lambda name: LEDGER[name].of_debtor),
    ):
        _count(rung, key, rules)


def _count(rung: list[Try], key: Callable[[Try], str], rules: Callable[[str], LedgerRules]) -> None:
    by_key: dict[str, list[Try]] = defaultdict(list)
    for one in rung:
        earlier, limits = by_key[key(one)], rules(one.instance)
        if earlier:
            assert one.reserved_at - earlier[-1].reserved_at >= limits.gap, ("gap", key(one), earlier[-1], one)
        today = sum(other.day == one.day for other in earlier)
        assert today < limits.per_day, ("tries of a day", key(one), one)
        week = sum(one.day - WEEK <= other.day <= one.day for other in earlier)
        assert limits.per_week is None or week < limits.per_week, ("tries of seven days", key(one), one)
        earlier.append(one)


def weigh_ledger(seen: Tables) -> None:
    """It counts every try but those that were given back, each once."""
    for whose in (lambda one: one.number, _ledger_key):
        by_key: dict[str, list[Try]] = defaultdict(list)
        for one in seen.tries:
            by_key[whose(one)].append(one)
        for key, tries in by_key.items():
            kept = seen.ledger.get(key, Kept(None, (0,) * 7, None))
            assert key in seen.ledger or not [one for one in tries if one.state != "withdrawn"], ("no row", key)
            assert _expected(tries) == kept, ("ledger", key, tries)


def _expected(tries: Sequence[Try]) -> Kept:
    counted = [one for one in tries if one.state != "withdrawn"]
    if not counted:
        return Kept(None, (0,) * 7, None)
    last = max(counted, key=lambda one: one.reserved_at)
    days = Counter(one.day for one in counted)
    return Kept(last.day, tuple(days[last.day - timedelta(days=n)] for n in range(7)), last.reserved_at)


def _ledger_key(one: Try) -> str:
    who = one.person
    return f"c:{one.instance}:{one.client_id}" if "/" in who else f"d:{who}"


# --- 2: nobody who must not be called ----------------------------------------------------------------


def learn(town: Town, seen: Tables) -> None:
    """What outcomes forbid from the moment on when they were written; of those whose writer died, from now on."""
    tries = {one.attempt_id: one for one in seen.tries}
    told = {one.outcome.attempt_id: one.event for one in list(town.written)}
    for attempt_id, outcome in seen.outcomes.items():
        if attempt_id not in town.learned:
            town.learned.add(attempt_id)
            town.bans += _bans(tries[attempt_id], outcome, told.get(attempt_id, seen.event))


def _bans(one: Try, outcome: Outcome, since: int) -> list[Ban]:
    talk, result = outcome.talk, str(outcome.talk.result)
    if result == "opt_out":
        bans = [Ban("opt out", since, number=one.number)]
        if "1" in talk.keys or talk.heard in ("part", "all"):
            if "/" not in one.person:
                bans.append(Ban("opt out in person", since, person=one.person))
            else:
                numbers = numbers_of(one.instance, one.client_id)
                bans += [Ban("opt out on all numbers", since, each, instance=one.instance) for each in numbers]
        return bans
    if result == "wrong_person" or outcome.line_result == "invalid_number":
        return [Ban("not his number", since, one.number, instance=one.instance, client_id=one.client_id)]
    if result == "promise" and talk.promise_day is not None:
        day = talk.promise_day + timedelta(days=1)
        return [Ban("quiet", since, person=one.person, until=_midnight(day, one.number))]
    if result in CONVERSATIONS or (result == "confirmed" and talk.heard in ("part", "all")):
        until = outcome.ended_at + LEDGER[one.instance].of_debtor.quiet
        return [Ban("quiet", since, person=one.person, until=until)]
    return []


def _midnight(day: date, number: str) -> datetime:
    return datetime.combine(day, time(0), zone_of(number))


def look_for_banned(town: Town, new: Sequence[Try]) -> None:
    bans = list(town.bans)
    for one in new:
        claim = town.claims[one.attempt_id]
        for ban in bans:
            taken_back = ban.until_event is not None and (claim.end is None or ban.until_event < claim.end)
            asked_store_alone = claim.reckless and ban.what != "quiet"  # the ledger holds quiet periods by itself
            if ban.since < claim.begin and not taken_back and _names(ban, one):
                assert asked_store_alone, ("must not be called", ban, one)


def _names(ban: Ban, one: Try) -> bool:
    return (
        ban.number in (None, one.number)
        and ban.person in (None, one.person)
        and ban.instance in (None, one.instance)
        and ban.client_id in (None, one.client_id)
        and (ban.until is None or one.reserved_at < ban.until)
        and (ban.expires_on is None or one.day < ban.expires_on)
    )


def look_at_clock(town: Town, new: Sequence[Try]) -> None:
    for one in new:
        for zone in (SAO_PAULO, zone_of(one.number)):
            local = one.reserved_at.astimezone(zone)
            span = OPEN_DAYS[local.weekday()]
            allowed = span is not None and span[0] <= local.time() < span[1] and local.date() not in CLOSED_DAYS
            assert allowed or town.claims[one.attempt_id].reckless, ("outside the window", one)


def look_for_paid(town: Town, new: Sequence[Try]) -> None:
    debts = list(town.debts.items())
    for one in new:
        claim = town.claims[one.attempt_id]
        owed = sum(
            debt.bill.open_amount
            for (name, _), debt in debts
            if (name, debt.bill.client_id) == (one.instance, one.client_id)
            and (debt.paid is None or debt.paid > claim.begin)
        )
        assert one.total <= float(owed) or claim.reckless, ("called for what was paid", one, owed)


# --- 3: exactly one outcome --------------------------------------------------------------------------


def match_endings(town: Town, seen: Tables) -> None:
    tries = {one.attempt_id: one for one in seen.tries}
    ended = {key for key, one in tries.items() if one.state in ("ended", "lost")}
    assert ended == set(seen.outcomes), ("ended, and outcomes", ended ^ set(seen.outcomes))
    twice = [key for key, n in Counter(one.outcome.attempt_id for one in list(town.written)).items() if n > 1]
    assert [] == twice, "two outcomes were written"
    given_back = {key for key, one in tries.items() if one.state == "withdrawn"}
    assert not given_back & set(town.pbx.got), "given back, and the PBX had it"


# --- 4: channels -------------------------------------------------------------------------------------


def count_open(seen: Tables) -> None:
    flying = [one for one in seen.tries if one.is_open]
    for instance, channels in CHANNELS.items():
        assert sum(one.instance == instance for one in flying) <= channels, ("channels", instance)
    assert len(flying) <= TRUNK_CHANNELS, "channels of the trunk"
    for what in (Counter(one.number for one in flying), Counter(one.person for one in flying)):
        assert {1} >= set(what.values()), ("two calls at once", what)


def match_entries(seen: Tables) -> None:
    """An entry is claimed while, and only while, one attempt of it is open; a client has one that is not done."""
    flying = Counter(one.entry_id for one in seen.tries if one.is_open)
    claimed = Counter(one.entry_id for one in seen.entries if one.state == "claimed")
    assert flying == claimed, ("open attempts, and claimed entries", flying, claimed)
    holders = {one.entry_id: one.attempt_id for one in seen.tries if one.is_open}
    for entry in seen.entries:
        assert entry.claim in (None, holders.get(entry.entry_id)), ("held by another", entry)
    waiting = Counter((one.instance, one.client_id) for one in seen.entries if one.state != "done")
    assert {1} >= set(waiting.values()), ("two entries of one client", waiting)


# --- 5: what the ERP knows --------------------------------------------------------------------------


def ask_erp(town: Town, seen: Tables) -> None:
    """Only what was paid is closed, whatever an answer left out; who left the queue had paid something."""
    for key in seen.closed_bills:
        assert town.debts[key].paid is not None, ("closed, and not paid", key)
    assert [] == seen.inactive, "a client was given up whom the ERP never lost"
    debts = list(town.debts.items())
    for entry in seen.entries:
        if entry.state == "done" and entry.reason == CALL_KEPT:
            assert any(
                debt.paid is not None and (name, debt.bill.client_id) == (entry.instance, entry.client_id)
                for (name, _), debt in debts
            ), ("left the queue unpaid", entry)
