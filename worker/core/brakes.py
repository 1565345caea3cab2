"""What holds dialling back: pauses by a person, and those the dialler puts on itself, each with its reason."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from fractions import Fraction
from itertools import islice
from typing import Final

from worker.core.enums import LineResult
from worker.core.instant import day_start, local_day

REJECTED_CAUSE: Final = 21  # Q.850 "call rejected": of many calls at once, the trunk refuses our caller id
NETWORK_AVERAGE: Final = 0.54  # share of short calls in the whole network, Anatel, April 2025
ALL: Final = ""  # the instance of a brake that holds all of them


class BrakeKind(StrEnum):
    BY_HAND = "by_hand"
    CONGESTION = "congestion"
    REJECTION = "rejection"
    SHORT_CALLS = "short_calls"
    CALLS_PER_MONTH = "calls_per_month"


HANDLER: Final = "handler"  # kinds of alarms that are no brakes: dialling has stopped anyway
PBX: Final = "pbx"
READ_ONLY: Final = "read_only"
ALARMS: Final = (HANDLER, PBX, READ_ONLY, *(kind.value for kind in BrakeKind if kind is not BrakeKind.BY_HAND))
OBSTACLES: Final = (HANDLER, PBX)  # of one PBX: each tells and takes back its own
STORMS: Final = (BrakeKind.REJECTION, BrakeKind.CONGESTION)  # in the order in which they are looked for


def alarm_kind(kind: str, pbx: str) -> str:
    """As it is stored; `pbx` where several may dial the instance, so that one takes back no other's alarm."""
    return f"{kind}@{pbx}" if pbx and kind in OBSTACLES else kind


def kind_of_alarm(stored: str) -> str:
    """The kind alone."""
    return stored.partition("@")[0]


@dataclass(frozen=True, slots=True)
class Brake:
    """One reason not to dial. It is kept when it has ended: what came before its end starts no new storm."""

    instance: str  # ALL: every one
    kind: BrakeKind
    reason: str
    since: datetime
    until: datetime | None = None  # releases itself then; None: a person does
    hang_up: bool = False  # calls in flight are ended too
    set_by: str = ""  # user@host; empty: the dialler

    def holds(self, now: datetime) -> bool:
        return self.until is None or now < self.until


@dataclass(frozen=True, slots=True)
class BrakeRules:
    """When an instance stops by itself."""

    storm_calls: int = 20
    storm_percent: int = 60
    storm: timedelta = timedelta(minutes=10)
    pause: timedelta | None = timedelta(minutes=15)  # None: until a person resumes
    short_call_ratio: float = 0.85
    short_call_calls: int = 100_000
    margin: float = 0.95
    calls_per_month: int = 500_000
    stop_at_calls_per_month: bool = False
    alarm_after: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Endings:
    """So many calls from one caller id that ended alike."""

    caller_id: str
    line_result: LineResult
    cause: int | None
    calls: int


@dataclass(frozen=True, slots=True)
class CallCount:
    """Calls of one local day that ended, of one instance through one trunk from one caller id."""

    day: date
    instance: str
    trunk: str  # "pbx/trunk"
    caller_id: str
    calls: int
    short_calls: int
    answered: int

    @property
    def provider(self) -> str:
        """Whoever runs the trunk: the same name on two PBXs is the same provider."""
        return self.trunk.rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Sum:
    calls: int = 0
    short_calls: int = 0
    answered: int = 0

    @property
    def short_ratio(self) -> float | None:
        """None while there are no calls."""
        return self.short_calls / self.calls if self.calls else None


@dataclass(frozen=True, slots=True)
class Trouble:
    """A line that is near, or a storm. `brake`: dialling stops until `until` (None: until a person resumes)."""

    kind: BrakeKind
    reason: str
    until: datetime | None
    brake: bool = True


def add_up(counts: Iterable[CallCount]) -> Sum:
    rows = list(counts)
    return Sum(
        sum(row.calls for row in rows), sum(row.short_calls for row in rows), sum(row.answered for row in rows)
    )


def holding(brakes: Iterable[Brake], instance: str, now: datetime) -> list[Brake]:
    """Those that hold this instance now: a person's first, then by kind."""
    found = [one for one in brakes if one.instance in (ALL, instance) and one.holds(now)]
    return sorted(found, key=lambda one: (one.kind is not BrakeKind.BY_HAND, one.kind, one.instance))


def why_braked(brakes: Iterable[Brake], instance: str, now: datetime) -> str:
    """Empty when nothing holds this instance; else the first reason, in one sentence."""
    for one in holding(brakes, instance, now):
        return told(one)
    return ""


def told(brake: Brake) -> str:
    """A brake in one sentence."""
    who = f"by {brake.set_by}" if brake.set_by else "by itself"
    until = f" until {_instant(brake.until)}" if brake.until else ""
    what = "paused, calls hung up," if brake.hang_up else "paused"
    return f"{what} {who} since {_instant(brake.since)}{until}: {brake.reason}; `collector resume` ends it"


def renewed(old: Brake | None, new: Brake, now: datetime) -> Brake:
    """What is kept when a brake is set: one that holds already keeps its beginning, and goes on hanging up."""
    if old is None or not old.holds(now):
        return new
    return replace(new, since=old.since, hang_up=old.hang_up or new.hang_up)


def counted_from(brakes: Iterable[Brake], instance: str, rules: BrakeRules, now: datetime) -> datetime:
    """Calls that ended earlier say nothing of a storm: too long ago, or before the last pause was over."""
    own = [one for one in brakes if one.instance in (ALL, instance) and one.kind in STORMS]
    ends = [one.until for one in own if one.until is not None and one.until <= now]
    return max([now - rules.storm, *ends])


def storm(endings: Sequence[Endings], rules: BrakeRules, now: datetime) -> Trouble | None:
    """Rejection before congestion; None when calls are too few or end well enough."""
    calls = sum(one.calls for one in endings)
    if calls < rules.storm_calls:
        return None
    until = None if rules.pause is None else now + rules.pause
    for kind, sentence in ((BrakeKind.REJECTION, _rejection), (BrakeKind.CONGESTION, _congestion)):
        bad = [one for one in endings if one.line_result.value == _ENDING[kind]]
        amount = sum(one.calls for one in bad)
        if 100 * amount >= rules.storm_percent * calls:
            minutes = round(rules.storm.total_seconds() / 60)
            return Trouble(kind, sentence(bad, f"{amount} of {calls} calls in {minutes} minutes"), until)
    return None


_ENDING: Final = {
    BrakeKind.REJECTION: LineResult.REJECTED.value,
    BrakeKind.CONGESTION: LineResult.CONGESTION.value,
}


def _rejection(bad: Sequence[Endings], share: str) -> str:
    """Cause 21 of most of them: it is our number that is refused, not each callee who refuses."""
    by_caller: Counter[str] = Counter()
    for one in bad:
        if one.cause == REJECTED_CAUSE:
            by_caller[one.caller_id] += one.calls
    if 2 * by_caller.total() <= sum(one.calls for one in bad):
        return f"{share} were rejected; ask the provider why"
    worst = min(by_caller, key=lambda number: (-by_caller[number], number))
    return (
        f"the trunk rejects the caller id {worst or '(unknown)'}: {share} were rejected with cause "
        f"{REJECTED_CAUSE}; ask the provider which numbers it accepts and correct caller_id"
    )


def _congestion(bad: Sequence[Endings], share: str) -> str:
    causes = sorted({one.cause for one in bad if one.cause is not None})
    which = f" (cause {', '.join(map(str, causes))})" if causes else ""
    return f"{share} met congestion{which}; lower dialling.channels or trunk.channels, or ask the provider"


def near_lines(
    instance: str, month: Sequence[CallCount], rules: BrakeRules, now: datetime, zone: tzinfo
) -> list[Trouble]:
    """Anatel's lines that this instance's calls are near; `month`: the counts of all instances this month.

    Judged are the instance by itself, and each provider it called through with everybody's calls together: whoever
    shares a trunk is one customer of that provider.
    """
    today = local_day(now, zone)
    providers = {row.provider for row in month if row.instance == instance}
    shared = {name: [row for row in month if row.provider == name] for name in sorted(providers)}
    days = {f"instance {instance}": [row for row in month if row.instance == instance]}
    days |= {f"provider {name}": rows for name, rows in shared.items() if name}
    near = (
        _near_short_calls(who, add_up(row for row in rows if row.day == today), rules, today, zone)
        for who, rows in days.items()
    )
    found = list(islice((one for one in near if one), 1))
    most = max(((add_up(rows).calls, name) for name, rows in shared.items()), default=(0, ""))
    if most[0] >= Fraction(str(rules.margin)) * rules.calls_per_month:
        found.append(_near_month(*most, rules, today, zone))
    return found


def _near_short_calls(who: str, day: Sum, rules: BrakeRules, today: date, zone: tzinfo) -> Trouble | None:
    margin = Fraction(str(rules.margin))
    enough = day.calls >= margin * rules.short_call_calls
    if not enough or day.short_calls < margin * Fraction(str(rules.short_call_ratio)) * day.calls:
        return None
    reason = (
        f"{who}: {day.short_calls} of {day.calls} calls today were short; from {rules.short_call_calls} calls and "
        f"{rules.short_call_ratio:.0%} on Anatel has the lines blocked for 15 days"
    )
    return Trouble(BrakeKind.SHORT_CALLS, reason, day_start(today + timedelta(days=1), zone))


def _near_month(calls: int, provider: str, rules: BrakeRules, today: date, zone: tzinfo) -> Trouble:
    reason = (
        f"{calls} calls this month through the provider {provider or '(unknown)'}; above {rules.calls_per_month} "
        "Anatel asks a caller to authenticate all calls (Origem Verificada)"
    )
    following = (today.replace(day=1) + timedelta(days=32)).replace(day=1)
    return Trouble(
        BrakeKind.CALLS_PER_MONTH, reason, day_start(following, zone), brake=rules.stop_at_calls_per_month
    )


def overruled(trouble: Trouble, last: Brake | None, now: datetime, zone: tzinfo) -> bool:
    """A person has ended this very brake in the day (or month) it is about: it is not put on again."""
    if trouble.kind in STORMS or last is None or last.holds(now):
        return False
    before, today = local_day(last.since, zone), local_day(now, zone)
    return before == today or (
        trouble.kind is BrakeKind.CALLS_PER_MONTH and (before.year, before.month) == (today.year, today.month)
    )


def by_provider(counts: Iterable[CallCount]) -> Mapping[str, Sum]:
    """Everybody's calls through each provider, by its name."""
    rows = list(counts)
    return {
        name: add_up(row for row in rows if row.provider == name)
        for name in sorted({row.provider for row in rows})
    }


def _instant(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
