"""Callers that come at the same moment share one transaction: many calls end with one commit."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from worker.errors import StoreUnavailable

T = TypeVar("T")
R = TypeVar("R")

MOST = 100  # items a transaction: a few milliseconds, so that nobody on the line waits for the others
CROWD_SECONDS = 0.02  # another thread came this shortly before: more are coming, it pays to wait for them a moment
GATHER_SECONDS = 0.01


class _Caller(Generic[T, R]):
    """One call: its item, then its result or its error."""

    def __init__(self, item: T) -> None:
        self.item = item
        self.turn = threading.Lock()  # freed when it has been served, or is the one to serve the next group
        self.turn.acquire()
        self.results: Sequence[R] = ()
        self.error: Exception | None = None
        self.served = False


class Group(Generic[T, R]):
    """`do` blocks until its own item is committed, as if it were alone; it has no thread of its own.

    Whoever finds nobody at work serves at once, and those who come meanwhile are the next group, served by the
    first of them. Only in a crowd, several threads within milliseconds, is a moment given to others.
    """

    def __init__(self, work: Callable[[Sequence[T]], Sequence[R]], most: int = MOST) -> None:
        """`work` commits all items or none and gives a result for each, in order."""
        self._work, self._most = work, most
        self._waiting: deque[_Caller[T, R]] = deque()
        self._busy = False
        self._last = (0, float("-inf"))  # thread and instant of the last arrival
        self._lock = threading.Lock()

    def do(self, item: T) -> R:
        """The item's result. An item that cannot be stored fails alone; a database that is gone fails for all."""
        me: _Caller[T, R] = _Caller(item)
        thread, now = threading.get_ident(), time.monotonic()
        with self._lock:
            crowd = self._last[0] != thread and now - self._last[1] < CROWD_SECONDS
            self._last = thread, now
            self._waiting.append(me)
            first, self._busy = not self._busy, True
        if not first:
            me.turn.acquire()
        if not me.served:
            if crowd:
                time.sleep(GATHER_SECONDS)
            self._serve()
        if me.error is None:
            return me.results[0]
        if isinstance(me.error, StoreUnavailable):
            raise StoreUnavailable(str(me.error)) from None  # an exception of one's own: tracebacks are not shared
        return self._work([item])[0]

    def _serve(self) -> None:
        with self._lock:
            callers = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            self._run(callers)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                self._busy = following is not None
            for caller in callers:
                caller.served = True
                caller.turn.release()
            if following is not None:
                following.turn.release()

    def _run(self, callers: Sequence[_Caller[T, R]]) -> None:
        try:
            results = self._work([caller.item for caller in callers])
            for caller, result in zip(callers, results, strict=True):
                caller.results = (result,)
        except Exception as error:
            for caller in callers:
                caller.error = error
        except BaseException:
            for caller in callers:
                caller.error = StoreUnavailable("The program is ending.")
            raise
