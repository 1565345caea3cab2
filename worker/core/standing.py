"""Where bills stand on a day: how long overdue, in which stage, and what that sums up to."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from worker.core.enums import Stage
from worker.core.model import Bill
from worker.core.records import StandingRow


@dataclass(frozen=True, slots=True)
class StageSum:
    """Bills of one stage."""

    bills: int = 0
    total: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class ClientStanding:
    """What one client owes, due or not; stage and days are those of the oldest bill."""

    oldest_due: date
    total: Decimal
    count: int
    stage: Stage
    days_overdue: int


def days_overdue(due_date: date, today: date) -> int:
    """0 on the due day and before."""
    return max((today - due_date).days, 0)


def stage(due_date: date, today: date, minimum_days: int, due_soon_days: int) -> Stage:
    """The stage of a bill that is still owed. Due today is due soon; overdue by the minimum is not yet FORCE."""
    days = (today - due_date).days
    if days > max(minimum_days, 0):
        return Stage.FORCE
    if days > 0:
        return Stage.PRE_FORCE
    return Stage.DUE_SOON if -days <= due_soon_days else Stage.NOT_DUE


def summarise(
    rows: Iterable[StandingRow], today: date, minimum_days: int, due_soon_days: int
) -> dict[Stage, StageSum]:
    """Every stage in its order, also those without a bill."""
    sums = dict.fromkeys(Stage, StageSum())
    for row in rows:
        at = stage(row.due_date, today, minimum_days, due_soon_days)
        sums[at] = StageSum(sums[at].bills + row.bills, sums[at].total + row.total)
    return sums


def standing(bills: Iterable[Bill], today: date, minimum_days: int, due_soon_days: int) -> ClientStanding | None:
    """Of one client's bills; those without an open amount do not count. None when nothing is owed."""
    owed = [bill for bill in bills if bill.open_amount > 0]
    if not owed:
        return None
    oldest = min(bill.due_date for bill in owed)
    return ClientStanding(
        oldest_due=oldest,
        total=sum((bill.open_amount for bill in owed), Decimal(0)),
        count=len(owed),
        stage=stage(oldest, today, minimum_days, due_soon_days),
        days_overdue=days_overdue(oldest, today),
    )
