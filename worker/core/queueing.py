"""Debtors and queue -> what to do to the queue; and the alarm when an answer shrank too much to be believed."""

from collections.abc import Sequence
from typing import Final

from worker.core.enums import EntryState
from worker.core.model import Action, Alarm, Close, Debtor, Open, QueueEntry, Refresh

NO_LONGER_OWED: Final = "paid or no longer overdue"


def decide(debtors: Sequence[Debtor], entries: Sequence[QueueEntry]) -> list[Action]:
    """Open and Refresh in the order of the debtors, then Close in the order of the entries, all of one instance.

    DONE entries do not count. A CLAIMED entry may get a Close: the store leaves it to its call.
    """
    still_open = [entry for entry in entries if entry.state is not EntryState.DONE]
    by_client = {entry.client_id: entry for entry in still_open}
    actions: list[Action] = []
    for debtor in debtors:
        entry = by_client.get(debtor.client_id)
        if entry is None:
            actions.append(Open(debtor))
        elif _figures(entry) != _figures(debtor):
            actions.append(Refresh(entry.entry_id, debtor))
    owing = {debtor.client_id for debtor in debtors}
    actions += [
        Close(entry.entry_id, entry.client_id, NO_LONGER_OWED)
        for entry in still_open
        if entry.client_id not in owing
    ]
    return actions


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
