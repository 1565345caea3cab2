"""Sends what callees asked for: gathers line and PIX of each request and hands them to the provider's own hook.

A request is marked as being sent, with a time until when it is this sender's alone, and that is committed before
anything leaves. Who dies over it is followed when that time is up, with the same attempt id: the hook can tell.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

import structlog

from worker.core.model import Bill
from worker.core.payment import MOST_TRIES, PaymentRequest, next_try
from worker.core.records import Change
from worker.errors import HookFailed, SourceError, SourceLacks
from worker.jobs.history import Report, recorded
from worker.payment_ports import PaymentHook
from worker.ports import Clock, ErpActions
from worker.store_ports import Store

log = structlog.get_logger(__name__)

JOB: Final = "payments"
ALARM: Final = "payment_hook"
AT_ONCE: Final = 20  # requests a run
ALONE: Final = timedelta(minutes=15)  # longer than the ERP and the hook together may take over one request
SETTLED: Final = "nothing is owed any more: there is nothing to send"
DIED: Final = "whoever sent it died over it each time: see the log, and whether the hook got it"
NOTHING: Final = "no bill has a digitable line, and the ERP gives no PIX code: there is nothing to send"


@dataclass(frozen=True, slots=True)
class PaymentPlan:
    """How one instance sends."""

    instance: str
    company: str
    charged_span: Callable[[datetime], tuple[date, date]]  # due days of the bills people are called for
    line: bool
    pix: bool
    hook: PaymentHook
    actions: Callable[[], ErpActions]  # opens its ERP, for PIX; SourceLacks where it cannot be asked for anything


class NothingToSend(Exception):
    """`str()` says why; `again`: it may be otherwise soon."""

    def __init__(self, reason: str, *, again: bool = False) -> None:
        super().__init__(reason)
        self.again = again


def send(store: Store, plan: PaymentPlan, clock: Clock) -> list[Report]:
    """One instance's requests that are due; where none is, the history is silent."""
    due = store.payments.due(plan.instance, clock(), AT_ONCE)
    if not due:
        return []
    sender = _Sender(store, plan, clock)
    return [recorded(store.runs, clock, JOB, plan.instance, lambda: sender.all(due))]


class _Sender:
    """One run."""

    def __init__(self, store: Store, plan: PaymentPlan, clock: Clock) -> None:
        self._store, self._plan, self._clock = store, plan, clock
        self._counts: Counter[str] = Counter()

    def all(self, due: Sequence[PaymentRequest]) -> Report:
        error = ""
        for request in due:
            now = self._clock()
            taken = self._store.payments.take(request, now, now + ALONE)
            if taken is not None:
                error = self._one(taken) or error
        change = Change(0, 0, self._counts["sent"], self._counts["again"], self._counts["failed"])
        status = "failed" if error else "done"
        return Report(JOB, self._plan.instance, status, change=change, error=error, detail=dict(self._counts))

    def _one(self, taken: PaymentRequest) -> str:
        """What went wrong, or empty."""
        if taken.tries > MOST_TRIES:
            return self._gone_wrong(taken, DIED, again=False)
        try:
            self._plan.hook.send(self._payload(taken))
        except NothingToSend as reason:
            return self._gone_wrong(taken, str(reason), again=reason.again)
        except HookFailed as reason:
            return self._gone_wrong(taken, str(reason), again=True)
        now = self._clock()
        if self._store.payments.sent(taken, now):
            self._counts["sent"] += 1
        self._store.alarms.over(self._plan.instance, ALARM, now)
        return ""

    def _gone_wrong(self, taken: PaymentRequest, reason: str, *, again: bool) -> str:
        now = self._clock()
        later = next_try(taken.tries, now) if again else None
        attempt, tries = taken.attempt_id, taken.tries
        log.warning("payment", instance=taken.instance, attempt=attempt, tries=tries, error=reason)
        if later is not None:
            self._counts["again"] += self._store.payments.again(taken, reason, now, later)
        elif self._store.payments.failed(taken, reason, now):
            self._counts["failed"] += 1
            if reason != SETTLED:
                said = f"not sent to who asked for it, after {tries} tries: {reason} (see collector payments)"
                self._store.alarms.raise_alarm(taken.instance, ALARM, said, now)
        return reason if reason != SETTLED else ""

    def _payload(self, taken: PaymentRequest) -> dict[str, object]:
        """As README documents it. Raises NothingToSend."""
        bills = self._charged(taken)
        if not bills:
            raise NothingToSend(SETTLED)
        code = self._pix(bills[0], has_line=self._plan.line and any(bill.pay_line for bill in bills))
        attempt = self._store.attempts.get(taken.attempt_id)
        return {
            "attempt_id": taken.attempt_id,
            "instance": taken.instance,
            "company": self._plan.company,
            "client_id": taken.client_id,
            "first_name": attempt.client_name.partition(" ")[0] if attempt else "",
            "number": taken.number,
            "total": str(sum((bill.open_amount for bill in bills), Decimal(0))),
            "bills": [self._told(bill) for bill in bills],
            "pix": {"bill_id": bills[0].bill_id, "code": code} if code else None,
        }

    def _charged(self, taken: PaymentRequest) -> list[Bill]:
        """What he was called for, as it is owed now; the oldest first."""
        first, last = self._plan.charged_span(self._clock())
        found = self._store.overview.open_bills(taken.instance, taken.client_id)
        return [bill for bill in found if bill.open_amount > 0 and first <= bill.due_date <= last]

    def _told(self, bill: Bill) -> dict[str, object]:
        return {
            "id": bill.bill_id,
            "due_date": bill.due_date.isoformat(),
            "amount": str(bill.open_amount),
            "with_interest": None if bill.updated_amount is None else str(bill.updated_amount),
            "line": bill.pay_line if self._plan.line else None,
        }

    def _pix(self, oldest: Bill, *, has_line: bool) -> str:
        """The code of the oldest bill alone: the ERP may make a charge for each that it is asked for.

        Empty when there is none; a line that is there does not wait for it.
        """
        reason, again = NOTHING, False
        if self._plan.pix:
            try:
                return self._plan.actions().pix(oldest.bill_id)
            except SourceLacks:  # this kind of ERP has none
                pass
            except SourceError as error:
                reason, again = str(error), error.again
        if not has_line:
            raise NothingToSend(reason, again=again)
        return ""
