"""What the carrier says it rang: the one witness that does not depend on what Collector believes."""

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

_LINE = re.compile(
    r"^\[(?P<at>[0-9: .-]+)\] NOTICE.*: (?P<what>RINGS|GONE) (?P<number>[0-9+]+) for (?P<caller>[0-9+]*)$"
)
BRAZIL = "55"  # the trunk sends callees without it, and callers without the plus


@dataclass(frozen=True, slots=True)
class Ring:
    """One INVITE that reached the carrier; `until` None: its end is not in the log."""

    number: str  # E.164
    caller: str
    at: datetime
    until: datetime | None = None


def read(text: str) -> list[Ring]:
    """In the order of time."""
    rings: list[Ring] = []
    open_calls: dict[tuple[str, str], list[int]] = {}
    for line in text.splitlines():
        if (found := _LINE.match(line)) is None:
            continue
        at = datetime.strptime(found["at"], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
        number, caller = f"+{BRAZIL}{found['number']}", f"+{found['caller'].removeprefix('+')}"
        key = (number, caller)
        if found["what"] == "RINGS":
            open_calls.setdefault(key, []).append(len(rings))
            rings.append(Ring(number, caller, at))
        elif open_calls.get(key):
            index = open_calls[key].pop(0)
            rings[index] = replace(rings[index], until=at)
    return rings


def most_at_once(rings: list[Ring], grace: timedelta) -> int:
    """Calls that were up together; the end of each is seen up to `grace` later than the PBX knows it."""
    events = [(ring.at, 1) for ring in rings]
    events += [(max(ring.at, ring.until - grace), -1) for ring in rings if ring.until is not None]
    most = now = 0
    for _, change in sorted(events):  # an end before a beginning of the same instant
        now += change
        most = max(most, now)
    return most
