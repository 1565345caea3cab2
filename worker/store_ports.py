"""What the jobs need of the database. `worker.store` implements these, over MariaDB and in memory."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from worker.agent_ports import AgentResults
from worker.brake_ports import Brakes, Counts
from worker.catalogue_ports import Alarms, Catalogue, Overview
from worker.core.absence import ClientFacts
from worker.core.erp_note import ErpNote
from worker.core.forecast import HourRow
from worker.core.model import (
    Action,
    Attempt,
    Block,
    Candidate,
    LedgerRules,
    NextStep,
    Outcome,
    QueueEntry,
    Waiting,
)
from worker.core.priority import Place, Ranking
from worker.core.queueing import Built, Charge
from worker.core.records import CdrRow, Dossier, OutcomeRow, TallyRow
from worker.core.replay import Past
from worker.core.route import ANY_ROUTE, Route
from worker.dialling_ports import DoNotCallList
from worker.heard_ports import HeardCalls
from worker.payment_ports import Payments
from worker.running_ports import Presence, Runs


class Queue(Protocol):
    def open_entries(self, instance: str) -> list[QueueEntry]:
        """Entries not DONE."""
        ...

    def apply(self, instance: str, actions: Sequence[Action], now: datetime) -> int:
        """Carry the actions out in one transaction; Close leaves a CLAIMED entry to its call. Changed rows."""
        ...

    def build(self, instance: str, charge: Charge, now: datetime, on_rows: Callable[[int], None]) -> Built:
        """Bring the queue in line with the stored bills, contracts and do-not-call list.

        As `debtors.merge` and `queueing.decide` say, in bounded transactions; `on_rows` is told how many entries
        were changed so far. Who dies in between leaves each entry right or as it was.
        """
        ...

    def reorder(self, instance: str, ranking: Ranking, today: date, now: datetime) -> int:
        """New turns by the figures as they stand; who was put first by hand stays there. Entries moved."""
        ...

    def bump(self, instance: str, client_id: str, now: datetime) -> bool:
        """Put a WAITING entry first, behind those put first before. False: none waits, or it is there already."""
        ...

    def unbump(self, entry_id: int, turn: int) -> bool:
        """Back to that turn. False: it was not put first."""
        ...

    def open_entry(self, instance: str, client_id: str) -> Waiting | None:
        """The client's entry that is not DONE."""
        ...

    def place(self, entry: QueueEntry, numbers: Sequence[str], ranking: Ranking, now: datetime) -> Place:
        """Where it stands among those that wait; and, where `ranking` goes by the hour, when they answer."""
        ...

    def waiting(self, instance: str, now: datetime, limit: int) -> list[Waiting]:
        """WAITING entries whose next_attempt_at has come, the lowest turn first, then entry_id."""
        ...

    def postpone(self, entry_id: int, until: datetime | None, reason: str) -> bool:
        """Guarded: only a WAITING entry.

        None: park it until the debt, the client's telephones or a list that named him changes.
        """
        ...

    def dossier(self, number: str) -> Dossier: ...


class Attempts(Protocol):
    """Claim and ledger. What `reserve` returns has been committed; only that may be dialled."""

    def reserve(
        self,
        candidates: Sequence[Candidate],
        *,
        channels: int,
        rules: LedgerRules,
        now: datetime,
        route: Route = ANY_ROUTE,
    ) -> list[Attempt]:
        """Reserve as many as there are free channels, in order.

        One transaction under the row locks of trunk and instance: open attempts are counted against
        `route.channels` and `channels`; guarded UPDATEs take the entries (WAITING -> CLAIMED) and, in the ledger,
        numbers and debtors (`rules`, local_day); of a candidate refused by any of them nothing stays.
        All candidates belong to one instance.
        """
        ...

    def dialed(self, attempt_ids: Sequence[str]) -> None:
        """The PBX accepted them: RESERVED -> DIALING; later states stay."""
        ...

    def withdraw(self, attempt_id: str, reason: str) -> bool:
        """The PBX certainly never got it: RESERVED -> WITHDRAWN, ledger gets the try back, entry WAITING."""
        ...

    def answered(self, attempt_id: str, now: datetime) -> Attempt | None:
        """RESERVED or DIALING -> ANSWERED. None: unknown or no longer open, nobody may be talked to."""
        ...

    def answered_many(self, asked: Sequence[tuple[str, datetime]]) -> dict[str, Attempt]:
        """`answered` for many, each at its own instant; those who may be talked to, by their ids."""
        ...

    def get(self, attempt_id: str) -> Attempt | None: ...

    def get_many(self, attempt_ids: Sequence[str]) -> dict[str, Attempt]:
        """Those that are known, by their ids."""
        ...

    def open_since(self, before: datetime) -> list[Attempt]:
        """Of all instances, reserved before that (after `clock_put_back` by what that said), oldest first."""
        ...

    def clock_put_back(self, after: datetime, now: datetime) -> int:
        """Open attempts reserved later than `after`, in the future of a clock put back since, count from now for
        `open_since`; how many. The ledger keeps the instant of the future: in doubt nobody is called."""
        ...

    def count_open(self, instance: str) -> int: ...


class Outcomes(Protocol):
    """The outcome table in the CDR database, and Asterisk's own `cdr` beside it (read only)."""

    def record(self, outcome: Outcome, step: NextStep, *, lost: bool = False) -> bool:
        """Write the outcome, end the attempt (LOST if `lost`), move its queue entry, store the block, the debtor's
        quiet period or his wish never to be called again, and the note for the ERP.

        One transaction, idempotent on the attempt id. False: it had one already, or what is to be LOST is no
        longer open (withdrawn meanwhile); nothing was changed.
        """
        ...

    def record_many(self, endings: Sequence[tuple[Outcome, NextStep]]) -> list[bool]:
        """`record` for many at once: all that can be written together in one transaction.

        An error leaves some of them unwritten, perhaps all; to record them again does no harm.
        """
        ...

    def block(self, block: Block, attempt_id: str, now: datetime) -> None:
        """Store a block at once (a key was pressed), before the call has ended. Idempotent."""
        ...

    def cdr_of(self, attempts: Mapping[str, datetime]) -> dict[str, CdrRow]:
        """CDR rows by attempt id, looked up by uniqueid and by the start of userfield near the given time."""
        ...

    def unmatched(self, before: datetime) -> list[Outcome]:
        """Outcomes that ended before then and whose CDR row has not been looked for with success yet."""
        ...

    def mark_cdr(self, found: Mapping[str, str], missing: Sequence[str]) -> None:
        """attempt id -> uniqueid of its row; and those that have none."""
        ...

    def tally(self, start: datetime, end: datetime, instance: str | None = None) -> list[TallyRow]: ...

    def listing(
        self, start: datetime, end: datetime, instance: str | None = None, limit: int = 1000
    ) -> list[OutcomeRow]:
        """Newest first."""
        ...


class Notes(Protocol):
    """What the ERP is to be told of calls; `Outcomes.record` adds them. Every change is guarded by the state."""

    def waiting(self, instance: str, limit: int) -> list[ErpNote]:
        """The oldest first."""
        ...

    def take(self, attempt_id: str, now: datetime) -> bool:
        """WAITING -> SENDING. Only who got True may send it."""
        ...

    def put_back(self, attempt_id: str, now: datetime) -> bool:
        """SENDING -> WAITING: the ERP was certainly not asked."""
        ...

    def sent(self, attempt_id: str, now: datetime) -> bool: ...

    def failed(self, attempt_id: str, error: str, now: datetime) -> bool: ...

    def give_up(self, instance: str, error: str, now: datetime) -> int:
        """SENDING -> FAILED: the caller holds the lock without which nobody sends, so their sender has died."""
        ...

    def unsent(self, instance: str | None = None, limit: int = 1000) -> list[ErpNote]:
        """All that are not SENT, the oldest first."""
        ...


class History(Protocol):
    """What explain, replay and plan read; nothing is written."""

    def client(self, instance: str, client_id: str) -> ClientFacts | None:
        """None: never seen. Of the do-not-call list: the lines that name the document or a number."""
        ...

    def owners(self, number: str) -> list[tuple[str, str]]:
        """(instance, client id) of all clients that have it, active or not."""
        ...

    def past(self, waiting: Waiting, before: datetime) -> Past:
        """What is kept of the time before that instant: of the entry, its debtor and all his numbers."""
        ...

    def endings(self, instance: str, start: datetime, end: datetime) -> list[HourRow]:
        """How calls that ended between the two (end excluded) ended, by the hour of the day in UTC."""
        ...

    def everybody(self, instance: str) -> Iterator[list[Waiting]]:
        """Who waits, then who is being called, in parts, as queued; without name, past outcomes and syncs."""
        ...


@dataclass(frozen=True, slots=True)
class Store:
    """The database, by subject. `worker.store.mariadb.open_store` and `worker.store.memory` build one."""

    catalogue: Catalogue
    overview: Overview
    alarms: Alarms
    queue: Queue
    attempts: Attempts
    outcomes: Outcomes
    runs: Runs
    presence: Presence
    do_not_call: DoNotCallList
    brakes: Brakes
    counts: Counts
    notes: Notes
    agent_results: AgentResults
    history: History
    payments: Payments
    heard: HeardCalls
