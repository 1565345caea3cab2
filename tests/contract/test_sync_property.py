"""Whatever the ERP answers, and whenever we die: what is open is what its last whole answer said."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.contract.sync_bed import BILLS, CLIENTS, Rows, Seen, seen_in_mariadb, seen_in_memory
from tests.lab.mariadb import PrivateMariaDb
from tests.unit.world import Clock, Source, bill, client, sync_plan
from worker.core.enums import Fate
from worker.core.model import Bill, Client, Rejected
from worker.errors import SourceUnavailable
from worker.jobs import sync
from worker.ports import Progress
from worker.store import intake
from worker.store.mariadb import OpenStore

ROWS = 12
PERCENT = 30  # fewer rows than that much fewer are not believed
SERIAL = count(1)

WHOLE, RAISES, TWICE, DIES, LEFT_OUT, UNREADABLE = "whole", "raises", "twice", "dies", "left out", "unreadable"


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: which rows with which figures, and what befalls it at which place."""

    rows: dict[int, int]  # number -> figure
    fate: str = WHOLE
    place: int = 0
    accepted: bool = False  # an administrator has looked


class Died(Exception):
    """The process ended here."""


rows = st.dictionaries(st.integers(0, ROWS - 1), st.integers(1, 3), max_size=ROWS)
answers = st.builds(
    Said,
    st.one_of(rows, rows.map(lambda some: dict.fromkeys(range(ROWS), 1) | some)),  # many of nearly all rows
    st.sampled_from((WHOLE, WHOLE, WHOLE, RAISES, TWICE, DIES, DIES, LEFT_OUT, UNREADABLE)),
    st.integers(0, ROWS - 1),
    st.booleans(),
)
histories = st.lists(answers, min_size=1, max_size=7)


@pytest.fixture(scope="module", autouse=True)
def small_transactions() -> Iterator[None]:
    """As if a dozen bills were a hundred thousand: they take several transactions and pages of digests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "CHUNK", 2)
        patch.setattr(intake, "PAGE", 3)
        yield


def _bill(number: int, figure: int) -> Bill:
    return bill(number, amount=f"{figure}0.00")


def _client(number: int, figure: int) -> Client:
    return replace(client(number), name=f"Cliente {figure}")


@dataclass
class Life:
    """One instance, and what it went through."""

    seen: Seen
    job: str
    instance: str
    clock: Clock

    def open(self) -> Rows:
        return self.seen.rows(self.job, self.instance)

    def rows_of(self, said: Said) -> Rows:
        if self.job == BILLS:
            return {f"b{n}": _bill(n, figure).open_amount for n, figure in said.rows.items()}
        made = (_client(n, figure) for n, figure in said.rows.items())
        return {one.client_id: (one.name, frozenset(phone.number for phone in one.phones)) for one in made}

    def source(self, said: Said) -> Source:
        source = Source([], [])
        if self.job == BILLS:
            source.bill_rows = [_bill(*each) for each in said.rows.items()]
        else:
            source.client_rows = [_client(*each) for each in said.rows.items()]
        if said.fate == RAISES:
            source.breaks = (self.job, said.place % (len(said.rows) // 2 + 1), SourceUnavailable("gone for lunch"))
        elif said.fate == TWICE and said.rows:
            self._repeat(source, said)
        elif said.fate == LEFT_OUT:
            source.gone = {f"b{n}": Fate.OPEN for n in range(ROWS)}
        elif said.fate == UNREADABLE and self.job == BILLS:
            source.bill_rows = [one for one in source.bill_rows if one.bill_id != f"b{said.place}"]
            source.rejected = (Rejected("bill", f"b{said.place}", "its amount is none"),)
        return source

    def _repeat(self, source: Source, said: Said) -> None:
        """Half of them with other figures than the first time."""
        number = list(said.rows)[said.place % len(said.rows)]
        figure = said.rows[number] + said.place % 2
        if self.job == BILLS:
            source.bill_rows.append(_bill(number, figure))
        else:
            source.client_rows.append(_client(number, figure))

    def hear(self, said: Said) -> str:
        """The status of the run; `died` when the process did not live to write it."""
        stored = count()

        def watch(step: Progress) -> None:
            if step.note == "storing" and said.fate == DIES and next(stored) == said.place % 4:
                raise Died

        self.clock.move(minutes=1)
        plan = sync_plan(instance=self.instance, accept_shrink=said.accepted)
        fetch = sync.fetch_bills if self.job == BILLS else sync.fetch_clients
        with suppress(Died):
            return fetch(sync.Sync(plan, self.source(said), self.seen.store, self.clock, watch)).status
        return "died"

    def expected(self, said: Said, before: Rows, told: Rows) -> tuple[str, Rows]:
        """Status and rows afterwards, if nobody dies."""
        gone = before.keys() - told.keys()
        if said.fate == RAISES and (self.job == BILLS or said.rows) and self._reaches(said):
            return "failed", before
        if said.fate == TWICE and said.rows:
            return "failed", before
        if not said.accepted and _shrinks(len(before), len(told)):
            return "alarm", before
        if said.fate == LEFT_OUT and self.job == BILLS and gone:
            return "failed", before
        return "done", told

    def _reaches(self, said: Said) -> bool:
        """Whether there is the page on which the source breaks: pages are of two rows."""
        return said.place % (len(said.rows) // 2 + 1) < (len(said.rows) + 1) // 2


def _shrinks(before: int, after: int) -> bool:
    return (before > 0 and after == 0) or (before - after) * 100 > before * PERCENT


def live(life: Life, history: list[Said]) -> None:
    for said in history:
        before, told = life.open(), life.rows_of(said)
        if said.fate == UNREADABLE and life.job == BILLS:
            told.pop(f"b{said.place}", None)
            told |= {key: row for key, row in before.items() if key == f"b{said.place}"}
        status = life.hear(said)
        after, answer = life.open(), life.seen.store.overview.answer(life.instance, life.job)
        if status == "died":
            assert {key: row for key, row in before.items() if told.get(key) == row}.items() <= after.items()
            assert all(row in (before.get(key), told.get(key)) for key, row in after.items())
            assert answer is None or answer.applying
        else:
            assert life.expected(said, before, told) == (status, after)
            assert status != "done" or (answer is not None and not answer.applying and len(told) == answer.rows)
    last = Said(dict.fromkeys(range(ROWS), 2))
    assert "done" == life.hear(last)
    assert life.rows_of(last) == life.open()


@pytest.mark.parametrize("job", [BILLS, CLIENTS])
@settings(max_examples=150, deadline=None)
@given(history=histories)
def test_what_is_open_is_what_the_last_whole_answer_said(job: str, history: list[Said]) -> None:
    live(Life(seen_in_memory(), job, "fibra", Clock()), history)


@pytest.mark.parametrize("job", [BILLS, CLIENTS])
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=histories)
def test_the_same_in_mariadb(job: str, server: PrivateMariaDb, opened: OpenStore, history: list[Said]) -> None:
    with server.connect() as connection, connection.cursor() as cursor:
        live(Life(seen_in_mariadb(opened, cursor), job, f"p{next(SERIAL)}", Clock()), history)
