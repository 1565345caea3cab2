"""What `bench talk` makes of what its callees heard: a word that never came is late, and nobody is forgotten."""

import pytest

from tests.bench.talk_figures import at_once, figures_of, percentile


def call(answered: float, word: float = 0.1, after_key: float = 0.1, seconds: float = 30.0) -> dict[str, float]:
    """A call as a callee tells it; `word`, `after_key`: seconds until they came, 0: never."""
    return {
        "answered": answered,
        "first_word": answered + word if word else 0.0,
        "key": answered + 10,
        "word_after_key": answered + 10 + after_key if after_key else 0.0,
        "gone": answered + seconds,
    }


def test_all_in_time() -> None:
    figures = figures_of([call(1.0), call(2.0)], 2)
    assert (2.0, 2.0, 0.0) == (figures["calls"], figures["at_once"], figures["late"])
    assert (0.1, 0.1, 30.0) == tuple(round(figures[name], 3) for name in ("first_median", "key_p99", "seconds"))


@pytest.mark.parametrize(
    "slow",
    [
        call(1.0, word=0.61),
        call(1.0, word=0),
        call(1.0, after_key=0.51),
        call(1.0, after_key=0),
        call(1.0) | {"key": 0.0, "word_after_key": 0.0},  # gone before he could press
    ],
)
def test_a_late_or_missing_word_counts_as_late(slow: dict[str, float]) -> None:
    assert 1.0 == figures_of([call(1.0), slow], 2)["late"]


def test_a_callee_who_was_never_rung_is_not_forgotten() -> None:
    with pytest.raises(RuntimeError, match="2 calls were begun, 1 callees were rung"):
        figures_of([call(1.0)], 2)


def test_at_once_counts_calls_that_overlap() -> None:
    assert 2 == at_once([call(0, seconds=10), call(5, seconds=10), call(12, seconds=10)])
    assert 1 == at_once([call(0, seconds=10), call(10, seconds=10)])


def test_the_hundredth_of_a_hundred_is_the_99th_percentile() -> None:
    assert [99.0, 0.0] == [percentile([float(one) for one in range(100)], 0.99), percentile([], 0.99)]
