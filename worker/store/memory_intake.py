"""The intake's twin in memory: the same contract, a dict for the answer and one for what is stored."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic

from worker.core.billing import BillKey, Step
from worker.core.enums import Fate, Verb
from worker.core.model import Bill
from worker.core.records import Change
from worker.errors import SourceBroken, SyncOvertaken
from worker.store import rows
from worker.store.shelves import RowT


@dataclass(frozen=True, slots=True)
class Place(Generic[RowT]):
    """Where one kind of row is kept for one instance."""

    kind: str
    instance: str
    key: Callable[[RowT], str]
    tidy: Callable[[RowT], RowT]
    stored: Callable[[], dict[str, RowT]]
    put: Callable[[str, RowT], None]
    remove: Callable[[str, Fate], None]
    begin: Callable[[], None]
    end: Callable[[datetime, int], None]


@dataclass(slots=True)
class MemoryIntake(Generic[RowT]):
    """`worker.catalogue_ports.Intake`. `owner`: whose turn it is, by instance and kind."""

    place: Place[RowT]
    owner: dict[tuple[str, str], object]
    token: object = field(default_factory=object)
    answer: dict[str, RowT] = field(default_factory=dict)
    spared: set[str] = field(default_factory=set)
    spares_all: bool = False

    def __post_init__(self) -> None:
        self.owner[self.place.instance, self.place.kind] = self.token

    def add(self, rows: Sequence[RowT]) -> None:
        for row in rows:
            key = self.place.key(row)
            if key in self.answer:
                raise SourceBroken(
                    f"the ERP listed {self.place.kind} {key} twice; its answer cannot be trusted, sync again later"
                )
            self.answer[key] = self.place.tidy(row)

    def spare(self, keys: Sequence[str]) -> None:
        self.spared.update(keys)

    def spare_all(self) -> None:
        self.spares_all = True

    def _gone(self) -> dict[str, RowT]:
        """By ascending key."""
        if self.spares_all:
            return {}
        stored = sorted(self.place.stored().items())
        return {key: row for key, row in stored if key not in self.answer and key not in self.spared}

    def difference(self) -> Change:
        stored = self.place.stored()
        added = sum(key not in stored for key in self.answer)
        updated = sum(key in stored and stored[key] != row for key, row in self.answer.items())
        removed = len(self._gone())
        return Change(len(stored), len(stored) + added - removed, added, updated, removed)

    def gone(self) -> Iterator[BillKey]:
        return (BillKey(key, row.client_id) for key, row in self._gone().items() if isinstance(row, Bill))

    def steps(self, fates: Mapping[str, Fate]) -> Iterator[Step]:
        stored = self.place.stored()
        for key, row in sorted(self.answer.items()):
            if stored.get(key) != row:
                yield Step(Verb.REFRESH if key in stored else Verb.OPEN, key)
        for key, old in self._gone().items():
            yield Step(Verb.CLOSE, key, fates.get(key, Fate.LEFT_SOURCE) if isinstance(old, Bill) else None)

    def apply(self, fates: Mapping[str, Fate], now: datetime, on_rows: Callable[[int], None]) -> Change:
        rows.utc(now)
        if self.owner[self.place.instance, self.place.kind] is not self.token:
            raise SyncOvertaken(
                f"another sync of {self.place.instance} took over while {self.place.kind} were stored; "
                "run this one again"
            )
        change = self.difference()
        self.place.begin()
        for written, step in enumerate(list(self.steps(fates)), 1):
            if step.verb is Verb.CLOSE:
                self.place.remove(step.key, step.fate or Fate.LEFT_SOURCE)
            else:
                self.place.put(step.key, self.answer[step.key])
            on_rows(written)
        self.place.end(now, change.after)
        return change
