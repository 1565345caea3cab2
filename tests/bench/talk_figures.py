"""From what callees noted to the figures of the talk benchmark, and their table."""

import statistics
from collections.abc import Mapping, Sequence

from tests.bench import rounds

FIRST_LATE, KEY_LATE = 0.6, 0.5  # seconds after the answer, and after a key


def figures_of(heard: Sequence[Mapping[str, float]], calls: int) -> rounds.Figures:
    """A word that never came is late by the whole call."""
    if len(heard) != calls:
        raise RuntimeError(f"{calls} calls were begun, {len(heard)} callees were rung")
    first = sorted((one["first_word"] or one["gone"]) - one["answered"] for one in heard)
    after_key = sorted((one["word_after_key"] or one["gone"]) - one["key"] for one in heard if one["key"])
    ends = [one["gone"] - one["answered"] for one in heard]
    late = sum(wait > FIRST_LATE for wait in first) + sum(wait > KEY_LATE for wait in after_key)
    return {
        "calls": float(calls),
        "at_once": float(at_once(heard)),
        "late": float(late + calls - len(after_key)),
        "first_median": statistics.median(first),
        "first_p99": percentile(first, 0.99),
        "first_worst": first[-1],
        "key_median": statistics.median(after_key) if after_key else 0.0,
        "key_p99": percentile(after_key, 0.99),
        "seconds": statistics.median(ends),
    }


def at_once(heard: Sequence[Mapping[str, float]]) -> int:
    """The most calls that were up at one moment."""
    changes = sorted([(one["answered"], 1) for one in heard] + [(one["gone"], -1) for one in heard])
    most = now = 0
    for _, change in changes:
        now += change
        most = max(most, now)
    return most


def percentile(ordered: Sequence[float], share: float) -> float:
    """0 of nothing."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


COLUMNS = {
    "calls": "calls",
    "at_once": "at once",
    "late": "late",
    "first_median": "word p50",
    "first_p99": "p99",
    "first_worst": "worst",
    "key_median": "key p50",
    "key_p99": "p99",
}
WIDTH = 9
TITLE = "".join(f"{title:>{WIDTH}}" for title in ("", "", *COLUMNS.values(), "CPU ms", "cores"))


def row(name: str, one: rounds.Figures) -> str:
    """As under TITLE: times in milliseconds, CPU of a conversation, and how much of a core the handler took."""
    paid = sum(one.get(f"{program}_cpu_ms", 0.0) for program in ("handler", "pbx", "mariadbd"))
    values = [f"{one[key] * (1 if key in ('calls', 'at_once', 'late') else 1000):.0f}" for key in COLUMNS]
    values += [f"{paid:.1f}", f"{one['handler_cores']:.2f}" if "handler_cores" in one else ""]
    return f"{name:{2 * WIDTH}}" + "".join(f"{value:>{WIDTH}}" for value in values)
