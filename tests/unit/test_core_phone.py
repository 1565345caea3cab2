"""Telephone numbers: what ERPs hold, what may be called, what a trunk wants dialled."""

import re
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core import phone, tables
from worker.core.enums import PhoneKind
from worker.core.model import Phone, Rejected

MOBILE, FIXED = "+5511987654321", "+551133334444"

# state -> how many area codes it has (Anatel)
HOW_MANY = {"SP": 9, "MG": 7, "PR": 6, "BA": 5, "RS": 4, "RJ": 3, "SC": 3, "PA": 3}
TWO_CODES = ("AM", "CE", "ES", "GO", "MA", "MT", "PE", "PI")

DDDS = st.sampled_from(sorted(tables.DDD_TO_UF))
MOBILES = st.builds("{}9{}{:07d}".format, DDDS, st.sampled_from("6789"), st.integers(0, 9_999_998))
FIXEDS = st.builds("{}3{}".format, DDDS, st.integers(2_000_000, 2_999_999))
MASKS = st.sampled_from(
    [
        "{ddd}{a}{b}",
        "({ddd}) {a}-{b}",
        "0{ddd} {a} {b}",
        "+55 ({ddd}) {a}-{b}",
        "55{ddd}{a}{b}",
        "0 15 {ddd} {a}.{b}",
    ]
)


def test_there_are_67_area_codes_in_27_states() -> None:
    assert 67 == len(tables.DDD_TO_UF)
    assert set(tables.UF_ZONE) == set(tables.DDD_TO_UF.values())
    assert 27 == len(tables.UF_ZONE)


def test_every_state_has_as_many_area_codes_as_anatel_gave_it() -> None:
    counted = {uf: list(tables.DDD_TO_UF.values()).count(uf) for uf in tables.UF_ZONE}
    assert {uf: HOW_MANY.get(uf, 2 if uf in TWO_CODES else 1) for uf in counted} == counted


def test_the_library_knows_exactly_the_same_area_codes() -> None:
    known = {
        f"{ddd}"
        for ddd in range(11, 100)
        if phonenumbers.is_valid_number(phonenumbers.PhoneNumber(55, int(f"{ddd}987654321")))
    }
    assert known == set(tables.DDD_TO_UF)


def test_every_zone_exists() -> None:
    assert set() == set(tables.UF_ZONE.values()) - available_timezones()


@pytest.mark.parametrize(
    ("zone", "number"),
    [
        ("America/Sao_Paulo", MOBILE),
        ("America/Rio_Branco", "+5568987654321"),  # Acre, -05
        ("America/Manaus", "+5592987654321"),  # -04
        ("America/Cuiaba", "+556533334444"),  # -04
        ("America/Bahia", "+5571987654321"),
    ],
)
def test_a_number_lives_in_the_zone_of_its_state(zone: str, number: str) -> None:
    assert ZoneInfo(zone) == tables.zone_of(number)


@pytest.mark.parametrize("number", ["", "+351912345678", "+5510987654321", "11987654321"])
def test_a_number_without_known_area_code_has_no_zone(number: str) -> None:
    with pytest.raises(ValueError, match="area code"):
        tables.zone_of(number)


@pytest.mark.parametrize(
    ("number", "raw"),
    [
        (MOBILE, "11987654321"),
        (MOBILE, "(11) 98765-4321"),
        (MOBILE, "011 98765 4321"),  # trunk zero
        (MOBILE, "0 15 11 98765.4321"),  # zero and carrier
        (MOBILE, "+55 11 98765-4321"),
        (MOBILE, "5511987654321"),  # country without plus
        (MOBILE, "+55 (011) 98765-4321"),  # country and zero
        (MOBILE, "55 0 21 11 98765-4321"),  # country, zero and carrier
        (MOBILE, "0055 11 98765-4321"),
        (MOBILE, "055 11 98765-4321"),  # a zero before the country
        (MOBILE, "11\u00a098765–4321"),  # no-break space and en dash, from a spreadsheet
        (MOBILE, "１１９８７６５４３２１"),  # full-width digits
        (MOBILE, "98765-4321"),  # no area code: the instance's
        (FIXED, "33334444"),
        (FIXED, "(011) 3333-4444"),
        ("+5555987654321", "55987654321"),  # 55 is also the area code of Santa Maria
        ("+555533334444", "5533334444"),
        ("+555533334444", "55 55 3333-4444"),
        ("+551157654321", "11 5765-4321"),  # fixed lines begin with 2 to 5
        ("+551123456789", "11 2345-6789"),
        ("+5555987654321", "55 55 98765-4321"),
        ("+5555987654321", "+55 55 98765-4321"),
        ("+555533334444", "055 3333-4444"),  # trunk zero and area code, not the country
    ],
)
def test_a_number_is_read_whatever_its_dress(number: str, raw: str) -> None:
    kind = PhoneKind.MOBILE if len(number) == 14 else PhoneKind.FIXED
    assert Phone(number, kind, False, "fone") == phone.read_phone(raw, source="fone", default_ddd="11")


@pytest.mark.parametrize(
    "raw",
    [
        "11 8765-4321",  # from before 2016
        "551187654321",
        "8765-4321",  # and without area code
        "011 8765-4321",
        "0 15 11 8765-4321",  # with a carrier
        "+55 (11) 8765-4321",
    ],
)
def test_an_old_mobile_gets_its_ninth_digit_and_is_marked(raw: str) -> None:
    assert Phone(MOBILE, PhoneKind.MOBILE, repaired=True) == phone.read_phone(raw, default_ddd="11")


def test_an_old_nextel_number_is_repaired_although_the_library_takes_it_for_valid() -> None:
    read = phone.read_phone("11 7765-4321")
    assert phonenumbers.is_valid_number(phonenumbers.parse("+551177654321"))
    assert Phone("+5511977654321", PhoneKind.MOBILE, repaired=True) == read


@pytest.mark.parametrize("first", "6789")
def test_whatever_an_old_mobile_began_with_it_is_repaired(first: str) -> None:
    assert Phone(f"+55319{first}1234567", PhoneKind.MOBILE, True) == phone.read_phone(f"31 {first}123-4567")


@pytest.mark.parametrize(
    ("reason", "raw"),
    [
        ("empty", "  "),
        ("two numbers", "1133334444 / 11987654321"),
        ("two numbers", "(11) 3333-4444/(11) 3333-4445"),
        ("two numbers", "11 3333-4444 ou 3333-4445"),
        ("two numbers", "11 3333-4444; 3333-4445"),
        ("two numbers", "11 3333-4444, 3333-4445"),
        ("two numbers", "11 3333-4444 e 3333-4445"),
        ("two numbers", "11 3333-4444/4445"),  # the second without its beginning
        ("two numbers", "1133334444|+5511987654321"),
        ("besides digits", "11 3333-4444 ramal 2"),
        ("besides digits", "não tem"),
        ("besides digits", "11 98765-4321\x00"),
        ("besides digits", "11+987654321"),  # a plus in the middle
        ("besides digits", "()"),
        ("besides digits", "(__) _____-____"),  # a mask nobody filled
        ("besides digits", "(0xx11) 3333-4444"),
        ("besides digits", "ana@example.com"),
        ("service number", "0800 777 1234"),
        ("service number", "800 777 1234"),
        ("service number", "0300 777 1234"),
        ("service number", "0303 123 4567"),
        ("service number", "0500 777 1234"),
        ("service number", "0900 777 1234"),
        ("service number", "55 0800 777 1234"),
        ("company number", "4004-1234"),
        ("company number", "3003-1234"),
        ("company number", "11 4004-1234"),  # with area code the library takes it for a fixed line
        ("another country", "+351 912 345 678"),
        ("another country", "00 1 212 555 0100"),
        ("no area code", "3333-4445"),  # and the instance has none
        ("no area code", "98765-4321"),
        ("7 digits", "333-4444"),
        ("12 digits", "9090 3333 4444"),  # collect call
        ("14 digits", "9090 11 3333-4444"),
        ("90 is no area code", "90 3333-4444"),
        ("3 digits", "190"),
        ("21 digits", "1133334444 11987654321"),  # two without a sign between
        ("is no area code", "20 98765-4321"),
        ("is no area code", "10 98765-4321"),
        ("neither", "11 887654321"),  # nine digits, but no 9 in front
        ("neither", "11 03333444"),
        ("filler", "11 99999-9999"),
        ("filler", "(11) 2222-2222"),
        ("filler", "0000-0000"),  # 00 does not make it a number of another country
        ("filler", "(00) 00000-0000"),
        ("filler", "+00 00 0000-0000"),
        ("filler", "0"),
        ("filler", "9999-9999"),  # whether there is an area code or not
        ("filler", "(99) 99999-9999"),
        ("filler", "5555555555555"),
    ],
)
def test_what_is_not_certain_is_rejected_with_its_reason(reason: str, raw: str) -> None:
    read = phone.read_phone(raw, source="celular")
    assert isinstance(read, Rejected)
    assert ("phone", "celular") == (read.kind, read.source_id)
    assert reason in read.reason


@settings(deadline=None)  # the machine may be busy
@given(MOBILES | FIXEDS, MASKS)
def test_any_mask_gives_the_same_number(national: str, form: str) -> None:
    read = phone.read_phone(form.format(ddd=national[:2], a=national[2:-4], b=national[-4:]))
    assert isinstance(read, Phone)
    assert f"+55{national}" == read.number
    assert not read.repaired


@settings(deadline=None)  # the machine may be busy
@given(MOBILES)
def test_taking_the_ninth_digit_away_changes_nothing_but_the_mark(national: str) -> None:
    read = phone.read_phone(national[:2] + national[3:])
    assert Phone(f"+55{national}", PhoneKind.MOBILE, repaired=True) == read


@settings(deadline=None)  # the machine may be busy
@given(st.text() | st.text("0123456789()+-/. ", max_size=24), st.sampled_from(["", "11", "68"]))
def test_no_text_whatever_breaks_reading_and_no_reason_tells_the_number(raw: str, ddd: str) -> None:
    read = phone.read_phone(raw, default_ddd=ddd)
    if isinstance(read, Rejected):
        assert not re.search(r"[0-9]{5}", read.reason)
    else:
        number = phonenumbers.parse(read.number)
        assert phonenumbers.is_valid_number(number)
        assert read == phone.read_phone(read.number, source=read.source) or read.repaired


def test_mobiles_come_first_none_comes_twice_and_empty_fields_are_no_fault() -> None:
    fields = [
        ("a", "11 3333-4444"),
        ("b", ""),
        ("c", "11 98765-4321"),
        ("d", "5511987654321"),
        ("e", "0800 777 1234"),
    ]
    good, bad = phone.read_phones([*fields, ("f", "21 97654-3210"), ("g", " ")], "")
    assert [MOBILE, "+5521976543210", FIXED] == [one.number for one in good]
    assert ["c", "f", "a"] == [one.source for one in good]
    assert ["e"] == [one.source_id for one in bad]


@pytest.mark.parametrize(
    ("masked", "number"),
    [
        ("+5511*******21", MOBILE),
        ("+5511******44", FIXED),
        ("***********78", "+351912345678"),
        ("*********21", "11987654321"),  # without country: not even the area code
        ("**34", "1234"),
        ("***", "123"),
        ("", ""),
    ],
)
def test_a_masked_number_keeps_area_code_and_two_digits(masked: str, number: str) -> None:
    assert masked == phone.mask(number)


@pytest.mark.parametrize(
    ("dialled", "number_format"),
    [
        ("11987654321", "{national}"),
        ("011987654321", "0{national}"),
        ("5511987654321", "{e164}"),
        ("+5511987654321", "+{e164}"),
        ("01511987654321", "015{ddd}{local}"),  # carrier
        ("987654321", "{local}"),
        ("99#11987654321", "99#{national}"),  # tech prefix
        ("{other}", "{other}"),  # not ours; the settings refuse it
    ],
)
def test_a_trunk_gets_the_number_in_its_own_form(dialled: str, number_format: str) -> None:
    assert dialled == phone.format_for_trunk(MOBILE, number_format)


def test_national_parts_are_area_code_and_local_number() -> None:
    assert ("11", "33334444") == phone.national_parts(FIXED)


@pytest.mark.parametrize(
    "number", ["11987654321", "+351912345678", "+5511987654321\n", "+55119876543210", "+55119"]
)
@pytest.mark.parametrize(
    "function", [phone.national_parts, lambda number: phone.format_for_trunk(number, "{e164}")]
)
def test_what_is_no_brazilian_number_is_never_dialled(function: Any, number: str) -> None:
    with pytest.raises(ValueError, match="not a Brazilian number"):
        function(number)
