"""Sounds on disk under names made of hexadecimal digits only: written aside, renamed, oldest removed first."""

import os
import pwd
import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from worker.errors import SpeechError
from worker.ports import Sound
from worker.speech.audio import BYTES_PER_SECOND

DEFAULT_MAX_BYTES = 512 * 1024 * 1024
SMALLEST = 0.05  # seconds; less is what a crash left of a file
ASIDE = ".new-"
KEEP_SECONDS = 3600.0  # a younger file may be in a call
REFRESH_SECONDS = 600.0  # a sound in use is touched, so that it never becomes old
_NAME = re.compile(rf"[0-9a-f]{{64}}\.({'|'.join(BYTES_PER_SECOND)})")  # whatever the format was when it was made


class SoundCache:
    """Several threads and processes may share one folder."""

    def __init__(
        self,
        sounds: Path,
        folder: str,
        *,
        owner: str = "",
        max_bytes: int = DEFAULT_MAX_BYTES,
        clock: Callable[[], float],
        form: str = "alaw",
    ) -> None:
        """`sounds` is Asterisk's folder of sounds, `folder` a name below it that becomes ours alone.

        `form`: a key of audio.BYTES_PER_SECOND; Asterisk knows the format by the same word at the end of the name.
        """
        self.form = form
        self._rate = BYTES_PER_SECOND[form]
        self._suffix = f".{form}"
        self._folder = folder
        self._root = sounds / folder
        self._prefix = f"{self._root}/"
        self._owner = owner
        self._max_bytes = max_bytes
        self._clock = clock

    def find(self, digest: str) -> Sound | None:
        """The sound of that digest, if there is one. One stat."""
        path = f"{self._prefix}{digest[:2]}/{digest}{self._suffix}"
        try:
            facts = os.stat(path)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._trouble(error) from error
        if facts.st_size < SMALLEST * self._rate:
            return None
        if self._clock() - facts.st_mtime > REFRESH_SECONDS:
            with suppress(OSError):  # another owner's file, or pruned this moment: then it is looked for again
                os.utime(path)
        return self._sound(digest, facts.st_size)

    def put(self, digest: str, data: bytes) -> Sound:
        """Store a sound whole or not at all. Raises SpeechError."""
        target = self._root / digest[:2] / f"{digest}{self._suffix}"
        try:
            self._make_folder(self._root)
            self._make_folder(target.parent)
            self._write(target, data)
        except OSError as error:
            raise self._trouble(error) from error
        return self._sound(digest, len(data))

    def prune(self) -> int:
        """Remove the least recently used beyond `max_bytes`, and what crashes left; none younger than an hour."""
        limit = self._clock() - KEEP_SECONDS
        kept: list[tuple[float, int, str]] = []
        removed = 0
        for path, facts in self._files():
            if os.path.basename(path).startswith(ASIDE):
                removed += facts.st_mtime < limit and _unlink(path)
            else:
                kept.append((facts.st_mtime, facts.st_size, path))
        excess = sum(size for _, size, _ in kept) - self._max_bytes
        for used, size, path in sorted(kept):
            if excess <= 0 or used >= limit:
                break
            if _still_unused(path, limit) and _unlink(path):
                excess -= size
                removed += 1
        return removed

    def _sound(self, digest: str, size: int) -> Sound:
        return Sound(f"{self._folder}/{digest[:2]}/{digest}", size / self._rate)

    def _files(self) -> Iterator[tuple[str, os.stat_result]]:
        """Files of ours only; whatever else lies there is left alone."""
        for folder in _entries(self._prefix):
            if not re.fullmatch(r"[0-9a-f]{2}", folder.name) or not folder.is_dir(follow_symlinks=False):
                continue
            for entry in _entries(folder.path):
                if not (_NAME.fullmatch(entry.name) or entry.name.startswith(ASIDE)):
                    continue
                with suppress(FileNotFoundError):  # another process prunes too
                    facts = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(facts.st_mode):
                        yield entry.path, facts

    def _make_folder(self, path: Path) -> None:
        with suppress(FileExistsError):
            path.mkdir(mode=0o755)
            path.chmod(0o755)  # whatever the umask: Asterisk must look inside
            if (ids := self._ids()) is not None:
                os.chown(path, *ids, follow_symlinks=False)

    def _write(self, target: Path, data: bytes) -> None:
        handle, aside = tempfile.mkstemp(prefix=ASIDE, dir=target.parent)  # O_EXCL: no link can be waiting there
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                os.fchmod(file.fileno(), 0o644)
                if (ids := self._ids()) is not None:
                    os.fchown(file.fileno(), *ids)
            os.replace(aside, target)
        except BaseException:
            _unlink(aside)
            raise

    def _ids(self) -> tuple[int, int] | None:
        """Whom to give a file to; None when it stays ours. Only root can give."""
        if not self._owner or os.geteuid() != 0:
            return None
        try:
            entry = pwd.getpwnam(self._owner)
        except KeyError:
            raise SpeechError(
                f"there is no user {self._owner} to own the sounds; correct pbx.owner or install Asterisk"
            ) from None
        return entry.pw_uid, entry.pw_gid

    def _trouble(self, error: OSError) -> SpeechError:
        return SpeechError(
            f"sounds cannot be kept in {self._root}: {error.strerror}; "
            "the folder above must exist and be writable to us"
        )


def _entries(path: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as found:
            return list(found)
    except OSError:
        return []


def _still_unused(path: str, limit: float) -> bool:
    """A call may have come for it since it was listed."""
    try:
        return os.stat(path).st_mtime < limit
    except OSError:
        return False


def _unlink(path: str) -> bool:
    try:
        os.unlink(path)
    except OSError:
        return False
    return True
