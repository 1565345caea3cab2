"""Figures in words: the traps of Portuguese, and every amount read back from its words."""

import re
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from worker.core import words

# An inverse with tables of its own, so that a wrong word in words.py cannot hide.
VALUES = {
    "zero": 0, "um": 1, "uma": 1, "dois": 2, "duas": 2, "três": 3, "quatro": 4, "cinco": 5, "seis": 6, "sete": 7,
    "oito": 8, "nove": 9, "dez": 10, "onze": 11, "doze": 12, "treze": 13, "catorze": 14, "quinze": 15,
    "dezesseis": 16, "dezessete": 17, "dezoito": 18, "dezenove": 19, "vinte": 20, "trinta": 30, "quarenta": 40,
    "cinquenta": 50, "sessenta": 60, "setenta": 70, "oitenta": 80, "noventa": 90, "cem": 100, "cento": 100,
    "duzentos": 200, "trezentos": 300, "quatrocentos": 400, "quinhentos": 500, "seiscentos": 600,
    "setecentos": 700, "oitocentos": 800, "novecentos": 900, "duzentas": 200, "trezentas": 300,
    "quatrocentas": 400, "quinhentas": 500, "seiscentas": 600, "setecentas": 700, "oitocentas": 800,
    "novecentas": 900,
}  # fmt: skip
SCALES = {
    "mil": 10**3, "milhão": 10**6, "milhões": 10**6, "bilhão": 10**9, "bilhões": 10**9, "trilhão": 10**12,
    "trilhões": 10**12,
}  # fmt: skip


def value_of(text: str) -> int:
    total = group = 0
    for word in text.split():
        if word in SCALES:
            total += (group or 1) * SCALES[word]
            group = 0
        elif word != "e":
            group += VALUES[word]
    return total + group


def amount_of(text: str) -> Decimal:
    """ "<n> [de] rea(l|is) e <n> centavo(s)", either half alone too."""
    match = re.fullmatch(r"(?:(.+?)(?: de)? rea(?:l|is))?(?: e )?(?:(.+) centavos?)?", text)
    assert match
    reais, centavos = match[1] or "zero", match[2] or "zero"
    return value_of(reais) + Decimal(value_of(centavos)) / 100


@pytest.mark.parametrize(
    ("spoken", "amount"),
    [
        ("cento e vinte e três reais e quarenta e cinco centavos", "123.45"),
        ("um centavo", "0.01"),  # not "zero reais e um centavo"
        ("noventa e nove centavos", "0.99"),
        ("um real", "1"),
        ("um real e um centavo", "1.01"),
        ("zero reais", "0"),
        ("cem reais", "100"),
        ("cento e um reais", "101"),
        ("mil reais", "1000"),  # not "um mil"
        ("mil e um reais", "1001"),
        ("mil e cem reais", "1100"),
        ("mil cento e um reais", "1101"),  # no "e", no comma
        ("mil cento e vinte e três reais e quarenta e cinco centavos", "1123.45"),
        ("cem mil e cem reais", "100100"),
        ("um milhão de reais", "1000000"),
        ("um milhão e um reais", "1000001"),
        ("um milhão de reais e um centavo", "1000000.01"),
        ("um milhão e mil reais", "1001000"),
        ("dois milhões de reais", "2000000"),
        ("dois milhões e quinhentos mil reais", "2500000"),
        (  # no "e" before a middle group
            "cinquenta milhões seis mil novecentos e setenta e oito reais e quarenta e nove centavos",
            "50006978.49",
        ),
        ("um bilhão de reais", "1000000000"),
        ("catorze reais e dezesseis centavos", "14.16"),
        ("um centavo", "0.005"),  # half up
        ("dois reais", "1.999"),
    ],
)
def test_an_amount_is_said_as_people_say_it(spoken: str, amount: str) -> None:
    assert spoken == words.money(Decimal(amount))


@settings(deadline=None)  # the machine may be busy
@given(st.integers(0, 99_999_999_999))
@example(99_999_999_999)  # 999 999 999.99
@example(100_000_000)
@example(100_000_001)
def test_every_amount_can_be_read_back_from_its_words(cents: int) -> None:
    amount = Decimal(cents) / 100
    assert amount == amount_of(words.money(amount))


@settings(deadline=None)  # the machine may be busy
@given(st.integers(0, words.LIMIT - 1), st.booleans())
def test_every_number_can_be_read_back_from_its_words(n: int, feminine: bool) -> None:
    assert n == value_of(words.number(n, feminine))


@settings(deadline=None)  # the machine may be busy
@given(st.integers(0, words.LIMIT - 1), st.booleans())
def test_words_hold_no_digit_comma_or_double_space(n: int, feminine: bool) -> None:
    text = words.number(n, feminine)
    assert text == " ".join(text.split())
    assert text.replace(" ", "").isalpha()


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "Infinity", "-Infinity", "sNaN", "1e15"])
def test_what_is_no_debt_cannot_be_said(amount: str) -> None:
    with pytest.raises(ValueError, match="be said in words"):
        words.money(Decimal(amount))


@pytest.mark.parametrize("n", [-1, words.LIMIT])
def test_a_number_out_of_range_cannot_be_said(n: int) -> None:
    with pytest.raises(ValueError, match="in words"):
        words.number(n)


@pytest.mark.parametrize(
    ("spoken", "n"),
    [
        ("nenhuma fatura", 0),
        ("uma fatura", 1),
        ("duas faturas", 2),
        ("vinte e uma faturas", 21),
        ("duzentas e duas faturas", 202),
        ("mil faturas", 1000),
        ("duas mil quinhentas e uma faturas", 2501),  # the thousands are feminine too
        ("dois milhões e uma faturas", 2000001),  # the millions are not
    ],
)
def test_bills_are_feminine(spoken: str, n: int) -> None:
    assert spoken == words.bills(n)


@pytest.mark.parametrize(
    ("spoken", "day"),
    [
        ("vinte de outubro de dois mil e vinte e seis", date(2026, 10, 20)),
        ("primeiro de janeiro de dois mil", date(2000, 1, 1)),
        ("dois de março de mil novecentos e noventa e nove", date(1999, 3, 2)),
        ("trinta e um de dezembro de dois mil e cem", date(2100, 12, 31)),
    ],
)
def test_a_day_is_said_with_month_and_year(spoken: str, day: date) -> None:
    assert spoken == words.day(day)


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (date(2026, 11, 23), "na segunda-feira, dia vinte e três de novembro"),
        (date(2026, 11, 24), "na terça-feira, dia vinte e quatro de novembro"),
        (date(2026, 11, 25), "na quarta-feira, dia vinte e cinco de novembro"),
        (date(2026, 11, 26), "na quinta-feira, dia vinte e seis de novembro"),
        (date(2026, 11, 27), "na sexta-feira, dia vinte e sete de novembro"),
        (date(2026, 11, 28), "no sábado, dia vinte e oito de novembro"),
        (date(2026, 11, 1), "no domingo, dia primeiro de novembro"),
    ],
)
def test_a_near_day_is_named_by_its_weekday(when: date, said: str) -> None:
    assert said == words.on_day(when)
