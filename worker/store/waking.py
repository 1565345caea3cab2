"""Debtors parked because none of their numbers may be called: looked at again when what forbids it changes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from worker.core.do_not_call import DoNotCall
from worker.core.queueing import PARKED
from worker.store import rows
from worker.store.engine import Tx

_WAKING: Final = {"at_once": rows.AT_ONCE, "parked": PARKED}


def wake_clients(tx: Tx, instance: str, client_ids: Sequence[str]) -> None:
    """Whose telephones, document or city are others now."""
    tx.change_in("wake_clients", "client_ids", client_ids, instance=instance, **_WAKING)


def wake_removed(tx: Tx, lines: Sequence[DoNotCall]) -> None:
    """Whom these lines named, whatever the instance: other lines may forbid it still, the dialler judges anew."""
    tx.change_in("wake_numbers", "numbers", [line.number for line in lines if line.number], **_WAKING)
    tx.change_in("wake_people", "documents", [line.document for line in lines if line.document], **_WAKING)


def wake_unlisted(tx: Tx, source: str, instance: str, now: datetime) -> None:
    """Whom the lines name that `drop_unlisted` is about to take out."""
    tx.change("wake_numbers_unlisted", source=source, instance=instance, now=now, **_WAKING)
    tx.change("wake_people_unlisted", source=source, instance=instance, now=now, **_WAKING)
