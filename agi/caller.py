"""Whom a dialplan means: by attempt id, by a number in any writing, or by who is ringing us."""

from collections.abc import Sequence

from agi.plain_status import Status, Stopped
from worker.core import phone
from worker.core.enums import EntryState
from worker.core.model import Attempt, Phone, Waiting
from worker.core.ulid import is_ulid
from worker.settings import Instance
from worker.store_ports import Store

LONGEST = 40  # characters of a number in whatever writing


def instances_of(known: Sequence[Instance], name: str) -> list[Instance]:
    """The one named, or all. Raises Stopped."""
    found = [one for one in known if name in ("", one.id)]
    if not found:
        raise Stopped(Status.INVALID, "there is no instance of that name")
    return found


def number_of(text: str, instances: Sequence[Instance]) -> str:
    """E.164. Raises Stopped."""
    if 0 < len(text) <= LONGEST:
        for one in instances:
            read = phone.read_phone(text, default_ddd=one.default_ddd)
            if isinstance(read, Phone):
                return read.number
    raise Stopped(Status.INVALID, "no Brazilian telephone number, neither as an argument nor as caller id")


def debtor(store: Store, who: str, instances: Sequence[Instance]) -> tuple[Waiting, str, Attempt | None]:
    """The one debtor who is meant, with the number and, if there is one, the call of ours. Raises Stopped."""
    if is_ulid(who):
        attempt = store.attempts.get(who)
        if attempt is None or attempt.instance not in {one.id for one in instances}:
            raise Stopped(Status.NOTFOUND, "there is no such attempt")
        known = store.queue.open_entry(attempt.instance, attempt.client_id)
        if known is None:
            raise Stopped(Status.NOTFOUND, "the debtor of that attempt is not in the queue any more")
        return known, attempt.number, attempt
    number = number_of(who, instances)
    found = _with_number(store, number, {one.id for one in instances})
    if not found:
        raise Stopped(Status.NOTFOUND, f"no debtor in the queue has the number {phone.mask(number)}")
    if len(found) > 1:
        raise Stopped(Status.AMBIGUOUS, f"{len(found)} debtors have the number {phone.mask(number)}")
    return found[0], number, None


def _with_number(store: Store, number: str, instances: set[str]) -> list[Waiting]:
    """Debtors in the queue to whom it still belongs: who answers it may have said that it does not."""
    return [
        one
        for one in store.queue.dossier(number).waiting
        if one.entry.state is not EntryState.DONE
        and one.entry.instance in instances
        and not any(
            block.number == number and block.client_id == one.entry.client_id and block.reason == "wrong_person"
            for block in one.blocks
        )
    ]
