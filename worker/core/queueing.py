"""Debtors and queue -> what to do to the queue; and the alarm when an answer shrank too much to be believed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Final

from worker.core.do_not_call import DoNotCall
from worker.core.enums import EntryState
from worker.core.model import Action, Alarm, Client, Close, Debtor, Open, QueueEntry, Refresh
from worker.core.priority import Ranking

NO_LONGER_OWED: Final = "paid or no longer overdue"
DO_NOT_CALL: Final = "do not call"
PARKED: Final = datetime(9999, 1, 1, tzinfo=UTC)  # the next attempt of who waits until what forbids it changes


@dataclass(frozen=True, slots=True)
class Charge:
    """Who is to be in the queue: bills due in that span (both included), and in which order they are called."""

    due_from: date
    due_until: date
    today: date
    ranking: Ranking = field(default_factory=Ranking)


@dataclass(frozen=True, slots=True)
class Built:
    """What bringing the queue in line did, in entries."""

    before: int  # open ones
    after: int
    opened: int = 0
    refreshed: int = 0  # other figures
    closed: int = 0
    left: int = 0  # to be closed, but being called now
    reordered: int = 0  # only another place


def listed(clients: Iterable[Client], lines: Iterable[DoNotCall], instance: str, today: date) -> frozenset[str]:
    """Ids of the clients whose CPF or CNPJ stands on the do-not-call list, for this instance or for all; or all of
    whose numbers do.
    """
    counting = [line for line in lines if line.instance in ("", instance) and line.counts(today)]
    documents = {line.document for line in counting if line.document}
    numbers = {line.number for line in counting if line.number}
    return frozenset(
        client.client_id
        for client in clients
        if client.document in documents or (client.phones and numbers.issuperset(_numbers(client)))
    )


def _numbers(client: Client) -> set[str]:
    return {phone.number for phone in client.phones}


def decide(debtors: Sequence[Debtor], entries: Sequence[QueueEntry], barred: Collection[str] = ()) -> list[Action]:
    """Open and Refresh in the order of the debtors, then Close in the order of the entries, all of one instance.

    DONE entries do not count. A CLAIMED entry may get a Close: the store leaves it to its call. `barred`: ids of
    the clients on the do-not-call list.
    """
    still_open = [entry for entry in entries if entry.state is not EntryState.DONE]
    by_client = {entry.client_id: entry for entry in still_open}
    actions: list[Action] = []
    for debtor in debtors:
        if debtor.client_id in barred:
            continue
        entry = by_client.get(debtor.client_id)
        if entry is None:
            actions.append(Open(debtor))
        elif _figures(entry) != _figures(debtor):
            actions.append(Refresh(entry.entry_id, debtor))
    owing = {debtor.client_id for debtor in debtors}
    actions += [
        Close(entry.entry_id, entry.client_id, DO_NOT_CALL if entry.client_id in owing else NO_LONGER_OWED)
        for entry in still_open
        if entry.client_id not in owing or entry.client_id in barred
    ]
    return actions


def turns(debtors: Iterable[Debtor], entries: Iterable[QueueEntry]) -> dict[int, int]:
    """Entry id -> its new turn, of the open entries that keep their figures and change their place.

    Who was put first by hand stays where he is.
    """
    owing = {debtor.client_id: debtor for debtor in debtors}
    return {
        entry.entry_id: debtor.turn
        for entry in entries
        if entry.state is not EntryState.DONE
        and entry.bumped_at is None
        and (debtor := owing.get(entry.client_id)) is not None
        and _figures(debtor) == _figures(entry)
        and debtor.turn is not None
        and debtor.turn != entry.turn
    }


def shrink_alarm(before: int, after: int, percent: int, what: str) -> Alarm | None:
    """An Alarm when an answer is empty where there was something, or smaller by more than that many percent."""
    if before > 0 and after == 0:
        return Alarm(f"the source has no {what} any more, there were {before}; nothing was changed")
    if (before - after) * 100 > before * percent:
        fewer = round((before - after) * 100 / before)
        return Alarm(
            f"{what} went from {before} to {after}, {fewer} % fewer where {percent} % are believed; "
            "nothing was changed"
        )
    return None


def _figures(owed: Debtor | QueueEntry) -> tuple[object, ...]:
    return owed.total, owed.bill_count, owed.oldest_due
