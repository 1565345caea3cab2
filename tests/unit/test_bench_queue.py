"""`bench queue`: on a small scale all of it runs; and each limit that is missed is told."""

import json

import pytest

from tests.bench import queue


def test_a_small_bench_runs_and_ends_with_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    queue.main(["--bills", "600", "--rounds", "1", "--json"])  # so small, the ratio says nothing
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {"bench", "ratio", "baseline", "ours", "rss_mb", "rounds"} == set(result)
    assert (180, 6) == (result["ours"]["entries"], result["ours"]["second_changed"])
    assert result["ratio"] > 0


@pytest.mark.parametrize(
    ("missed", "ratio", "rss", "pick", "at_work"),
    [
        ([], 3.0, 299.0, 19.9, 99.0),
        (["building takes"], 3.1, 299.0, 19.9, 0.0),
        (["peak memory"], 3.0, 300.0, 19.9, 0.0),
        (["picking"], 3.0, 299.0, 20.0, 0.0),
    ],
)
def test_what_is_wanted_and_missed_is_told(
    missed: list[str], ratio: float, rss: float, pick: float, at_work: float
) -> None:
    told = queue.shortcomings(ratio, rss, {"pick_ms": pick, "pick_at_work_ms": at_work})
    assert missed == [one.removeprefix("MISSED: ")[: len(word)] for one, word in zip(told, missed, strict=True)]
