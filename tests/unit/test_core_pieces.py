"""Texts cut into recorded pieces, and the words a speaker must record so that none is ever missing."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core import vocabulary, words
from worker.core.pieces import COMMA, JOINT, LONGEST_KEY, STOP, Part, cut, key_of, missing

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("cento e vinte", "cento-e-vinte"),
        ("Se é você, tecle um.", "se-eh-voce-tecle-um"),  # é is no e
        ("é", "eh"),
        ("e", "e"),
        ("segunda-feira", "segunda-feira"),
        ("Sant'Anna", "santanna"),
        ("março  três", "marco-tres"),
        ("março", "marco"),  # its accents apart, as a Mac writes names of files
        ("Straße", "strasse"),
        ("Łódź", "142odz"),
        ("...", ""),
        ("", ""),
    ],
)
def test_a_file_is_called_as_its_text(text: str, key: str) -> None:
    assert key == key_of(text)


def test_the_name_of_a_long_text_is_short_and_its_own() -> None:
    long = "Para não receber mais ligações deste número, tecle nove agora mesmo, por favor"
    assert len(key_of(long)) <= LONGEST_KEY
    assert key_of(long).startswith("para-nao-receber-mais-ligacoes-deste-numero")
    assert key_of(long) != key_of(long + " mesmo")
    assert [Part(key_of(long), long, JOINT)] == cut(long, {key_of(long)})


@given(st.text(max_size=200))
def test_the_name_of_any_text_is_a_safe_name_of_a_file(text: str) -> None:
    key = key_of(text)
    assert len(key) <= LONGEST_KEY
    assert set(key) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert not key.startswith("-")


def test_the_longest_piece_comes_first() -> None:
    known = {"cento", "e", "vinte", "vinte-e-tres", "tres", "reais", "cento-e-vinte"}
    text = "cento e vinte e três reais"
    assert ["cento e vinte", "e", "três", "reais"] == [part.text for part in cut(text, known)]
    assert ["cento", "e", "vinte e três", "reais"] == [part.text for part in cut(text, known - {"cento-e-vinte"})]


def test_behind_a_piece_stands_the_silence_that_its_comma_or_stop_asks_for() -> None:
    text = "Aqui é da Fibra, bom dia! Até logo"
    known = {"aqui-eh-da", "fibra", "bom-dia", "ate", "logo"}
    assert [JOINT, COMMA, STOP, JOINT, JOINT] == [part.pause for part in cut(text, known)]


def test_what_nobody_recorded_comes_together_as_it_stands() -> None:
    parts = cut("Falo com Ana-Maria D'Ávila, certo?", {"falo-com", "certo"})
    assert [("falo-com", "Falo com"), ("", "Ana-Maria D'Ávila"), ("certo", "certo")] == [
        (part.key, part.text) for part in parts
    ]
    assert ["Falo com Ana-Maria D'Ávila, certo"] == missing("Falo com Ana-Maria D'Ávila, certo?", set())


@given(st.text("ae éE,. -'", max_size=40), st.sets(st.sampled_from(["a", "e", "eh", "a-e", "e-a-a", "ae"])))
def test_no_word_is_lost_or_said_twice(text: str, known: set[str]) -> None:
    parts = cut(text, known)
    assert key_of(text) == key_of(" ".join(part.text for part in parts))
    assert {part.key for part in parts} <= known | {""}


def keys(texts: tuple[str, ...]) -> set[str]:
    return {key_of(text) for text in texts}


MOST = 99_999
NUMBERS, AMOUNTS = keys(vocabulary.numbers(MOST)), keys(vocabulary.amounts(MOST))
BILLS, DAYS = keys(vocabulary.counts()), keys(vocabulary.days(TODAY))


@settings(deadline=None)
@given(st.integers(0, MOST))
def test_the_vocabulary_says_every_number(n: int) -> None:
    assert [] == missing(words.number(n), NUMBERS)


@settings(deadline=None)
@given(st.integers(0, MOST * 100))
def test_the_vocabulary_says_every_amount(cents: int) -> None:
    assert [] == missing(words.money(Decimal(cents) / 100), AMOUNTS)


@settings(deadline=None)
@given(st.integers(0, vocabulary.MOST_BILLS))
def test_the_vocabulary_says_every_count_of_bills(n: int) -> None:
    assert [] == missing(words.bills(n), BILLS)


@settings(deadline=None)
@given(st.integers(-3650, 365))
def test_the_vocabulary_says_every_day(days: int) -> None:
    day = TODAY + timedelta(days=days)
    assert [] == missing(words.day(day), DAYS)
    assert [] == missing(words.on_day(day), DAYS)


@pytest.mark.parametrize("most", [1, 19, 20, 99, 100, 999, 1000, 5000, 10**6, 3 * 10**9])
def test_the_vocabulary_reaches_as_far_as_is_asked(most: int) -> None:
    known = keys(vocabulary.amounts(most))
    for n in {most, most - 1, most // 2, most // 3}:
        assert [] == missing(words.money(Decimal(n)), known)


def test_the_vocabulary_holds_nothing_that_is_never_said() -> None:
    assert "mil" not in vocabulary.amounts(999)
    assert "milhão" not in vocabulary.amounts(999_999)
    assert "milhões" in vocabulary.amounts(2_000_000)
    assert "duzentas" not in vocabulary.counts()


def test_a_day_near_is_said_with_its_weekday_and_without_its_year() -> None:
    assert "na segunda-feira, dia vinte e três de novembro" == words.on_day(date(2026, 11, 23))
    assert "no domingo, dia primeiro de novembro" == words.on_day(date(2026, 11, 1))
