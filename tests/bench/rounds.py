"""What every benchmark shares: alternating rounds, medians, a table for people, a JSON line for programs."""

import json
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence

Figures = dict[str, float]


def say(text: str) -> None:
    """Progress, to standard error."""
    sys.stderr.write(text + "\n")


def alternate(
    rounds: int, baseline: Callable[[int], Figures], ours: Callable[[int], Figures]
) -> tuple[list[Figures], list[Figures]]:
    """Run both `rounds` times, one after the other, so that a slow minute of the machine hits both."""
    first, second = [], []
    for index in range(rounds):
        first.append(baseline(index))
        say(f"round {index + 1}/{rounds} baseline {_short(first[-1])}")
        second.append(ours(index))
        say(f"round {index + 1}/{rounds} ours     {_short(second[-1])}")
    return first, second


def medians(rows: Sequence[Figures]) -> Figures:
    """The median of each figure on its own."""
    return {name: round(statistics.median(row[name] for row in rows), 3) for name in rows[0]}


def ratio(first: Sequence[Figures], second: Sequence[Figures], name: str) -> float:
    """The median of ours over baseline, round by round: a slow moment of the machine hits both of a round."""
    return statistics.median(ours[name] / base[name] for base, ours in zip(first, second, strict=True))


def result(
    name: str, ratio: float, first: Figures, second: Figures, rss_mb: float, rounds: int
) -> dict[str, object]:
    """The object of DESIGN section 10."""
    return {
        "bench": name,
        "ratio": round(ratio, 3),
        "baseline": first,
        "ours": second,
        "rss_mb": round(rss_mb, 1),
        "rounds": rounds,
    }


def show(answer: Mapping[str, object], as_json: bool, lines: Sequence[str]) -> None:
    """The table, and with --json the object as the last line."""
    sys.stdout.write("\n".join(lines) + "\n")
    if as_json:
        sys.stdout.write(json.dumps(answer) + "\n")


def _short(figures: Figures) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in figures.items())
