"""A recording is named by its attempt, and so that Issabel's pages find it."""

import secrets
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from worker.core.recording import Recording, is_over, parse, recording_of
from worker.core.ulid import new_ulid, time_of

LATE = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)  # 22:30 of the day before in São Paulo
ATTEMPT = new_ulid(LATE, secrets.randbits)
ZONE = ZoneInfo("America/Sao_Paulo")
NAME = f"out-collector-{ATTEMPT}-20261121-fibra-2_b.wav"


def test_the_name_holds_attempt_local_day_and_instance() -> None:
    one = recording_of(ATTEMPT, "fibra-2_b", ZONE)
    assert NAME == one.name
    assert "2026/11/21" == one.folder
    assert LATE == one.placed_at


def test_issabelpbx_finds_the_day_in_the_fourth_part() -> None:
    day = recording_of(ATTEMPT, "fibra-2_b", ZONE).name.split("-")[3]
    assert "2026/11/21" == f"{day[:4]}/{day[4:6]}/{day[6:]}"


def test_issabels_page_finds_the_day_in_the_first_part_of_eight_digits() -> None:
    # an instance may look like a day
    parts = recording_of(ATTEMPT, "20990101", ZONE).name.removesuffix(".wav").split("-")
    assert "20261121" == next(part for part in parts if len(part) == 8 and part.isdigit() and part[0] == "2")


def test_the_name_fits_what_the_dialplan_lets_through() -> None:
    assert 80 >= len(recording_of(ATTEMPT, "a" * 20, ZONE).name)


def test_a_name_is_read_again() -> None:
    assert Recording(ATTEMPT, date(2026, 11, 21), "fibra-2_b") == parse(NAME)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "out-5511987654321-1133330000-20261121-101010-1700000000.1.wav",  # Issabel's own
        NAME.removesuffix(".wav"),
        NAME + "\n",
        NAME + ".wav.gz",
        "x" + NAME,
        "../" + NAME,
        NAME.replace("20261121", "20261321"),
        NAME.replace("20261121", "00000000"),
        NAME.replace("fibra", "Fibra"),
        NAME.replace("fibra", "fi/bra"),
        NAME.replace("fibra", ""),
        NAME.replace(ATTEMPT, "U" * 26),  # no letter of a ULID
        NAME.replace(ATTEMPT, ATTEMPT[1:]),
        NAME.replace("20261121", "２０２６１１２１"),
    ],
)
def test_what_is_not_ours_is_not_read(name: str) -> None:
    assert parse(name) is None


def test_it_is_over_when_its_days_have_passed() -> None:
    one = recording_of(ATTEMPT, "fibra", ZONE)
    assert not is_over(one, 90, LATE + timedelta(days=90))
    assert is_over(one, 90, LATE + timedelta(days=90, seconds=1))
    assert not is_over(one, 1, LATE - timedelta(days=400))  # of the future: the clock was put back


def test_the_time_of_a_ulid_is_the_one_it_was_made_with() -> None:
    assert LATE == time_of(ATTEMPT)
    with pytest.raises(ValueError, match="not a ULID"):
        time_of("x")
    with pytest.raises(ValueError, match="no time that there is"):
        time_of("7" + "Z" * 25)
