"""Digitable lines as billing systems hold them: the good ones are kept, the bad ones counted, and never told."""

from collections.abc import Iterable

from worker.core.model import Bill, Rejected
from worker.core.payline import BadLine, read_line


def good_line(raw: str) -> str | None:
    """Bare digits; None when there is no line, or none that anybody could pay by."""
    try:
        return read_line(raw)
    except BadLine:
        return None


def bad_lines(read: Iterable[tuple[Bill, str]], column: str) -> tuple[Rejected, ...]:
    """Of bills with what stood in `column`: a part of each that could not be used. The bill itself is good."""
    return tuple(
        Rejected("pay_line", bill.bill_id, f"{column} {fault}: the line is not told to anybody")
        for bill, raw in read
        if bill.pay_line is None and (fault := _fault(raw))
    )


def _fault(raw: str) -> str:
    try:
        read_line(raw)
    except BadLine as fault:
        return str(fault)
    return ""
