"""The queue: brought in line with the stored bills, ordered anew by the hour, and one debtor put first by hand."""

from dataclasses import dataclass
from datetime import date

from worker.core import policy, priority
from worker.core.enums import EntryState
from worker.core.model import NotNow, Phone, Waiting
from worker.core.policy import CallRules
from worker.core.priority import Ranking
from worker.core.queueing import Built, Charge
from worker.core.records import Change
from worker.errors import UsageError
from worker.jobs.history import Report, recorded
from worker.ports import Clock, Progress, Watcher
from worker.store_ports import Store


def build(instance: str, charge: Charge, store: Store, clock: Clock, watch: Watcher) -> Report:
    """Bring the queue in line with the stored bills."""

    def on_rows(done: int) -> None:
        watch(Progress("queue", instance, done))

    built = store.queue.build(instance, charge, clock(), on_rows)
    change = Change(built.before, built.after, built.opened, built.refreshed, built.closed + built.left)
    return Report("queue", instance, change=change, detail=_detail(built))


def _detail(built: Built) -> dict[str, object]:
    """For people: what there was of each kind, and how many entries are other than before."""
    kinds: dict[str, object] = {
        "open": built.opened,
        "refresh": built.refreshed,
        "close": built.closed + built.left,
        "reorder": built.reordered,
    }
    changed = built.opened + built.refreshed + built.closed
    return {name: count for name, count in kinds.items() if count} | {"changed": changed}


def reorder(instance: str, ranking: Ranking, store: Store, clock: Clock) -> Report:
    """New turns for this hour; nothing to do where the order does not go by the hour."""

    def work() -> Report:
        now = clock()
        if not ranking.by_hour:
            return Report("reorder", instance, detail={"moved": 0})
        moved = store.queue.reorder(instance, ranking, now.astimezone(ranking.zone).date(), now)
        return Report("reorder", instance, detail={"moved": moved})

    return recorded(store.runs, clock, "reorder", instance, work)


# --- one debtor put first ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bumped:
    """A debtor put first, or back, and when he may be called: no rule gives way to it."""

    waiting: Waiting
    done: bool  # False: it was so already
    choice: tuple[Phone, date] | NotNow


def bump(waiting: Waiting, rules: CallRules, store: Store, clock: Clock) -> Bumped:
    """Raises UsageError when the entry is not waiting."""
    entry, now = waiting.entry, clock()
    if entry.state is not EntryState.WAITING:
        raise UsageError(f"client {entry.client_id} is being called now; put him first when the call has ended")
    done = store.queue.bump(entry.instance, entry.client_id, now)
    return Bumped(waiting, done, policy.choose(waiting, rules=rules, now=now))


def unbump(waiting: Waiting, ranking: Ranking, rules: CallRules, store: Store, clock: Clock) -> Bumped:
    """Back to his place by what he owes; the hour counts again from the next reordering on."""
    entry, now = waiting.entry, clock()
    today, hour = now.astimezone(ranking.zone).date(), ranking.hour(now, now)
    turn = priority.turn(entry.oldest_due, entry.total, ranking, today, hour)
    done = store.queue.unbump(entry.entry_id, turn)
    return Bumped(waiting, done, policy.choose(waiting, rules=rules, now=now))
