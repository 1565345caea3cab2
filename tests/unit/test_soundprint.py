"""Recordings are known by their sound, louder, later and over noise; people are nobody's recording."""

from array import array

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.made_sound import RATE, Samples, frames, heard, noise, packets, silence, together, tone, voice
from worker.core import soundprint
from worker.core.sound import Frame, Hearing
from worker.core.soundprint import LENGTH, LOOKS, Known, Print, learn, printed, recognised, unlikeness

RECORDING = voice(1.5, seed=50)
OTHERS = [voice(1.5, seed=seed) for seed in range(51, 57)]
figures = st.integers(-128, 127)


def whole(samples: Samples, later: int = 0) -> Print:
    """`later`: so many packets are missed."""
    found = printed(frames(samples)[later:])
    assert found is not None
    return found


KNOWN = learn([(number, whole(RECORDING)) for number in "abc"])


def again(decibels: float, samples_late: int, hiss: float) -> Samples:
    """The same recording over another line."""
    louder = [10 ** (decibels / 20) * sample for sample in [0.0] * samples_late + RECORDING]
    return together(louder, noise(len(louder) / RATE, hiss))


def test_what_three_numbers_played_is_a_recording() -> None:
    assert [(3, whole(RECORDING))] == [(one.numbers, one.print) for one in KNOWN]


@settings(max_examples=40, deadline=None)
@given(st.floats(-12, 6), st.integers(0, 480), st.floats(0, 40), st.sampled_from(LOOKS))
def test_it_is_known_at_another_level_a_little_later_and_over_noise(
    decibels: float, late: int, hiss: float, look: int
) -> None:
    opening = printed(frames(again(decibels, late, hiss)), look)
    assert opening is not None
    assert KNOWN[0].name == recognised(KNOWN, opening)


@pytest.mark.parametrize("missed", range(5))
def test_it_is_known_whenever_the_line_opened_and_when_packets_are_lost(missed: int) -> None:
    assert KNOWN[0].name == recognised(KNOWN, whole(again(-3, 50, 10), missed))
    hearing = Hearing()
    hearing.hear([one for index, one in enumerate(packets(RECORDING)) if index != 20 + missed])
    opening = printed(hearing.frames)
    assert opening is not None
    assert KNOWN[0].name == recognised(KNOWN, opening)


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize(
    "other", [*OTHERS, noise(1.5, 2000.0), tone(425, 1.5), silence(1.5), [*voice(0.4, seed=50), *silence(1.1)]]
)
def test_another_sound_is_not_known(other: Samples, look: int) -> None:
    opening = printed(frames(other), look)
    assert opening is not None
    if look > 25 or other[:1600] != RECORDING[:1600]:  # until it stops, it is the recording's own beginning
        assert "" == recognised(KNOWN, opening)


def test_each_of_several_recordings_has_its_own_name() -> None:
    known = learn([(number, whole(one)) for one in OTHERS for number in "abc"])
    assert len(OTHERS) == len({one.name for one in known})
    names = {recognised(known, whole(one)) for one in OTHERS}
    assert {one.name for one in known} == names


def test_one_number_called_often_teaches_nothing_nor_do_two() -> None:
    assert [] == learn([("a", whole(again(-n, 10 * n, 5.0))) for n in range(9)])
    assert [] == learn([("ab"[n % 2], whole(again(-n, 10 * n, 5.0))) for n in range(9)])


def test_the_commonest_comes_first() -> None:
    calls = [(str(n), whole(OTHERS[0])) for n in range(3)] + [(str(n), whole(OTHERS[1])) for n in range(4)]
    assert [(4, whole(OTHERS[1])), (3, whole(OTHERS[0]))] == [(one.numbers, one.print) for one in learn(calls)]


def test_one_word_and_silence_teaches_nothing_however_alike() -> None:
    word = whole([*voice(0.4, seed=3), *silence(1.1)])
    assert sum(word.loud) < soundprint.SPOKEN <= sum(whole(RECORDING).loud)
    assert [] == learn([(str(n), word) for n in range(9)])


def test_an_opening_that_was_not_heard_to_its_end_teaches_nothing() -> None:
    short = printed(frames(RECORDING), LENGTH - 1)
    assert short is not None
    assert [] == learn([(str(n), short) for n in range(9)])


def test_people_who_say_different_things_are_no_recording() -> None:
    assert [] == learn([(str(seed), whole(voice(1.5, seed=seed))) for seed in range(60, 80)])


def test_a_name_stays_the_same_whoever_else_is_learned() -> None:
    calls = [(number, whole(RECORDING)) for number in "abc"]
    more = [(number, whole(one)) for one in OTHERS for number in "abcd"]
    assert KNOWN[0].name in {one.name for one in learn([*more, *calls])}
    assert 12 == len(KNOWN[0].name)


def test_nothing_is_compared_before_the_first_look() -> None:
    first = LOOKS[0]
    assert None is printed(frames(RECORDING)[: first - 1])
    assert None is printed(frames(RECORDING), first - 1)
    found = [printed(frames(RECORDING), length) for length in (first, 99)]
    assert [first, LENGTH] == [one.frames for one in found if one is not None]


def test_a_word_too_short_to_compare_is_like_nothing_not_even_itself() -> None:
    word = whole([*voice(0.2, seed=3), *silence(1.3)])
    assert sum(word.loud) < soundprint.FEWEST
    assert 1.0 == unlikeness(word, word)


@pytest.mark.parametrize("seeds", [(3, 4), (5, 6), (7, 8), (9, 10)])
def test_two_words_are_no_more_alike_for_the_silence_after_them(seeds: tuple[int, int]) -> None:
    words = [voice(0.5, seed=seed) for seed in seeds]
    alone = unlikeness(*map(whole, words))
    assert alone == pytest.approx(unlikeness(*(whole([*word, *silence(1.0)]) for word in words)), abs=0.2)


def test_nothing_known_and_nothing_heard_are_like_nothing() -> None:
    assert "" == recognised([], whole(RECORDING))
    assert 1.0 == unlikeness(whole(silence(1.5)), whole(silence(1.5)))


def test_a_lost_packet_sounds_like_the_one_before() -> None:
    came = frames(RECORDING)
    assert printed([*came[:30], came[29], *came[31:]]) == printed([*came[:30], None, *came[31:]])


def test_of_packets_that_never_came_there_is_silence() -> None:
    assert whole(silence(1.5)).curves[0] == array("b", bytes(LENGTH))
    assert printed([None] * LENGTH) == printed([Frame(0.0, (0,) * 7, 0.0)] * LENGTH)


@given(st.integers(0, 5), st.integers(0, 5))
def test_unlikeness_is_the_same_both_ways_and_nought_with_itself(one: int, other: int) -> None:
    first, second = whole(OTHERS[one]), whole(OTHERS[other])
    assert unlikeness(first, second) == unlikeness(second, first)
    assert (one == other) == (unlikeness(first, second) == 0.0)


@given(
    st.integers(LOOKS[0], LENGTH).flatmap(
        lambda n: st.lists(st.lists(figures, min_size=n, max_size=n), min_size=7, max_size=7)
    )
)
def test_an_opening_survives_being_written_down(rows: list[list[int]]) -> None:
    made = Print(tuple(array("b", row) for row in rows))
    assert made == Print.parse(str(made))
    assert len(str(made)) <= 600  # the column


def test_the_loudest_there_is_fits() -> None:
    loudest = heard([32767.0, -32767.0, -32767.0, 32767.0] * 3000).frames
    assert printed(loudest) is not None


@pytest.mark.parametrize(
    "text",
    ["", "A", "AAAA", "é", "A" * 300 + "!", " " + str(KNOWN[0].print), str(KNOWN[0].print)[:-4], "AAAA" * 200],
)
def test_what_is_no_opening_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no opening|base64|ASCII|padding"):
        Print.parse(text)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.lists(figures, min_size=60, max_size=60), min_size=7, max_size=7))
def test_no_opening_out_of_a_store_breaks_learning(rows: list[list[int]]) -> None:
    wild = Print(tuple(array("b", row) for row in rows))
    assert [3] == [one.numbers for one in learn([("x", wild), *((n, whole(RECORDING)) for n in "abc")])]
    assert recognised([Known("wild", wild, 3)], whole(RECORDING)) in ("", "wild")
