"""The line that is said on the telephone, and the requests to send it: the twin in memory."""

from dataclasses import replace
from datetime import datetime

from worker.core.payment import PaymentRequest, RequestState
from worker.store import rows
from worker.store.memory_tables import Tables
from worker.store.payments import PaymentMoves, taken_of

_OPEN = (RequestState.WAITING, RequestState.SENDING)


class MemoryPayments(PaymentMoves):
    """`worker.payment_ports.Payments`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def line(self, instance: str, client_id: str) -> str:
        with self._tables.mutex:
            lines = [
                (one.due_date, one.bill_id, one.pay_line)
                for one in self._tables.bills.get(instance, {}).values()
                if one.client_id == client_id and one.open_amount > 0 and one.pay_line
            ]
        return min(lines)[2] if lines else ""

    def request(self, attempt_id: str, instance: str, client_id: str, number: str, now: datetime) -> None:
        rows.utc(now)
        asked = PaymentRequest(attempt_id, instance, client_id, number, RequestState.WAITING, 0, now, now)
        with self._tables.mutex:
            self._tables.payments.setdefault(attempt_id, asked)

    def due(self, instance: str, now: datetime, limit: int) -> list[PaymentRequest]:
        with self._tables.mutex:
            found = [
                one
                for one in self._tables.payments.values()
                if one.instance == instance and one.state in _OPEN and one.due_at <= now
            ]
        return sorted(found, key=lambda one: (one.due_at, one.attempt_id))[:limit]

    def take(self, seen: PaymentRequest, now: datetime, until: datetime) -> PaymentRequest | None:
        rows.utc(now)
        with self._tables.mutex:
            found = self._tables.payments.get(seen.attempt_id)
            if found is None or found.state not in _OPEN or found.tries != seen.tries or found.due_at > now:
                return None
            self._tables.payments[seen.attempt_id] = taken_of(found, until)
        return taken_of(seen, until)

    def listing(self, instance: str | None, limit: int) -> list[PaymentRequest]:
        with self._tables.mutex:
            found = [one for one in self._tables.payments.values() if instance in (None, one.instance)]
        return sorted(found, key=lambda one: (one.requested_at, one.attempt_id), reverse=True)[:limit]

    def _end(self, taken: PaymentRequest, new: RequestState, error: str, now: datetime, due_at: datetime) -> bool:
        rows.utc(now)
        with self._tables.mutex:
            found = self._tables.payments.get(taken.attempt_id)
            if found is None or found.state is not RequestState.SENDING or found.tries != taken.tries:
                return False
            ended = replace(found, state=new, error=rows.fit(error, 255), due_at=due_at)
            self._tables.payments[taken.attempt_id] = ended
            return True
