"""Nothing that points at a person passes; what a log is searched for does."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.model import Block
from worker.core.ulid import new_ulid
from worker.log import mask_event
from worker.masking import cnpj_checks, cpf_checks, mask_text, masked

ULID = "01KAHB3J9Z0123456789ABCDEF"
NUMBER = "+5511987654321"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (NUMBER, "***4321"),
        ("5511987654321", "***4321"),
        ("11987654321", "***4321"),
        ("1133334444", "***4444"),
        ("011987654321", "***4321"),
        ("01511987654321", "***4321"),  # with a carrier; fourteen digits, but not a CNPJ's check digits
        ("(11) 98765-4321", "***4321"),
        ("(011) 3333-4444", "***4444"),
        ("(11) 91234-5678", "***5678"),  # any digit may follow a mobile's nine
        ("0xx11 3333-4444", "***4444"),
        ("11 9 8765-4321", "***4321"),
        ("11.98765.4321", "***4321"),
        ("+55 (11) 98765\u20114321", "***4321"),  # a hyphen that does not break
        ("98765-4321", "***4321"),  # without area code
        ("PJSIP/011987654321@trunk", "PJSIP/***4321@trunk"),
        ("sip:+5511987654321@10.0.0.1:5060", "sip:***4321@10.0.0.1:5060"),
        ("%2B5511987654321", "%2B***4321"),
        ("tel11987654321x", "tel***4321x"),
        (r"'\n11987654321'", r"'\n***4321'"),  # the repr of a line break is a letter
        ("2026-11-21 11987654321", "2026-11-21 ***4321"),
        ("12345678909", "[cpf]"),
        ("529.982.247-25", "[cpf]"),
        ("529 982 247 25", "[cpf]"),
        ("529982247-25", "[cpf]"),
        ("12.ABC.345/01DE-35", "[cnpj]"),
        ("12abc34501de35", "[cnpj]"),
        ("11.222.333/0001-81", "[cnpj]"),
        ("11222333000181", "[cnpj]"),
        ("mysql://root:s3cret@127.0.0.1/x", "mysql://[secret]@127.0.0.1/x"),
        ("Authorization: Basic YWJjOmRlZg==", "Authorization: Basic [secret]"),
    ],
)
def test_numbers_of_people_are_masked(text: str, shown: str) -> None:
    assert shown == mask_text(text)
    assert shown == mask_text(shown)


@pytest.mark.parametrize(
    "text",
    [
        ULID,
        f"PJSIP/carrier-{ULID}",
        "1795233360.1234",  # Asterisk's unique id
        "1795233360123",  # milliseconds since 1970
        "2026-11-21T04:56:00.123456Z",
        "2026-11-21 04:56:00-03:00",
        "20261121045600",
        "20261121-045600",
        "550e8400-e29b-41d4-a716-123456789012",
        "collector/12/" + "1234567890" * 6 + "abcd",
        "192.168.100.20:5060",
        "3500,2600,700,5000,100,50,6,256,5000",
        "LONGGREETING-2700-2600",
        "SIP 486 Busy Here",
        "R$ 1.234.567,89",
        "0.12345678901234567",
        "asterisk/full01",
        "COLLECTORABC12",  # fourteen letters and digits, but no CNPJ
        "+5511*******21",  # masked already
    ],
)
def test_ids_times_and_figures_survive(text: str) -> None:
    assert text == mask_text(text)


DIGIT = st.sampled_from("0123456789")
SURROUND = st.sampled_from(
    ["", " ", "número ", ": ", "'", '"', "(", "x=", "/", "\n", ",", ";", "<", "@", "n", "\\n", "_"]
)
PHONE = st.builds(
    lambda ddd, first, rest: ddd + first + rest,
    st.from_regex(r"[1-9][1-9]", fullmatch=True).filter(str.isascii),
    st.sampled_from(["9", "2", "3", "4", "5"]),
    st.text(DIGIT, min_size=7, max_size=8),
).filter(lambda number: number[2] == "9" if len(number) == 11 else number[2] != "9")
SHAPE = st.sampled_from(
    [
        "{0}{1}{2}", "+55{0}{1}{2}", "55{0}{1}{2}", "0{0}{1}{2}", "015{0}{1}{2}", "0055{0}{1}{2}",
        "({0}) {1}-{2}", "({0}){1}-{2}", "(0{0}) {1}-{2}", "{0} {1}-{2}", "{0} {1} {2}", "{0}-{1}-{2}",
        "+55 {0} {1}-{2}", "+55 ({0}) {1}-{2}", "+55-{0}-{1}-{2}", "0 {0} {1} {2}", "{0}.{1}.{2}", "{0} {1}{2}",
    ]
)  # fmt: skip


@given(PHONE, SHAPE, SURROUND, SURROUND)
def test_no_telephone_number_survives_however_it_is_written(
    number: str, shape: str, before: str, after: str
) -> None:
    text = before + shape.format(number[:2], number[2:-4], number[-4:]) + after
    shown = mask_text(text)
    assert number[:-4] not in "".join(filter(str.isdigit, shown))
    assert 4 >= sum(map(str.isdigit, shown)) or "[c" in shown


def with_checks(start: str, checks: Callable[[str], bool]) -> str:
    return next(whole for last in range(100) if checks(whole := f"{start}{last:02}"))


@given(
    st.text(DIGIT, min_size=9, max_size=9),
    st.sampled_from(["{}{}{}{}", "{}.{}.{}-{}", "{}{}{}-{}"]),
    SURROUND,
    SURROUND,
)
def test_no_cpf_survives(start: str, shape: str, before: str, after: str) -> None:
    cpf = with_checks(start, cpf_checks)
    shown = mask_text(before + shape.format(cpf[:3], cpf[3:6], cpf[6:9], cpf[9:]) + after)
    assert sum(map(str.isdigit, shown)) in (0, 4)


@given(
    st.from_regex(r"[0-9A-Z]{12}", fullmatch=True),
    st.sampled_from(["{}{}{}{}{}", "{}.{}.{}/{}-{}"]),
    st.sampled_from(["", " ", "'", ": ", "\n"]),
)
def test_no_cnpj_survives_with_letters_or_without(start: str, shape: str, around: str) -> None:
    cnpj = with_checks(start, cnpj_checks)
    text = shape.format(cnpj[:2], cnpj[2:5], cnpj[5:8], cnpj[8:12], cnpj[12:])
    assert f"{around}[cnpj]{around}" == mask_text(around + text + around)


@given(st.datetimes(), st.integers(0, 2**80 - 1))
def test_no_ulid_and_no_time_is_touched(when: datetime, bits: int) -> None:
    if when.year >= 2000:
        assert when.isoformat() == mask_text(when.isoformat())
    ulid = new_ulid(datetime(2026, 11, 21, tzinfo=UTC), randbits=lambda _: bits)
    assert ulid == mask_text(ulid)


def test_the_official_check_digits() -> None:
    assert cnpj_checks("12ABC34501DE35")  # Receita Federal's example of the alphanumeric CNPJ
    assert not cnpj_checks("12ABC34501DE36")
    assert cpf_checks("52998224725")
    assert not cpf_checks("52998224726")


def test_values_are_masked_however_deep_and_of_whatever_type() -> None:
    given_value = {
        "list": [NUMBER, {"deep": (NUMBER,)}],
        NUMBER: 1,
        "as_int": 5511987654321,
        "block": Block(NUMBER, "opt_out"),
        "error": ValueError(NUMBER),
        "bytes": NUMBER.encode(),
        "set": {NUMBER},
        "path": Path(f"/spool/{NUMBER}.call"),
    }
    assert "987654" not in repr(masked(given_value))


def test_plain_values_keep_their_type() -> None:
    plain = {"seconds": 0.12345678901, "count": 12, "none": None, "yes": True, "list": [1, "a"]}
    assert plain == masked(plain)
    assert "12.50" == masked(Decimal("12.50"))


def test_secrets_are_known_by_their_key() -> None:
    assert {"password": "[secret]", "api_key": "[secret]", "token": ""} == masked(
        {"password": "hunter2", "api_key": ["x"], "token": ""}
    )


def test_a_value_that_contains_itself_or_cannot_be_shown_does_no_harm() -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    endless: list[object] = []
    endless.append(endless)
    assert "too deep" in repr(masked(endless))
    assert "[Broken that raised RuntimeError when shown]" == masked(Broken())


def test_masking_a_usual_line_takes_about_twenty_microseconds() -> None:
    event = {
        "event": "placed",
        "attempt": ULID,
        "number": NUMBER,
        "cause": 16,
        "text": "SIP 486 Busy Here",
        "n": 3,
    }
    times = []
    for _ in range(20):
        started = time.perf_counter()
        for _ in range(100):
            mask_event(None, "info", dict(event))
        times.append((time.perf_counter() - started) / 100)
    assert min(times) < 100e-6  # five times what was measured: other things run on this machine
