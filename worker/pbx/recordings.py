"""The PBX's folder of recordings: which of them are ours, and those whose days are over taken away.

The folder is Issabel's own, with everybody's calls in it: only names of ours, in the folders of days, are touched.
No link below it is followed, and every step starts from a folder that is open already: nothing can come between.
"""

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from worker.core.recording import Recording, is_over, parse
from worker.errors import PbxRefused

HEADER_BYTES, SECOND_BYTES = 44, 16000  # of a WAV as MixMonitor writes it: 16 bit, 8 kHz, mono
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Taped:
    """A recording that is there."""

    recording: Recording
    path: Path
    size: int

    @property
    def seconds(self) -> float:
        return max(0, self.size - HEADER_BYTES) / SECOND_BYTES


@dataclass(slots=True)
class Cleared:
    """What a clearing did."""

    removed: int = 0
    bytes: int = 0
    kept: int = 0  # ours, in the folders looked into, and not over
    strange: int = 0  # ours by name, of an instance that the settings do not know
    failed: int = 0  # could not be removed
    reason: str = ""  # why, of the last of them


def locate(monitor: Path, recording: Recording) -> Taped | None:
    """The recording of that attempt, if it is there; also when the instance's zone was changed since."""
    for apart in (0, -1, 1):
        one = Recording(recording.attempt_id, recording.day + apart * _DAY, recording.instance)
        for taped in _of_day(monitor, one.day, one.name):
            return taped
    return None


def of_day(monitor: Path, day: date) -> list[Taped]:
    """Ours of that day, the first call first."""
    return sorted(_of_day(monitor, day), key=lambda one: one.recording.attempt_id)


def clear(monitor: Path, days: Mapping[str, int], now: datetime) -> Cleared:
    """Remove those that have been kept for the days of their instance. PbxRefused: it cannot be read."""
    done = Cleared()
    if not monitor.exists():  # MixMonitor makes it: nothing was ever recorded
        return done
    # a folder that is younger than the shortest keeping holds nothing that is over, in whatever zone
    young = (now - timedelta(days=min(days.values()))).date() + _DAY if days else date.max
    for day, names in _day_folders(monitor):
        if day > young:
            continue
        with _walked(monitor, *names) as folder:
            if folder is not None:
                _clear_folder(folder, day, days, now, done)
    return done


def _clear_folder(folder: int, day: date, days: Mapping[str, int], now: datetime, done: Cleared) -> None:
    for one, name, size in _ours(folder):
        if one.day != day:
            continue
        kept_for = days.get(one.instance)
        if kept_for is None:
            done.strange += 1
        elif not is_over(one, kept_for, now):
            done.kept += 1
        else:
            try:
                os.unlink(name, dir_fd=folder)
            except OSError as error:
                done.failed, done.reason = done.failed + 1, error.strerror or "unknown reason"
            else:
                done.removed, done.bytes = done.removed + 1, done.bytes + size


def _of_day(monitor: Path, day: date, name: str | None = None) -> Iterator[Taped]:
    names = f"{day:%Y}", f"{day:%m}", f"{day:%d}"
    with _walked(monitor, *names) as folder:
        if folder is not None:
            for one, found, size in _ours(folder, name):
                yield Taped(one, monitor.joinpath(*names, found), size)


def _ours(folder: int, only: str | None = None) -> Iterator[tuple[Recording, str, int]]:
    """Plain files with a name of ours."""
    for name in [only] if only else os.listdir(folder):
        one = parse(name)
        if one is None:
            continue
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:  # gone meanwhile, or never there
            continue
        if stat.S_ISREG(status.st_mode):
            yield one, name, status.st_size


def _day_folders(monitor: Path) -> Iterator[tuple[date, tuple[str, str, str]]]:
    """Folders YYYY/MM/DD below it."""
    with _walked(monitor) as top:
        if top is None:
            raise PbxRefused(f"the folder {monitor} cannot be read; correct pbx.monitor, or who may read it")
        years = sorted(name for name in os.listdir(top) if re.fullmatch("[0-9]{4}", name, re.ASCII))
    for year in years:
        for month in _numbered(monitor, year):
            for day in _numbered(monitor, year, month):
                with suppress(ValueError):  # no day that there is
                    yield date(int(year), int(month), int(day)), (year, month, day)


def _numbered(monitor: Path, *names: str) -> list[str]:
    with _walked(monitor, *names) as folder:
        inside = [] if folder is None else os.listdir(folder)
    return sorted(name for name in inside if re.fullmatch("[0-9]{2}", name, re.ASCII))


@contextmanager
def _walked(monitor: Path, *names: str) -> Iterator[int | None]:
    """The folder so far below it, opened; None: not there. Only the first may be a link, to a larger disk."""
    try:
        folder = os.open(monitor, _FOLDER & ~os.O_NOFOLLOW)
    except OSError:
        yield None
        return
    try:
        for name in names:
            below = os.open(name, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = below
    except OSError:
        os.close(folder)
        yield None
        return
    try:
        yield folder
    finally:
        os.close(folder)
