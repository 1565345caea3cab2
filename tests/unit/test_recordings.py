"""Recordings learned by their sound: from several numbers, never from whoever pressed a key."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from agi.recordings import Recordings
from tests.unit.made_sound import Samples, frames, noise, together, voice
from tests.unit.world import NOON
from worker.core.heard_call import HeardCall, Label
from worker.core.hearing import Segment
from worker.core.soundprint import Print, printed

RECORDING, OTHER = voice(1.3, seed=50), voice(1.3, seed=51)


def opening(samples: Samples) -> Print:
    found = printed(frames(samples))
    assert found is not None
    return found


def call(n: int, samples: Samples, **others: str) -> HeardCall:
    """Over a line of its own."""
    kept = str(opening(together(samples, noise(1.3, 10.0 + n, seed=n))))
    sound = (Segment(0.5, 8.0),)  # no pause: nothing to know it by but its sound
    number = others.pop("number", f"+55119{n}")
    return HeardCall(f"A{n}", "fibra", NOON, 9.0, "", "", sound, None, kept, None, number, **others)


def learned(calls: Sequence[HeardCall]) -> Recordings:
    recordings = Recordings()
    recordings.learn(calls)
    return recordings


def test_an_opening_of_three_numbers_is_known_by_its_sound() -> None:
    recordings = learned([call(n, RECORDING) for n in range(3)] + [call(9, OTHER)])
    assert ([3], ()) == ([one.numbers for one in recordings.sounds], recordings.known)
    assert recordings.sounds[0].name == recordings.recognise_sound(opening(RECORDING))
    assert "" == recordings.recognise_sound(opening(OTHER))


def test_what_is_learned_replaces_what_was_known() -> None:
    recordings = learned([call(n, RECORDING) for n in range(3)])
    recordings.learn([call(n, OTHER) for n in range(3)])
    assert ("", True) == (
        recordings.recognise_sound(opening(RECORDING)),
        recordings.recognise_sound(opening(OTHER)) != "",
    )


def test_before_anything_was_learned_nothing_is_known() -> None:
    assert ("", ()) == (Recordings().recognise_sound(opening(RECORDING)), Recordings().sounds)


def test_one_number_teaches_nothing_nor_is_an_unknown_one_a_third() -> None:
    assert () == learned([call(n, RECORDING, number="+5511900000000") for n in range(9)]).sounds
    assert () == learned([call(0, RECORDING), call(1, RECORDING), call(2, RECORDING, number="")]).sounds


@pytest.mark.parametrize(
    "person", [replace(call(5, RECORDING), keys="1"), replace(call(5, RECORDING), label=Label.HUMAN)]
)
def test_what_sounds_like_a_person_is_no_recording(person: HeardCall) -> None:
    calls = [call(n, RECORDING) for n in range(4)] + [call(n, OTHER) for n in range(4)]
    recordings = learned([*calls, person])
    assert "" == recordings.recognise_sound(opening(RECORDING))
    assert recordings.recognise_sound(opening(OTHER))


def test_a_person_who_sounds_otherwise_does_not_hinder_it() -> None:
    calls = [call(n, RECORDING) for n in range(3)]
    assert 1 == len(learned([*calls, call(5, OTHER, keys="1")]).sounds)


@pytest.mark.parametrize("garbage", ["", "x", "é", "AAAA", "125-1f0", "A" * 600])
def test_an_opening_that_is_none_is_left_out(garbage: str) -> None:
    calls = [call(n, RECORDING) for n in range(3)]
    broken = [replace(call(n, RECORDING), opening=garbage) for n in range(3, 6)]
    person = replace(call(7, RECORDING, keys="1"), opening=garbage)
    assert [3] == [one.numbers for one in learned([*broken, *calls, person]).sounds]
