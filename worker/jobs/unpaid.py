"""Still unpaid? Asked of the ERP just before each call, because old data charges people who have paid."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
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
MEANWHILE: Final = timedelta(seconds=5)  # a step of the dialler takes no longer
RENEWED_AFTER: Final = 0.75  # of the time for which an answer is remembered
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


Owed = tuple[Bill, ...] | None  # the bills still charged, oldest first; None: nothing is known


@dataclass(frozen=True, slots=True)
class _Said:
    """What the ERP answered about one client."""

    at: datetime
    span: tuple[date, date]  # due days asked for: of other bills it says nothing
    owed: Mapping[str, Bill]  # by bill id: what is open


class StillUnpaid:
    """Asks about debtors, and remembers for minutes what the ERP said. Several threads may ask."""

    def __init__(self, rules: UnpaidRules, source: BillSource, store: Store) -> None:
        self._rules, self._source, self._store = rules, source, store
        self._mutex = threading.Lock()
        self._known: dict[str, _Said] = {}  # by client id
        self._pending: dict[str, Future[None]] = {}  # who is being asked about; done when the answer is known
        self._slots = threading.BoundedSemaphore(AT_ONCE)

    def ask(self, client_ids: Sequence[str], now: datetime) -> dict[str, Owed]:
        """One entry a client. What is owed no more, or less than before, is stored in the catalogue at once.

        Without an answer: what is stored, if the sync may be trusted, or if this source cannot be asked at all.
        """
        return self._ask(client_ids, now, self._rules.remember)

    def ask_early(self, client_ids: Sequence[str], now: datetime) -> dict[str, Owed]:
        """The same before their turn, so that `ask` then knows: what will soon be old is asked anew already.

        Only of those who had to be asked about.
        """
        young = RENEWED_AFTER * self._rules.remember
        with self._mutex:
            wanted = [one for one in client_ids if not self._is_young(one, now, young)]
        return self._ask(wanted, now, young) if wanted else {}

    def _ask(self, client_ids: Sequence[str], now: datetime, young: timedelta) -> dict[str, Owed]:
        charged = self._charged(client_ids, now)
        if Can.OPEN_NOW not in self._source.can:
            return dict(charged)
        answer = self._store.overview.answer(self._rules.instance, "bills")
        synced = None if answer is None else answer.complete_at
        self._forget(now, synced)
        said = self._learn(list(charged), now, young)
        gone = [
            bill for client_id in said for bill in charged[client_id] if bill.bill_id not in said[client_id].owed
        ]
        fates = self._fates(gone, now)
        trusted = self._may_trust(now, synced)
        owed: dict[str, Owed] = {}
        for client_id, bills in charged.items():
            if client_id in said:
                owed[client_id] = self._judge(client_id, bills, said[client_id].owed, fates, now)
            else:
                owed[client_id] = bills if trusted else None
        return owed

    def _learn(self, client_ids: Sequence[str], now: datetime, young: timedelta) -> dict[str, _Said]:
        """What is known, once all who had to be asked about have been; nobody is, twice at a time."""
        with self._mutex:
            wanted = [one for one in client_ids if not self._is_young(one, now, young)]
            theirs = [self._pending[one] for one in wanted if one in self._pending]
            mine = {one: Future[None]() for one in wanted if one not in self._pending}
            self._pending |= mine
        try:
            self._question(list(mine), now)
        finally:
            with self._mutex:
                for client_id in mine:
                    self._pending.pop(client_id, None)
            for future in mine.values():
                if not future.done():  # it was not asked about after all
                    future.set_result(None)
        for future in theirs:
            future.result()
        with self._mutex:
            return {one: self._known[one] for one in client_ids if one in self._known}

    def _is_young(self, client_id: str, now: datetime, young: timedelta) -> bool:
        said = self._known.get(client_id)
        return said is not None and now < said.at + young

    def _question(self, client_ids: Sequence[str], now: datetime) -> None:
        """When nobody of the first few gets an answer the others are not asked: the ERP is down, time is short."""
        if not client_ids:
            return
        first, others = client_ids[:AT_ONCE], client_ids[AT_ONCE:]
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="unpaid") as askers:
            ask = partial(self._note, now=now)
            errors = list(askers.map(ask, first))
            if not all(errors):
                errors += askers.map(ask, others)
        if failed := [error for error in errors if error]:
            silent = len(failed) + len(client_ids) - len(errors)
            log.warning("still_unpaid", instance=self._rules.instance, clients=silent, error=str(failed[0]))

    def _note(self, client_id: str, now: datetime) -> SourceError | None:
        """Ask about one and remember the answer, for everybody who waits for it."""
        with self._slots:
            said = self._open_bills(client_id, now)
        with self._mutex:
            if isinstance(said, _Said):
                self._known[client_id] = said
            self._pending.pop(client_id).set_result(None)
        return said if isinstance(said, SourceError) else None

    def _open_bills(self, client_id: str, now: datetime) -> _Said | SourceError:
        span = self._rules.charged_span(now)
        try:
            found = self._source.open_now(client_id, *span)
        except SourceError as error:
            return error
        return _Said(now, span, {bill.bill_id: bill for bill in found if bill.open_amount > 0})

    def _judge(
        self,
        client_id: str,
        charged: Sequence[Bill],
        owed: Mapping[str, Bill],
        fates: Mapping[str, Fate],
        now: datetime,
    ) -> Owed:
        gone = {bill.bill_id: fates[bill.bill_id] for bill in charged if bill.bill_id not in owed}
        known = [(bill, owed[bill.bill_id]) for bill in charged if bill.bill_id in owed]
        left = tuple(
            replace(bill, open_amount=said.open_amount, updated_amount=said.updated_amount) for bill, said in known
        )
        other = {bill.bill_id: said.open_amount for bill, said in known if bill.open_amount != said.open_amount}
        if Fate.OPEN in gone.values():  # it left the bill out of one answer and calls it open in the other
            log.warning("still_unpaid", instance=self._rules.instance, clients=1, error=CONTRADICTION)
            with self._mutex:
                self._known.pop(client_id, None)
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

    def _charged(self, client_ids: Sequence[str], now: datetime) -> dict[str, tuple[Bill, ...]]:
        """As stored, and as the queue counts them."""
        first, last = self._rules.charged_span(now)
        stored = self._store.overview.open_bills_of(self._rules.instance, client_ids)
        return {
            client_id: tuple(one for one in bills if first <= one.due_date <= last and one.open_amount > 0)
            for client_id, bills in stored.items()
        }

    def _may_trust(self, now: datetime, synced: datetime | None) -> bool:
        """Not a sync of the future either: the clock was put back, and how old it is nobody knows."""
        trust = self._rules.trust_sync
        return bool(trust) and synced is not None and timedelta(0) <= now - synced <= trust

    def _forget(self, now: datetime, synced: datetime | None) -> None:
        """What is old, of another span of days, or older than the bills stored: of new ones it could not say.

        An answer from a moment after `now` came to another thread; one from further ahead, from a clock put back.
        """
        span, remember = self._rules.charged_span(now), self._rules.remember
        with self._mutex:
            self._known = {
                client_id: said
                for client_id, said in self._known.items()
                if said.at - MEANWHILE <= now < said.at + remember
                and said.span == span
                and (synced is None or said.at >= synced)
            }
