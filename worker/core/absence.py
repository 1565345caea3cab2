"""Why a client is not in the queue: the same rules as core/debtors, asked of one client and answered in words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from worker.core.do_not_call import DoNotCall
from worker.core.model import Bill, Client
from worker.core.naming import fold

BUILT_NEXT: Final = "should be in the queue: the next building of the queue puts the client there"


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """What is stored of one client of one instance."""

    instance: str
    client: Client
    active: bool  # False: no longer in the source
    bills: tuple[Bill, ...] = ()  # open ones, oldest first
    no_notice_until: date | None = None
    type_name: str = ""
    do_not_call: tuple[DoNotCall, ...] = ()  # lines that name the client's document or one of the numbers


@dataclass(frozen=True, slots=True)
class Charging:
    """Which debts an instance calls people for, on one day."""

    due_from: date
    due_until: date  # both included
    today: date
    leave_out_types: frozenset[str] = frozenset()  # ids or names, folded


def why_absent(facts: ClientFacts, charging: Charging) -> str:
    """One sentence; BUILT_NEXT when nothing speaks against it."""
    return _left_out(facts, charging) or _unowed(facts.bills, charging) or BUILT_NEXT


def _left_out(facts: ClientFacts, charging: Charging) -> str:
    """Why nobody may collect from this client, whatever is owed; empty: somebody may."""
    client, until = facts.client, facts.no_notice_until
    if {fold(client.client_type), fold(facts.type_name)} & charging.leave_out_types:
        return f"left out by type: {facts.type_name or client.client_type}"
    if not facts.active:
        return "the source no longer has this client"
    if not client.collectable:
        return "the ERP says not to collect from this client"
    if until is not None and until >= charging.today:
        return f"wants no notices until {until}"
    return _listed(client, [line for line in facts.do_not_call if line.counts(charging.today)])


def _listed(client: Client, lines: Sequence[DoNotCall]) -> str:
    """By CPF or CNPJ; or with all his numbers."""
    for line in lines:
        if line.document:
            return f"the client is on the do-not-call list of {line.source}: {line.reason}"
    numbers = {phone.number for phone in client.phones}
    if numbers and numbers <= {line.number for line in lines}:
        sources = ", ".join(sorted({line.source for line in lines}))
        return f"every number of the client is on a do-not-call list: {sources}"
    return ""


def _unowed(bills: Sequence[Bill], charging: Charging) -> str:
    owed = [one for one in bills if one.open_amount > 0]
    if any(charging.due_from <= one.due_date <= charging.due_until for one in owed):
        return ""
    return f"no overdue bill in the span: {_owed(owed)}, charged are those due {_span(charging)}"


def _owed(bills: Sequence[Bill]) -> str:
    if not bills:
        return "no open bill"
    first, last = min(one.due_date for one in bills), max(one.due_date for one in bills)
    return f"{len(bills)} open, due {first}" + (f" to {last}" if last != first else "")


def _span(charging: Charging) -> str:
    return f"{charging.due_from} to {charging.due_until}"
