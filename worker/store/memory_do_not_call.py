"""The do-not-call list: the twin in memory. `Tables.issabel` stands for Issabel's own list."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from worker.core.do_not_call import DoNotCall, Search, counts_until
from worker.core.issabel_list import IssabelList, line_of, marked, read_list
from worker.core.model import Waiting
from worker.store import rows
from worker.store.do_not_call import opt_out, stored
from worker.store.memory_tables import Tables


class MemoryDoNotCall:
    """`worker.dialling_ports.DoNotCallList`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def put(
        self, lines: Callable[[], Iterable[DoNotCall]], now: datetime, *, replaces: tuple[str, str] | None = None
    ) -> int:
        rows.utc(now)
        with self._tables.mutex:
            fresh: dict[tuple[str, str, str, str], DoNotCall] = {}
            for line in lines():
                kept = stored(line, now)
                twice = fresh.get(kept.key)
                fresh[kept.key] = replace(kept, expires_on=counts_until([twice, kept])) if twice else kept
            kept_lines = self._tables.do_not_call
            for key, line in fresh.items():
                known = kept_lines.get(key)
                kept_lines[key] = replace(line, added_at=known.added_at) if known else line
            if replaces is None:
                return 0
            gone = [key for key, line in kept_lines.items() if _whose(line) == replaces and key not in fresh]
            self._tables.wake_removed([kept_lines.pop(key) for key in gone])
            return len(gone)

    def remove(self, search: Search, *, opt_outs: bool) -> list[DoNotCall]:
        with self._tables.mutex:
            gone = self._ours(search)
            for line in gone:
                del self._tables.do_not_call[line.key]
            if opt_outs:
                forgiven = self._opt_outs(search)
                numbers = {line.number for line in forgiven}
                for key, block in list(self._tables.blocks.items()):
                    if block.reason == "opt_out" and block.number in numbers:
                        del self._tables.blocks[key]
                gone += forgiven
            self._tables.wake_removed(gone)
            return gone

    def listing(self, search: Search, limit: int) -> list[DoNotCall]:
        with self._tables.mutex:
            found = [*self._ours(search), *self._opt_outs(search)]
            if search.number and self._issabel().lists(search.number):
                found += filter(search.finds, [line_of(search.number)])
            return found[:limit]

    def count(self, source: str, instance: str) -> int:
        with self._tables.mutex:
            return sum(_whose(line) == (source, instance) for line in self._tables.do_not_call.values())

    def known(self, lines: Sequence[DoNotCall]) -> int:
        with self._tables.mutex:
            return sum(line.key in self._tables.do_not_call for line in lines)

    def why_unreadable(self) -> str:
        return self._tables.issabel_unreadable

    def issabel(self) -> tuple[int, int] | None:
        if self._tables.issabel is None:
            return None
        return self._issabel().lines, self._issabel().unreadable

    def _issabel(self) -> IssabelList:
        return read_list(self._tables.issabel or ())

    def _ours(self, search: Search) -> list[DoNotCall]:
        found = sorted(self._tables.do_not_call.values(), key=lambda line: line.key)
        return [line for line in found if search.finds(line)]

    def _opt_outs(self, search: Search) -> list[DoNotCall]:
        numbers = {block.number for block in self._tables.blocks.values() if block.reason == "opt_out"}
        return [line for number in sorted(numbers) if search.finds(line := opt_out(number, None))]


def with_lists(tables: Tables, instance: str, waiting: Waiting) -> Waiting:
    """The debtor, with the lines that name him: ours, and Issabel's. The caller holds the mutex."""
    numbers = {phone.number for phone in waiting.phones}
    lines = [
        line
        for line in sorted(tables.do_not_call.values(), key=lambda one: one.key)
        if line.instance in ("", instance)
        and ((line.number and line.number in numbers) or (line.document and line.document == waiting.document))
    ]
    return marked(replace(waiting, do_not_call=tuple(lines)), read_list(tables.issabel or ()))


def _whose(line: DoNotCall) -> tuple[str, str]:
    return line.source, line.instance
