"""Still unpaid? Asked of the ERP just before each call, because old data charges people who have paid."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

import structlog

from worker.core.billing import BillKey
from worker.core.enums import Fate
from worker.core.model import Bill
from worker.errors import SourceError
from worker.ports import BillSource, Can
from worker.store_ports import Store

log = structlog.get_logger(__name__)

AT_ONCE: Final = 8  # questions to one ERP at a time
WAIT: Final = timedelta(minutes=10)  # before a debtor is looked at again whose ERP gave no answer
CONTRADICTION: Final = (
    "the ERP left a bill out of a client's open bills and calls it open when asked for it; nothing was closed, "
    "the client is asked about again later"
)


@dataclass(frozen=True, slots=True)
class UnpaidRules:
    """How one instance asks."""

    instance: str
    charged_span: Callable[[datetime], tuple[date, date]]  # due days of the bills people are called for
    remember: timedelta
    trust_sync: timedelta  # without an answer: call if the bills are no older than this; zero: never


Amounts = Mapping[str, Decimal]  # bill id -> still owed
Owed = tuple[Bill, ...] | None  # the bills still charged, oldest first; None: nothing is known


@dataclass(frozen=True, slots=True)
class _Said:
    """What the ERP answered about one client."""

    at: datetime
    span: tuple[date, date]  # due days asked for: of other bills it says nothing
    owed: Amounts


class StillUnpaid:
    """Asks about debtors, and remembers for minutes what the ERP said. One thread asks at a time."""

    def __init__(self, rules: UnpaidRules, source: BillSource, store: Store) -> None:
        self._rules, self._source, self._store = rules, source, store
        self._known: dict[str, _Said] = {}  # by client id

    def ask(self, client_ids: Sequence[str], now: datetime) -> dict[str, Owed]:
        """One entry a client. What is owed no more, or less than before, is stored in the catalogue at once.

        Without an answer: what is stored, if the sync may be trusted, or if this source cannot be asked at all.
        """
        charged = {client_id: self._charged(client_id, now) for client_id in client_ids}
        if Can.OPEN_NOW not in self._source.can:
            return dict(charged)
        answer = self._store.overview.answer(self._rules.instance, "bills")
        synced = None if answer is None else answer.complete_at
        self._forget(now, synced)
        self._learn([one for one in client_ids if one not in self._known], now)
        fates = self._fates([bill for client_id in client_ids for bill in self._gone(client_id, charged)], now)
        trusted = self._may_trust(now, synced)
        owed: dict[str, Owed] = {}
        for client_id, bills in charged.items():
            if client_id in self._known:
                owed[client_id] = self._judge(client_id, bills, fates, now)
            else:
                owed[client_id] = bills if trusted else None
        return owed

    def _learn(self, client_ids: Sequence[str], now: datetime) -> None:
        """When nobody of the first few gets an answer the others are not asked: the ERP is down, time is short."""
        first, others = client_ids[:AT_ONCE], client_ids[AT_ONCE:]
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="unpaid") as askers:
            ask = partial(self._open_bills, now=now)
            answers = list(askers.map(ask, first))
            if not all(isinstance(answer, SourceError) for answer in answers):
                answers += askers.map(ask, others)
        for client_id, answer in zip(client_ids, answers, strict=False):
            if not isinstance(answer, SourceError):
                self._known[client_id] = answer
        if failed := [answer for answer in answers if isinstance(answer, SourceError)]:
            silent = sum(one not in self._known for one in client_ids)
            log.warning("still_unpaid", instance=self._rules.instance, clients=silent, error=str(failed[0]))

    def _open_bills(self, client_id: str, now: datetime) -> _Said | SourceError:
        span = self._rules.charged_span(now)
        try:
            found = self._source.open_now(client_id, *span)
        except SourceError as error:
            return error
        return _Said(now, span, {bill.bill_id: bill.open_amount for bill in found if bill.open_amount > 0})

    def _gone(self, client_id: str, charged: Mapping[str, Sequence[Bill]]) -> list[Bill]:
        """Of that client, what is stored and no longer owed; nothing while the ERP has not answered."""
        said = self._known.get(client_id)
        return [] if said is None else [bill for bill in charged[client_id] if bill.bill_id not in said.owed]

    def _judge(self, client_id: str, charged: Sequence[Bill], fates: Mapping[str, Fate], now: datetime) -> Owed:
        owed = self._known[client_id].owed
        gone = {bill.bill_id: fates[bill.bill_id] for bill in charged if bill.bill_id not in owed}
        left = tuple(replace(bill, open_amount=owed[bill.bill_id]) for bill in charged if bill.bill_id in owed)
        other = {bill.bill_id: bill.open_amount for bill in left if bill not in charged}
        if Fate.OPEN in gone.values():  # it left the bill out of one answer and calls it open in the other
            log.warning("still_unpaid", instance=self._rules.instance, clients=1, error=CONTRADICTION)
            del self._known[client_id]
            return None
        if gone:
            self._store.overview.settle(self._rules.instance, gone, now)
        if other:
            self._store.overview.restate(self._rules.instance, other, now)
        return left

    def _fates(self, gone: Sequence[Bill], now: datetime) -> dict[str, Fate]:
        """What became of them, where the ERP tells. Asked once for all: some read everything to find one."""
        fates = {bill.bill_id: Fate.LEFT_SOURCE for bill in gone}
        if gone and Can.FATES in self._source.can:
            keys = [BillKey(bill.bill_id, bill.client_id) for bill in gone]
            try:
                fates |= self._source.fates(keys, *self._rules.charged_span(now))
            except SourceError as error:  # that they are not open it has said; why is a nicety
                log.warning("fates", instance=self._rules.instance, error=str(error))
        return fates

    def _charged(self, client_id: str, now: datetime) -> tuple[Bill, ...]:
        """As stored, and as the queue counts them."""
        first, last = self._rules.charged_span(now)
        stored = self._store.overview.open_bills(self._rules.instance, client_id)
        return tuple(bill for bill in stored if first <= bill.due_date <= last and bill.open_amount > 0)

    def _may_trust(self, now: datetime, synced: datetime | None) -> bool:
        """Not a sync of the future either: the clock was put back, and how old it is nobody knows."""
        trust = self._rules.trust_sync
        return bool(trust) and synced is not None and timedelta(0) <= now - synced <= trust

    def _forget(self, now: datetime, synced: datetime | None) -> None:
        """What is old, of another span of days, or older than the bills stored: of new ones it could not say."""
        span, remember = self._rules.charged_span(now), self._rules.remember
        self._known = {
            client_id: said
            for client_id, said in self._known.items()
            if said.at <= now < said.at + remember and said.span == span and (synced is None or said.at >= synced)
        }
