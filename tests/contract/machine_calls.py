"""How calls in the town end, and what the store says of it, as the caller hears it."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from tests.contract.machine_world import Town, Written
from worker.core.enums import Heard, Result
from worker.core.line_facts import LineFacts
from worker.core.model import NextStep, Outcome, TalkFacts
from worker.ports import DialOrder
from worker.store_ports import Store


@dataclass(frozen=True, slots=True)
class Ending:
    """How a call ends: the network's cause, and what was said if somebody picked up."""

    cause: int = 16
    answered: bool = False
    heard: Heard = Heard.NOTHING
    result: Result = Result.NONE
    keys: str = ""
    promised: int | None = None  # days ahead
    amd: str = "HUMAN"


def _said(result: Result, keys: str, heard: Heard = Heard.ALL, promised: int | None = None) -> Ending:
    return Ending(16, True, heard, result, keys, promised)


ENDINGS: Final = (
    *(Ending(cause) for cause in (17, 17, 17, 19, 19, 19, 20, 21, 34, 34, 16, 16)),
    Ending(1),  # the number does not exist
    Ending(16, True, Heard.GREETING, amd="MACHINE"),
    _said(Result.NONE, "", Heard.GREETING),
    _said(Result.CONFIRMED, "1"),
    _said(Result.PROMISE, "13", promised=0),
    _said(Result.PROMISE, "13", promised=1),
    _said(Result.PROMISE, "13"),
    _said(Result.SAYS_PAID, "14"),
    _said(Result.WANTS_AGENT, "10"),
    _said(Result.WRONG_PERSON, "2", Heard.GREETING),
    _said(Result.OPT_OUT, "9", Heard.GREETING),  # perhaps somebody else's telephone
    _said(Result.OPT_OUT, "19"),
)


def facts_of(order: DialOrder, ending: Ending, today: date) -> LineFacts:
    promised = None if ending.promised is None else today + timedelta(days=ending.promised)
    talk = TalkFacts(ending.heard, 5.0, ending.result, ending.keys, promised)
    return LineFacts(
        order.attempt_id,
        order.number,
        answered=ending.answered,
        cause=ending.cause,
        amd_status=ending.amd if ending.answered else "",
        ring_seconds=8.0,
        talk_seconds=20.0 if ending.answered else 0.0,
        talk=talk,
    )


def listen(town: Town, store: Store) -> None:
    """Note what the store says of outcomes written and of attempts withdrawn, as the caller hears it."""
    record, withdraw = store.outcomes.record, store.attempts.withdraw

    def heard(outcome: Outcome, step: NextStep, *, lost: bool = False) -> bool:
        written = record(outcome, step, lost=lost)
        if written:
            town.written.append(Written(town.tick(), outcome, step))
        return written

    def gave_back(attempt_id: str, reason: str) -> bool:
        done = withdraw(attempt_id, reason)
        if done:
            assert attempt_id not in town.withdrawn, "given back twice"
            town.withdrawn[attempt_id] = town.tick()
        return done

    vars(store.outcomes)["record"] = heard
    vars(store.attempts)["withdraw"] = gave_back
