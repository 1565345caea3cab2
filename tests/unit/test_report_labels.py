"""Numbers, dates and words as the teams in Brazil write them."""

from datetime import date
from decimal import Decimal

import pytest

from worker.core.enums import Answerer, Heard, LineResult, Origination, Result
from worker.report import labels
from worker.report.figures import Share


def test_numbers_and_dates_are_written_as_brazilians_write_them() -> None:
    assert "1.234.567" == labels.count(1234567)
    assert "R$\u00a01.234,50" == labels.money(Decimal("1234.5"))
    assert "12,5%" == labels.percent(Share(1, 8))
    assert "–" == labels.percent(Share(0, 0))
    assert "1:01:01" == labels.duration(3661.2)
    assert "20/11/2026, sexta-feira" == labels.day_and_weekday(date(2026, 11, 20))


@pytest.mark.parametrize(
    ("number", "full", "text"),
    [
        ("+5511987654321", True, "(11) 98765-4321"),
        ("+551133334444", True, "(11) 3333-4444"),
        ("+5511987654321", False, "(11) *****-**21"),
        ("+551133334444", False, "(11) ****-**44"),
        ("+351912345678", True, "+351912345678"),
        ("+351912345678", False, "***********78"),
        ("", True, ""),
    ],
)
def test_a_number_is_shown_whole_only_when_asked_for(number: str, full: bool, text: str) -> None:
    assert text == labels.number(number, full=full)


def test_every_value_of_the_model_has_a_label() -> None:
    for kind, names in (
        (LineResult, labels.LINE_RESULT),
        (Answerer, labels.ANSWERER),
        (Heard, labels.HEARD),
        (Result, labels.RESULT),
        (Origination, labels.ORIGINATION),
    ):
        assert set(kind) == set(names)
        assert len(names) == len(set(names.values()))
