"""Attempts and orders for the tests of ARI."""

from datetime import UTC, date, datetime
from decimal import Decimal

from worker.core.enums import AttemptState, Origination
from worker.core.model import Attempt
from worker.ports import DialOrder


def attempt(n: int) -> str:
    return f"01ARZ3NDEKTSV4RRFFQ69G{n:04d}"


def answered(attempt_id: str) -> Attempt:
    """As the store gives it when somebody has answered."""
    return Attempt(
        attempt_id=attempt_id,
        instance="fibra",
        entry_id=1,
        client_id="7",
        client_name="Ana",
        number="+5511961010001",
        origination=Origination.ARI,
        state=AttemptState.ANSWERED,
        total=Decimal("99.90"),
        bill_count=1,
        oldest_due=date(2026, 10, 1),
        reserved_at=datetime(2026, 11, 21, 15, tzinfo=UTC),
    )


def order(
    n: int, endpoint: str = "Local/busy@callee", number: str = "+5511961010001", *, listen: bool = False
) -> DialOrder:
    return DialOrder(
        attempt_id=attempt(n),
        instance="fibra",
        number=number,
        endpoint=endpoint,
        caller_id="551133330000",
        ring_seconds=10,
        max_call_seconds=60,
        origination=Origination.ARI,
        listen=listen,
    )
