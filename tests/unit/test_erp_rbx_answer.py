"""Answers of RBX: rows in all the shapes that were seen, and the right error for all else."""

import json

import pytest

from worker.erp.quoting import Quoting
from worker.erp.rbx_answer import Row, Service, error_text, read_rows
from worker.errors import SourceBroken, SourceError, SourceRefused

KEY = "CHAVE-SECRETA-123"
SERVICE = Service("ConsultaClientes", frozenset(("Codigo", "Nome", "contracts")))


def _read(answer: object) -> tuple[Row, ...]:
    body = answer if isinstance(answer, str) else json.dumps(answer)
    return read_rows(body.encode(), SERVICE, Quoting([KEY]))


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ([{"Codigo": "7", "Nome": " Ana ", "SenhaCentral": "x"}], ({"Codigo": "7", "Nome": "Ana"},)),
        ({"Codigo": 7, "Nome": None}, ({"Codigo": "7", "Nome": ""},)),  # one object, a number, a null
        ({"0": {"Codigo": "7"}, "2": {"Codigo": "9"}}, ({"Codigo": "7"}, {"Codigo": "9"})),  # PHP with a hole
        ([{"contracts": [12001, "12002"]}], ({"contracts": "12001,12002"},)),
        ([], ()),
        ({}, ()),
        ("", ()),
    ],
)
def test_rows_are_read_in_every_shape_with_only_the_columns_asked_for(
    result: object, expected: tuple[Row, ...]
) -> None:
    assert expected == _read({"status": 1, "result": result})


@pytest.mark.parametrize("code", ["", 0, "0", None])
def test_an_empty_or_zero_error_code_is_no_error(code: object) -> None:
    assert ({"Codigo": "7"},) == _read({"status": "1", "error_code": code, "result": [{"Codigo": 7}]})


@pytest.mark.parametrize("code", [1, "1"])
@pytest.mark.parametrize(
    "words", ["A consulta nao retornou resultados", "A consulta não retornou nenhum resultado."]
)
def test_no_result_is_an_empty_list(code: object, words: str) -> None:
    assert () == _read({"status": 0, "erro_code": code, "erro_desc": words, "result": ""})


@pytest.mark.parametrize(
    ("answer", "leaf", "part"),
    [
        ({"status": 0, "erro_code": "97", "erro_desc": "Chave invalida"}, SourceRefused, "check source.key"),
        ({"status": "0", "error_code": 97, "error_description": "x"}, SourceRefused, "check source.key"),
        ({"status": 0, "erro_code": "165", "erro_desc": "Unknown column"}, SourceBroken, "error 165"),
        (
            {"status": 0, "erro_code": "1", "erro_desc": "Falha no banco"},
            SourceBroken,
            "error 1: “Falha no banco”",
        ),
        ({"status": 0, "erro_code": "1", "erro_desc": ""}, SourceBroken, "error 1"),
        ({"status": 0, "erro_code": "5", "erro_desc": "Nao retornou resultados"}, SourceBroken, "error 5"),
        ({"status": 0, "error_code": "", "result": []}, SourceBroken, "an error without a number"),
        ({"status": 2, "result": []}, SourceBroken, "unknown shape"),
        ({"result": []}, SourceBroken, "unknown shape"),
        ({"status": True, "result": []}, SourceBroken, "unknown shape"),
        ({"status": 1, "result": "ok"}, SourceBroken, "unknown shape"),
        ({"status": 1, "result": [1, 2]}, SourceBroken, "unknown shape"),
        ({"status": 1, "result": {"0": {"Codigo": 1}, "1": "x"}}, SourceBroken, "unknown shape"),
        ({"status": 1}, SourceBroken, "unknown shape"),
        ([], SourceBroken, "unknown shape"),
        ("", SourceBroken, "nothing at all"),
        ('{"status": 1, "result": [{"Nome": "Ana', SourceBroken, "breaks off"),
        ("<html><form action='/login'>", SourceRefused, "check source.url"),
        ("<br />\n<b>Fatal error</b>: memory", SourceBroken, "an error page: “Fatal error : memory”"),
    ],
)
def test_all_else_is_its_own_error_in_one_sentence(answer: object, leaf: type[SourceError], part: str) -> None:
    with pytest.raises(leaf) as caught:
        _read(answer)
    assert leaf is type(caught.value)
    assert part in str(caught.value)
    assert str(caught.value).isprintable()


def test_neither_the_key_nor_a_person_is_quoted() -> None:
    words = f"Chave {KEY} do CPF 123.456.789-09, fone 11987654321"
    with pytest.raises(SourceBroken) as caught:
        _read({"status": 0, "erro_code": "5", "erro_desc": words})
    assert "Chave *** do CPF ***, fone ***" in str(caught.value)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<h1>Bad</h1> Gateway", "Bad Gateway"),
        ('{"status": 0, "erro_desc": "Manutencao"}', "Manutencao"),
        ('{"result": [{"Nome": "Ana"}]}', ""),
        ('{"result": [', ""),
        ("[1]", ""),
    ],
)
def test_of_an_http_error_only_the_message_is_told(body: str, expected: str) -> None:
    assert expected == error_text(body.encode(), Quoting([KEY]))
