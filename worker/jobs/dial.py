"""The dialler: one step claims as many debtors as may be called now, and puts their calls on the line.

Order within a step: may we dial at all, who is next, is he allowed, can we say it, reserve (committed), dial.
"""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

import structlog

from worker.core import policy, window
from worker.core.enums import Origination
from worker.core.model import (
    Action,
    Attempt,
    Bill,
    Candidate,
    Close,
    Debtor,
    NotNow,
    Phone,
    Refresh,
    Waiting,
)
from worker.core.policy import CallRules
from worker.core.route import Route
from worker.errors import CollectorError, SpeechError
from worker.jobs.pace import Pace
from worker.jobs.unpaid import WAIT, Owed
from worker.ports import Clock, Dialler, DialOrder, Placed, Placement
from worker.store_ports import Store

log = structlog.get_logger(__name__)

LOOK_AHEAD = 3  # waiting debtors looked at for each free channel: some will not be allowed now
BATCH = 60  # calls a step: claimed and ringing within a moment, so that free channels do not wait for a crowd
NO_ANSWER = "the ERP did not say whether the debt is still open"
SETTLED = "paid or no longer charged: seen just before the call"
RESTATED = "owes another sum than was noted: seen just before the call"
PARKED_FOR = timedelta(minutes=10)  # when a message could not be rendered
REFUSED_SECONDS = (
    5.0  # after a batch of which the PBX took nothing: it would refuse the same debtors again at once
)


Asker = Callable[[Sequence[str], datetime], Mapping[str, Owed]]  # client ids -> what each owes at this moment


@dataclass(frozen=True, slots=True)
class DialPlan:
    """One instance's rules for dialling."""

    instance: str
    origination: Origination
    channels: int
    rules: CallRules
    route: Callable[[], Route]  # the trunk, and what it can carry now
    order: Callable[[Attempt], DialOrder]
    prepare: Callable[[Waiting, str], None]  # render what will be said to that number; raises SpeechError
    new_id: Callable[[datetime], str]
    handler_alive: Callable[[datetime], str]  # empty when a handler lives; else one sentence
    still_unpaid: Asker | None = None  # None: not asked


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did. `busy`: there was work, look again soon."""

    placed: int = 0
    refused: Counter[str] = field(default_factory=Counter)  # reason -> debtors
    why_not: str = ""  # why nothing may be dialled at all
    empty: bool = False  # nobody waits

    @property
    def busy(self) -> bool:
        return self.placed > 0


def why_not(plan: DialPlan, dialler: Dialler, now: datetime) -> str:
    """Empty when this instance may dial now; else the first reason against it, in one sentence."""
    return window.why_closed(plan.rules.window, now) or plan.handler_alive(now) or dialler.ready()


def step(plan: DialPlan, store: Store, dialler: Dialler, clock: Clock, allowance: int) -> Step:
    """Put up to `allowance` calls on the line, and up to BATCH."""
    done, attempts = claim(plan, store, dialler, clock, allowance)
    return replace(done, placed=put_on_line(plan, store, dialler, attempts))


def claim(
    plan: DialPlan, store: Store, dialler: Dialler, clock: Clock, allowance: int
) -> tuple[Step, list[Attempt]]:
    """The first half of a step: what may be dialled now, reserved and committed; nothing has been placed yet."""
    now = clock()
    if reason := why_not(plan, dialler, now):
        return Step(why_not=reason), []
    free = min(allowance, BATCH, plan.channels - store.attempts.count_open(plan.instance))
    if free <= 0:
        return Step(), []
    refused: Counter[str] = Counter()
    candidates = pick(plan, store, now, free, refused)
    attempts = store.attempts.reserve(
        candidates, channels=plan.channels, rules=plan.rules.ledger, now=now, route=plan.route()
    )
    return Step(refused=refused, empty=not candidates and not refused), attempts


def pick(plan: DialPlan, store: Store, now: datetime, free: int, refused: Counter[str]) -> list[Candidate]:
    """The next debtors who may be called, each with a number; the others are postponed with the reason."""
    candidates: list[Candidate] = []
    numbers: set[str] = set()
    for waiting in store.queue.waiting(plan.instance, now, free * LOOK_AHEAD):
        if len(candidates) == free:
            break
        choice = choose(plan, waiting, now)
        if isinstance(choice, NotNow):
            refused[choice.reason] += 1
            store.queue.postpone(waiting.entry.entry_id, choice.until, choice.reason)
        elif choice.number not in numbers:  # two debtors with one number: the second waits for the ledger
            numbers.add(choice.number)
            candidates.append(choice)
    return still_owing(plan, store, candidates, now, refused)


def still_owing(
    plan: DialPlan, store: Store, candidates: Sequence[Candidate], now: datetime, refused: Counter[str]
) -> list[Candidate]:
    """Those of whom the ERP says at this moment that they owe what the queue has noted.

    Who owes another sum waits for the next look, with the new figures; who owes nothing leaves the queue; of whom
    nothing is known, he waits. Figures are compared even if no bill has changed: a worker that died between
    closing a bill and telling the queue must not leave behind somebody who is called for what he has paid.
    """
    if plan.still_unpaid is None or not candidates:
        return list(candidates)
    owed = plan.still_unpaid([one.waiting.entry.client_id for one in candidates], now)
    owing: list[Candidate] = []
    changed: list[Action] = []
    for candidate in candidates:
        entry = candidate.waiting.entry
        left = owed[entry.client_id]
        if left is None:
            refused[NO_ANSWER] += 1
            store.queue.postpone(entry.entry_id, now + WAIT, NO_ANSWER)
        elif (action := _correction(candidate.waiting, left)) is None:
            owing.append(candidate)
        else:
            refused[SETTLED if isinstance(action, Close) else RESTATED] += 1
            changed.append(action)
    if changed:
        store.queue.apply(plan.instance, changed, now)
    return owing


def _correction(waiting: Waiting, left: Sequence[Bill]) -> Close | Refresh | None:
    """What the queue must be told; None when its figures are right."""
    entry = waiting.entry
    if not left:
        return Close(entry.entry_id, entry.client_id, SETTLED)
    total = sum((bill.open_amount for bill in left), Decimal(0))
    oldest = min(bill.due_date for bill in left)
    if (entry.total, entry.bill_count, entry.oldest_due) == (total, len(left), oldest):
        return None
    return Refresh(
        entry.entry_id,
        Debtor(entry.client_id, waiting.client_name, waiting.phones, total, len(left), oldest),
    )


def choose(plan: DialPlan, waiting: Waiting, now: datetime) -> Candidate | NotNow:
    """A number of this debtor that may be called now and whose message is ready, or why none."""
    found = choose_number(plan, waiting, now)
    if isinstance(found, NotNow):
        return found
    phone, local_day = found
    try:
        plan.prepare(waiting, phone.number)
    except SpeechError as error:
        log.warning("speech", instance=plan.instance, client=waiting.entry.client_id, error=str(error))
        return NotNow("the message could not be rendered", now + PARKED_FOR)
    return Candidate(waiting, phone.number, plan.new_id(now), plan.origination, local_day)


def choose_number(plan: DialPlan, waiting: Waiting, now: datetime) -> tuple[Phone, date] | NotNow:
    """The decision alone: which number, on which local day of the ledger, or why none."""
    return policy.choose(waiting, rules=plan.rules, now=now)


def put_on_line(plan: DialPlan, store: Store, dialler: Dialler, attempts: Sequence[Attempt]) -> int:
    """Dial what has been reserved; what the PBX certainly never got is given back. The number dialled."""
    if not attempts:
        return 0
    placements = dialler.place([plan.order(attempt) for attempt in attempts])
    by_kind: dict[Placed, list[Placement]] = {kind: [] for kind in Placed}
    for placement in placements:
        by_kind[placement.placed].append(placement)
    store.attempts.dialed([item.attempt_id for item in by_kind[Placed.ACCEPTED]])
    for item in by_kind[Placed.REFUSED]:
        store.attempts.withdraw(item.attempt_id, item.detail)
        log.warning("withdrawn", instance=plan.instance, attempt=item.attempt_id, reason=item.detail)
    for item in by_kind[Placed.UNKNOWN]:  # it may be on the line: reconciliation finds out
        log.warning("placement unknown", instance=plan.instance, attempt=item.attempt_id, reason=item.detail)
    return len(by_kind[Placed.ACCEPTED])


def run(
    plan: DialPlan,
    store: Store,
    dialler: Dialler,
    clock: Clock,
    pace: Pace,
    stop: threading.Event,
    *,
    idle_seconds: float = 1.0,
    busy_seconds: float = 0.02,
    refused_seconds: float = REFUSED_SECONDS,
    on_step: Callable[[Step], None] = lambda _: None,
) -> None:
    """Steps until told to stop. Errors of the outside world are logged and tried again; they dial nobody.

    While one batch is put on the line the next is claimed: the database and the PBX need not wait for each other.
    """
    delay = 0.0
    placing = _Placing(plan, store, dialler, pace)
    with placing.line:
        while not stop.wait(delay):
            attempts: list[Attempt] = []
            try:
                done, attempts = claim(plan, store, dialler, clock, pace.allowance() - placing.size)
            except CollectorError as error:
                log.error("dialling", instance=plan.instance, error=str(error))
                done = Step(why_not=str(error))
            before = placing.size
            done = replace(done, placed=placing.exchange(attempts))
            on_step(done)
            delay = busy_seconds if done.busy or attempts else idle_seconds
            if before and not done.busy:
                delay = refused_seconds


class _Placing:
    """The batch that is being put on the line, on a thread of its own; one at a time."""

    def __init__(self, plan: DialPlan, store: Store, dialler: Dialler, pace: Pace) -> None:
        self.line = ThreadPoolExecutor(1, thread_name_prefix="dial")
        self.size = 0  # claimed, and not known to the pace yet
        self._work = partial(put_on_line, plan, store, dialler)
        self._instance, self._pace = plan.instance, pace
        self._future: Future[int] | None = None

    def exchange(self, attempts: Sequence[Attempt]) -> int:
        """Wait for the batch before and begin this one. How many calls that one placed."""
        placed = self._settle()
        self._pace.spend(placed)
        self.size = len(attempts)
        self._future = self.line.submit(self._work, attempts) if attempts else None
        return placed

    def _settle(self) -> int:
        """Attempts whose fate is not known are left to reconciliation."""
        if self._future is None:
            return 0
        try:
            return self._future.result()
        except CollectorError as error:
            log.error("dialling", instance=self._instance, error=str(error))
            return 0
