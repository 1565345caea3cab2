"""The bodies IXC sends with HTTP 200: which are whole lists, and what the administrator reads about the others."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.ixc_faults import ERROR_PAGE, IP_REFUSAL, LOGIN_PAGE
from tests.lab.ixc_rows import PASSWORD
from worker.erp.ixc_answer import Answer, error_text, read_action, read_answer, said_by
from worker.erp.quoting import QUOTE_LIMIT, Quoting
from worker.errors import ActionRefused, SourceBroken, SourceError, SourceRefused

COLUMNS = frozenset(("id", "razao"))
QUOTE = Quoting(["7:s3cret-hash", "s3cret-hash"])


def _read(body: str | bytes) -> Answer:
    return read_answer(body if isinstance(body, bytes) else body.encode(), COLUMNS, QUOTE)


@pytest.mark.parametrize(
    "body",
    [
        '{"page":"1","total":"0"}',
        '{"page":"1","total":0}',
        '{"page":"1","total":0,"registros":[]}',
        '\ufeff{"total":"0"}',  # a byte order mark before it
    ],
)
def test_an_empty_list_is_a_whole_answer(body: str) -> None:
    assert Answer(0, ()) == _read(body)


@pytest.mark.parametrize("total", ['"1"', "1", '" 1 "'])
def test_totals_come_as_text_or_number(total: str) -> None:
    assert Answer(1, ({"id": "5"},)) == _read(f'{{"total":{total},"registros":[{{"id":"5"}}]}}')


def test_numbers_keep_their_own_spelling() -> None:
    assert "99.90" == _read('{"total":1,"registros":[{"id":5,"razao":99.90}]}').rows[0]["razao"]


def test_only_the_columns_asked_for_get_through() -> None:
    row = {"id": "5", "razao": "Ana", "senha": PASSWORD, "nested": {"id": "6"}}
    assert ({"id": "5", "razao": "Ana"},) == _read(json.dumps({"total": 1, "registros": [row]})).rows


@pytest.mark.parametrize("value", ["null", "true", "[]", '{"a":1}'])
def test_a_value_that_is_no_text_counts_as_missing(value: str) -> None:
    assert ({"id": "5"},) == _read(f'{{"total":1,"registros":[{{"id":"5","razao":{value}}}]}}').rows


def test_an_installation_with_the_old_encoding_is_still_read() -> None:
    body = '{"total":1,"registros":[{"id":"5","razao":"Conceição"}]}'.encode("cp1252")
    assert "Conceição" == _read(body).rows[0]["razao"]


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ("", SourceBroken, "nothing at all"),
        ('{"total":"2","registros":[{"id":"1","sen', SourceBroken, "breaks off"),
        ("[]", SourceBroken, "unknown shape"),
        ('"ok"', SourceBroken, "unknown shape"),
        ("{}", SourceBroken, "neither rows nor an error"),
        ('{"total":"2"}', SourceBroken, "2 rows are left but sent none"),
        ('{"total":"2","registros":[]}', SourceBroken, "2 rows are left but sent none"),
        ('{"total":"0","registros":[{"id":"1"}]}', SourceBroken, "0 rows are left but sent 1"),
        ('{"registros":[{"id":"1"}]}', SourceBroken, "without saying how many"),
        ('{"total":"many","registros":[]}', SourceBroken, "without saying how many"),
        ('{"total":"-1"}', SourceBroken, "without saying how many"),
        ('{"total":"1","registros":{"0":{"id":"1"}}}', SourceBroken, "unknown shape"),
        ('{"total":"1","registros":["1"]}', SourceBroken, "unknown shape"),
        ("[" * 100_000, SourceBroken, "breaks off"),  # too deep to parse
        (ERROR_PAGE, SourceBroken, "“Ocorreu um erro ao processar. Contate o suporte IXC Soft.”"),
        (LOGIN_PAGE, SourceRefused, "check source.url"),
        (json.dumps(IP_REFUSAL), SourceRefused, "Redes Permitidas"),
        ('{"type":"error","message":"Recurso x não está disponível!"}', SourceRefused, "Recurso x não está"),
        ('{"type":"success","message":"Registro inserido","id":"5"}', SourceRefused, "Registro inserido"),
    ],
)
def test_all_else_is_an_error_in_one_sentence(body: str, error: type[SourceError], words: str) -> None:
    with pytest.raises(error) as caught:
        _read(body)
    assert error is type(caught.value)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("token 7:s3cret-hash errado", "token *** errado"),
        ("CPF 123.456.789-09 e 12345678909", "CPF *** e ***"),
        ("ligue (11) 98765-4321", "ligue ***"),
        ("veja https://ana:senha@erp.invalid/x", "veja https://***@erp.invalid/x"),
        ("hash 0123456789abcdef0123456789abcdef", "hash ***"),
        ("IP 203.0.113.10 não está liberado", "IP 203.0.113.10 não está liberado"),  # needed to mend it
        ("<b>Erro</b>&nbsp;grave\r\nX<script>alert('x')</script>", "Erro grave X"),
        ("&lt;b&gt;", "<b>"),
    ],
)
def test_quoted_text_holds_no_secret_no_tag_and_no_line_break(said: str, expected: str) -> None:
    assert expected == QUOTE(said)


@given(st.text(max_size=500))
def test_a_quotation_is_never_long_and_always_printable(said: str) -> None:
    assert len(QUOTE(said)) <= QUOTE_LIMIT
    assert QUOTE(said).isprintable()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"<html>Bad <b>Gateway</b></html>", "Bad Gateway"),
        (b'{"type":"error","message":"Sem acesso"}', "Sem acesso"),
        (b'{"registros":[{"senha":"x"}]}', ""),
        (b'{"registros":[{"senha":"x"', ""),
        (b'["x"]', ""),
        (b"", ""),
    ],
)
def test_of_an_http_error_only_text_and_messages_are_quoted(body: bytes, expected: str) -> None:
    assert expected == error_text(body, QUOTE)


@pytest.mark.parametrize(
    "body",
    [
        '{"type":"success","message":"Feito <b>já</b>"}',
        '{"tipo":"sucesso","mensagem":"Feito já"}',
        '{"type":" Success ","mensagem":"Feito já"}',
    ],
)
def test_what_ixc_has_done_is_told_in_either_shape(body: str) -> None:
    assert "Feito já" == said_by(read_action(body.encode(), QUOTE, "the deed"), QUOTE)


@pytest.mark.parametrize(
    ("body", "error", "words"),
    [
        ('{"type":"error","message":"Limite atingido"}', ActionRefused, "IXC refused the deed: “Limite atingido”"),
        ('{"tipo":"erro","mensagem":"Limite atingido"}', ActionRefused, "IXC refused the deed: “Limite atingido”"),
        ('{"message":"Sem tipo"}', ActionRefused, "“Sem tipo”"),  # not said to be done: it is not
        ('{"type":["success"],"message":"x"}', ActionRefused, "“x”"),
        ('{"type":"error","message":"CPF 123.456.789-09"}', ActionRefused, "“CPF ***”"),
        ('{"type":"error"}', SourceBroken, "neither did nor refused the deed"),
        ('{"page":"1","total":"0"}', SourceBroken, "neither did nor refused the deed"),
        ('{"type":"error","message":"Recurso get_pix não está disponível!"}', SourceRefused, "user group access"),
        (json.dumps(IP_REFUSAL), SourceRefused, "Redes Permitidas"),
        ("[]", SourceBroken, "unknown shape"),
        ("", SourceBroken, "nothing at all"),
        (ERROR_PAGE, SourceBroken, "error page"),
        (LOGIN_PAGE, SourceRefused, "login page"),
    ],
)
def test_what_ixc_has_not_done_is_an_error_in_one_sentence(
    body: str, error: type[SourceError], words: str
) -> None:
    with pytest.raises(error) as caught:
        read_action(body.encode(), QUOTE, "the deed")
    assert error is type(caught.value)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()
