"""CPF and CNPJ: what passes, in which words the rest is refused, and two libraries as second opinions."""

import string
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from stdnum.br import cnpj as std_cnpj
from stdnum.br import cpf as std_cpf
from validate_docbr import CNPJ, CPF

from worker.erp.documents import is_cnpj, read_document
from worker.erp.source import BadValue

ALPHABET = string.digits + string.ascii_uppercase


def with_check_digits(base: str) -> str:
    """A CPF of nine digits, a CNPJ of twelve characters; the rule is python-stdnum's, which we do not use."""
    if len(base) == 9:
        return base + str(std_cpf._calc_check_digits(base))
    return base + std_cnpj.calc_check_digits(base)


CPFS = (
    st.text(string.digits, min_size=9, max_size=9).filter(lambda base: len(set(base)) > 1).map(with_check_digits)
)
CNPJS = st.text(ALPHABET, min_size=12, max_size=12).filter(lambda base: base.strip("0")).map(with_check_digits)


def accepted(raw: str) -> bool:
    try:
        return read_document(raw) is not None
    except BadValue:
        return False


def masked(document: str) -> str:
    if len(document) == 11:
        return f"{document[:3]}.{document[3:6]}.{document[6:9]}-{document[9:]}"
    return f"{document[:2]}.{document[2:5]}.{document[5:8]}/{document[8:12]}-{document[12:]}"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("529.982.247-25", "52998224725"),
        ("52998224725", "52998224725"),
        (" 529 982 247 - 25\n", "52998224725"),
        ("529.982.247\u00a025", "52998224725"),  # a no-break space, from a spreadsheet
        ("001.234.567-97", "00123456797"),  # zeros in front belong to it
        ("11.222.333/0001-81", "11222333000181"),
        ("12.ABC.345/01DE-35", "12ABC34501DE35"),  # the example of the Receita Federal
        ("12.abc.345/01de-35", "12ABC34501DE35"),
        ("IO.QF0.000/0001-27", "IOQF0000000127"),  # letters that look like digits are not forbidden
    ],
)
def test_a_document_loses_its_mask_and_nothing_else(raw: str, expected: str) -> None:
    assert expected == read_document(raw)


@pytest.mark.parametrize("raw", ["", "  ", "..-", "../-", "0", "000.000.000-00", "00.000.000/0000-00", "00000"])
def test_an_empty_mask_and_zeros_are_no_document(raw: str) -> None:
    assert read_document(raw) is None


@pytest.mark.parametrize(
    ("reason", "raw"),
    [
        ("the CPF ending in 24 has wrong check digits", "529.982.247-24"),
        ("the CPF ending in 52 has wrong check digits", "529.982.247-52"),
        ("the CNPJ ending in 82 has wrong check digits", "11.222.333/0001-82"),
        ("the CNPJ ending in 35 has wrong check digits", "12.ABD.345/01DE-35"),
        ("the same digit throughout", "111.111.111-11"),  # right check digits; python-stdnum accepts it
        ("the same digit throughout", "99999999999999"),
        ("3 characters is neither a CPF (11) nor a CNPJ (14)", "191"),  # validate-docbr would pad it with zeros
        ("9 characters is neither a CPF (11) nor a CNPJ (14); zeros in front may be lost", "123456797"),
        ("12 characters is neither", "529.982.247-250"),
        ("15 characters is neither", "011222333000181"),
        ("a CPF holds digits only", "52998224A25"),
        ("a CPF holds digits only", "MG-12.345.678-9"),  # an identity card
        ("the last two of a CNPJ are digits", "12ABC34501DEA5"),
        ("besides digits", "５２９９８２２４７２５"),  # full-width digits; python-stdnum accepts them
        ("besides digits", "٥٢٩٩٨٢٢٤٧٢٥"),
        ("besides digits", "12.ABÇ.345/01DE-35"),
        ("besides digits", "ſ2ABC34501DE35"),  # its upper case is an S
        ("besides digits", "529.982.247–25"),  # a dash that is no hyphen
        ("besides digits", "529.982.247-25\x00"),
        ("besides digits", "529_982_247_25"),
        ("besides digits", "52998224725; DROP TABLE client"),
    ],
)
def test_what_is_no_document_is_refused_with_its_reason(reason: str, raw: str) -> None:
    with pytest.raises(BadValue) as caught:
        read_document(raw)
    assert reason in str(caught.value)


def test_a_company_is_told_from_a_person_by_length_although_it_may_hold_letters() -> None:
    assert [True, True, False] == [is_cnpj(one) for one in ("12ABC34501DE35", "11222333000181", "52998224725")]


@given(CPFS | CNPJS, st.booleans(), st.booleans())
def test_every_right_document_is_accepted_with_and_without_mask(document: str, mask: bool, lower: bool) -> None:
    raw = masked(document) if mask else document
    assert document == read_document(raw.lower() if lower else raw)
    assert std_cpf.is_valid(raw) or std_cnpj.is_valid(raw)


@given(CPFS | CNPJS, st.data())
def test_one_changed_character_is_judged_as_the_other_library_judges_it(
    document: str, data: st.DataObject
) -> None:
    place = data.draw(st.integers(0, len(document) - 1))
    other = data.draw(st.sampled_from(ALPHABET))
    changed = document[:place] + other + document[place + 1 :]
    oracle = std_cpf if len(changed) == 11 else std_cnpj
    # the one disagreement: python-stdnum takes 111.111.111-11 for a CPF
    assert (oracle.is_valid(changed) and len(set(changed)) > 1) == accepted(changed)


@given(st.text(ALPHABET, min_size=11, max_size=11) | st.text(ALPHABET, min_size=14, max_size=14))
@example("11111111111")
@example("00000000000000")
def test_both_libraries_and_we_agree_on_any_text_of_the_right_length(text: str) -> None:
    theirs = [CPF().validate(text), std_cpf.is_valid(text) and len(set(text)) > 1]
    if len(text) == 14:
        theirs = [CNPJ().validate(text), std_cnpj.is_valid(text)]
    assert theirs == [accepted(text)] * 2


@given(st.text() | st.text(ALPHABET + "./- ", max_size=20))
def test_no_text_breaks_reading_and_no_reason_tells_the_document(raw: str) -> None:
    try:
        document = read_document(raw)
    except BadValue as why:
        reason = str(why)
        assert "\n" not in reason
        assert not [
            raw[at : at + 5]
            for at in range(len(raw) - 4)
            if raw[at : at + 5].isdigit() and raw[at : at + 5] in reason
        ]
    else:
        assert document is None or read_document(document) == document


def test_reading_is_fast_enough_for_a_large_provider() -> None:
    documents = [with_check_digits(f"{number:09}") for number in range(1, 1001)]
    documents += [with_check_digits(f"AB{number:010}") for number in range(1000)]
    started = time.process_time()
    assert documents == [read_document(masked(document)) for document in documents]
    assert time.process_time() - started < 0.2  # usually 0.02: 300,000 take three seconds
