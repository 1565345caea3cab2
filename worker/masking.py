"""Takes Brazilian telephone numbers, CPFs, CNPJs and secrets out of anything that is about to be logged.

ULIDs, hashes, UUIDs, times and Asterisk's unique ids stay: they are what a log is searched for.
"""

import re
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from functools import lru_cache

DEEPEST = 8  # levels of nesting looked into; what lies deeper is not shown
SHORTEST = 8  # characters that a number to be masked has at least
KEYS = 500  # names of what is logged, remembered
_SECRET_KEY = re.compile(r"passw|senha|secret|token|authori[sz]ation|api_?key", re.IGNORECASE)
_CREDENTIAL = re.compile(
    r"(?<=://)[^/\s@]*:[^/\s@]*(?=@)|(?<=\bBasic )[\w+/=.~-]{8,}|(?<=\bBearer )[\w+/=.~-]{8,}"
)
_SEP = r"[ \t\u00a0.()\-\u2010-\u2015]{0,3}"  # what people write inside numbers
_MANY_DIGITS = re.compile(rf"\d(?:{_SEP}/?\d){{8}}")  # nine: the shortest is a mobile without its area code
_CNPJ = re.compile(
    r"(?<![0-9A-Za-z])[0-9A-Za-z]{2}\.?[0-9A-Za-z]{3}\.?[0-9A-Za-z]{3}/?[0-9A-Za-z]{4}-?[0-9]{2}(?![0-9A-Za-z])"
)
_CLOCK = re.compile(r"20\d\d(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])([01]\d|2[0-3])([0-5]\d){2}")  # 20261121045600
_NUMBER = re.compile(
    rf"""
    (?P<keep>
        (?<![0-9A-Za-z])(?:
            [0-9A-HJKMNP-TV-Z]{{26}}|[0-9a-f]{{32}}|[0-9a-f]{{40}}|[0-9a-f]{{64}}  # ULID, MD5, SHA-1, SHA-256
            |[0-9a-fA-F]{{8}}(?:-[0-9a-fA-F]{{4}}){{3}}-[0-9a-fA-F]{{12}}  # UUID
        )(?![0-9A-Za-z])
        |(?<!\d)(?:1[6-9]|20)\d{{8}}\.\d{{1,9}}(?!\d)  # unique id of Asterisk, seconds since 1970
        |(?<!\d)(?:0\.\d{{4,20}}|(?!55\.)\d{{1,5}}\.\d{{12,17}})(?!\d)  # a float written out
        |(?<!\d)20\d\d-[01]\d-[0-3]\d(?!\d)(?:[T\ ][0-2]\d:[0-5]\d(?!\d)(?::[0-5]\d(?!\d)(?:\.\d{{1,9}}(?!\d))?)?)?
    )
    |(?P<cpf>(?<!\d)\d{{3}}[ .-]?\d{{3}}[ .-]?\d{{3}}\ ?[-./\u2010-\u2015]?\ ?\d\d(?!\d))
    |(?<!\d)(?:\+|00)?(?:55{_SEP})?\(?(?:0(?:\d\d|xx|XX)?{_SEP})?[1-9]\d{_SEP}
        (?:9{_SEP}\d{{4}}|[2-9]\d{{3}}){_SEP}\d{{4}}(?!\d)
    |(?<![\w.-])9\d{{4}}-\d{{4}}(?![\w-])
    |\+?\d{{10,18}}
    """,
    re.VERBOSE,
)


def masked(value: object, key: str = "", depth: int = 0) -> object:
    """The same value without numbers that point at a person. Containers are copied, other objects become text."""
    if value is None or isinstance(value, bool | float):
        return value
    if _is_secret(key):
        return "[secret]" if value else value
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, int):
        text = mask_text(str(value))
        return text if text != str(value) else value
    if isinstance(value, Mapping | list | tuple | AbstractSet):
        return _masked_container(value, depth + 1) if depth < DEEPEST else "[too deep]"
    return mask_text(_text(value))


@lru_cache(KEYS)
def _is_secret(key: str) -> bool:
    return _SECRET_KEY.search(key) is not None


@lru_cache(KEYS)
def masked_key(key: str) -> str:
    """The same few come with every line."""
    return mask_text(key)


def mask_text(text: str) -> str:
    """Numbers become ``***4321``, ``[cpf]`` or ``[cnpj]``; applied twice it changes nothing more."""
    if len(text) < SHORTEST:
        return str(text)
    if "://" in text or "Basic " in text or "Bearer " in text:
        text = _CREDENTIAL.sub("[secret]", text)
    text = _CNPJ.sub(_cnpj, text)
    return _NUMBER.sub(_number, text) if _MANY_DIGITS.search(text) else str(text)


def _masked_container(
    value: Mapping[object, object] | list[object] | tuple[object, ...] | AbstractSet[object], depth: int
) -> object:
    if isinstance(value, Mapping):
        return {
            key if isinstance(key, int) and abs(key) < 10**8 else str(masked(key)): masked(item, str(key), depth)
            for key, item in value.items()
        }
    if isinstance(value, tuple):
        return tuple(masked(item, "", depth) for item in value)
    return [masked(item, "", depth) for item in value]


def _text(value: object) -> str:
    try:
        return repr(value) if isinstance(value, BaseException | bytes | bytearray) else str(value)
    except Exception as error:
        return f"[{type(value).__name__} that raised {type(error).__name__} when shown]"


def _cnpj(match: re.Match[str]) -> str:
    """Written with its marks: always. A bare run only when its check digits are right, or words would go."""
    found = match[0]
    bare = re.sub(r"[./-]", "", found).upper()
    written = found.count(".") == 2 or (bare.isdigit() and found != bare)
    return "[cnpj]" if written or cnpj_checks(bare) else found


def _number(match: re.Match[str]) -> str:
    found = match[0]
    if match["keep"]:
        return found
    digits = "".join(char for char in found if char.isdigit())
    if match["cpf"]:
        return _cpf(found, digits)
    if len(digits) == 13 and digits[0] == "1":
        return found
    return found if _CLOCK.fullmatch(found) else f"***{digits[-4:]}"


def _cpf(found: str, digits: str) -> str:
    right = cpf_checks(digits)
    if found.count(".") == 3:
        return "[cpf]" if right else found
    if found != digits:
        return "[cpf]"
    return "[cpf]" if right and digits[2] != "9" else f"***{digits[-4:]}"


def cpf_checks(digits: str) -> bool:
    """Whether eleven digits end in the two that the other nine ask for (modulo 11)."""
    return all(
        int(digits[size]) == sum(int(digits[at]) * (size + 1 - at) for at in range(size)) * 10 % 11 % 10
        for size in (9, 10)
    )


def cnpj_checks(text: str) -> bool:
    """The same for fourteen capitals and digits: ASCII minus 48, weights 2 to 9 from the right, modulo 11."""
    values = [ord(char) - 48 for char in text]
    for size in (12, 13):
        rest = sum(values[at] * ((size - 1 - at) % 8 + 2) for at in range(size)) % 11
        if values[size] != (0 if rest < 2 else 11 - rest):
            return False
    return True
