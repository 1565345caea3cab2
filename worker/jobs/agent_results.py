"""A result told by an agent: written down first, then what follows from it, at once or when the call has ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from worker.core.agent_result import AgentResult
from worker.core.alternates import others_left
from worker.core.do_not_call import DoNotCall
from worker.core.enums import Result
from worker.core.erp_note import ErpNote, NoteState
from worker.core.instant import local_day
from worker.core.model import LedgerRules, NextStep
from worker.core.retry import USUAL, next_step
from worker.core.retry_table import RetryTable
from worker.core.tables import zone_of
from worker.ports import Clock
from worker.store_ports import Store

AT_ONCE = 500  # results a run
SOURCE = "atendente"  # who says so, in the do-not-call list
ASKED = "asked an agent never to be called again"


@dataclass(frozen=True, slots=True)
class Terms:
    """What an instance's rules make of a result."""

    rules: LedgerRules = field(default_factory=LedgerRules)
    retry: RetryTable = USUAL


NO_TERMS: Mapping[str, Terms] = MappingProxyType({})


def tell(store: Store, told: AgentResult, clock: Clock, terms: Mapping[str, Terms] = NO_TERMS) -> None:
    """Written down when this returns. Raises StoreErrors, nothing being kept then or all of it."""
    store.agent_results.add(told)
    _list_at_once(store, told, clock)
    settle(store, clock, terms)


def settle(store: Store, clock: Clock, terms: Mapping[str, Terms] = NO_TERMS) -> int:
    """Draw the consequences of all whose calls are over; how many. Reconciliation does it every minute."""
    return sum(_settle(store, told, clock, terms) for told in store.agent_results.to_settle(AT_ONCE))


def _settle(store: Store, told: AgentResult, clock: Clock, terms: Mapping[str, Terms]) -> bool:
    now = clock()
    known = store.queue.open_entry(told.instance, told.client_id)
    term = terms.get(told.instance, Terms())
    step = next_step(
        told.as_outcome(),
        now=now,
        rules=term.rules,
        other_numbers_left=known is None or others_left(known, told.number),
        table=term.retry,
        name=known.client_name if known else "",
    )
    _list_at_once(store, told, clock)  # again: who wrote it down may have died before
    if step.block is not None:
        store.outcomes.block(step.block, told.attempt_id or told.told_id, now)
    return store.agent_results.settle(told, step, known.debtor if known else "", _note(told, step), now)


def _list_at_once(store: Store, told: AgentResult, clock: Clock) -> None:
    """Who asked never to be called again does not wait for any call to end."""
    if told.result is not Result.OPT_OUT:
        return
    lines = [DoNotCall(number=told.number, reason=ASKED, source=SOURCE)]
    known = store.queue.open_entry(told.instance, told.client_id)
    if known is not None and known.document:
        lines.append(DoNotCall(document=known.document, reason=ASKED, source=SOURCE))
    store.do_not_call.put(lambda: lines, clock())


def _note(told: AgentResult, step: NextStep) -> ErpNote | None:
    if not step.note:
        return None
    text = step.note.replace("Ligação automática", "Atendimento", 1)
    return ErpNote(
        attempt_id=told.told_id,
        instance=told.instance,
        client_id=told.client_id,
        text=text,
        day=local_day(told.told_at, zone_of(told.number)),
        state=NoteState.WAITING,
        changed_at=told.told_at,
    )
