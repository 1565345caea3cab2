"""What the twin in memory holds, and the one lock under which it is read and written."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import RLock

from worker.core.agent_result import AgentResult
from worker.core.billing import Contract
from worker.core.brakes import Brake, CallCount
from worker.core.do_not_call import DoNotCall, Key
from worker.core.enums import EntryState, Fate
from worker.core.erp_note import ErpNote
from worker.core.heard_call import HeardCall
from worker.core.model import (
    Attempt,
    Bill,
    Block,
    Client,
    LedgerRow,
    NextStep,
    Outcome,
    QueueEntry,
    Rejected,
    Streak,
)
from worker.core.payment import PaymentRequest
from worker.core.queueing import PARKED
from worker.core.records import AlarmRow, Answer, CdrRow, JobRun
from worker.store import rows


@dataclass(slots=True)
class Taken:
    """The ledger's row as it was before its last try, and whose try that was."""

    attempt_id: str
    before: LedgerRow


@dataclass(slots=True)
class Recorded:
    """An outcome, and whether its CDR row was found (None: not looked for)."""

    outcome: Outcome
    cdr_found: bool | None = None


def stepped(entry: QueueEntry, step: NextStep, now: datetime) -> QueueEntry:
    """Where its debtor stands after that step."""
    return replace(
        entry,
        state=step.state,
        reason=rows.fit(step.reason, 255),
        next_attempt_at=step.not_before,
        after_sync=now if step.after_sync else None,
    )


@dataclass(slots=True)
class Tables:
    """`mutex` stands for a transaction: whoever holds it sees and changes everything alone."""

    mutex: RLock = field(default_factory=RLock)
    clients: dict[tuple[str, str], Client] = field(default_factory=dict)  # (instance, client id)
    inactive: set[tuple[str, str]] = field(default_factory=set)
    bills: dict[str, dict[str, Bill]] = field(default_factory=dict)  # by instance: the open ones
    closed_bills: dict[tuple[str, str], tuple[Bill, Fate]] = field(default_factory=dict)  # (instance, bill id)
    contracts: dict[tuple[str, str], Contract] = field(default_factory=dict)  # (instance, contract id)
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)  # (instance, kind)
    alarms: list[AlarmRow] = field(default_factory=list)  # the first is number 1; none is ever taken out
    client_types: dict[str, dict[str, str]] = field(default_factory=dict)
    entries: dict[int, QueueEntry] = field(default_factory=dict)
    streaks: dict[int, Streak] = field(default_factory=dict)  # by entry id
    attempts: dict[str, Attempt] = field(default_factory=dict)
    open_from: dict[str, datetime] = field(default_factory=dict)  # by attempt, after the clock was put back
    ledger: dict[str, LedgerRow] = field(default_factory=dict)
    taken: dict[str, Taken] = field(default_factory=dict)  # by number or debtor
    blocks: dict[tuple[str, str, str], Block] = field(default_factory=dict)  # (number, instance, client id)
    do_not_call: dict[Key, DoNotCall] = field(default_factory=dict)  # (number, document, instance, source)
    issabel: list[tuple[str, str]] | None = None  # (caller_id, status) of Issabel's list; None: it is not there
    issabel_unreadable: str = ""
    outcomes: dict[str, Recorded] = field(default_factory=dict)
    notes: dict[str, ErpNote] = field(default_factory=dict)  # by attempt id
    payments: dict[str, PaymentRequest] = field(default_factory=dict)  # by attempt id
    agent_results: dict[str, AgentResult] = field(default_factory=dict)
    settled: set[str] = field(default_factory=set)  # of them
    cdr: list[CdrRow] = field(default_factory=list)
    runs: dict[int, JobRun] = field(default_factory=dict)
    rejected: dict[int, list[Rejected]] = field(default_factory=dict)
    presence: dict[tuple[str, str], tuple[datetime, str]] = field(default_factory=dict)
    locks: set[str] = field(default_factory=set)
    brakes: dict[tuple[str, str], Brake] = field(default_factory=dict)  # (instance, kind)
    call_counts: list[CallCount] = field(default_factory=list)
    heard: dict[str, HeardCall] = field(default_factory=dict)  # by attempt id

    def wake(self, clients: Collection[tuple[str, str]]) -> None:
        """Parked debtors among these are looked at again."""
        for entry_id, entry in self.entries.items():
            parked = entry.next_attempt_at is not None and entry.next_attempt_at >= PARKED
            if parked and entry.state is EntryState.WAITING and (entry.instance, entry.client_id) in clients:
                self.entries[entry_id] = replace(entry, next_attempt_at=None, reason="")

    def wake_removed(self, lines: Collection[DoNotCall]) -> None:
        """Whom these lines of the list named."""
        named = {line.number or line.document for line in lines}
        found = {
            key
            for key, client in self.clients.items()
            if client.document in named or named.intersection(phone.number for phone in client.phones)
        }
        self.wake(found)

    def active_clients(self) -> Iterator[tuple[tuple[str, str], Client]]:
        return ((key, client) for key, client in self.clients.items() if key not in self.inactive)

    def owners(self, instance: str) -> dict[str, set[str]]:
        """Number -> ids of the active clients of the instance that have it."""
        owners: dict[str, set[str]] = defaultdict(set)
        for (name, client_id), client in self.active_clients():
            for phone in client.phones if name == instance else ():
                owners[phone.number].add(client_id)
        return owners


def told_shared(client: Client, owners: Mapping[str, set[str]]) -> Client:
    """The client as read back: a telephone is shared when another active client has its number too."""
    own = {client.client_id}
    phones = (replace(one, shared=bool(owners.get(one.number, set()) - own)) for one in client.phones)
    return replace(client, phones=tuple(phones))
