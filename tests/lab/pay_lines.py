"""Makes digitable lines, good and bad, with check digits reckoned the slow way: apart from the code under test."""

from decimal import Decimal


def bank_line(bank: str, free: str, factor: int, cents: int) -> str:
    """47 digits of a bank slip; `free` are 25 digits."""
    rest = f"{factor:04}{cents:010}"
    digit = _bank_code_digit(f"{bank}9{rest}{free}")
    fields = (f"{bank}9{free[:5]}", free[5:15], free[15:])
    return "".join(f"{field}{_mod10(field)}" for field in fields) + digit + rest


def collection_line(kind: str, cents: int, free: str) -> str:
    """48 digits of a telephone company's slip; `kind` (6 to 9) says which modulus, `free` are 29 digits."""
    check = _mod10 if kind in "67" else _mod11
    head, tail = f"84{kind}", f"{cents:011}{free}"
    code = head + check(head + tail) + tail
    blocks = [code[start : start + 11] for start in range(0, 44, 11)]
    return "".join(block + check(block) for block in blocks)


def invented_line(bill_id: int, amount: Decimal) -> str:
    """What an ERP holds of that bill: most have a line, one of ten rubbish, another none."""
    cents = int(amount * 100)
    if bill_id % 10 == 3:
        good = bank_line("001", f"{bill_id:025}", 1000, cents)
        return good[:-1] + str((int(good[-1]) + 1) % 10)
    if bill_id % 10 == 7:
        return ""
    if bill_id % 10 == 5:
        return collection_line("8", cents, f"{bill_id:029}")
    line = bank_line("341", f"{bill_id:025}", 1000, cents)
    dotted = (
        f"{line[:5]}.{line[5:10]} {line[10:15]}.{line[15:21]} {line[21:26]}.{line[26:32]} {line[32]} {line[33:]}"
    )
    return dotted if bill_id % 2 else line


def bare_line(bill_id: int, amount: Decimal) -> str | None:
    """The same as it may be told to anybody."""
    line = invented_line(bill_id, amount)
    return None if bill_id % 10 == 3 or not line else "".join(filter(str.isdigit, line))


def _mod10(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        product = int(digit) * (1 if place % 2 else 2)
        total += product // 10 + product % 10
    return str((10 - total % 10) % 10)


def _sum11(digits: str) -> int:
    return sum(int(digit) * (2 + place % 8) for place, digit in enumerate(reversed(digits)))


def _mod11(digits: str) -> str:
    rest = _sum11(digits) % 11
    return "0" if rest in (0, 1) else str(11 - rest)


def _bank_code_digit(digits: str) -> str:
    digit = 11 - _sum11(digits) % 11
    return "1" if digit in (0, 10, 11) else str(digit)
