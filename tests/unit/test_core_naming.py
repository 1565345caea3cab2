"""Names as people write them, and many spellings of one neighbourhood brought together."""

import string
import time
import unicodedata
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from worker.core.model import Client
from worker.core.naming import conflicts, fold, names, normalise_client, proper

LETTERS = string.ascii_letters + "áàâãéêíóôõúüçñÁÀÂÃÉÊÍÓÔÕÚÜÇÑ"
BRAZILIAN = st.text(LETTERS + string.digits + " .,'-/()ªº", max_size=60)
SPELLINGS = {
    "Jardim das Acácias": ("Jd. das Acácias", "JD ACACIAS", "Jardim Acácias"),
    "Centro": ("Centro da Cidade", "CENTRO"),
    "COHAB II": (),
}


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("Maria da Silva e Souza", "MARIA DA SILVA E SOUZA"),
        ("João dos Santos", "joão dos santos"),
        ("Maria DA Silva", "Maria DA Silva"),  # in both cases: as typed
        ("iPhone da Ana", "iPhone da Ana"),
        ("Das Dores de Jesus", "DAS DORES DE JESUS"),  # first word
        ("Bloco E", "BLOCO E"),  # last word
        ("(Da Paz)", "(DA PAZ)"),
        ("Jd. das Acácias", "JD. DAS ACÁCIAS"),
        ("Vila Nova II", "VILA NOVA II"),
        ("Rua XV de Novembro", "rua xv de novembro"),
        ("Praça do IV Centenário", "PRAÇA DO IV CENTENÁRIO"),
        ("João Paulo XXIII", "JOÃO PAULO XXIII"),
        ("Lote XXXIX", "LOTE XXXIX"),
        ("Mix Di Lima", "MIX DI LIMA"),  # numerals in L, C, D and M would be words
        ("Xixi Iiii", "XIXI IIII"),  # no numerals
        ("D'Ávila", "D'ÁVILA"),
        ("Caixa d'Água", "CAIXA D'ÁGUA"),
        ("Ana d’Ávila", "ANA D’ÁVILA"),
        ("Ana d´Avila", "ANA D´AVILA"),  # an accent typed for an apostrophe
        ("Sant'Ana", "SANT'ANA"),
        ("Mcdonald's Lanches", "MCDONALD'S LANCHES"),
        ("Loja 'X' D'", "LOJA 'X' D'"),  # quotes are no apostrophes
        ("Loja ('A' Nova)", "LOJA ('A' NOVA)"),
        ("Mogi-Guaçu", "MOGI-GUAÇU"),
        ("Pau-d'Alho", "PAU-D'ALHO"),
        ("Pão-de-Açúcar", "PÃO-DE-AÇÚCAR"),
        ("S.A.", "S.A."),
        ("Qd 5A Lt 3B", "QD 5A LT 3B"),  # what begins with a digit stays
        ("Qd 5a", "qd 5a"),
        ("2ª Seção", "2ª SEÇÃO"),  # ª is neither capital nor small
        ("A\u0301vila Nova", "A\u0301VILA NOVA"),  # an accent that stands apart
        ("  Ana  Lima ", "  ANA  LIMA "),
        ("İSTANBUL", "İSTANBUL"),  # small, it would be two characters
        ("ŉ", "ŉ"),  # has no capital of its own
        ("12-34", "12-34"),
        ("", ""),
    ],
)
def test_a_name_is_written_as_a_person_would(expected: str, text: str) -> None:
    assert expected == proper(text)


@given(BRAZILIAN | st.text(), st.sampled_from([str, str.upper, str.lower]))
@example("DA ª E", str)
@example("i d'ii", str.upper)
@example("ŉ", str.upper)
def test_writing_properly_twice_is_writing_properly_once(text: str, case: Callable[[str], str]) -> None:
    once = proper(case(text))
    assert once == proper(once)


@given(BRAZILIAN)
def test_writing_properly_changes_letter_case_only(text: str) -> None:
    assert text.casefold() == proper(text).casefold()
    assert len(text) == len(proper(text))


@given(BRAZILIAN.filter(lambda text: not any(letter.isdigit() for letter in text)))
def test_capitals_and_small_letters_come_to_the_same(text: str) -> None:
    assert proper(text.upper()) == proper(text.lower())


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("jd das acacias", "  Jd.  das ACÁCIAS"),
        ("caixa d agua", "Caixa-d'Água"),
        ("2a secao", "2ª Seção"),
        ("strasse", "Straße"),
        ("no 5", "№ 5"),  # one character; what it stands for has a capital
        ("sao joao 12", "SA\u0303O JOÃO １２"),  # accents apart, full-width digits
        ("", " .-/ \u0301"),
        ("a" * 120, "Á" * 500),
        ("a" * 119, "a" * 119 + " b"),  # no space at the cut
    ],
)
def test_the_key_knows_no_case_accents_or_punctuation(expected: str, text: str) -> None:
    assert expected == fold(text)


@given(st.text(max_size=200))
def test_a_key_is_its_own_key(text: str) -> None:
    assert fold(text) == fold(fold(text))
    assert len(fold(text)) <= 120


@given(BRAZILIAN)
def test_case_accents_and_the_way_they_are_stored_change_no_key(text: str) -> None:
    bare = "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    same = [
        text.upper(),
        text.lower(),
        text.swapcase(),
        unicodedata.normalize("NFD", text),
        bare,
        f" ({text}) ",
        proper(text),
    ]
    assert {fold(text)} == {fold(one) for one in same}


@given(BRAZILIAN.filter(lambda text: any(letter.isalnum() for letter in text)))
def test_what_holds_a_letter_or_digit_has_a_key_and_a_name(text: str) -> None:
    assert fold(text)
    assert proper(text)
    assert names(SPELLINGS)(text)


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("Jardim das Acácias", "jd acácias"),
        ("Jardim das Acácias", "JARDIM ACACIAS"),
        ("Jardim das Acácias", "jardim das acacias"),  # the right one, in other dress
        ("Centro", "CENTRO"),
        ("Centro", "Centro-da-Cidade"),
        ("COHAB II", "Cohab ii"),  # as laid down, not as we would write it
        ("Vila Cohab", "VILA COHAB"),  # unknown
        ("", ""),
        ("-", "-"),
    ],
)
def test_every_spelling_comes_to_the_right_one(expected: str, text: str) -> None:
    assert expected == names(SPELLINGS)(text)


@given(BRAZILIAN)
def test_a_right_spelling_stays_whatever_comes_in(text: str) -> None:
    spelled = names(SPELLINGS)
    assert spelled(text) == spelled(spelled(text))


def test_every_conflict_is_told_in_a_sentence_of_its_own() -> None:
    wrong = {
        "Centro": ("Sé", "Centro Velho", "Centro Velho"),  # twice under one name is no conflict
        "CENTRO": ("Centro", "centro velho"),
        "Sé": ("se",),
        "Lapa": ("Centro Velho", "CÊNTRO", "--"),
        "...": ("Lapa",),
    }
    expected = [
        "“Centro” and “CENTRO” are one name for us: keep one of them",
        "the name “...” holds neither letter nor digit: take it out",
        "the spelling “Sé” of “Centro” is a name of its own: leave it in one place only",
        "the spelling “Centro Velho” of “Lapa” is also a spelling of “Centro”: leave it in one place only",
        "the spelling “CÊNTRO” of “Lapa” is a name of its own: leave it in one place only",
        "the spelling “--” of “Lapa” holds neither letter nor digit: take it out",
        "the spelling “Lapa” of “...” is a name of its own: leave it in one place only",
    ]
    assert expected == conflicts(wrong)
    with pytest.raises(ValueError, match="one name for us") as caught:
        names(wrong)
    assert "; ".join(expected) == str(caught.value)


def test_spellings_without_conflict_have_none() -> None:
    assert [] == conflicts(SPELLINGS)


def test_a_client_is_written_properly_and_nothing_else_of_it_changes() -> None:
    client = Client(
        "7",
        "ANA DE SÁ",
        document="52998224725",
        client_type="3",
        neighbourhood="centro da cidade",
        city="SÃO JOSÉ DOS CAMPOS",
        state="SP",
        collectable=False,
    )
    dressed = replace(client, name="Ana de Sá", neighbourhood="Centro", city="São José dos Campos")
    assert dressed == normalise_client(client, names(SPELLINGS))


def test_writing_is_fast_enough_for_a_large_provider() -> None:
    clients = [
        Client(
            str(at),
            f"MARIA{at:x} DA SILVA{at % 97:x} E SOUZA",
            neighbourhood=f"BAIRRO {at % 500}",
            city="SÃO PAULO",
        )
        for at in range(3000)
    ]
    spelled = names(SPELLINGS)
    started = time.process_time()
    written = [normalise_client(client, spelled) for client in clients]
    assert time.process_time() - started < 0.3  # usually 0.04
    assert "São Paulo" == written[-1].city
