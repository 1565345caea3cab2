"""Write-back: what callees said about a number is told to the ERP, each note at most once.

A note is marked `sending`, and that is committed, before the ERP is asked. Found so later, nobody knows whether
the ERP took it: it is listed as failed and never repeated by itself.
"""

from collections import Counter
from collections.abc import Callable

import structlog

from worker.core.erp_note import ErpNote
from worker.core.records import Change
from worker.errors import SourceError, SourceLacks
from worker.jobs.history import Report, recorded
from worker.ports import Clock, ErpActions
from worker.store_ports import Notes, Store

log = structlog.get_logger(__name__)

JOB = "write_back"
AT_ONCE = 500  # notes a run
UNKNOWN = "the program ended while sending it: look in the ERP whether it is there, else write it by hand"


def write_back(store: Store, instance: str, actions: Callable[[], ErpActions], clock: Clock) -> Report:
    """One instance's notes. `actions` opens its ERP: SourceLacks where notes cannot be written, and they wait."""

    def work() -> Report:
        with store.presence.lock(f"collector:{JOB}:{instance}") as alone:
            if not alone:
                return Report(JOB, instance, "failed", error="another write-back of this instance is under way")
            counts = Counter(unknown=store.notes.give_up(instance, UNKNOWN, clock()))
            error = _send_all(store.notes, instance, actions, clock, counts)
        change = Change(0, 0, counts["sent"], 0, counts["failed"] + counts["unknown"])
        status = "failed" if error else "done"
        return Report(JOB, instance, status, change=change, error=error, detail=dict(counts))

    return recorded(store.runs, clock, JOB, instance, work)


def _send_all(
    notes: Notes, instance: str, actions: Callable[[], ErpActions], clock: Clock, counts: Counter[str]
) -> str:
    """The last error, or empty. An ERP that cannot be reached is not asked for the next note."""
    waiting = notes.waiting(instance, AT_ONCE)
    if not waiting:
        return ""
    error = ""
    try:
        erp = actions()
        for note in waiting:
            failure = _send(notes, erp, note, clock, counts)
            if failure is not None:
                error = str(failure)
                if failure.again:
                    break
    except SourceLacks:  # not an error: no adapter of this kind knows how, and the notes stay listed
        counts["source_lacks"] = len(waiting)
    return error


def _send(notes: Notes, erp: ErpActions, note: ErpNote, clock: Clock, counts: Counter[str]) -> SourceError | None:
    """What went wrong, if anything did. SourceLacks: the ERP was not asked, and the note waits as before."""
    if not notes.take(note.attempt_id, clock()):
        return None
    try:
        erp.note(note.client_id, None, note.text, note.day)
    except SourceLacks:
        notes.put_back(note.attempt_id, clock())
        raise
    except SourceError as problem:
        notes.failed(note.attempt_id, str(problem), clock())
        counts["failed"] += 1
        log.warning("note", instance=note.instance, attempt=note.attempt_id, error=str(problem))
        return problem
    notes.sent(note.attempt_id, clock())
    counts["sent"] += 1
    return None
