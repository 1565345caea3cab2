"""A callee's packets, placed in time: whatever else comes to the socket is no sound."""

import itertools
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agi.rtp import Stream
from worker.core.hearing import FRAME
from worker.core.sound import PACKET, Packet

SOUND = bytes(range(PACKET))


def packet(number: int, stamp: int | None = None, source: int = 7, kind: int = 8, first: int = 0x80) -> bytes:
    stamp = number * PACKET if stamp is None else stamp
    return struct.pack("!BBHII", first, kind, number & 0xFFFF, stamp & 0xFFFFFFFF, source) + SOUND


def heard(datagrams: list[tuple[bytes, float]]) -> list[float]:
    """When each that is taken was heard."""
    stream = Stream()
    return [round(one.at, 4) for data, came in datagrams if (one := stream.take(data, came)) is not None]


def test_sound_was_heard_a_packet_before_it_came_and_the_next_follows_without_a_gap() -> None:
    assert Packet(0.5, SOUND) == Stream().take(packet(9), 0.52)
    assert [0.5, 0.52] == heard([(packet(9), 0.52), (packet(10), 0.543)])


def test_a_number_and_a_stamp_may_begin_again_at_nought() -> None:
    datagrams = [(packet(0xFFFF + n, 0xFFFFFFFF + n * PACKET), 1.02 + n * FRAME) for n in range(3)]
    assert [1.0, 1.02, 1.04] == heard(datagrams)


def test_a_lost_packet_is_missing_and_nothing_moves() -> None:
    assert [0.0, 0.02, 0.06] == heard([(packet(n), (n + 1) * FRAME) for n in (0, 1, 3)])


def test_what_asterisk_left_out_without_counting_it_is_a_gap_too() -> None:
    datagrams = [(packet(0), 0.02), (packet(1), 0.04), (packet(2), 0.08), (packet(3), 0.10)]
    assert [0.0, 0.02, 0.06, 0.08] == heard(datagrams)


def test_a_silence_that_is_not_sent_takes_its_time() -> None:
    assert [0.0, 3.0] == heard([(packet(0), 0.02), (packet(1, 150 * PACKET), 3.02)])


@pytest.mark.parametrize(
    "other",
    [
        b"",
        packet(6)[:-1],
        packet(6) + b"x",
        packet(6, first=0x40),  # another version
        packet(6, first=0x90),  # with an extension
        packet(6, kind=0),  # another codec
        packet(6, source=8),
        packet(5),  # again
        packet(4),  # too late
        packet(6, 5 * PACKET),  # its time stands still
        packet(6, 4 * PACKET),
        packet(606),
        packet(6, 606 * PACKET),
    ],
)
def test_what_is_no_packet_of_the_stream_is_dropped_and_changes_nothing(other: bytes) -> None:
    assert [0.0, 0.02] == heard([(packet(5), 0.02), (other, 0.03), (packet(6), 0.04)])


@given(st.lists(st.binary(max_size=200)))
def test_any_bytes_may_come(datagrams: list[bytes]) -> None:
    stream = Stream()
    for data in datagrams:
        stream.take(data, 1.0)


@given(
    st.lists(st.integers(0, 60), max_size=80),
    st.integers(0, 0xFFFF),
    st.lists(st.floats(0, 0.2), min_size=80, max_size=80),
)
def test_in_any_order_and_with_any_delay_packets_never_overlap(
    numbers: list[int], begin: int, delays: list[float]
) -> None:
    came = itertools.accumulate(delays)
    datagrams = [(packet(begin + one), at) for one, at in zip(numbers, came, strict=False)]
    times = heard(datagrams)
    assert all(after - before >= FRAME - 0.0002 for before, after in itertools.pairwise(times))


@given(st.integers(0, 0xFFFF), st.lists(st.tuples(st.booleans(), st.floats(0, 0.004)), min_size=1, max_size=300))
def test_what_is_left_out_unannounced_moves_nothing_by_more_than_a_packet(
    begin: int, ticks: list[tuple[bool, float]]
) -> None:
    """Every tick either sends the next number or nothing, and the time on the wire varies."""
    sent = [(place, jitter) for place, (there, jitter) in enumerate(ticks) if there]
    datagrams = [(packet(begin + n), (tick + 1) * FRAME + jitter) for n, (tick, jitter) in enumerate(sent)]
    true = [tick * FRAME for tick, _ in sent]
    times = heard(datagrams)
    assert len(true) == len(times)
    assert all(abs(one - other) < FRAME for one, other in zip(times, true, strict=True))
