"""What may happen in the town, each act by the product's own functions; an actor is one process of the product."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import repeat
from random import Random
from types import MappingProxyType

from agi.plan import ConversationPlan
from agi.switchboard import InstanceLine, Switchboard
from tests.contract.machine_calls import ENDINGS, facts_of
from tests.contract.machine_world import (
    CHANNELS,
    DAY,
    HOURS,
    LEDGER,
    LONGEST_CALL,
    MINUTE,
    PEOPLE,
    SAO_PAULO,
    TRUNK,
    TRUNK_CHANNELS,
    Ban,
    Claim,
    Line,
    Town,
    day_of,
    numbers_of,
)
from worker.core import brakes
from worker.core.brakes import Brake, BrakeKind
from worker.core.do_not_call import DoNotCall, Search
from worker.core.enums import Origination, Result
from worker.core.model import Attempt, Block, Candidate
from worker.core.policy import CallRules
from worker.core.queueing import Charge
from worker.core.records import CdrRow
from worker.core.route import Route
from worker.core.userfield import render
from worker.jobs import dial, queue, sync
from worker.jobs.dial import DialPlan
from worker.jobs.reconcile import reconcile
from worker.jobs.unpaid import StillUnpaid, UnpaidRules
from worker.ports import DialOrder, Progress, Script
from worker.store_ports import Store

ROUTE = Route(TRUNK, "+551133330000", TRUNK_CHANNELS)
CHARGE = date(2020, 1, 1), date(2030, 1, 1)
FATES = ("accepted", "accepted", "accepted", "refused", "unknown, got", "unknown, lost")
FAULTS = ("whole", "whole", "whole", "raises", "empty", "half", "one_missing", "twice")
MOVES = (*(5, 20, 55, 75, 100, 150) * 3, 2, 600, 24 * 60, -3, -45, -180, -24 * 60)  # minutes


def quietly(_: Progress | int) -> None:
    """Nobody watches."""


class Actor:
    """A worker and a handler. What it holds in memory is forgotten when it dies."""

    def __init__(self, town: Town, store: Store, put_cdr: Callable[[CdrRow], None]) -> None:
        self.town, self.store, self._put_cdr = town, store, put_cdr
        self.seen: tuple[str, Claim, datetime, list[Candidate]] | None = None  # looked up, not reserved yet
        self.reserved: tuple[str, list[Attempt]] | None = None  # reserved, not on the line yet
        lines = {
            name: InstanceLine(name, ConversationPlan(), lambda _: Script(MappingProxyType({})), rules)
            for name, rules in LEDGER.items()
        }
        self._board = Switchboard(store, lines, town.now)

    def forget(self, _: Random | None = None) -> None:
        """The process was killed between two acts."""
        self.seen = self.reserved = None

    # --- the worker -----------------------------------------------------------------------------------

    def step(self, rng: Random) -> None:
        """One whole step of the dialler."""
        instance, claim = rng.choice(tuple(CHANNELS)), self._begin()
        _, attempts = dial.claim(
            self._plan(instance, claim), self.store, self._line(rng), self.town.now, rng.randint(1, 4)
        )
        claim.end = self.town.tick()
        self._put(instance, attempts, rng)

    def look(self, rng: Random) -> None:
        """The first half of a claim: who may be called. Others act before the second half."""
        instance, claim = rng.choice(tuple(CHANNELS)), self._begin()
        plan, now = self._plan(instance, claim), self.town.now()
        if not dial.why_not(plan, self._line(rng), now):
            found = dial.pick(plan, self.store, now, rng.randint(1, 4), Counter())
            self.seen = instance, claim, now, found
        claim.end = self.town.tick()

    def recklessly_look(self, rng: Random) -> None:
        """Anybody who waits, on any of his numbers, whatever the policy says: the store must hold by itself."""
        instance, claim, now = rng.choice(tuple(CHANNELS)), self._begin(), self.town.now()
        claim.reckless = True
        found = []
        for waiting in self.store.queue.waiting(instance, now, 9):
            number = rng.choice(numbers_of(instance, waiting.entry.client_id))
            new = self.town.new_id(claim)
            found.append(Candidate(waiting, number, new, Origination.ARI, day_of(number, now)))
        self.seen = instance, claim, now, found
        claim.end = self.town.tick()

    def recklessly_dial(self, rng: Random) -> None:
        """All of it at once."""
        self.forget()
        self.recklessly_look(rng)
        self.reserve(rng)
        self.put_on_line(rng)

    def reserve(self, rng: Random) -> None:
        """The second half of a claim, with what was seen then."""
        if self.seen is None or self.reserved is not None:
            return
        (instance, _, now, found), self.seen = self.seen, None
        rng.shuffle(found)
        attempts = self.store.attempts.reserve(
            found, channels=CHANNELS[instance], rules=LEDGER[instance], now=now, route=ROUTE
        )
        self.reserved = instance, attempts

    def put_on_line(self, rng: Random) -> None:
        if self.reserved is not None:
            (instance, attempts), self.reserved = self.reserved, None
            self._put(instance, attempts, rng)

    def reconcile(self, rng: Random) -> None:
        self.town.pbx.hides = rng.random() < 0.3
        reconcile(self.store, self.town.pbx, self.town.now, LEDGER, LONGEST_CALL)

    def _begin(self) -> Claim:
        return Claim(self.town.tick())

    def _line(self, rng: Random) -> Line:
        dies = rng.randint(0, 3) if rng.random() < 0.1 else None
        return Line(self.town.pbx, (rng.choice(FATES) for _ in repeat(None)), dies)

    def _put(self, instance: str, attempts: Sequence[Attempt], rng: Random) -> None:
        line = self._line(rng)
        dial.put_on_line(self._plan(instance, Claim(0)), self.store, line, attempts)
        for attempt_id in line.refused:  # as one does whose first try was not answered
            assert not self.store.attempts.withdraw(attempt_id, "again"), "given back twice"

    def _plan(self, instance: str, claim: Claim) -> DialPlan:
        source = self.town.source(instance, "whole", Random(0))
        rules = UnpaidRules(instance, lambda _: CHARGE, remember=timedelta(0), trust_sync=timedelta(0))

        def order(one: Attempt) -> DialOrder:
            return DialOrder(one.attempt_id, instance, one.number, "x", "1133330000", 30, 240, Origination.ARI)

        return DialPlan(
            instance=instance,
            origination=Origination.ARI,
            channels=CHANNELS[instance],
            rules=CallRules(HOURS, LEDGER[instance]),
            route=lambda: ROUTE,
            order=order,
            prepare=lambda _waiting, _number: None,
            new_id=lambda _: self.town.new_id(claim),
            handler_alive=lambda _: "",
            still_unpaid=StillUnpaid(rules, source, self.store).ask,
            brakes=lambda now: brakes.why_braked(self.store.brakes.listing(), instance, now),
        )

    # --- calls and their handler ----------------------------------------------------------------------

    def answer(self, rng: Random) -> None:
        if on_line := sorted(self.town.pbx.live):
            self.store.attempts.answered(rng.choice(on_line), self.town.now())

    def hang_up(self, rng: Random) -> None:
        for _ in range(rng.randint(1, 3)):
            self._hang_up(rng)

    def _hang_up(self, rng: Random) -> None:
        """The channel goes; then the CDR row is written or not, and the handler told once, twice or never."""
        on_line = sorted(self.town.pbx.live)
        order = self.town.pbx.live.pop(rng.choice(on_line), None) if on_line else None
        if order is None:
            return
        ending = rng.choice(ENDINGS)
        if ending.answered and rng.random() < 0.8:
            self.store.attempts.answered(order.attempt_id, self.town.now())
        if ending.result is Result.OPT_OUT and rng.random() < 0.5:
            self.store.outcomes.block(Block(order.number, "opt_out"), order.attempt_id, self.town.now())
            self.town.bans.append(Ban("pressed 9", self.town.tick(), number=order.number))
        text = render(facts_of(order, ending, day_of(order.number, self.town.now())))
        if rng.random() < 0.8:
            at = self.town.now().replace(microsecond=0)
            self._put_cdr(
                CdrRow(order.attempt_id, at, "ANSWERED" if ending.answered else "NO ANSWER", text, 30, 20)
            )
        for _ in range(rng.choice((0, 1, 1, 1, 2))):
            self._board.hung_up(text, order.attempt_id)

    # --- the ERP --------------------------------------------------------------------------------------

    def sync(self, rng: Random) -> None:
        """Both answers, with any fault, then the queue; one at a time for an instance, as the service does it."""
        self.sync_with(rng.choice(tuple(CHANNELS)), rng.choice(FAULTS), rng)

    def sync_with(self, instance: str, fault: str, rng: Random) -> None:
        plan = sync.SyncPlan(instance, SAO_PAULO, 0, 365, 30, accept_shrink=fault == "whole")
        with self.store.presence.lock(f"sync:{instance}") as mine:
            if mine:
                source = self.town.source(instance, fault, rng)
                work = sync.Sync(plan, source, self.store, self.town.now, quietly)
                sync.fetch_clients(work)
                sync.fetch_bills(work)
                charge = Charge(*CHARGE, self.town.now().date())
                queue.build(instance, charge, self.store, self.town.now, quietly)

    def pay(self, rng: Random) -> None:
        if owed := [(name, bill.bill_id) for name in CHANNELS for bill in self.town.unpaid(name)]:
            self.town.pay(*rng.choice(owed))

    def owe(self, rng: Random) -> None:
        self.town.owe(*rng.choice(tuple(PEOPLE)))

    # --- people and the clock -------------------------------------------------------------------------

    def list_somebody(self, rng: Random) -> None:
        """On the do-not-call list: a number or a document, for one instance or for all."""
        who, town = rng.choice(tuple(PEOPLE)), self.town
        document, where = PEOPLE[who][0], rng.choice(("", "alpha", "beta"))
        town.lists += 1
        by_number = document is None or rng.random() < 0.6
        number = rng.choice(numbers_of(*who)) if by_number else ""
        ends = rng.choice((None, None, town.now().date() + timedelta(days=rng.randint(1, 3))))
        source = f"list {town.lists}"
        line = DoNotCall(number, "" if by_number else str(document), where, "asked", source, town.now(), ends)
        self.store.do_not_call.put(lambda: [line], town.now())
        town.bans.append(
            Ban(
                source,
                town.tick(),
                number or None,
                None if by_number else document,
                where or None,
                expires_on=ends,
            )
        )

    def unlist(self, rng: Random) -> None:
        lists = [one for one in self.town.bans if one.what.startswith("list ") and one.until_event is None]
        if lists:
            ban = rng.choice(lists)
            ban.until_event = self.town.tick()
            search = Search(ban.number or "", (ban.person or "") if ban.number is None else "", source=ban.what)
            self.store.do_not_call.remove(search, opt_outs=False)

    def pause(self, rng: Random) -> None:
        instance, now = rng.choice(("", *CHANNELS)), self.town.now()
        with self.town.brakes:
            self.store.brakes.put(Brake(instance, BrakeKind.BY_HAND, "by hand", now), now)
            self.town.bans.append(Ban("pause", self.town.tick(), instance=instance or None))

    def resume(self, _: Random) -> None:
        """All of them."""
        with self.town.brakes:
            event = self.town.tick()
            for ban in list(self.town.bans):
                if ban.what == "pause" and ban.until_event is None:
                    ban.until_event = event
            self.store.brakes.end(None, self.town.now())

    def clock(self, rng: Random) -> None:
        """Minutes to a day, forward or back; now and then to a midnight, or to a morning when all is closed."""
        now = self.town.now()
        local = now.astimezone(SAO_PAULO)
        if rng.random() < 0.8 and not 8 <= local.hour < 20:
            morning = datetime.combine(local.date() + (local.hour >= 20) * DAY, time(8, 30), SAO_PAULO)
            self.town.step_clock(morning.astimezone(UTC) - now)
        elif rng.random() < 0.1:
            edge = datetime.combine(local.date() + rng.randint(0, 1) * DAY, time(0), SAO_PAULO)
            self.town.step_clock(edge.astimezone(UTC) - now + rng.randint(-2, 2) * MINUTE)
        else:
            self.town.step_clock(rng.choice(MOVES) * MINUTE)

    # --- the end --------------------------------------------------------------------------------------

    def settle(self) -> None:
        """All calls are over, and long after the last of them what nobody ended is ended."""
        self.town.pbx.live.clear()
        self.town.pbx.hides = False
        later = self.town.now() + 200 * DAY
        reconcile(self.store, self.town.pbx, lambda: later, LEDGER, LONGEST_CALL)
