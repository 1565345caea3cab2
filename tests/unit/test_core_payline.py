"""The digitable line: what counts as one, and what is never told to anybody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.pay_lines import bank_line, collection_line
from worker.core.payline import BadLine, read_line

BANK = "00190500954014481606906809350314337370000000100"  # a line printed in public manuals
COLLECTION_10 = "846700000017435900240209024050002435842210108119"  # third digit 6: modulus 10
COLLECTION_11 = "858900004609524601791605607593050865831483000010"  # third digit 8: modulus 11


@pytest.mark.parametrize("line", [BANK, COLLECTION_10, COLLECTION_11])
def test_lines_from_manuals_are_lines(line: str) -> None:
    assert line == read_line(line)


def test_the_marks_that_people_write_between_the_groups_are_passed_over() -> None:
    assert BANK == read_line(" 00190.50095 40144.816069\u00a006809.350314 3 37370000000100 ")
    assert COLLECTION_10 == read_line("84670000001-7 43590024020-9 02405000243-5 84221010811-9")


@pytest.mark.parametrize("raw", ["", "   ", "0", "000000000", "0" * 47, ". - ."])
def test_nothing_is_no_line_and_no_fault(raw: str) -> None:
    assert read_line(raw) is None


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ("123", "3 digits"),
        (BANK + "1", "does not begin with 8"),  # 48 digits
        (BANK[:-1], "46 digits"),
        (BANK[:-1] + "x", "other signs"),
        (BANK[:-1] + "٣", "other signs"),  # an Arabic digit is a digit to Python
        (BANK[:-1] + "²", "other signs"),
        ("8" + BANK[1:], "a collection slip has 48"),
        (COLLECTION_10[:2] + "1" + COLLECTION_10[3:], "unknown third digit"),
    ],
)
def test_rubbish_is_refused_in_words_that_do_not_hold_it(raw: str, says: str) -> None:
    with pytest.raises(BadLine, match=says) as caught:
        read_line(raw)
    assert raw not in str(caught.value)


DIGITS = st.text("0123456789", min_size=25, max_size=25)


@given(st.text("0123456789", min_size=2, max_size=2), DIGITS, st.integers(0, 9999), st.integers(0, 10**10 - 1))
def test_every_line_that_a_bank_makes_is_read_and_none_with_one_digit_changed(
    bank: str, free: str, factor: int, cents: int
) -> None:
    line = bank_line(f"1{bank}", free, factor, cents)
    assert line == read_line(line)
    for place in range(0, 32, 5):  # the bar code's one digit does not find all that changes behind it
        other = line[:place] + str((int(line[place]) + 3) % 10) + line[place + 1 :]
        with pytest.raises(BadLine):
            read_line(other)


@given(st.sampled_from("6789"), st.integers(0, 10**11 - 1), st.text("0123456789", min_size=29, max_size=29))
def test_every_collection_line_is_read_and_none_with_one_check_digit_changed(
    kind: str, cents: int, free: str
) -> None:
    line = collection_line(kind, cents, free)
    assert line == read_line(line)
    for place in (11, 23, 35, 47):
        other = line[:place] + str((int(line[place]) + 1) % 10) + line[place + 1 :]
        with pytest.raises(BadLine, match="four blocks"):
            read_line(other)


def test_the_bar_codes_own_digit_counts_too() -> None:
    wrong_code = BANK[:32] + "4" + BANK[33:]
    with pytest.raises(BadLine, match="bar code"):
        read_line(wrong_code)
    block = collection_line("6", 5990, "1" * 29)
    other_digit = str((int(block[3]) + 1) % 10)
    first = block[:3] + other_digit + block[4:11]  # its block closes again, the code does not
    for check in "0123456789":
        with pytest.raises(BadLine):
            read_line(first + check + block[12:])
