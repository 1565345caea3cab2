"""The digitable line ("linha digitável") of a Brazilian bill: 47 digits of a bank slip, 48 of a collection slip.

A line is told to a person who will pay by it, so it counts only when every check digit is right. Rules: FEBRABAN's
layouts of the bank slip (fields by modulus 10, the bar code by modulus 11) and of the collection slip, whose third
digit says which modulus it goes by.
"""

from typing import Final

_MARKS: Final = dict.fromkeys(map(ord, " .-\t\u00a0"))  # what people and systems put between the groups
_VALUES: Final = bytes.maketrans(b"0123456789", bytes(range(10)))
_DOUBLED: Final = bytes.maketrans(bytes(range(10)), bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))  # summed up across


class BadLine(Exception):
    """`str()` says what is wrong, without the line."""


def read_line(raw: str) -> str | None:
    """The bare digits; None when there is nothing. BadLine when somebody could not pay by it."""
    text = raw.translate(_MARKS)
    if not text.strip("0"):  # empty, or the zeros that some systems write instead
        return None
    if not (text.isascii() and text.isdigit()):
        raise BadLine("holds other signs than digits")
    digits = text.encode().translate(_VALUES)
    if len(digits) == 47:
        fault = _bank_fault(digits)
    elif len(digits) == 48:
        fault = _collection_fault(digits)
    else:
        fault = f"has {len(digits)} digits, not 47 or 48"
    if fault:
        raise BadLine(fault)
    return text


def _bank_fault(line: bytes) -> str:
    """Empty when it is a bank slip's: three fields with a digit each, the bar code's own, due factor and value."""
    if line[0] == 8:
        return "begins with 8 and has 47 digits: a collection slip has 48"
    first, second, third = line[:9], line[10:20], line[21:31]
    if (mod10(first), mod10(second), mod10(third)) != (line[9], line[20], line[31]):
        return "has a wrong check digit in one of its first three fields"
    code = first[:4] + line[33:] + first[4:] + second + third
    if _bank_digit(code) != line[32]:
        return "has a wrong check digit of the bar code"
    return ""


def _bank_digit(code: bytes) -> int:
    digit = 11 - mod11_sum(code) % 11
    return 1 if digit in (0, 10, 11) else digit


def _collection_fault(line: bytes) -> str:
    """Empty when it is a collection slip's: four blocks of eleven digits, each with its own check digit."""
    if line[0] != 8:
        return "has 48 digits and does not begin with 8: a bank slip has 47"
    if line[2] not in (6, 7, 8, 9):
        return "has an unknown third digit, which says how its check digits go"
    check = mod10 if line[2] in (6, 7) else _collection_mod11
    blocks = [line[start : start + 11] for start in range(0, 48, 12)]
    if any(check(block) != line[12 * place + 11] for place, block in enumerate(blocks)):
        return "has a wrong check digit in one of its four blocks"
    code = b"".join(blocks)
    if check(code[:3] + code[4:]) != code[3]:
        return "has a wrong check digit of the bar code"
    return ""


def _collection_mod11(digits: bytes) -> int:
    rest = mod11_sum(digits) % 11
    return 0 if rest < 2 else 11 - rest


def mod10(digits: bytes) -> int:
    """Every other digit from the right is doubled, and the double's digits summed up."""
    return -(sum(digits[-1::-2].translate(_DOUBLED)) + sum(digits[-2::-2])) % 10


def mod11_sum(digits: bytes) -> int:
    """Weights 2 to 9 from the right, again and again."""
    return sum((weight + 2) * sum(digits[-1 - weight :: -8]) for weight in range(8))
