"""Calls of the lab's own, without Collector: is the PBX, the carrier and the call record what tests believe?"""

import time
from dataclasses import dataclass

from tests.lab.lab import Lab

HANGUP_HANDLER = "lab-hangup,s,1"


@dataclass(frozen=True, slots=True)
class Record:
    """A row of `cdr`. `found`: AMD's verdict or the keys heard, empty for a call nobody answered."""

    disposition: str
    found: str
    cause: int
    tech: str  # "SIP 486 Busy Here"


def place(lab: Lab, tag: str, dial: str, *, context: str = "lab-probe", ring_seconds: int = 10) -> None:
    """Drop a call file for `dial` (11961010001@carrier); `tag` finds its record again and names the file."""
    lines = [
        f"Channel: PJSIP/{dial}",
        f"WaitTime: {ring_seconds}",
        "CallerID: <1133330000>",
        f"Context: {context}",
        f"Extension: {dial.split('@', 1)[0]}",
        "Priority: 1",
        f"Setvar: LAB_TAG={tag}",
        "Setvar: LAB_SOUND=lab/announcement",
        "Setvar: LAB_SECONDS=4",
        f"Setvar: CHANNEL(hangup_handler_push)={HANGUP_HANDLER}",
    ]
    aside = lab.pbx.spool / "collector" / f"{tag}.call"
    aside.write_text("\n".join(lines) + "\n", encoding="ascii")
    aside.rename(lab.pbx.spool / "outgoing" / aside.name)


def records(lab: Lab, tags: set[str], seconds: float = 60) -> dict[str, Record]:
    """The call records of these tags, once all are there. AssertionError naming those that never came."""
    deadline = time.monotonic() + seconds
    while missing := tags - set(found := _read(lab, tags)):
        if time.monotonic() > deadline:
            raise AssertionError(f"no call record after {seconds} s: {', '.join(sorted(missing))}")
        time.sleep(0.3)
    return found


def _read(lab: Lab, tags: set[str]) -> dict[str, Record]:
    with lab.mariadb.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT userfield, disposition FROM asteriskcdrdb.cdr WHERE userfield LIKE '%|%'")
        rows = cursor.fetchall()
    found = {}
    for userfield, disposition in rows:
        tag, *words, cause, tech = str(userfield).split("|")
        if tag in tags:
            found[tag] = Record(disposition, "".join(words), int(cause), tech)
    return found
