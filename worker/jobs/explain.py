"""Why is this number, or this client, (not) called, now or at another time? Every rule with verdict and data."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from worker.core import absence, alternates, phone, policy, replay
from worker.core.absence import Charging, ClientFacts
from worker.core.brakes import ALL
from worker.core.enums import EntryState
from worker.core.model import Attempt, NotNow, Phone, Rejected, Waiting
from worker.core.policy import CallRules
from worker.core.priority import Ranking, explain_turn
from worker.core.replay import StepOf
from worker.core.verdict import Verdict
from worker.errors import UsageError
from worker.store_ports import Store

Rules = Mapping[str, CallRules]  # by instance


class When(StrEnum):
    PAST = "past"  # the facts are rebuilt as they were
    NOW = "now"
    FUTURE = "future"  # as stored, judged at that time


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of an instance besides its rules and the database."""

    zone: ZoneInfo
    ranking: Ranking
    charging: Callable[[datetime], Charging]
    step_of: StepOf
    asks: bool  # whether the ERP is asked just before the call
    obstacles: Callable[[datetime], Sequence[Verdict]]  # of this moment: handler, PBX, lists, trunk


_NOBODY: Final[Mapping[str, Around]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Case:
    """One debtor and one of his numbers, judged."""

    waiting: Waiting
    verdicts: tuple[Verdict, ...]
    phone: Phone | None = None

    @property
    def allowed(self) -> bool:
        return all(verdict.allowed for verdict in self.verdicts)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is to be said of a debtor whichever number is meant; the last sentence is the answer."""

    instance: str
    client_id: str
    choice: str  # which number, and why that one
    place: str  # in the queue; empty: not in it, or not known of that time
    owed: str
    obstacles: tuple[Verdict, ...]
    answer: str


@dataclass(frozen=True, slots=True)
class Absent:
    instance: str
    client_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """All there is to say at an instant."""

    asked: str
    number: str  # empty: a client was asked for
    at: datetime
    when: When
    cases: tuple[Case, ...]
    standings: tuple[Standing, ...]
    absent: tuple[Absent, ...]
    attempts: tuple[Attempt, ...]


def explain(
    store: Store,
    asked: str,
    rules: Rules,
    at: datetime,
    around: Mapping[str, Around] = _NOBODY,
    *,
    when: When = When.NOW,
) -> Explanation:
    """Of the instances in `around`. UsageError when the text is neither a telephone number nor a client's id."""
    read = phone.read_phone(asked)
    clients = [facts for name in around if (facts := store.history.client(name, asked.strip()))]
    teller = _Teller(store, rules, around, at, when)
    if isinstance(read, Phone):
        dossier = store.queue.dossier(read.number)
        if dossier.waiting or dossier.attempts or not clients:
            return teller.of_number(asked, read, dossier.waiting, dossier.attempts)
    elif not clients:
        raise UsageError(f"{asked}: {_reason(read)}; nor is it the id of a client that is known here")
    return teller.of_clients(asked, clients)


def _reason(read: Phone | Rejected) -> str:
    return read.reason if isinstance(read, Rejected) else ""


@dataclass(frozen=True, slots=True)
class _Teller:
    store: Store
    rules: Rules
    around: Mapping[str, Around]
    at: datetime
    when: When

    def of_number(
        self, asked: str, read: Phone, entries: Sequence[Waiting], attempts: Iterable[Attempt]
    ) -> Explanation:
        meant = [one for one in entries if not self.around or one.entry.instance in self.around]
        found = self._one_each(meant)
        owners = [key for key in self.store.history.owners(read.number) if key[0] in self.around]
        known = [facts for key in owners if (facts := self.store.history.client(*key))]
        cases = [self._case(one, self._own(one, read)) for one in found]
        return self._told(asked, read.number, found, cases, known, attempts)

    def of_clients(self, asked: str, clients: Sequence[ClientFacts]) -> Explanation:
        found = self._one_each([one for facts in clients for one in self._entries(facts)])
        cases = [self._case(one, number) for one in found for number in one.phones]
        return self._told(asked, "", found, cases, clients, ())

    def _told(
        self,
        asked: str,
        number: str,
        found: Sequence[Waiting],
        cases: Sequence[Case],
        clients: Sequence[ClientFacts],
        attempts: Iterable[Attempt],
    ) -> Explanation:
        done = attempts if self.when is not When.PAST else [one for one in attempts if one.reserved_at < self.at]
        queued = {_client(one) for one in found if one.entry.state is not EntryState.DONE}
        absent = [self._absent(one) for one in clients if (one.instance, one.client.client_id) not in queued]
        return Explanation(
            asked=asked,
            number=number,
            at=self.at,
            when=self.when,
            cases=tuple(cases),
            standings=tuple(self._standing(one) for one in found if one.entry.instance in self.around),
            absent=() if self.when is When.PAST else tuple(absent),
            attempts=tuple(done),
        )

    def _entries(self, facts: ClientFacts) -> list[Waiting]:
        """All of one client's; a client without telephone has at most the open one."""
        who = facts.instance, facts.client.client_id
        if not facts.client.phones:
            return [one] if (one := self.store.queue.open_entry(*who)) else []
        waiting = self.store.queue.dossier(facts.client.phones[0].number).waiting
        return [one for one in waiting if _client(one) == who]

    def _one_each(self, entries: Sequence[Waiting]) -> list[Waiting]:
        """As they stood then; of each client the entry that is open, else the newest."""
        best: dict[tuple[str, str], Waiting] = {}
        for one in sorted((self._then(entry) for entry in entries), key=_open_last):
            best[_client(one)] = one
        return sorted(best.values(), key=lambda one: one.entry.entry_id)

    def _then(self, waiting: Waiting) -> Waiting:
        around = self.around.get(waiting.entry.instance)
        if self.when is not When.PAST or around is None:
            return waiting
        past = self.store.history.past(waiting, self.at)
        return replay.rebuilt(waiting, past, self.at, around.step_of)

    def _own(self, waiting: Waiting, asked: Phone) -> Phone:
        """As this client has it; `asked` when he no longer does."""
        return next((one for one in waiting.phones if one.number == asked.number), asked)

    def _case(self, waiting: Waiting, number: Phone) -> Case:
        if waiting.entry.instance not in self.rules:
            gone = Verdict("instance", False, f"{waiting.entry.instance} is not in the configuration", None)
            return Case(waiting, (gone,), number)
        own = self.rules[waiting.entry.instance]
        return Case(waiting, tuple(policy.judge(waiting, number, rules=own, now=self.at)), number)

    def _standing(self, waiting: Waiting) -> Standing:
        entry, rules = waiting.entry, self.rules[waiting.entry.instance]
        around = self.around[entry.instance]
        choice = policy.choose(waiting, rules=rules, now=self.at)
        obstacles = (*self._brakes(entry.instance), *(around.obstacles(self.at) if self.when is When.NOW else ()))
        return Standing(
            instance=entry.instance,
            client_id=entry.client_id,
            choice=chosen(waiting, choice, rules, self.at),
            place=self._place(waiting, choice, around),
            owed="" if self.when is When.PAST else self._owed(waiting, around),
            obstacles=obstacles,
            answer=answer(choice, obstacles, around.zone, self.when),
        )

    def _brakes(self, instance: str) -> list[Verdict]:
        """Those that held at that time; one that was set anew since is known from then on only."""
        held = [
            Verdict("brake", False, f"{one.kind}: {one.reason}", one.until)
            for one in self.store.brakes.listing()
            if one.instance in (ALL, instance) and one.since <= self.at and one.holds(self.at)
        ]
        return held or [Verdict("brake", True, "no brake holds", None)]

    def _place(self, waiting: Waiting, choice: tuple[Phone, object] | NotNow, around: Around) -> str:
        if self.when is When.PAST or waiting.entry.state is not EntryState.WAITING or not waiting.phones:
            return ""
        number = waiting.phones[0].number if isinstance(choice, NotNow) else choice[0].number
        numbers = [one.number for one in waiting.phones]
        place = self.store.queue.place(waiting.entry, numbers, around.ranking, self.at)
        return explain_turn(place, number, around.ranking, around.ranking.hour(self.at, self.at))

    def _owed(self, waiting: Waiting, around: Around) -> str:
        """What is stored of the question that is put to the ERP just before the call."""
        span, entry = around.charging(self.at), waiting.entry
        stored = self.store.overview.open_bills(entry.instance, entry.client_id)
        bills = [one for one in stored if one.open_amount > 0 and span.due_from <= one.due_date <= span.due_until]
        read = self.store.overview.answer(entry.instance, "bills")
        since = f"read whole at {_local(read.complete_at, around.zone)}" if read else "never read whole"
        ask = (
            "asked of the ERP again just before the call"
            if around.asks
            else "not asked of the ERP before the call"
        )
        return (
            f"{len(bills)} bills stored as owed, {sum(one.open_amount for one in bills)} in all, {since}; {ask} "
            "(what it said last only the running dialler knows)"
        )

    def _absent(self, facts: ClientFacts) -> Absent:
        charging = self.around[facts.instance].charging(self.at)
        return Absent(facts.instance, facts.client.client_id, absence.why_absent(facts, charging))


def chosen(waiting: Waiting, choice: tuple[Phone, object] | NotNow, rules: CallRules, at: datetime) -> str:
    """Which of the numbers, and why not those before it in the order of past success."""
    if not waiting.phones:
        return "there is no telephone number to choose"
    passed: list[str] = []
    for number in alternates.in_order(waiting, rules.retry):
        masked = phone.mask(number.number)
        if not isinstance(choice, NotNow) and number.number == choice[0].number:
            before = f"; before it {', '.join(passed)}" if passed else ""
            return f"{masked} would be called, the first of {len(waiting.phones)} that every rule allows{before}"
        alone = replace(waiting, phones=(number,))
        refusal = policy.choose(alone, rules=rules, now=at)
        passed.append(f"{masked} ({refusal.reason if isinstance(refusal, NotNow) else 'allowed'})")
    return f"none of {len(waiting.phones)} now: {', '.join(passed)}"


def answer(choice: tuple[Phone, object] | NotNow, obstacles: Sequence[Verdict], zone: ZoneInfo, when: When) -> str:
    """One sentence: called, or not before when because of what."""
    against = next((one for one in obstacles if not one.allowed), None)
    if isinstance(choice, NotNow):
        if choice.until is None:
            return f"not called because {choice.reason}; no time in sight"
        return f"not called before {_local(choice.until, zone)} because {choice.reason}"
    if against is not None:
        since = f"not called before {_local(against.until, zone)}" if against.until else "not called now"
        return f"{since} because of {against.rule}: {against.detail}"
    told = {When.PAST: "might have been called at that time", When.NOW: "would be called now"}
    return f"{told.get(when, 'would be called at that time')}, on {phone.mask(choice[0].number)}"


def _local(instant: datetime, zone: ZoneInfo) -> str:
    return instant.astimezone(zone).strftime("%Y-%m-%d %H:%M")


def _client(waiting: Waiting) -> tuple[str, str]:
    return waiting.entry.instance, waiting.entry.client_id


def _open_last(waiting: Waiting) -> tuple[bool, int]:
    return waiting.entry.state is not EntryState.DONE, waiting.entry.entry_id
