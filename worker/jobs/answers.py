"""One answer of the ERP, from its first page to the database: compared, doubted, and only then written."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Final, Generic

import structlog

from worker.catalogue_ports import Intake
from worker.core import queueing
from worker.core.billing import BillKey, Step
from worker.core.enums import Fate
from worker.core.model import Rejected
from worker.core.records import Change
from worker.errors import SourceBroken, SourceError
from worker.jobs.history import Report, alarmed
from worker.ports import BillSource, Can, Clock, Page, Progress, RowT, Watcher
from worker.store_ports import Store

log = structlog.get_logger(__name__)

KEPT: Final = 10_000  # rejected rows of one run that are stored; all are counted
SHOWN: Final = 1_000  # steps that a dry run keeps to be printed; all are counted
ASKED: Final = 2_000  # bills gone at once whose fate is asked; beyond, the source is believed


@dataclass(slots=True)
class Rejections:
    """Rows that could not be used: counted, and the first of them kept."""

    kept: list[Rejected] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, rejected: Sequence[Rejected]) -> None:
        self.counts.update(each.kind for each in rejected)
        self.kept += rejected[: max(0, KEPT - len(self.kept))]

    def told(self) -> dict[str, object]:
        """For the job history."""
        return {"rejected": self.counts.total(), **{f"rejected_{kind}": n for kind, n in self.counts.items()}}


@dataclass(frozen=True, slots=True)
class Doubt:
    """How far an answer is believed."""

    shrink_percent: int
    accept_shrink: bool = False  # an administrator has looked and says the smaller answer is right
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Answer(Generic[RowT]):
    """What is asked for one kind of row. `accept` takes a page's rows and gives those to be stored."""

    kind: str  # clients | bills | contracts
    instance: str
    pages: Iterator[Page[RowT]]
    accept: Callable[[Sequence[RowT]], Sequence[RowT]] = lambda rows: rows
    fates: Callable[[Iterator[BillKey]], Mapping[str, Fate]] = lambda _: {}


def take_in(
    answer: Answer[RowT], intake: Intake[RowT], doubt: Doubt, store: Store, clock: Clock, watch: Watcher
) -> Report:
    """Fetch to the end, then write the difference; an answer that is not whole raises before a row is written."""
    rejections, read, taken, began = Rejections(), 0, 0, clock()
    for page in answer.pages:
        rows = answer.accept(page.rows)
        intake.add(rows)
        rejections.add(page.rejected)
        _spare(intake, answer.kind, page.rejected)
        read += len(page.rows)
        taken += len(rows)
        watch(Progress(answer.kind, answer.instance, read, page.expected))
    fetched = clock()
    change = intake.difference()
    detail = {**rejections.told(), "left_out": read - taken}
    alarm = queueing.shrink_alarm(change.before, change.after, doubt.shrink_percent, answer.kind)
    if alarm and not doubt.accept_shrink:
        if not doubt.dry_run:
            store.alarms.raise_alarm(answer.instance, answer.kind, alarm.reason, clock())
        return alarmed(answer.kind, answer.instance, alarm)
    fates = answer.fates(intake.gone())
    if doubt.dry_run:
        return _rehearsed(answer, change, intake.steps(fates), rejections, detail)
    total = change.added + change.updated + change.removed

    def written(rows: int) -> None:
        watch(Progress(answer.kind, answer.instance, rows, total, "storing"))

    change = intake.apply(fates, clock(), written)
    stored = clock()
    store.alarms.over(answer.instance, answer.kind, stored)
    detail |= {"fetch_seconds": _seconds(began, fetched), "store_seconds": _seconds(fetched, stored)}
    if fates:
        detail |= {f"closed_{fate}": count for fate, count in Counter(fates.values()).items()}
    return Report(answer.kind, answer.instance, change=change, rejected=tuple(rejections.kept), detail=detail)


def _spare(intake: Intake[RowT], kind: str, rejected: Sequence[Rejected]) -> None:
    """A row that is there and cannot be read is no row that has gone."""
    own = [each for each in rejected if f"{each.kind}s" == kind]
    intake.spare([each.key for each in own if each.key])
    if not all(each.key for each in own):
        intake.spare_all()


def _seconds(began: datetime, ended: datetime) -> float:
    return round((ended - began).total_seconds(), 3)


def _rehearsed(
    answer: Answer[RowT], change: Change, steps: Iterator[Step], rejections: Rejections, detail: dict[str, object]
) -> Report:
    counts: Counter[str] = Counter()
    shown: list[Step] = []
    for step in steps:
        counts[step.verb] += 1
        if len(shown) < SHOWN:
            shown.append(step)
    return Report(
        answer.kind,
        answer.instance,
        "dry_run",
        change=change,
        rejected=tuple(rejections.kept),
        detail={**detail, **counts},
        steps=tuple(shown),
    )


def ask_fates(source: BillSource, gone: Iterator[BillKey], due_from: date, due_until: date) -> Mapping[str, Fate]:
    """What became of bills that a complete answer no longer holds, as far as the source tells.

    SourceBroken when the source says of one that it is still open: then its list was not whole.
    """
    if Can.FATES not in source.can or not (keys := list(islice(gone, ASKED))):
        return {}
    try:
        found = source.fates(keys, due_from, due_until)
    except SourceBroken:
        raise
    except SourceError as error:  # the list was whole; why they are gone is a nicety
        log.warning("fates", error=str(error))
        return {}
    if still := sorted(bill_id for bill_id, fate in found.items() if fate is Fate.OPEN):
        others = f" and {len(still) - 1} others" if len(still) > 1 else ""
        raise SourceBroken(
            f"the ERP's list left out bill {still[0]}{others}, which it calls open when asked; "
            "nothing was changed, sync again later"
        )
    return found
