"""The folder of recordings: ours are found and taken away in time, and nothing else is touched or followed."""

import os
import secrets
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from worker.core.recording import Recording, recording_of
from worker.core.ulid import new_ulid
from worker.errors import PbxRefused
from worker.jobs import recordings as job
from worker.pbx.recordings import Cleared, clear, locate, of_day
from worker.store.memory import memory_store

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ZONE = ZoneInfo("America/Sao_Paulo")
DAYS = {"fibra": 90, "radio": 10}


def made(days_ago: float, instance: str = "fibra") -> Recording:
    return recording_of(new_ulid(NOW - timedelta(days=days_ago), secrets.randbits), instance, ZONE)


def put(monitor: Path, name: str, folder: str) -> Path:
    file = monitor / folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(b"x" * 16044)
    return file


def tape(monitor: Path, days_ago: float, instance: str = "fibra") -> Path:
    one = made(days_ago, instance)
    return put(monitor, one.name, one.folder)


def files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir()}


def test_each_instance_has_its_own_days(tmp_path: Path) -> None:
    old, young = tape(tmp_path, 91), tape(tmp_path, 89)
    brief, fresh = tape(tmp_path, 11, "radio"), tape(tmp_path, 9, "radio")
    done = clear(tmp_path, DAYS, NOW)
    assert {young, fresh} == files(tmp_path)
    assert not old.exists()
    assert not brief.exists()
    assert (2, 2 * 16044, 0, 0) == (done.removed, done.bytes, done.strange, done.failed)


def test_the_day_goes_by_the_call_not_by_the_time_of_the_file(tmp_path: Path) -> None:
    old, young = tape(tmp_path, 91), tape(tmp_path, 1)
    os.utime(young, (0, 0))
    clear(tmp_path, DAYS, NOW)
    assert {young} == files(tmp_path)
    assert not old.exists()


@pytest.mark.parametrize("hours", range(0, 49, 3))
def test_at_the_edge_no_folder_is_passed_over_nor_anything_removed_early(tmp_path: Path, hours: int) -> None:
    age = 10 - 1 + hours / 24
    file = tape(tmp_path, age, "radio")
    clear(tmp_path, DAYS, NOW)
    assert (age <= 10) == file.exists()


def test_other_peoples_files_stay_whatever_they_are_called(tmp_path: Path) -> None:
    one = made(400)
    alien = [
        put(tmp_path, "out-5511987654321-1133330000-20251017-101010-1700000000.1.wav", one.folder),
        put(tmp_path, f"x{one.name}", one.folder),
        put(tmp_path, f"{one.name}.gz", one.folder),
        put(tmp_path, one.name.replace("fibra", "Fibra"), one.folder),
        put(tmp_path, "-rf", one.folder),
        put(tmp_path, "out-collector-\n.wav", one.folder),
        put(tmp_path, one.name, "2025/10/1"),  # not where it would be
        put(tmp_path, one.name, "2024/01/01"),
        put(tmp_path, one.name, "20251017"),
        put(tmp_path, one.name, "."),
        put(tmp_path, one.name, f"{one.folder}/more"),
    ]
    folder = tmp_path / one.folder / made(400).name
    folder.mkdir()
    done = clear(tmp_path, DAYS, NOW)
    assert 0 == done.removed
    assert set(alien) == files(tmp_path)
    assert folder.is_dir()


def test_an_instance_that_is_not_known_is_counted_and_left(tmp_path: Path) -> None:
    file = tape(tmp_path, 400, "sold")
    assert 1 == clear(tmp_path, DAYS, NOW).strange
    assert file.exists()


def test_no_link_is_followed_and_no_link_is_removed(tmp_path: Path) -> None:
    monitor, outside = tmp_path / "monitor", tmp_path / "outside"
    one, two, three, four = made(400), made(401), made(500), made(800)
    target = put(outside, one.name, "d")
    (monitor / one.folder).mkdir(parents=True)
    (monitor / one.folder / one.name).symlink_to(target)  # a file
    held = put(outside, two.name, "day")
    day = monitor / two.folder
    day.parent.mkdir(parents=True, exist_ok=True)
    day.symlink_to(outside / "day")  # the folder of a day
    month = put(outside, three.name, f"month/{three.folder[-2:]}")
    (monitor / three.folder[:4]).mkdir(exist_ok=True)
    (monitor / three.folder[:7]).symlink_to(outside / "month")
    year = put(outside, four.name, f"year/{four.folder[5:]}")
    (monitor / four.folder[:4]).symlink_to(outside / "year")
    assert 0 == clear(monitor, DAYS, NOW).removed
    assert all(file.exists() for file in (target, held, month, year))
    assert (monitor / one.folder / one.name).is_symlink()
    assert locate(monitor, one) is None
    assert [] == of_day(monitor, two.day)


def test_the_folder_itself_may_be_a_link_to_a_larger_disk(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    monitor = tmp_path / "monitor"
    monitor.symlink_to(tmp_path / "disk")
    tape(tmp_path / "disk", 91)
    assert 1 == clear(monitor, DAYS, NOW).removed


def test_a_file_with_a_second_name_loses_only_ours(tmp_path: Path) -> None:
    file = tape(tmp_path / "monitor", 91)
    (tmp_path / "kept").hardlink_to(file)
    clear(tmp_path / "monitor", DAYS, NOW)
    assert (tmp_path / "kept").exists()


def test_where_nothing_was_ever_recorded_there_is_nothing_to_remove(tmp_path: Path) -> None:
    assert Cleared() == clear(tmp_path / "none", DAYS, NOW)


def test_a_folder_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PbxRefused, match=r"cannot be read; correct pbx\.monitor"):
        clear(tmp_path / "file", DAYS, NOW)


def test_it_is_found_by_attempt_and_by_day(tmp_path: Path) -> None:
    one, two = made(3), made(3 - 0.001)
    for each in (two, one):
        put(tmp_path, each.name, each.folder)
    put(tmp_path, "q-600-20261118-x.wav", one.folder)
    found = locate(tmp_path, one)
    assert found is not None
    assert (tmp_path / one.folder / one.name, 1.0) == (found.path, found.seconds)
    assert [one, two] == [taped.recording for taped in of_day(tmp_path, one.day)]
    assert [] == of_day(tmp_path, date(2020, 1, 1))
    assert locate(tmp_path, made(3)) is None


def test_it_is_found_although_the_instance_was_moved_to_another_zone(tmp_path: Path) -> None:
    late = datetime(2026, 11, 21, 2, tzinfo=UTC)
    attempt = new_ulid(late, secrets.randbits)
    one = recording_of(attempt, "fibra", ZONE)
    put(tmp_path, one.name, one.folder)
    assert locate(tmp_path, recording_of(attempt, "fibra", ZoneInfo("UTC"))) is not None


def test_the_history_says_how_many_were_removed() -> None:
    store = memory_store()
    report = job.clear(store.runs, lambda: NOW, lambda _: Cleared(removed=3, bytes=2_000_000, kept=5, strange=1))
    assert "done" == report.status
    assert {"removed": 3, "megabytes": 2.0, "kept": 5, "of_unknown_instance": 1, "not_removed": 0} == report.detail
    (run,) = store.runs.latest()
    assert ("recordings", "done", 3) == (run.job, run.status, run.changed)


def test_what_cannot_be_removed_fails_the_run() -> None:
    store = memory_store()
    report = job.clear(store.runs, lambda: NOW, lambda _: Cleared(failed=2, reason="Permission denied"))
    assert "failed" == report.status
    assert "2 recordings could not be removed: Permission denied; see who may write pbx.monitor" == report.error
