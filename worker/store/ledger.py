"""The ledger's rows as they are read: how often and when a number or a debtor was rung."""

from collections.abc import Iterable
from typing import Any

from worker.core.ledger import WEEK
from worker.core.model import LedgerRow
from worker.store import rows
from worker.store.engine import Tx


def ledger_of(tx: Tx, who: Iterable[str]) -> dict[str, LedgerRow]:
    """By number or debtor; those never rung are left out."""
    return {row.who: _ledger(row) for row in tx.rows_in("ledger_of", "who", who)}


def _ledger(row: Any) -> LedgerRow:
    """`recent` holds four bits for each of seven days, today's lowest."""
    tries, *earlier = (row.recent >> 4 * days & 15 for days in range(WEEK))
    return LedgerRow(
        row.who,
        row.day,
        tries,
        rows.aware_or_none(row.last_try_at),
        tuple(earlier),
        rows.aware_or_none(row.quiet_until),
    )
