"""What the jobs need of the database about clients, bills and contracts: answers taken in whole or not at all."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from decimal import Decimal
from typing import Protocol, TypeVar

from worker.core.billing import BillKey, Contract, Step
from worker.core.enums import Fate
from worker.core.model import Bill, Client, Debtor
from worker.core.records import AlarmRow, Answer, BlockedRow, Change, NumberRow, StandingRow

RowT_contra = TypeVar("RowT_contra", Client, Bill, Contract, contravariant=True)


class Intake(Protocol[RowT_contra]):
    """An answer on its way in. Nothing of it is seen by anyone before `apply`; dropping it forgets it."""

    def add(self, rows: Sequence[RowT_contra]) -> None:
        """Raises SourceBroken when an id came before."""
        ...

    def spare(self, keys: Sequence[str]) -> None:
        """Rows that the answer holds and that could not be read: what is stored under these ids stays as it is."""
        ...

    def spare_all(self) -> None:
        """The answer holds rows of which not even the id could be read: nothing is closed because of it."""
        ...

    def difference(self) -> Change:
        """What `apply` would do, as counts. The answer is taken to be complete from here on; no more `add`."""
        ...

    def gone(self) -> Iterator[BillKey]:
        """Bills stored as open and not in the answer, by ascending id. Empty for clients and contracts."""
        ...

    def steps(self, fates: Mapping[str, Fate]) -> Iterator[Step]:
        """What `apply` would do, row by row: opens and refreshes, then closes."""
        ...

    def apply(self, fates: Mapping[str, Fate], now: datetime, on_rows: Callable[[int], None]) -> Change:
        """Write the difference in bounded transactions; `on_rows` is told how many rows are written so far.

        A bill gone whose fate is not told is closed as LEFT_SOURCE. Raises SyncOvertaken when another intake
        of the same instance and kind was begun to be applied meanwhile: what it wrote stays.
        """
        ...


class Catalogue(Protocol):
    """Clients, bills and contracts as last seen whole.

    An intake is compared with what is stored when it is opened; hold the sync lock of the instance around it.
    """

    def clients_in(self, instance: str) -> AbstractContextManager[Intake[Client]]:
        """Clients not in the answer become inactive."""
        ...

    def bills_in(self, instance: str) -> AbstractContextManager[Intake[Bill]]:
        """Open bills not in the answer are closed, with their fate."""
        ...

    def contracts_in(self, instance: str) -> AbstractContextManager[Intake[Contract]]:
        """Contracts not in the answer are removed."""
        ...

    def replace_clients(self, instance: str, clients: Iterable[Client], now: datetime) -> Change:
        """The same in one go, of a complete answer."""
        ...

    def replace_bills(self, instance: str, bills: Iterable[Bill], now: datetime) -> Change: ...

    def replace_contracts(self, instance: str, contracts: Iterable[Contract], now: datetime) -> Change: ...

    def replace_client_types(self, instance: str, types: Iterable[tuple[str, str]], now: datetime) -> Change:
        """(id, name) pairs."""
        ...


class Overview(Protocol):
    """Questions about clients, bills and contracts as they are stored."""

    def client_types(self, instance: str) -> dict[str, str]:
        """Id -> name."""
        ...

    def answer(self, instance: str, kind: str) -> Answer | None:
        """The last one stored of `clients`, `bills` or `contracts`."""
        ...

    def count_clients(self, instance: str) -> int:
        """Active clients."""
        ...

    def count_bills(self, instance: str) -> int:
        """Open bills."""
        ...

    def debtors(self, instance: str, due_from: date, due_until: date, today: date) -> list[Debtor]:
        """Active clients with open bills due in that span (both included), oldest debt first, then client_id.

        Left out: clients not collectable, and clients one of whose contracts wants no notice until today or later.
        """
        ...

    def open_bills(self, instance: str, client_id: str) -> list[Bill]:
        """Of one client, oldest first, then bill_id."""
        ...

    def open_bills_of(self, instance: str, client_ids: Sequence[str]) -> dict[str, list[Bill]]:
        """Of several clients by one question, each as `open_bills` says it; also of those who have none."""
        ...

    def settle(self, instance: str, fates: Mapping[str, Fate], now: datetime) -> int:
        """Close single open bills that the source was asked about. Rows closed."""
        ...

    def restate(self, instance: str, owed: Mapping[str, Decimal], now: datetime) -> int:
        """Open bills that owe another amount than is stored; the next sync looks at them anew. Rows changed.

        Their interest, reckoned on the other amount, is forgotten.
        """
        ...

    def numbers(self, instance: str, *, shared: bool, repaired: bool, limit: int) -> list[NumberRow]:
        """Numbers of active clients that several of them share, or that were repaired, or both, by number."""
        ...

    def standings(self, instance: str) -> list[StandingRow]:
        """Open bills of active clients, by due day."""
        ...

    def blocked(self, instance: str, today: date) -> list[BlockedRow]:
        """Blocked contracts, each with its client and that client's oldest bill overdue; longest blocked first."""
        ...


class Alarms(Protocol):
    """Answers that could not be believed, until a person has seen them."""

    def raise_alarm(self, instance: str, kind: str, reason: str, now: datetime) -> int:
        """A new one, or one more time of the one not over yet. Its id."""
        ...

    def over(self, instance: str, kind: str, now: datetime) -> None:
        """An answer of this kind was believed again."""
        ...

    def listing(self, *, everything: bool = False) -> list[AlarmRow]:
        """Those not acknowledged, newest first; `everything`: the last hundred."""
        ...

    def acknowledge(self, alarm_id: int, by: str, now: datetime) -> bool:
        """False: there is no such alarm that is not acknowledged."""
        ...
