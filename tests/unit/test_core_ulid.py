"""Attempt ids: shape, order in time, and what is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.ulid import is_ulid, new_ulid

NOW = datetime(2026, 11, 20, 13, 0, tzinfo=UTC)
BITS = st.integers(0, 2**80 - 1)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def test_the_example_of_the_specification_is_written_alike() -> None:
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=1469918176385)
    assert "01ARYZ6S41" == new_ulid(when, lambda _: 0)[:10]


@settings(deadline=None)  # the machine may be busy
@given(INSTANTS, BITS)
def test_every_ulid_has_26_characters_and_is_recognised(now: datetime, noise: int) -> None:
    assert is_ulid(new_ulid(now, lambda _: noise))


@settings(deadline=None)  # the machine may be busy
@given(INSTANTS, INSTANTS, BITS, BITS)
def test_ulids_sort_by_time(one: datetime, other: datetime, noise: int, more: int) -> None:
    early, late = sorted((one, other))
    if late - early >= timedelta(milliseconds=1):
        assert new_ulid(early, lambda _: noise) < new_ulid(late, lambda _: more)


def test_the_zone_of_now_does_not_matter() -> None:
    elsewhere = NOW.astimezone(timezone(timedelta(hours=-3)))
    assert new_ulid(NOW, lambda _: 7) == new_ulid(elsewhere, lambda _: 7)


def test_eighty_bits_are_asked_for() -> None:
    asked: list[int] = []
    new_ulid(NOW, lambda bits: asked.append(bits) or 0)  # type: ignore[func-returns-value]
    assert [80] == asked


@pytest.mark.parametrize(
    ("now", "noise"),
    [
        (NOW.replace(tzinfo=None), 0),  # no zone
        (datetime(1969, 12, 31, tzinfo=UTC), 0),  # before the epoch
        (NOW, 2**80),  # too much noise would run into the time
        (NOW, -1),
    ],
)
def test_what_a_ulid_cannot_hold_is_refused(now: datetime, noise: int) -> None:
    with pytest.raises(ValueError, match=r"zone|1970|80 bits"):
        new_ulid(now, lambda _: noise)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        (True, "01ARYZ6S410000000000000000"),
        (True, "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"),  # the last one
        (False, "8ZZZZZZZZZZZZZZZZZZZZZZZZZ"),  # 129 bits
        (False, "01aryz6s410000000000000000"),  # lower case
        (False, "01ARYZ6S41000000000000000I"),  # I, L, O, U are not in the alphabet
        (False, "01ARYZ6S41000000000000000"),  # 25
        (False, "01ARYZ6S4100000000000000000"),  # 27
        (False, "01ARYZ6S410000000000000000\n"),  # a line break at the end
        (False, "01ARYZ6S41000000000000000٣"),  # a digit, but not ours
        (False, ""),
    ],
)
def test_a_ulid_is_told_from_other_text(expected: bool, text: str) -> None:
    assert expected == is_ulid(text)
