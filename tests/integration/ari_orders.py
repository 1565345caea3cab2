"""Attempts and orders for the tests of ARI."""

from worker.core.enums import Origination
from worker.ports import DialOrder


def attempt(n: int) -> str:
    return f"01ARZ3NDEKTSV4RRFFQ69G{n:04d}"


def order(n: int, endpoint: str = "Local/busy@callee", number: str = "+5511961010001") -> DialOrder:
    return DialOrder(
        attempt_id=attempt(n),
        instance="fibra",
        number=number,
        endpoint=endpoint,
        caller_id="551133330000",
        ring_seconds=10,
        max_call_seconds=60,
        origination=Origination.ARI,
    )
