"""Calls placed by the PBX's spool: for boxes without ARI. One file a call, written aside and moved in whole."""

import errno
import os
import pwd
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from worker import settings
from worker.errors import PbxRefused, UnsafeText
from worker.pbx import text, variables
from worker.pbx.order import channel_variables
from worker.ports import Dialler, DialOrder, Placed, Placement

PROBE_SECONDS = 1.0
NEVER_MOVED = {errno.EXDEV, errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.ENOSPC, errno.EROFS}

log = structlog.get_logger(__name__)


def content(order: DialOrder) -> str:
    """The call file of an order. Raises UnsafeText."""
    digits = text.number_digits(order.number)
    lines = [
        ("Channel", order.endpoint),
        ("CallerID", f"<{text.number_digits(order.caller_id)}>"),
        ("WaitTime", str(order.ring_seconds)),
        ("MaxRetries", "0"),  # trying again is our worker's decision
        ("RetryTime", "300"),
        ("Account", order.instance),
        ("Context", variables.CONTEXT_RECORD if order.recording else variables.CONTEXT_OUT),
        ("Extension", digits),
        ("Priority", "1"),
        *(("Setvar", f"{name}={value}") for name, value in channel_variables(order, variables.TELL_AGI).items()),
        ("Setvar", f"CDR(userfield)={order.attempt_id}"),  # what finds the CDR row: its uniqueid is the PBX's own
        ("Archive", "no"),
    ]
    return "".join(text.call_file_line(key, value) for key, value in lines)


class CallFileDialler(Dialler):
    def __init__(self, pbx: settings.Pbx) -> None:
        self._pbx = pbx

    def place(self, orders: Sequence[DialOrder]) -> list[Placement]:
        return [self._place(order) for order in orders]

    def ready(self) -> str:
        for folder in (self._pbx.spool, self._pbx.spool_aside):
            if not folder.is_dir():
                return (
                    f"the folder {folder} does not exist; run the installer, or set pbx.spool and pbx.spool_aside"
                )
            if not os.access(folder, os.W_OK | os.X_OK):
                return (
                    f"the folder {folder} cannot be written by this user; run as {self._pbx.owner or 'its owner'}"
                )
        if self._pbx.spool.stat().st_dev != self._pbx.spool_aside.stat().st_dev:
            return "pbx.spool and pbx.spool_aside must be on the same filesystem, so that a file moves in whole"
        agi = self._pbx.agi
        try:
            socket.create_connection((agi.host, agi.port), PROBE_SECONDS).close()
        except OSError:
            return f"nobody listens on {agi.host}:{agi.port}; start `collector handler`"
        return ""

    def _place(self, order: DialOrder) -> Placement:
        try:
            name = f"{text.pbx_id(order.attempt_id)}.call"
            aside, spooled = self._pbx.spool_aside / name, self._pbx.spool / name
            if spooled.exists():
                return Placement(
                    order.attempt_id, Placed.UNKNOWN, "a call file of this attempt is in the spool already"
                )
            self._write(aside, content(order))
        except (OSError, UnsafeText, PbxRefused) as problem:
            with suppress(OSError, UnboundLocalError):
                aside.unlink(missing_ok=True)
            return Placement(order.attempt_id, Placed.REFUSED, f"call file not written: {_reason(problem)}")
        return self._move(order.attempt_id, aside, spooled)

    def _write(self, file: Path, body: str) -> None:
        """Whole and on disk, readable by the PBX only. Raises OSError, PbxRefused."""
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            out.write(body)
            out.flush()
            if self._pbx.owner and os.geteuid() == 0:
                os.fchown(out.fileno(), *_owner(self._pbx.owner))
            os.fsync(out.fileno())

    def _move(self, attempt_id: str, aside: Path, spooled: Path) -> Placement:
        try:
            aside.rename(spooled)
        except OSError as problem:
            # Only a refusal of the move itself, with the file still here, proves that Asterisk never saw it.
            if problem.errno in NEVER_MOVED and aside.exists():
                aside.unlink(missing_ok=True)
                return Placement(attempt_id, Placed.REFUSED, f"call file not moved: {_reason(problem)}")
            log.warning("call file may have moved", attempt=attempt_id, problem=_reason(problem))
            return Placement(attempt_id, Placed.UNKNOWN, f"call file may have moved: {_reason(problem)}")
        return Placement(attempt_id, Placed.ACCEPTED)


def pending(spool: Path) -> set[str]:
    """Attempt ids with a file in the spool: not yet dialled, ringing, or talking. Raises OSError."""
    return {file.stem for file in spool.iterdir() if _is_ours(file)}


def sweep(spool: Path, aside: Path) -> list[str]:
    """Move our leftovers out of the spool, as `aside/<attempt>.swept`. Their attempt ids. Raises OSError.

    Only while Asterisk is down: a call that was up when Asterisk crashed is still in the spool and would be
    dialled again at its start, MaxRetries 0 or not (facts: measured on 16.28). What cannot be moved is deleted:
    Asterisk starts whatever becomes of us, and better a lost try than a person called again.
    """
    swept = []
    for file in sorted(spool.iterdir()):
        if _is_ours(file):
            try:
                file.rename(aside / f"{file.stem}.swept")
            except OSError:
                file.unlink()
            swept.append(file.stem)
    return swept


def _is_ours(file: Path) -> bool:
    return file.suffix == ".call" and text.is_attempt_id(file.stem)


def _owner(name: str) -> tuple[int, int]:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise PbxRefused(f"there is no user {name} on this machine; set pbx.owner") from None
    return entry.pw_uid, entry.pw_gid


def _reason(problem: Exception) -> str:
    """Without file names: they are long, and the attempt is named anyway."""
    return problem.strerror or type(problem).__name__ if isinstance(problem, OSError) else str(problem)
