"""Celery's consumer as we need it: an acknowledgement that fails is taken for what it is, a broker lost."""

from collections.abc import Callable
from functools import partial
from typing import Any

import structlog
from celery.worker.consumer import Consumer

log = structlog.get_logger(__name__)


class SideConsumer(Consumer):  # type: ignore[misc]  # Celery ships no types
    """Celery's own logs such a failure and goes on. The line to Redis is closed by then, so nobody ever reads from
    it that the broker went, and the job takes up its place for ever: with all places taken, nothing runs again."""

    def call_soon_ack(self, answer: Callable[..., None], *args: Any) -> Any:
        return super().call_soon_ack(partial(self._answer, answer), *args)

    def _answer(self, answer: Any, logger: Any, errors: tuple[type[Exception], ...], *args: Any) -> None:
        """`answer`: a message's `ack_log_error` or `reject_log_error`; it raises what is not among its errors."""
        try:
            answer(logger, (), *args)
        except errors as error:
            log.warning("side work may run again: the broker went before it heard of its end", error=str(error))
            self.hub.timer.call_after(0, self._lost, (answer.__self__.channel, error))

    def _lost(self, channel: object, error: Exception) -> None:
        """From the loop itself an error makes Celery connect anew; while it does so it would break that off. Hence
        the timer, which then finds another line."""
        if self.task_consumer is not None and self.task_consumer.channel is channel:
            raise error
