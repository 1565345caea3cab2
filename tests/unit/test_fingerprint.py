"""Openings heard from different numbers are recordings; people saying "alô" are nobody's recording."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.fingerprint import LENGTH, Opening, Recording, learn, likeness, opening, recognised
from worker.core.hearing import Segment

# a recording's words, seconds since its first sound
WORDS = ((0.0, 0.42), (0.52, 0.9), (1.06, 1.3), (1.44, 1.9), (2.0, 2.4), (2.6, 3.4))
OTHER = ((0.0, 0.22), (0.36, 0.6), (0.7, 1.2), (1.36, 1.5), (1.72, 2.1), (2.3, 3.0))


def played(words: tuple[tuple[float, float], ...], start: float = 0.5, wider: float = 0.0) -> list[Segment]:
    """`wider`: a louder line, on which each word is heard a little longer."""
    return [Segment(start + a - wider, start + b + wider) for a, b in words]


def whole(words: tuple[tuple[float, float], ...], start: float = 0.5, wider: float = 0.0) -> Opening:
    found = opening(played(words, start, wider), start + 4)
    assert found is not None
    return found


KNOWN = learn([(number, whole(WORDS)) for number in ("a", "b", "c")])


def test_the_same_opening_from_three_numbers_is_a_recording() -> None:
    assert [3] == [one.numbers for one in KNOWN]
    assert whole(WORDS) == KNOWN[0].opening


def test_the_same_opening_from_one_number_however_often_is_none() -> None:
    often = [whole(tuple((a, b + 0.02 * (a == edge)) for a, b in WORDS)) for edge, _ in WORDS]
    assert len(WORDS) == len(set(often))
    assert [] == learn([("a", one) for one in often])
    assert [] == learn([("a", whole(WORDS)), ("b", whole(WORDS))])


def test_recordings_are_told_apart_and_the_commonest_comes_first() -> None:
    heard = [(f"a{index}", whole(WORDS)) for index in range(3)] + [
        (f"b{index}", whole(OTHER)) for index in range(4)
    ]
    found = learn(heard)
    assert [(4, whole(OTHER)), (3, whole(WORDS))] == [(one.numbers, one.opening) for one in found]
    assert 2 == len({one.name for one in found})


def test_an_opening_heard_too_shortly_or_with_too_few_pauses_teaches_nothing() -> None:
    short = opening(played(WORDS), 0.5 + 2.0)
    assert short is not None
    assert [] == learn([(number, short) for number in "abcd"])
    plain = whole(((0.0, 0.8), (1.0, 1.5), (1.7, 4.0)))
    assert 2 == plain.pauses
    assert [] == learn([(number, plain) for number in "abcd"])


@pytest.mark.parametrize("start", [0.0, 0.31, 1.7])
@pytest.mark.parametrize("wider", [0.0, 0.01])
def test_a_recording_is_recognised_whenever_it_starts_and_however_loud(start: float, wider: float) -> None:
    heard = played(WORDS, start, wider)
    assert KNOWN[0].name == recognised(KNOWN, heard, start + 2.0)


def test_it_is_recognised_within_two_seconds_and_not_before_one() -> None:
    heard = played(WORDS, 0.5)
    first = next(now for now in (index / 10 for index in range(60)) if recognised(KNOWN, heard, now))
    assert 0.5 + 1.0 <= first <= 0.5 + 1.5


def test_nothing_is_recognised_in_its_first_second_however_many_pauses_it_has() -> None:
    quick = tuple((0.2 * index, 0.2 * index + 0.1) for index in range(15))
    known = learn([(number, whole(quick)) for number in "abc"])
    assert ["", known[0].name] == [recognised(known, played(quick), 0.5 + after) for after in (0.95, 1.05)]


def test_another_opening_is_not_recognised_nor_is_anything_when_nothing_is_known() -> None:
    assert [""] * 60 == [recognised(KNOWN, played(OTHER), index / 10) for index in range(60)]
    assert "" == recognised([], played(WORDS), 3.0)


@given(st.floats(0.0, 2.0), st.floats(0.15, 0.9), st.integers(0, 2))
def test_people_saying_alo_are_never_a_recording(start: float, length: float, more: int) -> None:
    """Not even when all of them say it alike and again."""
    heard = [Segment(start + 1.5 * each, start + 1.5 * each + length) for each in range(1 + more)]
    found = opening(heard, start + 2.5)
    assert [] == learn([(str(number), found) for number in range(9) if found is not None])
    assert "" == recognised(KNOWN, heard, start + 2.5)


@given(st.lists(st.floats(0.06, 0.6), min_size=14, max_size=20), st.integers(-3, 3))
def test_likeness_is_one_with_itself_and_the_same_both_ways(lengths: list[float], shift: int) -> None:
    edges = [sum(lengths[:index]) for index in range(len(lengths))]
    one = whole(tuple(zip(edges[::2], edges[1::2], strict=False)))
    other = whole(tuple((a + 0.02 * shift * (index > 0), b + 0.02 * shift) for index, (a, b) in enumerate(WORDS)))
    assert likeness(one, other) == likeness(other, one)
    assert 0.0 <= likeness(one, other) <= 1.0
    assert one.pauses == 0 or likeness(one, one) == 1.0


def test_two_that_are_silent_nowhere_are_not_alike() -> None:
    assert 0.0 == likeness(Opening((1 << 60) - 1, 60), Opening((1 << 60) - 1, 60))


def test_nothing_heard_has_no_opening() -> None:
    assert opening([], 5.0) is None
    assert opening([Segment(-3.0, -1.0)], 5.0) is None  # before the answer


@given(st.integers(1, LENGTH).flatmap(lambda n: st.tuples(st.integers(0, (1 << n) - 1), st.just(n))))
def test_an_opening_survives_being_written_down(made: tuple[int, int]) -> None:
    assert Opening(*made) == Opening.parse(str(Opening(*made)))


@pytest.mark.parametrize(
    "text", ["", "125", "-1f", "0-0", "126-1", "4-1f", "4--1", "x-1", "²-1", "4-1g", "8-1_0", "8- 1", "8-01"]
)
def test_what_is_no_opening_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no opening of a call"):
        Opening.parse(text)


def test_of_two_recordings_the_more_alike_one_is_named() -> None:
    near = Recording("near", whole(tuple((a, b + 0.02) for a, b in WORDS)), 3)
    exact = Recording("exact", whole(WORDS), 3)
    assert "exact" == recognised([near, exact], played(WORDS), 3.0)
