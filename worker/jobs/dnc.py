"""The do-not-call list kept: a line added or removed by a person, and whole lists imported.

An import reads the file to its end before it writes a line, and writes in one transaction: all or nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from worker.core.dnc_rows import Columns, ListRow, NotRead, columns_of, read_row
from worker.core.do_not_call import ISSABEL_SOURCE, OPT_OUT_SOURCE, RESERVED, DoNotCall, Search
from worker.core.model import Rejected
from worker.core.records import Change
from worker.errors import SourceBroken, UsageError
from worker.jobs.dnc_file import ListFile, look_at
from worker.jobs.history import Report, recorded
from worker.ports import Clock, Progress, Watcher
from worker.store_ports import Store

JOB: Final = "dnc_import"
LOCK: Final = "collector:dnc"
SHRINK_PERCENT: Final = 30
SHOWN: Final = 1000  # bad lines kept with the history; all are counted
PART: Final = 1000
FEW: Final = 1000  # lines that one number or person can stand on

_Fields = Iterator[tuple[int, list[str]]]


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What is to be done with a list."""

    path: Path
    source: str
    instance: str = ""  # empty: nobody may call
    reason: str = ""  # of lines that give none
    default_ddd: str = ""
    replace: bool = False
    accept_shrink: bool = False
    accept_bad: bool = False
    dry_run: bool = False


@dataclass(slots=True)
class Survey:
    """What the first reading found."""

    rows: int = 0
    lines: int = 0  # different ones
    known: int = 0  # of them, those that are listed already
    bad: int = 0  # rows of which a number or document cannot be read
    odd: int = 0
    told: list[Rejected] = field(default_factory=list)

    def tell(self, number: int, row: ListRow) -> None:
        self.rows += 1
        self.bad += bool(row.bad)
        self.odd += bool(row.odd)
        for kind, reasons in (("dnc", row.bad), ("expiry", row.odd)):
            if len(self.told) < SHOWN:
                self.told += [Rejected(kind, f"line {number}", reason) for reason in reasons]


def checked_source(source: str) -> str:
    """UsageError for a name that means something else in the list."""
    if not source or source.casefold() in RESERVED:
        raise UsageError(
            f"a source cannot be called {source!r}: name the list or the person, for instance procon-sp"
        )
    return source


def add(store: Store, clock: Clock, lines: Sequence[DoNotCall]) -> None:
    """List them from now on; lines of the same source are renewed."""
    store.do_not_call.put(lambda: lines, clock())


def remove(store: Store, search: Search, *, force: bool) -> list[DoNotCall]:
    """What was taken out. UsageError when that is nothing, or would take somebody's own wish back unasked."""
    found = store.do_not_call.listing(search, FEW)
    if any(line.source == OPT_OUT_SOURCE for line in found) and not force:
        raise UsageError(
            "the callee asked in a call never to be called again (tecla 9), so nothing was removed: "
            "only with --force is that taken back too"
        )
    removed = store.do_not_call.remove(search, opt_outs=force)
    if not removed:
        only_there = any(line.source == ISSABEL_SOURCE for line in found)
        where = (
            "it is on Issabel's own list alone: remove it there"
            if only_there
            else "`collector dnc list` shows all"
        )
        raise UsageError(f"nothing was removed: no such line is on our list; {where}")
    return removed


def import_list(
    plan: ImportPlan, store: Store, clock: Clock, watch: Watcher, first_time: Callable[[str], bool]
) -> Report:
    """One run, in the history. `first_time`: whether a key is seen for the first time, in little memory a key."""

    def work() -> Report:
        with store.presence.lock(LOCK) as mine:
            if not mine:
                raise SourceBroken("another list is being imported now: try again when it has ended")
            return _import(_Import(plan, store, clock, watch), first_time)

    return recorded(store.runs, clock, JOB, plan.instance, work)


def _import(job: "_Import", first_time: Callable[[str], bool]) -> Report:
    plan, listed = job.plan, job.store.do_not_call
    file = look_at(plan.path)
    survey = job.survey(file, first_time)
    before = listed.count(plan.source, plan.instance)
    job.doubt(survey, before)
    gone = before - survey.known if plan.replace else 0
    added = survey.lines - survey.known
    change = Change(before, before + added - gone, added, 0, gone)
    detail: dict[str, object] = {
        "source": plan.source, "lines": survey.rows, "bad": survey.bad, "without_last_day": survey.odd,
        "renewed": survey.known,
    }  # fmt: skip
    told = tuple(survey.told)
    if plan.dry_run:
        return Report(JOB, plan.instance, "dry_run", change, told, detail=detail)
    whose = (plan.source, plan.instance) if plan.replace else None
    listed.put(lambda: job.lines(file), job.clock(), replaces=whose)
    return Report(JOB, plan.instance, "done", change, told, detail=detail)


@dataclass(frozen=True, slots=True)
class _Import:
    plan: ImportPlan
    store: Store
    clock: Clock
    watch: Watcher

    def survey(self, file: ListFile, first_time: Callable[[str], bool]) -> Survey:
        survey = Survey()
        part: list[DoNotCall] = []
        for number, row in self._rows(file):
            survey.tell(number, row)
            part += [line for line in self._own(row) if first_time(line.number or line.document)]
            if len(part) >= PART:
                self._count(survey, part)
                part = []
        self._count(survey, part)
        return survey

    def lines(self, file: ListFile) -> Iterable[DoNotCall]:
        for _, row in self._rows(file):
            yield from self._own(row)

    def doubt(self, survey: Survey, before: int) -> None:
        """SourceBroken when the list cannot be believed; nothing has been written yet."""
        plan = self.plan
        if not survey.lines:
            raise SourceBroken(
                f"{plan.path} lists nobody ({survey.bad} lines cannot be read): nothing was changed"
            )
        if not plan.replace:
            return
        if survey.bad and not plan.accept_bad:
            first = next(
                (f", the first {one.source_id} ({one.reason})" for one in survey.told if one.kind == "dnc"), ""
            )
            raise SourceBroken(
                f"{survey.bad} lines of {plan.path} cannot be read{first}: whom they name would be taken out; "
                "mend them, import without --replace, or say --accept-bad"
            )
        if before and survey.lines * 100 < before * (100 - SHRINK_PERCENT) and not plan.accept_shrink:
            raise SourceBroken(
                f"{plan.path} names {survey.lines}, where {before} are listed of {plan.source}: more than "
                f"{SHRINK_PERCENT} % fewer; look at the file, and if it is right, say --accept-shrink"
            )

    def _rows(self, file: ListFile) -> Iterator[tuple[int, ListRow]]:
        columns: Columns | None = None
        for number, fields in file.rows():
            if columns is None:
                columns, is_header = self._columns(fields)
                if is_header:
                    continue
            yield number, read_row(fields, columns, default_ddd=self.plan.default_ddd)

    def _columns(self, first: list[str]) -> tuple[Columns, bool]:
        try:
            return columns_of(first, self.plan.default_ddd)
        except NotRead as why:
            raise SourceBroken(f"the first line of {self.plan.path} {why}") from None

    def _own(self, row: ListRow) -> Iterator[DoNotCall]:
        plan = self.plan
        for line in row.lines:
            yield replace(line, instance=plan.instance, source=plan.source, reason=line.reason or plan.reason)

    def _count(self, survey: Survey, part: list[DoNotCall]) -> None:
        survey.lines += len(part)
        survey.known += self.store.do_not_call.known(part)
        self.watch(Progress(JOB, self.plan.instance or "all", survey.rows))
