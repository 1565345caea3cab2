"""The words in which a result is told: checked whole, quoted never."""

from datetime import date

import pytest

from worker.core.agent_result import read_result
from worker.core.enums import Result

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("word", "day", "expected"),
    [
        ("promise", "2026-12-01", (Result.PROMISE, date(2026, 12, 1))),
        (" Promise ", "01/12/2026", (Result.PROMISE, date(2026, 12, 1))),
        ("promise", "3", (Result.PROMISE, date(2026, 11, 24))),
        ("promise", "0", (Result.PROMISE, TODAY)),
        ("promise", "60", (Result.PROMISE, date(2027, 1, 20))),
        ("says_paid", "", (Result.SAYS_PAID, None)),
        ("wrong_person", " ", (Result.WRONG_PERSON, None)),
        ("opt_out", "", (Result.OPT_OUT, None)),
        ("confirmed", "", (Result.CONFIRMED, None)),
    ],
)
def test_what_is_told_is_read(word: str, day: str, expected: tuple[Result, date | None]) -> None:
    assert expected == read_result(word, day, TODAY)


@pytest.mark.parametrize(
    ("word", "day", "reason"),
    [
        ("", "", "the result is none of confirmed, promise"),
        ("none", "", "the result is none of"),  # it would take back what is known
        ("paid", "", "the result is none of"),
        ("promise", "", "a promise needs its day"),
        ("promise", "tomorrow", "a promise needs its day"),
        ("promise", "-1", "a promise needs its day"),
        ("promise", "٣", "a promise needs its day"),
        ("promise", "2026-11-20", "not between today and 60 days"),
        ("promise", "61", "not between today and 60 days"),
        ("promise", "2026-02-30", "no day of the calendar"),
        ("promise", "99/99/2026", "no day of the calendar"),
        ("says_paid", "2026-12-01", "only a promise has a day"),
        ("promise\nHANGUP", "1", "the result is none of"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(word: str, day: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as refused:
        read_result(word, day, TODAY)
    assert "\n" not in str(refused.value)
