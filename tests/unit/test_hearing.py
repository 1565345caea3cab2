"""Stretches of sound out of TALK_DETECT's events."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from worker.core.hearing import Ear, Segment, joined, so_far


def edges(ear: Ear, now: float) -> list[tuple[float, float]]:
    return [(round(one.start, 3), round(one.end, 3)) for one in ear.segments(now)]


def test_a_stretch_ends_with_its_sound_and_not_when_the_event_comes() -> None:
    ear = Ear()
    ear.began(0.50)
    ear.ended(1.00, 420)  # 60 ms after the last sound; measured: 0.50 to 0.94
    assert [(0.50, 0.94)] == edges(ear, 2.0)


def test_a_stretch_that_goes_on_ends_at_the_present_moment() -> None:
    ear = Ear()
    ear.began(0.5)
    ear.began(0.7)  # said twice: the first counts
    assert (Segment(0.5, 1.25),) == ear.segments(1.25)


def test_an_end_whose_beginning_was_missed_is_counted_back() -> None:
    ear = Ear()
    ear.ended(1.0, 380)
    assert [(0.6, 1.0)] == edges(ear, 2.0)


def test_only_what_lies_between_the_answer_and_now_counts() -> None:
    heard = [Segment(-2.0, -1.0), Segment(-0.5, 0.3), Segment(0.5, 0.9), Segment(1.5, 2.0)]
    assert [Segment(0.0, 0.3), Segment(0.5, 0.7)] == so_far(heard, 0.7)


def test_an_end_is_known_only_when_the_pause_after_it_has_lasted() -> None:
    heard = [Segment(0.5, 0.9)]
    assert [Segment(0.5, 0.94)] == so_far(heard, 0.94)
    assert heard == so_far(heard, 0.97)


@given(st.lists(st.floats(0.02, 2), max_size=12), st.floats(0.01, 1))
def test_joining_keeps_the_ends_and_leaves_only_long_pauses(lengths: list[float], pause: float) -> None:
    edges = [sum(lengths[:index]) for index in range(len(lengths) + 1)]
    heard = [Segment(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False)]
    found = joined(heard, pause)
    assert [one.start for one in heard[:1]] + [one.end for one in heard[-1:]] == (
        [one.start for one in found[:1]] + [one.end for one in found[-1:]]
    )
    assert all(after.start - before.end >= pause for before, after in itertools.pairwise(found))
