"""The dialler: one step claims as many debtors as may be called now, and puts their calls on the line.

Order within a step: may we dial at all, who is next, is he allowed, does he still owe it, can we say it, reserve
(committed), dial.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import structlog

from worker.core import policy, window
from worker.core.debtors import with_interest
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
from worker.core.pacing import Batches
from worker.core.policy import CallRules
from worker.core.route import Route
from worker.errors import SpeechError
from worker.jobs.pace import Shares
from worker.jobs.unpaid import WAIT, Owed
from worker.ports import Clock, Dialler, DialOrder, Placed, Placement
from worker.store_ports import Store

log = structlog.get_logger(__name__)

LOOK_AHEAD = 3  # waiting debtors looked at for each free channel, where some of the first may not be called now
BATCH = 60  # calls a step: claimed and ringing within a moment, so that free channels do not wait for a crowd
NO_ANSWER = "the ERP did not say whether the debt is still open"
SETTLED = "paid or no longer charged: seen just before the call"
RESTATED = "owes another sum than was noted: seen just before the call"
NOT_RENDERED = "the message could not be rendered"
PARKED_FOR = timedelta(minutes=10)  # then


Asker = Callable[[Sequence[str], datetime], Mapping[str, Owed]]  # client ids -> what each owes at this moment


def _nothing(_: datetime) -> str:
    """Nothing stands against dialling."""
    return ""


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
    ask_early: Asker | None = None  # the same question, put before their turn ...
    ahead: int = 0  # ... about so many of the next debtors
    brakes: Callable[[datetime], str] = _nothing  # paused by hand or by a rule: one sentence
    lists: Callable[[datetime], str] = _nothing  # a do-not-call list cannot be read: one sentence
    trunk_unread: Callable[[], str] = str  # nobody knows how much of the trunk others use: one sentence
    wanted: Callable[[datetime], int] | None = None  # calls at once; None: channels
    shares: Shares | None = None  # with the other instances of this process on the trunk
    batches: Batches | None = None  # None: all the time


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
    return (
        plan.brakes(now)
        or ("" if plan.rules.test_numbers else window.why_closed(plan.rules.hours.window, now))  # then one by one
        or plan.handler_alive(now)
        or dialler.ready()
        or plan.lists(now)
        or plan.trunk_unread()
    )


def step(plan: DialPlan, store: Store, dialler: Dialler, clock: Clock, allowance: int) -> Step:
    """Put up to `allowance` calls on the line, and up to BATCH."""
    done, attempts = claim(plan, store, dialler, clock, allowance)
    return replace(done, placed=put_on_line(plan, store, dialler, attempts))


def claim(
    plan: DialPlan,
    store: Store,
    dialler: Dialler,
    clock: Clock,
    allowance: int,
    due: datetime | None = None,
) -> tuple[Step, list[Attempt]]:
    """The first half of a step: what may be dialled now, reserved and committed; nothing has been placed yet.

    `due`: only of those who were due at that instant; None: now.
    """
    now = clock()
    if reason := why_not(plan, dialler, now):
        if plan.shares:
            plan.shares.leave(plan.instance)
        return Step(why_not=reason), []
    channels = plan.channels if plan.wanted is None else min(plan.channels, plan.wanted(now))
    in_flight = store.attempts.count_open(plan.instance)
    more = min(allowance, BATCH, channels - in_flight)
    route = plan.route()
    free = more
    if plan.shares and route.channels is not None:
        free = plan.shares.turn(plan.instance, in_flight, more, route.channels)
    if free <= 0:
        return Step(), []
    refused: Counter[str] = Counter()
    candidates = pick(plan, store, now, free, refused, due)
    attempts = store.attempts.reserve(candidates, channels=channels, rules=plan.rules.ledger, now=now, route=route)
    if plan.shares:
        left = more - len(attempts) if len(candidates) == free else 0  # else nobody else waits
        plan.shares.took(plan.instance, in_flight, len(attempts), left)
    return Step(refused=refused, empty=not candidates and not refused), attempts


def pick(
    plan: DialPlan,
    store: Store,
    now: datetime,
    free: int,
    refused: Counter[str],
    due: datetime | None = None,
) -> list[Candidate]:
    """The next debtors who may be called, each with a number; the others are postponed with the reason."""
    candidates: list[Candidate] = []
    numbers: set[str] = set()
    for waiting in _next_in_line(store, plan.instance, due or now, free):
        choice = choose(plan, waiting, now)
        if isinstance(choice, NotNow):
            refused[choice.reason] += 1
            store.queue.postpone(waiting.entry.entry_id, choice.until, choice.reason)
        elif choice.number not in numbers:  # two debtors with one number: the second waits for the ledger
            numbers.add(choice.number)
            candidates.append(choice)
        if len(candidates) == free:
            break
    return can_be_said(plan, store, still_owing(plan, store, candidates, now, refused), now, refused)


def _next_in_line(store: Store, instance: str, due: datetime, free: int) -> Iterator[Waiting]:
    """First as many as there are free channels; usually all of them may be called, and what is known of a debtor
    costs more than the call's claim. The others are looked at only when some of these may not."""
    first = store.queue.waiting(instance, due, free)
    yield from first
    if len(first) == free:
        seen = {one.entry.entry_id for one in first}
        for one in store.queue.waiting(instance, due, free * LOOK_AHEAD):
            if one.entry.entry_id not in seen:
                yield one


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
            told = replace(candidate.waiting, updated_total=with_interest(left))
            owing.append(replace(candidate, waiting=told))
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


def can_be_said(
    plan: DialPlan, store: Store, candidates: Sequence[Candidate], now: datetime, refused: Counter[str]
) -> list[Candidate]:
    """Those whose message is ready, with the figures as they stand now; the others are postponed."""
    ready: list[Candidate] = []
    for candidate in candidates:
        entry = candidate.waiting.entry
        try:
            plan.prepare(candidate.waiting, candidate.number)
        except SpeechError as error:
            log.warning("speech", instance=plan.instance, client=entry.client_id, error=str(error))
            refused[NOT_RENDERED] += 1
            store.queue.postpone(entry.entry_id, now + PARKED_FOR, NOT_RENDERED)
        else:
            ready.append(candidate)
    return ready


def choose(plan: DialPlan, waiting: Waiting, now: datetime) -> Candidate | NotNow:
    """A number of this debtor that may be called now, or why none."""
    found = choose_number(plan, waiting, now)
    if isinstance(found, NotNow):
        return found
    phone, local_day = found
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
