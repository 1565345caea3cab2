"""Nothing from outside becomes a second line, a second argument or a path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.errors import UnsafeText
from worker.pbx import text

BREAKERS = ["\n", "\r", "\0", "\x0b", "\x1b", "\x7f", "\x85", "\u2028", "\u2029", "\ud800"]


@pytest.mark.parametrize("bad", BREAKERS)
def test_nothing_that_may_end_a_line_passes(bad: str) -> None:
    for refuse in (text.one_line, text.agi_quoted, lambda value: text.call_file_line("Setvar", value)):
        with pytest.raises(UnsafeText):
            refuse(f"a{bad}b")


@given(st.text(max_size=80))
def test_what_is_quoted_comes_back_unquoted(value: str) -> None:
    try:
        quoted = text.agi_quoted(value)
    except UnsafeText:
        assert not value.isprintable()
        return
    assert quoted[0] == quoted[-1] == '"'
    body, plain, escaped = quoted[1:-1], "", False
    for character in body:
        assert escaped or character != '"'  # no quote that would end the argument
        if character == "\\" and not escaped:
            escaped = True
        else:
            plain, escaped = plain + character, False
    assert value == plain
    assert not escaped


def test_a_call_file_line_is_refused_with_a_comment_sign_or_when_too_long() -> None:
    assert "Setvar: A=b\n" == text.call_file_line("Setvar", "A=b")
    for bad in ("a;b", "x" * 1024, "ã" * 600):
        with pytest.raises(UnsafeText):
            text.call_file_line("Setvar", bad)


@pytest.mark.parametrize("bad", ["", "a/b", "..", ".hidden", "a b", "a%2f", "é", "x" * 65, "a\n"])
def test_an_id_cannot_leave_its_place_in_a_path(bad: str) -> None:
    with pytest.raises(UnsafeText):
        text.pbx_id(bad)


def test_errors_never_repeat_the_text() -> None:
    with pytest.raises(UnsafeText) as refused:
        text.number_digits("+5511987654321;x")
    assert "987654321" not in str(refused.value)


def test_numbers_lose_their_plus_only() -> None:
    assert "5511987654321" == text.number_digits("+5511987654321")
    for bad in ("", "+", "55 11", "\uff11\uff12", "++55", "1" * 21):
        with pytest.raises(UnsafeText):
            text.number_digits(bad)


def test_an_attempt_id_is_a_ulid() -> None:
    assert text.is_attempt_id("01JABCDEFGHJKMNPQRSTVWXYZ0")
    assert not text.is_attempt_id("01jabcdefghjkmnpqrstvwxyz0")
    assert not text.is_attempt_id("01JABCDEFGHJKMNPQRSTVWXYZ0\n")
