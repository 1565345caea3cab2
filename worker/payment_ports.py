"""How a debtor can pay: what the store keeps of it, and the provider's own hook that sends it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from worker.core.payment import PaymentRequest


class Payments(Protocol):
    """The line that is said on the telephone, and the requests to send it; every change of one is guarded."""

    def line(self, instance: str, client_id: str) -> str:
        """The digitable line of the client's oldest open bill that has one, digits only; empty when none has."""
        ...

    def request(self, attempt_id: str, instance: str, client_id: str, number: str, now: datetime) -> None:
        """Line and PIX are to be sent to that number. Durable when it returns; once an attempt, however often."""
        ...

    def due(self, instance: str, now: datetime, limit: int) -> list[PaymentRequest]:
        """Those to be tried now, the longest due first: also those whose sender's time is up."""
        ...

    def take(self, seen: PaymentRequest, now: datetime, until: datetime) -> PaymentRequest | None:
        """SENDING, one try more, and nobody else's before `until`. None: somebody else was quicker."""
        ...

    def sent(self, taken: PaymentRequest, now: datetime) -> bool:
        """SENDING -> SENT. False, here and below: it was no longer the taker's."""
        ...

    def again(self, taken: PaymentRequest, error: str, now: datetime, due_at: datetime) -> bool:
        """SENDING -> WAITING until then."""
        ...

    def failed(self, taken: PaymentRequest, error: str, now: datetime) -> bool:
        """SENDING -> FAILED, for good."""
        ...

    def listing(self, instance: str | None, limit: int) -> list[PaymentRequest]:
        """The newest first."""
        ...


class PaymentHook(Protocol):
    """The provider's own program or service that sends an SMS or a WhatsApp message."""

    def send(self, payload: Mapping[str, object]) -> None:
        """Hand it over. Raises HookFailed."""
        ...

    def probe(self) -> str:
        """Whether it could be handed anything, in words; nothing is. Raises HookFailed."""
        ...
