"""The name of a call's recording: by its attempt, and such that Issabel's pages find the file by themselves.

IssabelPBX keeps the bare file name in `cdr.recordingfile`, takes the date from its fourth part between dashes and
looks below the monitor folder in YYYY/MM/DD (cdr/page.cdr.php); Issabel's page of recordings (pbx,
paloSantoMonitoring) takes the first part of eight digits, and what begins with "o" for an outgoing call.
"""

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from worker.core.ulid import is_ulid, time_of

_NAME = re.compile(r"out-collector-([0-9A-Z]{26})-([0-9]{8})-([a-z0-9][a-z0-9_-]{0,19})\.wav")


@dataclass(frozen=True, slots=True)
class Recording:
    """Whose recording a file is, by its name."""

    attempt_id: str
    day: date  # when the call was placed, in the instance's zone; also the folder's
    instance: str

    @property
    def name(self) -> str:
        return f"out-collector-{self.attempt_id}-{self.day:%Y%m%d}-{self.instance}.wav"

    @property
    def folder(self) -> str:
        """Below the monitor folder."""
        return f"{self.day:%Y/%m/%d}"

    @property
    def placed_at(self) -> datetime:
        return time_of(self.attempt_id)


def recording_of(attempt_id: str, instance: str, zone: ZoneInfo) -> Recording:
    """The recording that this attempt has, or would have. ValueError: that is no attempt id."""
    return Recording(attempt_id, time_of(attempt_id).astimezone(zone).date(), instance)


def parse(name: str) -> Recording | None:
    """None: this file is none of ours."""
    match = _NAME.fullmatch(name)
    if match is None or not is_ulid(match[1]):
        return None
    try:
        day = datetime.strptime(match[2], "%Y%m%d").date()  # noqa: DTZ007  a day, not an instant
    except ValueError:
        return None
    return Recording(match[1], day, match[3])


def is_over(one: Recording, days: int, now: datetime) -> bool:
    """Whether it has been kept for so many days."""
    return one.placed_at + timedelta(days=days) < now
