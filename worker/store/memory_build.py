"""Building and ordering the queue: the twin in memory, by the core's own functions."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta

from worker.core import priority, queueing
from worker.core.debtors import merge
from worker.core.enums import Answerer, EntryState
from worker.core.model import Action, Debtor, Outcome, QueueEntry
from worker.core.priority import Place, Ranking, Reached, Rings
from worker.core.queueing import Charge
from worker.store.memory_tables import Tables


def decide(tables: Tables, instance: str, charge: Charge, now: datetime) -> tuple[list[Action], dict[int, int]]:
    """What a build does to the queue: actions, and the new turns of entries whose figures stay."""
    clients = {key: one for (name, key), one in tables.active_clients() if name == instance}
    bills = tables.bills.get(instance, {}).values()
    contracts = (one for (name, _), one in tables.contracts.items() if name == instance)
    found = merge(clients.values(), bills, contracts, charge.due_from, charge.due_until, charge.today)
    barred = queueing.listed(clients.values(), tables.do_not_call.values(), instance, charge.today)
    debtors = _ranked(tables, instance, found, charge.ranking, charge.today, now)
    debtors.sort(key=lambda one: one.client_id)  # the order in which the other store opens them
    entries = open_entries(tables, instance)
    allowed = [one for one in debtors if one.client_id not in barred]
    return queueing.decide(debtors, entries, barred), queueing.turns(allowed, entries)


def order_again(tables: Tables, instance: str, ranking: Ranking, today: date, now: datetime) -> dict[int, int]:
    """The new turns of a reordering."""
    entries = open_entries(tables, instance)
    standing = [Debtor(one.client_id, "", (), one.total, one.bill_count, one.oldest_due) for one in entries]
    return queueing.turns(_ranked(tables, instance, standing, ranking, today, now), entries)


def open_entries(tables: Tables, instance: str) -> list[QueueEntry]:
    return [
        one for one in tables.entries.values() if one.instance == instance and one.state is not EntryState.DONE
    ]


def put_turns(tables: Tables, turns: dict[int, int]) -> None:
    for entry_id, turn in turns.items():
        tables.entries[entry_id] = replace(tables.entries[entry_id], turn=turn)


def place(tables: Tables, entry: QueueEntry, numbers: Iterable[str], ranking: Ranking, now: datetime) -> Place:
    waiting = [one for one in open_entries(tables, entry.instance) if one.state is EntryState.WAITING]
    ahead = sum((one.turn, one.entry_id) < (entry.turn, entry.entry_id) for one in waiting)
    bumped = entry.bumped_at is not None
    if not ranking.by_hour:
        return Place(ahead, len(waiting), bumped)
    own, like = _rings(tables, ranking, now)
    wanted = set(numbers)
    groups = {priority.alike(number) for number in wanted}
    return Place(
        ahead,
        len(waiting),
        bumped,
        {number: rings for number, rings in own.items() if number in wanted},
        {group: rings for group, rings in like.items() if group in groups},
    )


def _ranked(
    tables: Tables, instance: str, debtors: Iterable[Debtor], ranking: Ranking, today: date, now: datetime
) -> list[Debtor]:
    own, like = _rings(tables, ranking, now)
    hour = ranking.hour(now, now)
    good = priority.good_now(like, hour) if ranking.best_hour else frozenset[str]()
    ranked = []
    for debtor in debtors:
        reached = Reached()
        if ranking.by_hour:
            client = tables.clients.get((instance, debtor.client_id))
            numbers = {phone.number for phone in client.phones} if client else set[str]()
            levels = [
                priority.level(number, own.get(number, Rings()).answered_in, good, hour) for number in numbers
            ]
            last = max((one.ended_at for one in _answers(tables, now) if one.number in numbers), default=None)
            reached = Reached(max(levels, default=0), None if last is None else ranking.hour(last, now))
        turn = priority.turn(debtor.oldest_due, debtor.total, ranking, today, hour, reached)
        ranked.append(replace(debtor, turn=turn))
    return ranked


def _rang(tables: Tables, now: datetime) -> list[Outcome]:
    since = now - timedelta(days=priority.LEARN_DAYS)
    return [
        one.outcome
        for one in tables.outcomes.values()
        if since < one.outcome.ended_at <= now and one.outcome.line_result in priority.RANG
    ]


def _answers(tables: Tables, now: datetime) -> list[Outcome]:
    return [one for one in _rang(tables, now) if one.answerer is Answerer.HUMAN]


def _rings(tables: Tables, ranking: Ranking, now: datetime) -> tuple[dict[str, Rings], dict[str, Rings]]:
    """By number, and by what numbers like it share."""
    own: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    like: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for one in _rang(tables, now):
        rang = ranking.hour(one.ended_at, now), one.answerer is Answerer.HUMAN
        own[one.number].append(rang)
        like[priority.alike(one.number)].append(rang)
    return (
        {number: priority.rings(history) for number, history in own.items()},
        {group: priority.rings(history) for group, history in like.items()},
    )
