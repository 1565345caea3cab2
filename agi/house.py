"""How an instance talks, and what its conversations may ask of the house: from settings and store."""

import structlog

from agi.plan import ConversationPlan, Flow, OnDoubt, OnMachine
from worker import convert_talk
from worker.core.model import Attempt
from worker.errors import CollectorError
from worker.ports import Clock
from worker.settings import Instance
from worker.store_ports import Store

log = structlog.get_logger(__name__)


def plan(instance: Instance) -> ConversationPlan:
    """How an instance talks."""
    talk = instance.conversation
    return ConversationPlan(
        talk.key_wait_seconds,
        talk.confirm,
        Flow(talk.flow),
        convert_talk.offers(instance),
        OnMachine(talk.answering.machine),
        OnDoubt(talk.answering.not_sure),
    )


class StoreDesk:
    """Implements agi.plan.Desk for one call."""

    def __init__(self, store: Store, attempt: Attempt, clock: Clock) -> None:
        self._store, self._attempt, self._clock = store, attempt, clock

    def pay_line(self) -> str:
        one = self._attempt
        try:
            return self._store.payments.line(one.instance, one.client_id)
        except CollectorError as problem:
            log.error("no digitable line", attempt=one.attempt_id, problem=str(problem))
            return ""

    def send(self) -> bool:
        one = self._attempt
        try:
            self._store.payments.request(one.attempt_id, one.instance, one.client_id, one.number, self._clock())
        except CollectorError as problem:
            log.error("nothing will be sent", attempt=one.attempt_id, problem=str(problem))
            return False
        return True
