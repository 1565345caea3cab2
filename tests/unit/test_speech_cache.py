"""The cache of sounds stays within its bounds without taking a sound out of a call."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agi.playing import file_seconds
from worker.speech.cache import KEEP_SECONDS, REFRESH_SECONDS, SoundCache

NOW = 1_800_000_000.0
DATA = b"\xd5" * 1000


def cache(folder: Path, max_bytes: int = 2000, now: float = NOW) -> SoundCache:
    return SoundCache(folder, "collector", owner="", max_bytes=max_bytes, clock=lambda: now)


def stored(folder: Path, number: int, age: float) -> str:
    digest = f"{number:064x}"
    sound = cache(folder).put(digest, DATA)
    used = NOW - age
    os.utime(folder / f"{sound.name}.alaw", (used, used))
    return digest


def left(folder: Path, digests: list[str]) -> list[bool]:
    return [(folder / "collector" / digest[:2] / f"{digest}.alaw").exists() for digest in digests]


def test_the_least_recently_used_go_first_until_the_rest_fits(tmp_path: Path) -> None:
    digests = [stored(tmp_path, number, age) for number, age in enumerate([9 * KEEP_SECONDS, 5e6, 8e4, 9e4])]
    assert 2 == cache(tmp_path).prune()
    assert [True, False, True, False] == left(tmp_path, digests)


def test_nothing_younger_than_an_hour_goes(tmp_path: Path) -> None:
    digests = [stored(tmp_path, number, KEEP_SECONDS - 1) for number in range(4)]
    assert 0 == cache(tmp_path, max_bytes=0).prune()
    assert [True] * 4 == left(tmp_path, digests)


def test_a_sound_in_use_does_not_become_old(tmp_path: Path) -> None:
    digest = stored(tmp_path, 1, 5e6)
    assert cache(tmp_path).find(digest) is not None
    path = tmp_path / "collector" / digest[:2] / f"{digest}.alaw"
    before = path.stat().st_mtime
    assert before > NOW - 5e6
    assert cache(tmp_path, now=before + REFRESH_SECONDS - 1).find(digest) is not None
    assert before == path.stat().st_mtime  # a sound just used costs one stat and nothing more


def test_what_a_crash_left_aside_goes_after_an_hour(tmp_path: Path) -> None:
    stored(tmp_path, 1, 0)
    folder = next((tmp_path / "collector").iterdir())
    for name, age in ((".new-old", 2 * KEEP_SECONDS), (".new-young", 1.0)):
        (folder / name).write_bytes(DATA)
        os.utime(folder / name, (NOW - age, NOW - age))
    assert 1 == cache(tmp_path).prune()
    assert not (folder / ".new-old").exists()
    assert (folder / ".new-young").exists()


def test_files_that_are_not_ours_are_left_alone(tmp_path: Path) -> None:
    digest = stored(tmp_path, 1, 5e6)
    folder = tmp_path / "collector" / digest[:2]
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / f"{digest}.alaw").write_bytes(DATA)
    (folder / "music.alaw").write_bytes(DATA)
    (tmp_path / "collector" / "ab").symlink_to(outside)
    (folder / f"{2:064x}.alaw").symlink_to(folder / "music.alaw")
    assert 1 == cache(tmp_path, max_bytes=0).prune()
    assert (folder / "music.alaw").exists()
    assert (outside / f"{digest}.alaw").exists()


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fchmod", full)
    with pytest.raises(Exception, match="No space left"):
        cache(tmp_path).put(f"{1:064x}", DATA)
    assert [] == [path for path in tmp_path.rglob("*") if path.is_file()]


def test_no_folder_yet_is_an_empty_cache(tmp_path: Path) -> None:
    assert 0 == cache(tmp_path).prune()
    assert cache(tmp_path).find(f"{1:064x}") is None


MAKER = """
import sys, time
from pathlib import Path
from worker.speech.cache import SoundCache
from worker.speech.voice import CachedVoice

class Engine:
    def recipe(self, text): return "test"
    def speak(self, text): return bytes((1, 9) * 8000)  # a second of sound

ahead = float(sys.argv[3])  # hours later, so that what was made may go
cache = SoundCache(Path(sys.argv[1]), "collector", max_bytes=400_000, clock=lambda: time.time() + ahead)
voice = CachedVoice(Engine(), cache)
for number in range(40):
    voice.render(f"{sys.argv[2]} {number}")
"""


def test_two_processes_keep_the_bound_together(tmp_path: Path) -> None:
    both = [_maker(tmp_path, name, 0) for name in ("one", "two")]
    assert [0, 0] == [one.wait(60) for one in both]
    assert size(tmp_path) > 400_000  # all of them young: they may be in calls
    assert 0 == _maker(tmp_path, "three", 3 * KEEP_SECONDS).wait(60)
    assert size(tmp_path) <= 400_000 + 41 * 9000  # its own forty are young in its turn


def _maker(folder: Path, name: str, ahead: float) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", MAKER, str(folder), name, str(ahead)])


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*.alaw"))


@pytest.mark.parametrize(("old", "new"), [("alaw", "sln"), ("ulaw", "alaw"), ("sln", "ulaw")])
def test_what_was_made_in_another_format_counts_and_goes(tmp_path: Path, old: str, new: str) -> None:
    before = SoundCache(tmp_path, "collector", clock=lambda: NOW, form=old).put(f"{7:064x}", DATA)
    os.utime(tmp_path / f"{before.name}.{old}", (NOW - 9 * KEEP_SECONDS,) * 2)
    now = SoundCache(tmp_path, "collector", max_bytes=1, clock=lambda: NOW, form=new)
    assert now.find(f"{7:064x}") is None
    assert 1 == now.prune()
    assert [] == [file for file in tmp_path.rglob("*") if file.is_file()]


@pytest.mark.parametrize(("form", "bytes_a_second"), [("alaw", 8000), ("ulaw", 8000), ("sln", 16000)])
def test_a_sound_has_the_length_that_the_call_side_reckons(tmp_path: Path, form: str, bytes_a_second: int) -> None:
    sounds = SoundCache(tmp_path, "collector", clock=lambda: NOW, form=form)
    sound = sounds.put(f"{7:064x}", bytes(bytes_a_second * 2))
    assert sound == sounds.find(f"{7:064x}")
    assert 2.0 == sound.seconds == file_seconds(tmp_path)(sound.name)
