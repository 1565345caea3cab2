"""What arrives piece by piece, gathered for a moment and worked on together by one thread."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, TypeVar

T = TypeVar("T")

MOST: Final = 100  # at a time: a transaction of a few milliseconds


class Gatherer(Generic[T]):
    """`put` never blocks. `stop` returns when all that was put has been worked on."""

    def __init__(self, name: str, seconds: float, work: Callable[[Sequence[T]], Iterable[T]]) -> None:
        """`work` must not raise; what it returns is to be looked at again, before all that has come since."""
        self._name, self._seconds, self._work = name, seconds, work
        self._waiting: deque[T] = deque()
        self._changed = threading.Condition()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name=self._name)
        self._thread.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def put(self, item: T) -> None:
        with self._changed:
            self._waiting.append(item)
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._waiting) or self._stopping)
                if not self._waiting:
                    return
            time.sleep(self._seconds)
            with self._changed:
                items = [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]
            again = list(self._work(items))
            with self._changed:
                self._waiting.extendleft(reversed(again))
