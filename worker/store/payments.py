"""The line that is said on the telephone, and the requests to send it: one sender a request at a time."""

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import datetime
from typing import Any

from worker.core.payment import PaymentRequest, RequestState
from worker.store import rows
from worker.store.engine import Db


class PaymentMoves(ABC):
    """How a try ends, whatever the store: only for who began it."""

    def sent(self, taken: PaymentRequest, now: datetime) -> bool:
        return self._end(taken, RequestState.SENT, "", now, taken.due_at)

    def again(self, taken: PaymentRequest, error: str, now: datetime, due_at: datetime) -> bool:
        return self._end(taken, RequestState.WAITING, error, now, due_at)

    def failed(self, taken: PaymentRequest, error: str, now: datetime) -> bool:
        return self._end(taken, RequestState.FAILED, error, now, taken.due_at)

    @abstractmethod
    def _end(self, taken: PaymentRequest, new: RequestState, error: str, now: datetime, due_at: datetime) -> bool:
        """False when it is not being sent, or another try has begun."""


class SqlPayments(PaymentMoves):
    """`worker.payment_ports.Payments` over MariaDB."""

    def __init__(self, db: Db) -> None:
        self._db = db

    def line(self, instance: str, client_id: str) -> str:
        row = self._db.run(lambda tx: tx.one("pay_line_of", instance=instance, client_id=client_id))
        return "" if row is None else str(row.pay_line)

    def request(self, attempt_id: str, instance: str, client_id: str, number: str, now: datetime) -> None:
        values = {"attempt_id": attempt_id, "instance": instance, "client_id": client_id, "number": number}
        self._db.run(lambda tx: tx.change("add_payment_request", **values, now=now))

    def due(self, instance: str, now: datetime, limit: int) -> list[PaymentRequest]:
        values = {"instance": instance, "now": now, "limit": limit}
        return self._db.run(lambda tx: [_request(row) for row in tx.rows("due_payment_requests", **values)])

    def take(self, seen: PaymentRequest, now: datetime, until: datetime) -> PaymentRequest | None:
        values = {"attempt_id": seen.attempt_id, "tries": seen.tries, "now": now, "until": until}
        got = self._db.run(lambda tx: tx.change("take_payment_request", **values) == 1)
        return taken_of(seen, until) if got else None

    def listing(self, instance: str | None, limit: int) -> list[PaymentRequest]:
        return self._db.run(
            lambda tx: [_request(row) for row in tx.rows("payment_requests", instance=instance, limit=limit)]
        )

    def _end(self, taken: PaymentRequest, new: RequestState, error: str, now: datetime, due_at: datetime) -> bool:
        values = {"attempt_id": taken.attempt_id, "tries": taken.tries, "new": new, "error": rows.fit(error, 255)}
        return self._db.run(lambda tx: tx.change("end_payment_try", **values, now=now, due_at=due_at) == 1)


def taken_of(seen: PaymentRequest, until: datetime) -> PaymentRequest:
    return replace(seen, state=RequestState.SENDING, tries=seen.tries + 1, due_at=until)


def _request(row: Any) -> PaymentRequest:
    return PaymentRequest(
        attempt_id=row.attempt_id,
        instance=row.instance,
        client_id=row.client_id,
        number=row.number,
        state=RequestState(row.state),
        tries=row.tries,
        requested_at=rows.aware(row.requested_at),
        due_at=rows.aware(row.due_at),
        error=row.error,
    )
