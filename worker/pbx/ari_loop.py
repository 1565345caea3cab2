"""One event loop in one thread, owned by the ARI client: blocking callers hand it work and wait, not for ever."""

import asyncio
import concurrent.futures
import selectors
import threading
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from worker.errors import PbxUnavailable

T = TypeVar("T")
GRACE = 2.0  # seconds beyond the work's own deadline before the caller stops waiting for the loop itself
CLOSING_SECONDS = 0.02  # connections given up are closed some steps of the loop later
JOIN_SECONDS = 10.0
BUSY_SECONDS = 0.005  # it was woken so shortly before: more is coming
GATHER_SECONDS = 0.005

log = structlog.get_logger(__name__)


class Gathering(selectors.DefaultSelector):
    """Wakes a busy loop every few milliseconds for all that has come, instead of at once for each piece.

    Under load every event of a call would cost a wake-up of its own, and a handover of the interpreter lock.
    """

    def __init__(self) -> None:
        super().__init__()
        self._woke = float("-inf")

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if (timeout is None or timeout >= GATHER_SECONDS) and time.monotonic() - self._woke < BUSY_SECONDS:
            time.sleep(GATHER_SECONDS)
            timeout = None if timeout is None else timeout - GATHER_SECONDS
        ready = super().select(timeout)
        self._woke = time.monotonic()
        return ready


class LoopThread:
    """`start`, then `run` from any other thread; `close` cancels what is left and joins the thread."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._pending: set[concurrent.futures.Future[Any]] = set()
        self._lock = threading.Lock()

    @property
    def running(self) -> bool:
        return self._loop is not None

    def start(self) -> None:
        """RuntimeError when it runs already."""
        if self._loop is not None:
            raise RuntimeError("this event loop has already been started")
        loop = self._loop = asyncio.SelectorEventLoop(Gathering())
        self._thread = threading.Thread(target=self._serve, args=(loop,), name=self._name, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T], seconds: float) -> T:
        """The result of `work`, which keeps its own deadline of `seconds`. Raises PbxUnavailable when stopped."""
        with self._lock:
            loop = self._loop
            if loop is None:
                work.close()
                raise PbxUnavailable("the ARI client is not started, or already closed")
            if threading.current_thread() is self._thread:
                work.close()
                raise RuntimeError("a blocking ARI call was made on the ARI client's own thread")
            future = asyncio.run_coroutine_threadsafe(work, loop)
            self._pending.add(future)
        try:
            return future.result(seconds + GRACE)
        except concurrent.futures.TimeoutError:
            future.cancel()
            raise PbxUnavailable(f"the ARI client gave no answer within {seconds + GRACE:g} s") from None
        except concurrent.futures.CancelledError:
            raise PbxUnavailable("the ARI client was closed during the request") from None
        finally:
            with self._lock:
                self._pending.discard(future)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Start work nobody waits for; from any thread. Dropped when the loop is closed."""
        with self._lock:
            loop = self._loop
            if loop is None:
                work.close()
                return
            loop.call_soon_threadsafe(self._keep, loop, work)

    def close(self) -> None:
        """Cancel everything, wait for the thread. May be called again."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is None or self._thread is None:
            return
        loop.call_soon_threadsafe(loop.stop)
        self._thread.join(JOIN_SECONDS)
        with self._lock:
            for future in self._pending:  # nobody may wait for a loop that is gone
                future.cancel()

    def _keep(self, loop: asyncio.AbstractEventLoop, work: Coroutine[Any, Any, None]) -> None:
        task = loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("ARI background work failed", problem=type(error).__name__, exc_info=error)

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            left = asyncio.all_tasks(loop)
            for task in left:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(asyncio.sleep(CLOSING_SECONDS))
        finally:
            asyncio.set_event_loop(None)
            loop.close()
