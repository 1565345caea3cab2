"""Rows of foreign lists: columns by name, with or without header; in doubt a line is listed, and told."""

from datetime import date

import pytest

from worker.core.dnc_rows import NotRead, columns_of, read_row, tidy
from worker.core.do_not_call import DoNotCall

NUMBER, CPF, CNPJ = "+5511987654321", "52998224725", "11222333000181"


@pytest.mark.parametrize(
    "header",
    [
        ["Telefone", "CPF/CNPJ", "Motivo", "Validade"],
        ["number", "document", "reason", "expires"],
        ["DDD + Telefone", "cpf_ou_cnpj", "MOTIVO", "Válido até"],
        ["Nº linha", "doc", "motivo", "expira"],
    ],
)
def test_columns_are_found_by_their_names(header: list[str]) -> None:
    header = ["linha" if one == "Nº linha" else one for one in header]
    columns, is_header = columns_of(header)
    assert is_header
    row = read_row(["(11) 98765-4321", "529.982.247-25", "pediu", "31/12/2026"], columns)
    end = date(2027, 1, 1)
    assert (
        DoNotCall(NUMBER, "", "", "pediu", expires_on=end),
        DoNotCall("", CPF, "", "pediu", expires_on=end),
    ) == row.lines
    assert ((), ()) == (row.bad, row.odd)


def test_several_numbers_of_a_person_stand_in_several_columns() -> None:
    columns, _ = columns_of(["cpf", "telefone1", "telefone 2", "uf"])
    row = read_row([CPF, "11987654321", "", "SP"], columns)
    assert {(NUMBER, ""), ("", CPF)} == {(line.number, line.document) for line in row.lines}


@pytest.mark.parametrize(
    ("ddd", "number", "default", "found"),
    [
        ("11", "987654321", "", NUMBER),
        ("011", "98765-4321", "21", NUMBER),
        ("", "987654321", "11", NUMBER),
        ("21", "11987654321", "", NUMBER),  # the number's own counts
        ("1", "133334444", "", ""),  # half an area code is none
    ],
)
def test_an_area_code_may_stand_in_a_column_of_its_own(ddd: str, number: str, default: str, found: str) -> None:
    columns, _ = columns_of(["ddd", "telefone"])
    row = read_row([ddd, number], columns, default_ddd=default)
    assert [found] * bool(found) == [line.number for line in row.lines]
    assert bool(found) != bool(row.bad)


def test_without_a_header_the_first_column_that_reads_is_the_one() -> None:
    columns, is_header = columns_of(["Maria", "11987654321", "x"])
    assert not is_header
    assert [NUMBER] == [line.number for line in read_row(["Maria", "11987654321"], columns).lines]
    assert [CNPJ] == [line.document for line in read_row(["João", CNPJ, "", ""], columns).lines]
    both = read_row(["José", "11987650034"], columns).lines
    assert [("+5511987650034", ""), ("", "11987650034")] == [(line.number, line.document) for line in both]
    assert ((), 1) == ((row := read_row(["Ana"], columns)).lines, len(row.bad))


@pytest.mark.parametrize(
    "first", [["nome", "cidade"], ["Procon SP"], ["123", "x"], ["telefone", "motivo", "reason"]]
)
def test_a_first_line_that_is_no_header_and_lists_nobody_is_refused(first: list[str]) -> None:
    with pytest.raises(NotRead):
        columns_of(first)


@pytest.mark.parametrize(
    "cells",
    [
        ["=cmd|' /C calc'!A0", ""],
        ["119876", ""],
        ["0800 123 4567", ""],
        ["", "529.982.247-26"],
        ["", ""],
        ["11987654321"],
        ["11987654321", "", "moved"],
    ],
)
def test_a_row_that_names_nobody_certain_is_told_and_lists_nobody(cells: list[str]) -> None:
    columns, _ = columns_of(["telefone", "cpf"])
    row = read_row(cells, columns)
    assert () == row.lines
    assert 1 == len(row.bad)
    assert "98765432" not in row.bad[0]


def test_a_good_number_is_listed_beside_a_bad_document_which_is_told() -> None:
    columns, _ = columns_of(["telefone", "cpf"])
    row = read_row(["11987654321", "123"], columns)
    assert ([NUMBER], 1) == ([line.number for line in row.lines], len(row.bad))


def test_a_last_day_that_cannot_be_read_lists_for_ever_and_is_told() -> None:
    columns, _ = columns_of(["telefone", "validade"])
    row = read_row(["11987654321", "logo"], columns)
    assert (DoNotCall(NUMBER),) == row.lines
    assert ((), 1) == (row.bad, len(row.odd))


def test_reasons_are_one_printable_line_and_no_formula() -> None:
    assert "HYPERLINK(1) a b" == tidy("=HYPERLINK(1)\x1b\na\u202eb", 120)
    assert "12345" == tidy("@+-=1234567", 5)
