"""Telephone numbers as ERPs hold them, read strictly: a number that is not certain is not called."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType

from worker.core.enums import PhoneKind
from worker.core.model import Phone, Rejected
from worker.core.tables import DDD_TO_UF

_COUNTRY: Final = "55"
_SEPARATORS: Final = re.compile(r"[\s().\-‐‑‒–—]+")  # what stands between digits; the last five are dashes
_SEVERAL: Final = re.compile(r"[0-9][\s)]*([/;,|&\\]|\b(ou|e)\b)[\s(+]*[0-9]", re.IGNORECASE)
_SERVICE: Final = re.compile(r"0?([3589]00|30[34])[0-9]{6,7}")  # 0800, 0300, 0500, 0900, 0303, 0304
_NATIONAL_PREFIXES: Final = ("3003", "4003", "4004")  # companies' nationwide numbers: no debtor answers there
_KINDS: Final = {PhoneNumberType.MOBILE: PhoneKind.MOBILE, PhoneNumberType.FIXED_LINE: PhoneKind.FIXED}
_LENGTHS: Final = {PhoneKind.MOBILE: 11, PhoneKind.FIXED: 10}  # national digits
_FILLER: Final = "the same digit throughout is a filler, not a number"
_TOKEN: Final = re.compile(r"\{(e164|ddd|local|national)\}")


class _Unusable(Exception):
    """Why a text is no number to be called; the sentence holds no digit of it that matters."""


def read_phone(raw: str, *, source: str = "", default_ddd: str = "") -> Phone | Rejected:
    """A number as somebody typed it, in E.164.

    Masks, 0, 0 + carrier (CSP) and 55 are taken off; a mobile from before the ninth digit gets it and is marked
    repaired; only mobile and fixed lines pass. `default_ddd` serves numbers without area code.
    """
    try:
        national, repaired = _with_ninth_digit(_with_ddd(_local_form(raw), default_ddd))
        return Phone(f"+{_COUNTRY}{national}", _kind(national), repaired, source)
    except _Unusable as why:
        return Rejected("phone", source, str(why))


def read_phones(
    fields: Iterable[tuple[str, str]], default_ddd: str
) -> tuple[tuple[Phone, ...], tuple[Rejected, ...]]:
    """(field name, text) pairs -> numbers to be tried, mobiles first, else in order, none twice; and the rest."""
    good: dict[str, Phone] = {}
    bad: list[Rejected] = []
    for source, raw in fields:
        if not raw.strip():
            continue
        read = read_phone(raw, source=source, default_ddd=default_ddd)
        if isinstance(read, Rejected):
            bad.append(read)
        else:
            good.setdefault(read.number, read)
    return tuple(sorted(good.values(), key=lambda phone: phone.kind is not PhoneKind.MOBILE)), tuple(bad)


def mask(number: str) -> str:
    """For logs and people without need to know: +5511*******21. Of anything else only the last two digits stay."""
    shown = 5 if re.fullmatch(r"\+55[0-9]{10,11}", number) else 0
    if len(number) < shown + 4:  # two digits out of three would be no mask
        return "*" * len(number)
    return number[:shown] + "*" * (len(number) - shown - 2) + number[-2:]


def national_parts(number: str) -> tuple[str, str]:
    """+5511987654321 -> ("11", "987654321"). ValueError when it is not a Brazilian E.164 number."""
    match = re.fullmatch(r"\+55([1-9][1-9])([0-9]{8,9})", number, re.ASCII)
    if not match:
        raise ValueError(f"{mask(number)} is not a Brazilian number in E.164")
    return match[1], match[2]


def format_for_trunk(number: str, number_format: str) -> str:
    """What the trunk wants dialled. {e164}: digits with the leading 55; {national}: {ddd}{local}.

    ValueError when it is not a Brazilian E.164 number.
    """
    ddd, local = national_parts(number)
    parts = {"e164": _COUNTRY + ddd + local, "ddd": ddd, "local": local, "national": ddd + local}
    return _TOKEN.sub(lambda token: parts[token[1]], number_format)


def _local_form(raw: str) -> str:
    """Digits without country, trunk zero and carrier."""
    text = unicodedata.normalize("NFKC", raw).strip()
    if not text:
        raise _Unusable("the field is empty")
    if _SEVERAL.search(text):
        raise _Unusable("two numbers stand in one field; give each its own")
    text = _SEPARATORS.sub("", text)
    if not re.fullmatch(r"\+?[0-9]+", text):
        raise _Unusable("something besides digits stands in the field")
    if len(set(text.removeprefix("+"))) == 1:  # before 00 is taken for the way abroad
        raise _Unusable(_FILLER)
    digits = _without_country(text)
    if _SERVICE.fullmatch(digits):
        raise _Unusable("a service number (0800, 0300 and the like) is nobody's telephone")
    if digits.startswith("0"):
        digits = digits[1:]
        if len(digits) in (12, 13):  # two digits of carrier (CSP) before area code and number
            digits = digits[2:]
    return digits


def _without_country(text: str) -> str:
    foreign = _Unusable("a number of another country is not called")
    if text.startswith("+"):
        text = "00" + text[1:]
    if text.startswith("00"):
        if not text.startswith("0055"):
            raise foreign
        return text[4:]
    if text.startswith(_COUNTRY) and len(text) >= 12:  # at most 11 digits: 55 is the area code of Santa Maria
        return text[2:]
    return text


def _with_ddd(digits: str, default_ddd: str) -> str:
    if len(digits) in (8, 9):
        if len(digits) == 8 and _type(digits) is PhoneNumberType.SHARED_COST:
            raise _Unusable("a nationwide company number (4004 and the like) is nobody's telephone")
        if not default_ddd:
            raise _Unusable(f"no area code ({mask(digits)})")
        digits = default_ddd + digits
    if len(digits) not in _LENGTHS.values():
        raise _Unusable(f"{len(digits)} digits are no Brazilian number ({mask(digits)})")
    if digits[:2] not in DDD_TO_UF:
        raise _Unusable(f"{digits[:2]} is no area code ({mask(digits)})")
    return digits


def _with_ninth_digit(national: str) -> tuple[str, bool]:
    """Mobiles have nine digits nationwide since 6 November 2016; older rows may still hold eight (6 to 9)."""
    if len(national) == 10 and national[2] in "6789":
        return f"{national[:2]}9{national[2:]}", True
    return national, False


def _kind(national: str) -> PhoneKind:
    shown = mask(f"+{_COUNTRY}{national}")
    local = national[2:]
    if len(set(local)) == 1:
        raise _Unusable(f"{_FILLER} ({shown})")
    if len(local) == 8 and local.startswith(_NATIONAL_PREFIXES):
        raise _Unusable(f"a nationwide company number (4004 and the like) is nobody's telephone ({shown})")
    kind = _KINDS.get(_type(national))
    if kind is None or len(national) != _LENGTHS[kind]:
        raise _Unusable(f"neither a mobile nor a fixed line ({shown})")
    return kind


def _type(national: str) -> int:
    """phonenumbers.PhoneNumberType; UNKNOWN when the number is not valid."""
    return phonenumbers.number_type(phonenumbers.PhoneNumber(int(_COUNTRY), int(national)))
