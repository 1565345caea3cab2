"""What became of bills, by RBX's list of settlements: newest first, no further back than it takes."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from worker.core.billing import BillKey
from worker.core.enums import Fate
from worker.erp.rbx_answer import Row
from worker.erp.rbx_bills import bill_key
from worker.erp.rbx_filter import Column, Condition, Fixed, Sign
from worker.erp.rbx_http import Talk
from worker.erp.rbx_map import SETTLED, read_fate
from worker.erp.rbx_slices import is_round

# A bill is missed by the first sync after its settlement; bank files and idle weeks explain the rest.
LOOK_BACK: Final = timedelta(days=45)
AHEAD: Final = timedelta(days=8)  # settlements are dated on the day of credit, which may be to come
WIDEST: Final = 7  # days a request: a month's settlements of a large provider are too large an answer
ONE_DAY: Final = timedelta(days=1)


def fates_of_settled(talk: Talk, gone: Sequence[BillKey], today: date, slice_days: int) -> dict[str, Fate]:
    """By bill id. Only the documented columns filter, hence by day and not by client.

    The latest settlement of a bill counts; a motive that says nothing leaves the bill out.
    """
    customers = {key.bill_id: key.client_id for key in gone}
    motives: dict[str, str] = {}
    width = timedelta(days=min(slice_days, WIDEST))
    below, floor = today + AHEAD, today - LOOK_BACK
    while below > floor and len(motives) < len(customers):
        first = max(floor, below - width)
        for row in sorted(_settled(talk, first, below), key=_when, reverse=True):
            bill_id = bill_key(row)
            if bill_id in customers and _belongs(row, customers[bill_id]):
                motives.setdefault(bill_id, row.get("Motivo", ""))
        below = first
    return {bill_id: fate for bill_id, motive in motives.items() if (fate := read_fate(motive))}


def _settled(talk: Talk, first: date, below: date) -> list[Row]:
    """An answer that looks cut short is asked again by halves down to a day; what is lost there is left out."""
    rows = talk.rows(
        SETTLED,
        Fixed.CUSTOMERS_MOVE,
        Condition(Column.MOVED, Sign.FROM, first),
        Condition(Column.MOVED, Sign.BELOW, below),
    )
    if not is_round(len(rows)) or below - first <= ONE_DAY:
        return list(rows)
    middle = first + (below - first) // 2
    return [*_settled(talk, first, middle), *_settled(talk, middle, below)]


def _when(row: Row) -> tuple[str, str]:
    return row.get("DataBaixa", ""), row.get("DataHoraExecucaoBaixa", "")


def _belongs(row: Row, client_id: str) -> bool:
    """A settlement that names another person is of a document that only has the same number."""
    return row.get("CodigoPessoa", "").lstrip("0") in ("", client_id)
